// A list of modules in the order in which they came, and a hash table of their paths: a program may have thousands.

#include "table.h"

#include <stdlib.h>
#include <string.h>

/// Rows stay where they are: others point to them.
static Module **modules;
static size_t module_count;

/// Places in `modules`, one more than they are; 0 is free. As many as a power of two, at most half in use.
static uint32_t *places;
static size_t place_count;

static size_t hash_of(const char *text) {
    uint32_t hash = 2166136261u;
    for (; *text != '\0'; text++) {
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    }
    return hash;
}

static bool make_room(size_t count) {
    size_t wanted = 64;
    while (wanted < count * 2) {
        wanted *= 2;
    }
    if (wanted <= place_count) {
        return true;
    }
    uint32_t *wider = calloc(wanted, sizeof *wider);
    if (wider == NULL) {
        return false;
    }
    free(places);
    places = wider;
    place_count = wanted;
    for (size_t at = 0; at < module_count; at++) {
        size_t place = hash_of(modules[at]->path) & (place_count - 1);
        while (places[place] != 0) {
            place = (place + 1) & (place_count - 1);
        }
        places[place] = (uint32_t)at + 1;
    }
    return true;
}

Module *table_find(const char *path) {
    if (place_count == 0) {
        return NULL;
    }
    size_t place = hash_of(path) & (place_count - 1);
    for (; places[place] != 0; place = (place + 1) & (place_count - 1)) {
        Module *module = modules[places[place] - 1];
        if (strcmp(module->path, path) == 0) {
            return module;
        }
    }
    return NULL;
}

static void enter(Module *module) {
    size_t place = hash_of(module->path) & (place_count - 1);
    while (places[place] != 0) {
        place = (place + 1) & (place_count - 1);
    }
    modules[module_count++] = module;
    places[place] = (uint32_t)module_count;
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
    if (JS_IsArray(list)) {
        JS_GetLength(context, list, &length);
    }
    return length;
}

static void take_links(JSContext *context, Module *module, JSValueConst list) {
    module->link_count = length_of(context, list) / 3;
    module->links = calloc((size_t)module->link_count + 1, sizeof *module->links);
    for (int64_t at = 0; module->links != NULL && at < module->link_count; at++) {
        uint32_t first = (uint32_t)at * 3;
        Link *link = &module->links[at];
        link->specifier = text_at(context, list, first);
        JSValue required = JS_GetPropertyUint32(context, list, first + 1);
        link->is_required = JS_ToBool(context, required) == 1;
        JS_FreeValue(context, required);
        link->target = text_at(context, list, first + 2);
    }
}

static void take_names(JSContext *context, Module *module, JSValueConst list) {
    module->name_count = length_of(context, list);
    module->names = calloc((size_t)module->name_count + 1, sizeof *module->names);
    for (int64_t at = 0; module->names != NULL && at < module->name_count; at++) {
        module->names[at] = text_at(context, list, (uint32_t)at);
    }
}

/// -1: the row is none, or there is no memory for it.
static int take_row(JSContext *context, JSValueConst row) {
    Module *module = calloc(1, sizeof *module);
    if (module == NULL) {
        JS_ThrowOutOfMemory(context);
        return -1;
    }
    module->path = text_at(context, row, 0);
    module->kind = text_at(context, row, 1);
    module->code = JS_GetPropertyUint32(context, row, 2);
    if (module->path == NULL || module->kind == NULL || !JS_IsString(module->code)) {
        JS_ThrowTypeError(context, "a module without a path, a kind or a text");
        return -1;
    }
    JSValue links = JS_GetPropertyUint32(context, row, 3);
    take_links(context, module, links);
    JS_FreeValue(context, links);
    JSValue names = JS_GetPropertyUint32(context, row, 4);
    take_names(context, module, names);
    JS_FreeValue(context, names);
    if (module->links == NULL || module->names == NULL) {
        JS_ThrowOutOfMemory(context);
        return -1;
    }
    enter(module);
    return 0;
}

int table_add(JSContext *context, JSValueConst list) {
    int64_t count = length_of(context, list);
    Module **more = realloc(modules, (module_count + (size_t)count + 1) * sizeof *modules);
    if (more != NULL) {
        modules = more;
    }
    if (more == NULL || !make_room(module_count + (size_t)count)) {
        JS_ThrowOutOfMemory(context);
        return -1;
    }
    int result = 0;
    for (int64_t at = 0; result == 0 && at < count; at++) {
        JSValue row = JS_GetPropertyUint32(context, list, (uint32_t)at);
        result = take_row(context, row);
        JS_FreeValue(context, row);
    }
    return result;
}

size_t table_count(void) {
    return module_count;
}

Module *table_at(size_t at) {
    return modules[at];
}

Link *table_link(Module *module, const char *specifier) {
    Link *required = NULL;
    for (int64_t at = 0; at < module->link_count; at++) {
        Link *link = &module->links[at];
        if (link->specifier == NULL || strcmp(link->specifier, specifier) != 0) {
            continue;
        }
        if (!link->is_required) {
            return link;
        }
        required = link;
    }
    return required;
}

bool table_names(Module *module, const char *name) {
    for (int64_t at = 0; at < module->name_count; at++) {
        if (module->names[at] != NULL && strcmp(module->names[at], name) == 0) {
            return true;
        }
    }
    return false;
}

void table_forget_code(JSContext *context, Module *module) {
    JS_FreeValue(context, module->code);
    module->code = JS_UNDEFINED;
}
