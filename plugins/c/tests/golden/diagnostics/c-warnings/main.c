#include <stdio.h>
#define TWICE(x) ((x) + (x))
int f(int n) { if (n) return TWICE("a" == "b"); }
int main(void) { unsigned u = -1; printf("%d %s\n", 1.5, u); return f(2); }
