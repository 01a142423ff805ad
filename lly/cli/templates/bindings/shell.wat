;; A command without its program: the component that a small frontend puts its code into, instead of writing one.
;;
;; The first core module is the program's; a frontend replaces it and leaves every other byte as it is. A program may
;; import from `shell`: `memory` (bytes 65536 to 4194304 are its own), `print` (address and length of a text), `number`
;; (an i64, printed in decimal with a line's end). It exports `run`, which answers 0 for success and 1 for failure.
(component
  (import "wasi:io/error@0.2.12" (instance $errors
    (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.12" (instance $streams
    (export "output-stream" (type $stream (sub resource)))
    (alias outer 1 $error (type $outer))
    (export "error" (type $inner (eq $outer)))
    (type $kinds (variant (case "last-operation-failed" (own $inner)) (case "closed")))
    (export "stream-error" (type $failure (eq $kinds)))
    (export "[method]output-stream.blocking-write-and-flush"
      (func (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result (error $failure)))))))
  (alias export $streams "output-stream" (type $output))
  (import "wasi:cli/stdout@0.2.12" (instance $stdout
    (alias outer 1 $output (type $outer))
    (export "output-stream" (type $inner (eq $outer)))
    (export "get-stdout" (func (result (own $inner))))))

  (core module $program
    (func (export "run") (result i32) (i32.const 0)))

  (core module $memory
    (memory (export "memory") 64 64))
  (core instance $memory (instantiate $memory))
  (core func $get (canon lower (func $stdout "get-stdout")))
  (core func $write
    (canon lower (func $streams "[method]output-stream.blocking-write-and-flush") (memory $memory "memory")))

  ;; Bytes 0 to 65536 of the memory are its: 16 for answers, then room for a number's digits.
  (core module $printer
    (import "shell" "memory" (memory 64 64))
    (import "wasi" "get" (func $get (result i32)))
    (import "wasi" "write" (func $write (param i32 i32 i32 i32)))
    (global $stream (mut i32) (i32.const -1))
    (func $print (export "print") (param $at i32) (param $left i32)
      (local $size i32)
      (if (i32.eq (global.get $stream) (i32.const -1)) (then (global.set $stream (call $get))))
      (loop $next
        (if (i32.eqz (local.get $left)) (then (return)))
        ;; A stream takes 4096 bytes at a time.
        (local.set $size (select (local.get $left) (i32.const 4096) (i32.lt_u (local.get $left) (i32.const 4096))))
        (call $write (global.get $stream) (local.get $at) (local.get $size) (i32.const 0))
        (if (i32.load8_u (i32.const 0)) (then (unreachable)))
        (local.set $at (i32.add (local.get $at) (local.get $size)))
        (local.set $left (i32.sub (local.get $left) (local.get $size)))
        (br $next)))
    (func (export "number") (param $value i64)
      (local $at i32) (local $rest i64)
      (local.set $at (i32.const 64))
      (i32.store8 (local.get $at) (i32.const 10))
      ;; As an unsigned number, whose digits a negative one shares but for the sign.
      (local.set $rest
        (select (i64.sub (i64.const 0) (local.get $value)) (local.get $value) (i64.lt_s (local.get $value) (i64.const 0))))
      (loop $digit
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (i32.store8 (local.get $at)
          (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $rest) (i64.const 10)))))
        (local.set $rest (i64.div_u (local.get $rest) (i64.const 10)))
        (br_if $digit (i64.ne (local.get $rest) (i64.const 0))))
      (if (i64.lt_s (local.get $value) (i64.const 0)) (then
        (local.set $at (i32.sub (local.get $at) (i32.const 1)))
        (i32.store8 (local.get $at) (i32.const 45))))
      (call $print (local.get $at) (i32.sub (i32.const 65) (local.get $at)))))
  (core instance $printer (instantiate $printer
    (with "shell" (instance $memory))
    (with "wasi" (instance (export "get" (func $get)) (export "write" (func $write))))))

  (core instance $program (instantiate $program
    (with "shell" (instance
      (export "memory" (memory $memory "memory"))
      (export "print" (func $printer "print"))
      (export "number" (func $printer "number"))))))
  (func $run (result (result)) (canon lift (core func $program "run")))
  (instance $run (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $run)))
