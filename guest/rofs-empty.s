# An archive with nothing but an empty root. guest/rofs-data.s replaces it in a module that has an archive.
	.section	.rodata.rofs_archive,"",@
	.globl	rofs_archive
	.p2align	4
	.type	rofs_archive,@object
rofs_archive:
	.asciz	"wl-rofs"
	.int32	1
	.int32	.Lend-rofs_archive
	.int64	.Lend-rofs_archive
	.int64	315532800000000000
	.int32	0
	.int32	0
	.int64	0
# The root: an empty directory.
	.int64	0
	.int64	0
	.int64	0
	.int64	0
.Lend:
	.size	rofs_archive, .Lend-rofs_archive
