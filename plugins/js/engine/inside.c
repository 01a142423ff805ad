// QuickJS-ng and what needs its insides, as one translation unit. It is patched in two places, which say LILY: by
// prelude/async_context.patch, and by quickjs.patch for what stands below first.

#include "quickjs.c"

#include "inside.h"

#include "json_read.c"
#include "json_write.c"
#include "replace.c"

// ---- memory ----

/// What is small is there, or memory is at its end: the program would learn of it where it could do nothing, not even make an
/// error. So the instance ends, and its host says why. What is large is an error that the program can catch.
enum { SMALL_BYTES = 64 << 10 };

static void *given(void *memory, size_t size) {
    if (memory == NULL && size > 0 && size <= SMALL_BYTES) {
        __builtin_trap();
    }
    return memory;
}

static void *give_zeros(void *opaque, size_t count, size_t size) {
    return given(js_def_calloc(opaque, count, size), count * size);
}

static void *give(void *opaque, size_t size) {
    return given(js_def_malloc(opaque, size), size);
}

static void *give_more(void *opaque, void *memory, size_t size) {
    return given(js_def_realloc(opaque, memory, size), size);
}

const JSMallocFunctions INSIDE_MEMORY = { give_zeros, give, js_def_free, give_more, js__malloc_usable_size };

/// The bytes of a SharedArrayBuffer, which several objects may have: how many do stands before them. There are no threads.
typedef struct {
    _Alignas(16) uint32_t owners;
    _Alignas(16) uint8_t bytes[];
} Shared;

static Shared *shared_of(void *bytes) {
    return (Shared *)((uint8_t *)bytes - offsetof(Shared, bytes));
}

static void *share_new(void *opaque, size_t size) {
    Shared *shared = malloc(sizeof *shared + size);
    if (shared == NULL) {
        return NULL;
    }
    shared->owners = 1;
    return shared->bytes;
}

static void share_again(void *opaque, void *bytes) {
    shared_of(bytes)->owners++;
}

static void share_less(void *opaque, void *bytes) {
    Shared *shared = shared_of(bytes);
    if (--shared->owners == 0) {
        free(shared);
    }
}

static const JSSharedArrayBufferFunctions SHARED_MEMORY = { share_new, share_less, share_again, NULL };

// ---- what the patch asks for ----

static bool lily_wipes;
static bool shows_platform = true;
static InsidePosition *ask_position;

static bool lily_is_platform(JSContext *ctx, JSAtom filename) {
    if (filename == JS_ATOM_NULL || __JS_AtomIsTaggedInt(filename)) {
        return false;
    }
    JSAtomStruct *name = ctx->rt->atom_array[filename];
    size_t length = sizeof PLATFORM_PREFIX - 1;
    return !name->is_wide_char && name->len >= length && memcmp(str8(name), PLATFORM_PREFIX, length) == 0;
}

/// "Name: message" as `Error.prototype.toString` has it. The exception that is pending stays.
static void lily_stack_head(JSContext *ctx, DynBuf *dbuf, JSValueConst error) {
    if (!JS_IsObject(error)) {
        return;
    }
    JSValue pending = JS_GetException(ctx);
    JSValue text = js_error_toString(ctx, error, 0, NULL);
    const char *bytes = JS_IsException(text) ? NULL : JS_ToCString(ctx, text);
    if (bytes == NULL) {
        JS_FreeValue(ctx, JS_GetException(ctx));
    }
    // Its name or message threw.
    dbuf_putstr(dbuf, bytes == NULL ? "<error>" : bytes);
    JS_FreeCString(ctx, bytes);
    JS_FreeValue(ctx, text);
    JS_Throw(ctx, pending);
}

