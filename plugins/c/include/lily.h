/*
 * lily.h: HTTP for programs that run on LILY.
 *
 * A program that includes this header and defines
 *
 *     void lily_handle(lily_request *request, lily_response *response);
 *
 * instead of `main` is an HTTP handler: it is called once for each request, in a fresh instance with fresh memory.
 * A program with `main` may use what is below too, except for requests and responses: `lily_fetch`, `lily_log`, and
 * the functions on queries.
 *
 *     #include <lily.h>
 *
 *     void lily_handle(lily_request *request, lily_response *response) {
 *         lily_response_print(response, "Hello from ");
 *         lily_response_print(response, lily_request_path(request));
 *     }
 *
 * Memory. Every pointer that a function here returns stays valid until the request has been answered (in a program
 * with `main`: until it ends), and is never to be freed. Strings end with a zero byte; those of a known length may
 * contain zero bytes.
 *
 * Results. Functions that can fail return 0 or a count when they succeed and -1 when they do not.
 */
#ifndef LILY_H
#define LILY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The request that is being answered. */
typedef struct lily_request lily_request;

/* The response to it. */
typedef struct lily_response lily_response;

/* The response to a request that the program made itself with `lily_fetch`. */
typedef struct lily_reply lily_reply;

/* Bytes of a known length, followed by a zero byte that does not count. */
typedef struct lily_bytes {
    const char *data;
    size_t size;
} lily_bytes;

/* A name and its value: a header, or a field of a query. */
typedef struct lily_field {
    const char *name;
    const char *value;
} lily_field;

/* What the program defines: called once for each request. The response is complete when it returns. */
void lily_handle(lily_request *request, lily_response *response);

/* ---- The request -------------------------------------------------------------------------------------------- */

/* `GET`, `POST`, … */
const char *lily_request_method(lily_request *request);

/* `https` or `http`. */
const char *lily_request_scheme(lily_request *request);

/* Host and, where it was given, port: `lazy-fox.app.example.org`. Empty when the client named none. */
const char *lily_request_authority(lily_request *request);

/* Path and query as they were sent: `/search?q=lily%20pad`. */
const char *lily_request_target(lily_request *request);

/* The path as it was sent, beginning with `/`: `/search`. `lily_url_decode` decodes it. */
const char *lily_request_path(lily_request *request);

/* What follows the `?`: `q=lily%20pad`. Empty when there is none. */
const char *lily_request_query(lily_request *request);

/* The decoded value of the query's first field called `name`, or NULL: `lily pad`. */
const char *lily_request_query_value(lily_request *request, const char *name);

/* The value of the first header called `name` (in any case), or NULL. */
const char *lily_request_header(lily_request *request, const char *name);

/* How many headers there are, and the one at `index`. A header that was sent twice is there twice. */
size_t lily_request_header_count(lily_request *request);
lily_field lily_request_header_at(lily_request *request, size_t index);

/* Reads the next part of the body into `buffer`. Returns how many bytes, 0 at its end, -1 when the client is gone. */
ptrdiff_t lily_request_read(lily_request *request, void *buffer, size_t size);

/* The whole body, or what `lily_request_read` has left of it. A client that is gone makes `data` NULL. */
lily_bytes lily_request_body(lily_request *request);

/* ---- The response ------------------------------------------------------------------------------------------- */

/*
 * The body is gathered and sent 64 KiB at a time, at every `lily_response_flush`, and when the handler returns. Status
 * and headers go out before its first part; a response that fits in one gets its Content-Length by itself.
 */

/* Sets the status, 200 until then. Returns -1 when it is not one of 100 to 599, or the headers are gone. */
int lily_response_status(lily_response *response, int status);

/*
 * Sets a header, in place of those of the same name. Returns -1 when name or value is not one that HTTP allows, when
 * it is about the connection and not the program's to set (`Connection`, `Transfer-Encoding`, …), or when the headers
 * are gone. Without a Content-Type, a body is `text/plain; charset=utf-8`.
 */
int lily_response_header(lily_response *response, const char *name, const char *value);

/* Adds a header beside those of the same name, such as a second `Set-Cookie`. */
int lily_response_add_header(lily_response *response, const char *name, const char *value);

