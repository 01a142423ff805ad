/* Requests of the program's own. */
#include <string.h>

#include "internal.h"

struct lily_reply {
    const char *error;
    int status;
    lily_header_list headers;
    lily_incoming body;
};

/* `scheme://authority/target`, taken apart. */
typedef struct url {
    wasi_http_types_scheme_t scheme;
    glue_string_t authority;
    glue_string_t target;
} url;

static glue_string_t string(const char *text, size_t size) { return (glue_string_t){(uint8_t *)text, size}; }

static const char *parse(const char *text, url *parsed) {
    size_t scheme_size = strcspn(text, ":");
    if (lily_same_name(text, scheme_size, "https", 5)) {
        parsed->scheme.tag = WASI_HTTP_TYPES_SCHEME_HTTPS;
    } else if (lily_same_name(text, scheme_size, "http", 4)) {
        parsed->scheme.tag = WASI_HTTP_TYPES_SCHEME_HTTP;
    } else {
        return "the URL does not begin with http:// or https://";
    }
    if (strncmp(text + scheme_size, "://", 3) != 0) return "the URL does not begin with http:// or https://";
    const char *authority = text + scheme_size + 3;
    size_t authority_size = strcspn(authority, "/?#");
    if (authority_size == 0) return "the URL names no host";
    parsed->authority = string(authority, authority_size);
    const char *target = authority + authority_size;
    size_t target_size = strcspn(target, "#");
    if (target_size == 0) {
        parsed->target = string("/", 1);
    } else if (*target == '?') {
        char *with_slash = lily_alloc(target_size + 1);
        *with_slash = '/';
        memcpy(with_slash + 1, target, target_size);
        parsed->target = string(with_slash, target_size + 1);
    } else {
        parsed->target = string(target, target_size);
    }
    return NULL;
}

static void set_method(wasi_http_types_borrow_outgoing_request_t request, const char *name) {
    static const char *const known[] = {"GET",     "HEAD",    "POST",  "PUT",  "DELETE",
                                        "CONNECT", "OPTIONS", "TRACE", "PATCH"};
    wasi_http_types_method_t method = {.tag = WASI_HTTP_TYPES_METHOD_OTHER, .val.other = string(name, strlen(name))};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(name, known[i]) == 0) method.tag = (uint8_t)i;
    }
    wasi_http_types_method_outgoing_request_set_method(request, &method);
}

static const char *make_headers(const lily_fetch_options *options, wasi_http_types_own_fields_t *fields) {
    lily_header_list list = {lily_alloc(options->header_count * sizeof(lily_header)), options->header_count};
    for (size_t i = 0; i < list.len; i++) {
        const lily_field *header = &options->headers[i];
        if (!lily_header_is_allowed(header->name, header->value)) return "a header of the request is not allowed";
        list.ptr[i].f0 = string(header->name, strlen(header->name));
        list.ptr[i].f1 = (wasi_http_types_field_value_t){(uint8_t *)header->value, strlen(header->value)};
    }
    wasi_http_types_header_error_t error;
    return wasi_http_types_static_fields_from_list(&list, fields, &error) ? NULL
                                                                           : "a header of the request is not allowed";
}

static wasi_http_types_own_request_options_t make_timeouts(const lily_fetch_options *options) {
    wasi_http_types_own_request_options_t made = wasi_http_types_constructor_request_options();
    wasi_http_types_borrow_request_options_t to = wasi_http_types_borrow_request_options(made);
    const uint64_t ns_per_ms = 1000000;
    wasi_http_types_duration_t connect = options->connect_timeout_ms * ns_per_ms;
    wasi_http_types_duration_t first_byte = options->first_byte_timeout_ms * ns_per_ms;
    wasi_http_types_duration_t between_bytes = options->between_bytes_timeout_ms * ns_per_ms;
    if (connect) wasi_http_types_method_request_options_set_connect_timeout(to, &connect);
    if (first_byte) wasi_http_types_method_request_options_set_first_byte_timeout(to, &first_byte);
    if (between_bytes) wasi_http_types_method_request_options_set_between_bytes_timeout(to, &between_bytes);
    return made;
}

static const char *describe(const wasi_http_types_error_code_t *error) {
    switch (error->tag) {
    case WASI_HTTP_TYPES_ERROR_CODE_DNS_TIMEOUT:
    case WASI_HTTP_TYPES_ERROR_CODE_DNS_ERROR:
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_NOT_FOUND: return "the host's name is not known";
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_UNAVAILABLE:
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_UNROUTABLE: return "the host cannot be reached";
    case WASI_HTTP_TYPES_ERROR_CODE_DESTINATION_IP_PROHIBITED:
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_DENIED: return "the program may not connect to this host";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_REFUSED: return "the host refuses the connection";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TERMINATED: return "the host ended the connection";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_TIMEOUT: return "the connection was not made in time";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_READ_TIMEOUT:
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_RESPONSE_TIMEOUT: return "the response did not come in time";
    case WASI_HTTP_TYPES_ERROR_CODE_CONNECTION_WRITE_TIMEOUT: return "the request was not taken in time";
    case WASI_HTTP_TYPES_ERROR_CODE_TLS_PROTOCOL_ERROR:
    case WASI_HTTP_TYPES_ERROR_CODE_TLS_ALERT_RECEIVED: return "the secure connection failed";
    case WASI_HTTP_TYPES_ERROR_CODE_TLS_CERTIFICATE_ERROR: return "the host's certificate is not valid";
    case WASI_HTTP_TYPES_ERROR_CODE_HTTP_REQUEST_URI_INVALID: return "the URL is not valid";
    case WASI_HTTP_TYPES_ERROR_CODE_INTERNAL_ERROR:
        if (error->val.internal_error.is_some) return (const char *)error->val.internal_error.val.ptr;
        return "the request failed inside of the host";
    default: return "the response is not valid HTTP";
    }
}

