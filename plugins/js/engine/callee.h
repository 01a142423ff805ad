// A part of inside.c: what a value that cannot be called is named in the program, as V8 words it: `o.f[0] is not a function`.
// The bytecode tells: it is walked along its ways, each operation once, to the one that failed, and for each value on the stack it
// is known then which operation put it there. The value that is found is compared with the one that failed.

enum {
    /// Longer code than this is not walked: an error is to be cheap.
    CALLEE_CODE_MAX = 1 << 16,
    /// How many parts a name may have.
    CALLEE_PARTS_MAX = 16,
};

/// An operation that put a value on the stack, and the values that it took: an object and a key. Negative: none.
typedef struct {
    uint32_t at;
    int32_t object;
    int32_t key;
    /// Another way leads to the same place with another value.
    bool is_doubtful;
} Pushed;

typedef struct {
    JSContext *context;
    JSFunctionBytecode *code;
    Pushed *pushed;
    int32_t *stack;
    /// By place in the code: the last value on the stack when the walk came there first, and two; 0: it never did.
    int32_t *seen;
    /// Ways that are still to be gone, the last first: the values on the stack, how many they are, and where it begins.
    DynBuf ways;
    int32_t count;
    int depth;
    /// Where on the stack the value is that the operation failed of, and what put it there. Negative: not found.
    int slot;
    int32_t value;
} Walk;

static int32_t push_at(Walk *walk, uint32_t at, int32_t object, int32_t key) {
    walk->pushed[walk->count] = (Pushed){ at, object, key, false };
    walk->stack[walk->depth++] = walk->count;
    return walk->count++;
}

/// Where a jump leads to, and how much deeper the stack is there than after the operation; 0: it is no jump.
static uint32_t jump_of(const uint8_t *code, uint32_t at, int *deeper) {
    *deeper = 0;
    switch (code[at]) {
    case OP_if_false8:
    case OP_if_true8:
    case OP_goto8:
        return at + 1 + (uint32_t)(int8_t)code[at + 1];
    case OP_goto16:
        return at + 1 + (uint32_t)(int16_t)get_u16(code + at + 1);
    case OP_gosub:
        *deeper = 1;
        return at + 1 + get_u32(code + at + 1);
    case OP_if_false:
    case OP_if_true:
    case OP_goto:
    case OP_catch:
        return at + 1 + get_u32(code + at + 1);
    default:
        return 0;
    }
}

static bool goes_on(int operation) {
    switch (operation) {
    case OP_goto:
    case OP_goto8:
    case OP_goto16:
    case OP_return:
    case OP_return_undef:
    case OP_return_async:
    case OP_throw:
    case OP_throw_error:
    case OP_tail_call:
    case OP_tail_call_method:
    case OP_ret:
        return false;
    default:
        return true;
    }
}

static int popped_by(const uint8_t *code, uint32_t at) {
    const JSOpCode *info = &short_opcode_info(code[at]);
    if (info->fmt == OP_FMT_npop || info->fmt == OP_FMT_npop_u16) {
        return info->n_pop + get_u16(code + at + 1);
    }
    return info->n_pop + (info->fmt == OP_FMT_npopx ? code[at] - OP_call0 : 0);
}

/// One operation. False: the stack is not what it should be, and nobody knows the name.
static bool step(Walk *walk, uint32_t at) {
    const uint8_t *code = walk->code->byte_code_buf;
    const JSOpCode *info = &short_opcode_info(code[at]);
    int taken = popped_by(code, at);
    int given = info->n_push;
    if (taken > walk->depth || walk->depth - taken + given > walk->code->stack_size) {
        return false;
    }
    int32_t *top = walk->stack + walk->depth;
    int32_t first = taken > 0 ? top[-taken] : -1;
    int32_t second = taken > 1 ? top[1 - taken] : -1;
    switch (code[at]) {
    case OP_dup:
        *top = top[-1];
        walk->depth++;
        return true;
    case OP_get_field2:
        push_at(walk, at, first, -1);
        return true;
    case OP_get_array_el2:
        walk->depth--;
        push_at(walk, at, first, second);
        return true;
    case OP_to_propkey:
    case OP_to_propkey2:
        return true;
    case OP_get_loc0_loc1:
        push_at(walk, at, -1, 0);
        push_at(walk, at, -1, 1);
        return true;
    case OP_get_super_value:
        second = top[-1];
        break;
    }
    walk->depth -= taken;
    for (int one = 0; one < given; one++) {
        push_at(walk, at, first, second);
    }
    return true;
}

