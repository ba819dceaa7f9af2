;; Exits with the kind of its descriptor 0: 2 is a terminal.
(module
  (import "wasi_snapshot_preview1" "fd_fdstat_get" (func $fd_fdstat_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $fd_fdstat_get (i32.const 0) (i32.const 16)))
    (call $proc_exit (i32.load8_u (i32.const 16)))))
