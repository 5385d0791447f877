// SPDX-License-Identifier: Apache-2.0
//
// The gate over the process's epochs and a socket pair: what leaves when, in which order.
#include "epochs.h"
#include "memory_image.h"
#include "output_gate.h"
#include <atomic>
#include <chrono>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace perdure {
namespace {

class OutputGateTest : public testing::Test {
protected:
  void SetUp() override {
    words_.map();
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    epochs().start(&image_, 0, false, [](Sending sending) { gate().notify(sending); });
    ASSERT_TRUE(gate().start().is_ok());
  }
  void TearDown() override {
    image_.let_through();
    epochs().stop();
    gate().stop();
    for (int fd : ends_)
      if (fd >= 0) {
        gate().before_close(fd);
        close(fd);
      }
    words_.unmap();
  }
  static Epochs &epochs() { return Epochs::instance(); }
  static OutputGate &gate() { return OutputGate::instance(); }

  // As the interposed send() does.
  ssize_t send(const std::string &bytes, int flags = 0) {
    iovec part = {const_cast<char *>(bytes.data()), bytes.size()};
    msghdr message = {};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    ssize_t result;
    if (gate().send(ends_[0], message, flags, result))
      return result;
    direct_++;
    return ::send(ends_[0], bytes.data(), bytes.size(), flags);
  }
  // What the peer has received by now, waiting at most MS for the first byte.
  std::string received(int ms) {
    timeval limit = {ms / 1000, ms % 1000 * 1000};
    setsockopt(ends_[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    char buffer[65536];
    ssize_t size = recv(ends_[1], buffer, sizeof buffer, 0);
    return size > 0 ? std::string(buffer, static_cast<size_t>(size)) : "";
  }
  // True if the peer finds the stream's end within MS.
  bool ended(int ms) {
    pollfd peer = {ends_[1], POLLIN, 0};
    char byte;
    return poll(&peer, 1, ms) == 1 && recv(ends_[1], &byte, 1, MSG_DONTWAIT) == 0;
  }
  std::string receive(size_t size) {
    std::string all;
    while (all.size() < size) {
      std::string more = received(2000);
      if (more.empty())
        break;
      all += more;
    }
    return all;
  }

  WordsUnderTest words_;
  MemoryImage image_{false};
  int ends_[2] = {-1, -1};
  int direct_ = 0;
};

TEST_F(OutputGateTest, OutputGoesStraightThroughWhenNothingIsPending) {
  EXPECT_EQ(send("hello"), 5);
  EXPECT_EQ(direct_, 1);
  EXPECT_EQ(received(1000), "hello");
}

TEST_F(OutputGateTest, OutputIsHeldUntilTheUpdateIsDurable) {
  image_.hold_back();
  words_.store(1, 42);
  EXPECT_EQ(send("stored"), 6) << "the writer must not wait";
  EXPECT_EQ(received(50), "") << "acknowledged before it was durable";
  image_.let_through();
  EXPECT_EQ(receive(6), "stored");
  EXPECT_EQ(image_.word(1), 42u);
}

TEST_F(OutputGateTest, LaterOutputStaysBehindHeldOutput) {
  image_.hold_back();
  words_.store(1, 1);
  send("first ");
  image_.let_through();
  std::string expected = "first ";
  for (int i = 0; i < 200; i++) {
    if (i % 3 == 0)
      words_.store(2, static_cast<uint64_t>(i));
    std::string word = std::to_string(i) + " ";
    expected += word;
    send(word);
  }
  EXPECT_EQ(receive(expected.size()), expected);
}

// The gate's thread and one that made a ticket durable may both send what is held.
TEST_F(OutputGateTest, OrderIsKeptWhoeverSends) {
  std::atomic<bool> done{false};
  std::thread committer([&] {
    while (!done)
      gate().notify(Sending::kFew);
  });
  std::string expected, got;
  for (uint64_t i = 0; i < 2000; i++) {
    words_.store(1, i);
    const std::string word = std::to_string(i) + " ";
    expected += word;
    send(word);
    if (i % 16 == 15)
      got += receive(expected.size() - got.size());
  }
  got += receive(expected.size() - got.size());
  done = true;
  committer.join();
  EXPECT_EQ(got, expected);
}

// The second is held while the gate's thread sends the first (long, so that it takes a while): it
// must be looked at again.
TEST_F(OutputGateTest, WhatIsHeldWhileOthersAreSentLeavesToo) {
  const std::string second(100'000, 'b');
  auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(700);
  for (uint64_t round = 1; std::chrono::steady_clock::now() < end; round++) {
    words_.store(1, round);
    send("a");
    for (uint64_t wait = 0; wait < round % 64 * 20; wait++)
      std::atomic_signal_fence(std::memory_order_seq_cst);
    words_.store(2, round);
    send(second);
    ASSERT_EQ(receive(second.size() + 1).size(), second.size() + 1) << "round " << round;
  }
}

TEST_F(OutputGateTest, CloseSendsWhatIsHeldFirst) {
  image_.hold_back();
  words_.store(1, 1);
  send("bye");
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    image_.let_through();
  });
  gate().before_close(ends_[0]);
  close(ends_[0]);
  ends_[0] = -1;
  EXPECT_EQ(receive(3), "bye");
  EXPECT_EQ(received(1000), "") << "then the end of the stream";
  later.join();
}

TEST_F(OutputGateTest, AClosedDescriptorsNumberStartsClean) {
  image_.hold_back();
  words_.store(1, 1);
  send("old");
  image_.let_through();
  gate().before_close(ends_[0]);
  int other[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, other), 0);
  dup2(other[0], ends_[0]);
  close(other[0]);
  EXPECT_EQ(receive(3), "old");
  std::swap(ends_[1], other[1]);
  send("new");
  EXPECT_EQ(receive(3), "new");
  close(other[1]);
}

TEST_F(OutputGateTest, APeerThatDoesNotReadDoesNotStopOthers) {
  int flags = fcntl(ends_[0], F_GETFL);
  fcntl(ends_[0], F_SETFL, flags | O_NONBLOCK);
  std::string block(1 << 20, 'x');
  size_t accepted = 0;
  bool refused = false;
  for (int i = 0; i < 64 && !refused; i++) {
    words_.store(1, static_cast<uint64_t>(i));
    ssize_t size = send(block);
    if (size < 0) {
      EXPECT_EQ(errno, EAGAIN);
      refused = true;
    } else {
      accepted += static_cast<size_t>(size);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  EXPECT_TRUE(refused) << "held output must be bounded";
  EXPECT_EQ(receive(accepted).size(), accepted) << "and nothing accepted may be lost";
}

TEST_F(OutputGateTest, OutputWithNothingPendingStaysBehindWhatAPeerHasNotRead) {
  image_.hold_back();
  words_.store(1, 1);
  const std::string much(2 << 20, 'x');
  send(much);
  image_.let_through();
  while (epochs().ticket_to_wait_for() != 0)
    usleep(100);
  EXPECT_EQ(send("last", MSG_DONTWAIT), 4);
  EXPECT_EQ(direct_, 0);
  EXPECT_EQ(receive(much.size() + 4), much + "last");
  while (gate().wait_until_clear(ends_[0]) != 0)
    usleep(100);
  EXPECT_EQ(send("straight"), 8);
  EXPECT_EQ(direct_, 1);
}

TEST_F(OutputGateTest, CloseDoesNotForgetAPeerThatReadsLater) {
  std::string block(2 << 20, 'x'); // more than the kernel buffers
  words_.store(1, 1);
  EXPECT_EQ(send(block), static_cast<ssize_t>(block.size()));
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  gate().before_close(ends_[0]);
  close(ends_[0]);
  ends_[0] = -1;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(receive(block.size()).size(), block.size());
  EXPECT_EQ(received(1000), "") << "then the end of the stream";
}

TEST_F(OutputGateTest, ANonblockingWriterNeverWaitsForAPeer) {
  fcntl(ends_[0], F_SETFL, fcntl(ends_[0], F_GETFL) | O_NONBLOCK);
  std::string block(1 << 20, 'x');
  image_.hold_back();
  for (uint64_t i = 0; i < 4; i++) {
    words_.store(1, i);
    send(block);
  }
  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    image_.let_through();
  });
  words_.store(1, 9);
  std::thread reader([&] { // ends a wait that should not be, so that the test ends
    std::this_thread::sleep_for(std::chrono::seconds(3));
    receive(5 << 20);
  });
  auto start = std::chrono::steady_clock::now();
  send(block);
  send(block);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  later.join();
  reader.join();
}

TEST_F(OutputGateTest, ShutdownTakesItsPlaceBehindWhatIsHeld) {
  image_.hold_back();
  words_.store(1, 1);
  EXPECT_EQ(send("bye"), 3);
  EXPECT_TRUE(gate().shut_down(ends_[0], SHUT_WR)) << "it must not wait for the disk";
  EXPECT_EQ(send("more", MSG_NOSIGNAL), -1);
  EXPECT_EQ(errno, EPIPE);
  EXPECT_FALSE(ended(50));
  image_.let_through();
  EXPECT_EQ(receive(3), "bye");
  EXPECT_TRUE(ended(2000));
}

TEST_F(OutputGateTest, ShutdownDoesNotWaitForAPeerThatDoesNotRead) {
  std::string block(2 << 20, 'x'); // more than the kernel buffers
  words_.store(1, 1);
  send(block);
  std::thread reader([&] { // ends a wait that should not be, so that the test ends
    std::this_thread::sleep_for(std::chrono::seconds(3));
    EXPECT_EQ(receive(block.size()).size(), block.size());
    EXPECT_TRUE(ended(2000));
  });
  auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(gate().shut_down(ends_[0], SHUT_WR));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  reader.join();
}

TEST_F(OutputGateTest, OutputThatCannotBeHeldIsRefusedWhereANonblockingPeerDoesNotRead) {
  fcntl(ends_[0], F_SETFL, fcntl(ends_[0], F_GETFL) | O_NONBLOCK);
  std::string block(2 << 20, 'x');
  words_.store(1, 1);
  send(block);
  std::thread reader([&] {
    std::this_thread::sleep_for(std::chrono::seconds(3));
    receive(block.size());
  });
  auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(gate().wait_until_clear(ends_[0]), EAGAIN);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(2));
  reader.join();
  EXPECT_EQ(gate().wait_until_clear(ends_[0]), 0);
}

