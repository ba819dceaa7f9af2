(module
  (memory (export "memory") 1)
  (data "abc")
  (func (export "wizer.initialize"))
  (func (export "_start")
    (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 3))))
