;; A program in WebAssembly text: says hello on stdout. Deployed, the same bytes are its CGI answer.
(module $hello
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory $memory (export "memory") 1)
  (global $written (mut i32) (i32.const 0))
  (global $newline i32 (i32.const 10))
  (table $shapes 1 funcref)
  (elem (i32.const 0) $double)
  (data (i32.const 64) "Content-Type: text/plain\n\nhello from wat 42\n")

  ;; Writes LENGTH bytes at ADDRESS to stdout.
  (func $print (param $address i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $address))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (global.set $written (i32.load (i32.const 8))))

  (func $double (param $number i32) (result i32)
    (i32.mul (local.get $number) (i32.const 2)))

  (func $check (result i32)
    (call_indirect (param i32) (result i32) (i32.const 21) (i32.const 0)))

  (func $main (export "_start")
    (if (i32.ne (call $check) (i32.const 42)) (then unreachable))
    (call $print (i32.const 64) (i32.const 44))))
