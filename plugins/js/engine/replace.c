// `String.prototype.replace` with a regular expression that nobody has changed, fast: part of `inside.c`. The matches are found
// first, as the standard has it, and nothing of the program runs meanwhile; so they need not be objects. Whatever is not so plain
// is left to QuickJS's own code, which begins anew.

enum {
    /// Getters and methods of `RegExp.prototype`.
    REPLACE_PROPERTIES_MAX = 40,
    /// Parts of a match, the whole among them.
    REPLACE_PARTS_MAX = 16,
};

/// The getters of `RegExp.prototype` as they were made, each in its place.
static JSObject *replace_getters[REPLACE_PROPERTIES_MAX];
static int replace_property_count;

/// Notes what `RegExp.prototype` is like before anybody can change it.
void inside_note(JSContext *context) {
    JSObject *prototype = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_REGEXP]);
    int count = prototype->shape->prop_count;
    for (int at = 0; at < count && count <= REPLACE_PROPERTIES_MAX; at++) {
        if ((get_shape_prop(prototype->shape)[at].flags & JS_PROP_TMASK) == JS_PROP_GETSET) {
            replace_getters[at] = prototype->prop[at].u.getset.getter;
            // It stays where it is, so that no other can come to lie there.
            JS_DupValue(context, JS_MKPTR(JS_TAG_OBJECT, replace_getters[at]));
        }
        replace_property_count = count;
    }
}

/// Whether asking this one for its flags and for matches runs nothing but what QuickJS has for that.
static bool replace_is_usual(JSContext *context, JSObject *object) {
    JSObject *prototype = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_REGEXP]);
    JSShape *shape = prototype->shape;
    JSShapeProperty *own = get_shape_prop(object->shape);
    if (object->class_id != JS_CLASS_REGEXP || object->shape->proto != prototype || object->shape->prop_count != 1
        || own->atom != JS_ATOM_lastIndex || !(own->flags & JS_PROP_WRITABLE) || replace_property_count == 0
        || JS_VALUE_GET_TAG(object->prop[0].u.value) != JS_TAG_INT || shape->prop_count < replace_property_count) {
        return false;
    }
    bool has_exec = false;
    for (int at = 0; at < replace_property_count; at++) {
        JSShapeProperty *property = get_shape_prop(shape) + at;
        int kind = property->flags & JS_PROP_TMASK;
        JSObject *getter = kind == JS_PROP_GETSET ? prototype->prop[at].u.getset.getter : NULL;
        if (getter != replace_getters[at]) {
            return false;
        }
        if (property->atom == JS_ATOM_exec) {
            has_exec = kind == JS_PROP_AUTOINIT
                || (kind == JS_PROP_NORMAL && JS_IsCFunction(context, prototype->prop[at].u.value, js_regexp_exec, 0));
        }
    }
    return has_exec;
}

/// Where the parts of all matches begin and end, one after the other; -1 where a part has none.
typedef struct {
    int32_t *places;
    size_t length;
    size_t capacity;
} Matches;

static bool replace_note(JSContext *context, Matches *matches, uint8_t **capture, int parts, const uint8_t *begin, int shift) {
    if (matches->length + 2 * (size_t)parts > matches->capacity) {
        size_t capacity = matches->capacity * 2 + 2 * (size_t)parts + 16;
        int32_t *places = js_realloc(context, matches->places, capacity * sizeof *places);
        if (places == NULL) {
            return false;
        }
        matches->places = places;
        matches->capacity = capacity;
    }
    for (int at = 0; at < 2 * parts; at++) {
        bool is_there = capture[at & ~1] != NULL && capture[at | 1] != NULL;
        matches->places[matches->length++] = is_there ? (int32_t)((capture[at] - begin) >> shift) : -1;
    }
    return true;
}

