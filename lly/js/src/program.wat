;; A program around the shared engine, as far as it is the same for every program. In capitals: what `program.rs` puts in. The
;; program's heap comes after, as core module 3.
(component
  (core type $engine (module
    (import "lily:javascript/host@0.1.0" "call" (func (param i32 i32 i32 i32)))
    (export "memory" (memory PAGES))
    (export "cabi_realloc" (func (param i32 i32 i32 i32) (result i32)))
    (export "hook" (func (param i32 i32 i32)))))
  (import "IMPORT" (core module $engine (type $engine)))
  (import "lily:javascript/host@0.1.0" (instance $host
    (export "call" (func (param "function" u32) (param "arguments" (list u8)) (result (result (list u8) (error string)))))))

  ;; The engine wants `call` before there is a memory to lower it into: it gets a place in a table that is filled later.
  (core module $place
    (type $call (func (param i32 i32 i32 i32)))
    (table (export "table") 1 1 funcref)
    (func (export "call") (type $call)
      (call_indirect (type $call) (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 0))))
  (core instance $place (instantiate $place))
  (core instance $main (instantiate $engine (with "lily:javascript/host@0.1.0" (instance $place))))
  (alias core export $main "memory" (core memory $memory))
  (alias core export $main "cabi_realloc" (core func $realloc))
  (core func $call (canon lower (func $host "call") (memory $memory) (realloc $realloc)))

  ;; Fills the place, and grows the memory to what the heap needs.
  (core module $ready
    (import "main" "memory" (memory PAGES))
    (import "place" "table" (table 1 1 funcref))
    (import "host" "call" (func $call (param i32 i32 i32 i32)))
    (elem (i32.const 0) func $call)
    (func $grow
      (if (i32.eq (memory.grow (i32.const MORE)) (i32.const -1)) (then unreachable)))
    (start $grow))
  (core instance (instantiate $ready
    (with "main" (instance $main))
    (with "place" (instance $place))
    (with "host" (instance (export "call" (func $call))))))

  (alias core export $main "hook" (core func $hook))
  (func $hook (param "hook" u32) (param "arguments" (list u8))
    (canon lift (core func $hook) (memory $memory) (realloc $realloc)))
  (instance $program (export "hook" (func $hook)))
  (export "lily:javascript/KIND@0.1.0" (instance $program)))
