#ifdef __cplusplus
extern "C"
#endif
    int
    twice(int number);