/// Finds all matches, or the first. False: it is QuickJS's to do, or there is an exception.
static bool replace_find(JSContext *context, const uint8_t *code, JSString *text, Matches *matches) {
    int flags = lre_get_flags(code);
    int parts = lre_get_capture_count(code);
    int room = lre_get_alloc_count(code);
    bool is_unicode = (flags & (LRE_FLAG_UNICODE | LRE_FLAG_UNICODE_SETS)) != 0;
    int64_t from = 0;
    uint8_t **capture = js_malloc(context, sizeof *capture * (size_t)(room > 0 ? room : 1));
    bool good = capture != NULL;
    while (good && from <= text->len) {
        int found = lre_exec(capture, code, str8(text), (int)from, (int)text->len, text->is_wide_char, context);
        good = found >= 0;
        if (found != 1) {
            break;
        }
        good = replace_note(context, matches, capture, parts, str8(text), text->is_wide_char);
        if (!(flags & LRE_FLAG_GLOBAL) || !good) {
            break;
        }
        const int32_t *last = matches->places + matches->length - 2 * (size_t)parts;
        from = last[0] == last[1] ? string_advance_index(text, last[1], is_unicode) : last[1];
    }
    js_free(context, capture);
    return good;
}

/// What one match is replaced with: what the function answers.
static JSValue replace_ask(JSContext *context, JSValueConst text, const int32_t *places, int parts, JSValueConst function) {
    JSValue values[REPLACE_PARTS_MAX + 2];
    JSString *whole = JS_VALUE_GET_STRING(text);
    bool good = true;
    int count = 0;
    for (int part = 0; part < parts && good; part++) {
        int32_t begin = places[2 * part];
        values[count] = begin < 0 ? JS_UNDEFINED : js_sub_string(context, whole, begin, places[2 * part + 1]);
        good = !JS_IsException(values[count++]);
    }
    values[count++] = js_int32(places[0]);
    values[count++] = JS_DupValue(context, text);
    JSValue answer = good ? JS_ToStringFree(context, JS_Call(context, function, JS_UNDEFINED, count, vc(values))) : JS_EXCEPTION;
    while (count-- > 0) {
        JS_FreeValue(context, values[count]);
    }
    return answer;
}

/// `function` or, if it is none, `word` takes the place of each match. `text` is a string.
static JSValue lily_replace(JSContext *ctx, JSValueConst rx, JSValueConst text, JSValueConst function, JSValueConst word) {
    JSObject *object = JS_VALUE_GET_OBJ(rx);
    bool asks = JS_IsUndefined(word);
    JSString *whole = JS_VALUE_GET_STRING(text);
    if (!replace_is_usual(ctx, object) || (!asks && string_indexof_char(JS_VALUE_GET_STRING(word), '$', 0) >= 0)) {
        return JS_UNINITIALIZED;
    }
    const uint8_t *code = str8(object->u.regexp.bytecode);
    int flags = lre_get_flags(code);
    int parts = lre_get_capture_count(code);
    bool is_global = (flags & LRE_FLAG_GLOBAL) != 0;
    if ((!is_global && (flags & LRE_FLAG_STICKY)) || parts > REPLACE_PARTS_MAX || lre_get_groupnames(code) != NULL) {
        return JS_UNINITIALIZED;
    }
    Matches matches = { NULL };
    if (!replace_find(ctx, code, whole, &matches)) {
        js_free(ctx, matches.places);
        return JS_HasException(ctx) ? JS_EXCEPTION : JS_UNINITIALIZED;
    }
    if (is_global) {
        object->prop[0].u.value = js_int32(0);
    }
    StringBuffer buffer;
    string_buffer_init(ctx, &buffer, (int)whole->len);
    int32_t done = 0;
    bool good = true;
    for (size_t at = 0; at < matches.length && good; at += 2 * (size_t)parts) {
        const int32_t *places = matches.places + at;
        JSValue instead = asks ? replace_ask(ctx, text, places, parts, function) : JS_DupValue(ctx, word);
        good = !JS_IsException(instead) && string_buffer_concat(&buffer, whole, done, places[0]) == 0
            && string_buffer_concat_value_free(&buffer, instead) == 0;
        done = places[1];
    }
    js_free(ctx, matches.places);
    if (good) {
        string_buffer_concat(&buffer, whole, done, whole->len);
        return string_buffer_end(&buffer);
    }
    string_buffer_free(&buffer);
    return JS_EXCEPTION;
}
