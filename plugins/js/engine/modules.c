// Where modules are found. Nothing is read from outside: the frontend resolved every specifier that it could see, and what it
// could not see is said to be so.

#include "modules.h"
#include "engine.h"

#include <stdlib.h>
#include <string.h>

typedef struct {
    char *specifier;
    bool is_required;
    /// Null: it leads nowhere.
    char *target;
} Link;

typedef struct {
    char *path;
    char *kind;
    JSValue code;
    /// As it was given, for CommonJS.
    JSValue links_value;
    Link *links;
    int64_t link_count;
    char **names;
    int64_t name_count;
} Module;

static Module *modules;
static size_t module_count;

static Module *find(const char *path) {
    for (size_t at = 0; at < module_count; at++) {
        if (strcmp(modules[at].path, path) == 0) {
            return &modules[at];
        }
    }
    return NULL;
}

/// A copy of the text of `list[index]`; null for what is no text.
static char *text_at(JSContext *context, JSValueConst list, uint32_t index) {
    JSValue value = JS_GetPropertyUint32(context, list, index);
    char *copy = NULL;
    if (JS_IsString(value)) {
        const char *text = JS_ToCString(context, value);
        copy = text == NULL ? NULL : strdup(text);
        JS_FreeCString(context, text);
    }
    JS_FreeValue(context, value);
    return copy;
}

static int64_t length_of(JSContext *context, JSValueConst list) {
    int64_t length = 0;
    JS_GetLength(context, list, &length);
    return length;
}

static void take_links(JSContext *context, Module *module) {
    int64_t length = length_of(context, module->links_value);
    module->link_count = length / 3;
    module->links = calloc((size_t)module->link_count + 1, sizeof *module->links);
    for (int64_t at = 0; at < module->link_count; at++) {
        uint32_t first = (uint32_t)at * 3;
        Link *link = &module->links[at];
        link->specifier = text_at(context, module->links_value, first);
        JSValue required = JS_GetPropertyUint32(context, module->links_value, first + 1);
        link->is_required = JS_ToBool(context, required) == 1;
        JS_FreeValue(context, required);
        link->target = text_at(context, module->links_value, first + 2);
    }
}

int modules_add(JSContext *context, JSValueConst list) {
    int64_t count = length_of(context, list);
    Module *more = realloc(modules, (module_count + (size_t)count + 1) * sizeof *modules);
    if (more == NULL) {
        JS_ThrowOutOfMemory(context);
        return -1;
    }
    modules = more;
    for (int64_t at = 0; at < count; at++) {
        JSValue row = JS_GetPropertyUint32(context, list, (uint32_t)at);
        Module *module = &modules[module_count++];
        *module = (Module){
            .path = text_at(context, row, 0),
            .kind = text_at(context, row, 1),
            .code = JS_GetPropertyUint32(context, row, 2),
            .links_value = JS_GetPropertyUint32(context, row, 3),
        };
        take_links(context, module);
        JSValue names = JS_GetPropertyUint32(context, row, 4);
        module->name_count = JS_IsArray(names) ? length_of(context, names) : 0;
        module->names = calloc((size_t)module->name_count + 1, sizeof *module->names);
        for (int64_t name = 0; name < module->name_count; name++) {
            module->names[name] = text_at(context, names, (uint32_t)name);
        }
        JS_FreeValue(context, names);
        JS_FreeValue(context, row);
    }
    return 0;
}

JSValue modules_entry(JSContext *context, const char *path) {
    Module *module = find(path);
    if (module == NULL) {
        return JS_UNDEFINED;
    }
    JSValue row = JS_NewArray(context);
    JS_SetPropertyUint32(context, row, 0, JS_NewString(context, module->path));
    JS_SetPropertyUint32(context, row, 1, JS_NewString(context, module->kind));
    JS_SetPropertyUint32(context, row, 2, JS_DupValue(context, module->code));
    JS_SetPropertyUint32(context, row, 3, JS_DupValue(context, module->links_value));
    return row;
}

