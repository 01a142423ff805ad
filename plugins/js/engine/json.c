// The usual JSON, fast: part of `inside.c`. What is read or written here has nothing of the program in it that could run: no
// getters, no `toJSON`, no reviver, no proxies, nothing that throws. Whatever is not so plain, and every fault, is left to
// QuickJS's own code, which then begins anew; so both give the same, but for the time that they take.

/// Not of the usual kind.
#define LILY_UNUSUAL JS_UNINITIALIZED

enum {
    /// Lists and objects within each other. Deeper ones, and circles, are QuickJS's.
    JSON_DEPTH_MAX = 64,
    /// What so many calls take of the stack, at most.
    JSON_STACK_BYTES = 64 << 10,
    /// Properties of an object whose shape is foreseen.
    JSON_GUESS_MAX = 32,
    /// Digits that a double holds in any case.
    JSON_DIGITS_MAX = 15,
};

#define JSON_ALL(byte) (0x0101010101010101ull * (byte))

/// Whether one of eight characters is not to be copied as it is: a quote, a backslash, below a space; bit 7 of each is free.
static inline uint64_t json_special(uint64_t eight) {
    uint64_t quotes = eight ^ JSON_ALL('"');
    uint64_t slashes = eight ^ JSON_ALL('\\');
    uint64_t low = (eight - JSON_ALL(0x20)) & ~eight;
    return (low | ((quotes - JSON_ALL(1)) & ~quotes) | ((slashes - JSON_ALL(1)) & ~slashes)) & JSON_ALL(0x80);
}

// ---- reading ----

typedef struct {
    JSContext *context;
    /// A zero follows the text.
    const uint8_t *at;
    const uint8_t *end;
    /// The shape that the last object of each depth had: the next one most often has the same.
    JSShape *shapes[JSON_DEPTH_MAX];
} JsonReader;

static JSValue json_read(JsonReader *reader, int depth);

static inline uint8_t json_skip(JsonReader *reader) {
    uint8_t byte;
    while ((byte = *reader->at) == ' ' || byte == '\n' || byte == '\r' || byte == '\t') {
        reader->at++;
    }
    return byte;
}

/// The end of the characters from here that stand for themselves and are ASCII.
static inline const uint8_t *json_plain_end(const uint8_t *at, const uint8_t *end) {
    uint64_t eight;
    while (end - at >= 8) {
        memcpy(&eight, at, 8);
        if (((eight & JSON_ALL(0x80)) | json_special(eight)) != 0) {
            break;
        }
        at += 8;
    }
    while (*at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

/// What follows a backslash; beyond Unicode if nothing may.
static uint32_t json_escaped(JsonReader *reader) {
    uint8_t byte = *reader->at++;
    uint32_t unit = 0;
    switch (byte) {
    case '"':
    case '\\':
    case '/':
        return byte;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        for (int at = 0; at < 4; at++) {
            int digit = from_hex(*reader->at);
            if (digit < 0) {
                return UINT32_MAX;
            }
            reader->at++;
            unit = unit << 4 | (uint32_t)digit;
        }
        return unit;
    default:
        return UINT32_MAX;
    }
}

/// A text with characters in it that do not stand for themselves. Its first quote is behind.
static JSValue json_read_mixed(JsonReader *reader) {
    StringBuffer buffer;
    if (string_buffer_init(reader->context, &buffer, 64) != 0) {
        return JS_EXCEPTION;
    }
    for (;;) {
        const uint8_t *plain = json_plain_end(reader->at, reader->end);
        string_buffer_write8(&buffer, reader->at, (int)(plain - reader->at));
        reader->at = plain;
        uint32_t unit;
        if (*plain == '"') {
            reader->at++;
            return string_buffer_end(&buffer);
        }
        if (*plain == '\\') {
            reader->at++;
            unit = json_escaped(reader);
        } else if (*plain >= 0x80) {
            unit = utf8_decode(plain, &reader->at);
            unit = reader->at == plain + 1 ? UINT32_MAX : unit;
        } else {
            unit = UINT32_MAX;
        }
        if (unit == UINT32_MAX) {
            string_buffer_free(&buffer);
            return LILY_UNUSUAL;
        }
        string_buffer_putc(&buffer, unit);
    }
}

/// A text; its first quote is behind.
static JSValue json_read_text(JsonReader *reader) {
    const uint8_t *begin = reader->at;
    const uint8_t *plain = json_plain_end(begin, reader->end);
    if (*plain != '"') {
        return json_read_mixed(reader);
    }
    reader->at = plain + 1;
    return js_new_string8_len(reader->context, (const char *)begin, (int)(plain - begin));
}

/// A number. One of few digits is a quotient of two doubles that are exact, and so as exact as it can be.
static JSValue json_read_number(JsonReader *reader) {
    static const double powers[] = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    };
    const uint8_t *begin = reader->at;
    const uint8_t *at = begin + (*begin == '-');
    const uint8_t *first = at;
    uint64_t digits = 0;
    if (!is_digit(*at) || (*at == '0' && is_digit(at[1]))) {
        return LILY_UNUSUAL;
    }
    for (; is_digit(*at); at++) {
        digits = digits * 10 + (*at - '0');
    }
    int count = (int)(at - first);
    int fraction = 0;
    bool is_plain = *at != '.';
    if (!is_plain) {
        const uint8_t *point = at++;
        for (; is_digit(*at); at++) {
            digits = digits * 10 + (*at - '0');
        }
        fraction = (int)(at - point) - 1;
        count += fraction;
        if (fraction == 0) {
            return LILY_UNUSUAL;
        }
    }
    if (*at == 'e' || *at == 'E') {
        at += at[1] == '+' || at[1] == '-' ? 2 : 1;
        if (!is_digit(*at)) {
            return LILY_UNUSUAL;
        }
        while (is_digit(*at)) {
            at++;
        }
        count = JSON_DIGITS_MAX + 1;
    }
    reader->at = at;
    if (count > JSON_DIGITS_MAX) {
        return js_float64(strtod((const char *)begin, NULL));
    }
    if (is_plain && digits <= INT32_MAX && (digits > 0 || *begin != '-')) {
        return js_int32(*begin == '-' ? -(int32_t)digits : (int32_t)digits);
    }
    double number = (double)digits / powers[fraction];
    return js_float64(*begin == '-' ? -number : number);
}

static JSValue json_read_word(JsonReader *reader, const char *word, size_t length, JSValue value) {
    if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0) {
        return LILY_UNUSUAL;
    }
    reader->at += length;
    return value;
}

