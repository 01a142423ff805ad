// What the host calls: `prepare` once, when the engine is made; `add` and `evaluate` when a program is built; then `hook` for
// everything that happens. After each, all jobs run. Nothing here waits, reads a clock or knows a file.

#include "coding.h"
#include "commonjs.h"
#include "host.h"
#include "inside.h"
#include "modules.h"
#include "table.h"
#include "wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const HOOKS[] = {
#define HOOK(name) #name,
#include "hooks.def"
#undef HOOK
};

enum { HOOK_COUNT = sizeof HOOKS / sizeof *HOOKS, HOOK_START = 0, HOOK_EXITING = 2 };
/// No hook has more arguments; `response` takes the most.
enum { ARGUMENTS_MAX = 12 };
/// Of the four megabytes that the stack in memory has: about eleven thousand calls. The machine has a stack too, of sixteen
/// (LASTING_STACK_BYTES of host/engine), of which nobody inside can tell how much is left: a call takes at most 3.5 times as much
/// of that one (LILY_DEEP in quickjs.patch; tests/engine.rs goes as deep as it can).
enum { STACK_BYTES = 3 << 20 };
/// The platform's first module.
static const char PRELUDE[] = PLATFORM_PREFIX "main.js";

static JSRuntime *runtime;
static JSContext *context;
/// What `host.listen` was given.
static JSValue hooks;
static double next_id = 1;
/// `tick` was called: `ticks` comes before the jobs after a hook's own code, else when no job is left.
static bool tick_is_asked;
static bool was_rejected;
/// The program's entry has been evaluated, or has begun to be.
static bool is_begun;
/// The entry waits at its top: it has not come to its end.
static bool is_waiting;
/// `Math.random` has a seed of this instance.
static bool is_seeded;
/// The program's first module.
static char *entry;

// ---- what the engine answers by itself ----

static JSValue host_id(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count, (void)values;
    return JS_NewFloat64(own, next_id++);
}

static JSValue host_listen(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    JS_FreeValue(own, hooks);
    hooks = JS_DupValue(own, values[0]);
    modules_install(own, hooks);
    return JS_UNDEFINED;
}

static JSValue host_tick(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)own, (void)this, (void)count, (void)values;
    tick_is_asked = true;
    return JS_UNDEFINED;
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
    return JS_NewInt64(own, (int64_t)inside_memory(JS_GetRuntime(own)));
}

/// A script in the sense of the language: not strict, its declarations are global.
static JSValue host_run_script(JSContext *own, JSValueConst this, int count, JSValueConst *values) {
    (void)this, (void)count;
    size_t length;
    const char *code = JS_ToCStringLen(own, &length, values[0]);
    const char *name = JS_ToCString(own, values[1]);
    JSValue result = code == NULL || name == NULL ? JS_EXCEPTION : JS_Eval(own, code, length, name, JS_EVAL_TYPE_GLOBAL);
    JS_FreeCString(own, code);
    JS_FreeCString(own, name);
    return result;
}

static const JSCFunctionListEntry OWN[] = {
    JS_CFUNC_DEF("id", 0, host_id),
    JS_CFUNC_DEF("listen", 1, host_listen),
    JS_CFUNC_DEF("tick", 0, host_tick),
    JS_CFUNC_DEF("asyncContext", 0, host_async_context),
    JS_CFUNC_DEF("setAsyncContext", 1, host_set_async_context),
    JS_CFUNC_DEF("memory", 0, host_memory),
    JS_CFUNC_DEF("runScript", 2, host_run_script),
};

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

