// Declarations as C writes them: variable arguments, arrays, pointers to functions and to arrays, qualifiers.
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

enum colour { RED, GREEN };
union word {
    int whole;
    char bytes[4];
};

int total(int count, ...) {
    va_list list;
    va_start(list, count);
    int sum = 0;
    while (count-- > 0) {
        sum += va_arg(list, int);
    }
    va_end(list);
    return sum;
}

void say(FILE *to, const char *format, ...) {
    va_list list;
    va_start(list, format);
    vfprintf(to, format, list);
    va_end(list);
}

const char *const *names(void) { return 0; }

int (*pick(int which))(char, double) {
    (void)which;
    return 0;
}

uint64_t types(enum colour colour, union word word, int (*rows)[4], volatile int *restrict port, char *const fixed) {
    return (uint64_t)colour + (uint64_t)word.whole + (uint64_t)(*rows)[0] + (uint64_t)*port + (uint64_t)*fixed;
}

int main(void) {
    say(stdout, "%d\n", total(2, 1, 2));
    return 0;
}
