;; Imports names that a terminal would obey: control characters of both sets, and characters that reverse the direction of text.
(module
  (import "env" "\1b[31mred\c2\9b31m caf\c3\a9\e2\80\ae end" (func))
  (func (export "_start")))
