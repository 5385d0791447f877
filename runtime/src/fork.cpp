// SPDX-License-Identifier: Apache-2.0
//
// fork(). The child is detached: its private mapping is a snapshot of the moment, its stores are
// its own, nothing of it is logged. While it shares pages with the image file that must not change,
// so the checkpoint pauses (forked_child.h). A child that becomes a daemon (setsid() after its
// parent exits) takes the pool over.
#include "epochs.h"
#include "forked_child.h"
#include "mutator.h"
#include "next_symbol.h"
#include "output_gate.h"
#include "runtime.h"
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <pthread.h>
#include <thread>
#include <unistd.h>

PERDURE_NEXT(setsid);

namespace perdure {
namespace {

using namespace std::chrono_literals;
constexpr auto kParentExitLimit = 5s;

} // namespace

void Runtime::before_fork() {
  if (mode() == Mode::kDurable) {
    // With nothing outstanding a child that takes over starts where the log ends.
    Mutator *mutator = Mutator::current_or_null();
    if (!(mutator && mutator->in_open_unit()))
      Epochs::instance().flush();
    child_link_.open();
  }
  if (mode() == Mode::kDetached)
    child_forks();
  forking_.emplace(); // a handler of the program's must not meet the locks
  OutputGate::instance().lock_for_fork();
  Epochs::instance().lock_for_fork();
  // With no cut under way: one that waits for log space would wait for the pause to end.
  if (mode() == Mode::kDurable) {
    image_->pause_checkpoint(true);
    epoch_at_fork_ = image_->last_epoch();
  }
  if (auditor_)
    auditor_->lock_for_fork();
  heap_->lock_for_fork();
}

void Runtime::after_fork(bool child) {
  heap_->unlock_after_fork();
  if (auditor_)
    auditor_->unlock_after_fork();
  Epochs::instance().unlock_after_fork(child);
  OutputGate::instance().unlock_after_fork(child);
  forking_.reset();
  if (mode() == Mode::kDetached)
    child_has_forked();
  if (mode() != Mode::kDurable)
    return;
  if (child) {
    serve_parent(child_link_, fcntl(image_->image_fd(), F_DUPFD_CLOEXEC, 0), image_->image_bytes());
    Mutator::keep_only_current();
    forgot_updates_ = false;
    mode_ = Mode::kDetached;
    StatusPublisher::abandon(std::move(status_));
    image_->abandon_after_fork();
    return;
  }
  pause_for_child(child_link_, image_.get());
}

void Runtime::set_fork_handlers() {
  pthread_atfork([] { instance().before_fork(); }, [] { instance().after_fork(false); },
                 [] { instance().after_fork(true); });
}

void Runtime::take_over_from_parent() {
  if (mode() != Mode::kDetached)
    return;
  auto deadline = std::chrono::steady_clock::now() + kParentExitLimit;
  Result<std::unique_ptr<DurableImage>> image = DurableImage::open(options_);
  while (!image && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(2ms);
    image = DurableImage::open(options_);
  }
  if (!image) {
    std::fprintf(
        stderr,
        "perdure: process %d, forked from the one that has pool '%s' open, runs on its own: "
        "its updates are not durable (%s)\n",
        getpid(), options_.path.c_str(), image.status().message().c_str());
    return;
  }
  if ((*image)->last_epoch() != epoch_at_fork_ || forgot_updates_) {
    std::fprintf(stderr,
                 "perdure: process %d cannot take pool '%s' over from its parent: both wrote to it "
                 "after fork(); start the program in the foreground\n",
                 getpid(), options_.path.c_str());
    _exit(1);
  }
  image_ = std::move(*image);
  mode_ = Mode::kDurable;
  if (Status status = start_epochs(); !status)
    std::fprintf(stderr, "perdure: %s\n", status.message().c_str());
}

} // namespace perdure

extern "C" {

PERDURE_EXPORT pid_t setsid(void) noexcept {
  pid_t result = next_setsid();
  if (result > 0)
    perdure::Runtime::instance().take_over_from_parent();
  return result;
}

// libc's daemon() would call its own setsid().
PERDURE_EXPORT int daemon(int keep_directory, int keep_output) noexcept {
  pid_t child = fork();
  if (child < 0)
    return -1;
  if (child > 0)
    _exit(0);
  if (setsid() < 0 || (!keep_directory && chdir("/") != 0))
    return -1;
  if (keep_output)
    return 0;
  int null = open("/dev/null", O_RDWR);
  if (null < 0)
    return -1;
  for (int fd = 0; fd <= 2; fd++)
    dup2(null, fd);
  if (null > 2)
    close(null);
  return 0;
}

} // extern "C"
