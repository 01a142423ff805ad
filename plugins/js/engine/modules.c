// Where modules are found. Nothing is read from outside: the frontend resolved every specifier that it could see, and what it
// could not see is said to be so.

#include "modules.h"
#include "commonjs.h"
#include "host.h"
#include "inside.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// Of a path that a program puts together.
enum { PATH_BYTES = 1024 };

static JSValue hooks;

static bool is_platform(const char *path) {
    return strncmp(path, PLATFORM_PREFIX, sizeof PLATFORM_PREFIX - 1) == 0;
}

// ---- resolution ----

/// The path of `name` from the folder of `base`. False: it is too long.
static bool join(const char *base, const char *name, char path[PATH_BYTES]) {
    const char *slash = strrchr(base, '/');
    size_t length = slash == NULL || name[0] == '/' ? 0 : (size_t)(slash - base);
    if (length + strlen(name) + 2 > PATH_BYTES) {
        return false;
    }
    memcpy(path, base, length);
    while (*name != '\0') {
        const char *end = strchr(name, '/');
        size_t part = end == NULL ? strlen(name) : (size_t)(end - name);
        if (part == 2 && memcmp(name, "..", 2) == 0) {
            while (length > 0 && path[length - 1] != '/') {
                length--;
            }
            length = length > 0 ? length - 1 : 0;
        } else if (part > 0 && !(part == 1 && *name == '.')) {
            if (length > 0) {
                path[length++] = '/';
            }
            memcpy(path + length, name, part);
            length += part;
        }
        name += part + (end != NULL);
    }
    path[length] = '\0';
    return true;
}

/// That path for an import that is put together while the program runs; null: no such module.
static char *joined(JSContext *context, const char *base, const char *name) {
    char path[PATH_BYTES];
    return join(base, name, path) && table_find(path) != NULL ? js_strdup(context, path) : NULL;
}

/// Node's error for a module that there is none of.
static void throw_not_found(JSContext *context, const char *base, const char *name) {
    char message[1024];
    bool is_path = name[0] == '.' || name[0] == '/';
    int length = snprintf(message, sizeof message, "Cannot find %s '%s' imported from /%s", is_path ? "module" : "package", name,
                          base);
    inside_throw(context, message, length < (int)sizeof message ? (size_t)length : sizeof message - 1);
    JSValue error = JS_GetException(context);
    if (JS_IsObject(error)) {
        JS_SetPropertyStr(context, error, "code", JS_NewString(context, "ERR_MODULE_NOT_FOUND"));
    }
    JS_Throw(context, error);
}

/// The exports of `node:fs`, or undefined.
static JSValue builtin(JSContext *context, const char *name) {
    JSValue function = JS_GetPropertyStr(context, hooks, "builtin");
    if (!JS_IsFunction(context, function)) {
        return JS_UNDEFINED;
    }
    JSValue text = JS_NewString(context, name);
    JSValue found = JS_Call(context, function, hooks, 1, &text);
    JS_FreeValue(context, text);
    JS_FreeValue(context, function);
    return found;
}

static bool is_builtin(JSContext *context, const char *name) {
    JSValue found = builtin(context, name);
    bool is = JS_IsObject(found);
    if (JS_IsException(found)) {
        JS_FreeValue(context, JS_GetException(context));
    }
    JS_FreeValue(context, found);
    return is;
}

static char *normalize(JSContext *context, const char *base, const char *name, void *opaque) {
    (void)opaque;
    if (base[0] == '\0') {
        // The engine's own question.
        return js_strdup(context, name);
    }
    Module *module = table_find(base);
    Link *link = module == NULL ? NULL : table_link(module, name);
    if (link != NULL && link->target != NULL) {
        return js_strdup(context, link->target);
    }
    if (is_platform(base) == is_platform(name) && table_find(name) != NULL) {
        return js_strdup(context, name);
    }
    if (is_platform(base) && (strcmp(name, HOST_MODULE) == 0 || strcmp(name, ROWS_MODULE) == 0)) {
        return js_strdup(context, name);
    }
    if (is_builtin(context, name)) {
        return js_strdup(context, name);
    }
    char *path = name[0] == '.' ? joined(context, base, name) : NULL;
    if (path == NULL) {
        throw_not_found(context, base, name);
    }
    return path;
}

// ---- modules that are no JavaScript ----

