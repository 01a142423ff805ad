#include "stack.hpp"

int second(int x);

int main(int argc, char **) {
    Stack<int> stack;
    stack.push(argc);
    stack.push(next_id());
    return larger(stack.pop(), second(argc)) + twice(argc);
}
