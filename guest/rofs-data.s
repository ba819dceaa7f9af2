# The archive that rofs.h describes, as data of the module. The file is found by the assembler's -I.
	.section	.rodata.rofs_archive,"",@
	.globl	rofs_archive
	.p2align	4
	.type	rofs_archive,@object
rofs_archive:
	.incbin	"rofs-archive"
.Lend:
	.size	rofs_archive, .Lend-rofs_archive
