#include "tokens.h"

bool is_same(lily_view one, lily_view other) {
    return one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
}

bool is_text(lily_view view, const char *text) { return is_same(view, (lily_view){text, strlen(text)}); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r'; }

typedef struct {
    const char *at, *end, *line_begin;
    uint32_t line;
} cursor;

// Columns count characters, not bytes.
static uint32_t column(const cursor *c) {
    uint32_t column = 1;
    for (const char *at = c->line_begin; at < c->at; at++) column += (*at & 0xc0) != 0x80;
    return column;
}

static bool number(cursor *c, token *one, mistake *wrong) {
    for (; c->at < c->end && (is_digit(*c->at) || is_letter(*c->at)); c->at++) {
        one->text.size++;
        if (!is_digit(*c->at) || __builtin_mul_overflow(one->number, 10, &one->number) ||
            __builtin_add_overflow(one->number, *c->at - '0', &one->number)) {
            *wrong = (mistake){"this is not a number of 64 bits", {0}, one->line, one->column};
            return false;
        }
    }
    return true;
}

static bool text(cursor *c, token *one, mistake *wrong) {
    one->text.data = ++c->at;
    while (c->at < c->end && *c->at != '"' && *c->at != '\n') c->at++;
    if (c->at == c->end || *c->at == '\n') {
        *wrong = (mistake){"this text has no closing quote", {0}, one->line, one->column};
        return false;
    }
    one->text.size = (size_t)(c->at++ - one->text.data);
    return true;
}

// Signs of two characters come first.
static const char *const SIGNS[] = {"==", "!=", "<=", ">=", "<", ">", "=", "+", "-",
                                    "*",  "/",  "%",  "(",  ")", "{", "}", ","};

static bool sign(cursor *c, token *one, mistake *wrong) {
    for (size_t i = 0; i < sizeof SIGNS / sizeof *SIGNS; i++) {
        size_t size = strlen(SIGNS[i]);
        if ((size_t)(c->end - c->at) >= size && memcmp(c->at, SIGNS[i], size) == 0) {
            one->text.size = size;
            c->at += size;
            return true;
        }
    }
    *wrong = (mistake){"this sign has no meaning here", {0}, one->line, one->column};
    return false;
}

static bool next(cursor *c, token *one, mistake *wrong) {
    while (c->at < c->end) {
        if (*c->at == '\n') {
            c->line++;
            c->line_begin = ++c->at;
        } else if (is_space(*c->at)) {
            c->at++;
        } else if (*c->at == '#') {
            while (c->at < c->end && *c->at != '\n') c->at++;
        } else {
            break;
        }
    }
    *one = (token){T_END, {c->at, 0}, 0, c->line, column(c)};
    if (c->at == c->end) return true;
    if (is_digit(*c->at)) {
        one->kind = T_NUMBER;
        return number(c, one, wrong);
    }
    if (is_letter(*c->at)) {
        one->kind = T_NAME;
        while (c->at < c->end && (is_letter(*c->at) || is_digit(*c->at))) c->at++, one->text.size++;
        return true;
    }
    if (*c->at == '"') {
        one->kind = T_TEXT;
        return text(c, one, wrong);
    }
    one->kind = T_SIGN;
    return sign(c, one, wrong);
}

bool tokens_of(lily_view source, token_list *tokens, mistake *wrong) {
    cursor c = {source.data, source.data + source.size, source.data, 1};
    lily_buffer all = {0};
    token one;
    do {
        if (!next(&c, &one, wrong)) return false;
        lily_put(&all, &one, sizeof one);
    } while (one.kind != T_END);
    *tokens = (token_list){(token *)all.data, all.size / sizeof one};
    return true;
}
