;; In place of what answered while the code was loaded. Nobody listens any more, and then nobody asks for modules; what is
;; printed is what the code dies with: its last line, up to a zero, is thrown as an exception of words (host-engine's
;; `told` reads it), because a plugin may have no import to say it through.
(module
  (memory 1)
  (tag $words (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64
    i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64))
  (global $length (mut i32) (i32.const 0))
  (global $ended (mut i32) (i32.const 0))
  (func (export "listening") (result i32) (i32.const 0))
  (func (export "print") (param $one i32)
    (if (i32.eqz (local.get $one)) (then
      (throw $words
        (i64.load offset=0 (i32.const 0)) (i64.load offset=8 (i32.const 0)) (i64.load offset=16 (i32.const 0))
        (i64.load offset=24 (i32.const 0)) (i64.load offset=32 (i32.const 0)) (i64.load offset=40 (i32.const 0))
        (i64.load offset=48 (i32.const 0)) (i64.load offset=56 (i32.const 0)) (i64.load offset=64 (i32.const 0))
        (i64.load offset=72 (i32.const 0)) (i64.load offset=80 (i32.const 0)) (i64.load offset=88 (i32.const 0))
        (i64.load offset=96 (i32.const 0)) (i64.load offset=104 (i32.const 0)) (i64.load offset=112 (i32.const 0))
        (i64.load offset=120 (i32.const 0)) (i64.load offset=128 (i32.const 0)) (i64.load offset=136 (i32.const 0))
        (i64.load offset=144 (i32.const 0)) (i64.load offset=152 (i32.const 0)) (i64.load offset=160 (i32.const 0))
        (i64.load offset=168 (i32.const 0)) (i64.load offset=176 (i32.const 0)) (i64.load offset=184 (i32.const 0))
        (i64.load offset=192 (i32.const 0)) (i64.load offset=200 (i32.const 0)) (i64.load offset=208 (i32.const 0))
        (i64.load offset=216 (i32.const 0)) (i64.load offset=224 (i32.const 0)) (i64.load offset=232 (i32.const 0))
        (i64.load offset=240 (i32.const 0)) (i64.load offset=248 (i32.const 0)))))
    (if (i32.eq (local.get $one) (i32.const 10)) (then (global.set $ended (i32.const 1)) (return)))
    (if (global.get $ended) (then
      (memory.fill (i32.const 0) (i32.const 0) (i32.const 256))
      (global.set $length (i32.const 0))
      (global.set $ended (i32.const 0))))
    (if (i32.eq (global.get $length) (i32.const 256)) (then (return)))
    (i32.store8 (global.get $length) (local.get $one))
    (global.set $length (i32.add (global.get $length) (i32.const 1))))
  (func (export "resolve") (param i32 i32 i32 i32 i32) unreachable)
  (func (export "load") (param i32 i32 i32) unreachable))
