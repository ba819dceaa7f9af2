;; Grows its memory page by page until that fails, then a table by 1000 at a time. Exits with 0 if both stopped growing
;; and have at most 4 MiB together: 64 KiB per page, 16 bytes per element.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (table $t 10 externref)
  (func (export "_start") (local $n i32)
    (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    (loop $more (br_if $more (i32.ne (table.grow $t (ref.null extern) (i32.const 1000)) (i32.const -1))))
    (local.set $n
      (i32.add (i32.mul (memory.size) (i32.const 65536)) (i32.mul (table.size $t) (i32.const 16))))
    (if (i32.lt_u (memory.size) (i32.const 32)) (then (call $proc_exit (i32.const 2))))
    (if (i32.lt_u (table.size $t) (i32.const 1010)) (then (call $proc_exit (i32.const 3))))
    (call $proc_exit (i32.gt_u (local.get $n) (i32.const 4194304)))))
