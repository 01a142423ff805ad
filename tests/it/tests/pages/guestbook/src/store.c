#include "store.h"

int entries_max(void) {
    return LIMIT;
}
