// State: who reads it, who writes it, and whose address gets out.
#include <string.h>

struct point {
    int x, y;
};

int counter = 1;
static struct point origin;
static char buffer[64];
static const int primes[] = {2, 3, 5, 7, 11, 13};
extern int elsewhere;
const char *greeting = "hello";

int get(void) { return counter; }

void set(int value) { counter = value; }

int bump(void) {
    static int calls;
    calls++;
    return counter += calls;
}

void move(int dx, int dy) {
    origin.x += dx;
    origin.y -= dy;
}

int prime(unsigned at) { return primes[at % 6]; }

int sum(void) {
    int total = 0;
    for (const int *at = primes; at < primes + 6; at++) {
        total += *at;
    }
    return total;
}

// One of two addresses, written through.
void reset(int which) {
    int *at = which ? &origin.x : &counter;
    *at = 0;
}

void clear(void) { memset(buffer, 0, sizeof buffer); }

char first(void) { return buffer[0]; }

void keep(const char *text) { strncpy(buffer, text, sizeof buffer - 1); }

// The address leaves: anybody may write from here on.
struct point *place(void) { return &origin; }

unsigned length(void) { return strlen(greeting); }

int outside(void) { return elsewhere; }

int pure(int a, int b) { return a * b; }
