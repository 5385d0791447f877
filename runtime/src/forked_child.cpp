// SPDX-License-Identifier: Apache-2.0
//
// The link between a process and the children it forks; see forked_child.h.
#include "forked_child.h"
#include "uninterrupted.h"
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <mutex>
#include <new>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace perdure {
namespace {

constexpr int kLookInterval = 20; // ms, between two looks whether the log is short
constexpr size_t kStack = 64 << 10;

struct FromChild {
  pid_t child;
  bool shares_nothing;
};

// The child's side. Never destroyed: the thread may outlive destructors.
struct Child {
  std::mutex mutex; // held while pages are copied and while the child forks
  bool forked = false;
  int link = -1, image_fd = -1;
  uint64_t image_bytes = 0;
};
Child &child() {
  alignas(Child) static std::byte place[sizeof(Child)];
  static Child &only = *new (place) Child;
  return only;
}

// These are the kernel's: the interposed ones would see output of the program's.
void tell(int fd, FromChild message) {
  (void)!syscall(SYS_sendto, fd, &message, sizeof message, MSG_NOSIGNAL, nullptr, 0);
}
void ask(int fd) {
  const char request = 1;
  (void)!syscall(SYS_sendto, fd, &request, 1, MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
}

void watch_child(int fd, DurableImage *image) {
  bool paused = true, asked = false;
  for (;;) {
    pollfd event = {fd, POLLIN, 0};
    const int ready = poll(&event, 1, paused && !asked ? kLookInterval : -1);
    if (ready == 0 && image->log_is_short()) {
      ask(fd);
      asked = true;
    }
    if (ready <= 0)
      continue;
    FromChild message;
    const ssize_t got = read(fd, &message, sizeof message);
    if (got == 0 || (got < 0 && errno != EINTR))
      break; // nobody holds the other end
    if (got != sizeof message)
      continue;
    image->checkpoint_waits_for(message.child);
    if (message.shares_nothing && paused) {
      image->pause_checkpoint(false);
      paused = false;
    }
  }
  syscall(SYS_close, fd);
  if (paused)
    image->pause_checkpoint(false);
}

void *answer_parent(void *) {
  Child &self = child();
  char request;
  ssize_t got;
  do
    got = read(self.link, &request, 1);
  while (got < 0 && errno == EINTR);
  if (got == 1) {
    std::lock_guard lock(self.mutex);
    tell(self.link, {getpid(), !self.forked && copy_shared_pages(self.image_fd, self.image_bytes)});
  }
  syscall(SYS_close, self.image_fd);
  return nullptr;
}

// Without the thread the parent waits for this process to end.
void start_answering() {
  Child &self = child();
  tell(self.link, {getpid(), false});
  Uninterrupted masked; // signals are the program's
  pthread_attr_t attributes;
  pthread_t thread;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, kStack);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  if (self.image_fd >= 0 && pthread_create(&thread, &attributes, answer_parent, nullptr) != 0)
    syscall(SYS_close, self.image_fd);
  pthread_attr_destroy(&attributes);
}

} // namespace

void ChildLink::open() {
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    ends[0] = ends[1] = -1;
}

void pause_for_child(ChildLink link, DurableImage *image) {
  Uninterrupted masked; // signals are the program's
  try {
    if (link.ends[0] >= 0)
      std::thread(watch_child, link.ends[0], image).detach();
  } catch (const std::system_error &) {
    syscall(SYS_close, link.ends[0]);
    link.ends[0] = -1;
  }
  if (link.ends[1] >= 0)
    syscall(SYS_close, link.ends[1]);
  if (link.ends[0] >= 0)
    return;
  std::fprintf(stderr,
               "perdure: no file descriptor or thread left at fork(): a child's snapshot may "
               "change while the checkpoint runs\n");
  image->pause_checkpoint(false);
}

void serve_parent(ChildLink link, int image_fd, uint64_t image_bytes) {
  if (link.ends[0] >= 0)
    syscall(SYS_close, link.ends[0]); // the other end closes when this process is gone
  Child &self = child();
  self.link = link.ends[1];
  self.image_fd = image_fd;
  self.image_bytes = image_bytes;
  self.forked = false;
  start_answering();
}

void take_place_of_child() {
  child().forked = false;
  start_answering();
}

int child_link() { return child().link; }

void child_forks() {
  child().mutex.lock();
  child().forked = true;
}

void child_has_forked() { child().mutex.unlock(); }

} // namespace perdure
