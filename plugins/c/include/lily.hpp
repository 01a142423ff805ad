// lily.hpp: lily.h for C++. Views instead of pointers, and an exception that nobody catches becomes a 500.
//
//     #include <lily.hpp>
//
//     LILY_HANDLER(request, response) {
//         response.header("content-type", "text/html");
//         response.print("<h1>Hello from {}</h1>", request.path());
//     }
//
// Views stay valid until the request has been answered. Everything here is inline; what it does is said in lily.h.
#ifndef LILY_HPP
#define LILY_HPP

#include <lily.h>

#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <format>
#include <initializer_list>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lily {

// What goes wrong outside of the program: the client is gone, a fetch fails, a header is refused.
class error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A name and its value.
struct field {
    std::string_view name;
    std::string_view value;
};

namespace detail {

inline std::optional<std::string_view> view(const char *text) {
    return text ? std::optional<std::string_view>(text) : std::nullopt;
}

inline std::string_view whole(lily_bytes bytes) {
    if (!bytes.data) throw error("the other side broke off while sending its body");
    return {bytes.data, bytes.size};
}

inline std::size_t part(std::ptrdiff_t size) {
    if (size < 0) throw error("the other side broke off while sending its body");
    return static_cast<std::size_t>(size);
}

// A string that ends with a zero byte, for the C functions.
inline const char *c_string(std::string_view text) {
    char *copy = static_cast<char *>(lily_alloc(text.size() + 1));
    if (!text.empty()) std::memcpy(copy, text.data(), text.size());
    copy[text.size()] = 0;
    return copy;
}

} // namespace detail

class request {
public:
    explicit request(lily_request *handle) : handle_(handle) {}
    request(const request &) = delete;
    request &operator=(const request &) = delete;

    std::string_view method() const { return lily_request_method(handle_); }
    std::string_view scheme() const { return lily_request_scheme(handle_); }
    std::string_view authority() const { return lily_request_authority(handle_); }
    std::string_view target() const { return lily_request_target(handle_); }
    std::string_view path() const { return lily_request_path(handle_); }
    std::string_view query() const { return lily_request_query(handle_); }

    // The decoded value of the query's first field of that name.
    std::optional<std::string_view> query_value(std::string_view name) const {
        return detail::view(lily_request_query_value(handle_, detail::c_string(name)));
    }
    // The value of the first header of that name, in any case.
    std::optional<std::string_view> header(std::string_view name) const {
        return detail::view(lily_request_header(handle_, detail::c_string(name)));
    }
    std::vector<field> headers() const {
        std::vector<field> all;
        for (std::size_t i = 0, count = lily_request_header_count(handle_); i < count; i++) {
            lily_field header = lily_request_header_at(handle_, i);
            all.push_back({header.name, header.value});
        }
        return all;
    }
    // The next part of the body; 0 at its end.
    std::size_t read(std::span<char> buffer) { return detail::part(lily_request_read(handle_, buffer.data(), buffer.size())); }
    // The whole body.
    std::string_view body() { return detail::whole(lily_request_body(handle_)); }

    lily_request *handle() const { return handle_; }

private:
    lily_request *handle_;
};

class response {
public:
    explicit response(lily_response *handle) : handle_(handle) {}
    response(const response &) = delete;
    response &operator=(const response &) = delete;

    response &status(int status) { return done(lily_response_status(handle_, status), "the status"); }
    // Sets a header in place of those of the same name.
    response &header(std::string_view name, std::string_view value) {
        return done(lily_response_header(handle_, detail::c_string(name), detail::c_string(value)), "the header");
    }
    // Adds a header beside those of the same name.
    response &add_header(std::string_view name, std::string_view value) {
        return done(lily_response_add_header(handle_, detail::c_string(name), detail::c_string(value)), "the header");
    }
    response &write(std::string_view data) { return sent(lily_response_write(handle_, data.data(), data.size())); }
    template <class... Arguments>
    response &print(std::format_string<Arguments...> format, Arguments &&...arguments) {
        return write(std::format(format, std::forward<Arguments>(arguments)...));
    }
    // Throws away status, headers and body; false when a part of them is gone.
    bool reset() { return lily_response_reset(handle_) == 0; }
    // Sends what has been written so far.
    response &flush() { return sent(lily_response_flush(handle_)); }

