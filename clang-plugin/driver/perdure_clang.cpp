// SPDX-License-Identifier: Apache-2.0
//
// perdure-clang and perdure-clang++: Clang with the plugin loaded and the runtime linked, so that a
// project needs only CC=perdure-clang. Adds arguments and runs Clang; after a link, checks that
// every entry of the port file matched something (port_check.h).
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "arguments.h"
#include "find_clang.h"
#include "port_check.h"

namespace fs = std::filesystem;

namespace perdure {
namespace {

// The tree this program lies in: bin/, lib/, include/.
fs::path tree_root() {
  std::error_code ignored;
  return fs::read_symlink("/proc/self/exe", ignored).parent_path().parent_path();
}

void add_compile_arguments(const Invocation &invocation, const fs::path &root,
                           std::vector<std::string> &command) {
  command.insert(command.end(),
                 {"--start-no-unused-arguments", "-isystem", (root / "include").string(),
                  "-fplugin=" + (root / "lib/perdure.so").string()});
  command.push_back(invocation.proposes ? "-fplugin-arg-perdure-propose" : "-D__PERDURE__=1");
  if (!invocation.port.empty()) {
    command.push_back("-fplugin-arg-perdure-port=" + invocation.port);
    // A changed port file makes dependent objects out of date.
    command.insert(command.end(), {"-Xclang", "-fdepfile-entry=" + invocation.port});
  }
  for (const std::string &option : invocation.plugin_options)
    command.push_back("-fplugin-arg-perdure-" + option);
  command.push_back("--end-no-unused-arguments");
}

void add_link_arguments(const fs::path &root, std::vector<std::string> &command) {
  std::string lib = (root / "lib").string();
  // Needed even by a program without a hook of its own: the runtime interposes free and output.
  command.insert(command.end(), {"-L" + lib, "-Wl,--push-state,--no-as-needed", "-lperdure",
                                 "-Wl,--pop-state", "-Wl,-rpath," + lib});
}

int run(const std::vector<std::string> &command, bool replace) {
  std::vector<char *> argv;
  for (const std::string &argument : command)
    argv.push_back(const_cast<char *>(argument.c_str()));
  argv.push_back(nullptr);
  pid_t child = replace ? 0 : fork();
  if (child == 0) {
    execv(argv[0], argv.data());
    std::fprintf(stderr, "perdure-clang: error: can't run %s: %s\n", argv[0], std::strerror(errno));
    _exit(127);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  if (child < 0 || WIFSIGNALED(status)) {
    if (child > 0)
      raise(WTERMSIG(status));
    return 1;
  }
  return WEXITSTATUS(status);
}

int drive(int argc, char **argv) {
  const std::string name = fs::path(argv[0]).filename().string();
  Invocation invocation;
  if (!parse_arguments(argc, argv, invocation))
    return 1;
  if (invocation.links && invocation.is_static) {
    std::fprintf(
        stderr, "%s: error: -static would leave free() and output uninterposed; link dynamically\n",
        name.c_str());
    return 1;
  }
  std::string clang = find_clang(name.c_str());
  if (clang.empty())
    return 1;
  const fs::path root = tree_root();
  std::vector<std::string> command{clang};
  if (name.ends_with("++"))
    command.push_back("--driver-mode=g++");
  if (invocation.compiles)
    add_compile_arguments(invocation, root, command);
  command.insert(command.end(), invocation.arguments.begin(), invocation.arguments.end());
  // What is compiled for a proposal is the program without perdure.
  if (invocation.links && !invocation.proposes)
    add_link_arguments(root, command);
  int status = run(command, /*replace=*/!invocation.links);
  if (status != 0 || check_port(invocation.output))
    return status;
  std::remove(invocation.output.c_str());
  return 1;
}

} // namespace
} // namespace perdure

int main(int argc, char **argv) { return perdure::drive(argc, argv); }
