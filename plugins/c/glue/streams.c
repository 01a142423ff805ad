/* Bodies, of both directions. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

/* A whole body is read into this much memory first, and then into four times as much, and so on. */
enum { FIRST_READ = 4 * 1024 };

void lily_incoming_open(lily_incoming *incoming, wasi_http_types_own_incoming_body_t body) {
    *incoming = (lily_incoming){.body = body};
    incoming->is_open = wasi_http_types_method_incoming_body_stream(wasi_http_types_borrow_incoming_body(body),
                                                                   &incoming->stream);
    incoming->is_broken = !incoming->is_open;
}

ptrdiff_t lily_incoming_read(lily_incoming *incoming, void *buffer, size_t size) {
    if (incoming->is_broken) return -1;
    if (incoming->is_ended || size == 0) return 0;
    glue_list_u8_t part;
    wasi_io_streams_stream_error_t error;
    do {
        lily_land_in(buffer, size);
        bool is_read = wasi_io_streams_method_input_stream_blocking_read(
            wasi_io_streams_borrow_input_stream(incoming->stream), size, &part, &error);
        lily_land_in(NULL, 0);
        if (!is_read) {
            incoming->is_ended = error.tag == WASI_IO_STREAMS_STREAM_ERROR_CLOSED;
            incoming->is_broken = !incoming->is_ended;
            if (incoming->is_broken) wasi_io_error_error_drop_own(error.val.last_operation_failed);
            return incoming->is_broken ? -1 : 0;
        }
    } while (part.len == 0);
    if (part.ptr != buffer) memcpy(buffer, part.ptr, part.len);
    return (ptrdiff_t)part.len;
}

lily_bytes lily_incoming_all(lily_incoming *incoming) {
    size_t size = 0, capacity = FIRST_READ;
    char *data = lily_alloc(capacity + 1), *grown = NULL;
    for (;;) {
        ptrdiff_t part = lily_incoming_read(incoming, data + size, capacity - size);
        if (part < 0) return (lily_bytes){NULL, 0};
        if (part == 0) break;
        size += (size_t)part;
        if (size < capacity) continue;
        capacity *= 4;
        char *larger = realloc(grown, capacity + 1);
        if (!larger) abort();
        if (!grown) memcpy(larger, data, size);
        data = grown = larger;
    }
    data[size] = 0;
    return (lily_bytes){data, size};
}

void lily_incoming_close(lily_incoming *incoming) {
    if (incoming->is_open) wasi_io_streams_input_stream_drop_own(incoming->stream);
    wasi_http_types_incoming_body_drop_own(incoming->body);
    incoming->is_open = false;
    incoming->is_ended = true;
}

/* Takes note of a failed write. */
static bool failed(const wasi_io_streams_stream_error_t *error) {
    if (error->tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
        wasi_io_error_error_drop_own(error->val.last_operation_failed);
    }
    return false;
}

static bool permitted(wasi_http_types_own_output_stream_t stream, uint64_t *size) {
    wasi_io_streams_stream_error_t error;
    return wasi_io_streams_method_output_stream_check_write(wasi_io_streams_borrow_output_stream(stream), size,
                                                            &error) ||
           failed(&error);
}

bool lily_stream_takes(wasi_http_types_own_output_stream_t stream, size_t size) {
    uint64_t takes;
    return permitted(stream, &takes) && takes >= size;
}

bool lily_stream_put(wasi_http_types_own_output_stream_t stream, const void *data, size_t size) {
    glue_list_u8_t bytes = {(uint8_t *)data, size};
    wasi_io_streams_stream_error_t error;
    return wasi_io_streams_method_output_stream_write(wasi_io_streams_borrow_output_stream(stream), &bytes, &error) ||
           failed(&error);
}

bool lily_stream_write(wasi_http_types_own_output_stream_t stream, const void *data, size_t size) {
    const char *from = data;
    while (size > 0) {
        uint64_t takes;
        if (!permitted(stream, &takes)) return false;
        if (takes == 0) {
            wasi_io_streams_own_pollable_t ready =
                wasi_io_streams_method_output_stream_subscribe(wasi_io_streams_borrow_output_stream(stream));
            wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
            wasi_io_poll_pollable_drop_own(ready);
            continue;
        }
        size_t part = takes < size ? (size_t)takes : size;
        if (!lily_stream_put(stream, from, part)) return false;
        from += part;
        size -= part;
    }
    return true;
}
