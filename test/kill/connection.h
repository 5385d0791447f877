// SPDX-License-Identifier: Apache-2.0
//
// A client connection of the memcached text protocol: queued requests, parsed replies, and pauses
// in the middle of a request, so that a value reaches the server in several packets.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

namespace perdure_kill {

// One VALUE block of a retrieval. DATA points into the connection's input until consume().
struct ValueBlock {
  std::string key;
  uint32_t flags = 0;
  uint64_t cas = 0; // 0 where the reply has none
  std::string_view data;
};

class Connection {
public:
  Connection() = default;
  ~Connection() { close(); }
  Connection(Connection &&other) noexcept;
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  bool open(int port); // non-blocking afterwards
  void close();
  int fd() const { return fd_; }

  void queue(std::string_view bytes) { out_ += bytes; }
  std::string &out() { return out_; }
  // What is queued so far goes out; the rest follows SECONDS later.
  void pause_here(double seconds) {
    stops_.push_back({sent_total_ + out_.size() - sent_, seconds});
  }
  // Sends what may go now. False: the connection is broken.
  bool flush(double now);
  bool wants_to_send() const { return sent_ < out_.size(); }
  // When a pause ends, 0 if there is none.
  double paused_until() const { return paused_until_; }

  // Reads what has arrived. False: end of file or error (what arrived before is in the input).
  bool receive();
  // The first line of the input without its end, if it is complete.
  std::optional<std::string_view> line() const;
  // The first VALUE block of the input, if it is complete; LENGTH is what to consume.
  std::optional<ValueBlock> value(size_t &length) const;
  void consume(size_t length);
  // Waits until something arrives, and takes it. False: nothing came, or the connection is broken.
  bool wait_for_input(double seconds);
  std::string_view input() const { return std::string_view(in_).substr(taken_); }

  // Sends REQUEST and waits (at most SECONDS) for one line, which is returned without its end.
  std::string round_trip(std::string_view request, double seconds = 10);
  // As round_trip, for replies of several lines: everything up to the line that is exactly END.
  std::string round_trip_until_end(std::string_view request, double seconds = 10);

private:
  struct Stop {
    uint64_t at; // bytes since the connection was opened
    double seconds;
  };
  bool wait(short events, double deadline);

  int fd_ = -1;
  std::string out_;
  size_t sent_ = 0;
  uint64_t sent_total_ = 0;
  std::deque<Stop> stops_;
  double paused_until_ = 0;
  std::string in_;
  size_t taken_ = 0;
};

} // namespace perdure_kill
