// SPDX-License-Identifier: Apache-2.0
//
// See known_calls.h.
#include "known_calls.h"
#include <algorithm>
#include <initializer_list>

namespace perdure::propose {
namespace {

bool is_one_of(const std::string &name, std::initializer_list<const char *> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool contains(const std::string &name, const char *part) {
  return name.find(part) != std::string::npos;
}

} // namespace

bool allocates(const std::string &name) {
  return is_one_of(name,
                   {"malloc", "calloc", "realloc", "reallocarray", "aligned_alloc", "memalign",
                    "valloc", "posix_memalign", "strdup", "strndup", "operator new"});
}

bool waits_for_events(const std::string &name) {
  return is_one_of(name, {"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select",
                          "pselect", "accept", "accept4", "event_base_loop", "event_base_dispatch",
                          "event_dispatch", "uv_run", "ev_run", "io_uring_wait_cqe"});
}

bool waits_for_input(const std::string &name) {
  return is_one_of(name, {"fgets", "getline", "scanf", "fscanf", "getchar", "std::getline"});
}

bool sleeps(const std::string &name) {
  return is_one_of(name, {"sleep", "usleep", "nanosleep", "clock_nanosleep", "sem_wait",
                          "pthread_join", "sigwait"});
}

bool sends(const std::string &name) {
  return is_one_of(name, {"write", "writev", "send", "sendto", "sendmsg", "sendmmsg", "sendfile",
                          "splice", "dprintf"});
}

bool prints(const std::string &name) {
  return is_one_of(name, {"printf", "puts", "putchar", "fwrite", "fputs", "io_uring_submit"});
}

bool reads_files(const std::string &name) {
  return is_one_of(name, {"fopen", "open", "fread", "mmap"});
}

bool forks(const std::string &name) { return is_one_of(name, {"fork", "vfork", "daemon"}); }

bool gives_lock_back(const std::string &name) { return contains(name, "unlock"); }

bool takes_lock(const std::string &name) {
  return contains(name, "lock") && !gives_lock_back(name) && !contains(name, "init") &&
         !contains(name, "destroy");
}

bool waits_with_lock(const std::string &name) { return contains(name, "wait"); }

} // namespace perdure::propose
