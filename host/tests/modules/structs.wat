(module
  (type $s (struct (field i32)))
  (func (export "_start") (drop (struct.new_default $s))))
