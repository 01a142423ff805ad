/* The log: lines on standard error, past the C library's streams. */
#include <string.h>

#include "internal.h"

static const char *const labels[] = {
    [LILY_DEBUG] = "debug: ", [LILY_INFO] = "info: ", [LILY_WARNING] = "warning: ", [LILY_ERROR] = "error: "};

void lily_log_text(lily_level level, const char *text) {
    if ((unsigned)level > LILY_ERROR) level = LILY_ERROR;
    char line[LILY_LINE_SIZE_MAX];
    size_t label_size = strlen(labels[level]), size = strlen(text);
    if (size > sizeof line - label_size - 1) size = sizeof line - label_size - 1;
    memcpy(line, labels[level], label_size);
    memcpy(line + label_size, text, size);
    line[label_size + size] = '\n';

    wasi_cli_stderr_own_output_stream_t to = wasi_cli_stderr_get_stderr();
    glue_list_u8_t bytes = {(uint8_t *)line, label_size + size + 1};
    wasi_io_streams_stream_error_t error;
    if (!wasi_io_streams_method_output_stream_blocking_write_and_flush(wasi_io_streams_borrow_output_stream(to), &bytes,
                                                                       &error) &&
        error.tag == WASI_IO_STREAMS_STREAM_ERROR_LAST_OPERATION_FAILED) {
        wasi_io_error_error_drop_own(error.val.last_operation_failed);
    }
    wasi_io_streams_output_stream_drop_own(to);
}
