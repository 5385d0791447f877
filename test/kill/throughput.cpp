// SPDX-License-Identifier: Apache-2.0
//
// memcached_load throughput: requests per second under pipelined load for a fixed time. The
// generator must be cheaper than the server: requests come from a prepared buffer, and as keys and
// values have one length each, replies are recognised by length and first byte.
#include "commands.h"

#include "connection.h"
#include "values.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <ctime>
#include <memory>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace perdure_kill {
namespace {

struct ThroughputOptions {
  unsigned connections = 32;
  unsigned depth = 16;
  unsigned get_percent = 90;
  unsigned keys = 100'000;
  unsigned size = 100; // bytes of a value
  double seconds = 5;
  double warm_up_seconds = 1;
};

struct Client {
  Connection connection;
  std::string request; // one batch
  size_t sent = 0;
  std::vector<uint32_t> replies; // length of each reply of the batch
  size_t next_reply = 0, in_reply = 0;
};

class Throughput {
public:
  Throughput(const Common &common, const ThroughputOptions &options)
      : options_(options), random_(common.seed), server_(common.options()),
        value_(options.size, 'v') {}

  int run() {
    if (!server_.start() || !fill())
      return fail(server_.error());
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    std::deque<Client> clients(options_.connections);
    for (Client &client : clients) {
      if (!client.connection.open(server_.port()))
        return fail("the server does not accept connections");
      epoll_event event{};
      event.events = EPOLLIN;
      event.data.ptr = &client;
      epoll_ctl(epoll_, EPOLL_CTL_ADD, client.connection.fd(), &event);
      if (!next_batch(client))
        return fail("a connection broke");
    }
    if (!serve(options_.warm_up_seconds))
      return fail("a wrong reply or a broken connection");
    done_ = 0;
    double begin = seconds_now(), own = cpu_seconds(getpid()), cpu = cpu_seconds(server_.pid());
    if (!serve(options_.seconds))
      return fail("a wrong reply or a broken connection");
    double elapsed = seconds_now() - begin;
    const auto done = static_cast<double>(done_);
    printf("ops_per_s %.0f\ngenerator_cpu %.2f\nserver_us_per_op %.2f\n", done / elapsed,
           (cpu_seconds(getpid()) - own) / elapsed,
           (cpu_seconds(server_.pid()) - cpu) * 1e6 / done);
    close(epoll_);
    server_.stop();
    return 0;
  }

private:
  static int fail(const std::string &why) {
    printf("FAILED: %s\n", why.c_str());
    return 1;
  }
  // Processor time that the process used so far.
  static double cpu_seconds(pid_t process) {
    clockid_t clock;
    timespec used = {};
    if (clock_getcpuclockid(process, &clock) == 0)
      clock_gettime(clock, &used);
    return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) * 1e-9;
  }

  void append_key(std::string &out, uint64_t number) const {
    char text[16];
    snprintf(text, sizeof(text), "key:%08llu", static_cast<unsigned long long>(number));
    out.append(text, 12);
  }
  void append_set(std::string &out, uint64_t number, const char *end) const {
    out += "set ";
    append_key(out, number);
    out += " 0 0 " + std::to_string(options_.size) + end + value_ + "\r\n";
  }

  bool fill() {
    Connection connection;
    if (!connection.open(server_.port()))
      return false;
    for (unsigned first = 0; first < options_.keys; first += 1000) {
      std::string batch;
      for (unsigned i = 0; i < 1000; ++i)
        append_set(batch, first + i, i < 999 ? " noreply\r\n" : "\r\n");
      if (connection.round_trip(batch, 60) != "STORED")
        return false;
    }
    return true;
  }

  bool next_batch(Client &client) {
    client.request.clear();
    client.replies.clear();
    client.sent = client.next_reply = client.in_reply = 0;
    // "VALUE key:00000000 0 N\r\n" value "\r\nEND\r\n"
    uint32_t get_length = static_cast<uint32_t>(6 + 12 + 3 + std::to_string(options_.size).size() +
                                                2 + options_.size + 7);
    for (unsigned i = 0; i < options_.depth; ++i) {
      uint64_t number = random_.below(options_.keys);
      if (random_.below(100) < options_.get_percent) {
        client.request += "get ";
        append_key(client.request, number);
        client.request += "\r\n";
        client.replies.push_back(get_length);
      } else {
        append_set(client.request, number, "\r\n");
        client.replies.push_back(8); // STORED
      }
    }
    return push(client);
  }

  bool push(Client &client) {
    while (client.sent < client.request.size()) {
      ssize_t n = send(client.connection.fd(), client.request.data() + client.sent,
                       client.request.size() - client.sent, MSG_NOSIGNAL);
      if (n < 0)
        return errno == EAGAIN;
      client.sent += static_cast<size_t>(n);
    }
    return true;
  }

  // Counts the replies in what has arrived. False: one does not start as it must.
  bool take(Client &client) {
    ssize_t n = recv(client.connection.fd(), buffer_, sizeof(buffer_), 0);
    if (n <= 0)
      return n < 0 && errno == EAGAIN;
    for (size_t at = 0; at < static_cast<size_t>(n);) {
      if (client.next_reply == client.replies.size())
        return false;
      uint32_t length = client.replies[client.next_reply];
      if (client.in_reply == 0 && buffer_[at] != (length == 8 ? 'S' : 'V'))
        return false;
      size_t step = std::min<size_t>(length - client.in_reply, static_cast<size_t>(n) - at);
      at += step;
      client.in_reply += step;
      if (client.in_reply == length) {
        client.in_reply = 0;
        ++client.next_reply;
        ++done_;
      }
    }
    return true;
  }

  bool serve(double seconds) {
    double end = seconds_now() + seconds;
    epoll_event events[64];
    while (seconds_now() < end) {
      int n = epoll_wait(epoll_, events, 64, 100);
      for (int i = 0; i < n; ++i) {
        Client &client = *static_cast<Client *>(events[i].data.ptr);
        if (!take(client) || !push(client))
          return false;
        if (client.next_reply == client.replies.size() && !next_batch(client))
          return false;
      }
    }
    return true;
  }

  ThroughputOptions options_;
  Random random_;
  Server server_;
  std::string value_;
  int epoll_ = -1;
  uint64_t done_ = 0;
  char buffer_[1 << 18];
};

} // namespace

void add_throughput(CLI::App &app, Common &common, int &exit_code) {
  auto options = std::make_shared<ThroughputOptions>();
  CLI::App *command = app.add_subcommand("throughput", "requests per second, pipelined");
  command->add_option("--connections", options->connections);
  command->add_option("--depth", options->depth, "requests in flight on a connection");
  command->add_option("--get-percent", options->get_percent, "the rest are sets");
  command->add_option("--keys", options->keys, "a multiple of 1000");
  command->add_option("--size", options->size, "bytes of a value");
  command->add_option("--seconds", options->seconds);
  command->add_option("--warm-up-seconds", options->warm_up_seconds);
  command->callback([options, &common, &exit_code] {
    exit_code = std::make_unique<Throughput>(common, *options)->run();
  });
}

} // namespace perdure_kill