/// Every key of an object as one more export. With `declared` those that were named when the module was made have their value.
static int export_keys(JSContext *context, JSModuleDef *definition, JSValueConst value, Module *module) {
    JSPropertyEnum *keys = NULL;
    uint32_t count = 0;
    if (!JS_IsObject(value)) {
        return 0;
    }
    if (JS_GetOwnPropertyNames(context, &keys, &count, value, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
        return -1;
    }
    int result = 0;
    for (uint32_t at = 0; result == 0 && at < count; at++) {
        const char *name = JS_AtomToCString(context, keys[at].atom);
        if (name != NULL && strcmp(name, "default") != 0 && (module == NULL || !table_names(module, name))) {
            JSValue one = JS_GetProperty(context, value, keys[at].atom);
            result = JS_IsException(one) ? -1 : inside_export(context, definition, name, one);
        }
        JS_FreeCString(context, name);
    }
    JS_FreePropertyEnum(context, keys, count);
    return result;
}

/// A module of which `default` is a value, and names are properties of that value.
static int value_init(JSContext *context, JSModuleDef *definition) {
    JSValue value = JS_GetModulePrivateValue(context, definition);
    JSAtom atom = JS_GetModuleName(context, definition);
    const char *path = JS_AtomToCString(context, atom);
    Module *module = path == NULL ? NULL : table_find(path);
    JS_FreeCString(context, path);
    JS_FreeAtom(context, atom);
    bool is_commonjs = module != NULL && strcmp(module->kind, "commonjs") == 0;
    if (is_commonjs) {
        JS_FreeValue(context, value);
        value = commonjs_require(context, hooks, module->path);
    }
    int result = JS_IsException(value) ? -1 : 0;
    for (int64_t at = 0; result == 0 && is_commonjs && at < module->name_count; at++) {
        if (strcmp(module->names[at], "default") == 0) {
            continue;
        }
        JSValue one = JS_IsObject(value) ? JS_GetPropertyStr(context, value, module->names[at]) : JS_UNDEFINED;
        result = JS_IsException(one) ? -1 : JS_SetModuleExport(context, definition, module->names[at], one);
    }
    if (result == 0 && is_commonjs) {
        // What `import()` sees beyond the names that somebody wrote.
        result = export_keys(context, definition, value, module);
    }
    if (result == 0) {
        return JS_SetModuleExport(context, definition, "default", value);
    }
    JS_FreeValue(context, value);
    return -1;
}

static JSModuleDef *value_module(JSContext *context, Module *module, JSValue value) {
    JSModuleDef *definition = JS_NewCModule(context, module->path, value_init);
    if (definition == NULL) {
        JS_FreeValue(context, value);
        return NULL;
    }
    JS_AddModuleExport(context, definition, "default");
    for (int64_t at = 0; at < module->name_count; at++) {
        if (strcmp(module->names[at], "default") != 0) {
            JS_AddModuleExport(context, definition, module->names[at]);
        }
    }
    JS_SetModulePrivateValue(context, definition, value);
    return definition;
}

static int builtin_init(JSContext *context, JSModuleDef *definition) {
    JSValue value = JS_GetModulePrivateValue(context, definition);
    JSPropertyEnum *keys = NULL;
    uint32_t count = 0;
    if (JS_GetOwnPropertyNames(context, &keys, &count, value, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
        JS_FreeValue(context, value);
        return -1;
    }
    for (uint32_t at = 0; at < count; at++) {
        const char *name = JS_AtomToCString(context, keys[at].atom);
        if (name != NULL && strcmp(name, "default") != 0) {
            // A key that came after the module was made is no name of it.
            JSValue one = JS_GetProperty(context, value, keys[at].atom);
            JS_SetModuleExport(context, definition, name, JS_IsException(one) ? JS_UNDEFINED : one);
        }
        JS_FreeCString(context, name);
    }
    JS_FreePropertyEnum(context, keys, count);
    return JS_SetModuleExport(context, definition, "default", value);
}

/// A module of Node: its keys are its names.
static JSModuleDef *builtin_module(JSContext *context, const char *name, JSValue value) {
    JSModuleDef *definition = JS_NewCModule(context, name, builtin_init);
    JSPropertyEnum *keys = NULL;
    uint32_t count = 0;
    if (definition == NULL
        || JS_GetOwnPropertyNames(context, &keys, &count, value, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) {
        JS_FreeValue(context, value);
        return NULL;
    }
    JS_AddModuleExport(context, definition, "default");
    for (uint32_t at = 0; at < count; at++) {
        const char *key = JS_AtomToCString(context, keys[at].atom);
        if (key != NULL && strcmp(key, "default") != 0) {
            JS_AddModuleExport(context, definition, key);
        }
        JS_FreeCString(context, key);
    }
    JS_FreePropertyEnum(context, keys, count);
    JS_SetModulePrivateValue(context, definition, value);
    return definition;
}

static int rows_init(JSContext *context, JSModuleDef *definition) {
    return JS_SetModuleExport(context, definition, "rows", commonjs_rows(context));
}

// ---- loading ----

/// Whether it begins with a scheme, as `https:` and `node:`.
static bool is_url(const char *name) {
    size_t length = strcspn(name, ":/?#");
    return length > 1 && name[length] == ':';
}

static JSValue prefixed(JSContext *context, const char *prefix, const char *name) {
    char text[PATH_BYTES + 8];
    snprintf(text, sizeof text, "%s%s", prefix, name);
    return JS_NewString(context, text);
}

/// What `name` stands for in the module `base`, as a URL; nobody looks whether a path leads anywhere.
static JSValue resolved(JSContext *context, const char *base, const char *name) {
    Module *module = table_find(base);
    Link *link = module == NULL ? NULL : table_link(module, name);
    const char *target = link == NULL ? NULL : link->target;
    if (target != NULL) {
        return is_url(target) ? JS_NewString(context, target) : prefixed(context, "file:///", target);
    }
    if (is_url(name)) {
        return JS_NewString(context, name);
    }
    if (is_builtin(context, name)) {
        return prefixed(context, "node:", name);
    }
    char path[PATH_BYTES];
    if ((name[0] == '.' || name[0] == '/') && join(base, name, path)) {
        return prefixed(context, "file:///", path);
    }
    throw_not_found(context, base, name);
    return JS_EXCEPTION;
}

/// `import.meta.resolve`.
static JSValue meta_resolve(JSContext *context, JSValueConst this, int count, JSValueConst *values, int magic, JSValue *data) {
    (void)this, (void)count, (void)magic;
    const char *base = JS_ToCString(context, data[0]);
    const char *name = JS_ToCString(context, values[0]);
    JSValue result = base == NULL || name == NULL ? JS_EXCEPTION : resolved(context, base, name);
    JS_FreeCString(context, base);
    JS_FreeCString(context, name);
    return result;
}

static void set_meta(JSContext *context, JSModuleDef *definition, const char *path) {
    JSValue meta = JS_GetImportMeta(context, definition);
    char text[1024];
    snprintf(text, sizeof text, "file:///%s", path);
    char *filename = text + sizeof "file://" - 1;
    char *slash = strrchr(filename, '/');
    // The root's folder is "/".
    size_t folder = slash == filename ? 1 : (size_t)(slash - filename);
    JS_DefinePropertyValueStr(context, meta, "dirname", JS_NewStringLen(context, filename, folder), JS_PROP_C_W_E);
    JS_DefinePropertyValueStr(context, meta, "filename", JS_NewString(context, filename), JS_PROP_C_W_E);
    JSValue module = JS_NewString(context, path);
    JSValue resolve = JS_NewCFunctionData(context, meta_resolve, 1, 0, 1, &module);
    JS_DefinePropertyValueStr(context, meta, "resolve", resolve, JS_PROP_C_W_E);
    JS_FreeValue(context, module);
    JS_DefinePropertyValueStr(context, meta, "url", JS_NewString(context, text), JS_PROP_C_W_E);
    JS_FreeValue(context, meta);
}

static JSModuleDef *compiled(JSContext *context, Module *module, const char *code, size_t length) {
    JSValue value = JS_Eval(context, code, length, module->path, JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY);
    if (JS_IsException(value)) {
        return NULL;
    }
    JSModuleDef *definition = JS_VALUE_GET_PTR(value);
    set_meta(context, definition, module->path);
    // The engine's list of modules holds it.
    JS_FreeValue(context, value);
    // Compiled: nobody needs the text any more, and a snapshot would carry it.
    table_forget_code(context, module);
    return definition;
}

static JSModuleDef *load(JSContext *context, const char *name, void *opaque) {
    (void)opaque;
    if (strcmp(name, HOST_MODULE) == 0) {
        return host_module(context);
    }
    if (strcmp(name, ROWS_MODULE) == 0) {
        JSModuleDef *definition = JS_NewCModule(context, name, rows_init);
        if (definition != NULL) {
            JS_AddModuleExport(context, definition, "rows");
        }
        return definition;
    }
    Module *module = table_find(name);
    if (module == NULL) {
        JSValue value = builtin(context, name);
        if (JS_IsObject(value)) {
            return builtin_module(context, name, value);
        }
        if (!JS_IsException(value)) {
            JS_ThrowTypeError(context, "Cannot find module '%s'", name);
        }
        return NULL;
    }
    if (strcmp(module->kind, "commonjs") == 0) {
        return value_module(context, module, JS_UNDEFINED);
    }
    if (strcmp(module->kind, "text") == 0) {
        return value_module(context, module, JS_DupValue(context, module->code));
    }
    size_t length;
    const char *code = JS_ToCStringLen(context, &length, module->code);
    if (code == NULL) {
        return NULL;
    }
    JSModuleDef *definition;
    if (strcmp(module->kind, "json") == 0) {
        JSValue value = JS_ParseJSON(context, code, length, module->path);
        definition = JS_IsException(value) ? NULL : value_module(context, module, value);
    } else {
        definition = compiled(context, module, code, length);
    }
    JS_FreeCString(context, code);
    return definition;
}

void modules_install(JSContext *context, JSValueConst given) {
    hooks = given;
    JS_SetModuleLoaderFunc(JS_GetRuntime(context), normalize, load, NULL);
}

JSValue modules_evaluate(JSContext *context, const char *path) {
    JSModuleDef *definition = inside_load(context, path);
    return definition == NULL ? JS_EXCEPTION : inside_evaluate(context, definition);
}
