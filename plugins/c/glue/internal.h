/* What the parts of LILY's C library share. */
#ifndef LILY_INTERNAL_H
#define LILY_INTERNAL_H

#include <lily.h>

#include "generated/glue.h"

typedef wasi_http_types_tuple2_field_name_field_value_t lily_header;
typedef wasi_http_types_list_tuple2_field_name_field_value_t lily_header_list;

/* A body that comes in: of the request, or of a reply. The stream is opened when it is first read. */
typedef struct lily_incoming {
    bool is_open;
    bool is_ended;
    bool is_broken;
    wasi_http_types_own_incoming_body_t body;
    wasi_http_types_own_input_stream_t stream;
} lily_incoming;

/* Prepares to read `body`. */
void lily_incoming_open(lily_incoming *incoming, wasi_http_types_own_incoming_body_t body);
ptrdiff_t lily_incoming_read(lily_incoming *incoming, void *buffer, size_t size);
lily_bytes lily_incoming_all(lily_incoming *incoming);
void lily_incoming_close(lily_incoming *incoming);

/* The entries of a `fields` resource, which is dropped. */
lily_header_list lily_headers_take(wasi_http_types_own_fields_t fields);
const char *lily_headers_find(const lily_header_list *headers, const char *name);
lily_field lily_headers_at(const lily_header_list *headers, size_t index);

/* Whether name and value may stand in a header that a program sends. */
bool lily_header_is_allowed(const char *name, const char *value);

/* Writes everything, waiting where it must. Returns false when the other side is gone. */
bool lily_stream_write(wasi_http_types_own_output_stream_t stream, const void *data, size_t size);

/* Whether `size` bytes can be written without waiting. */
bool lily_stream_takes(wasi_http_types_own_output_stream_t stream, size_t size);

/* Writes what `lily_stream_takes` has permitted. */
bool lily_stream_put(wasi_http_types_own_output_stream_t stream, const void *data, size_t size);

/* Has the host put the next bytes that it returns into `memory`, when they fit: no copy, and no memory taken. */
void lily_land_in(void *memory, size_t size);

/* Whether two ASCII strings are the same but for case. */
bool lily_same_name(const char *a, size_t a_size, const char *b, size_t b_size);

/* Copies `size` bytes and ends them with a zero byte. */
char *lily_copy(const char *data, size_t size);

/* A longer line of the log is cut; the host takes no more than this in one write. */
enum { LILY_LINE_SIZE_MAX = 4096 };

/* Writes one line to the log. */
void lily_log_text(lily_level level, const char *text);

/* One request and its response. */
struct lily_request {
    wasi_http_types_own_incoming_request_t handle;
    const char *method;
    const char *scheme;
    const char *authority;
    const char *target;
    const char *path;
    const char *query;
    bool has_headers;
    bool has_body;
    lily_header_list headers;
    lily_incoming body;
};

struct lily_response {
    wasi_http_types_own_response_outparam_t outparam;
    int status;
    /* The client is gone, or the response could not be made: nothing more is sent. */
    bool is_broken;
    /* The program gave up in the middle of a body. */
    bool is_failed;
    /* Status and headers are out, and `body` and `stream` are open. */
    bool is_streaming;
    lily_header *headers;
    size_t header_count;
    size_t header_capacity;
    char *buffer;
    size_t buffered;
    size_t buffer_capacity;
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_own_output_stream_t stream;
};

/* Sends what is left and ends the response. */
void lily_response_finish(lily_response *response);

#endif
