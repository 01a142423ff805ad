/* The smallest HTTP handler. */
#include <lily.h>

void lily_handle(lily_request *request, lily_response *response) {
    (void)request;
    lily_response_print(response, "Hello from LILY!\n");
}