    lily_response *handle() const { return handle_; }

private:
    response &done(int result, const char *what) {
        if (result != 0) throw error(std::string(what) + " cannot be set: it is not valid, or the headers are sent");
        return *this;
    }
    response &sent(int result) {
        if (result != 0) throw error("the client is gone");
        return *this;
    }

    lily_response *handle_;
};

// The answer to a request of the program's own.
class reply {
public:
    explicit reply(lily_reply *handle) : handle_(handle) {}

    int status() const { return lily_reply_status(handle_); }
    std::optional<std::string_view> header(std::string_view name) const {
        return detail::view(lily_reply_header(handle_, detail::c_string(name)));
    }
    std::vector<field> headers() const {
        std::vector<field> all;
        for (std::size_t i = 0, count = lily_reply_header_count(handle_); i < count; i++) {
            lily_field header = lily_reply_header_at(handle_, i);
            all.push_back({header.name, header.value});
        }
        return all;
    }
    std::size_t read(std::span<char> buffer) { return detail::part(lily_reply_read(handle_, buffer.data(), buffer.size())); }
    std::string_view body() { return detail::whole(lily_reply_body(handle_)); }

private:
    lily_reply *handle_;
};

struct fetch_options {
    std::string_view method{};
    std::vector<field> headers{};
    std::string_view body{};
    std::chrono::milliseconds connect_timeout{};
    std::chrono::milliseconds first_byte_timeout{};
    std::chrono::milliseconds between_bytes_timeout{};
};

// Sends a request and waits for the response's headers. Throws `lily::error` when there is no response.
inline reply fetch(std::string_view url, const fetch_options &options = {}) {
    std::vector<lily_field> headers;
    for (const field &header : options.headers) {
        headers.push_back({detail::c_string(header.name), detail::c_string(header.value)});
    }
    lily_fetch_options plain{};
    plain.method = options.method.empty() ? nullptr : detail::c_string(options.method);
    plain.headers = headers.data();
    plain.header_count = headers.size();
    plain.body = options.body.data();
    plain.body_size = options.body.size();
    plain.connect_timeout_ms = static_cast<std::uint32_t>(options.connect_timeout.count());
    plain.first_byte_timeout_ms = static_cast<std::uint32_t>(options.first_byte_timeout.count());
    plain.between_bytes_timeout_ms = static_cast<std::uint32_t>(options.between_bytes_timeout.count());
    lily_reply *handle = lily_fetch(detail::c_string(url), &plain);
    if (const char *problem = lily_reply_error(handle)) throw error(problem);
    return reply(handle);
}

template <class... Arguments>
void log(lily_level level, std::format_string<Arguments...> format, Arguments &&...arguments) {
    lily_log(level, "%s", std::format(format, std::forward<Arguments>(arguments)...).c_str());
}

// The fields of a query or an `application/x-www-form-urlencoded` body, decoded.
inline std::vector<field> query_fields(std::string_view query) {
    std::vector<field> all;
    const char *rest = detail::c_string(query);
    for (lily_field next; lily_query_next(&rest, &next);) all.push_back({next.name, next.value});
    return all;
}

inline std::string_view url_decode(std::string_view text) { return lily_url_decode(detail::c_string(text)); }
inline std::string_view url_encode(std::string_view text) { return lily_url_encode(detail::c_string(text)); }

namespace detail {

// Calls the handler. What it throws is logged and answered with 500, if there is still somebody to answer.
template <class Handler> void run(lily_request *request_handle, lily_response *response_handle, Handler handler) {
    const char *problem = "an exception that is no std::exception";
    try {
        request incoming(request_handle);
        response outgoing(response_handle);
        handler(incoming, outgoing);
        return;
    } catch (const std::exception &exception) {
        problem = c_string(exception.what());
    } catch (...) {
    }
    lily_log(LILY_ERROR, "the handler threw: %s", problem);
    lily_response_fail(response_handle);
}

} // namespace detail
} // namespace lily

// Begins the handler's definition; its parameters are a `lily::request &` and a `lily::response &`.
#define LILY_HANDLER(request_name, response_name)                                                                     \
    static void lily_handler_body(::lily::request &, ::lily::response &);                                             \
    extern "C" void lily_handle(lily_request *request_handle, lily_response *response_handle) {                       \
        ::lily::detail::run(request_handle, response_handle, lily_handler_body);                                      \
    }                                                                                                                 \
    static void lily_handler_body([[maybe_unused]] ::lily::request &request_name,                                     \
                                  [[maybe_unused]] ::lily::response &response_name)

#endif