/// What `stack` answers. As in V8 its first line is made when it is first read: a constructor sets `name` after `super`.
static JSValue lily_stack_text(JSContext *ctx, JSValueConst error, JSObject *of) {
    JSValue frames = js_dup(of->u.object_data);
    const char *bytes = JS_IsString(frames) ? JS_ToCString(ctx, frames) : NULL;
    if (bytes == NULL || (bytes[0] != '\0' && bytes[0] != '\n')) {
        JS_FreeCString(ctx, bytes);
        return frames;
    }
    DynBuf dbuf;
    js_dbuf_init(ctx, &dbuf);
    lily_stack_head(ctx, &dbuf, error);
    dbuf_putstr(&dbuf, bytes);
    JS_FreeCString(ctx, bytes);
    JS_FreeValue(ctx, frames);
    JSValue text = dbuf_error(&dbuf) ? JS_ThrowOutOfMemory(ctx) : JS_NewStringLen(ctx, (char *)dbuf.buf, dbuf.size);
    dbuf_free(&dbuf);
    if (JS_IsString(text)) {
        JSValue before = of->u.object_data;
        of->u.object_data = js_dup(text);
        JS_FreeValue(ctx, before);
    }
    return text;
}

static void lily_stack_place(JSContext *ctx, DynBuf *dbuf, const char *filename, int line, int column) {
    char place[1024];
    if (line >= 0 && ask_position != NULL && ask_position(filename, line, column, place, sizeof place)) {
        dbuf_putstr(dbuf, place);
        return;
    }
    dbuf_putstr(dbuf, filename);
    if (line >= 0) {
        dbuf_printf(dbuf, ":%d:%d", line, column);
    }
}

/// A site says where the user wrote what is there, with the name that the file has for the program.
static void lily_site_place(JSContext *ctx, JSCallSiteData *site) {
    char place[1024] = "/";
    const char *path = JS_IsString(site->filename) ? JS_ToCString(ctx, site->filename) : NULL;
    bool is_mapped = path != NULL && site->line_num >= 0 && ask_position != NULL
        && ask_position(path, site->line_num, site->col_num, place + 1, sizeof place - 1);
    JS_FreeCString(ctx, path);
    char *column = is_mapped ? strrchr(place, ':') : NULL;
    if (column == NULL) {
        return;
    }
    *column = '\0';
    char *line = strrchr(place, ':');
    if (line == NULL) {
        return;
    }
    *line = '\0';
    JSValue filename = JS_NewString(ctx, place);
    if (JS_IsException(filename)) {
        JS_FreeValue(ctx, JS_GetException(ctx));
        return;
    }
    JS_FreeValue(ctx, site->filename);
    site->filename = filename;
    site->line_num = atoi(line + 1);
    site->col_num = atoi(column + 1);
}

static JSFunctionBytecode *code_of(JSStackFrame *frame) {
    JSObject *function = JS_VALUE_GET_OBJ(frame->cur_func);
    return js_class_has_bytecode(function->class_id) ? function->u.func.function_bytecode : NULL;
}

#include "callee.h"

/// A frame of the platform, or of the engine's own function that the platform called.
static bool lily_hides(JSContext *ctx, JSStackFrame *frame) {
    for (; !shows_platform && frame != NULL; frame = frame->prev_frame) {
        JSFunctionBytecode *code = code_of(frame);
        if (code != NULL) {
            return lily_is_platform(ctx, code->filename);
        }
    }
    return !shows_platform;
}

static bool lily_stack_frame(JSContext *ctx, DynBuf *dbuf, JSStackFrame *frame) {
    if (lily_hides(ctx, frame)) {
        return false;
    }
    JSFunctionBytecode *code = code_of(frame);
    const char *name = get_func_name(ctx, frame->cur_func);
    bool named = name != NULL && name[0] != '\0' && name[0] != '<';
    dbuf_putstr(dbuf, "\n    at ");
    if (named) {
        dbuf_printf(dbuf, "%s%s (", frame->is_constructor ? "new " : "", name);
    }
    JS_FreeCString(ctx, name);
    const char *file = code != NULL && code->filename != JS_ATOM_NULL ? JS_AtomToCString(ctx, code->filename) : NULL;
    if (file == NULL) {
        dbuf_putstr(dbuf, "<anonymous>");
    } else {
        int column = 0;
        int line = -1;
        if (frame->cur_pc != NULL) {
            line = find_line_num(ctx, code, (uint32_t)(frame->cur_pc - code->byte_code_buf - 1), &column);
        }
        lily_stack_place(ctx, dbuf, file, line, column);
        JS_FreeCString(ctx, file);
    }
    if (named) {
        dbuf_putc(dbuf, ')');
    }
    return true;
}

