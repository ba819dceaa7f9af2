(module
  (table 10000000 externref)
  (memory (export "memory") 1)
  (func (export "_start")))
