// State is followed through try and catch, loops and branches.
#include <stdexcept>

int tries, failures, last;
static int table[4];

__attribute__((noinline)) int risky(int x) {
    if (x > 2) {
        throw std::runtime_error("too much");
    }
    return x;
}

int guarded(int x) {
    tries++;
    try {
        last = risky(x);
    } catch (const std::exception &) {
        failures++;
        return -1;
    }
    return last;
}

// The address is chosen in a loop and written through after it.
void mark(int rounds) {
    int *at = &tries;
    for (int i = 0; i < rounds; i++) {
        if (risky(i) == 1) {
            at = &failures;
        }
    }
    *at = 7;
}

// The address is chosen inside try, used inside catch.
int recover(int x) {
    int *volatile_free = &table[0];
    try {
        risky(x);
        volatile_free = &last;
        risky(x + 1);
    } catch (...) {
        return *volatile_free;
    }
    return 0;
}

int main(int argc, char **) {
    mark(argc);
    return guarded(argc) + recover(argc) + table[argc % 4]++;
}