// ---- the image ----

/// What `inside_keep` has put aside.
static struct list_head kept_objects;
static struct list_head kept_arenas;

void inside_begin(JSRuntime *runtime, InsidePosition *position) {
    init_list_head(&kept_objects);
    init_list_head(&kept_arenas);
    ask_position = position;
    lily_wipes = true;
    JS_SetSharedArrayBufferFunctions(runtime, &SHARED_MEMORY);
}

static void move_all(struct list_head *from, struct list_head *to) {
    while (!list_empty(from)) {
        struct list_head *one = from->next;
        list_del(one);
        list_add_tail(one, to);
    }
}

/// Whatever lies in a block of this arena that is in use is never freed, and not counted.
static void keep_arena(JSArena *arena) {
    bool is_free[JS_ARENA_SIZE / sizeof(JSMallocBlockHeader)] = { false };
    unsigned int size = arena_block_sizes[arena->block_size_idx];
    for (unsigned int at = arena->first_free_block; at != JS_ARENA_FREE_NIL;) {
        is_free[at] = true;
        at = ((JSMallocBlockHeader *)arena_get_block(arena, at, size))->u.free_next;
    }
    for (unsigned int at = 0; at < arena->n_blocks; at++) {
        if (!is_free[at]) {
            ((JSMallocBlockHeader *)arena_get_block(arena, at, size))->ref_count |= LILY_KEPT;
        }
    }
}

void inside_keep(JSRuntime *runtime) {
    struct list_head *one;
    JS_RunGC(runtime);
    // What is in no list of the collector counts as held from outside.
    move_all(&runtime->gc_obj_list, &kept_objects);
    for (int at = 0; at < JS_ARENA_BLOCK_SIZE_COUNT; at++) {
        list_for_each(one, &runtime->arena_state.arena_list[at]) {
            keep_arena(list_entry(one, JSArena, link));
        }
    }
    list_for_each(one, &kept_objects) {
        // A shape of one object alone is changed where it is, which QuickJS does by its count.
        JSShape *shape = (JSShape *)list_entry(one, JSGCObjectHeader, link);
        if (JS_GC_TYPE(shape) == JS_GC_OBJ_TYPE_SHAPE && !shape->is_hashed) {
            JS_REF_COUNT(shape) &= ~LILY_KEPT;
        }
    }
    for (int at = 0; at < JS_ARENA_BLOCK_SIZE_COUNT; at++) {
        // Their free blocks lie among what is kept: whoever wrote there would make such a page its own.
        move_all(&runtime->arena_state.free_arena_list[at], &kept_arenas);
    }
}

void inside_settle(void) {
    lily_wipes = false;
    shows_platform = false;
}

void inside_seed(JSContext *context, uint64_t seed) {
    // Zero would stay zero.
    context->random_state = seed == 0 ? 1 : seed;
}

size_t inside_memory(JSRuntime *runtime) {
    return runtime->malloc_state.malloc_size;
}

// ---- strings and errors ----

const uint8_t *inside_ascii(JSValueConst text, size_t *length) {
    if (JS_VALUE_GET_TAG(text) != JS_TAG_STRING) {
        return NULL;
    }
    JSString *string = JS_VALUE_GET_STRING(text);
    if (string->is_wide_char) {
        return NULL;
    }
    const uint8_t *bytes = str8(string);
    *length = string->len;
    size_t at = 0;
    for (; at + 8 <= *length; at += 8) {
        uint64_t eight;
        memcpy(&eight, bytes + at, 8);
        if ((eight & 0x8080808080808080u) != 0) {
            return NULL;
        }
    }
    for (; at < *length; at++) {
        if (bytes[at] >= 0x80) {
            return NULL;
        }
    }
    return bytes;
}

