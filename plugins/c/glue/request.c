/* The request: each part is asked of the host when the program first wants it. */
#include <string.h>

#include "internal.h"

static const char *const methods[] = {
    [WASI_HTTP_TYPES_METHOD_GET] = "GET",         [WASI_HTTP_TYPES_METHOD_HEAD] = "HEAD",
    [WASI_HTTP_TYPES_METHOD_POST] = "POST",       [WASI_HTTP_TYPES_METHOD_PUT] = "PUT",
    [WASI_HTTP_TYPES_METHOD_DELETE] = "DELETE",   [WASI_HTTP_TYPES_METHOD_CONNECT] = "CONNECT",
    [WASI_HTTP_TYPES_METHOD_OPTIONS] = "OPTIONS", [WASI_HTTP_TYPES_METHOD_TRACE] = "TRACE",
    [WASI_HTTP_TYPES_METHOD_PATCH] = "PATCH",
};

static wasi_http_types_borrow_incoming_request_t borrow(const lily_request *request) {
    return wasi_http_types_borrow_incoming_request(request->handle);
}

const char *lily_request_method(lily_request *request) {
    if (!request->method) {
        wasi_http_types_method_t method;
        wasi_http_types_method_incoming_request_method(borrow(request), &method);
        request->method = method.tag == WASI_HTTP_TYPES_METHOD_OTHER ? (const char *)method.val.other.ptr
                                                                      : methods[method.tag];
    }
    return request->method;
}

const char *lily_request_scheme(lily_request *request) {
    if (!request->scheme) {
        wasi_http_types_scheme_t scheme;
        bool is_known = wasi_http_types_method_incoming_request_scheme(borrow(request), &scheme);
        if (!is_known || scheme.tag == WASI_HTTP_TYPES_SCHEME_HTTPS) {
            request->scheme = "https";
        } else if (scheme.tag == WASI_HTTP_TYPES_SCHEME_HTTP) {
            request->scheme = "http";
        } else {
            request->scheme = (const char *)scheme.val.other.ptr;
        }
    }
    return request->scheme;
}

const char *lily_request_authority(lily_request *request) {
    if (!request->authority) {
        glue_string_t authority;
        bool is_known = wasi_http_types_method_incoming_request_authority(borrow(request), &authority);
        request->authority = is_known ? (const char *)authority.ptr : "";
    }
    return request->authority;
}

const char *lily_request_target(lily_request *request) {
    if (!request->target) {
        glue_string_t target;
        bool is_known = wasi_http_types_method_incoming_request_path_with_query(borrow(request), &target);
        request->target = is_known && target.len ? (const char *)target.ptr : "/";
    }
    return request->target;
}

/* Splits the target at its question mark. */
static void split(lily_request *request) {
    if (request->path) return;
    const char *target = lily_request_target(request);
    const char *mark = strchr(target, '?');
    request->path = mark ? lily_copy(target, (size_t)(mark - target)) : target;
    request->query = mark ? mark + 1 : "";
}

const char *lily_request_path(lily_request *request) {
    split(request);
    return request->path;
}

const char *lily_request_query(lily_request *request) {
    split(request);
    return request->query;
}

const char *lily_request_query_value(lily_request *request, const char *name) {
    return lily_query_value(lily_request_query(request), name);
}

static const lily_header_list *headers(lily_request *request) {
    if (!request->has_headers) {
        request->headers = lily_headers_take(wasi_http_types_method_incoming_request_headers(borrow(request)));
        request->has_headers = true;
    }
    return &request->headers;
}

const char *lily_request_header(lily_request *request, const char *name) {
    return lily_headers_find(headers(request), name);
}

size_t lily_request_header_count(lily_request *request) { return headers(request)->len; }

lily_field lily_request_header_at(lily_request *request, size_t index) {
    return lily_headers_at(headers(request), index);
}

static lily_incoming *body(lily_request *request) {
    if (!request->has_body) {
        wasi_http_types_own_incoming_body_t body;
        request->has_body = true;
        if (wasi_http_types_method_incoming_request_consume(borrow(request), &body)) {
            lily_incoming_open(&request->body, body);
        } else {
            request->body = (lily_incoming){.is_broken = true};
        }
    }
    return &request->body;
}

ptrdiff_t lily_request_read(lily_request *request, void *buffer, size_t size) {
    return lily_incoming_read(body(request), buffer, size);
}

lily_bytes lily_request_body(lily_request *request) { return lily_incoming_all(body(request)); }
