// The engine of a JavaScript program. QuickJS-ng is one translation unit with this file, because the console and the async
// context need what its interface does not show; it is patched in one place (prelude/async_context.patch).
//
// The host calls four exports: `prepare` once, when the engine is made; `load` once, when a program is built; then `hook` for
// everything that happens. After each, all jobs run. Nothing here waits, reads a clock or knows a file.

#include "quickjs.c"

#include "engine.h"
#include "modules.h"
#include "wire.h"

/// What the host answers with: implemented by the canonical ABI (abi.c), or by a test.
typedef struct {
    bool failed;
    const uint8_t *data;
    size_t length;
} Answer;

/// Calls the host's function of this number. The answer lies in memory until the next call.
Answer host_call(uint32_t function, const uint8_t *data, size_t length);

enum Function {
#define FUNCTION(name, count) FUNCTION_##name,
#include "functions.def"
#undef FUNCTION
};

static const char *const HOOKS[] = {
#define HOOK(name) #name,
#include "hooks.def"
#undef HOOK
};

enum { HOOK_COUNT = sizeof HOOKS / sizeof *HOOKS };
/// No function has more arguments; `crypto` takes the most.
enum { ARGUMENTS_MAX = 12 };

static JSRuntime *runtime;
static JSContext *context;
/// What `host.listen` was given.
static JSValue hooks;
static Wire wire;
static double next_id = 1;
/// `tick` was called: `ticks` comes before the jobs after a hook's own code, else when no job is left.
static bool tick_is_asked;
static bool was_rejected;

static JSValue call_host(JSContext *own, JSValueConst this, int count, JSValueConst *values, int function) {
    (void)this;
    wire_clear(&wire);
    if (!wire_put(own, &wire, count, values)) {
        return JS_EXCEPTION;
    }
    Answer answer = host_call((uint32_t)function, wire.data, wire.length);
    if (answer.failed) {
        return JS_ThrowPlainError(own, "%.*s", (int)answer.length, (const char *)answer.data);
    }
    return wire_take_one(own, answer.data, answer.length);
}

// ---- what the engine answers by itself ----

static JSValue host_id(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count, (void)values;
    return JS_NewFloat64(own, next_id++);
}

static JSValue host_listen(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    JS_FreeValue(own, hooks);
    hooks = JS_DupValue(own, values[0]);
    return JS_UNDEFINED;
}

static JSValue host_tick(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)own, (void)this, (void)count, (void)values;
    tick_is_asked = true;
    return JS_UNDEFINED;
}

static JSValue host_utf8_encode(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    size_t length;
    const char *text = JS_ToCStringLen(own, &length, values[0]);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    JSValue bytes = JS_NewUint8ArrayCopy(own, (const uint8_t *)text, length);
    JS_FreeCString(own, text);
    size_t size;
    uint8_t *data = JS_IsException(bytes) ? NULL : JS_GetUint8Array(own, &size, bytes);
    for (size_t at = 0; data != NULL && at + 2 < size; at++) {
        // A lone surrogate, which UTF-8 cannot say.
        if (data[at] == 0xED && data[at + 1] >= 0xA0) {
            memcpy(data + at, "\xEF\xBF\xBD", 3);
            at += 2;
        }
    }
    return bytes;
}

static JSValue host_promise_state(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    static const char *const words[] = { "pending", "fulfilled", "rejected" };
    JSPromiseStateEnum state = JS_PromiseState(own, values[0]);
    if ((int)state < 0) {
        return JS_ThrowTypeError(own, "not a promise");
    }
    JSValue pair = JS_NewArray(own);
    JS_SetPropertyUint32(own, pair, 0, JS_NewString(own, words[state]));
    JS_SetPropertyUint32(own, pair, 1, JS_PromiseResult(own, values[0]));
    return pair;
}

