// SPDX-License-Identifier: Apache-2.0
//
// Replacements for std::getline and operator>> into a std::string. libstdc++ compiles both into its
// shared object for char and wchar_t: a line longer than the string would get a buffer of the libc
// heap, which a later move could put into a persistent object. Here the same templates run on a
// string that allocates from the pool, and what they leave is recorded. The plugin redirects the
// calls of units whose strings are pool memory (libc_models.cpp).
#include <istream>
#include <new>
#include <string>

#pragma GCC visibility push(default) // the program calls these
#include <perdure/abi.h>

namespace {

template <typename T> struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <typename U> PoolAllocator(const PoolAllocator<U> &) {}
  T *allocate(size_t count) { return static_cast<T *>(perdure_new(count * sizeof(T))); }
  void deallocate(T *block, size_t) { perdure_free(block); }
  bool operator==(const PoolAllocator &) const { return true; }
};

template <typename C> using String = std::basic_string<C>;
// Without state in either allocator the two strings have the same layout.
template <typename C>
using PoolString = std::basic_string<C, std::char_traits<C>, PoolAllocator<C>>;
static_assert(sizeof(PoolString<char>) == sizeof(std::string));

// Records the string when the input ends, by an exception too.
template <typename C> class RecordedString {
public:
  explicit RecordedString(String<C> &string) : string_(reinterpret_cast<PoolString<C> &>(string)) {}
  ~RecordedString() {
    perdure_record(&string_, sizeof string_);
    perdure_record(string_.data(), (string_.size() + 1) * sizeof(C));
  }
  PoolString<C> &operator*() { return string_; }

private:
  PoolString<C> &string_;
};

template <typename C>
std::basic_istream<C> &get_line(std::basic_istream<C> &in, String<C> &string, C end) {
  RecordedString<C> recorded(string);
  return std::getline(in, *recorded, end);
}

template <typename C>
std::basic_istream<C> &get_word(std::basic_istream<C> &in, String<C> &string) {
  RecordedString<C> recorded(string);
  return in >> *recorded;
}

} // namespace

// A reference is returned as a pointer is; C linkage knows only the latter.
extern "C" {

std::istream *perdure_string_getline(std::istream &in, std::string &string, char end) {
  return &get_line(in, string, end);
}
std::istream *perdure_string_getword(std::istream &in, std::string &string) {
  return &get_word(in, string);
}
std::wistream *perdure_wstring_getline(std::wistream &in, std::wstring &string, wchar_t end) {
  return &get_line(in, string, end);
}
std::wistream *perdure_wstring_getword(std::wistream &in, std::wstring &string) {
  return &get_word(in, string);
}

} // extern "C"

#pragma GCC visibility pop
