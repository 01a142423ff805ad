// Functions that call each other in a circle, and one that calls itself.
__attribute__((noinline)) int odd(unsigned n);

__attribute__((noinline)) int even(unsigned n) {
    return n == 0 ? 1 : odd(n - 1) ^ 0;
}

int odd(unsigned n) {
    return n == 0 ? 0 : !even(n - 1) + 0;
}

__attribute__((noinline)) unsigned depth(unsigned n) {
    if (n < 2) {
        return n;
    }
    return depth(n - 1) + depth(n - 2);
}

int main(int argc, char **argv) {
    (void)argv;
    return even((unsigned)argc) + (int)depth((unsigned)argc);
}
