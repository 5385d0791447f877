// SPDX-License-Identifier: Apache-2.0
//
// Calls in which a thread may rest for long. Its stores are all done when it makes one, so the
// entries that it made ahead of them are settled (deferred_lane.h): else every cut would read again
// what a thread stored before it went to wait, and every output would wait for a cut.
#include "mutator.h"
#include "next_symbol.h"
#include "runtime.h"
#include <csignal>
#include <ctime>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using perdure::Mutator;

PERDURE_NEXT(pthread_join);
PERDURE_NEXT(sem_wait);
PERDURE_NEXT(accept);
PERDURE_NEXT(accept4);
PERDURE_NEXT(recv);
PERDURE_NEXT(read);
PERDURE_NEXT(select);
PERDURE_NEXT(pselect);
PERDURE_NEXT(ppoll);
PERDURE_NEXT(nanosleep);
PERDURE_NEXT(clock_nanosleep);
PERDURE_NEXT(sleep);
PERDURE_NEXT(usleep);
PERDURE_NEXT(pause);
PERDURE_NEXT(sigsuspend);
PERDURE_NEXT(sigwait);
PERDURE_NEXT(sigwaitinfo);
PERDURE_NEXT(waitpid);
PERDURE_NEXT(wait);

extern "C" {

PERDURE_EXPORT int pthread_join(pthread_t thread, void **result) {
  Mutator::settle_current();
  return next_pthread_join(thread, result);
}
PERDURE_EXPORT int sem_wait(sem_t *semaphore) {
  Mutator::settle_current();
  return next_sem_wait(semaphore);
}
PERDURE_EXPORT int accept(int fd, sockaddr *address, socklen_t *size) {
  Mutator::settle_current();
  return next_accept(fd, address, size);
}
PERDURE_EXPORT int accept4(int fd, sockaddr *address, socklen_t *size, int flags) {
  Mutator::settle_current();
  return next_accept4(fd, address, size, flags);
}
PERDURE_EXPORT ssize_t recv(int fd, void *bytes, size_t size, int flags) {
  Mutator::settle_current();
  return next_recv(fd, bytes, size, flags);
}
PERDURE_EXPORT ssize_t read(int fd, void *bytes, size_t size) {
  Mutator::settle_current();
  return next_read(fd, bytes, size);
}
PERDURE_EXPORT int select(int count, fd_set *reads, fd_set *writes, fd_set *errors,
                          timeval *timeout) {
  Mutator::settle_current();
  return next_select(count, reads, writes, errors, timeout);
}
PERDURE_EXPORT int pselect(int count, fd_set *reads, fd_set *writes, fd_set *errors,
                           const timespec *timeout, const sigset_t *mask) {
  Mutator::settle_current();
  return next_pselect(count, reads, writes, errors, timeout, mask);
}
PERDURE_EXPORT int ppoll(pollfd *events, nfds_t count, const timespec *timeout,
                         const sigset_t *mask) {
  Mutator::settle_current();
  return next_ppoll(events, count, timeout, mask);
}
PERDURE_EXPORT int nanosleep(const timespec *time, timespec *left) {
  Mutator::settle_current();
  return next_nanosleep(time, left);
}
PERDURE_EXPORT int clock_nanosleep(clockid_t clock, int flags, const timespec *time,
                                   timespec *left) {
  Mutator::settle_current();
  return next_clock_nanosleep(clock, flags, time, left);
}
PERDURE_EXPORT unsigned sleep(unsigned seconds) {
  Mutator::settle_current();
  return next_sleep(seconds);
}
PERDURE_EXPORT int usleep(useconds_t us) {
  Mutator::settle_current();
  return next_usleep(us);
}
PERDURE_EXPORT int pause() {
  Mutator::settle_current();
  return next_pause();
}
PERDURE_EXPORT int sigsuspend(const sigset_t *mask) {
  Mutator::settle_current();
  return next_sigsuspend(mask);
}
PERDURE_EXPORT int sigwait(const sigset_t *signals, int *number) {
  Mutator::settle_current();
  return next_sigwait(signals, number);
}
PERDURE_EXPORT int sigwaitinfo(const sigset_t *signals, siginfo_t *info) {
  Mutator::settle_current();
  return next_sigwaitinfo(signals, info);
}
PERDURE_EXPORT pid_t waitpid(pid_t process, int *status, int options) {
  Mutator::settle_current();
  return next_waitpid(process, status, options);
}
PERDURE_EXPORT pid_t wait(int *status) {
  Mutator::settle_current();
  return next_wait(status);
}

} // extern "C"
