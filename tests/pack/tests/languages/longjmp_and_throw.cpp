#include <csetjmp>
#include <cstdio>
#include <stdexcept>
static std::jmp_buf j;
static void f(int i) { if (i == 1) throw std::runtime_error("x"); if (i == 2) std::longjmp(j, 5); }
int main() { if (int r = setjmp(j)) { std::printf("longjmp %d\n", r); return 0; } try { f(1); } catch (std::exception &e) { std::printf("c %s\n", e.what()); } f(2); }
