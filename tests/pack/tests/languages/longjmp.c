#include <setjmp.h>
#include <stdio.h>
#include <math.h>
static jmp_buf j; static int depth;
__attribute__((noinline)) static void go(int n) { if (!n) longjmp(j, 7); go(n - 1); }
int main(void) { int r = setjmp(j); if (!r) { go(3); } printf("jmp %d %.3f\n", r, sqrt(2.0)); return 0; }
