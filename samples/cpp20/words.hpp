#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace words {

struct count {
    std::string word;
    int times;
    auto operator<=>(const count &) const = default;
};

// The words of `text`, in lower case, the most frequent first. Throws std::invalid_argument when there is none.
std::vector<count> frequencies(std::string_view text);

} // namespace words
