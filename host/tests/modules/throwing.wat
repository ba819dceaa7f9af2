;; Throws until there is no room for more. Each is kept alive by the one before: a chain, no garbage.
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
