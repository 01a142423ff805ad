// Written by `lly plugin build` into `bindings/`: what a frontend in C needs besides its language.
//
// Buffers, numbers as WebAssembly and BIR write them, sha256, the records of BIR (docs/bir.md, byte by byte), and a
// component made of a core module.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// A string of bytes that grows. Begin with `lily_buffer b = {0};`.
typedef struct {
    uint8_t *data;
    size_t size, room;
} lily_buffer;

// Appends bytes. Traps when there is no memory left, which `lly` reports as such.
static inline void lily_put(lily_buffer *to, const void *data, size_t size) {
    if (size > to->room - to->size) {
        size_t room = (to->size + size) * 2 + 64;
        uint8_t *grown = realloc(to->data, room);
        if (!grown) __builtin_trap();
        to->data = grown;
        to->room = room;
    }
    if (size) memcpy(to->data + to->size, data, size);
    to->size += size;
}

static inline void lily_byte(lily_buffer *to, unsigned byte) {
    uint8_t one = (uint8_t)byte;
    lily_put(to, &one, 1);
}

// LEB128, unsigned.
static inline void lily_unsigned(lily_buffer *to, uint64_t value) {
    for (; value >= 0x80; value >>= 7) lily_byte(to, (unsigned)(value & 0x7f) | 0x80);
    lily_byte(to, (unsigned)value);
}

// LEB128, signed: constants in WebAssembly.
static inline void lily_signed(lily_buffer *to, int64_t value) {
    for (; value < -64 || value > 63; value >>= 7) lily_byte(to, (unsigned)(value & 0x7f) | 0x80);
    lily_byte(to, (unsigned)(value & 0x7f));
}

// The length, then the bytes: a string in BIR, a name or a section's contents in WebAssembly.
static inline void lily_sized(lily_buffer *to, const void *data, size_t size) {
    lily_unsigned(to, size);
    lily_put(to, data, size);
}

// A string of C, sized.
static inline void lily_string(lily_buffer *to, const char *text) {
    lily_sized(to, text, strlen(text));
}

// Section `id` of a WebAssembly module.
static inline void lily_section(lily_buffer *to, unsigned id, const lily_buffer *contents) {
    lily_byte(to, id);
    lily_sized(to, contents->data, contents->size);
}