JSValue inside_throw(JSContext *context, const char *message, size_t length) {
    char *text = js_strndup(context, message, length);
    if (text == NULL) {
        return JS_EXCEPTION;
    }
    JSValue error = JS_MakeError2(context, JS_PLAIN_ERROR, true, text);
    js_free(context, text);
    return JS_IsException(error) ? error : JS_Throw(context, error);
}

// ---- modules ----

JSModuleDef *inside_load(JSContext *context, const char *path) {
    JSModuleDef *module = js_host_resolve_imported_module(context, "", path, JS_UNDEFINED);
    if (module != NULL && js_resolve_module(context, module) < 0) {
        js_free_modules(context, JS_FREE_MODULE_NOT_RESOLVED);
        return NULL;
    }
    return module;
}

JSValue inside_evaluate(JSContext *context, JSModuleDef *module) {
    if (module->status == JS_MODULE_STATUS_EVALUATING) {
        return JS_ThrowPlainError(context, "Cannot require() ES Module in a cycle");
    }
    JSValue promise = JS_EvalFunction(context, JS_NewModuleValue(context, module));
    if (module->status == JS_MODULE_STATUS_EVALUATING) {
        // A part of it imports one that is being evaluated further out. It has run, and nobody else can say so.
        module->status = JS_MODULE_STATUS_EVALUATED;
    }
    return promise;
}

void inside_handled(JSContext *context, JSValueConst promise) {
    js_promise_set_handled(context, promise);
}

/// Puts an export that came late into the namespace that somebody imported before.
static int show_export(JSContext *context, JSModuleDef *module, JSExportEntry *entry) {
    if (JS_IsUndefined(module->module_ns)) {
        return 0;
    }
    JSObject *namespace = JS_VALUE_GET_OBJ(module->module_ns);
    int flags = JS_PROP_ENUMERABLE | JS_PROP_WRITABLE | JS_PROP_VARREF;
    JSProperty *property = add_property(context, namespace, entry->export_name, flags);
    if (property == NULL) {
        return -1;
    }
    lily_up(&JS_REF_COUNT(entry->u.local.var_ref));
    property->u.var_ref = entry->u.local.var_ref;
    return 0;
}

int inside_export(JSContext *context, JSModuleDef *module, const char *name, JSValue value) {
    if (JS_AddModuleExport(context, module, name) < 0) {
        JS_FreeValue(context, value);
        return -1;
    }
    JSExportEntry *entry = &module->export_entries[module->export_entries_count - 1];
    entry->u.local.var_ref = js_create_module_var(context, false);
    if (entry->u.local.var_ref == NULL) {
        JS_FreeValue(context, value);
        return -1;
    }
    if (JS_SetModuleExport(context, module, name, value) < 0) {
        return -1;
    }
    return show_export(context, module, entry);
}

// ---- what the language does not tell of values ----

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
    case JS_CLASS_PROXY:
        return "Proxy";
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
    return word != NULL ? JS_NewString(own, word) : JS_AtomToString(own, JS_GetRuntime(own)->class_array[class].class_name);
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

const JSCFunctionListEntry INSIDE_FUNCTIONS[] = {
    JS_CFUNC_DEF("kind", 1, host_kind),
    JS_CFUNC_DEF("promiseState", 1, host_promise_state),
    JS_CFUNC_DEF("proxyParts", 1, host_proxy_parts),
    JS_CFUNC_DEF("iteratorRest", 1, host_iterator_rest),
};
const int INSIDE_FUNCTION_COUNT = sizeof INSIDE_FUNCTIONS / sizeof *INSIDE_FUNCTIONS;