static JSValue json_read_list(JsonReader *reader, int depth) {
    JSContext *context = reader->context;
    JSValue list = JS_NewArray(context);
    if (JS_IsException(list)) {
        return list;
    }
    reader->at++;
    if (json_skip(reader) == ']') {
        reader->at++;
        return list;
    }
    for (;;) {
        JSValue value = json_read(reader, depth + 1);
        if (JS_IsException(value) || JS_IsUninitialized(value)) {
            JS_FreeValue(context, list);
            return value;
        }
        if (add_fast_array_element(context, JS_VALUE_GET_OBJ(list), value, 0) < 0) {
            JS_FreeValue(context, list);
            return JS_EXCEPTION;
        }
        uint8_t byte = json_skip(reader);
        reader->at++;
        if (byte == ']') {
            return list;
        }
        if (byte != ',') {
            JS_FreeValue(context, list);
            return LILY_UNUSUAL;
        }
    }
}

/// Whether a property's name, whose first quote is behind, is this one, as the shape of the last object has it.
static inline bool json_is_foreseen(JsonReader *reader, JSAtom atom) {
    JSString *name = reader->context->rt->atom_array[atom];
    if ((size_t)(reader->end - reader->at) < (size_t)name->len + 1 || memcmp(str8(name), reader->at, name->len) != 0
        || reader->at[name->len] != '"') {
        return false;
    }
    reader->at += name->len + 1;
    return true;
}

/// Whether the names of a shape stand in a text as they are.
static bool json_can_foresee(JSRuntime *runtime, JSShape *shape) {
    if (!shape->is_hashed || shape->prop_count > JSON_GUESS_MAX || shape->deleted_prop_count > 0) {
        return false;
    }
    for (int at = 0; at < shape->prop_count; at++) {
        JSAtom atom = get_shape_prop(shape)[at].atom;
        JSString *name = __JS_AtomIsTaggedInt(atom) ? NULL : runtime->atom_array[atom];
        if (name == NULL || name->is_wide_char) {
            return false;
        }
        for (uint32_t index = 0; index < name->len; index++) {
            uint8_t byte = str8(name)[index];
            if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') {
                return false;
            }
        }
    }
    return true;
}

static JSAtom json_read_name(JsonReader *reader) {
    const uint8_t *begin = reader->at;
    const uint8_t *plain = json_plain_end(begin, reader->end);
    if (*plain == '"') {
        reader->at = plain + 1;
        return JS_NewAtomLen(reader->context, (const char *)begin, plain - begin);
    }
    JSValue text = json_read_mixed(reader);
    if (JS_IsException(text) || JS_IsUninitialized(text)) {
        return JS_ATOM_NULL;
    }
    JSAtom name = JS_ValueToAtom(reader->context, text);
    JS_FreeValue(reader->context, text);
    return name;
}

/// Gives an object one more property, or an old one a new value. Takes the value.
static bool json_set(JSContext *context, JSObject *object, JSAtom name, JSValue value) {
    JSProperty *property;
    if (find_own_property(&property, object, name) != NULL) {
        set_value(context, &property->u.value, value);
        return true;
    }
    property = add_property(context, object, name, JS_PROP_C_W_E);
    if (property == NULL) {
        JS_FreeValue(context, value);
        return false;
    }
    property->u.value = value;
    return true;
}

/// What stands between a name and its value.
static inline bool json_colon(JsonReader *reader) {
    return json_skip(reader) == ':' && (reader->at++, true);
}

