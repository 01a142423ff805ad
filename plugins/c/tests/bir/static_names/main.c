// Two files each have a `helper` and a `count` of their own; they stay apart.
int from_other(int x);

static int count;

__attribute__((noinline)) static int helper(int x) {
    count++;
    return x + count;
}

int main(int argc, char **argv) {
    (void)argv;
    return helper(argc) + from_other(argc);
}
