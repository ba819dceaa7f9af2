(module
  (memory (export "memory") 1)
  (global (mut i32) (i32.const 1))
  (global (mut i64) (i64.const 1))
  (func (export "wizer.initialize"))
  (func (export "_start")))