static JSValue host_proxy_parts(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    JSProxyData *proxy = JS_GetOpaque2(own, values[0], JS_CLASS_PROXY);
    if (proxy == NULL) {
        return JS_EXCEPTION;
    }
    JSValue pair = JS_NewArray(own);
    bool gone = proxy->is_revoked;
    JS_SetPropertyUint32(own, pair, 0, gone ? JS_NULL : JS_DupValue(own, proxy->target));
    JS_SetPropertyUint32(own, pair, 1, gone ? JS_NULL : JS_DupValue(own, proxy->handler));
    return pair;
}

static JSValue host_async_context(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count, (void)values;
    return JS_GetAsyncContext(JS_GetRuntime(own));
}

static JSValue host_set_async_context(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    JS_SetAsyncContext(JS_GetRuntime(own), values[0]);
    return JS_UNDEFINED;
}

static JSValue host_memory(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count, (void)values;
    JSMemoryUsage usage;
    JS_ComputeMemoryUsage(JS_GetRuntime(own), &usage);
    return JS_NewInt64(own, usage.malloc_size);
}

/// The names of the engine's own classes, as the console tells them.
static const char *class_word(JSClassID class) {
    switch (class) {
    case JS_CLASS_C_FUNCTION:
    case JS_CLASS_BYTECODE_FUNCTION:
    case JS_CLASS_BOUND_FUNCTION:
    case JS_CLASS_C_FUNCTION_DATA:
        return "Function";
    case JS_CLASS_MODULE_NS:
        return "Module";
    case JS_CLASS_MAPPED_ARGUMENTS:
        return "Arguments";
    case JS_CLASS_MAP_ITERATOR:
        return "MapIterator";
    case JS_CLASS_SET_ITERATOR:
        return "SetIterator";
    default:
        return NULL;
    }
}

static JSValue host_kind(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    JSClassID class = JS_GetClassID(values[0]);
    if (class == JS_INVALID_CLASS_ID) {
        return JS_ThrowTypeError(own, "not an object");
    }
    const char *word = class_word(class);
    return word != NULL ? JS_NewString(own, word) : JS_AtomToString(own, runtime->class_array[class].class_name);
}

static JSValue host_iterator_rest(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    JSClassID class = JS_GetClassID(values[0]);
    bool is_set = class == JS_CLASS_SET_ITERATOR;
    if (!is_set && class != JS_CLASS_MAP_ITERATOR) {
        return JS_ThrowTypeError(own, "not an iterator of a Map or a Set");
    }
    JSMapIteratorData *iterator = JS_GetOpaque(values[0], class);
    JSValue rest = JS_NewArray(own);
    bool pairs = iterator != NULL && iterator->kind == JS_ITERATOR_KIND_KEY_AND_VALUE;
    JSMapState *map = iterator == NULL || JS_IsUndefined(iterator->obj)
        ? NULL
        : JS_GetOpaque(iterator->obj, is_set ? JS_CLASS_SET : JS_CLASS_MAP);
    uint32_t at = 0;
    struct list_head *link = map == NULL ? NULL
        : iterator->cur_record != NULL   ? iterator->cur_record->link.next
                                         : map->records.next;
    for (; link != NULL && link != &map->records; link = link->next) {
        JSMapRecord *record = list_entry(link, JSMapRecord, link);
        if (record->empty) {
            continue;
        }
        if (pairs || iterator->kind == JS_ITERATOR_KIND_KEY || is_set) {
            JS_SetPropertyUint32(own, rest, at++, JS_DupValue(own, record->key));
        }
        if (pairs || (!is_set && iterator->kind == JS_ITERATOR_KIND_VALUE)) {
            JS_SetPropertyUint32(own, rest, at++, JS_DupValue(own, is_set ? record->key : record->value));
        }
    }
    JSValue pair = JS_NewArray(own);
    JS_SetPropertyUint32(own, pair, 0, rest);
    JS_SetPropertyUint32(own, pair, 1, JS_NewBool(own, pairs));
    return pair;
}

// ---- the module `lily:host` ----

