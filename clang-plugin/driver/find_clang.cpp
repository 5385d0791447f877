// SPDX-License-Identifier: Apache-2.0
//
// Finds Clang and asks for its version where the path doesn't tell. See find_clang.h.
#include "find_clang.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace perdure {
namespace {

constexpr const char *kMajor = PERDURE_LLVM_MAJOR;
constexpr int kServed[] = {PERDURE_LLVM_SERVED}; // one build of the plugin each

std::string in_path(const std::string &name) {
  if (name.find('/') != std::string::npos)
    return access(name.c_str(), X_OK) == 0 ? name : "";
  const char *path = std::getenv("PATH");
  std::istringstream directories(path ? path : "");
  for (std::string directory; std::getline(directories, directory, ':');) {
    std::string candidate = (directory.empty() ? "." : directory) + "/" + name;
    if (access(candidate.c_str(), X_OK) == 0)
      return candidate;
  }
  return "";
}

// The first line of `CLANG --version`, run without a shell.
std::string version_line(const std::string &clang) {
  int ends[2];
  if (pipe(ends) != 0)
    return "";
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    execl(clang.c_str(), clang.c_str(), "--version", nullptr);
    _exit(127);
  }
  close(ends[1]);
  std::string text;
  std::array<char, 512> buffer;
  for (ssize_t got; (got = read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<size_t>(got));
  close(ends[0]);
  if (child > 0)
    waitpid(child, nullptr, 0);
  return text.substr(0, text.find('\n'));
}

bool is_right_version(const std::string &clang, std::string &version) {
  // The one beside the LLVM that the plugin was built with needn't be asked.
  std::error_code ignored;
  if (fs::canonical(clang, ignored).parent_path() == fs::canonical(PERDURE_LLVM_BIN, ignored))
    return true;
  version = version_line(clang);
  return version.find(std::string("clang version ") + kMajor + ".") != std::string::npos;
}

void refuse(const char *driver, const std::string &clang, const std::string &version) {
  std::string served, other_build;
  for (int major : kServed) {
    std::string number = std::to_string(major);
    served += (served.empty() ? "" : " and ") + number;
    if (version.find("clang version " + number + ".") != std::string::npos)
      other_build = ", or build perdure with PERDURE_LLVM=" + number;
  }
  std::fprintf(stderr,
               "%s: error: '%s' is \"%s\"; perdure serves clang %s, and this build of it clang %s: "
               "install clang-%s, or name one in PERDURE_CLANG%s\n",
               driver, clang.c_str(), version.c_str(), served.c_str(), kMajor, kMajor,
               other_build.c_str());
}

} // namespace

std::string find_clang(const char *driver) {
  const char *wanted = std::getenv("PERDURE_CLANG");
  std::string clang;
  if (wanted && *wanted)
    clang = in_path(wanted);
  else if (access(PERDURE_LLVM_BIN "/clang", X_OK) == 0)
    clang = PERDURE_LLVM_BIN "/clang";
  else
    clang = in_path(std::string("clang-") + kMajor);
  if (clang.empty()) {
    std::fprintf(
        stderr, "%s: error: %s%s not found; install clang-%s, or name one in PERDURE_CLANG\n",
        driver, wanted && *wanted ? wanted : "clang-", wanted && *wanted ? "" : kMajor, kMajor);
    return "";
  }
  std::string version;
  if (is_right_version(clang, version))
    return clang;
  refuse(driver, clang, version);
  return "";
}

} // namespace perdure
