// SPDX-License-Identifier: Apache-2.0
//
// Buffers and parsing of one client connection.
#include "connection.h"

#include "server.h"

#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace perdure_kill {

Connection::Connection(Connection &&other) noexcept
    : fd_(std::exchange(other.fd_, -1)), out_(std::move(other.out_)), sent_(other.sent_),
      sent_total_(other.sent_total_), stops_(std::move(other.stops_)),
      paused_until_(other.paused_until_), in_(std::move(other.in_)), taken_(other.taken_) {}

bool Connection::open(int port) {
  close();
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd_ < 0 || connect(fd_, reinterpret_cast<sockaddr *>(&address), sizeof(address)) != 0) {
    close();
    return false;
  }
  int one = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  fcntl(fd_, F_SETFL, O_NONBLOCK);
  return true;
}

void Connection::close() {
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
  out_.clear();
  in_.clear();
  stops_.clear();
  sent_ = taken_ = 0;
  sent_total_ = 0;
  paused_until_ = 0;
}

bool Connection::flush(double now) {
  if (now < paused_until_)
    return true;
  paused_until_ = 0;
  while (sent_ < out_.size()) {
    size_t length = out_.size() - sent_;
    if (!stops_.empty())
      length = std::min<size_t>(length, stops_.front().at - sent_total_);
    ssize_t n = length ? send(fd_, out_.data() + sent_, length, MSG_NOSIGNAL) : 0;
    if (n < 0)
      return errno == EAGAIN || errno == EINTR;
    sent_ += static_cast<size_t>(n);
    sent_total_ += static_cast<uint64_t>(n);
    if (!stops_.empty() && sent_total_ == stops_.front().at) {
      paused_until_ = now + stops_.front().seconds;
      stops_.pop_front();
      break;
    }
  }
  if (sent_ == out_.size()) {
    out_.clear();
    sent_ = 0;
  } else if (sent_ > (1u << 20)) {
    out_.erase(0, sent_);
    sent_ = 0;
  }
  return true;
}

bool Connection::receive() {
  if (taken_ == in_.size()) {
    in_.clear();
    taken_ = 0;
  } else if (taken_ > (1u << 20)) {
    in_.erase(0, taken_);
    taken_ = 0;
  }
  char buffer[65536];
  for (;;) {
    ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
    if (n > 0) {
      in_.append(buffer, static_cast<size_t>(n));
      if (static_cast<size_t>(n) < sizeof(buffer))
        return true;
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      return n < 0 && errno == EAGAIN;
    }
  }
}

std::optional<std::string_view> Connection::line() const {
  std::string_view text = input();
  size_t end = text.find("\r\n");
  if (end == std::string_view::npos)
    return std::nullopt;
  return text.substr(0, end);
}

std::optional<ValueBlock> Connection::value(size_t &length) const {
  std::optional<std::string_view> header = line();
  if (!header || !header->starts_with("VALUE "))
    return std::nullopt;
  ValueBlock block;
  size_t key_end = header->find(' ', 6);
  block.key = header->substr(6, key_end - 6);
  const char *at = header->data() + key_end + 1, *end = header->data() + header->size();
  size_t size = 0;
  at = std::from_chars(at, end, block.flags).ptr + 1;
  at = std::from_chars(at, end, size).ptr;
  if (at < end)
    std::from_chars(at + 1, end, block.cas);
  size_t start = header->size() + 2;
  if (input().size() < start + size + 2)
    return std::nullopt;
  block.data = input().substr(start, size);
  length = start + size + 2;
  return block;
}

void Connection::consume(size_t length) { taken_ += length; }

bool Connection::wait(short events, double deadline) {
  pollfd entry{fd_, events, 0};
  double left = deadline - seconds_now();
  return left > 0 && poll(&entry, 1, static_cast<int>(left * 1e3) + 1) > 0;
}

bool Connection::wait_for_input(double seconds) {
  return wait(POLLIN, seconds_now() + seconds) && receive();
}

std::string Connection::round_trip(std::string_view request, double seconds) {
  double deadline = seconds_now() + seconds;
  queue(request);
  while (wants_to_send())
    if (!flush(seconds_now()) || (wants_to_send() && !wait(POLLOUT, deadline)))
      return "";
  for (;;) {
    if (std::optional<std::string_view> text = line()) {
      std::string result(*text);
      consume(result.size() + 2);
      return result;
    }
    if (!wait(POLLIN, deadline) || (!receive() && !line()))
      return "";
  }
}

std::string Connection::round_trip_until_end(std::string_view request, double seconds) {
  double deadline = seconds_now() + seconds;
  std::string all;
  std::string text = round_trip(request, seconds);
  while (!text.empty() && text != "END") {
    all += text + "\n";
    text = round_trip("", deadline - seconds_now());
  }
  return all;
}

} // namespace perdure_kill
