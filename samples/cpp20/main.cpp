// C++20 at work: exceptions, containers, format, regex, ranges. A plain program: it reads its arguments, or standard
// input; deployed, `?text=…` or the body of a POST.
#include "words.hpp"

#include <cstdlib>
#include <exception>
#include <format>
#include <iostream>
#include <iterator>
#include <memory>
#include <numeric>
#include <ranges>
#include <stdexcept>
#include <string>

namespace {

// Says when it goes, to show that unwinding runs destructors.
class guard {
public:
    explicit guard(std::ostream &out) : out_(out) {}
    ~guard() { out_ << "guard: left\n"; }

private:
    std::ostream &out_;
};

std::string percent_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); i++) {
        if (text[i] == '+') {
            decoded += ' ';
        } else if (text[i] == '%' && i + 2 < text.size()) {
            decoded += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

std::string input(int argc, char **argv) {
    if (argc > 1) {
        return std::accumulate(argv + 1, argv + argc, std::string(),
                               [](std::string all, const char *one) { return std::move(all) + one + " "; });
    }
    const char *query = std::getenv("QUERY_STRING");
    if (query && std::string_view(query).starts_with("text=")) return percent_decoded(query + 5);
    return {std::istreambuf_iterator<char>(std::cin), {}};
}

void report(std::string_view text, std::ostream &out) {
    guard until_the_end(out);
    const auto all = words::frequencies(text);
    for (const auto &[word, times] : all | std::views::take(10)) out << std::format("{:>4} {}\n", times, word);
    auto lengths = all | std::views::transform([](const words::count &one) { return one.word.size(); });
    out << std::format("{} words, the longest of {} letters\n", all.size(), std::ranges::max(lengths));
}

} // namespace

int main(int argc, char **argv) {
    if (std::getenv("REQUEST_METHOD")) std::cout << "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    try {
        report(input(argc, argv), std::cout);
        return 0;
    } catch (const std::invalid_argument &problem) {
        std::cout << std::format("nothing to count: {}\n", problem.what());
    } catch (const std::exception &problem) {
        std::cerr << "unexpected: " << problem.what() << '\n';
    }
    return 2;
}
