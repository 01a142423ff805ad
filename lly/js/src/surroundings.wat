;; What QuickJS finds where an operating system would be: a clock that stands still, one seed for everybody, no files, no
;; environment. While code is loaded somebody listens, who hears what it prints and finds the modules that it imports.
;; Later an `import()` finds nothing, and what is printed are the last words.
;;
;; A function stands for an import of the runtime; its name is the import's, with `_` for what is no letter or digit.
(module
  (@dylink.0 (mem-info))
  (import "lily:init/output" "listening" (func $listening (result i32)))
  (import "lily:init/output" "print" (func $print (param i32)))
  (import "local:init/module-loader" "resolve" (func $resolve (param i32 i32 i32 i32 i32)))
  (import "local:init/module-loader" "load" (func $load (param i32 i32 i32)))
  (import "env" "memory" (memory 0))

  (func (export "local_init_module_loader_resolve") (param i32 i32 i32 i32) (param $to i32)
    (if (call $listening)
      (then (call $resolve (local.get 0) (local.get 1) (local.get 2) (local.get 3) (local.get $to)))
      (else (call $nothing (local.get $to)))))
  (func (export "local_init_module_loader_load") (param i32 i32) (param $to i32)
    (if (call $listening)
      (then (call $load (local.get 0) (local.get 1) (local.get $to)))
      (else (call $nothing (local.get $to)))))
  ;; An error without words.
  (func $nothing (param $to i32)
    (i32.store8 (local.get $to) (i32.const 1))
    (i32.store offset=4 (local.get $to) (i32.const 1))
    (i32.store offset=8 (local.get $to) (i32.const 0)))

  ;; Two numbers that seed the runtime's hash tables.
  (func (export "wasi_random_insecure_seed_insecure_seed") (param $to i32)
    (i64.store (local.get $to) (i64.const 0x6c696c79206a7320))
    (i64.store offset=8 (local.get $to) (i64.const 0x736565647320616c)))
  (func (export "wasi_clocks_monotonic_clock_now") (result i64) (i64.const 0))
  (func (export "wasi_clocks_wall_clock_now") (param $to i32)
    (i64.store (local.get $to) (i64.const 0))
    (i32.store offset=8 (local.get $to) (i32.const 0)))
  (func (export "wasi_clocks_monotonic_clock_subscribe_duration") (param i64) (result i32) (i32.const 0))
  (func (export "wasi_io_poll__method_pollable_block") (param i32))
  (func (export "wasi_io_poll_poll") (param i32 i32 i32) unreachable)

  ;; Lists that are empty; a pointer that is null is no list in Rust.
  (func $empty (param $to i32)
    (i32.store (local.get $to) (i32.const 8))
    (i32.store offset=4 (local.get $to) (i32.const 0)))
  (export "wasi_cli_environment_get_environment" (func $empty))
  (export "wasi_filesystem_preopens_get_directories" (func $empty))
  (func (export "wasi_cli_exit_exit") (param i32) unreachable)

  ;; Streams by their number; none is a terminal.
  (func (export "wasi_cli_stdin_get_stdin") (result i32) (i32.const 0))
  (func (export "wasi_cli_stdout_get_stdout") (result i32) (i32.const 1))
  (func (export "wasi_cli_stderr_get_stderr") (result i32) (i32.const 2))
  (func $none (param $to i32) (i32.store8 (local.get $to) (i32.const 0)))
  (export "wasi_cli_terminal_stdin_get_terminal_stdin" (func $none))
  (export "wasi_cli_terminal_stdout_get_terminal_stdout" (func $none))
  (export "wasi_cli_terminal_stderr_get_terminal_stderr" (func $none))
  (func (export "wasi_io_streams__method_output_stream_check_write") (param $stream i32) (param $to i32)
    (i32.store8 (local.get $to) (i32.const 0))
    (i64.store offset=8 (local.get $to) (i64.const 65536)))
  (func (export "wasi_io_streams__method_output_stream_write")
    (param $stream i32) (param $from i32) (param $length i32) (param $to i32)
    (block $done
      (loop $bytes
        (br_if $done (i32.eqz (local.get $length)))
        (call $print (i32.load8_u (local.get $from)))
        (local.set $from (i32.add (local.get $from) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $bytes)))
    ;; Afterwards the runtime writes when it gives up, in one piece.
    (if (i32.eqz (call $listening)) (then (call $print (i32.const 0))))
    (i32.store8 (local.get $to) (i32.const 0)))
  (func (export "wasi_io_streams__method_output_stream_blocking_flush") (param $stream i32) (param $to i32)
    (i32.store8 (local.get $to) (i32.const 0)))
  (func (export "wasi_io_streams__method_output_stream_subscribe") (param i32) (result i32) (i32.const 0))

  (func $drop (param i32))
  (export "wasi_io_error__resource_drop_error" (func $drop))
  (export "wasi_io_poll__resource_drop_pollable" (func $drop))
  (export "wasi_io_streams__resource_drop_input_stream" (func $drop))
  (export "wasi_io_streams__resource_drop_output_stream" (func $drop))
  (export "wasi_cli_terminal_input__resource_drop_terminal_input" (func $drop))
  (export "wasi_cli_terminal_output__resource_drop_terminal_output" (func $drop))
  (export "wasi_filesystem_types__resource_drop_descriptor" (func $drop))
  (func (export "wasi_snapshot_preview1_reset_adapter_state"))

  ;; There is no folder, so there is no file that these could be about.
  (func (export "wasi_filesystem_types__method_descriptor_read_via_stream") (param i32 i64 i32) unreachable)
  (func (export "wasi_filesystem_types__method_descriptor_write_via_stream") (param i32 i64 i32) unreachable)
  (func $about (param i32 i32) unreachable)
  (export "wasi_filesystem_types__method_descriptor_append_via_stream" (func $about))
  (export "wasi_filesystem_types__method_descriptor_get_flags" (func $about))
  (export "wasi_filesystem_types__method_descriptor_stat" (func $about))
  (export "wasi_filesystem_types__method_descriptor_metadata_hash" (func $about))
)
