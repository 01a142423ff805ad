/*
 * The response. Writes are gathered in a buffer. A body that fits into it is handed to the host complete, with its
 * length and before the host starts to send, so that nobody waits for anybody; a larger one is streamed, a buffer at a
 * time.
 */
#include <string.h>

#include "internal.h"

enum { BUFFER_MAX = 64 * 1024, BUFFER_FIRST = 1024, HEADERS_FIRST = 8 };

static const char content_type[] = "content-type";
static const char content_length[] = "content-length";
static const char text_plain[] = "text/plain; charset=utf-8";

int lily_response_status(lily_response *response, int status) {
    if (response->is_streaming || status < 100 || status > 599) return -1;
    response->status = status;
    return 0;
}

static void append(lily_response *response, const char *name, size_t name_size, const char *value, size_t value_size) {
    if (response->header_count == response->header_capacity) {
        size_t capacity = response->header_capacity ? 2 * response->header_capacity : HEADERS_FIRST;
        lily_header *larger = lily_alloc(capacity * sizeof *larger);
        if (response->header_count) memcpy(larger, response->headers, response->header_count * sizeof *larger);
        response->headers = larger;
        response->header_capacity = capacity;
    }
    response->headers[response->header_count++] =
        (lily_header){{(uint8_t *)name, name_size}, {(uint8_t *)value, value_size}};
}

static bool has_header(const lily_response *response, const char *name, size_t size) {
    for (size_t i = 0; i < response->header_count; i++) {
        const lily_header *header = &response->headers[i];
        if (lily_same_name((const char *)header->f0.ptr, header->f0.len, name, size)) return true;
    }
    return false;
}

int lily_response_add_header(lily_response *response, const char *name, const char *value) {
    if (response->is_streaming || !lily_header_is_allowed(name, value)) return -1;
    size_t name_size = strlen(name), value_size = strlen(value);
    append(response, lily_copy(name, name_size), name_size, lily_copy(value, value_size), value_size);
    return 0;
}

int lily_response_header(lily_response *response, const char *name, const char *value) {
    if (response->is_streaming || !lily_header_is_allowed(name, value)) return -1;
    size_t kept = 0, size = strlen(name);
    for (size_t i = 0; i < response->header_count; i++) {
        lily_header header = response->headers[i];
        if (!lily_same_name((const char *)header.f0.ptr, header.f0.len, name, size)) response->headers[kept++] = header;
    }
    response->header_count = kept;
    return lily_response_add_header(response, name, value);
}

/* A response with one of these has no body, and no length either. */
static bool may_have_body(int status) { return status >= 200 && status != 204 && status != 304; }

/* Adds the headers that follow from the body: its length, where it is known. */
static void complete_headers(lily_response *response, bool is_whole) {
    if (!may_have_body(response->status)) return;
    size_t size = response->buffered;
    if ((size || !is_whole) && !has_header(response, content_type, sizeof content_type - 1)) {
        append(response, content_type, sizeof content_type - 1, text_plain, sizeof text_plain - 1);
    }
    if (is_whole && !has_header(response, content_length, sizeof content_length - 1)) {
        char *digits = lily_alloc(24), *end = digits + 24, *at = end;
        do {
            *--at = (char)('0' + size % 10);
        } while (size /= 10);
        append(response, content_length, sizeof content_length - 1, at, (size_t)(end - at));
    }
}

/* Makes the host's response and opens its body. */
static bool make(lily_response *response, wasi_http_types_own_outgoing_response_t *made) {
    lily_header_list list = {response->headers, response->header_count};
    wasi_http_types_own_fields_t fields;
    wasi_http_types_header_error_t error;
    if (!wasi_http_types_static_fields_from_list(&list, &fields, &error)) {
        lily_log_text(LILY_ERROR, "the host refuses the response's headers");
        list.len = 0;
        response->status = 500;
        response->buffered = 0;
        if (!wasi_http_types_static_fields_from_list(&list, &fields, &error)) return false;
    }
    *made = wasi_http_types_constructor_outgoing_response(fields);
    wasi_http_types_borrow_outgoing_response_t borrowed = wasi_http_types_borrow_outgoing_response(*made);
    if (response->status != 200) {
        wasi_http_types_method_outgoing_response_set_status_code(borrowed, (uint16_t)response->status);
    }
    return wasi_http_types_method_outgoing_response_body(borrowed, &response->body);
}

