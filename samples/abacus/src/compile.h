// From tokens to functions, and from functions to a module.
#pragma once

#include "tokens.h"

typedef struct {
    lily_view name;
    uint32_t line, column, end_line;
    uint32_t parameters;
    size_t begin, end;   // its tokens
    lily_buffer code;    // its body, as it stands in a module
    lily_buffer calls;   // the functions that it calls, each once: uint32_t
    uint8_t digest[32];
} function;

typedef struct {
    function *functions;
    size_t count;
    lily_buffer texts; // what programs say, one after the other
} program;

// Whether the tokens are a program; what is wrong is in `wrong`.
bool compile(const token_list *tokens, program *out, mistake *wrong);

// The module: it imports the shell's `memory`, `print` and `number`, and exports `run`, which calls `main`.
lily_buffer module_of(const program *program);

const uint32_t *calls_of(const function *one, size_t *count);
