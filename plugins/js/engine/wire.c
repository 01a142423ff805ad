// How values travel: see wire.h. What the host sends is trusted to be well-formed, and checked all the same: a length that
// leads out of the message is an exception, not a read.

#include "wire.h"
#include "coding.h"
#include "inside.h"

#include <stdlib.h>
#include <string.h>

/// Lists in lists: deeper than anything that the interface has.
enum { DEPTH_MAX = 8 };

static bool reserve(Wire *wire, size_t more) {
    if (wire->capacity - wire->length >= more) {
        return true;
    }
    size_t capacity = wire->capacity * 2 > 256 ? wire->capacity * 2 : 256;
    while (capacity - wire->length < more) {
        if (capacity > SIZE_MAX / 2) {
            return false;
        }
        capacity *= 2;
    }
    uint8_t *data = realloc(wire->data, capacity);
    if (data == NULL) {
        return false;
    }
    wire->data = data;
    wire->capacity = capacity;
    return true;
}

void wire_clear(Wire *wire) {
    wire->length = 0;
}

static bool put_raw(Wire *wire, const void *bytes, size_t length) {
    if (!reserve(wire, length)) {
        return false;
    }
    if (length > 0) {
        memcpy(wire->data + wire->length, bytes, length);
    }
    wire->length += length;
    return true;
}

static bool put_tag(Wire *wire, uint8_t tag) {
    return put_raw(wire, &tag, 1);
}

static bool put_u32(Wire *wire, uint32_t number) {
    return put_raw(wire, &number, sizeof number);
}

static bool put_text(JSContext *context, Wire *wire, JSValueConst value) {
    size_t length;
    const uint8_t *ascii = inside_ascii(value, &length);
    if (ascii != NULL) {
        return put_tag(wire, WIRE_TEXT) && put_u32(wire, (uint32_t)length) && put_raw(wire, ascii, length);
    }
    const char *text = JS_ToCStringLen(context, &length, value);
    if (text == NULL) {
        return false;
    }
    bool done = put_tag(wire, WIRE_TEXT) && put_u32(wire, (uint32_t)length) && put_raw(wire, text, length);
    JS_FreeCString(context, text);
    if (done) {
        coding_mend_surrogates(wire->data + wire->length - length, length);
    }
    return done;
}

bool wire_put_count(Wire *wire, uint32_t count) {
    return put_u32(wire, count);
}

bool wire_put_text(Wire *wire, const char *text, size_t length) {
    return put_tag(wire, WIRE_TEXT) && put_u32(wire, (uint32_t)length) && put_raw(wire, text, length);
}

bool wire_put_number(Wire *wire, double number) {
    return put_tag(wire, WIRE_NUMBER) && put_raw(wire, &number, sizeof number);
}

static bool put(JSContext *context, Wire *wire, JSValueConst value, int depth);

static bool put_list(JSContext *context, Wire *wire, JSValueConst list, int depth) {
    int64_t length;
    if (depth >= DEPTH_MAX) {
        JS_ThrowTypeError(context, "too many lists in lists for the host");
        return false;
    }
    if (JS_GetLength(context, list, &length) < 0 || !put_tag(wire, WIRE_LIST) || !put_u32(wire, (uint32_t)length)) {
        return false;
    }
    for (int64_t at = 0; at < length; at++) {
        JSValue one = JS_GetPropertyUint32(context, list, (uint32_t)at);
        bool done = !JS_IsException(one) && put(context, wire, one, depth + 1);
        JS_FreeValue(context, one);
        if (!done) {
            return false;
        }
    }
    return true;
}

static bool put(JSContext *context, Wire *wire, JSValueConst value, int depth) {
    if (JS_IsUndefined(value)) {
        return put_tag(wire, WIRE_UNDEFINED);
    }
    if (JS_IsNull(value)) {
        return put_tag(wire, WIRE_NULL);
    }
    if (JS_IsBool(value)) {
        return put_tag(wire, JS_ToBool(context, value) ? WIRE_TRUE : WIRE_FALSE);
    }
    if (JS_IsNumber(value)) {
        double number;
        JS_ToFloat64(context, &number, value);
        return put_tag(wire, WIRE_NUMBER) && put_raw(wire, &number, sizeof number);
    }
    if (JS_IsString(value)) {
        return put_text(context, wire, value);
    }
    if (JS_GetTypedArrayType(value) == JS_TYPED_ARRAY_UINT8) {
        size_t length;
        const uint8_t *bytes = JS_GetUint8Array(context, &length, value);
        if (bytes == NULL) {
            return false;
        }
        return put_tag(wire, WIRE_BYTES) && put_u32(wire, (uint32_t)length) && put_raw(wire, bytes, length);
    }
    if (JS_IsArray(value)) {
        return put_list(context, wire, value, depth);
    }
    JS_ThrowTypeError(context, "a value that the host does not know");
    return false;
}

