// The plugin: what the world `lily:frontend` wants, around the compiler. A call has a fresh instance, so nothing is freed
// that the host does not take; what it takes is from malloc.
#include <stdlib.h>
#include <string.h>

#include "../bindings/frontend.h"
#include "../bindings/lily_shell.h"
#include "compile.h"

static lily_view view_of(const frontend_string_t *text) { return (lily_view){(const char *)text->ptr, text->len}; }

static void set(frontend_string_t *to, lily_buffer *from) {
    to->ptr = from->data;
    to->len = from->size;
}

// The text of a line, without its end.
static lily_view line_of(lily_view text, uint32_t line) {
    const char *at = text.data, *end = text.data + text.size;
    for (; line > 1; line--) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) return (lily_view){0};
        at = stop + 1;
    }
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    return (lily_view){at, (size_t)((stop ? stop : end) - at)};
}

// One error. Answers false, as an export does that fails.
static bool refuse(frontend_list_diagnostic_t *err, const mistake *wrong, const lily_frontend_types_source_file_t *source) {
    lily_frontend_types_diagnostic_t *one = calloc(1, sizeof *one);
    if (!one) __builtin_trap();
    one->severity = LILY_FRONTEND_TYPES_SEVERITY_ERROR;
    lily_buffer message = {0};
    lily_put(&message, wrong->message, strlen(wrong->message));
    if (wrong->about.size) {
        lily_put(&message, ": `", 3);
        lily_put(&message, wrong->about.data, wrong->about.size);
        lily_put(&message, "`", 1);
    }
    set(&one->message, &message);
    if (source) {
        one->path.is_some = true;
        frontend_string_dup_n(&one->path.val, (const char *)source->path.ptr, source->path.len);
    }
    if (source && wrong->line) {
        lily_view line = line_of((lily_view){(const char *)source->contents.ptr, source->contents.len}, wrong->line);
        one->line = wrong->line;
        one->column = wrong->column;
        one->source_line.is_some = true;
        frontend_string_dup_n(&one->source_line.val, line.data ? line.data : "", line.size);
    }
    err->ptr = one;
    err->len = 1;
    return false;
}

static lily_buffer bir_of(const program *p, lily_view name, lily_view file) {
    lily_buffer to = {0}, module = module_of(p);
    lily_bir_begin(&to, "abacus", name, p->count);
    for (size_t i = 0; i < p->count; i++) {
        const function *one = &p->functions[i];
        lily_buffer signature = {0};
        lily_put(&signature, one->name.data, one->name.size);
        lily_byte(&signature, '/');
        lily_byte(&signature, '0' + one->parameters);
        lily_unit unit = {
            .name = one->name,
            .signature = {(const char *)signature.data, signature.size},
            .file = file,
            .line = one->line,
            .column = one->column,
            .end_line = one->end_line,
            .size = (uint32_t)one->code.size,
        };
        unit.calls = calls_of(one, &unit.call_count);
        memcpy(unit.digest, one->digest, sizeof unit.digest);
        lily_bir_unit(&to, &unit);
    }
    lily_bir_end(&to, "program.wasm", &module);
    return to;
}

bool exports_frontend_lower(frontend_list_source_file_t *sources, frontend_list_source_file_t *companions,
                            frontend_options_t *options, frontend_lowered_t *ret, frontend_list_diagnostic_t *err) {
    (void)companions;
    if (sources->len != 1) return refuse(err, &(mistake){.message = "a program is one `.abacus` file"}, NULL);
    const lily_frontend_types_source_file_t *source = &sources->ptr[0];
    lily_view text = {(const char *)source->contents.ptr, source->contents.len};
    if (!lily_is_utf8(text)) return refuse(err, &(mistake){.message = "this file is not UTF-8"}, source);
    token_list tokens;
    program made = {0};
    mistake wrong = {0};
    if (!tokens_of(text, &tokens, &wrong) || !compile(&tokens, &made, &wrong)) return refuse(err, &wrong, source);
    lily_buffer bir = bir_of(&made, view_of(&options->name), view_of(&source->path));
    ret->bir.ptr = bir.data;
    ret->bir.len = bir.size;
    ret->diagnostics.len = 0;
    return true;
}

bool exports_frontend_emit(frontend_list_u8_t *bir, frontend_brick_plan_t *plan, frontend_options_t *options,
                           frontend_emitted_t *ret, frontend_list_diagnostic_t *err) {
    (void)plan, (void)options;
    lily_view module;
    lily_buffer to = {0};
    if (!lily_bir_module(bir->ptr, bir->len, &module) || !lily_component(&to, lily_shell, sizeof lily_shell, module))
        return refuse(err, &(mistake){.message = "the BIR is not of an Abacus program"}, NULL);
    ret->component.ptr = to.data;
    ret->component.len = to.size;
    ret->diagnostics.len = 0;
    return true;
}
