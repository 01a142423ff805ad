#include "util.h"

int main(void) {
    return twice(LIMIT) == 20 ? 0 : 1;
}
