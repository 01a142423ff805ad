static int count = 100;

__attribute__((noinline)) static int helper(int x) {
    return x * count--;
}

int from_other(int x) {
    return helper(x);
}
