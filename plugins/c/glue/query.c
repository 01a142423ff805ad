/* Queries and percent-encoding. */
#include <string.h>

#include "internal.h"

static int digit(char letter) {
    if (letter >= '0' && letter <= '9') return letter - '0';
    if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
    return -1;
}

static const char *decode(const char *text, size_t size, bool plus_is_space) {
    char *decoded = lily_alloc(size + 1), *to = decoded;
    for (size_t i = 0; i < size; i++) {
        int high, low;
        if (text[i] == '%' && i + 2 < size && (high = digit(text[i + 1])) >= 0 && (low = digit(text[i + 2])) >= 0) {
            *to++ = (char)(high << 4 | low);
            i += 2;
        } else {
            *to++ = plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    *to = 0;
    return decoded;
}

const char *lily_url_decode(const char *text) { return decode(text, strlen(text), false); }

const char *lily_url_encode(const char *text) {
    static const char digits[] = "0123456789ABCDEF";
    char *encoded = lily_alloc(3 * strlen(text) + 1), *to = encoded;
    for (; *text; text++) {
        unsigned char letter = (unsigned char)*text;
        bool is_plain = (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
                        (letter >= 'A' && letter <= 'Z') || strchr("-._~", letter);
        if (is_plain) {
            *to++ = (char)letter;
        } else {
            *to++ = '%';
            *to++ = digits[letter >> 4];
            *to++ = digits[letter & 15];
        }
    }
    *to = 0;
    return encoded;
}

/* Takes the next field off, without decoding it. */
static bool next(const char **rest, const char **field, size_t *name_size, size_t *size) {
    const char *from = *rest;
    while (*from == '&') from++;
    if (!*from) return false;
    *field = from;
    *size = strcspn(from, "&");
    const char *equals = memchr(from, '=', *size);
    *name_size = equals ? (size_t)(equals - from) : *size;
    *rest = from + *size;
    return true;
}

static const char *value_of(const char *field, size_t name_size, size_t size) {
    return name_size == size ? "" : decode(field + name_size + 1, size - name_size - 1, true);
}

bool lily_query_next(const char **rest, lily_field *field) {
    const char *from;
    size_t name_size, size;
    if (!next(rest, &from, &name_size, &size)) return false;
    *field = (lily_field){decode(from, name_size, true), value_of(from, name_size, size)};
    return true;
}

const char *lily_query_value(const char *query, const char *name) {
    const char *from;
    size_t name_size, size;
    while (next(&query, &from, &name_size, &size)) {
        if (strcmp(decode(from, name_size, true), name) == 0) return value_of(from, name_size, size);
    }
    return NULL;
}
