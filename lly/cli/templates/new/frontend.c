// The language @NAME@. A program is lines `name = value`; a value is numbers and names from above with `+`, `-` and `*`.
// Each line is a unit, a function without parameters; running the program prints what each gives.
//
// `lower` compiles the text to a core module and writes BIR around it; `emit` takes the module out again and puts it into
// a component that prints. A call has a fresh instance, so nothing is freed that the host does not take.
#include <stdlib.h>
#include <string.h>

#include "bindings/frontend.h"
#include "bindings/lily_bir.h"
#include "bindings/lily_shell.h"

// One line of a program, compiled.
typedef struct {
    lily_view name;
    uint32_t line, column;
    lily_buffer code;  // instructions that leave the value on the stack
    lily_buffer calls; // the lines that it uses: uint32_t each
    uint8_t digest[32];
} line_t;

typedef struct {
    const char *begin, *at, *end; // the line that is read, without its comment
    uint32_t number;
    line_t *lines; // those above
    size_t count;
    const char *message; // what is wrong, or NULL
    uint32_t column;
} parser_t;

static void skip(parser_t *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\r')) p->at++;
}

static uint32_t column_of(parser_t *p, const char *at) {
    uint32_t column = 1;
    // Every byte that is not the inside of a character.
    for (const char *one = p->begin; one < at; one++) column += (*one & 0xc0) != 0x80;
    return column;
}

static bool fail(parser_t *p, const char *at, const char *message) {
    p->message = message;
    p->column = column_of(p, at);
    return false;
}

