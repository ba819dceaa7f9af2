;; Prints "go", then counts without ever checking its cell.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1000) "go")
  (data (i32.const 3000) "\01\00\00\00\d0\07\00\00\01\00\00\00")
  (func $write (param $fd i32) (param $at i32) (param $n i32) (result i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $n))
    (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
  (func (export "wl_interrupt_cells") (result i32) (i32.const 3000))
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 1000) (i32.const 2)))
    (loop $more (br $more))))
