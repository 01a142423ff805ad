/*
 * The export that the host calls. It is written by hand (two handles are its whole signature), so that a program
 * with `main`, which has no handler, can be linked with the rest of the library.
 */
#include "internal.h"

__attribute__((__export_name__("wasi:http/incoming-handler@0.2.12#handle"))) void lily_export_handle(int32_t request,
                                                                                                     int32_t outparam) {
    lily_request incoming = {.handle = {request}};
    lily_response outgoing = {.outparam = {outparam}, .status = 200};
    lily_handle(&incoming, &outgoing);
    lily_response_finish(&outgoing);
    if (incoming.has_body) lily_incoming_close(&incoming.body);
    wasi_http_types_incoming_request_drop_own(incoming.handle);
}
