#include "shape.h"

int main(void) {
	int é = area(2, "3", 4); return é + missing;
}
