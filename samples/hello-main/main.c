/*
 * A plain C program. Under `lly run` it says hello; deployed, it is served the CGI way: the request is in the
 * environment and on standard input, and what it prints is the response.
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    const char *method = getenv("REQUEST_METHOD");
    if (!method) {
        printf("Hello from %s!\n", argv[0]);
        for (int i = 1; i < argc; i++) printf("argument %d: %s\n", i, argv[i]);
        return 0;
    }
    const char *path = getenv("PATH_INFO"), *query = getenv("QUERY_STRING");
    printf("Content-Type: text/plain\r\n\r\n");
    printf("Hello from a plain C program!\n%s %s %s\n", method, path ? path : "", query ? query : "");
    for (int letter; (letter = getchar()) != EOF;) putchar(letter);
    return 0;
}
