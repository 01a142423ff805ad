// Each function takes the short way for text without a character above U+007F, which is most of it.

#include "coding.h"
#include "host.h"
#include "inside.h"

#include <stdlib.h>
#include <string.h>

void coding_mend_surrogates(uint8_t *text, size_t length) {
    for (size_t at = 0; at + 2 < length; at++) {
        if (text[at] == 0xED && text[at + 1] >= 0xA0) {
            memcpy(text + at, "\xEF\xBF\xBD", 3);
            at += 2;
        }
    }
}

static JSValue utf8_encode(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    size_t length;
    const uint8_t *ascii = inside_ascii(values[0], &length);
    if (ascii != NULL) {
        return JS_NewUint8ArrayCopy(context, ascii, length);
    }
    const char *text = JS_ToCStringLen(context, &length, values[0]);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    JSValue bytes = JS_NewUint8ArrayCopy(context, (const uint8_t *)text, length);
    JS_FreeCString(context, text);
    size_t size;
    uint8_t *data = JS_IsException(bytes) ? NULL : JS_GetUint8Array(context, &size, bytes);
    if (data != NULL) {
        coding_mend_surrogates(data, size);
    }
    return bytes;
}

/// How many bytes the character that begins with this byte has.
static size_t width_of(uint8_t first) {
    return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static JSValue pair(JSContext *context, double first, double second) {
    JSValue pair = JS_NewArray(context);
    if (!JS_IsException(pair)) {
        JS_SetPropertyUint32(context, pair, 0, JS_NewFloat64(context, first));
        JS_SetPropertyUint32(context, pair, 1, JS_NewFloat64(context, second));
    }
    return pair;
}

static JSValue utf8_encode_into(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    size_t room;
    size_t length;
    uint8_t *into = JS_GetUint8Array(context, &room, values[1]);
    if (into == NULL) {
        return JS_EXCEPTION;
    }
    const uint8_t *ascii = inside_ascii(values[0], &length);
    if (ascii != NULL) {
        length = length < room ? length : room;
        memcpy(into, ascii, length);
        return pair(context, (double)length, (double)length);
    }
    const char *text = JS_ToCStringLen(context, &length, values[0]);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    // Whole characters only; one of four bytes is two units of UTF-16.
    size_t written = 0;
    size_t read = 0;
    while (written < length) {
        size_t width = width_of((uint8_t)text[written]);
        if (written + width > room || written + width > length) {
            break;
        }
        written += width;
        read += width == 4 ? 2 : 1;
    }
    memcpy(into, text, written);
    JS_FreeCString(context, text);
    coding_mend_surrogates(into, written);
    return pair(context, (double)read, (double)written);
}

/// The length of the well-formed character at `at`, whose first byte is not ASCII; 0: there is none.
static size_t character_at(const uint8_t *bytes, size_t at, size_t length) {
    uint8_t first = bytes[at];
    if (first < 0xC2 || first > 0xF4) {
        return 0;
    }
    size_t width = width_of(first);
    if (width > length - at) {
        return 0;
    }
    // The second byte is bounded so that nothing is longer than it has to be, a surrogate, or beyond U+10FFFF.
    uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (bytes[at + 1] < low || bytes[at + 1] > high) {
        return 0;
    }
    for (size_t next = 2; next < width; next++) {
        if ((bytes[at + next] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return width;
}

static bool is_utf8(const uint8_t *bytes, size_t length) {
    size_t at = 0;
    while (at < length) {
        uint64_t eight;
        if (at + 8 <= length && (memcpy(&eight, bytes + at, 8), (eight & 0x8080808080808080u) == 0)) {
            at += 8;
        } else if (bytes[at] < 0x80) {
            at++;
        } else {
            size_t width = character_at(bytes, at, length);
            if (width == 0) {
                return false;
            }
            at += width;
        }
    }
    return true;
}

/// Well-formed UTF-8 here; all else is the host's.
static JSValue decode(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this;
    size_t length;
    size_t size;
    const uint8_t *label = inside_ascii(values[0], &length);
    if (label != NULL && length == 5 && memcmp(label, "utf-8", 5) == 0) {
        const uint8_t *bytes = JS_GetUint8Array(context, &size, values[1]);
        if (bytes == NULL) {
            return JS_EXCEPTION;
        }
        if (is_utf8(bytes, size)) {
            return JS_NewStringLen(context, (const char *)bytes, size);
        }
    }
    return host_call(context, FUNCTION_decode, count, values);
}

// ---- base64 and hex ----

/// Text of this many characters, all ASCII, that `write` fills.
typedef void Write(char *into, const uint8_t *bytes, size_t length, bool url);

static JSValue text_of(JSContext *context, JSValueConst array, size_t (*room)(size_t), Write *write, bool url) {
    size_t length;
    const uint8_t *bytes = JS_GetUint8Array(context, &length, array);
    if (bytes == NULL) {
        return JS_EXCEPTION;
    }
    size_t size = room(length);
    char *text = js_malloc(context, size + 1);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    write(text, bytes, length, url);
    text[size] = '\0';
    // Without padding it is shorter.
    JSValue result = JS_NewStringLen(context, text, strlen(text));
    js_free(context, text);
    return result;
}

static size_t base64_room(size_t length) {
    return (length + 2) / 3 * 4;
}

static void write_base64(char *into, const uint8_t *bytes, size_t length, bool url) {
    const char *digits = url ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
                             : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t at = 0;
    for (; at + 3 <= length; at += 3) {
        uint32_t three = (uint32_t)bytes[at] << 16 | (uint32_t)bytes[at + 1] << 8 | bytes[at + 2];
        *into++ = digits[three >> 18];
        *into++ = digits[three >> 12 & 63];
        *into++ = digits[three >> 6 & 63];
        *into++ = digits[three & 63];
    }
    size_t left = length - at;
    if (left > 0) {
        uint32_t rest = (uint32_t)bytes[at] << 16 | (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0);
        *into++ = digits[rest >> 18];
        *into++ = digits[rest >> 12 & 63];
        if (left > 1) {
            *into++ = digits[rest >> 6 & 63];
        }
        // The web's own alphabet goes without padding.
        for (size_t pad = left; pad < 3 && !url; pad++) {
            *into++ = '=';
        }
    }
    *into = '\0';
}

static JSValue base64(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    return text_of(context, values[0], base64_room, write_base64, JS_ToBool(context, values[1]) == 1);
}

static size_t hex_room(size_t length) {
    return length * 2;
}

static void write_hex(char *into, const uint8_t *bytes, size_t length, bool url) {
    (void)url;
    static const char digits[] = "0123456789abcdef";
    for (size_t at = 0; at < length; at++) {
        *into++ = digits[bytes[at] >> 4];
        *into++ = digits[bytes[at] & 15];
    }
    *into = '\0';
}

static JSValue hex(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    return text_of(context, values[0], hex_room, write_hex, false);
}

static int digit_of(uint8_t character) {
    if (character >= 'A' && character <= 'Z') {
        return character - 'A';
    }
    if (character >= 'a' && character <= 'z') {
        return character - 'a' + 26;
    }
    if (character >= '0' && character <= '9') {
        return character - '0' + 52;
    }
    return character == '+' ? 62 : character == '/' ? 63 : -1;
}

static bool is_blank(uint8_t character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\f' || character == '\r';
}

/// Takes the padding and blanks off: https://infra.spec.whatwg.org/#forgiving-base64-decode. Gives the length, or -1.
static int64_t trimmed(const uint8_t *text, size_t length, uint8_t *into) {
    size_t size = 0;
    for (size_t at = 0; at < length; at++) {
        if (!is_blank(text[at])) {
            into[size++] = text[at];
        }
    }
    if (size % 4 == 0) {
        for (int pad = 0; pad < 2 && size > 0 && into[size - 1] == '='; pad++) {
            size--;
        }
    }
    return size % 4 == 1 ? -1 : (int64_t)size;
}

/// The bytes, in the place of the digits; -1: another character.
static int64_t decoded(uint8_t *text, size_t length) {
    uint32_t bits = 0;
    int have = 0;
    size_t size = 0;
    for (size_t at = 0; at < length; at++) {
        int digit = digit_of(text[at]);
        if (digit < 0) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)digit;
        have += 6;
        if (have >= 8) {
            have -= 8;
            text[size++] = (uint8_t)(bits >> have);
        }
    }
    return (int64_t)size;
}

static JSValue unbase64(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    size_t length;
    const uint8_t *ascii = inside_ascii(values[0], &length);
    const char *other = ascii != NULL ? NULL : JS_ToCStringLen(context, &length, values[0]);
    if (ascii == NULL && other == NULL) {
        return JS_EXCEPTION;
    }
    JSValue result = JS_NULL;
    uint8_t *work = js_malloc(context, length + 1);
    if (work == NULL) {
        result = JS_EXCEPTION;
    } else {
        int64_t size = trimmed(ascii != NULL ? ascii : (const uint8_t *)other, length, work);
        size = size < 0 ? size : decoded(work, (size_t)size);
        if (size >= 0) {
            result = JS_NewUint8ArrayCopy(context, work, (size_t)size);
        }
        js_free(context, work);
    }
    JS_FreeCString(context, other);
    return result;
}

const JSCFunctionListEntry CODING_FUNCTIONS[] = {
    JS_CFUNC_DEF("utf8Encode", 1, utf8_encode),
    JS_CFUNC_DEF("utf8EncodeInto", 2, utf8_encode_into),
    JS_CFUNC_DEF("decode", 3, decode),
    JS_CFUNC_DEF("base64", 2, base64),
    JS_CFUNC_DEF("hex", 1, hex),
    JS_CFUNC_DEF("unbase64", 1, unbase64),
};
const int CODING_FUNCTION_COUNT = sizeof CODING_FUNCTIONS / sizeof *CODING_FUNCTIONS;