static const JSCFunctionListEntry OWN[] = {
    JS_CFUNC_DEF("id", 0, host_id),
    JS_CFUNC_DEF("listen", 1, host_listen),
    JS_CFUNC_DEF("tick", 0, host_tick),
    JS_CFUNC_DEF("utf8Encode", 1, host_utf8_encode),
    JS_CFUNC_DEF("kind", 1, host_kind),
    JS_CFUNC_DEF("promiseState", 1, host_promise_state),
    JS_CFUNC_DEF("proxyParts", 1, host_proxy_parts),
    JS_CFUNC_DEF("iteratorRest", 1, host_iterator_rest),
    JS_CFUNC_DEF("asyncContext", 0, host_async_context),
    JS_CFUNC_DEF("setAsyncContext", 1, host_set_async_context),
    JS_CFUNC_DEF("memory", 0, host_memory),
};

static int host_module_init(JSContext *own, JSModuleDef *definition) {
    JSValue host = JS_NewObject(own);
    JS_SetPropertyFunctionList(own, host, OWN, sizeof OWN / sizeof *OWN);
#define FUNCTION(name, count)                                                                                              \
    JS_DefinePropertyValueStr(own, host, #name,                                                                            \
                              JS_NewCFunctionMagic(own, call_host, #name, count, JS_CFUNC_generic_magic, FUNCTION_##name), \
                              JS_PROP_C_W_E);
#include "functions.def"
#undef FUNCTION
    return JS_SetModuleExport(own, definition, "host", host);
}

JSModuleDef *engine_host_module(JSContext *own) {
    JSModuleDef *definition = JS_NewCModule(own, HOST_MODULE, host_module_init);
    if (definition != NULL) {
        JS_AddModuleExport(own, definition, "host");
    }
    return definition;
}

// ---- hooks and jobs ----

/// Calls a hook of the prelude with values of ours, which stay ours. What it throws goes to `uncaught`, once.
static JSValue call_hook(const char *name, int count, JSValueConst *values) {
    JSValue function = JS_GetPropertyStr(context, hooks, name);
    if (!JS_IsFunction(context, function)) {
        JS_FreeValue(context, function);
        return JS_UNDEFINED;
    }
    JSValue result = JS_Call(context, function, hooks, count, values);
    JS_FreeValue(context, function);
    if (!JS_IsException(result)) {
        return result;
    }
    JSValue error = JS_GetException(context);
    if (strcmp(name, "uncaught") != 0) {
        JS_FreeValue(context, call_hook("uncaught", 1, &error));
    }
    JS_FreeValue(context, error);
    return JS_UNDEFINED;
}

static void run_ticks(void) {
    while (tick_is_asked) {
        tick_is_asked = false;
        JS_FreeValue(context, call_hook("ticks", 0, NULL));
    }
}

static void run_jobs(void) {
    for (;;) {
        JSContext *own;
        int ran = JS_ExecutePendingJob(runtime, &own);
        if (ran < 0) {
            JSValue error = JS_GetException(own);
            JS_FreeValue(context, call_hook("uncaught", 1, &error));
            JS_FreeValue(context, error);
        } else if (ran == 0) {
            if (!tick_is_asked) {
                return;
            }
            run_ticks();
        }
    }
}

/// Everything that follows a turn: what was put off, all jobs, and the word about promises that nobody handles.
static void settle(void) {
    run_ticks();
    run_jobs();
    while (was_rejected) {
        was_rejected = false;
        JS_FreeValue(context, call_hook("checkpoint", 0, NULL));
        run_ticks();
        run_jobs();
    }
}

static void track_rejection(JSContext *own, JSValueConst promise, JSValueConst reason, bool is_handled, void *opaque) {
    (void)own, (void)opaque;
    JSValueConst values[] = { promise, reason };
    was_rejected = was_rejected || !is_handled;
    JS_FreeValue(context, call_hook(is_handled ? "handled" : "rejected", is_handled ? 1 : 2, values));
}

JSValue engine_require(JSContext *own, const char *path) {
    JSValue name = JS_NewString(own, path);
    JSValue function = JS_GetPropertyStr(own, hooks, "require");
    JSValue result = JS_Call(own, function, hooks, 1, &name);
    JS_FreeValue(own, function);
    JS_FreeValue(own, name);
    return result;
}

// ---- what the host calls ----

/// Makes the engine, with the prelude's modules, and evaluates their entry. The answer is null, or what went wrong.
const char *engine_prepare(const uint8_t *data, size_t length, const char *entry);
/// Adds the program's modules and evaluates its entry. The answer is null, or what went wrong.
const char *engine_load(const uint8_t *data, size_t length, const char *entry);
/// Something happened.
void engine_hook(uint32_t hook, const uint8_t *data, size_t length);

/// The exception that is pending, with its stack. It lies in memory until the next one.
static const char *exception_text(void) {
    static char *text;
    free(text);
    JSValue error = JS_GetException(context);
    const char *message = JS_ToCString(context, error);
    JSValue stack = JS_GetPropertyStr(context, error, "stack");
    const char *places = JS_IsString(stack) ? JS_ToCString(context, stack) : NULL;
    size_t size = (message ? strlen(message) : 0) + (places ? strlen(places) : 0) + 16;
    text = malloc(size);
    snprintf(text, size, "%s\n%s", message ? message : "an exception", places ? places : "");
    JS_FreeCString(context, message);
    JS_FreeCString(context, places);
    JS_FreeValue(context, stack);
    JS_FreeValue(context, error);
    return text;
}

/// Evaluates a module and all that it imports. `namespace` is what it exports, once it has come to its end.
static const char *evaluate(const char *entry, JSValue *namespace) {
    JSValue promise = JS_LoadModule(context, "", entry);
    if (JS_IsException(promise)) {
        return exception_text();
    }
    settle();
    JSPromiseStateEnum state = JS_PromiseState(context, promise);
    JSValue result = JS_PromiseResult(context, promise);
    JS_FreeValue(context, promise);
    if (state == JS_PROMISE_FULFILLED) {
        *namespace = result;
        return NULL;
    }
    if (state == JS_PROMISE_PENDING) {
        JS_FreeValue(context, result);
        return "the module waits, at its top, for what never comes while a program is built";
    }
    JS_Throw(context, result);
    return exception_text();
}

static const char *add(const uint8_t *data, size_t length) {
    JSValue list;
    if (wire_take(context, data, length, 1, &list) < 0) {
        return exception_text();
    }
    int added = modules_add(context, list);
    JS_FreeValue(context, list);
    return added < 0 ? exception_text() : NULL;
}

const char *engine_prepare(const uint8_t *data, size_t length, const char *entry) {
    runtime = JS_NewRuntime();
    context = JS_NewContext(runtime);
    hooks = JS_UNDEFINED;
    JS_SetHostPromiseRejectionTracker(runtime, track_rejection, NULL);
    modules_install(runtime);
    const char *wrong = add(data, length);
    JSValue namespace = JS_UNDEFINED;
    if (wrong == NULL) {
        wrong = evaluate(entry, &namespace);
    }
    JS_FreeValue(context, namespace);
    JS_RunGC(runtime);
    return wrong;
}

const char *engine_load(const uint8_t *data, size_t length, const char *entry) {
    const char *wrong = add(data, length);
    JSValue namespace = JS_UNDEFINED;
    if (wrong == NULL) {
        wrong = evaluate(entry, &namespace);
    }
    if (wrong == NULL) {
        JS_FreeValue(context, call_hook("loaded", 1, &namespace));
        settle();
    }
    JS_FreeValue(context, namespace);
    JS_RunGC(runtime);
    return wrong;
}

void engine_hook(uint32_t hook, const uint8_t *data, size_t length) {
    JSValue values[ARGUMENTS_MAX];
    if (hook >= HOOK_COUNT) {
        return;
    }
    // The stack may be another one than when the snapshot was made.
    JS_UpdateStackTop(runtime);
    int count = wire_take(context, data, length, ARGUMENTS_MAX, values);
    if (count < 0) {
        JS_FreeValue(context, JS_GetException(context));
        return;
    }
    JS_FreeValue(context, call_hook(HOOKS[hook], count, values));
    for (int at = 0; at < count; at++) {
        JS_FreeValue(context, values[at]);
    }
    settle();
}
