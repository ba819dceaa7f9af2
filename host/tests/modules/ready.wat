;; Adds 40 to a word, in memory that it requested; _start exits with the sum.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1 10)
  (global $sp (mut i32) (i32.const 1000))
  (data (i32.const 100) "\02\00\00\00")
  (func (export "wizer.initialize")
    (drop (memory.grow (i32.const 2)))
    (i32.store (i32.const 150000) (i32.add (i32.load (i32.const 100)) (i32.const 40))))
  (func (export "wrong") (call $proc_exit (i32.const 0)))
  (func (export "trap") unreachable)
  (func (export "_start")
    (call $proc_exit (i32.load (i32.const 150000)))))
