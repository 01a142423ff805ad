// A handler in C++: `/divide?a=7&b=2` answers in JSON; what is thrown and caught by nobody becomes a 500.
#include <lily.hpp>

#include <charconv>
#include <stdexcept>

namespace {

struct bad_request : std::runtime_error {
    using std::runtime_error::runtime_error;
};

int number(const lily::request &request, std::string_view name) {
    const auto text = request.query_value(name);
    if (!text) throw bad_request(std::format("`{}` is missing", name));
    int value = 0;
    const auto [end, problem] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (problem != std::errc{} || end != text->data() + text->size()) {
        throw bad_request(std::format("`{}` is no number: {}", name, *text));
    }
    return value;
}

} // namespace

LILY_HANDLER(request, response) {
    if (request.path() != "/divide") {
        response.status(404).print("nothing at {}\n", request.path());
        return;
    }
    response.header("content-type", "application/json");
    try {
        const int a = number(request, "a"), b = number(request, "b");
        if (b == 0) throw std::domain_error("division by zero");
        response.print(R"({{"quotient":{},"remainder":{}}})" "\n", a / b, a % b);
    } catch (const bad_request &problem) {
        response.status(400).print(R"({{"error":"{}"}})" "\n", problem.what());
    }
}
