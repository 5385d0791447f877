// SPDX-License-Identifier: Apache-2.0
#include "held_signals.h"
#include <gtest/gtest.h>
#include <vector>

namespace perdure {
namespace {

std::vector<int> handled, delivered; // numbers
sigset_t mask_at_delivery;

void on_signal(int number, siginfo_t *info, void *context) {
  if (!put_off(number, *info, context))
    handled.push_back(number);
}

sigset_t current_mask() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

class HeldSignalsTest : public testing::Test {
protected:
  void SetUp() override {
    handled.clear();
    delivered.clear();
    struct sigaction action = {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO;
    for (int number : {SIGUSR1, SIGUSR2, SIGFPE})
      sigaction(number, &action, nullptr);
    hold_without_masking([](PutOffSignal &signal) {
      delivered.push_back(int{signal.number});
      EXPECT_EQ(signal.info.si_pid, getpid());
      mask_at_delivery = signal.mask;
      pthread_sigmask(SIG_SETMASK, &signal.mask, nullptr);
    });
  }
  void TearDown() override {
    hold_without_masking(nullptr);
    for (int number : {SIGUSR1, SIGUSR2, SIGFPE})
      signal(number, SIG_DFL);
  }
  using Numbers = std::vector<int>;
};

TEST_F(HeldSignalsTest, WithoutAHoldHandlersRunAtOnce) {
  raise(SIGUSR1);
  EXPECT_EQ(handled, Numbers{SIGUSR1});
  EXPECT_EQ(delivered, Numbers{});
}

TEST_F(HeldSignalsTest, AHandlerIsPutOffToTheEndOfTheOutermostHold) {
  {
    HeldSignals outer;
    {
      HeldSignals inner;
      raise(SIGUSR1);
    }
    EXPECT_EQ(delivered, Numbers{});
  }
  EXPECT_EQ(handled, Numbers{});
  EXPECT_EQ(delivered, Numbers{SIGUSR1});
}

TEST_F(HeldSignalsTest, TheSecondSignalWaitsInTheKernel) {
  {
    HeldSignals thread;
    raise(SIGUSR1);
    const sigset_t mask = current_mask();
    EXPECT_TRUE(sigismember(&mask, SIGUSR2));
    raise(SIGUSR2);
  }
  EXPECT_EQ(delivered, Numbers{SIGUSR1});
  EXPECT_EQ(handled, Numbers{SIGUSR2}) << "when the first one's delivery unblocked it";
}

TEST_F(HeldSignalsTest, TheThreadsOwnMaskComesBack) {
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGWINCH);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  {
    HeldSignals thread;
    raise(SIGUSR1);
  }
  const sigset_t mask = current_mask();
  EXPECT_TRUE(sigismember(&mask_at_delivery, SIGWINCH));
  EXPECT_FALSE(sigismember(&mask_at_delivery, SIGUSR2));
  EXPECT_TRUE(sigismember(&mask, SIGWINCH));
  EXPECT_FALSE(sigismember(&mask, SIGUSR2));
  pthread_sigmask(SIG_UNBLOCK, &blocked, nullptr);
}

TEST_F(HeldSignalsTest, HandlersOfFaultsRunAtOnce) {
  HeldSignals thread;
  raise(SIGFPE);
  EXPECT_EQ(handled, Numbers{SIGFPE});
}

TEST_F(HeldSignalsTest, WhereHandlersAreNotTheRuntimesSignalsAreMasked) {
  hold_without_masking(nullptr);
  {
    HeldSignals thread;
    raise(SIGUSR1);
    EXPECT_EQ(handled, Numbers{});
  }
  EXPECT_EQ(handled, Numbers{SIGUSR1});
}

} // namespace
} // namespace perdure