TEST_F(OutputGateTest, AFailedPoolClearsNoOutput) {
  image_.fail = true;
  words_.store(1, 1);
  EXPECT_EQ(gate().wait_until_clear(ends_[0]), EIO);
}

TEST_F(OutputGateTest, ClosingARangeSendsWhatIsHeldFirst) {
  image_.hold_back();
  words_.store(1, 1);
  send("bye");
  image_.let_through();
  gate().before_close_range(static_cast<unsigned>(ends_[0]), ~0u);
  close(ends_[0]);
  ends_[0] = -1;
  EXPECT_EQ(receive(3), "bye");
}

TEST_F(OutputGateTest, AFailedPoolSendsNothingAndEndsTheConnection) {
  image_.hold_back();
  words_.store(1, 1);
  EXPECT_EQ(send("stored"), 6);
  image_.fail = true;
  image_.let_through();
  EXPECT_EQ(received(2000), "");
  words_.store(1, 2);
  EXPECT_EQ(send("stored"), -1);
}

// Other threads run on while the process exits.
TEST_F(OutputGateTest, NothingIsAcknowledgedAfterTheLastCut) {
  epochs().stop();
  gate().stop();
  EXPECT_EQ(send("bye"), 3) << "nothing is pending";
  EXPECT_EQ(receive(3), "bye");
  words_.store(1, 1);
  EXPECT_EQ(send("stored"), -1);
  EXPECT_EQ(received(50), "");
}

TEST_F(OutputGateTest, AChildOfVforkLeavesTheParentsGateAlone) {
  image_.hold_back();
  words_.store(1, 1);
  send("held");
  pid_t child = vfork();
  if (child == 0) { // as the interposed close() and _exit() do
    gate().before_close(ends_[0]);
    gate().stop();
    _exit(0);
  }
  waitpid(child, nullptr, 0);
  words_.store(1, 2);
  send("-too");
  EXPECT_EQ(received(50), "") << "acknowledged before it was durable";
  image_.let_through();
  EXPECT_EQ(receive(8), "held-too");
}

TEST_F(OutputGateTest, DatagramsKeepTheirBounds) {
  for (int fd : ends_)
    close(fd);
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends_), 0);
  image_.hold_back();
  words_.store(1, 1);
  send("one");
  send("two");
  image_.let_through();
  EXPECT_EQ(received(2000), "one");
  EXPECT_EQ(received(2000), "two");
}

} // namespace
} // namespace perdure
