// The writing half of what `json_read.c` begins.

/// Room for so many characters; null if they are to go another way.
static inline uint8_t *json_room(StringBuffer *buffer, uint32_t length) {
    if (buffer->is_wide_char
        || ((uint32_t)(buffer->size - buffer->len) < length
            && (length > JS_STRING_LEN_MAX / 2 || string_buffer_realloc(buffer, buffer->len + (int)length, 0) != 0))) {
        return NULL;
    }
    return str8(buffer->str) + buffer->len;
}

static bool json_write_raw(StringBuffer *buffer, const char *text, uint32_t length) {
    uint8_t *room = json_room(buffer, length);
    if (room == NULL) {
        return string_buffer_write8(buffer, (const uint8_t *)text, (int)length) == 0;
    }
    memcpy(room, text, length);
    buffer->len += (int)length;
    return true;
}

/// A text in quotes. One of plain characters is copied; any other is QuickJS's.
static bool json_write_text(StringBuffer *buffer, JSValueConst value) {
    JSString *text = JS_VALUE_GET_TAG(value) == JS_TAG_STRING ? JS_VALUE_GET_STRING(value) : NULL;
    uint8_t *room = text == NULL || text->is_wide_char ? NULL : json_room(buffer, text->len + 2);
    if (room != NULL) {
        const uint8_t *from = str8(text);
        uint32_t length = text->len;
        uint32_t at = 0;
        uint64_t eight;
        *room++ = '"';
        for (; length - at >= 8; at += 8) {
            memcpy(&eight, from + at, 8);
            if (((eight & JSON_ALL(0x80)) | json_special(eight)) != 0) {
                break;
            }
            memcpy(room + at, &eight, 8);
        }
        while (at < length && from[at] >= 0x20 && from[at] != '"' && from[at] != '\\') {
            room[at] = from[at];
            at++;
        }
        if (at == length) {
            room[at] = '"';
            buffer->len += (int)length + 2;
            return true;
        }
    }
    JSValue quoted = JS_ToQuotedString(buffer->ctx, value);
    return !JS_IsException(quoted) && string_buffer_concat_value_free(buffer, quoted) == 0;
}

static bool json_write_integer(StringBuffer *buffer, int64_t number, int fraction) {
    char text[32];
    char *end = text + sizeof text;
    char *at = end;
    uint64_t left = number < 0 ? -(uint64_t)number : (uint64_t)number;
    for (int place = 0; left > 0 || place <= fraction; place++) {
        if (place == fraction && fraction > 0) {
            *--at = '.';
        }
        *--at = (char)('0' + left % 10);
        left /= 10;
    }
    if (number < 0) {
        *--at = '-';
    }
    return json_write_raw(buffer, at, (uint32_t)(end - at));
}

/// A number with few places after its point is the quotient of two integers: no other so short has the same double.
static bool json_write_double(StringBuffer *buffer, double number) {
    static const double powers[] = { 1, 10, 100, 1000 };
    if (!isfinite(number)) {
        return json_write_raw(buffer, "null", 4);
    }
    for (int places = 0; fabs(number) < 1e11 && places < 4; places++) {
        double scaled = number * powers[places];
        int64_t whole = (int64_t)scaled;
        if ((double)whole == scaled && (double)whole / powers[places] == number && (places == 0 || whole % 10 != 0)) {
            return json_write_integer(buffer, whole, places);
        }
    }
    return string_buffer_concat_value(buffer, js_float64(number)) == 0;
}

/// What became of a value.
typedef enum { JSON_DONE, JSON_LEFT_OUT, JSON_UNUSUAL } JsonWritten;

static JsonWritten json_write(StringBuffer *buffer, JSValueConst value, int depth);

static JsonWritten json_write_list(StringBuffer *buffer, JSObject *list, int depth) {
    JSContext *context = buffer->ctx;
    JSValue length = list->prop[0].u.value;
    bool is_plain = list->fast_array && list->shape->prop_count == 1
        && list->shape->proto == JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_ARRAY])
        && JS_VALUE_GET_TAG(length) == JS_TAG_INT && (uint32_t)JS_VALUE_GET_INT(length) == list->u.array.count;
    if (!is_plain || !json_write_raw(buffer, "[", 1)) {
        return JSON_UNUSUAL;
    }
    for (uint32_t at = 0; at < list->u.array.count; at++) {
        if (at > 0 && !json_write_raw(buffer, ",", 1)) {
            return JSON_UNUSUAL;
        }
        JsonWritten written = json_write(buffer, list->u.array.u.values[at], depth + 1);
        if (written == JSON_UNUSUAL || (written == JSON_LEFT_OUT && !json_write_raw(buffer, "null", 4))) {
            return JSON_UNUSUAL;
        }
    }
    return json_write_raw(buffer, "]", 1) ? JSON_DONE : JSON_UNUSUAL;
}

