// Values as they travel between JavaScript and the host: a tag, then what it needs, little-endian.
//
//   0 undefined   1 null   2 false   3 true   4 number: f64
//   5 text: u32 length in bytes, UTF-8   6 bytes: u32 length, bytes   7 list: u32 count, values
//
// A message is a list without its tag: u32 count, values. Lone surrogates become U+FFFD.
#ifndef LILY_WIRE_H
#define LILY_WIRE_H

#include "quickjs.h"
#include <stddef.h>
#include <stdint.h>

enum { WIRE_UNDEFINED, WIRE_NULL, WIRE_FALSE, WIRE_TRUE, WIRE_NUMBER, WIRE_TEXT, WIRE_BYTES, WIRE_LIST };

/// Bytes that grow. `data` is null as long as nothing was put in.
typedef struct {
    uint8_t *data;
    size_t length;
    size_t capacity;
} Wire;

/// Forgets what is in it, keeps the memory for the next message.
void wire_clear(Wire *wire);

/// Adds a message's head, and values that are none of JavaScript. False: out of memory.
bool wire_put_count(Wire *wire, uint32_t count);
bool wire_put_text(Wire *wire, const char *text, size_t length);
bool wire_put_number(Wire *wire, double number);

/// What is still to be read.
typedef struct {
    const uint8_t *at;
    size_t left;
} WireReader;

/// Each reads one value. False: it is another one.
bool wire_read_list(WireReader *reader, uint32_t count);
bool wire_read_text(WireReader *reader, const char **text, size_t *length);
bool wire_read_number(WireReader *reader, double *number);

/// Adds a message of `count` values. False: out of memory, or an exception is pending.
bool wire_put(JSContext *context, Wire *wire, int count, JSValueConst *values);

/// Reads a message into at most `max` values, which belong to the caller; the rest of them is undefined. -1: an exception.
int wire_take(JSContext *context, const uint8_t *data, size_t length, int max, JSValue *values);

/// Reads one value.
JSValue wire_take_one(JSContext *context, const uint8_t *data, size_t length);

#endif
