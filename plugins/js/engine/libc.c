// What libc would ask of its system. There is none: time comes from the host, in Universal Time; everything else fails, and
// nothing is imported for it. A name that is missing here shows as an import that the packer refuses.

#include "host.h"

#include <errno.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *into) {
    double milliseconds = clock == CLOCK_REALTIME ? host_now() : host_monotonic();
    into->tv_sec = (time_t)(milliseconds / 1e3);
    into->tv_nsec = (long)((milliseconds - (double)into->tv_sec * 1e3) * 1e6);
    return 0;
}

int gettimeofday(struct timeval *restrict into, void *restrict zone) {
    (void)zone;
    double milliseconds = host_now();
    into->tv_sec = (time_t)(milliseconds / 1e3);
    into->tv_usec = (suseconds_t)((milliseconds - (double)into->tv_sec * 1e3) * 1e3);
    return 0;
}

struct tm *localtime_r(const time_t *restrict time, struct tm *restrict into) {
    return gmtime_r(time, into);
}

void abort(void) {
    __builtin_trap();
}

/// What the imports of libc answer: "no such function".
enum { NOSYS = 52 };

int32_t __imported_wasi_snapshot_preview1_fd_write(int32_t file, int32_t list, int32_t count, int32_t written) {
    (void)file, (void)list, (void)count, (void)written;
    return NOSYS;
}

int32_t __imported_wasi_snapshot_preview1_fd_seek(int32_t file, int64_t offset, int32_t whence, int32_t position) {
    (void)file, (void)offset, (void)whence, (void)position;
    return NOSYS;
}

int32_t __imported_wasi_snapshot_preview1_fd_close(int32_t file) {
    (void)file;
    return NOSYS;
}

int32_t __imported_wasi_snapshot_preview1_fd_fdstat_get(int32_t file, int32_t state) {
    (void)file, (void)state;
    return NOSYS;
}
