/* The files under assets/ are served by the host itself; only what is not there comes here. */
#include <lily.h>

#include <string.h>

void lily_handle(lily_request *request, lily_response *response) {
    if (strcmp(lily_request_path(request), "/api/hello") == 0) {
        lily_response_header(response, "Content-Type", "application/json");
        lily_response_print(response, "{\"message\":\"Hello from the brick behind the site.\"}\n");
        return;
    }
    lily_response_status(response, 404);
    lily_response_print(response, "no such page\n");
}
