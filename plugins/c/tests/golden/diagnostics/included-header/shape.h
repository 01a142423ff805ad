#include "inner.h"
static int area(int a, int b) { return a * b + inner; }