/// An object from its first property on, of which some are read: those that were foreseen. Takes `values`.
static JSValue json_read_rest(JsonReader *reader, int depth, JSShape *shape, JSProperty *values, int count, bool is_over) {
    JSContext *context = reader->context;
    JSValue whole = is_over && shape != NULL && count == shape->prop_count
        ? JS_NewObjectFromShape(context, js_dup_shape(shape), JS_CLASS_OBJECT, values)
        : JS_UNDEFINED;
    if (!JS_IsUndefined(whole)) {
        return whole;
    }
    JSValue made = JS_NewObject(context);
    JSObject *object = JS_IsException(made) ? NULL : JS_VALUE_GET_OBJ(made);
    bool good = object != NULL;
    for (int at = 0; at < count; at++) {
        if (good) {
            good = json_set(context, object, get_shape_prop(shape)[at].atom, values[at].u.value);
        } else {
            JS_FreeValue(context, values[at].u.value);
        }
    }
    if (!good) {
        JS_FreeValue(context, made);
        return JS_EXCEPTION;
    }
    while (!is_over) {
        // A quote is behind.
        JSAtom name = json_read_name(reader);
        if (name == JS_ATOM_NULL) {
            break;
        }
        JSValue value = json_colon(reader) ? json_read(reader, depth + 1) : LILY_UNUSUAL;
        if (JS_IsException(value) || JS_IsUninitialized(value)) {
            JS_FreeAtom(context, name);
            break;
        }
        good = json_set(context, object, name, value);
        JS_FreeAtom(context, name);
        uint8_t byte = json_skip(reader);
        reader->at++;
        is_over = byte == '}';
        if (!good || (!is_over && (byte != ',' || json_skip(reader) != '"'))) {
            break;
        }
        reader->at += !is_over;
    }
    if (!is_over || !good) {
        JS_FreeValue(context, made);
        return JS_HasException(context) ? JS_EXCEPTION : LILY_UNUSUAL;
    }
    if (object->shape != shape && json_can_foresee(context->rt, object->shape)) {
        if (shape != NULL) {
            js_free_shape(context->rt, shape);
        }
        reader->shapes[depth] = js_dup_shape(object->shape);
    }
    return made;
}

static JSValue json_read_object(JsonReader *reader, int depth) {
    JSContext *context = reader->context;
    JSProperty values[JSON_GUESS_MAX];
    int count = 0;
    reader->at++;
    uint8_t byte = json_skip(reader);
    if (byte == '}') {
        reader->at++;
        return JS_NewObject(context);
    }
    if (byte != '"') {
        return LILY_UNUSUAL;
    }
    reader->at++;
    // Objects within this one have shapes of their own depth; this one's stays.
    JSShape *shape = reader->shapes[depth];
    bool is_over = false;
    JSValue fault = JS_UNDEFINED;
    while (shape != NULL && count < shape->prop_count && json_is_foreseen(reader, get_shape_prop(shape)[count].atom)) {
        JSValue value = json_colon(reader) ? json_read(reader, depth + 1) : LILY_UNUSUAL;
        if (JS_IsException(value) || JS_IsUninitialized(value)) {
            fault = value;
            break;
        }
        values[count++].u.value = value;
        byte = json_skip(reader);
        reader->at++;
        is_over = byte == '}';
        if (is_over) {
            break;
        }
        if (byte != ',' || json_skip(reader) != '"') {
            fault = LILY_UNUSUAL;
            break;
        }
        reader->at++;
    }
    if (!JS_IsUndefined(fault)) {
        while (count-- > 0) {
            JS_FreeValue(context, values[count].u.value);
        }
        return fault;
    }
    return json_read_rest(reader, depth, shape, values, count, is_over);
}

static JSValue json_read(JsonReader *reader, int depth) {
    if (depth >= JSON_DEPTH_MAX) {
        return LILY_UNUSUAL;
    }
    switch (json_skip(reader)) {
    case '{':
        return json_read_object(reader, depth);
    case '[':
        return json_read_list(reader, depth);
    case '"':
        reader->at++;
        return json_read_text(reader);
    case 't':
        return json_read_word(reader, "true", 4, JS_TRUE);
    case 'f':
        return json_read_word(reader, "false", 5, JS_FALSE);
    case 'n':
        return json_read_word(reader, "null", 4, JS_NULL);
    default:
        return json_read_number(reader);
    }
}

static JSValue lily_json_parse(JSContext *ctx, const char *text, size_t length) {
    if (js_check_stack_overflow(ctx->rt, JSON_STACK_BYTES)) {
        return LILY_UNUSUAL;
    }
    JsonReader reader = { ctx, (const uint8_t *)text, (const uint8_t *)text + length, { NULL } };
    JSValue value = json_read(&reader, 0);
    for (int at = 0; at < JSON_DEPTH_MAX; at++) {
        if (reader.shapes[at] != NULL) {
            js_free_shape(ctx->rt, reader.shapes[at]);
        }
    }
    if (!JS_IsUninitialized(value) && !JS_IsException(value) && (json_skip(&reader), reader.at != reader.end)) {
        JS_FreeValue(ctx, value);
        return LILY_UNUSUAL;
    }
    return value;
}

// ---- writing ----

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