/// A way that begins at `target`, with so many values more than there are now.
static void add_way(Walk *walk, uint32_t target, int deeper) {
    int32_t place[2] = { walk->depth + deeper, (int32_t)target };
    if (target >= (uint32_t)walk->code->byte_code_len || place[0] > walk->code->stack_size) {
        return;
    }
    if (deeper > 0) {
        walk->stack[walk->depth] = -1;
    }
    dbuf_put(&walk->ways, (uint8_t *)walk->stack, (size_t)place[0] * sizeof *walk->stack);
    dbuf_put(&walk->ways, (uint8_t *)place, sizeof place);
}

/// Goes on where a way begins. False: none is left.
static bool take_way(Walk *walk, uint32_t *at) {
    int32_t place[2];
    DynBuf *ways = &walk->ways;
    if (ways->size < sizeof place || dbuf_error(ways)) {
        return false;
    }
    ways->size -= sizeof place;
    memcpy(place, ways->buf + ways->size, sizeof place);
    ways->size -= (size_t)place[0] * sizeof *walk->stack;
    memcpy(walk->stack, ways->buf + ways->size, (size_t)place[0] * sizeof *walk->stack);
    walk->depth = place[0];
    *at = (uint32_t)place[1];
    return true;
}

static int operation_of(Walk *walk, int32_t which) {
    return which < 0 ? OP_invalid : walk->code->byte_code_buf[walk->pushed[which].at];
}

/// A jump that is always taken: destructuring asks whether its own `undefined` is undefined.
static bool is_sure(Walk *walk, uint32_t at) {
    int operation = walk->code->byte_code_buf[at];
    int32_t asked = walk->depth > 0 ? walk->stack[walk->depth - 1] : -1;
    return (operation == OP_if_true || operation == OP_if_true8) && operation_of(walk, asked) == OP_is_undefined
        && operation_of(walk, walk->pushed[asked].object) == OP_undefined;
}

/// Where on the stack the value lies that the operation calls, constructs or iterates; negative: it does nothing of it.
static int slot_of(Walk *walk, const uint8_t *place) {
    switch (*place) {
    case OP_call0 ... OP_call3:
        return walk->depth - 1 - (*place - OP_call0);
    case OP_call:
    case OP_tail_call:
    case OP_call_method:
    case OP_tail_call_method:
        return walk->depth - 1 - get_u16(place + 1);
    case OP_call_constructor:
        return walk->depth - 2 - get_u16(place + 1);
    case OP_apply:
        return walk->depth - 3;
    case OP_for_of_start:
    case OP_for_await_of_start:
    case OP_append:
        return walk->depth - 1;
    default:
        return -1;
    }
}

/// Whether this place is new. If not, the way ends here, and what it brings may not be what the first one brought.
static bool is_new(Walk *walk, uint32_t at) {
    int32_t top = walk->depth > 0 ? walk->stack[walk->depth - 1] : -1;
    int32_t before = walk->seen[at] - 2;
    if (walk->seen[at] == 0) {
        walk->seen[at] = top + 2;
        return true;
    }
    if (before != top && before >= 0) {
        walk->pushed[before].is_doubtful = true;
    }
    return false;
}

/// Walks everywhere, and takes note of the stack at the operation before `end`.
static void walk_all(Walk *walk, uint32_t end) {
    const uint8_t *code = walk->code->byte_code_buf;
    uint32_t length = (uint32_t)walk->code->byte_code_len;
    for (uint32_t at = 0;;) {
        if (at >= length || !is_new(walk, at)) {
            if (!take_way(walk, &at)) {
                return;
            }
            continue;
        }
        uint32_t next = at + short_opcode_info(code[at]).size;
        int slot = next == end ? slot_of(walk, code + at) : -1;
        if (slot >= 0 && slot < walk->depth) {
            walk->slot = slot;
            walk->value = walk->stack[slot];
        }
        bool is_passed = goes_on(code[at]) && !is_sure(walk, at);
        bool is_sound = step(walk, at);
        int deeper;
        uint32_t target = jump_of(code, at, &deeper);
        if (is_sound && target > 0) {
            add_way(walk, target, deeper);
        }
        at = is_sound && is_passed ? next : length;
    }
}

static const char NO_NAME[] = "(intermediate value)";

static void put_atom(Walk *walk, DynBuf *text, JSAtom atom) {
    char name[ATOM_GET_STR_BUF_SIZE];
    dbuf_putstr(text, JS_AtomGetStr(walk->context, name, sizeof name, atom));
}

