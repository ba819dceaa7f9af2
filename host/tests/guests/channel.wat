;; Sends its arguments as requests to the channel (descriptor 3, if no directory is mapped), and prints a line for each: the
;; errno and the answer. ">TEXT" sends the text to socket 4, and "<" prints the data that arrives there.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func $ask (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv" (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $length (param $at i32) (result i32) (local $n i32)
    (loop $more
      (if (i32.load8_u (i32.add (local.get $at) (local.get $n)))
        (then (local.set $n (i32.add (local.get $n) (i32.const 1))) (br $more))))
    (local.get $n))
  (func $print (param $at i32) (param $n i32)
    (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $n))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $print_number (param $n i32)
    (i32.store8 (i32.const 12) (i32.add (i32.const 48) (i32.div_u (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 13) (i32.add (i32.const 48) (i32.rem_u (local.get $n) (i32.const 10))))
    (i32.store8 (i32.const 14) (i32.const 32))
    (call $print (i32.const 12) (i32.const 3)))
  ;; The answer is at 32768, and its size at 24.
  (func $do (param $word i32) (result i32) (local $first i32)
    (local.set $first (i32.load8_u (local.get $word)))
    (i32.store (i32.const 24) (i32.const 0))
    (if (i32.eq (local.get $first) (i32.const 62)) (then
      (i32.store (i32.const 0) (i32.add (local.get $word) (i32.const 1)))
      (i32.store (i32.const 4) (call $length (i32.load (i32.const 0))))
      (return (call $send (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 28)))))
    (if (i32.eq (local.get $first) (i32.const 60)) (then
      (i32.store (i32.const 0) (i32.const 32768)) (i32.store (i32.const 4) (i32.const 1000))
      (return (call $recv (i32.const 4) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 24) (i32.const 28)))))
    (call $ask (i32.const 3) (local.get $word) (call $length (local.get $word))
      (i32.const 32768) (i32.const 8192) (i32.const 24)))
  (func (export "_start") (local $i i32)
    (drop (call $sizes (i32.const 16) (i32.const 20)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (local.set $i (i32.const 1))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (i32.load (i32.const 16))))
        (call $print_number
          (call $do (i32.load (i32.add (i32.const 1024) (i32.shl (local.get $i) (i32.const 2))))))
        (call $print (i32.const 32768) (i32.load (i32.const 24)))
        (i32.store8 (i32.const 15) (i32.const 10))
        (call $print (i32.const 15) (i32.const 1))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))))
