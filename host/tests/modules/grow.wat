;; Grows its memory by 1000 pages; exits with 1 if that is refused.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (call $proc_exit (i32.eq (memory.grow (i32.const 1000)) (i32.const -1)))))
