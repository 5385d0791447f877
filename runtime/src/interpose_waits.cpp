// SPDX-License-Identifier: Apache-2.0
//
// Waits of event loops, where a single mutator with nothing else to do commits by itself; see
// Epochs::wait_for_events().
#include "epochs.h"
#include "next_symbol.h"
#include "runtime.h"
#include <poll.h>
#include <sys/epoll.h>

using perdure::Epochs;

PERDURE_NEXT(epoll_wait);
PERDURE_NEXT(epoll_pwait);
PERDURE_NEXT(poll);

extern "C" {

PERDURE_EXPORT int epoll_wait(int epoll, epoll_event *events, int size, int timeout) {
  return Epochs::instance().wait_for_events(
      timeout, [=](int ms) { return next_epoll_wait(epoll, events, size, ms); });
}

PERDURE_EXPORT int epoll_pwait(int epoll, epoll_event *events, int size, int timeout,
                               const sigset_t *mask) {
  return Epochs::instance().wait_for_events(
      timeout, [=](int ms) { return next_epoll_pwait(epoll, events, size, ms, mask); });
}

PERDURE_EXPORT int poll(pollfd *events, nfds_t count, int timeout) {
  return Epochs::instance().wait_for_events(timeout,
                                            [=](int ms) { return next_poll(events, count, ms); });
}

} // extern "C"
