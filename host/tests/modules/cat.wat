;; Copies stdin to stdout; exits with the errno that ended it.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $write (param $fd i32) (param $at i32) (param $n i32) (result i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $n))
    (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func $read (param $fd i32) (param $at i32) (param $n i32) (result i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $n))
    (call $fd_read (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "_start") (local $e i32)
    (loop $more
      (local.set $e (call $read (i32.const 0) (i32.const 1000) (i32.const 100)))
      (if (local.get $e) (then (call $proc_exit (local.get $e))))
      (if
        (i32.load (i32.const 8))
        (then
          (local.set $e (call $write (i32.const 1) (i32.const 1000) (i32.load (i32.const 8))))
          (if (local.get $e) (then (call $proc_exit (local.get $e))))
          (br $more))))))
