// `lly @NAME@ [FILE]…`: says how many lines the files of the project have.
//
// It reads what the user granted, and nothing else; what it asks for is in `plugin.json`. What the host hands over is
// ours: free it with the functions of bindings/command.h. What we hand over has to be from malloc.
#include <stdlib.h>
#include <string.h>

#include "bindings/command.h"

static void say(bool to_out, const char *text, size_t size) {
    command_list_u8_t bytes = {(uint8_t *)text, size};
    if (to_out)
        lily_command_terminal_out(&bytes);
    else
        lily_command_terminal_err(&bytes);
}

static void say_number(size_t number) {
    char digits[24];
    size_t at = sizeof digits;
    do digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    say(true, digits + at, sizeof digits - at);
}

void exports_command_usage(command_usage_t *ret) {
    command_string_dup(&ret->summary, "Say how many lines files have.");
    command_string_dup(&ret->help,
                       "Says how many lines files of the project have.\n\n"
                       "Usage: lly @NAME@ [FILE]…\n\n"
                       "Example:\n  lly @NAME@ src/main.c\n");
}

uint8_t exports_command_run(command_list_string_t *arguments) {
    for (size_t i = 0; i < arguments->len; i++) {
        command_string_t *file = &arguments->ptr[i];
        command_list_u8_t text;
        lily_command_project_error_t error;
        if (!lily_command_project_read(file, &text, &error)) {
            // Each kind of error is a sentence for the user.
            say(false, "error: ", 7);
            say(false, (char *)error.val.denied.ptr, error.val.denied.len);
            say(false, "\n", 1);
            lily_command_project_error_free(&error);
            return 1;
        }
        size_t lines = 0;
        for (size_t at = 0; at < text.len; at++) lines += text.ptr[at] == '\n';
        say_number(lines);
        say(true, " ", 1);
        say(true, (char *)file->ptr, file->len);
        say(true, "\n", 1);
        command_list_u8_free(&text);
    }
    if (arguments->len == 0) {
        static const char what[] = "which files? see lly @NAME@ --help\n";
        say(true, what, sizeof what - 1);
    }
    return 0;
}
