#include "words.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <ranges>
#include <regex>
#include <stdexcept>
#include <tuple>

namespace words {

std::vector<count> frequencies(std::string_view text) {
    static const std::regex word("[[:alpha:]]+");
    std::map<std::string, int> times;
    std::string input(text);
    for (std::sregex_iterator at(input.begin(), input.end(), word), end; at != end; ++at) {
        std::string found = at->str();
        std::ranges::transform(found, found.begin(), [](unsigned char letter) { return std::tolower(letter); });
        ++times[found];
    }
    if (times.empty()) throw std::invalid_argument("there is no word in it");

    std::vector<count> all;
    for (const auto &[found, number] : times) all.push_back({found, number});
    std::ranges::sort(all, std::ranges::greater{}, [](const count &one) { return std::tuple(one.times, one.word); });
    return all;
}

} // namespace words
