// Calls through pointers: from a table, from a parameter, and of a function whose address is taken in code.
#include <stdlib.h>

typedef int (*operation)(int, int);

static int add(int a, int b) { return a + b; }
static int multiply(int a, int b) { return a * b; }

static const operation operations[] = {add, multiply};
operation chosen;

int apply(operation with, int a, int b) {
    return with(a, b);
}

int from_table(unsigned which, int a, int b) {
    return operations[which % 2](a, b);
}

static int by_size(const void *a, const void *b) {
    return *(const int *)a - *(const int *)b;
}

void sort(int *numbers, size_t count) {
    qsort(numbers, count, sizeof *numbers, by_size);
}

void choose(int which) {
    chosen = which ? add : multiply;
}

int main(int argc, char **argv) {
    (void)argv;
    choose(argc);
    return chosen(argc, 2);
}
