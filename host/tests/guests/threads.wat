;; Starts two threads by requests to the channel (descriptor 3), waits until both have ended, and exits with 2. The number of
;; its arguments, less one, says what the threads do. A status from 90 on says what went wrong.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_readlink" (func $readlink (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 100)
  ;; The list: nothing to set but its first word; the word at 200 is each thread's own.
  (data (i32.const 64) "\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\01\00\00\00\c8\00\00\00")
  (data (i32.const 1000) "thread.begin 64")
  (data (i32.const 1020) "thread.spawn 0")
  (data (i32.const 1040) "thread.park 100 forever")
  (data (i32.const 1070) "thread.wake 100 9")
  (data (i32.const 1090) "thread.yield")
  (data (i32.const 1110) "thread.exit")
  (data (i32.const 1130) "thread.park 104 1000000")
  (func $ask (param $at i32) (param $n i32) (result i32)
    (call $readlink (i32.const 3) (local.get $at) (local.get $n) (i32.const 0) (i32.const 0) (i32.const 28)))
  (func $must (param $error i32) (param $status i32)
    (if (local.get $error) (then (call $exit (local.get $status)))))
  (func $add (param $at i32)
    (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (i32.const 1))))
  (func (export "_start")
    (drop (call $sizes (i32.const 16) (i32.const 20)))
    (call $must (call $ask (i32.const 1000) (i32.const 15)) (i32.const 90))
    (i32.store8 (i32.const 1033) (i32.add (i32.const 47) (i32.load (i32.const 16))))
    (i32.store (i32.const 200) (i32.const 5))
    (call $must (call $ask (i32.const 1020) (i32.const 14)) (i32.const 91))
    (call $must (call $ask (i32.const 1020) (i32.const 14)) (i32.const 92))
    (block $done
      (loop $again
        (br_if $done (i32.eq (i32.load (i32.const 300)) (i32.const 2)))
        (call $must (call $ask (i32.const 1040) (i32.const 23)) (i32.const 93))
        (br $again)))
    (call $must (i32.ne (i32.load (i32.const 200)) (i32.const 5)) (i32.const 94))
    ;; Memory that another thread has got is here, too.
    (if (i32.eq (i32.load (i32.const 16)) (i32.const 5)) (then
      (call $must (i32.ne (memory.size) (i32.const 33)) (i32.const 95))
      (call $must (i32.ne (i32.load (i32.const 2162684)) (i32.const 7)) (i32.const 96))))
    (call $exit (i32.div_u (i32.load (i32.const 304)) (i32.const 100))))
  (func (export "wl_thread") (param $what i32) (local $n i32)
    (call $must (i32.load (i32.const 200)) (i32.const 97))
    (i32.store (i32.const 200) (i32.const 9))
    (if (i32.eq (local.get $what) (i32.const 1)) (then (unreachable)))
    (if (i32.eq (local.get $what) (i32.const 2)) (then (call $exit (i32.const 7))))
    (if (i32.eq (local.get $what) (i32.const 3)) (then (loop $forever (br $forever))))
    (if (i32.eq (local.get $what) (i32.const 4)) (then
      (call $must (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (i32.const 98))
      (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (i32.const 7))))
    ;; The first thread waits forever.
    (if (i32.eq (local.get $what) (i32.const 5)) (then (return)))
    (loop $more
      (call $add (i32.const 304))
      (drop (call $ask (i32.const 1090) (i32.const 12)))
      (local.set $n (i32.add (local.get $n) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $n) (i32.const 100))))
    ;; (Nobody wakes that address.)
    (call $must (i32.ne (call $ask (i32.const 1130) (i32.const 23)) (i32.const 73)) (i32.const 99))
    (call $must (i32.ne (i32.load (i32.const 200)) (i32.const 9)) (i32.const 89))
    (call $add (i32.const 300))
    (drop (call $ask (i32.const 1070) (i32.const 17)))
    (if (i32.eq (local.get $what) (i32.const 6)) (then
      (drop (call $ask (i32.const 1110) (i32.const 11)))
      (unreachable)))))
