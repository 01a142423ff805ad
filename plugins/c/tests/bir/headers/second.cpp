#include "stack.hpp"

int second(int x) {
    Stack<int> stack;
    stack.push(x);
    return static_cast<int>(larger(1.5, static_cast<double>(stack.pop()))) + next_id() + twice(x);
}