static bool takes(parser_t *p, char wanted) {
    if (p->at == p->end || *p->at != wanted) return false;
    p->at++;
    skip(p);
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_word(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static lily_view word(parser_t *p) {
    lily_view view = {p->at, 0};
    while (p->at < p->end && is_word(*p->at)) p->at++, view.size++;
    skip(p);
    return view;
}

static size_t find(parser_t *p, lily_view name) {
    size_t i = 0;
    while (i < p->count && (p->lines[i].name.size != name.size || memcmp(p->lines[i].name.data, name.data, name.size)))
        i++;
    return i;
}

static bool value(parser_t *p, line_t *line) {
    lily_view one = word(p);
    if (one.size == 0) return fail(p, p->at, "expected a number or a name");
    if (is_digit(*one.data)) {
        int64_t number = 0;
        for (size_t i = 0; i < one.size; i++)
            if (!is_digit(one.data[i]) || __builtin_mul_overflow(number, 10, &number) ||
                __builtin_add_overflow(number, one.data[i] - '0', &number))
                return fail(p, one.data, "this is not a number of 64 bits");
        lily_byte(&line->code, 0x42);
        lily_signed(&line->code, number);
        return true;
    }
    uint32_t index = (uint32_t)find(p, one);
    if (index == p->count) return fail(p, one.data, "there is no such name above this line");
    lily_byte(&line->code, 0x10);
    lily_unsigned(&line->code, index + 1); // function 0 is the shell's
    lily_put(&line->calls, &index, sizeof index);
    return true;
}

static bool product(parser_t *p, line_t *line) {
    if (!value(p, line)) return false;
    while (takes(p, '*')) {
        if (!value(p, line)) return false;
        lily_byte(&line->code, 0x7e);
    }
    return true;
}

static bool sum(parser_t *p, line_t *line) {
    if (!product(p, line)) return false;
    for (;;) {
        unsigned operator= takes(p, '+') ? 0x7c : takes(p, '-') ? 0x7d : 0;
        if (!operator) return true;
        if (!product(p, line)) return false;
        lily_byte(&line->code, operator);
    }
}

static size_t call_count(const line_t *line) { return line->calls.size / sizeof(uint32_t); }

static const uint32_t *calls(const line_t *line) { return (const uint32_t *)line->calls.data; }

// Over the words without spaces, and over what they refer to.
static void digest(parser_t *p, line_t *line, const char *from) {
    lily_buffer hashed = {0};
    for (const char *at = from; at < p->end; at++)
        if (*at != ' ' && *at != '\t' && *at != '\r') lily_byte(&hashed, (unsigned char)*at);
    for (size_t i = 0; i < call_count(line); i++) lily_put(&hashed, p->lines[calls(line)[i]].digest, 32);
    lily_sha256(hashed.data, hashed.size, line->digest);
}

static bool read_line(parser_t *p, line_t *line) {
    line->line = p->number;
    line->column = column_of(p, p->at);
    line->name = word(p);
    if (line->name.size == 0) return fail(p, p->at, "expected a name");
    if (find(p, line->name) < p->count) return fail(p, line->name.data, "there is such a name already");
    if (!takes(p, '=')) return fail(p, p->at, "expected `=`");
    const char *from = p->at;
    if (!sum(p, line)) return false;
    if (p->at < p->end) return fail(p, p->at, "expected `+`, `-`, `*` or the line's end");
    digest(p, line, from);
    return true;
}

static bool parse(parser_t *p, const char *text, size_t size) {
    const char *end = text + size;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (!stop) stop = end;
        const char *comment = memchr(text, '#', (size_t)(stop - text));
        p->number++;
        p->begin = p->at = text;
        p->end = comment ? comment : stop;
        skip(p);
        if (p->at < p->end) {
            p->lines = realloc(p->lines, (p->count + 1) * sizeof *p->lines);
            if (!p->lines) __builtin_trap();
            line_t line = {0};
            if (!read_line(p, &line)) {
                p->end = stop;
                return false;
            }
            p->lines[p->count++] = line;
        }
        text = stop + 1;
    }
    return true;
}

// The module: each line a function, and `run`, which prints what each gives.
static lily_buffer module_of(const parser_t *p) {
    // Types: a line, `number`, `run`. The import. The export, but for its index.
    static const uint8_t types[] = {3, 0x60, 0, 1, 0x7e, 0x60, 1, 0x7e, 0, 0x60, 0, 1, 0x7f};
    static const uint8_t imports[] = {1, 5, 's', 'h', 'e', 'l', 'l', 6, 'n', 'u', 'm', 'b', 'e', 'r', 0, 1};
    static const uint8_t exported[] = {1, 3, 'r', 'u', 'n', 0};
    lily_buffer to = {0}, functions = {0}, exports = {0}, code = {0}, run = {0};
    lily_put(&to, "\0asm\1\0\0\0", 8);
    lily_section(&to, 1, &(lily_buffer){(uint8_t *)types, sizeof types, 0});
    lily_section(&to, 2, &(lily_buffer){(uint8_t *)imports, sizeof imports, 0});
    lily_unsigned(&functions, p->count + 1);
    for (size_t i = 0; i < p->count; i++) lily_byte(&functions, 0);
    lily_byte(&functions, 2);
    lily_section(&to, 3, &functions);
    lily_put(&exports, exported, sizeof exported);
    lily_unsigned(&exports, p->count + 1);
    lily_section(&to, 7, &exports);
    lily_unsigned(&code, p->count + 1);
    lily_byte(&run, 0); // no locals
    for (size_t i = 0; i < p->count; i++) {
        lily_buffer body = {0};
        lily_byte(&body, 0);
        lily_put(&body, p->lines[i].code.data, p->lines[i].code.size);
        lily_byte(&body, 0x0b);
        lily_sized(&code, body.data, body.size);
        lily_byte(&run, 0x10);
        lily_unsigned(&run, i + 1);
        lily_put(&run, "\x10\0", 2);
    }
    lily_put(&run, "\x41\0\x0b", 3);
    lily_sized(&code, run.data, run.size);
    lily_section(&to, 10, &code);
    return to;
}

// One error; `path` and `line` may be absent.
static bool refuse(frontend_list_diagnostic_t *err, const char *message, const frontend_string_t *path,
                   const parser_t *at) {
    lily_frontend_types_diagnostic_t *one = calloc(1, sizeof *one);
    if (!one) __builtin_trap();
    one->severity = LILY_FRONTEND_TYPES_SEVERITY_ERROR;
    frontend_string_dup(&one->message, message);
    if (path) {
        one->path.is_some = true;
        frontend_string_dup_n(&one->path.val, (const char *)path->ptr, path->len);
    }
    if (at) {
        one->line = at->number;
        one->column = at->column;
        one->source_line.is_some = true;
        frontend_string_dup_n(&one->source_line.val, at->begin, (size_t)(at->end - at->begin));
    }
    err->ptr = one;
    err->len = 1;
    return false;
}

bool exports_frontend_lower(frontend_list_source_file_t *sources, frontend_list_source_file_t *companions,
                            frontend_options_t *options, frontend_lowered_t *ret, frontend_list_diagnostic_t *err) {
    (void)companions;
    if (sources->len != 1) return refuse(err, "a program is one `.@EXT@` file", NULL, NULL);
    lily_frontend_types_source_file_t *source = &sources->ptr[0];
    lily_view text = {(const char *)source->contents.ptr, source->contents.len};
    if (!lily_is_utf8(text)) return refuse(err, "this file is not UTF-8", &source->path, NULL);
    parser_t p = {0};
    if (!parse(&p, text.data, text.size)) return refuse(err, p.message, &source->path, &p);
    lily_buffer to = {0}, module = module_of(&p);
    lily_bir_begin(&to, "@NAME@", (lily_view){(const char *)options->name.ptr, options->name.len}, p.count);
    for (size_t i = 0; i < p.count; i++) {
        const line_t *line = &p.lines[i];
        lily_unit unit = {
            .name = line->name,
            .signature = line->name,
            .file = {(const char *)source->path.ptr, source->path.len},
            .line = line->line,
            .column = line->column,
            .end_line = line->line,
            .size = (uint32_t)line->code.size,
            .calls = calls(line),
            .call_count = call_count(line),
        };
        memcpy(unit.digest, line->digest, 32);
        lily_bir_unit(&to, &unit);
    }
    lily_bir_end(&to, "program.wasm", &module);
    ret->bir.ptr = to.data;
    ret->bir.len = to.size;
    ret->diagnostics.len = 0;
    return true;
}

bool exports_frontend_emit(frontend_list_u8_t *bir, frontend_brick_plan_t *plan, frontend_options_t *options,
                           frontend_emitted_t *ret, frontend_list_diagnostic_t *err) {
    (void)plan, (void)options;
    lily_view module;
    lily_buffer to = {0};
    if (!lily_bir_module(bir->ptr, bir->len, &module) || !lily_component(&to, lily_shell, sizeof lily_shell, module))
        return refuse(err, "the BIR is not of a @NAME@ program", NULL, NULL);
    ret->component.ptr = to.data;
    ret->component.len = to.size;
    ret->diagnostics.len = 0;
    return true;
}
