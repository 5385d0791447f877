// SPDX-License-Identifier: Apache-2.0
//
// A directory that goes away with the test. On the build's own file system, so that O_DIRECT is
// tested where there is one.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <unistd.h>

namespace perdure {

class TemporaryDirectory {
public:
  explicit TemporaryDirectory(const std::string &parent = std::filesystem::current_path()) {
    path_ = parent + "/perdure-test-XXXXXX";
    if (!mkdtemp(path_.data()))
      std::abort();
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(const std::string &name) const { return path_ + "/" + name; }
  const std::string &path() const { return path_; }

private:
  std::string path_;
};

} // namespace perdure
