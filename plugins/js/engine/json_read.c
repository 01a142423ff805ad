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
