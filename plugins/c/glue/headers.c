/* Headers, of both directions. */
#include <string.h>

#include "internal.h"

lily_header_list lily_headers_take(wasi_http_types_own_fields_t fields) {
    lily_header_list list;
    wasi_http_types_method_fields_entries(wasi_http_types_borrow_fields(fields), &list);
    wasi_http_types_fields_drop_own(fields);
    return list;
}

static char lower(char letter) { return letter >= 'A' && letter <= 'Z' ? (char)(letter | 0x20) : letter; }

bool lily_same_name(const char *a, size_t a_size, const char *b, size_t b_size) {
    if (a_size != b_size) return false;
    for (size_t i = 0; i < a_size; i++) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

const char *lily_headers_find(const lily_header_list *headers, const char *name) {
    size_t size = strlen(name);
    for (size_t i = 0; i < headers->len; i++) {
        const lily_header *header = &headers->ptr[i];
        if (lily_same_name((const char *)header->f0.ptr, header->f0.len, name, size)) return (const char *)header->f1.ptr;
    }
    return NULL;
}

lily_field lily_headers_at(const lily_header_list *headers, size_t index) {
    if (index >= headers->len) return (lily_field){NULL, NULL};
    const lily_header *header = &headers->ptr[index];
    return (lily_field){(const char *)header->f0.ptr, (const char *)header->f1.ptr};
}

/* Those that say how a connection is used: the host's to set. */
static const char *const of_connection[] = {
    "connection", "host",    "http2-settings",    "keep-alive", "proxy-authenticate", "proxy-authorization",
    "proxy-connection", "te", "transfer-encoding", "upgrade",
};

bool lily_header_is_allowed(const char *name, const char *value) {
    if (!name || !value || !*name) return false;
    for (const char *at = name; *at; at++) {
        bool is_letter = (*at >= '0' && *at <= '9') || (lower(*at) >= 'a' && lower(*at) <= 'z');
        if (!is_letter && !strchr("!#$%&'*+-.^_`|~", *at)) return false;
    }
    for (const unsigned char *at = (const unsigned char *)value; *at; at++) {
        if ((*at < ' ' && *at != '\t') || *at == 0x7f) return false;
    }
    size_t size = strlen(name);
    for (size_t i = 0; i < sizeof of_connection / sizeof *of_connection; i++) {
        if (lily_same_name(name, size, of_connection[i], strlen(of_connection[i]))) return false;
    }
    return true;
}
