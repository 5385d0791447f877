// SPDX-License-Identifier: Apache-2.0
//
// Failures a user can meet (bad input, full disk, wrong version), by value. A message is one line
// that says what happened, to which file, and what to do. Broken invariants are check.h's.
#pragma once

#include <optional>
#include <string>
#include <utility>

namespace perdure {

class [[nodiscard]] Status {
public:
  static Status ok() { return {}; }
  static Status error(std::string message) {
    Status status;
    status.message_ = std::move(message);
    return status;
  }
  // Short enough to be kept, copied and returned where there is no memory for a text.
  static Status out_of_memory() { return error("out of memory"); }
  bool is_ok() const { return !message_; }
  explicit operator bool() const { return is_ok(); }
  // REQUIRES: !is_ok()
  const std::string &message() const { return *message_; }

private:
  std::optional<std::string> message_;
};

template <typename T> class [[nodiscard]] Result {
public:
  Result(T value) : value_(std::move(value)) {}
  Result(Status status) : status_(std::move(status)) {}
  bool is_ok() const { return status_.is_ok(); }
  explicit operator bool() const { return is_ok(); }
  const Status &status() const { return status_; }
  // REQUIRES: is_ok()
  T &operator*() { return *value_; }
  T *operator->() { return &*value_; }

private:
  Status status_;
  std::optional<T> value_;
};

} // namespace perdure
