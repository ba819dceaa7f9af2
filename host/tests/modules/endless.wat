;; Never ends by itself. The number of arguments selects what it does: none: counts, 1: sleeps, 2: reads from stdin, 3: writes
;; single letters, 4: waits until stdin can be read, 5: writes 16 MiB at once, 6: asks for random numbers without end.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 300)
  (data (i32.const 1000) "x")
  (func $iov (param $size i32)
    (i32.store (i32.const 0) (i32.const 1000))
    (i32.store (i32.const 4) (local.get $size)))
  (func (export "_start") (local $n i32)
    (drop (call $args (i32.const 16) (i32.const 20)))
    (local.set $n (i32.sub (i32.load (i32.const 16)) (i32.const 1)))
    (loop $more
      (if (i32.eq (local.get $n) (i32.const 1)) (then
        (i32.store (i32.const 4016) (i32.const 1))
        (i64.store (i32.const 4024) (i64.const 100000000000))
        (drop (call $poll_oneoff (i32.const 4000) (i32.const 5000) (i32.const 1) (i32.const 16)))))
      (if (i32.eq (local.get $n) (i32.const 2)) (then
        (call $iov (i32.const 100))
        (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))))
      (if (i32.eq (local.get $n) (i32.const 3)) (then
        (call $iov (i32.const 1))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
      (if (i32.eq (local.get $n) (i32.const 4)) (then
        (i32.store8 (i32.const 4008) (i32.const 1))
        (drop (call $poll_oneoff (i32.const 4000) (i32.const 5000) (i32.const 1) (i32.const 16)))))
      (if (i32.eq (local.get $n) (i32.const 5)) (then
        (call $iov (i32.const 16777216))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
      (if (i32.eq (local.get $n) (i32.const 6)) (then
        (drop (call $random (i32.const 8192) (i32.const 16777216)))))
      (br $more))))