/// A variable of the function, by its place in each operation that reads one; null if the operation reads none.
static JSAtom variable_of(Walk *walk, Pushed *one) {
    JSFunctionBytecode *code = walk->code;
    const uint8_t *place = code->byte_code_buf + one->at;
    uint32_t local = UINT32_MAX;
    uint32_t outer = UINT32_MAX;
    switch (*place) {
    case OP_get_var:
    case OP_get_var_undef:
        return get_u32(place + 1);
    case OP_get_loc:
    case OP_get_loc_check:
        local = code->arg_count + get_u16(place + 1);
        break;
    case OP_get_loc8:
        local = code->arg_count + place[1];
        break;
    case OP_get_loc0_loc1:
        local = code->arg_count + (uint32_t)one->key;
        break;
    case OP_get_loc0 ... OP_get_loc3:
        local = code->arg_count + (uint32_t)(*place - OP_get_loc0);
        break;
    case OP_get_arg:
        local = get_u16(place + 1);
        break;
    case OP_get_arg0 ... OP_get_arg3:
        local = (uint32_t)(*place - OP_get_arg0);
        break;
    case OP_get_var_ref:
    case OP_get_var_ref_check:
        outer = get_u16(place + 1);
        break;
    case OP_get_var_ref0 ... OP_get_var_ref3:
        outer = (uint32_t)(*place - OP_get_var_ref0);
        break;
    }
    if (local < (uint32_t)code->arg_count + code->var_count) {
        return code->vardefs[local].var_name;
    }
    return outer < code->closure_var_count ? code->closure_var[outer].var_name : JS_ATOM_NULL;
}

static bool is_word(Walk *walk, int32_t which) {
    return operation_of(walk, which) == OP_push_atom_value;
}

static void put_name(Walk *walk, DynBuf *text, int32_t which, int parts);

static void put_key(Walk *walk, DynBuf *text, int32_t key, int parts) {
    if (is_word(walk, key)) {
        dbuf_putc(text, '.');
        put_atom(walk, text, get_u32(walk->code->byte_code_buf + walk->pushed[key].at + 1));
        return;
    }
    dbuf_putc(text, '[');
    put_name(walk, text, key, parts);
    dbuf_putc(text, ']');
}

static bool put_constant(DynBuf *text, const uint8_t *place) {
    static const char *const words[] = { "(void 0)", "null", "false", "true" };
    switch (*place) {
    case OP_undefined:
        dbuf_putstr(text, words[0]);
        return true;
    case OP_null:
        dbuf_putstr(text, words[1]);
        return true;
    case OP_push_false:
    case OP_push_true:
        dbuf_putstr(text, words[2 + (*place == OP_push_true)]);
        return true;
    case OP_push_minus1 ... OP_push_7:
        dbuf_printf(text, "%d", *place - OP_push_0);
        return true;
    case OP_push_i8:
        dbuf_printf(text, "%d", (int8_t)place[1]);
        return true;
    case OP_push_i16:
        dbuf_printf(text, "%d", (int16_t)get_u16(place + 1));
        return true;
    case OP_push_i32:
        dbuf_printf(text, "%d", (int32_t)get_u32(place + 1));
        return true;
    default:
        return false;
    }
}

static void put_name(Walk *walk, DynBuf *text, int32_t which, int parts) {
    Pushed *one = which < 0 || parts > CALLEE_PARTS_MAX || walk->pushed[which].is_doubtful ? NULL : &walk->pushed[which];
    const uint8_t *place = one == NULL ? NULL : walk->code->byte_code_buf + one->at;
    JSAtom variable = one == NULL ? JS_ATOM_NULL : variable_of(walk, one);
    if (variable != JS_ATOM_NULL) {
        put_atom(walk, text, variable);
        return;
    }
    switch (one == NULL ? OP_invalid : *place) {
    case OP_push_this:
        dbuf_putstr(text, "this");
        return;
    case OP_get_field:
    case OP_get_field2:
        put_name(walk, text, one->object, parts + 1);
        dbuf_putc(text, '.');
        put_atom(walk, text, get_u32(place + 1));
        return;
    case OP_get_length:
        put_name(walk, text, one->object, parts + 1);
        dbuf_putstr(text, ".length");
        return;
    case OP_get_array_el:
    case OP_get_array_el2:
        put_name(walk, text, one->object, parts + 1);
        put_key(walk, text, one->key, parts + 1);
        return;
    case OP_get_super_value:
        dbuf_putstr(text, NO_NAME);
        put_key(walk, text, one->key, parts + 1);
        return;
    case OP_push_atom_value:
        dbuf_putc(text, '"');
        put_atom(walk, text, get_u32(place + 1));
        dbuf_putc(text, '"');
        return;
    case OP_call0 ... OP_call3:
    case OP_call:
        put_name(walk, text, one->object, parts + 1);
        dbuf_putstr(text, "(...)");
        return;
    case OP_call_method:
        put_name(walk, text, one->key, parts + 1);
        dbuf_putstr(text, "(...)");
        return;
    }
    if (place == NULL || !put_constant(text, place)) {
        dbuf_putstr(text, NO_NAME);
    }
}