static char *normalize(JSContext *context, const char *base, const char *name, void *opaque) {
    (void)opaque;
    Module *module = find(base);
    for (int64_t at = 0; module != NULL && at < module->link_count; at++) {
        Link *link = &module->links[at];
        if (!link->is_required && strcmp(link->specifier, name) == 0) {
            if (link->target == NULL) {
                JS_ThrowTypeError(context, "Cannot find module '%s' imported from '%s'", name, base);
                return NULL;
            }
            return js_strdup(context, link->target);
        }
    }
    if (find(name) != NULL || strcmp(name, HOST_MODULE) == 0) {
        return js_strdup(context, name);
    }
    JS_ThrowTypeError(context, "Cannot find module '%s' imported from '%s': it was not known when the program was built", name,
                      base);
    return NULL;
}

/// A module of which `default` is a value, and `names` are properties of that value.
static int value_module_init(JSContext *context, JSModuleDef *definition) {
    JSValue value = JS_GetModulePrivateValue(context, definition);
    JSAtom atom = JS_GetModuleName(context, definition);
    const char *path = JS_AtomToCString(context, atom);
    Module *module = path == NULL ? NULL : find(path);
    JS_FreeCString(context, path);
    JS_FreeAtom(context, atom);
    if (module != NULL && strcmp(module->kind, "commonjs") == 0) {
        JS_FreeValue(context, value);
        value = engine_require(context, module->path);
    }
    int result = JS_IsException(value) ? -1 : 0;
    for (int64_t at = 0; result == 0 && module != NULL && at < module->name_count; at++) {
        if (strcmp(module->names[at], "default") == 0) {
            continue;
        }
        JSValue one = JS_GetPropertyStr(context, value, module->names[at]);
        result = JS_IsException(one) ? -1 : JS_SetModuleExport(context, definition, module->names[at], one);
    }
    if (result == 0) {
        return JS_SetModuleExport(context, definition, "default", value);
    }
    JS_FreeValue(context, value);
    return -1;
}

static JSModuleDef *value_module(JSContext *context, Module *module, JSValue value) {
    JSModuleDef *definition = JS_NewCModule(context, module->path, value_module_init);
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

static JSModuleDef *load(JSContext *context, const char *name, void *opaque) {
    (void)opaque;
    if (strcmp(name, HOST_MODULE) == 0) {
        return engine_host_module(context);
    }
    Module *module = find(name);
    if (module == NULL) {
        JS_ThrowTypeError(context, "Cannot find module '%s'", name);
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
    JSModuleDef *definition = NULL;
    if (strcmp(module->kind, "json") == 0) {
        JSValue value = JS_ParseJSON(context, code, length, module->path);
        definition = JS_IsException(value) ? NULL : value_module(context, module, value);
    } else {
        int how = JS_EVAL_TYPE_MODULE | JS_EVAL_FLAG_COMPILE_ONLY;
        JSValue compiled = JS_Eval(context, code, length, module->path, how);
        if (!JS_IsException(compiled)) {
            definition = JS_VALUE_GET_PTR(compiled);
            JSValue meta = JS_GetImportMeta(context, definition);
            char url[1024];
            snprintf(url, sizeof url, "file:///%s", module->path);
            JS_DefinePropertyValueStr(context, meta, "url", JS_NewString(context, url), JS_PROP_C_W_E);
            JS_FreeValue(context, meta);
            // The engine's list of modules holds it.
            JS_FreeValue(context, compiled);
        }
        // Compiled: nobody needs the text any more, and a snapshot would carry it.
        JS_FreeValue(context, module->code);
        module->code = JS_UNDEFINED;
    }
    JS_FreeCString(context, code);
    return definition;
}

void modules_install(JSRuntime *runtime) {
    JS_SetModuleLoaderFunc(runtime, normalize, load, NULL);
}
