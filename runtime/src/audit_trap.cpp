// SPDX-License-Identifier: Apache-2.0
//
// Page protection and single steps; see audit_trap.h. All state is fixed before the first fault, as
// the handlers may interrupt anything.
#include "audit_trap.h"
#include "heap_layout.h"
#include "process_map.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr uint64_t kPage = 4096;
constexpr size_t kPagesMax = 64, kRangesMax = 64, kBytesMax = 256, kWritersMax = 8;
constexpr greg_t kTrapFlag = 0x100;

struct Watched {
  uint64_t address, size;
  std::atomic<uint64_t> writers[kWritersMax]; // instructions since the last record; 0: free
};
struct WatchedPage {
  uint64_t address;
  std::atomic<int> open; // threads that step on it
};

Watched ranges[kRangesMax];
WatchedPage pages[kPagesMax];
size_t range_count, page_count;
struct sigaction earlier_fault, earlier_trap;

// The step that the calling thread is in.
struct Step {
  bool active;
  greg_t instruction;
  sigset_t mask;
  WatchedPage *opened[2]; // an instruction may write across the border of two
  unsigned char before[kRangesMax][kBytesMax];
};
// Initial-exec as all of this library: access allocates nothing.
__thread Step step;

void protect(const WatchedPage &page, int access) {
  syscall(SYS_mprotect, page.address, kPage, access);
}

WatchedPage *page_of(uint64_t address) {
  for (size_t i = 0; i < page_count; i++)
    if (address - pages[i].address < kPage)
      return &pages[i];
  return nullptr;
}

uint64_t compared(const Watched &range) { return std::min<uint64_t>(range.size, kBytesMax); }

void open_page(WatchedPage &page) {
  page.open.fetch_add(1);
  protect(page, PROT_READ | PROT_WRITE);
}

void close_page(WatchedPage &page) {
  if (page.open.fetch_sub(1) != 1)
    return;
  protect(page, PROT_READ);
  if (page.open.load() != 0) // opened by another thread in between
    protect(page, PROT_READ | PROT_WRITE);
}

void hand_on(int signal, const struct sigaction &earlier, siginfo_t *info, void *context) {
  if (earlier.sa_flags & SA_SIGINFO)
    earlier.sa_sigaction(signal, info, context);
  else if (earlier.sa_handler != SIG_DFL && earlier.sa_handler != SIG_IGN)
    earlier.sa_handler(signal);
  else
    sigaction(signal, &earlier, nullptr); // on return the fault comes again and ends the process
}

void on_fault(int signal, siginfo_t *info, void *context) {
  const int saved = errno;
  auto *state = static_cast<ucontext_t *>(context);
  WatchedPage *page = page_of(reinterpret_cast<uint64_t>(info->si_addr));
  if (!page) {
    hand_on(signal, earlier_fault, info, context);
    return;
  }
  if (!step.active) {
    step.active = true;
    step.opened[0] = page;
    step.opened[1] = nullptr;
    step.instruction = state->uc_mcontext.gregs[REG_RIP];
    step.mask = state->uc_sigmask;
    for (size_t i = 0; i < range_count; i++)
      std::memcpy(step.before[i], reinterpret_cast<void *>(ranges[i].address), compared(ranges[i]));
    // No handler of the program may run in the middle of the step.
    sigfillset(&state->uc_sigmask);
    sigdelset(&state->uc_sigmask, SIGTRAP);
    sigdelset(&state->uc_sigmask, SIGSEGV);
    state->uc_mcontext.gregs[REG_EFL] |= kTrapFlag;
  } else {
    step.opened[1] = page;
  }
  open_page(*page);
  errno = saved;
}

void note_writer(Watched &range, uint64_t instruction) {
  for (std::atomic<uint64_t> &writer : range.writers) {
    uint64_t none = 0;
    if (writer.load() == instruction || writer.compare_exchange_strong(none, instruction))
      return;
  }
}

void on_step(int signal, siginfo_t *info, void *context) {
  const int saved = errno;
  auto *state = static_cast<ucontext_t *>(context);
  if (!step.active) {
    hand_on(signal, earlier_trap, info, context);
    return;
  }
  for (size_t i = 0; i < range_count; i++)
    if (std::memcmp(step.before[i], reinterpret_cast<void *>(ranges[i].address),
                    compared(ranges[i])) != 0)
      note_writer(ranges[i], static_cast<uint64_t>(step.instruction));
  for (WatchedPage *page : step.opened)
    if (page)
      close_page(*page);
  state->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
  state->uc_sigmask = step.mask;
  step.active = false;
  errno = saved;
}

void add_pages(const WatchedRange &range) {
  const uint64_t last = (range.address + range.size - 1) / kPage;
  for (uint64_t page = range.address / kPage; page <= last && page_count < kPagesMax; page++)
    if (!page_of(page * kPage))
      pages[page_count++].address = page * kPage;
}

} // namespace

bool WriteTrap::started() { return page_count != 0; }

void WriteTrap::start(const std::vector<WatchedRange> &wanted) {
  for (const WatchedRange &range : wanted) {
    if (range_count == kRangesMax)
      break;
    ranges[range_count].address = range.address;
    ranges[range_count++].size = range.size;
    add_pages(range);
  }
  struct sigaction action = {};
  sigfillset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  action.sa_sigaction = on_fault;
  sigaction(SIGSEGV, &action, &earlier_fault);
  action.sa_sigaction = on_step;
  sigaction(SIGTRAP, &action, &earlier_trap);
  for (size_t i = 0; i < page_count; i++)
    protect(pages[i], PROT_READ);
}

void WriteTrap::recorded(uint64_t begin, uint64_t end) {
  for (size_t i = 0; i < range_count; i++)
    if (ranges[i].address - kBase < end && begin < ranges[i].address - kBase + ranges[i].size)
      for (std::atomic<uint64_t> &writer : ranges[i].writers)
        writer.store(0);
}

std::vector<std::string> WriteTrap::writers(uint64_t begin, uint64_t end) {
  std::vector<std::string> names;
  for (size_t i = 0; i < range_count; i++)
    if (ranges[i].address - kBase < end && begin < ranges[i].address - kBase + ranges[i].size)
      for (const std::atomic<uint64_t> &writer : ranges[i].writers)
        if (uint64_t instruction = writer.load())
          names.push_back(describe_instruction(instruction));
  return names;
}

} // namespace perdure
