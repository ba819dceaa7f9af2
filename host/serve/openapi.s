# The description of the interface, as a C string. The assembler finds the file by its option -I.
	.section	.rodata
	.globl	openapi
	.type	openapi,@object
openapi:
	.incbin	"openapi.json"
	.byte	0
	.size	openapi, .-openapi
	.section	.note.GNU-stack,"",@progbits
