(module
  (func $early unreachable)
  (start $early)
  (func (export "_start")))
