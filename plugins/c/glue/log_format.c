/* `lily_log`, apart from the writing of lines: who does not use it does not carry the C library's formatting. */
#include <stdio.h>

#include "internal.h"

void lily_log(lily_level level, const char *format, ...) {
    char text[LILY_LINE_SIZE_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    lily_log_text(level, text);
}
