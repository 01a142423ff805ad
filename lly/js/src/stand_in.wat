;; In place of what answered while the code was loaded: nobody listens any more, and then nobody asks for the rest.
(module
  (func (export "listening") (result i32) (i32.const 0))
  (func (export "print") (param i32) unreachable)
  (func (export "resolve") (param i32 i32 i32 i32 i32) unreachable)
  (func (export "load") (param i32 i32 i32) unreachable))
