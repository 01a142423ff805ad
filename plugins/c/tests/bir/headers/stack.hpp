#pragma once

// Inline code that both sources include: one unit each in the program, not two.
template <typename T> class Stack {
  public:
    __attribute__((noinline)) void push(T value) { items_[size_++ % 8] = value; }
    __attribute__((noinline)) T pop() { return items_[--size_ % 8]; }

  private:
    T items_[8] = {};
    unsigned size_ = 0;
};

__attribute__((noinline)) inline int next_id() {
    static int id = 10;
    return ++id;
}

template <typename T> __attribute__((noinline)) T larger(T a, T b) { return a < b ? b : a; }

// Private to each file in spite of the header.
__attribute__((noinline)) static int twice(int x) { return x * 2 + (x >> 1); }