static void hand_over(lily_response *response, wasi_http_types_own_outgoing_response_t made) {
    wasi_http_types_result_own_outgoing_response_error_code_t result = {.is_err = false, .val.ok = made};
    wasi_http_types_static_response_outparam_set(response->outparam, &result);
}

/* Sends status and headers. */
static bool start_streaming(lily_response *response) {
    complete_headers(response, false);
    wasi_http_types_own_outgoing_response_t made;
    response->is_streaming = true;
    response->is_broken = !make(response, &made) ||
                          !wasi_http_types_method_outgoing_body_write(
                              wasi_http_types_borrow_outgoing_body(response->body), &response->stream);
    if (response->is_broken) return false;
    hand_over(response, made);
    return true;
}

/* Sends what is in the buffer. */
static bool send_buffer(lily_response *response) {
    if (!response->is_streaming && !start_streaming(response)) return false;
    response->is_broken = !lily_stream_write(response->stream, response->buffer, response->buffered);
    response->buffered = 0;
    return !response->is_broken;
}

/* Makes room in the buffer for `size` more bytes, which fit. */
static void make_room(lily_response *response, size_t size) {
    size_t wanted = response->buffered + size;
    if (wanted <= response->buffer_capacity) return;
    size_t capacity = response->buffer_capacity ? response->buffer_capacity : BUFFER_FIRST;
    while (capacity < wanted) capacity *= 4;
    char *larger = lily_alloc(capacity);
    if (response->buffered) memcpy(larger, response->buffer, response->buffered);
    response->buffer = larger;
    response->buffer_capacity = capacity;
}

int lily_response_write(lily_response *response, const void *data, size_t size) {
    if (response->is_broken) return -1;
    if (size == 0 || !may_have_body(response->status)) return 0;
    if (size > BUFFER_MAX - response->buffered && !send_buffer(response)) return -1;
    if (size >= BUFFER_MAX) {
        response->is_broken = !lily_stream_write(response->stream, data, size);
        return response->is_broken ? -1 : 0;
    }
    make_room(response, size);
    memcpy(response->buffer + response->buffered, data, size);
    response->buffered += size;
    return 0;
}

int lily_response_print(lily_response *response, const char *text) {
    return lily_response_write(response, text, strlen(text));
}

int lily_response_flush(lily_response *response) {
    if (response->is_broken || !send_buffer(response)) return -1;
    wasi_io_streams_stream_error_t error;
    if (wasi_io_streams_method_output_stream_blocking_flush(wasi_io_streams_borrow_output_stream(response->stream),
                                                            &error)) {
        return 0;
    }
    response->is_broken = true;
    return -1;
}

int lily_response_reset(lily_response *response) {
    if (response->is_streaming) return -1;
    response->status = 200;
    response->header_count = 0;
    response->buffered = 0;
    return 0;
}

void lily_response_fail(lily_response *response) {
    static const char message[] = "Internal Server Error\n";
    if (lily_response_reset(response) != 0) {
        /* Never finished, so that the client does not take what it got for everything. */
        response->is_failed = true;
        response->is_broken = true;
        return;
    }
    response->status = 500;
    lily_response_write(response, message, sizeof message - 1);
}

/* Ends a body whose stream is open. */
static void end_body(lily_response *response) {
    wasi_http_types_error_code_t error;
    wasi_io_streams_output_stream_drop_own(response->stream);
    /* A failure means that the client is gone, or was promised another length: the host ends the connection. */
    wasi_http_types_static_outgoing_body_finish(response->body, NULL, &error);
}

void lily_response_finish(lily_response *response) {
    if (response->is_streaming) {
        if (!response->is_broken) send_buffer(response);
        if (response->stream.__handle && !response->is_failed) end_body(response);
        return;
    }
    complete_headers(response, true);
    wasi_http_types_own_outgoing_response_t made;
    if (!make(response, &made)) return; /* No answer: the host sends its own error. */
    if (!response->buffered) {
        wasi_http_types_error_code_t error;
        wasi_http_types_static_outgoing_body_finish(response->body, NULL, &error);
        hand_over(response, made);
        return;
    }
    wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(response->body), &response->stream);
    /* A host that takes the body before anyone reads it gets everything at once; another has to begin sending. */
    bool is_early = lily_stream_takes(response->stream, response->buffered);
    if (!is_early) hand_over(response, made);
    if (is_early) {
        lily_stream_put(response->stream, response->buffer, response->buffered);
    } else {
        lily_stream_write(response->stream, response->buffer, response->buffered);
    }
    end_body(response);
    if (is_early) hand_over(response, made);
}
