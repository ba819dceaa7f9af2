# The archive (see rofs.h) as data of the module. The assembler finds the file by its option -I.
	.section	.rodata.rofs_archive,"",@
	.globl	rofs_archive
	.p2align	4
	.type	rofs_archive,@object
rofs_archive:
	.incbin	"rofs-archive"
.Lend:
	.size	rofs_archive, .Lend-rofs_archive
