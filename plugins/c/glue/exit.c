/*
 * The exit code of a program with `main`. The preview1 adapter knows only success and failure, so the linker puts this
 * in front of the C library's way out (`--wrap=__wasi_proc_exit`).
 */
#include "internal.h"

_Noreturn void __wrap___wasi_proc_exit(uint32_t code);

_Noreturn void __wrap___wasi_proc_exit(uint32_t code) {
    wasi_cli_exit_exit_with_code((uint8_t)code);
    __builtin_trap();
}
