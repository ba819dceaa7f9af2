# The host calls wl_thread in a new instance, whose stack pointer is that of the first thread. It must be set before
# any function that uses the stack runs; a struct thread begins with the address.
	.globaltype	__stack_pointer, i32
	.functype	threads_run (i32) -> ()

	.section	.text.wl_thread,"",@
	.globl	wl_thread
	.export_name	wl_thread, wl_thread
	.type	wl_thread,@function
wl_thread:
	.functype	wl_thread (i32) -> ()
	local.get	0
	i32.load	0
	global.set	__stack_pointer
	local.get	0
	call	threads_run
	end_function

