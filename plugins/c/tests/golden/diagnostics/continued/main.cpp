static_assert(sizeof(int) == 8, "first line\nsecond line");
int main() {}
