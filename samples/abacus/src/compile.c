// The compiler proper: one pass for the names of functions, one for their bodies.
//
// Every function takes and gives whole numbers of 64 bits, so that an expression is instructions that leave one i64.
#include "compile.h"

enum {
    // Of the module, in this order: two that are imported, then the program's, then `run`.
    PRINT, NUMBER, IMPORTS,
    PARAMETERS_MAX = 8,
    // Deeper is no program that somebody wrote; the stack has its bounds too.
    DEPTH_MAX = 200,
    VARIABLES_MAX = 1000,
    // Where texts lie in the shell's memory.
    TEXTS_AT = 65536,
    TEXTS_MAX = 4194304 - 65536,
    // Types of functions: those with 0 to 8 parameters, then these.
    TYPE_PRINT = PARAMETERS_MAX + 1, TYPE_NUMBER, TYPE_RUN, TYPES,
    I32 = 0x7f, I64 = 0x7e,
};

typedef struct {
    const token *at;
    const token_list *tokens;
    program *program;
    function *own;
    lily_view variables[VARIABLES_MAX];
    uint32_t variable_count;
    unsigned depth;
    lily_buffer body;
    mistake *wrong;
} compiler;

static bool fail_at(compiler *c, const token *at, const char *message, lily_view about) {
    if (!c->wrong->message) *c->wrong = (mistake){message, about, at->line, at->column};
    return false;
}

static bool fail(compiler *c, const char *message) { return fail_at(c, c->at, message, (lily_view){0}); }

static bool is(const compiler *c, const char *text) {
    return (c->at->kind == T_SIGN || c->at->kind == T_NAME) && is_text(c->at->text, text);
}

static bool takes(compiler *c, const char *text) {
    if (!is(c, text)) return false;
    c->at++;
    return true;
}

static bool wants(compiler *c, const char *text, const char *message) { return takes(c, text) || fail(c, message); }