/* Writes to the body. Returns -1 when the client is gone; more writes are then without effect. */
int lily_response_write(lily_response *response, const void *data, size_t size);

/* Writes a string to the body. */
int lily_response_print(lily_response *response, const char *text);

/* Writes formatted text to the body, as `printf` does. */
int lily_response_printf(lily_response *response, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));
int lily_response_vprintf(lily_response *response, const char *format, va_list arguments)
    __attribute__((__format__(__printf__, 2, 0)));

/* Sends what has been written so far, and waits until the host has taken it. */
int lily_response_flush(lily_response *response);

/* Throws away status, headers and body as far as they have been written. Returns -1 when a part of them is gone. */
int lily_response_reset(lily_response *response);

/* Throws away what has been written and answers 500 instead; when a part is gone already, breaks the response off. */
void lily_response_fail(lily_response *response);

/* ---- Requests of the program's own -------------------------------------------------------------------------- */

/* What `lily_fetch` sends. Members that are zero mean nothing special; NULL instead of all means a plain GET. */
typedef struct lily_fetch_options {
    /* NULL means `GET`, or `POST` when there is a body. */
    const char *method;
    /* `header_count` headers. */
    const lily_field *headers;
    size_t header_count;
    /* `body_size` bytes. */
    const void *body;
    size_t body_size;
    /* Milliseconds; 0 means the host's own limit. */
    uint32_t connect_timeout_ms;
    uint32_t first_byte_timeout_ms;
    uint32_t between_bytes_timeout_ms;
} lily_fetch_options;

/*
 * Sends a request to an `http://` or `https://` URL and waits until the response's headers are there. Never returns
 * NULL: whether it worked is what `lily_reply_error` says. A status such as 404 is an answer and no error.
 */
lily_reply *lily_fetch(const char *url, const lily_fetch_options *options);

/* What went wrong, as a sentence; NULL when there is a response. */
const char *lily_reply_error(const lily_reply *reply);

/* The status; 0 when there is no response. */
int lily_reply_status(const lily_reply *reply);

/* The value of the first header called `name` (in any case), or NULL. */
const char *lily_reply_header(const lily_reply *reply, const char *name);

/* How many headers there are, and the one at `index`. */
size_t lily_reply_header_count(const lily_reply *reply);
lily_field lily_reply_header_at(const lily_reply *reply, size_t index);

/* Reads the next part of the body into `buffer`. Returns how many bytes, 0 at its end, -1 when it broke off. */
ptrdiff_t lily_reply_read(lily_reply *reply, void *buffer, size_t size);

/* The whole body, or what `lily_reply_read` has left of it. `data` is NULL when it broke off. */
lily_bytes lily_reply_body(lily_reply *reply);

/* ---- The log ------------------------------------------------------------------------------------------------ */

typedef enum lily_level { LILY_DEBUG, LILY_INFO, LILY_WARNING, LILY_ERROR } lily_level;

/* Writes a line to the log (standard error), formatted as by `printf`; `lily void logs` shows it. */
void lily_log(lily_level level, const char *format, ...) __attribute__((__format__(__printf__, 2, 3)));

/* ---- Queries and URLs --------------------------------------------------------------------------------------- */

/*
 * Takes the next field off a query or an `application/x-www-form-urlencoded` body, decoded. Returns false when there
 * is none left.
 *
 *     const char *rest = lily_request_query(request);
 *     lily_field field;
 *     while (lily_query_next(&rest, &field)) …
 */
bool lily_query_next(const char **rest, lily_field *field);

/* The decoded value of the first field called `name`, or NULL. */
const char *lily_query_value(const char *query, const char *name);

/* `lily%20pad` to `lily pad`. A `%` that no two hexadecimal digits follow stays as it is; so does `+`. */
const char *lily_url_decode(const char *text);

/* `lily pad` to `lily%20pad`: everything but letters, digits and `-._~` is encoded. */
const char *lily_url_encode(const char *text);

/* ---- Memory ------------------------------------------------------------------------------------------------- */

/* Memory that lasts as long as the request and is never to be freed; aligned for any type, not cleared. Never NULL. */
void *lily_alloc(size_t size);

#ifdef __cplusplus
}
#endif

#endif
