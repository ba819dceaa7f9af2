;; Throws exceptions until there is no room for more. Each exception keeps the one before alive, so that none is garbage.
(module
  (memory (export "memory") 1)
  (tag $e (param exnref))
  (func (export "_start") (local $last exnref)
    (loop $more
      (block $caught (result exnref exnref)
        (try_table (catch_ref $e $caught) (throw $e (local.get $last)))
        unreachable)
      (local.set $last)
      (drop)
      (br $more))))
