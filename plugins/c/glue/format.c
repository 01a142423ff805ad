/* Formatted writing, apart from the rest: who does not use it does not carry the C library's formatting. */
#include <stdio.h>

#include "internal.h"

int lily_response_vprintf(lily_response *response, const char *format, va_list arguments) {
    char small[512];
    va_list again;
    va_copy(again, arguments);
    int size = vsnprintf(small, sizeof small, format, arguments);
    char *text = small;
    if (size >= (int)sizeof small) {
        text = lily_alloc((size_t)size + 1);
        vsnprintf(text, (size_t)size + 1, format, again);
    }
    va_end(again);
    return size < 0 ? -1 : lily_response_write(response, text, (size_t)size);
}

int lily_response_printf(lily_response *response, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int result = lily_response_vprintf(response, format, arguments);
    va_end(arguments);
    return result;
}
