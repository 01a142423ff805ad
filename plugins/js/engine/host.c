// Calls to the host. A call is a message of values (wire.h); its answer is one value, or a text that is thrown as an Error.

#include "host.h"
#include "inside.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// What the canonical ABI writes for `result<list<u8>, string>`.
typedef struct {
    uint8_t failed;
    uint8_t *data;
    uint32_t length;
} Answer;

#ifdef __wasm__
__attribute__((import_module("lily:javascript/host@0.1.0"), import_name("call")))
#endif
void host_import(uint32_t function, const uint8_t *data, uint32_t length, Answer *answer);

/// Messages are written here, one after the other.
static Wire kept_wire;

static void forget(Answer *answer) {
    // An empty list lies nowhere.
    if (answer->length > 0) {
        free(answer->data);
    }
}

/// Takes the wire, so that a getter which runs while a message is written can have one of its own.
static Wire take_wire(void) {
    Wire wire = kept_wire;
    kept_wire = (Wire){ 0 };
    wire_clear(&wire);
    return wire;
}

static void give_wire(Wire *wire) {
    enum { KEPT_MAX = 1 << 16 };
    if (kept_wire.data == NULL && wire->capacity <= KEPT_MAX) {
        kept_wire = *wire;
    } else {
        free(wire->data);
    }
}

JSValue host_call(JSContext *context, enum Function function, int count, JSValueConst *values) {
    Wire wire = take_wire();
    if (!wire_put(context, &wire, count, values)) {
        give_wire(&wire);
        return JS_EXCEPTION;
    }
    Answer answer = { 0 };
    host_import(function, wire.data, (uint32_t)wire.length, &answer);
    give_wire(&wire);
    JSValue result = answer.failed ? inside_throw(context, (const char *)answer.data, answer.length)
                                   : wire_take_one(context, answer.data, answer.length);
    forget(&answer);
    return result;
}

/// The answer to a function whose arguments are already a message. False: it was refused.
static bool call_plainly(enum Function function, const void *data, size_t length, Answer *answer) {
    *answer = (Answer){ 0 };
    host_import(function, data, (uint32_t)length, answer);
    if (answer->failed) {
        forget(answer);
    }
    return !answer->failed;
}

static double number_of(enum Function function) {
    static const uint32_t nothing = 0;
    Answer answer;
    double number = 0;
    if (call_plainly(function, &nothing, sizeof nothing, &answer)) {
        if (answer.length == 1 + sizeof number && answer.data[0] == WIRE_NUMBER) {
            memcpy(&number, answer.data + 1, sizeof number);
        }
        forget(&answer);
    }
    return number;
}

double host_now(void) {
    return number_of(FUNCTION_now);
}

double host_monotonic(void) {
    return number_of(FUNCTION_monotonic);
}

bool host_random(uint64_t *into) {
    // One value: eight bytes to be filled.
    static const uint8_t message[4 + 1 + 4 + 8] = { 1, 0, 0, 0, WIRE_BYTES, 8 };
    Answer answer;
    if (!call_plainly(FUNCTION_random, message, sizeof message, &answer)) {
        return false;
    }
    bool given = answer.length == 1 + 4 + sizeof *into && answer.data[0] == WIRE_BYTES;
    if (given) {
        memcpy(into, answer.data + 5, sizeof *into);
    }
    forget(&answer);
    return given;
}

bool host_position(const char *path, int line, int column, char *into, size_t size) {
    Wire wire = take_wire();
    WireReader reader;
    Answer answer;
    bool found = false;
    if (wire_put_count(&wire, 3) && wire_put_text(&wire, path, strlen(path)) && wire_put_number(&wire, line)
        && wire_put_number(&wire, column) && call_plainly(FUNCTION_position, wire.data, wire.length, &answer)) {
        const char *text;
        size_t length;
        double place[2];
        reader = (WireReader){ answer.data, answer.length };
        found = wire_read_list(&reader, 3) && wire_read_text(&reader, &text, &length) && wire_read_number(&reader, &place[0])
            && wire_read_number(&reader, &place[1]);
        if (found) {
            snprintf(into, size, "%.*s:%d:%d", (int)length, text, (int)place[0], (int)place[1]);
        }
        forget(&answer);
    }
    give_wire(&wire);
    return found;
}

// ---- the module `lily:host` ----

static JSValue call(JSContext *context, JSValueConst this, int count, JSValueConst *values, int function) {
    (void)this;
    return host_call(context, (enum Function)function, count, values);
}

/// A function that fills an array: the host answers with bytes, which go to its start. Gives how many they are.
static JSValue fill(JSContext *context, JSValueConst array, JSValue answer) {
    size_t room;
    size_t length;
    uint8_t *into = JS_GetUint8Array(context, &room, array);
    uint8_t *bytes = into == NULL || JS_IsException(answer) ? NULL : JS_GetUint8Array(context, &length, answer);
    if (bytes == NULL) {
        JS_FreeValue(context, answer);
        return JS_EXCEPTION;
    }
    length = length < room ? length : room;
    memcpy(into, bytes, length);
    JS_FreeValue(context, answer);
    return JS_NewInt64(context, (int64_t)length);
}

static JSValue host_random_of(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this;
    JSValue filled = fill(context, values[0], host_call(context, FUNCTION_random, count, values));
    return JS_IsException(filled) ? filled : JS_UNDEFINED;
}

static JSValue host_read_at(JSContext *context, JSValueConst this, int count, JSValueConst *values) {
    (void)this;
    return fill(context, values[1], host_call(context, FUNCTION_readAt, count, values));
}

static const JSCFunctionListEntry FILLING[] = {
    JS_CFUNC_DEF("random", 1, host_random_of),
    JS_CFUNC_DEF("readAt", 3, host_read_at),
};

/// What `host_add` was given.
enum { LISTS_MAX = 4 };
static struct {
    const JSCFunctionListEntry *functions;
    int count;
} lists[LISTS_MAX];
static int list_count;

void host_add(const JSCFunctionListEntry *functions, int count) {
    if (list_count < LISTS_MAX) {
        lists[list_count].functions = functions;
        lists[list_count++].count = count;
    }
}

/// A function that goes to the host as it is, unless the engine has one of this name.
static void pass_on(JSContext *context, JSValueConst host, const char *name, int count, int function) {
    JSValue own = JS_GetPropertyStr(context, host, name);
    if (JS_IsUndefined(own)) {
        own = JS_NewCFunctionMagic(context, call, name, count, JS_CFUNC_generic_magic, function);
        JS_DefinePropertyValueStr(context, host, name, own, JS_PROP_C_W_E);
    } else {
        JS_FreeValue(context, own);
    }
}

static int init(JSContext *context, JSModuleDef *definition) {
    JSValue host = JS_NewObject(context);
    JS_SetPropertyFunctionList(context, host, FILLING, sizeof FILLING / sizeof *FILLING);
    for (int at = 0; at < list_count; at++) {
        JS_SetPropertyFunctionList(context, host, lists[at].functions, lists[at].count);
    }
#define FUNCTION(name, count) pass_on(context, host, #name, count, FUNCTION_##name);
#include "functions.def"
#undef FUNCTION
    return JS_SetModuleExport(context, definition, "host", host);
}

JSModuleDef *host_module(JSContext *context) {
    JSModuleDef *definition = JS_NewCModule(context, HOST_MODULE, init);
    if (definition != NULL) {
        JS_AddModuleExport(context, definition, "host");
    }
    return definition;
}