static bool is_keyword(lily_view name) {
    static const char *const words[] = {"fn", "let", "if", "else", "while", "return", "print", "say"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (is_text(name, words[i])) return true;
    return false;
}

static bool name(compiler *c, token *out) {
    if (c->at->kind != T_NAME || is_keyword(c->at->text)) return fail(c, "expected a name");
    *out = *c->at++;
    return true;
}

static function *find_function(const program *p, lily_view name) {
    for (size_t i = 0; i < p->count; i++)
        if (is_same(p->functions[i].name, name)) return &p->functions[i];
    return NULL;
}

static bool find_variable(const compiler *c, lily_view name, uint32_t *index) {
    for (uint32_t i = 0; i < c->variable_count; i++)
        if (is_same(c->variables[i], name)) {
            *index = i;
            return true;
        }
    return false;
}

static bool declare(compiler *c, const token *name, uint32_t *index) {
    if (find_variable(c, name->text, index)) return fail_at(c, name, "there is a variable of this name already", name->text);
    if (c->variable_count == VARIABLES_MAX) return fail_at(c, name, "this function has too many variables", name->text);
    *index = c->variable_count++;
    c->variables[*index] = name->text;
    return true;
}

const uint32_t *calls_of(const function *one, size_t *count) {
    *count = one->calls.size / sizeof(uint32_t);
    return (const uint32_t *)one->calls.data;
}

static void add_call(function *own, uint32_t callee) {
    size_t count;
    const uint32_t *calls = calls_of(own, &count);
    for (size_t i = 0; i < count; i++)
        if (calls[i] == callee) return;
    lily_put(&own->calls, &callee, sizeof callee);
}

static void op(compiler *c, unsigned code) { lily_byte(&c->body, code); }

static void op_with(compiler *c, unsigned code, uint64_t operand) {
    lily_byte(&c->body, code);
    lily_unsigned(&c->body, operand);
}

static bool expression(compiler *c);

static bool call(compiler *c, const token *name) {
    function *callee = find_function(c->program, name->text);
    if (!callee) return fail_at(c, name, "there is no function of this name", name->text);
    uint32_t count = 0;
    while (!is(c, ")")) {
        if (count > 0 && !wants(c, ",", "expected `,` or `)`")) return false;
        if (!expression(c)) return false;
        count++;
    }
    c->at++;
    if (count != callee->parameters) return fail_at(c, name, "this function takes another number of values", name->text);
    uint32_t index = (uint32_t)(callee - c->program->functions);
    op_with(c, 0x10, IMPORTS + index);
    add_call(c->own, index);
    return true;
}

static bool value(compiler *c) {
    const token *first = c->at;
    if (first->kind == T_NUMBER) {
        c->at++;
        op(c, 0x42);
        lily_signed(&c->body, first->number);
        return true;
    }
    if (takes(c, "(")) return expression(c) && wants(c, ")", "expected `)`");
    if (takes(c, "-")) {
        op(c, 0x42);
        lily_signed(&c->body, 0);
        if (++c->depth > DEPTH_MAX) return fail(c, "this is nested too deeply");
        if (!value(c)) return false;
        c->depth--;
        op(c, 0x7d);
        return true;
    }
    token named;
    if (c->at->kind != T_NAME) return fail(c, "expected a value");
    if (!name(c, &named)) return false;
    if (takes(c, "(")) return call(c, &named);
    uint32_t index;
    if (!find_variable(c, named.text, &index)) return fail_at(c, &named, "there is no variable of this name", named.text);
    op_with(c, 0x20, index);
    return true;
}

typedef struct {
    const char *sign;
    unsigned precedence, code;
} operator_t;

// Comparisons give an i32, which is made an i64.
static const operator_t OPERATORS[] = {{"==", 1, 0x51}, {"!=", 1, 0x52}, {"<", 1, 0x53}, {">", 1, 0x55},
                                       {"<=", 1, 0x57}, {">=", 1, 0x59}, {"+", 2, 0x7c}, {"-", 2, 0x7d},
                                       {"*", 3, 0x7e},  {"/", 3, 0x7f},  {"%", 3, 0x81}};

static const operator_t *operator_at(const compiler *c) {
    for (size_t i = 0; c->at->kind == T_SIGN && i < sizeof OPERATORS / sizeof *OPERATORS; i++)
        if (is_text(c->at->text, OPERATORS[i].sign)) return &OPERATORS[i];
    return NULL;
}

static bool operation(compiler *c, unsigned precedence) {
    if (precedence > 3) return value(c);
    if (!operation(c, precedence + 1)) return false;
    const operator_t *one;
    while ((one = operator_at(c)) && one->precedence == precedence) {
        c->at++;
        if (!operation(c, precedence + 1)) return false;
        op(c, one->code);
        if (precedence == 1) op(c, 0xad);
    }
    return true;
}

static bool expression(compiler *c) {
    if (++c->depth > DEPTH_MAX) return fail(c, "this is nested too deeply");
    bool fine = operation(c, 1);
    c->depth--;
    return fine;
}

// A value as a condition: whether it is not 0.
static bool condition(compiler *c) {
    if (!expression(c)) return false;
    op(c, 0x50); // is it 0?
    op(c, 0x45); // not that
    return true;
}

static bool block(compiler *c);

static bool branch(compiler *c) {
    if (!condition(c)) return false;
    op_with(c, 0x04, 0x40);
    if (!block(c)) return false;
    if (takes(c, "else")) {
        op(c, 0x05);
        if (takes(c, "if")) {
            if (++c->depth > DEPTH_MAX) return fail(c, "this is nested too deeply");
            if (!branch(c)) return false;
            c->depth--;
        } else if (!block(c)) {
            return false;
        }
    }
    op(c, 0x0b);
    return true;
}

static bool loop(compiler *c) {
    // block { loop { leave if not; body; again } }
    op_with(c, 0x02, 0x40);
    op_with(c, 0x03, 0x40);
    if (!condition(c)) return false;
    op(c, 0x45);
    op_with(c, 0x0d, 1);
    if (!block(c)) return false;
    op_with(c, 0x0c, 0);
    op(c, 0x0b);
    op(c, 0x0b);
    return true;
}

static bool say(compiler *c) {
    if (c->at->kind != T_TEXT) return fail(c, "expected a text in quotes");
    lily_view text = c->at++->text;
    lily_buffer *texts = &c->program->texts;
    size_t at = texts->size;
    lily_put(texts, text.data, text.size);
    lily_byte(texts, '\n');
    if (texts->size > TEXTS_MAX) return fail(c, "the program says too much");
    op(c, 0x41);
    lily_signed(&c->body, (int64_t)(TEXTS_AT + at));
    op(c, 0x41);
    lily_signed(&c->body, (int64_t)text.size + 1);
    op_with(c, 0x10, PRINT);
    return true;
}

static bool assignment(compiler *c, bool is_new) {
    token named;
    uint32_t index = 0;
    if (!name(c, &named)) return false;
    if (!is_new && takes(c, "(")) {
        if (!call(c, &named)) return false;
        op(c, 0x1a); // nobody wants what it gives
        return true;
    }
    if (!wants(c, "=", is_new ? "expected `=`" : "expected `=` or `(`") || !expression(c)) return false;
    // The new variable is not there in its own value.
    if (is_new && !declare(c, &named, &index)) return false;
    if (!is_new && !find_variable(c, named.text, &index))
        return fail_at(c, &named, "there is no variable of this name", named.text);
    op_with(c, 0x21, index);
    return true;
}

static bool statement(compiler *c) {
    if (takes(c, "let")) return assignment(c, true);
    if (takes(c, "if")) return branch(c);
    if (takes(c, "while")) return loop(c);
    if (takes(c, "say")) return say(c);
    if (takes(c, "return")) {
        if (!expression(c)) return false;
        op(c, 0x0f);
        return true;
    }
    if (takes(c, "print")) {
        if (!expression(c)) return false;
        op_with(c, 0x10, NUMBER);
        return true;
    }
    return assignment(c, false);
}

static bool block(compiler *c) {
    if (!wants(c, "{", "expected `{`")) return false;
    if (++c->depth > DEPTH_MAX) return fail(c, "this is nested too deeply");
    while (!is(c, "}")) {
        if (c->at->kind == T_END) return fail(c, "expected `}`");
        if (!statement(c)) return false;
    }
    c->at++;
    c->depth--;
    return true;
}

// `NAME(PARAMETERS)`: declares the function, or its parameters.
static bool head(compiler *c, token *named, uint32_t *parameters) {
    if (!name(c, named) || !wants(c, "(", "expected `(`")) return false;
    *parameters = 0;
    while (!takes(c, ")")) {
        token parameter;
        uint32_t index;
        if (*parameters > 0 && !wants(c, ",", "expected `,` or `)`")) return false;
        if (!name(c, &parameter) || !declare(c, &parameter, &index)) return false;
        if (++*parameters > PARAMETERS_MAX) return fail_at(c, &parameter, "a function takes at most 8 values", (lily_view){0});
    }
    return true;
}

// The first pass: which functions there are.
static bool heads(compiler *c) {
    lily_buffer all = {0};
    while (c->at->kind != T_END) {
        token named;
        function one = {.begin = (size_t)(c->at - c->tokens->at)};
        if (!wants(c, "fn", "expected `fn`")) return false;
        c->variable_count = 0;
        if (!head(c, &named, &one.parameters)) return false;
        if (find_function(c->program, named.text)) return fail_at(c, &named, "there is a function of this name already", named.text);
        if (!is(c, "{")) return fail(c, "expected `{`");
        size_t open = 0;
        do {
            if (c->at->kind == T_END) return fail(c, "expected `}`");
            open += is(c, "{");
            open -= is(c, "}");
            one.end_line = c->at->line;
            c->at++;
        } while (open > 0);
        one.name = named.text;
        one.line = named.line;
        one.column = named.column;
        one.end = (size_t)(c->at - c->tokens->at);
        lily_put(&all, &one, sizeof one);
        c->program->functions = (function *)all.data;
        c->program->count = all.size / sizeof one;
    }
    return true;
}

// The second pass: what a function does.
static bool body(compiler *c, function *own) {
    token named;
    uint32_t parameters;
    c->own = own;
    c->at = c->tokens->at + own->begin + 1;
    c->variable_count = 0;
    c->depth = 0;
    c->body = (lily_buffer){0};
    if (!head(c, &named, &parameters) || !block(c)) return false;
    uint32_t locals = c->variable_count - parameters;
    lily_unsigned(&own->code, locals > 0);
    if (locals > 0) {
        lily_unsigned(&own->code, locals);
        lily_byte(&own->code, I64);
    }
    // Who comes to the end gives 0.
    lily_put(&c->body, "\x42\0\x0b", 3);
    lily_put(&own->code, c->body.data, c->body.size);
    free(c->body.data);
    return true;
}

// Which functions can be reached from `from`; `from` is one of them.
static void reach(const program *p, uint32_t from, bool *reached) {
    size_t count;
    if (reached[from]) return;
    reached[from] = true;
    const uint32_t *calls = calls_of(&p->functions[from], &count);
    for (size_t i = 0; i < count; i++) reach(p, calls[i], reached);
}

// Over the tokens of the function itself, then of all that it can reach, in the order of their names: recursion is no
// matter then, nor are the places of lines and functions.
static void digest(const program *p, const token_list *tokens, uint32_t at) {
    bool *reached = calloc(p->count, sizeof *reached);
    if (!reached) __builtin_trap();
    reach(p, at, reached);
    lily_buffer hashed = {0};
    uint32_t next = at;
    for (;;) {
        const function *one = &p->functions[next];
        for (size_t i = one->begin; i < one->end; i++) {
            lily_byte(&hashed, tokens->at[i].kind);
            lily_sized(&hashed, tokens->at[i].text.data, tokens->at[i].text.size);
        }
        reached[next] = false;
        bool is_any = false;
        for (uint32_t i = 0; i < p->count; i++) {
            if (!reached[i]) continue;
            lily_view name = p->functions[i].name, best = p->functions[next].name;
            size_t shorter = name.size < best.size ? name.size : best.size;
            int order = is_any ? memcmp(name.data, best.data, shorter) : -1;
            if (order < 0 || (order == 0 && name.size < best.size)) next = i;
            is_any = true;
        }
        if (!is_any) break;
    }
    free(reached);
    lily_sha256(hashed.data, hashed.size, p->functions[at].digest);
    free(hashed.data);
}

bool compile(const token_list *tokens, program *out, mistake *wrong) {
    compiler c = {.at = tokens->at, .tokens = tokens, .program = out, .wrong = wrong};
    if (!heads(&c)) return false;
    for (size_t i = 0; i < out->count; i++)
        if (!body(&c, &out->functions[i])) return false;
    const function *start = find_function(out, (lily_view){"main", 4});
    if (!start || start->parameters > 0) {
        const token *end = &tokens->at[tokens->count - 1];
        return fail_at(&c, end, "the program has no `fn main()`", (lily_view){0});
    }
    for (uint32_t i = 0; i < out->count; i++) digest(out, tokens, i);
    return true;
}

static void types(lily_buffer *to) {
    lily_unsigned(to, TYPES);
    for (unsigned count = 0; count <= PARAMETERS_MAX; count++) {
        lily_put(to, (uint8_t[]){0x60, (uint8_t)count}, 2);
        for (unsigned i = 0; i < count; i++) lily_byte(to, I64);
        lily_put(to, (uint8_t[]){1, I64}, 2);
    }
    lily_put(to, (uint8_t[]){0x60, 2, I32, I32, 0}, 5); // print
    lily_put(to, (uint8_t[]){0x60, 1, I64, 0}, 4);      // number
    lily_put(to, (uint8_t[]){0x60, 0, 1, I32}, 4);      // run
}

static void import(lily_buffer *to, const char *name) {
    lily_string(to, "shell");
    lily_string(to, name);
}

// The custom section `name`, so that a trap says where it was.
static lily_buffer names(const program *p) {
    lily_buffer to = {0}, functions = {0};
    lily_string(&to, "name");
    lily_unsigned(&functions, p->count);
    for (size_t i = 0; i < p->count; i++) {
        lily_unsigned(&functions, IMPORTS + i);
        lily_sized(&functions, p->functions[i].name.data, p->functions[i].name.size);
    }
    lily_section(&to, 1, &functions);
    return to;
}

lily_buffer module_of(const program *p) {
    lily_buffer to = {0}, part[13] = {0};
    lily_put(&to, "\0asm\1\0\0\0", 8);
    types(&part[1]);
    lily_unsigned(&part[2], 3);
    import(&part[2], "print");
    lily_put(&part[2], (uint8_t[]){0, TYPE_PRINT}, 2);
    import(&part[2], "number");
    lily_put(&part[2], (uint8_t[]){0, TYPE_NUMBER}, 2);
    import(&part[2], "memory");
    lily_put(&part[2], (uint8_t[]){2, 1, 64, 64}, 4);
    lily_unsigned(&part[3], p->count + 1);
    for (size_t i = 0; i < p->count; i++) lily_unsigned(&part[3], p->functions[i].parameters);
    lily_unsigned(&part[3], TYPE_RUN);
    lily_unsigned(&part[7], 1);
    lily_string(&part[7], "run");
    lily_byte(&part[7], 0);
    lily_unsigned(&part[7], IMPORTS + p->count);
    lily_unsigned(&part[10], p->count + 1);
    for (size_t i = 0; i < p->count; i++) lily_sized(&part[10], p->functions[i].code.data, p->functions[i].code.size);
    lily_buffer run = {0};
    lily_put(&run, (uint8_t[]){0, 0x10}, 2);
    lily_unsigned(&run, (uint64_t)(IMPORTS + (find_function(p, (lily_view){"main", 4}) - p->functions)));
    lily_put(&run, "\x1a\x41\0\x0b", 4); // what it gives does not matter: success
    lily_sized(&part[10], run.data, run.size);
    lily_put(&part[11], (uint8_t[]){1, 0, 0x41}, 3);
    lily_signed(&part[11], TEXTS_AT);
    lily_byte(&part[11], 0x0b);
    lily_sized(&part[11], p->texts.data, p->texts.size);
    static const uint8_t order[] = {1, 2, 3, 7, 10, 11};
    for (size_t i = 0; i < sizeof order; i++) lily_section(&to, order[i], &part[order[i]]);
    lily_buffer named = names(p);
    lily_section(&to, 0, &named);
    return to;
}
