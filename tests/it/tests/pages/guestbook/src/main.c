#include "store.h"
#include <stdio.h>

int main(void) {
    printf("%d entries at most\n", entries_max());
}
