// SPDX-License-Identifier: Apache-2.0
//
// perdure_reclaim(). What no root reaches at recovery never will be reached again, so the search
// may take its time, in a forked child's snapshot, while the program runs. The child is a
// grandchild: programs that wait for their children do not meet it.
#include "deferred_frees.h"
#include "epochs.h"
#include "forked_child.h"
#include "heap_layout.h"
#include "perdure/perdure.h"
#include "runtime.h"
#include "socket_facts.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <pthread.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace perdure {
namespace {

constexpr size_t kAtOnce = 512; // blocks told with one write

// Whoever waits for the end of the program's output, or for its port, must not wait for us.
void let_go_of_descriptors() {
  const int null = open("/dev/null", O_RDWR);
  for (int fd = 0; null >= 0 && fd <= 2; fd++)
    dup2(null, fd);
  std::vector<int> sockets;
  for (const auto &entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    if (socket_type(fd) != 0 && fd != child_link())
      sockets.push_back(fd);
  }
  for (int fd : sockets)
    close(fd);
}

bool write_all(int fd, const void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    const ssize_t wrote = write(fd, static_cast<const char *>(bytes) + done, size - done);
    if (wrote < 0 && errno != EINTR)
      return false;
    done += wrote < 0 ? 0 : static_cast<size_t>(wrote);
  }
  return true;
}

// The grandchild.
void search(int pipe) {
  take_place_of_child(); // the search may take longer than there is log
  let_go_of_descriptors();
  Runtime &runtime = Runtime::instance();
  const std::vector<Block> blocks = unreachable_blocks(reinterpret_cast<std::byte *>(kBase),
                                                       runtime.heap(), runtime.stored_roots());
  std::vector<void *> addresses;
  for (const Block &block : blocks)
    addresses.push_back(reinterpret_cast<std::byte *>(kBase) + block.offset);
  for (size_t at = 0; at < addresses.size(); at += kAtOnce) // whole pointers, so small writes
    if (!write_all(pipe, &addresses[at],
                   std::min(kAtOnce, addresses.size() - at) * sizeof addresses[0]))
      return;
}

[[noreturn]] void run_child(const int (&pipe)[2]) {
  signal(SIGPIPE, SIG_IGN);
  close(pipe[0]); // with it open a full pipe would never be one that nobody reads
  try {
    if (fork() == 0)
      search(pipe[1]);
  } catch (const std::exception &) { // no memory: it is left for the next run
  }
  _exit(0);
}

void release_found(int pipe, void (*release)(void *)) {
  void *blocks[kAtOnce];
  size_t have = 0; // bytes
  for (;;) {
    const ssize_t got = read(pipe, reinterpret_cast<char *>(blocks) + have, sizeof blocks - have);
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    have += static_cast<size_t>(got);
    for (size_t i = 0; i < have / sizeof blocks[0]; i++)
      release(blocks[i]);
    const size_t whole = have / sizeof blocks[0];
    have %= sizeof blocks[0];
    std::memmove(blocks, blocks + whole, have); // the beginning of an address
  }
  close(pipe);
}

int reclaim(void (*release)(void *)) {
  int pipe[2];
  if (pipe2(pipe, O_CLOEXEC) != 0)
    return errno;
  if (Epochs::single_mutator)
    run_deferred_frees(); // from here on other threads' frees wait for the caller
  const pid_t child = fork();
  if (child == 0)
    run_child(pipe);
  int error = child < 0 ? errno : 0;
  close(pipe[1]);
  while (child > 0 && waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  Uninterrupted thread; // which the new one inherits: signals are for the program's own
  try {
    if (error == 0)
      std::thread(release_found, pipe[0], release).detach();
  } catch (const std::exception &) {
    error = EAGAIN;
  }
  if (error != 0)
    close(pipe[0]);
  return error;
}

} // namespace
} // namespace perdure

extern "C" PERDURE_EXPORT int perdure_reclaim(void (*release)(void *block)) {
  using perdure::Runtime;
  const Runtime &runtime = Runtime::instance();
  if (runtime.mode() != Runtime::Mode::kDurable || !runtime.recovered())
    return 0;
  errno = perdure::reclaim(release ? release : free);
  return errno == 0 ? 0 : -1;
}
