// SPDX-License-Identifier: Apache-2.0
//
// memcached_load survive: the quickstart's story. Items of mixed sizes are stored over a few
// connections, the server is killed in the middle of the load and started again, and every item
// that was acknowledged is fetched and compared.
#include "commands.h"

#include "connection.h"
#include "values.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <memory>
#include <poll.h>
#include <unordered_map>

namespace perdure_kill {
namespace {

struct SurviveOptions {
  unsigned items = 200'000; // acknowledged before the kill
  unsigned connections = 4;
  unsigned depth = 32;
};

class Survive {
public:
  Survive(const Common &common, const SurviveOptions &options)
      : options_(options), random_(common.seed), server_(common.options()) {}

  int run() {
    if (!server_.start())
      return fail(server_.error());
    if (!load())
      return 1;
    if (!server_.start())
      return fail(server_.error());
    printf("restart_ms %.1f\n", server_.start_ms());
    return check();
  }

private:
  struct Item {
    uint32_t size;
    bool acked;
  };
  struct Client {
    Connection connection;
    std::deque<uint32_t> pending; // items in flight, in order
  };

  static int fail(const std::string &why) {
    printf("FAILED: %s\n", why.c_str());
    return 1;
  }

  uint32_t size() {
    uint64_t dice = random_.below(1000);
    if (dice < 700)
      return static_cast<uint32_t>(random_.between(8, 300));
    if (dice < 970)
      return static_cast<uint32_t>(random_.between(300, 3000));
    if (dice < 999)
      return static_cast<uint32_t>(random_.between(3000, 30'000));
    return static_cast<uint32_t>(random_.between(30'000, 700'000));
  }

  void issue(Client &client) {
    while (client.pending.size() < options_.depth) {
      uint32_t number = static_cast<uint32_t>(items_.size());
      items_.push_back({size(), false});
      std::string &out = client.connection.out();
      out += "set item:" + std::to_string(number) + " 0 0 " + std::to_string(items_[number].size) +
             "\r\n";
      append_bytes({number, items_[number].size}, out);
      out += "\r\n";
      client.pending.push_back(number);
    }
  }

  bool take(Client &client) {
    while (std::optional<std::string_view> line = client.connection.line()) {
      if (*line != "STORED")
        return false;
      items_[client.pending.front()].acked = true;
      client.pending.pop_front();
      client.connection.consume(line->size() + 2);
      ++acked_;
    }
    return true;
  }

  // Loads until enough is acknowledged, then kills with the pipelines full.
  bool load() {
    std::deque<Client> clients(options_.connections);
    for (Client &client : clients)
      if (!client.connection.open(server_.port()))
        return fail("the server does not accept connections") == 0;
    uint64_t goal = options_.items + random_.below(options_.items / 10 + 1);
    double begin = seconds_now();
    while (acked_ < goal) {
      std::vector<pollfd> entries;
      for (Client &client : clients) {
        issue(client);
        client.connection.flush(seconds_now());
        short events = client.connection.wants_to_send() ? POLLIN | POLLOUT : POLLIN;
        entries.push_back({client.connection.fd(), events, 0});
      }
      poll(entries.data(), entries.size(), 1000);
      for (Client &client : clients)
        if (!client.connection.receive() || !take(client))
          return fail("the server refused an item or closed a connection") == 0;
    }
    double seconds = seconds_now() - begin;
    server_.kill9();
    for (Client &client : clients) {
      while (client.connection.receive() && client.connection.wait_for_input(0.2)) {
      }
      take(client);
      in_flight_ += client.pending.size();
    }
    printf("acknowledged %llu\nin_flight %llu\nload_per_s %.0f\n",
           static_cast<unsigned long long>(acked_), static_cast<unsigned long long>(in_flight_),
           static_cast<double>(acked_) / seconds);
    return true;
  }

  // Fetches all items, the unacknowledged too: one of those is there as it was written, or not.
  int check() {
    Connection connection;
    if (!connection.open(server_.port()))
      return fail("the restarted server does not accept connections");
    uint64_t found = 0, lost = 0, wrong = 0, extra = 0;
    for (uint32_t first = 0; first < items_.size(); first += 64) {
      uint32_t last = std::min<uint32_t>(first + 64, static_cast<uint32_t>(items_.size()));
      std::string request = "get";
      for (uint32_t i = first; i < last; ++i)
        request += " item:" + std::to_string(i);
      connection.queue(request + "\r\n");
      connection.flush(seconds_now());
      std::vector<bool> seen(last - first);
      while (connection.line() != "END") {
        size_t length = 0;
        std::optional<ValueBlock> block = connection.value(length);
        if (!block) {
          if (!connection.wait_for_input(20))
            return fail("the restarted server does not answer");
          continue;
        }
        uint32_t number = static_cast<uint32_t>(std::stoul(block->key.substr(5)));
        const Item &item = items_[number];
        seen[number - first] = true;
        bool good = equal({{number, item.size}}, block->data);
        wrong += !good;
        (item.acked ? found : extra) += good;
        connection.consume(length);
      }
      connection.consume(5);
      for (uint32_t i = first; i < last; ++i)
        lost += items_[i].acked && !seen[i - first];
    }
    auto print = [](const char *name, uint64_t value) {
      printf("%s %llu\n", name, static_cast<unsigned long long>(value));
    };
    print("found", found);
    print("lost", lost);
    print("wrong", wrong);
    print("in_flight_found", extra);
    return lost == 0 && wrong == 0 ? 0 : 1;
  }

  SurviveOptions options_;
  Random random_;
  Server server_;
  std::vector<Item> items_;
  uint64_t acked_ = 0, in_flight_ = 0;
};

} // namespace

void add_survive(CLI::App &app, Common &common, int &exit_code) {
  auto options = std::make_shared<SurviveOptions>();
  CLI::App *command = app.add_subcommand("survive", "store items, kill -9, restart, find them all");
  command->add_option("--items", options->items, "acknowledged items before the kill");
  command->add_option("--connections", options->connections);
  command->add_option("--depth", options->depth, "requests in flight on a connection");
  command->callback(
      [options, &common, &exit_code] { exit_code = Survive(common, *options).run(); });
}

} // namespace perdure_kill
