#include <algorithm>
#include <list>
#include <string>
template <class T> concept sized = requires(T t) { t.size(); };
void take(sized auto const &value);
int main() {
    std::list<int> numbers{3, 1, 2};
    std::sort(numbers.begin(), numbers.end());
    take(5);
    std::string s = 5 + std::string("a") - 2;
}
