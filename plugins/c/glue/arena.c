/*
 * Memory for one request: taken from the front of a block, given back all at once by the instance's end. The first
 * block is part of the instance, so that a small request asks for no memory at all.
 */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

enum { FIRST_BLOCK = 8 * 1024, NEXT_BLOCK = 64 * 1024, ALIGNMENT = 16 };

static _Alignas(ALIGNMENT) char first_block[FIRST_BLOCK];
static char *block = first_block;
static size_t left = FIRST_BLOCK;

void *lily_alloc(size_t size) {
    if (size > SIZE_MAX - ALIGNMENT) abort();
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded > left) {
        if (rounded >= NEXT_BLOCK / 2) {
            /* A block of its own; the current one goes on being used. */
            void *own = malloc(rounded);
            if (!own) abort();
            return own;
        }
        block = malloc(NEXT_BLOCK);
        if (!block) abort();
        left = NEXT_BLOCK;
    }
    void *memory = block;
    block += rounded;
    left -= rounded;
    return memory;
}

char *lily_copy(const char *data, size_t size) {
    char *copy = lily_alloc(size + 1);
    memcpy(copy, data, size);
    copy[size] = 0;
    return copy;
}

static void *landing;
static size_t landing_size;

void lily_land_in(void *memory, size_t size) {
    landing = memory;
    landing_size = size;
}

/*
 * Where the host puts what its functions return. Bytes and text get a zero byte behind them, so that they are C
 * strings as they come. Takes the place of the generated one, which is weak.
 */
__attribute__((__export_name__("cabi_realloc"))) void *cabi_realloc(void *old, size_t old_size, size_t align,
                                                                     size_t size) {
    if (size == 0 && align != 1) return (void *)align;
    if (align == 1 && landing && size <= landing_size && !old_size) {
        void *memory = landing;
        landing = NULL;
        return memory;
    }
    char *memory = lily_alloc(size + (align == 1));
    if (align == 1) memory[size] = 0;
    if (old_size) memcpy(memory, old, old_size < size ? old_size : size);
    return memory;
}

/* The preview1 adapter keeps its state for as long as the instance lives: not a request's memory. */
__attribute__((__export_name__("cabi_realloc_adapter"))) void *cabi_realloc_adapter(void *old, size_t old_size,
                                                                                     size_t align, size_t size) {
    (void)old_size;
    (void)align;
    void *memory = realloc(old, size);
    if (!memory) abort();
    return memory;
}

/* The generated code wants an object that wit-bindgen would make; the component's type is known without it. */
void __component_type_object_force_link_glue(void) {}