bool wire_put(JSContext *context, Wire *wire, int count, JSValueConst *values) {
    bool done = put_u32(wire, (uint32_t)count);
    for (int at = 0; done && at < count; at++) {
        done = put(context, wire, values[at], 0);
    }
    if (!done && !JS_HasException(context)) {
        JS_ThrowOutOfMemory(context);
    }
    return done;
}

static bool take_raw(WireReader *reader, void *into, size_t length) {
    if (reader->left < length) {
        return false;
    }
    memcpy(into, reader->at, length);
    reader->at += length;
    reader->left -= length;
    return true;
}

static bool take_tag(WireReader *reader, uint8_t wanted) {
    uint8_t tag;
    return take_raw(reader, &tag, 1) && tag == wanted;
}

bool wire_read_list(WireReader *reader, uint32_t count) {
    uint32_t length;
    return take_tag(reader, WIRE_LIST) && take_raw(reader, &length, sizeof length) && length == count;
}

bool wire_read_text(WireReader *reader, const char **text, size_t *length) {
    uint32_t size;
    if (!take_tag(reader, WIRE_TEXT) || !take_raw(reader, &size, sizeof size) || reader->left < size) {
        return false;
    }
    *text = (const char *)reader->at;
    *length = size;
    reader->at += size;
    reader->left -= size;
    return true;
}

bool wire_read_number(WireReader *reader, double *number) {
    return take_tag(reader, WIRE_NUMBER) && take_raw(reader, number, sizeof *number);
}

static JSValue broken(JSContext *context) {
    return JS_ThrowInternalError(context, "a message from the host is broken");
}

static JSValue take(JSContext *context, WireReader *reader, int depth) {
    uint8_t tag;
    uint32_t length;
    if (!take_raw(reader, &tag, 1)) {
        return broken(context);
    }
    switch (tag) {
    case WIRE_UNDEFINED:
        return JS_UNDEFINED;
    case WIRE_NULL:
        return JS_NULL;
    case WIRE_FALSE:
        return JS_FALSE;
    case WIRE_TRUE:
        return JS_TRUE;
    case WIRE_NUMBER: {
        double number;
        return take_raw(reader, &number, sizeof number) ? JS_NewFloat64(context, number) : broken(context);
    }
    case WIRE_TEXT:
    case WIRE_BYTES: {
        if (!take_raw(reader, &length, sizeof length) || reader->left < length) {
            return broken(context);
        }
        const uint8_t *bytes = reader->at;
        reader->at += length;
        reader->left -= length;
        return tag == WIRE_TEXT ? JS_NewStringLen(context, (const char *)bytes, length)
                           : JS_NewUint8ArrayCopy(context, bytes, length);
    }
    case WIRE_LIST: {
        // Each value takes a byte at least.
        if (depth >= DEPTH_MAX || !take_raw(reader, &length, sizeof length) || reader->left < length) {
            return broken(context);
        }
        JSValue list = JS_NewArray(context);
        for (uint32_t at = 0; at < length && !JS_IsException(list); at++) {
            JSValue one = take(context, reader, depth + 1);
            if (JS_IsException(one) || JS_DefinePropertyValueUint32(context, list, at, one, JS_PROP_C_W_E) < 0) {
                JS_FreeValue(context, list);
                return JS_EXCEPTION;
            }
        }
        return list;
    }
    default:
        return broken(context);
    }
}

int wire_take(JSContext *context, const uint8_t *data, size_t length, int max, JSValue *values) {
    WireReader reader = { data, length };
    uint32_t count;
    for (int at = 0; at < max; at++) {
        values[at] = JS_UNDEFINED;
    }
    if (!take_raw(&reader, &count, sizeof count) || count > (uint32_t)max) {
        broken(context);
        return -1;
    }
    for (uint32_t at = 0; at < count; at++) {
        values[at] = take(context, &reader, 0);
        if (JS_IsException(values[at])) {
            while (at-- > 0) {
                JS_FreeValue(context, values[at]);
            }
            return -1;
        }
    }
    return (int)count;
}

JSValue wire_take_one(JSContext *context, const uint8_t *data, size_t length) {
    WireReader reader = { data, length };
    return take(context, &reader, 0);
}
