#include <algorithm>
#include <filesystem>
#include <format>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <ranges>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>
struct Base { virtual ~Base() = default; virtual int f() const { return 1; } };
struct Left : virtual Base { int f() const override { return 2; } };
struct Right : virtual Base { };
struct Both : Left, Right { };
struct Noisy { std::string n; ~Noisy() { std::cout << "~" << n << "\n"; } };
[[gnu::noinline]] void deep(int n) { Noisy x{std::to_string(n)}; if (n == 0) throw std::out_of_range("deep"); deep(n - 1); }
int main(int argc, char **argv) {
  try { deep(2); } catch (const std::logic_error &e) { std::cout << "caught " << e.what() << "\n"; }
  try { try { throw 42; } catch (int) { throw; } } catch (int v) { std::cout << "rethrown " << v << "\n"; }
  try { std::vector<int> v; (void)v.at(9); } catch (const std::exception &e) { std::cout << "lib " << e.what() << "\n"; }
  try { std::stoi("zz"); } catch (const std::invalid_argument &e) { std::cout << "stoi " << e.what() << "\n"; }
  try { std::vector<int> v(size_t(1) << 29); std::cout << v.size() << "\n"; } catch (const std::bad_alloc &e) { std::cout << "alloc " << e.what() << "\n"; }
  std::exception_ptr p; try { throw std::runtime_error("held"); } catch (...) { p = std::current_exception(); }
  try { std::rethrow_exception(p); } catch (std::exception &e) { std::cout << e.what() << "\n"; }
  std::unique_ptr<Base> b = std::make_unique<Both>();
  std::cout << (dynamic_cast<Right *>(b.get()) != nullptr) << (dynamic_cast<Left *>(b.get())->f()) << typeid(*b).name() << "\n";
  try { (void)dynamic_cast<Both &>(*std::make_unique<Base>()); } catch (const std::bad_cast &e) { std::cout << e.what() << "\n"; }
  std::cout << std::format("{:>8.3f}|{:#x}|{}\n", 3.14159, 255, "x");
  std::smatch m; std::string s = "key=value"; if (std::regex_match(s, m, std::regex("(\\w+)=(\\w+)"))) std::cout << m[1] << " " << m[2] << "\n";
  try { std::regex r("("); } catch (const std::regex_error &e) { std::cout << "regex " << e.code() << "\n"; }
  for (int x : std::views::iota(1, 6) | std::views::filter([](int i) { return i % 2; })) std::cout << x;
  std::cout << "\n" << std::filesystem::path("/a/b/../c.txt").lexically_normal().string() << "\n";
  std::error_code ec; std::cout << std::filesystem::exists("/nope", ec) << "\n";
  try { std::filesystem::file_size("/nope"); } catch (const std::filesystem::filesystem_error &e) { std::cout << "fs error\n"; }
  std::map<std::string, std::function<int(int)>> fs{{"sq", [](int x) { return x * x; }}}; std::cout << fs["sq"](7) << "\n";
  try { std::function<void()> f; f(); } catch (const std::bad_function_call &) { std::cout << "bfc\n"; }
  static int count = 0; struct Init { Init() { if (count++ == 0) throw 1; } };
  try { static Init i; } catch (int) { std::cout << "guard\n"; } { static Init j; }
  auto noexc = []() noexcept { }; noexc();
  return argc - 1;
}