/// A name that counts among the indices would have its place before all others.
static inline bool json_is_index(JSRuntime *runtime, JSAtom atom) {
    if (__JS_AtomIsTaggedInt(atom)) {
        return true;
    }
    JSString *name = runtime->atom_array[atom];
    return name->len > 0 && !name->is_wide_char && is_digit(str8(name)[0]);
}

static JsonWritten json_write_object(StringBuffer *buffer, JSObject *object, int depth) {
    JSContext *context = buffer->ctx;
    JSShape *shape = object->shape;
    bool is_plain = !object->is_exotic
        && (shape->proto == NULL || shape->proto == JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]));
    if (!is_plain || !json_write_raw(buffer, "{", 1)) {
        return JSON_UNUSUAL;
    }
    bool is_first = true;
    for (int at = 0; at < shape->prop_count; at++) {
        JSShapeProperty *property = get_shape_prop(shape) + at;
        if (property->atom == JS_ATOM_NULL) {
            continue;
        }
        if (property->atom == JS_ATOM_toJSON || json_is_index(context->rt, property->atom)) {
            return JSON_UNUSUAL;
        }
        JSString *name = context->rt->atom_array[property->atom];
        if (!(property->flags & JS_PROP_ENUMERABLE) || name->atom_type != JS_ATOM_TYPE_STRING) {
            continue;
        }
        if ((property->flags & JS_PROP_TMASK) != JS_PROP_NORMAL) {
            return JSON_UNUSUAL;
        }
        JSValueConst value = object->prop[at].u.value;
        if (JS_IsUndefined(value)) {
            continue;
        }
        bool good = (is_first || json_write_raw(buffer, ",", 1)) && json_write_text(buffer, JS_MKPTR(JS_TAG_STRING, name))
            && json_write_raw(buffer, ":", 1);
        if (!good || json_write(buffer, value, depth + 1) != JSON_DONE) {
            return JSON_UNUSUAL;
        }
        is_first = false;
    }
    return json_write_raw(buffer, "}", 1) ? JSON_DONE : JSON_UNUSUAL;
}

static JsonWritten json_write(StringBuffer *buffer, JSValueConst value, int depth) {
    bool good = false;
    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_STRING:
    case JS_TAG_STRING_ROPE:
        good = json_write_text(buffer, value);
        break;
    case JS_TAG_INT:
        good = json_write_integer(buffer, JS_VALUE_GET_INT(value), 0);
        break;
    case JS_TAG_FLOAT64:
        good = json_write_double(buffer, JS_VALUE_GET_FLOAT64(value));
        break;
    case JS_TAG_BOOL:
        good = JS_VALUE_GET_BOOL(value) ? json_write_raw(buffer, "true", 4) : json_write_raw(buffer, "false", 5);
        break;
    case JS_TAG_NULL:
        good = json_write_raw(buffer, "null", 4);
        break;
    case JS_TAG_UNDEFINED:
        return JSON_LEFT_OUT;
    case JS_TAG_OBJECT: {
        JSObject *object = JS_VALUE_GET_OBJ(value);
        if (depth < JSON_DEPTH_MAX && object->class_id == JS_CLASS_ARRAY) {
            return json_write_list(buffer, object, depth);
        }
        if (depth < JSON_DEPTH_MAX && object->class_id == JS_CLASS_OBJECT) {
            return json_write_object(buffer, object, depth);
        }
        break;
    }
    default:
        break;
    }
    return good ? JSON_DONE : JSON_UNUSUAL;
}

/// Whether the prototypes of lists and of objects have what they had, as far as JSON looks.
static bool json_has_usual_prototypes(JSContext *context) {
    JSObject *object = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_OBJECT]);
    JSObject *list = JS_VALUE_GET_OBJ(context->class_proto[JS_CLASS_ARRAY]);
    return list->shape->proto == object && find_own_property1(object, JS_ATOM_toJSON) == NULL
        && find_own_property1(list, JS_ATOM_toJSON) == NULL;
}

static JSValue lily_json_stringify(JSContext *ctx, JSValueConst value) {
    if (!JS_IsObject(value) || !json_has_usual_prototypes(ctx) || js_check_stack_overflow(ctx->rt, JSON_STACK_BYTES)) {
        return LILY_UNUSUAL;
    }
    StringBuffer buffer;
    if (string_buffer_init(ctx, &buffer, 256) != 0) {
        return JS_EXCEPTION;
    }
    if (json_write(&buffer, value, 0) == JSON_DONE) {
        return string_buffer_end(&buffer);
    }
    string_buffer_free(&buffer);
    return JS_HasException(ctx) ? JS_EXCEPTION : LILY_UNUSUAL;
}
