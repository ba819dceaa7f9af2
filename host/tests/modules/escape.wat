;; Imports what a terminal would obey: control characters of both sets, and what turns the direction of writing.
(module
  (import "env" "\1b[31mred\c2\9b31m caf\c3\a9\e2\80\ae end" (func))
  (func (export "_start")))