static inline void lily_sha256_block(uint32_t state[8], const uint8_t *block) {
    static const uint32_t k[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
        0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
        0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
    uint32_t w[64];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[i * 4] << 24 | (uint32_t)block[i * 4 + 1] << 16 | (uint32_t)block[i * 4 + 2] << 8 |
               block[i * 4 + 3];
#define LILY_ROTATE(x, n) ((x) >> (n) | (x) << (32 - (n)))
    for (int i = 16; i < 64; i++) {
        uint32_t a = LILY_ROTATE(w[i - 15], 7) ^ LILY_ROTATE(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = LILY_ROTATE(w[i - 2], 17) ^ LILY_ROTATE(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    uint32_t s[8];
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t e = LILY_ROTATE(s[4], 6) ^ LILY_ROTATE(s[4], 11) ^ LILY_ROTATE(s[4], 25);
        uint32_t one = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
        uint32_t a = LILY_ROTATE(s[0], 2) ^ LILY_ROTATE(s[0], 13) ^ LILY_ROTATE(s[0], 22);
        uint32_t two = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof s[0]);
        s[4] += one;
        s[0] = one + two;
    }
#undef LILY_ROTATE
    for (int i = 0; i < 8; i++) state[i] += s[i];
}

static inline void lily_sha256(const void *data, size_t size, uint8_t out[32]) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint8_t *at = data;
    size_t left = size;
    for (; left >= 64; left -= 64, at += 64) lily_sha256_block(state, at);
    uint8_t last[128] = {0};
    if (left) memcpy(last, at, left);
    last[left] = 0x80;
    size_t end = left < 56 ? 64 : 128;
    uint64_t bits = (uint64_t)size * 8;
    for (int i = 0; i < 8; i++) last[end - 1 - i] = (uint8_t)(bits >> (8 * i));
    lily_sha256_block(state, last);
    if (end == 128) lily_sha256_block(state, last + 64);
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

// A text that is not the frontend's: address and length, as the bindings have it.
typedef struct {
    const char *data;
    size_t size;
} lily_view;

// Whether a text is UTF-8, which every string of a frontend's answer has to be.
static inline bool lily_is_utf8(lily_view text) {
    const uint8_t *at = (const uint8_t *)text.data, *end = at + text.size;
    while (at < end) {
        uint32_t first = *at++, code, more;
        if (first < 0x80) continue;
        if (first >= 0xc2 && first < 0xe0) code = first & 0x1f, more = 1;
        else if (first >= 0xe0 && first < 0xf0) code = first & 0x0f, more = 2;
        else if (first >= 0xf0 && first < 0xf5) code = first & 0x07, more = 3;
        else return false;
        if ((size_t)(end - at) < more) return false;
        for (uint32_t i = 0; i < more; i++, at++) {
            if ((*at & 0xc0) != 0x80) return false;
            code = code << 6 | (*at & 0x3f);
        }
        if (more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) return false;
        if (more == 3 && (code < 0x10000 || code >= 0x110000)) return false;
    }
    return true;
}

// One unit. Lists of indices ascend strictly; what is not listed here is empty or false.
typedef struct {
    lily_view name, signature;
    // Where it stands: the file; line and column of its name, the line of its end, from 1.
    lily_view file;
    uint32_t line, column, end_line;
    // Bytes of code.
    uint32_t size;
    // The units that it calls, by index.
    const uint32_t *calls;
    size_t call_count;
    uint8_t digest[32];
} lily_unit;

// Begins a program; `unit_count` units follow, then `lily_bir_end`.
static inline void lily_bir_begin(lily_buffer *to, const char *language, lily_view name, size_t unit_count) {
    static const uint8_t head[] = {'L', 'I', 'L', 'Y', '-', 'B', 'I', 'R', 1, 0, 0, 0, 1};
    lily_put(to, head, sizeof head);
    lily_string(to, language);
    lily_sized(to, name.data, name.size);
    lily_unsigned(to, unit_count);
}

static inline void lily_bir_unit(lily_buffer *to, const lily_unit *unit) {
    lily_sized(to, unit->name.data, unit->name.size);
    lily_sized(to, unit->name.data, unit->name.size); // the symbol
    lily_byte(to, 0);                                 // a function
    lily_sized(to, unit->signature.data, unit->signature.size);
    lily_byte(to, 1); // it has a place
    lily_sized(to, unit->file.data, unit->file.size);
    lily_unsigned(to, unit->line);
    lily_unsigned(to, unit->column);
    lily_unsigned(to, unit->end_line);
    lily_unsigned(to, unit->size);
    lily_unsigned(to, unit->call_count);
    for (size_t i = 0; i < unit->call_count; i++) {
        lily_byte(to, 0); // a unit of this program
        lily_unsigned(to, unit->calls[i]);
    }
    lily_put(to, "\0\0\0\0\0", 5); // no indirect calls, no address taken, nothing read, written or let out
    lily_unsigned(to, 0);          // in the first object
    lily_put(to, unit->digest, 32);
}

// Ends a program whose one object, the payload, is `module`: `lily_bir_module` finds it again.
static inline void lily_bir_end(lily_buffer *to, const char *object, const lily_buffer *module) {
    uint8_t digest[32];
    lily_unsigned(to, 0); // no data
    lily_unsigned(to, 1); // one object
    lily_string(to, object);
    lily_sha256(module->data, module->size, digest);
    lily_put(to, digest, 32);
    lily_sized(to, module->data, module->size);
}

// The payload of BIR that this frontend wrote: it ends the file, after its length. Only a length that fits, in front of a
// module's first bytes, is believed.
static inline bool lily_bir_module(const uint8_t *bir, size_t size, lily_view *module) {
    static const uint8_t magic[] = {0, 'a', 's', 'm', 1, 0, 0, 0};
    if (size < 13 || memcmp(bir, "LILY-BIR", 8) != 0) return false;
    for (size_t at = 13; at + sizeof magic <= size; at++) {
        if (memcmp(bir + at, magic, sizeof magic) != 0) continue;
        lily_buffer length = {0};
        lily_unsigned(&length, size - at);
        bool fits = at >= length.size && memcmp(bir + at - length.size, length.data, length.size) == 0;
        free(length.data);
        if (fits) {
            *module = (lily_view){(const char *)bir + at, size - at};
            return true;
        }
    }
    return false;
}

// Puts `module` in the place of the first core module of `shell`, a component: `lily_shell` of `lily_shell.h`.
//
// That one prints. Its program may import from `shell`: `memory` (64 pages; bytes 65536 to 4194304 are the program's),
// `print` (i32 address, i32 length), `number` (i64, printed in decimal on a line). It exports `run`, without parameters,
// which answers an i32: 0 for success, 1 for failure.
static inline bool lily_component(lily_buffer *to, const uint8_t *shell, size_t shell_size, lily_view module) {
    size_t at = 8;
    while (at < shell_size) {
        size_t begin = at;
        unsigned id = shell[at++];
        uint64_t size = 0;
        for (unsigned shift = 0; at < shell_size; shift += 7) {
            uint8_t byte = shell[at++];
            size |= (uint64_t)(byte & 0x7f) << shift;
            if (byte < 0x80) break;
        }
        at += size;
        if (id == 1 && at <= shell_size) {
            lily_put(to, shell, begin);
            lily_byte(to, 1);
            lily_sized(to, module.data, module.size);
            lily_put(to, shell + at, shell_size - at);
            return true;
        }
    }
    return false;
}