static void call_uncaught(void) {
    JSValue error = JS_GetException(context);
    JS_FreeValue(context, call_hook("uncaught", 1, &error));
    JS_FreeValue(context, error);
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
            call_uncaught();
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
    JS_SetAsyncContext(runtime, JS_UNDEFINED);
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

// ---- the program ----

/// What the host is told when something went wrong while an engine or a program is built. It stays until the next.
typedef struct {
    const char *text;
    uint32_t length;
} Wrong;

static Wrong *wrong_of(const char *text, size_t length) {
    static Wrong wrong;
    char *copy = malloc(length + 1);
    free((char *)wrong.text);
    if (copy != NULL) {
        memcpy(copy, text, length);
    }
    wrong = (Wrong){ copy, copy == NULL ? 0 : (uint32_t)length };
    return &wrong;
}

/// The exception that is pending: its stack, which begins with its name and message, or its text.
static Wrong *exception_text(void) {
    JSValue error = JS_GetException(context);
    JSValue stack = JS_IsObject(error) ? JS_GetPropertyStr(context, error, "stack") : JS_UNDEFINED;
    size_t length = 0;
    const char *text = JS_ToCStringLen(context, &length, JS_IsString(stack) ? stack : error);
    if (text == NULL) {
        JS_FreeValue(context, JS_GetException(context));
    }
    static const char unknown[] = "an exception that has no text";
    Wrong *wrong = text == NULL ? wrong_of(unknown, sizeof unknown - 1) : wrong_of(text, length);
    JS_FreeCString(context, text);
    JS_FreeValue(context, stack);
    JS_FreeValue(context, error);
    return wrong;
}

static bool is_commonjs(const char *path) {
    Module *module = table_find(path);
    return module != NULL && strcmp(module->kind, "module") != 0;
}

/// Tells the prelude what the program exports: whether it serves requests.
static bool loaded(JSValueConst namespace) {
    JSValue answer = call_hook("loaded", 1, &namespace);
    bool serves = JS_ToBool(context, answer) == 1;
    JS_FreeValue(context, answer);
    return serves;
}

/// The entry threw. A program that was no server by then is a script, which ends by this.
static void call_failed(void) {
    JSValue error = JS_GetException(context);
    JSValue nothing = JS_NewObject(context);
    loaded(nothing);
    JS_FreeValue(context, nothing);
    JS_Throw(context, error);
    call_uncaught();
}

/// The entry is at its end: its namespace is the module's, or of CommonJS its exports as `default`.
static JSValue begin_end(JSContext *own, JSValueConst this, int count, JSValueConst *values, int magic, JSValue *data) {
    (void)this, (void)count;
    is_waiting = false;
    if (magic == 1) {
        // It threw while it waited at its top.
        JS_Throw(own, JS_DupValue(own, values[0]));
        call_failed();
        return JS_UNDEFINED;
    }
    (void)data;
    JSModuleDef *definition = inside_load(own, entry);
    JSValue namespace = definition == NULL ? JS_EXCEPTION : JS_GetModuleNamespace(own, definition);
    if (JS_IsException(namespace)) {
        return JS_EXCEPTION;
    }
    loaded(namespace);
    JS_FreeValue(own, namespace);
    return JS_UNDEFINED;
}

/// What an entry that is no ES module exports, as a namespace.
static JSValue require_entry(void) {
    JSValue exports = commonjs_require(context, hooks, entry);
    if (JS_IsException(exports)) {
        return JS_EXCEPTION;
    }
    JSValue namespace = JS_NewObject(context);
    JS_SetPropertyStr(context, namespace, "default", exports);
    return namespace;
}

/// Evaluates a module that must not wait for anything but jobs. Its promise is the caller's.
static Wrong *evaluate_module(const char *path) {
    JSValue promise = modules_evaluate(context, path);
    if (JS_IsException(promise)) {
        return exception_text();
    }
    inside_handled(context, promise);
    settle();
    JSPromiseStateEnum state = JS_PromiseState(context, promise);
    JSValue result = JS_PromiseResult(context, promise);
    JS_FreeValue(context, promise);
    if (state == JS_PROMISE_REJECTED) {
        JS_Throw(context, result);
        return exception_text();
    }
    JS_FreeValue(context, result);
    static const char waits[] = "the module waits, at its top, for what never comes while a program is built";
    return state == JS_PROMISE_PENDING ? wrong_of(waits, sizeof waits - 1) : NULL;
}

/// Begins the program where it runs: what it throws is nobody's but `uncaught`'s, and it may wait.
static void start(void) {
    is_begun = true;
    if (commonjs_open(context, hooks) < 0) {
        call_failed();
        return;
    }
    if (is_commonjs(entry)) {
        JSValue namespace = require_entry();
        if (JS_IsException(namespace)) {
            call_failed();
        } else {
            loaded(namespace);
            JS_FreeValue(context, namespace);
        }
        return;
    }
    JSValue promise = modules_evaluate(context, entry);
    if (JS_IsException(promise)) {
        call_failed();
        return;
    }
    is_waiting = true;
    JSValue then = JS_GetPropertyStr(context, promise, "then");
    JSValue ends[] = {
        JS_NewCFunctionData(context, begin_end, 1, 0, 0, NULL),
        JS_NewCFunctionData(context, begin_end, 1, 1, 0, NULL),
    };
    JS_FreeValue(context, JS_Call(context, then, promise, 2, ends));
    JS_FreeValue(context, ends[0]);
    JS_FreeValue(context, ends[1]);
    JS_FreeValue(context, then);
    JS_FreeValue(context, promise);
    // As in Node, where an ES module is itself a job: jobs come before what `process.nextTick` was given.
    run_jobs();
}

// ---- what the host calls ----

#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
void __wasm_call_ctors(void);
#else
#define EXPORT(name)
static void __wasm_call_ctors(void) {
}
#endif

/// Memory for what the host gives; it is the engine's from then on.
EXPORT(cabi_realloc) void *engine_realloc(void *old, size_t old_length, size_t align, size_t length) {
    (void)old_length;
    if (length == 0) {
        return (void *)align;
    }
    void *memory = realloc(old, length);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static Wrong *add(uint8_t *data, size_t length) {
    JSValue list;
    int taken = wire_take(context, data, length, 1, &list);
    free(data);
    if (taken < 0) {
        return exception_text();
    }
    int added = table_add(context, list);
    JS_FreeValue(context, list);
    return added < 0 ? exception_text() : NULL;
}

/// Makes the engine, with the prelude's modules, and evaluates their entry. The answer is null, or what went wrong.
EXPORT(prepare) Wrong *engine_prepare(uint8_t *data, size_t length) {
    __wasm_call_ctors();
    runtime = JS_NewRuntime2(&INSIDE_MEMORY, NULL);
    inside_begin(runtime, host_position);
    context = JS_NewContext(runtime);
    inside_note(context);
    hooks = JS_UNDEFINED;
    JS_SetMaxStackSize(runtime, STACK_BYTES);
    JS_SetHostPromiseRejectionTracker(runtime, track_rejection, NULL);
    host_add(INSIDE_FUNCTIONS, INSIDE_FUNCTION_COUNT);
    host_add(CODING_FUNCTIONS, CODING_FUNCTION_COUNT);
    host_add(OWN, sizeof OWN / sizeof *OWN);
    modules_install(context, hooks);
    Wrong *wrong = add(data, length);
    if (wrong == NULL) {
        wrong = evaluate_module(PRELUDE);
    }
    commonjs_begin_program();
    inside_keep(runtime);
    inside_settle();
    return wrong;
}

/// Adds modules of the program. The answer is null, or what went wrong.
EXPORT(add) Wrong *engine_add(uint8_t *data, size_t length) {
    JS_UpdateStackTop(runtime);
    size_t before = table_count();
    Wrong *wrong = add(data, length);
    if (wrong == NULL && entry == NULL && table_count() > before) {
        entry = table_at(before)->path;
    }
    return wrong;
}

/// Evaluates the program's entry: null, or 1 if it serves requests, or what went wrong.
EXPORT(evaluate) Wrong *engine_evaluate(void) {
    static const char nothing[] = "the program has no module";
    if (entry == NULL) {
        return wrong_of(nothing, sizeof nothing - 1);
    }
    JS_UpdateStackTop(runtime);
    is_begun = true;
    Wrong *wrong = commonjs_open(context, hooks) < 0 ? exception_text() : NULL;
    JSValue namespace = JS_UNDEFINED;
    if (wrong == NULL && is_commonjs(entry)) {
        namespace = require_entry();
        wrong = JS_IsException(namespace) ? exception_text() : NULL;
        settle();
    } else if (wrong == NULL) {
        wrong = evaluate_module(entry);
        JSModuleDef *definition = wrong == NULL ? inside_load(context, entry) : NULL;
        namespace = definition == NULL ? JS_UNDEFINED : JS_GetModuleNamespace(context, definition);
    }
    if (wrong != NULL) {
        return wrong;
    }
    bool serves = loaded(namespace);
    JS_FreeValue(context, namespace);
    settle();
    inside_keep(runtime);
    return serves ? (Wrong *)1 : NULL;
}

/// What does not come from the snapshot: another stack, and numbers that nobody else has.
static void wake(void) {
    JS_UpdateStackTop(runtime);
    uint64_t seed;
    if (!is_seeded && host_random(&seed)) {
        inside_seed(context, seed);
    }
    is_seeded = true;
}

/// Something happened.
EXPORT(hook) void engine_hook(uint32_t hook, uint8_t *data, size_t length) {
    JSValue values[ARGUMENTS_MAX];
    wake();
    int count = wire_take(context, data, length, ARGUMENTS_MAX, values);
    if (length > 0) {
        free(data);
    }
    if (count < 0 || hook >= HOOK_COUNT) {
        JS_FreeValue(context, JS_GetException(context));
        return;
    }
    if (hook == HOOK_START && !is_begun && entry != NULL) {
        start();
        settle();
    }
    if (hook == HOOK_EXITING && is_waiting) {
        JSValue path = JS_NewString(context, entry);
        JS_FreeValue(context, call_hook("unsettled", 1, &path));
        JS_FreeValue(context, path);
    }
    JS_FreeValue(context, call_hook(HOOKS[hook], count, values));
    for (int at = 0; at < count; at++) {
        JS_FreeValue(context, values[at]);
    }
    settle();
}