/* Sends the body. A host that stops reading it may still answer, so that is no error. */
static void send_body(wasi_http_types_own_outgoing_body_t body, const void *data, size_t size) {
    wasi_http_types_own_output_stream_t stream;
    wasi_http_types_error_code_t error;
    if (size && wasi_http_types_method_outgoing_body_write(wasi_http_types_borrow_outgoing_body(body), &stream)) {
        lily_stream_write(stream, data, size);
        wasi_io_streams_output_stream_drop_own(stream);
    }
    wasi_http_types_static_outgoing_body_finish(body, NULL, &error);
}

static const char *receive(lily_reply *reply, wasi_http_types_own_future_incoming_response_t future) {
    wasi_http_types_borrow_future_incoming_response_t borrowed = wasi_http_types_borrow_future_incoming_response(future);
    wasi_http_types_result_result_own_incoming_response_error_code_void_t result;
    while (!wasi_http_types_method_future_incoming_response_get(borrowed, &result)) {
        wasi_io_poll_own_pollable_t ready = wasi_http_types_method_future_incoming_response_subscribe(borrowed);
        wasi_io_poll_method_pollable_block(wasi_io_poll_borrow_pollable(ready));
        wasi_io_poll_pollable_drop_own(ready);
    }
    wasi_http_types_future_incoming_response_drop_own(future);
    if (result.is_err) return "the response was taken already";
    if (result.val.ok.is_err) return describe(&result.val.ok.val.err);

    wasi_http_types_own_incoming_response_t response = result.val.ok.val.ok;
    wasi_http_types_borrow_incoming_response_t from = wasi_http_types_borrow_incoming_response(response);
    reply->status = wasi_http_types_method_incoming_response_status(from);
    reply->headers = lily_headers_take(wasi_http_types_method_incoming_response_headers(from));
    wasi_http_types_own_incoming_body_t body;
    if (!wasi_http_types_method_incoming_response_consume(from, &body)) return "the response has no body";
    lily_incoming_open(&reply->body, body);
    return NULL;
}

static const char *fetch(lily_reply *reply, const char *text, const lily_fetch_options *options) {
    url parsed;
    const char *problem = parse(text, &parsed);
    if (problem) return problem;
    wasi_http_types_own_fields_t fields;
    problem = make_headers(options, &fields);
    if (problem) return problem;

    wasi_http_types_own_outgoing_request_t request = wasi_http_types_constructor_outgoing_request(fields);
    wasi_http_types_borrow_outgoing_request_t to = wasi_http_types_borrow_outgoing_request(request);
    set_method(to, options->method ? options->method : options->body_size ? "POST" : "GET");
    if (!wasi_http_types_method_outgoing_request_set_scheme(to, &parsed.scheme) ||
        !wasi_http_types_method_outgoing_request_set_authority(to, &parsed.authority) ||
        !wasi_http_types_method_outgoing_request_set_path_with_query(to, &parsed.target)) {
        wasi_http_types_outgoing_request_drop_own(request);
        return "the URL is not valid";
    }
    wasi_http_types_own_outgoing_body_t body;
    wasi_http_types_method_outgoing_request_body(to, &body);
    wasi_http_types_own_request_options_t timeouts = make_timeouts(options);
    wasi_http_types_own_future_incoming_response_t future;
    wasi_http_types_error_code_t error;
    if (!wasi_http_outgoing_handler_handle(request, &timeouts, &future, &error)) {
        wasi_http_types_outgoing_body_drop_own(body);
        return describe(&error);
    }
    send_body(body, options->body, options->body_size);
    return receive(reply, future);
}

lily_reply *lily_fetch(const char *text, const lily_fetch_options *options) {
    static const lily_fetch_options plain;
    lily_reply *reply = lily_alloc(sizeof *reply);
    *reply = (lily_reply){.body.is_ended = true};
    reply->error = fetch(reply, text, options ? options : &plain);
    return reply;
}

const char *lily_reply_error(const lily_reply *reply) { return reply->error; }

int lily_reply_status(const lily_reply *reply) { return reply->status; }

const char *lily_reply_header(const lily_reply *reply, const char *name) {
    return lily_headers_find(&reply->headers, name);
}

size_t lily_reply_header_count(const lily_reply *reply) { return reply->headers.len; }

lily_field lily_reply_header_at(const lily_reply *reply, size_t index) {
    return lily_headers_at(&reply->headers, index);
}

ptrdiff_t lily_reply_read(lily_reply *reply, void *buffer, size_t size) {
    return lily_incoming_read(&reply->body, buffer, size);
}

lily_bytes lily_reply_body(lily_reply *reply) { return lily_incoming_all(&reply->body); }
