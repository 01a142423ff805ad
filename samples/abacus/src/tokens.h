// From text to tokens. Rule: whatever the bytes are, the answer is tokens or one mistake with its place.
#pragma once

#include "../bindings/lily_bir.h"

typedef enum { T_END, T_NAME, T_NUMBER, T_TEXT, T_SIGN } token_kind;

typedef struct {
    token_kind kind;
    lily_view text; // of a T_TEXT, without its quotes
    int64_t number; // of a T_NUMBER
    uint32_t line, column;
} token;

// What is wrong first, and where; `message` is NULL as long as nothing is.
typedef struct {
    const char *message;
    lily_view about; // what the message is about; may be empty
    uint32_t line, column;
} mistake;

typedef struct {
    token *at; // the last one is a T_END
    size_t count;
} token_list;

// Whether the text has tokens; what went wrong is in `wrong`.
bool tokens_of(lily_view text, token_list *tokens, mistake *wrong);

bool is_text(lily_view view, const char *text);
bool is_same(lily_view one, lily_view other);
