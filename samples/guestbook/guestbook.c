/*
 * Everything of a request and a response in one place: routing, forms, headers, cookies, JSON, a streamed body.
 *
 *     GET  /              a form
 *     POST /sign          its answer; the name is kept in a cookie
 *     ANY  /echo          the request as JSON
 *     GET  /count?to=N    N lines, sent as they are made
 *     GET  /status?code=N answers with that status
 *     GET  /trap          goes wrong on purpose
 */
#include <lily.h>

#include <stdlib.h>
#include <string.h>

static void escape_html(lily_response *response, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '<': lily_response_print(response, "&lt;"); break;
        case '>': lily_response_print(response, "&gt;"); break;
        case '&': lily_response_print(response, "&amp;"); break;
        case '"': lily_response_print(response, "&quot;"); break;
        default: lily_response_write(response, text, 1);
        }
    }
}

static void json_string(lily_response *response, const char *text, size_t size) {
    lily_response_print(response, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char letter = (unsigned char)text[i];
        if (letter == '"' || letter == '\\') {
            lily_response_printf(response, "\\%c", letter);
        } else if (letter < ' ') {
            lily_response_printf(response, "\\u%04x", letter);
        } else {
            lily_response_write(response, &letter, 1);
        }
    }
    lily_response_print(response, "\"");
}

static void form(lily_response *response) {
    lily_response_header(response, "Content-Type", "text/html; charset=utf-8");
    lily_response_print(response, "<!doctype html><title>Guestbook</title><h1>Guestbook</h1>"
                                  "<form method=post action=/sign><input name=name placeholder='Your name'>"
                                  "<input name=text placeholder='A line'><button>Sign</button></form>\n");
}

static void sign(lily_request *request, lily_response *response) {
    if (strcmp(lily_request_method(request), "POST") != 0) {
        lily_response_status(response, 405);
        lily_response_header(response, "Allow", "POST");
        lily_response_print(response, "only POST\n");
        return;
    }
    lily_bytes body = lily_request_body(request);
    const char *name = body.data ? lily_query_value(body.data, "name") : NULL;
    const char *text = body.data ? lily_query_value(body.data, "text") : NULL;
    if (!name || !*name) {
        lily_response_status(response, 422);
        lily_response_print(response, "a name is missing\n");
        return;
    }
    lily_log(LILY_INFO, "%s signed", name);
    const char *encoded = lily_url_encode(name);
    char *cookie = lily_alloc(strlen(encoded) + 16);
    strcpy(cookie, "name=");
    strcat(cookie, encoded);
    lily_response_add_header(response, "Set-Cookie", cookie);
    lily_response_add_header(response, "Set-Cookie", "visited=1");
    lily_response_header(response, "Content-Type", "text/html; charset=utf-8");
    lily_response_print(response, "<p>Thank you, ");
    escape_html(response, name);
    lily_response_print(response, ": ");
    escape_html(response, text ? text : "");
    lily_response_print(response, "</p>\n");
}

static void echo(lily_request *request, lily_response *response) {
    lily_response_header(response, "Content-Type", "application/json");
    lily_response_print(response, "{\"method\":");
    const char *method = lily_request_method(request);
    json_string(response, method, strlen(method));
    lily_response_print(response, ",\"path\":");
    const char *path = lily_url_decode(lily_request_path(request));
    json_string(response, path, strlen(path));
    lily_response_print(response, ",\"query\":{");
    const char *rest = lily_request_query(request), *comma = "";
    for (lily_field field; lily_query_next(&rest, &field); comma = ",") {
        lily_response_print(response, comma);
        json_string(response, field.name, strlen(field.name));
        lily_response_print(response, ":");
        json_string(response, field.value, strlen(field.value));
    }
    const char *type = lily_request_header(request, "content-type");
    lily_response_printf(response, "},\"headers\":%zu,\"type\":", lily_request_header_count(request));
    json_string(response, type ? type : "", type ? strlen(type) : 0);
    lily_bytes body = lily_request_body(request);
    lily_response_print(response, ",\"body\":");
    json_string(response, body.data ? body.data : "", body.size);
    lily_response_print(response, "}\n");
}

static void count(lily_request *request, lily_response *response) {
    const char *to = lily_request_query_value(request, "to");
    long last = to ? strtol(to, NULL, 10) : 10;
    for (long i = 1; i <= last; i++) {
        if (lily_response_printf(response, "%ld\n", i) != 0) return;
        if (i % 1000 == 0) lily_response_flush(response);
    }
}

void lily_handle(lily_request *request, lily_response *response) {
    const char *path = lily_request_path(request);
    if (strcmp(path, "/") == 0) {
        form(response);
    } else if (strcmp(path, "/sign") == 0) {
        sign(request, response);
    } else if (strcmp(path, "/echo") == 0) {
        echo(request, response);
    } else if (strcmp(path, "/count") == 0) {
        count(request, response);
    } else if (strcmp(path, "/status") == 0) {
        const char *code = lily_request_query_value(request, "code");
        if (lily_response_status(response, code ? atoi(code) : 0) != 0) lily_response_status(response, 400);
    } else if (strcmp(path, "/trap") == 0) {
        __builtin_trap();
    } else {
        lily_response_status(response, 404);
        lily_response_print(response, "not found\n");
    }
}
