# This object is linked first. The linker concatenates sections of the same kind in the order of the objects, so these are
# the first bytes of the read-only, the initialised and the zeroed data.
	.functype	start_cold () -> ()
	.globaltype	__stack_pointer, i32

	.section	.rodata.start_edge,"",@
	.globl	start_edge_rodata
	.p2align	4
	.type	start_edge_rodata,@object
start_edge_rodata:
	.int32	0
	.size	start_edge_rodata, 4

	.section	.data.start_edge,"",@
	.globl	start_edge_data
	.p2align	4
	.type	start_edge_data,@object
start_edge_data:
	.int32	1
	.size	start_edge_data, 4

	.section	.bss.start_edge,"",@
	.globl	start_edge_bss
	.p2align	4
	.type	start_edge_bss,@object
start_edge_bss:
	.int32	0
	.size	start_edge_bss, 4

# start_over(copy, copied, memory) does not use the stack, because it clears the stack as well.
	.section	.text.start_over,"",@
	.globl	start_over
	.type	start_over,@function
start_over:
	.functype	start_over (i32, i32, i32) -> ()
	i32.const	start_edge_data
	local.get	0
	local.get	1
	memory.copy	0, 0
	i32.const	start_edge_bss
	i32.const	0
	local.get	2
	i32.const	start_edge_bss
	i32.sub
	memory.fill	0
	i32.const	0
	i32.const	0
	i32.const	__stack_high
	memory.fill	0
	i32.const	__stack_high
	global.set	__stack_pointer
	call	start_cold
	unreachable
	end_function

# Clears the unused part of the stack, which reaches from the stack pointer down to address 0.
	.section	.text.start_clear_stack,"",@
	.globl	start_clear_stack
	.type	start_clear_stack,@function
start_clear_stack:
	.functype	start_clear_stack () -> ()
	i32.const	0
	i32.const	0
	global.get	__stack_pointer
	memory.fill	0
	end_function

# session.py and start.py as C strings. The assembler finds the files by its option -I.
	.section	.rodata.session_py,"",@
	.globl	session_py
	.type	session_py,@object
session_py:
	.incbin	"session.py"
	.int8	0
.Lend_session_py:
	.size	session_py, .Lend_session_py-session_py

	.section	.rodata.start_py,"",@
	.globl	start_py
	.type	start_py,@object
start_py:
	.incbin	"start.py"
	.int8	0
.Lend_py:
	.size	start_py, .Lend_py-start_py
