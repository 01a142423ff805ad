// A row as the prelude sees it is an object with the two things that only the engine can do: `run` a CommonJS module, and
// `load` an ES module now, which must not wait.

#include "commonjs.h"
#include "inside.h"
#include "modules.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>

/// A module is a function of these. Two lines, because the engine takes no line 0: the text begins at line 1.
static const char HEAD[] = "(function (exports, require, module, __filename, __dirname) {\n\n";
static const char TAIL[] = "\n})";

/// The root that the program's paths begin at.
static const char ROOT[] = "/";

static size_t first_of_program;
/// What `hooks.program` gave.
static JSValue program = JS_UNDEFINED;

void commonjs_begin_program(void) {
    first_of_program = table_count();
}


static JSValue function_of(JSContext *context, Module *module) {
    size_t length;
    const char *code = JS_ToCStringLen(context, &length, module->code);
    char *text = code == NULL ? NULL : js_malloc(context, sizeof HEAD + length + sizeof TAIL);
    if (text == NULL) {
        JS_FreeCString(context, code);
        return JS_EXCEPTION;
    }
    size_t head = sizeof HEAD - 1;
    memcpy(text, HEAD, head);
    memcpy(text + head, code, length);
    memcpy(text + head + length, TAIL, sizeof TAIL);
    JSEvalOptions options = {
        .version = JS_EVAL_OPTIONS_VERSION,
        .eval_flags = JS_EVAL_TYPE_GLOBAL,
        .filename = module->path,
        // The head has the lines before the first.
        .line_num = -1,
    };
    JSValue function = JS_Eval2(context, text, head + length + sizeof TAIL - 1, &options);
    js_free(context, text);
    JS_FreeCString(context, code);
    return function;
}

static JSValue row_run(JSContext *context, JSValueConst this, int count, JSValueConst *values, int at, JSValue *data) {
    (void)data;
    Module *module = table_at((size_t)at);
    JSValue function = function_of(context, module);
    if (JS_IsException(function)) {
        return JS_EXCEPTION;
    }
    JSValue result = JS_Call(context, function, this, count, values);
    JS_FreeValue(context, function);
    return result;
}

static JSValue row_load(JSContext *context, JSValueConst this, int count, JSValueConst *values, int at, JSValue *data) {
    (void)this, (void)count, (void)values, (void)data;
    JSModuleDef *definition = inside_load(context, table_at((size_t)at)->path);
    JSValue promise = definition == NULL ? JS_EXCEPTION : inside_evaluate(context, definition);
    if (JS_IsException(promise)) {
        return JS_EXCEPTION;
    }
    JSPromiseStateEnum state = JS_PromiseState(context, promise);
    JSValue result = JS_UNDEFINED;
    if (state == JS_PROMISE_REJECTED) {
        // By who required it.
        inside_handled(context, promise);
        result = JS_Throw(context, JS_PromiseResult(context, promise));
    } else if (state == JS_PROMISE_PENDING) {
        result = JS_ThrowPlainError(context, "require() cannot be used on an ESM graph with top-level await. Use import() instead.");
    } else {
        result = JS_GetModuleNamespace(context, definition);
    }
    JS_FreeValue(context, promise);
    return result;
}

static JSValue links_of(JSContext *context, Module *module) {
    JSValue links = JS_NewArray(context);
    for (int64_t at = 0; at < module->link_count; at++) {
        Link *link = &module->links[at];
        JSValue one = JS_NewObject(context);
        JS_SetPropertyStr(context, one, "specifier", JS_NewString(context, link->specifier == NULL ? "" : link->specifier));
        JS_SetPropertyStr(context, one, "is_required", JS_NewBool(context, link->is_required));
        JS_SetPropertyStr(context, one, "target", link->target == NULL ? JS_NULL : JS_NewString(context, link->target));
        JS_SetPropertyUint32(context, links, (uint32_t)at, one);
    }
    return links;
}

static JSValue row_of(JSContext *context, size_t at) {
    Module *module = table_at(at);
    JSValue row = JS_NewObject(context);
    JS_SetPropertyStr(context, row, "path", JS_NewString(context, module->path));
    JS_SetPropertyStr(context, row, "kind", JS_NewString(context, module->kind));
    JS_SetPropertyStr(context, row, "links", links_of(context, module));
    if (strcmp(module->kind, "commonjs") == 0) {
        JS_SetPropertyStr(context, row, "run", JS_NewCFunctionData(context, row_run, 5, (int)at, 0, NULL));
    } else if (strcmp(module->kind, "module") == 0) {
        JS_SetPropertyStr(context, row, "load", JS_NewCFunctionData(context, row_load, 0, (int)at, 0, NULL));
    } else {
        JS_SetPropertyStr(context, row, "code", JS_DupValue(context, module->code));
    }
    return row;
}

JSValue commonjs_rows(JSContext *context) {
    JSValue rows = JS_NewArray(context);
    size_t count = table_count();
    uint32_t place = 0;
    for (size_t at = first_of_program; at < count; at++) {
        // Of the platform's own only its CommonJS library has this form.
        if (first_of_program > 0 || strcmp(table_at(at)->kind, "module") != 0) {
            JS_SetPropertyUint32(context, rows, place++, row_of(context, at));
        }
    }
    return rows;
}

int commonjs_open(JSContext *context, JSValueConst hooks) {
    JSValue function = JS_GetPropertyStr(context, hooks, "program");
    JSValue values[] = { commonjs_rows(context), JS_NewString(context, ROOT) };
    JSValue made = JS_Call(context, function, hooks, 2, values);
    JS_FreeValue(context, values[0]);
    JS_FreeValue(context, values[1]);
    JS_FreeValue(context, function);
    if (JS_IsException(made)) {
        return -1;
    }
    JS_FreeValue(context, program);
    program = made;
    return 0;
}

JSValue commonjs_require(JSContext *context, JSValueConst hooks, const char *path) {
    if (JS_IsUndefined(program) && commonjs_open(context, hooks) < 0) {
        return JS_EXCEPTION;
    }
    JSValue name = JS_NewString(context, path);
    JSValue function = JS_GetPropertyStr(context, program, "require");
    JSValue result = JS_Call(context, function, program, 1, &name);
    JS_FreeValue(context, function);
    JS_FreeValue(context, name);
    return result;
}