/// The name of the value that the running function's operation fails of. False if it is not known.
static bool put_callee(Walk *walk, DynBuf *text, JSStackFrame *frame, JSValueConst value) {
    JSFunctionBytecode *code = walk->code;
    size_t length = (size_t)code->byte_code_len;
    // No operation puts more than six values there.
    walk->pushed = js_malloc_rt(walk->context->rt, length * 6 * sizeof *walk->pushed);
    walk->stack = js_malloc_rt(walk->context->rt, ((size_t)code->stack_size + 1) * sizeof *walk->stack);
    walk->seen = js_calloc_rt(walk->context->rt, length, sizeof *walk->seen);
    js_dbuf_init(walk->context, &walk->ways);
    if (walk->pushed == NULL || walk->stack == NULL || walk->seen == NULL) {
        return false;
    }
    walk_all(walk, (uint32_t)(frame->cur_pc - code->byte_code_buf));
    if (walk->slot < 0) {
        return false;
    }
    JSValue there = frame->var_buf[code->var_count + walk->slot];
    if (JS_VALUE_GET_TAG(there) != JS_VALUE_GET_TAG(value)
        || (JS_VALUE_HAS_REF_COUNT(value) && JS_VALUE_GET_PTR(there) != JS_VALUE_GET_PTR(value))) {
        return false;
    }
    put_name(walk, text, walk->value, 0);
    return true;
}

/// The value itself, where a function of the engine's own was given it.
static void put_value(JSContext *context, DynBuf *text, JSValueConst value) {
    const char *kind = "object";
    bool is_shown = true;
    switch (JS_VALUE_GET_NORM_TAG(value)) {
    case JS_TAG_UNDEFINED:
        dbuf_putstr(text, "undefined");
        return;
    case JS_TAG_NULL:
        break;
    case JS_TAG_BOOL:
        kind = "boolean";
        break;
    case JS_TAG_INT:
    case JS_TAG_FLOAT64:
        kind = "number";
        break;
    default:
        is_shown = JS_IsString(value);
        kind = is_shown ? "string" : JS_IsSymbol(value) ? "symbol" : JS_IsFunction(context, value) ? "function" : kind;
    }
    const char *shown = is_shown ? JS_ToCString(context, value) : NULL;
    const char *quote = JS_IsString(value) ? "\"" : "";
    dbuf_putstr(text, kind);
    if (shown != NULL) {
        dbuf_printf(text, " %s%s%s", quote, shown, quote);
        JS_FreeCString(context, shown);
    }
}

/// Throws a TypeError: the value is not `what`.
static JSValue lily_throw_not(JSContext *context, JSValueConst value, const char *what) {
    JSStackFrame *frame = context->rt->current_stack_frame;
    JSFunctionBytecode *code = frame == NULL ? NULL : code_of(frame);
    Walk walk = { .context = context, .code = code, .slot = -1 };
    DynBuf text;
    js_dbuf_init(context, &text);
    bool is_walked = code != NULL && frame->cur_pc != NULL && code->byte_code_len <= CALLEE_CODE_MAX;
    bool is_known = is_walked && put_callee(&walk, &text, frame, value);
    js_free_rt(context->rt, walk.pushed);
    js_free_rt(context->rt, walk.stack);
    js_free_rt(context->rt, walk.seen);
    if (is_walked) {
        dbuf_free(&walk.ways);
    }
    if (!is_known && code != NULL) {
        dbuf_putstr(&text, NO_NAME);
    } else if (!is_known) {
        put_value(context, &text, value);
    }
    dbuf_putc(&text, '\0');
    JSValue thrown = JS_ThrowTypeError(context, "%s is not %s", dbuf_error(&text) ? NO_NAME : (char *)text.buf, what);
    dbuf_free(&text);
    return thrown;
}
