/*
 * Fetches another URL and passes on what comes back: `/?url=https://example.org/`. With `&post=…`, posts that.
 */
#include <lily.h>

#include <string.h>

void lily_handle(lily_request *request, lily_response *response) {
    const char *url = lily_request_query_value(request, "url");
    if (!url) {
        lily_response_status(response, 400);
        lily_response_print(response, "say which: /?url=https://example.org/\n");
        return;
    }
    const char *post = lily_request_query_value(request, "post");
    const lily_field headers[] = {{"user-agent", "lily-fetch-sample"}, {"accept", "*/*"}};
    lily_reply *reply = lily_fetch(url, &(lily_fetch_options){
                                            .headers = headers,
                                            .header_count = sizeof headers / sizeof *headers,
                                            .body = post,
                                            .body_size = post ? strlen(post) : 0,
                                            .connect_timeout_ms = 5000,
                                            .first_byte_timeout_ms = 10000,
                                        });
    if (lily_reply_error(reply)) {
        lily_log(LILY_WARNING, "%s: %s", url, lily_reply_error(reply));
        lily_response_status(response, 502);
        lily_response_printf(response, "%s\n", lily_reply_error(reply));
        return;
    }
    lily_response_status(response, lily_reply_status(reply));
    const char *type = lily_reply_header(reply, "content-type");
    if (type) lily_response_header(response, "content-type", type);
    char buffer[16 * 1024];
    for (ptrdiff_t size; (size = lily_reply_read(reply, buffer, sizeof buffer)) > 0;) {
        if (lily_response_write(response, buffer, (size_t)size) != 0) return;
    }
}
