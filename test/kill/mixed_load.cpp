// SPDX-License-Identifier: Apache-2.0
//
// The load itself: one thread serves all connections with epoll. The check is in kill_check.cpp.
#include "mixed_load.h"

#include <charconv>
#include <map>
#include <sys/epoll.h>
#include <unistd.h>

namespace perdure_kill {

MixedLoad::MixedLoad(const MixedOptions &options) : random_(options.seed), depth_(options.depth) {
  shared_.counters.resize(4);
  shared_.log_issued.assign(2, std::vector<uint64_t>(options.connections));
  shared_.log_acked = shared_.log_issued;
  for (uint32_t i = 0; i < options.connections; ++i) {
    Worker &worker = workers_.emplace_back(i, random_.next(), shared_);
    for (uint32_t k = 0; k < options.keys; ++k)
      worker.add_key("key:" + std::to_string(i) + ":" + std::to_string(k),
                     k % 8 == 7 ? Key::Kind::Number : Key::Kind::Text);
    for (uint32_t k = 0; k < options.large_keys; ++k)
      worker.add_key("large:" + std::to_string(i) + ":" + std::to_string(k), Key::Kind::Large);
  }
}

void MixedLoad::connect(const Server &server) {
  bool open = control_.open(server.port()) && background_.open(server.port());
  for (Worker &worker : workers_)
    open = open && worker.connection.open(server.port());
  if (!open)
    throw Violation("the server does not accept connections");
}

// A log starts anew each round, so that it stays small; a counter goes on unless it was flushed.
void MixedLoad::create_shared() {
  auto store = [this](const std::string &key, const std::string &value) {
    if (control_.round_trip("set " + key + " 0 0 " + std::to_string(value.size()) + "\r\n" + value +
                            "\r\n") != "STORED")
      throw Violation("the server does not store " + key);
  };
  for (size_t i = 0; i < shared_.counters.size(); ++i) {
    Shared::Counter &counter = shared_.counters[i];
    counter = {counter.base, 0, 0, counter.base};
    store(Shared::counter_name(i), std::to_string(counter.base));
  }
  for (size_t i = 0; i < shared_.log_issued.size(); ++i) {
    store(Shared::log_name(i), "");
    shared_.log_issued[i].assign(workers_.size(), 0);
    shared_.log_acked[i].assign(workers_.size(), 0);
  }
}

// Everything was flushed. REQUIRES: nothing is pending.
void MixedLoad::forget_all() {
  for (Worker &worker : workers_) {
    worker.forget_pending();
    for (auto &key : worker.keys) {
      key->acked = key->issued = State();
      key->wild = key->guessed = false;
    }
  }
  for (Shared::Counter &counter : shared_.counters)
    counter = {};
  for (std::vector<uint64_t> &records : shared_.log_issued)
    records.clear(); // the logs are gone too
}

// REQUIRES: nothing is pending.
void MixedLoad::flush_now() {
  flush_pending_ = true;
  if (control_.round_trip("flush_all\r\n") != "OK")
    throw Violation("flush_all was not answered with OK");
  flush_pending_ = false;
  flushes_++;
  forget_all();
  create_shared();
}

void MixedLoad::flush_later(unsigned seconds) {
  if (control_.round_trip("flush_all " + std::to_string(seconds) + "\r\n") != "OK")
    throw Violation("a delayed flush_all was not answered with OK");
  flushes_++;
  forget_all();
}

// Moves a page between slab classes where there is room for its items: with none the server would
// evict them, and rightly.
void MixedLoad::reassign_a_slab_page() {
  std::map<int, std::map<std::string, uint64_t>> classes;
  std::string text = control_.round_trip_until_end("stats slabs\r\n");
  for (size_t at = 0; (at = text.find("STAT ", at)) != std::string::npos;) {
    at += 5;
    int number = 0;
    const char *end = std::from_chars(text.data() + at, text.data() + text.size(), number).ptr;
    size_t colon = static_cast<size_t>(end - text.data());
    size_t space = text.find(' ', at);
    if (text[colon] != ':' || space == std::string::npos)
      continue;
    uint64_t value = 0;
    std::from_chars(text.data() + space + 1, text.data() + text.size(), value);
    classes[number][text.substr(colon + 1, space - colon - 1)] = value;
  }
  for (auto &[number, slab] : classes)
    if (slab["total_pages"] >= 2 && slab["free_chunks"] > 2 * slab["chunks_per_page"] &&
        random_.one_in(2)) {
      background_.queue("slabs reassign " + std::to_string(number) + " 0\r\n");
      return;
    }
}

void MixedLoad::background(const Server &, double now) {
  background_.flush(now);
  background_.receive();
  background_.consume(background_.input().size());
  if (now < next_background_)
    return;
  next_background_ = now + 0.04;
  switch (random_.below(5)) {
  case 0:
    background_.queue("lru_crawler crawl all\r\n");
    break;
  case 1:
    background_.queue("lru_crawler metadump hash\r\n");
    break;
  case 2:
    background_.queue("lru_crawler metadump all\r\n");
    break;
  default:
    reassign_a_slab_page();
  }
}

// Serves all connections until something is to do again, at most until UNTIL.
void MixedLoad::step(double until) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  double now = seconds_now(), wake = until;
  for (Worker &worker : workers_) {
    Connection &connection = worker.connection;
    if (!connection.flush(now))
      throw Violation("the server closed a connection");
    bool paused = connection.paused_until() > now;
    if (paused)
      wake = std::min(wake, connection.paused_until());
    epoll_event event{};
    event.events = EPOLLIN | (connection.wants_to_send() && !paused ? EPOLLOUT : 0u);
    event.data.ptr = &worker;
    epoll_ctl(epoll, EPOLL_CTL_ADD, connection.fd(), &event);
  }
  epoll_event events[64];
  double left = std::max(0.0, wake - now);
  int n = epoll_wait(epoll, events, 64, static_cast<int>(left * 1e3 + 0.999));
  close(epoll);
  for (int i = 0; i < n; ++i) {
    Worker &worker = *static_cast<Worker *>(events[i].data.ptr);
    bool open =
        !(events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) || worker.connection.receive();
    worker.take_replies(seconds_now());
    if (!open)
      throw Violation("the server closed a connection");
  }
}

void MixedLoad::drain() {
  double deadline = seconds_now() + 30;
  for (;;) {
    bool idle = true;
    for (Worker &worker : workers_) {
      worker.issue_last(seconds_now());
      idle = idle && worker.idle();
    }
    if (idle)
      return;
    if (seconds_now() > deadline)
      throw Violation("the server does not answer any more");
    step(seconds_now() + 0.1);
  }
}

void MixedLoad::run(Server &server, double seconds, bool flush, bool kill_in_flush) {
  create_shared();
  double end = seconds_now() + seconds;
  double flush_at = flush ? end - seconds * static_cast<double>(random_.below(100)) / 100 : NEVER;
  for (double now = seconds_now(); now < end; now = seconds_now()) {
    if (now >= flush_at) {
      flush_at = NEVER;
      drain();
      if (kill_in_flush) {
        flush_pending_ = true;
        control_.queue("flush_all\r\n");
        control_.flush(seconds_now());
        usleep(static_cast<useconds_t>(random_.below(600)));
        return;
      }
      flush_now();
    }
    for (Worker &worker : workers_)
      worker.issue(depth_, now);
    step(std::min(end, now + 0.02));
    background(server, now);
    if (!server.alive())
      throw Violation(server.error());
  }
}

void MixedLoad::take_last_replies() {
  pending_at_kill_ = 0;
  double now = seconds_now();
  for (Worker &worker : workers_) {
    while (worker.connection.receive() && worker.connection.wait_for_input(0.2)) {
    }
    worker.take_replies(now);
    pending_at_kill_ += worker.pending().size();
    worker.connection.close();
  }
  if (flush_pending_ && control_.wait_for_input(0.05) && control_.line() == "OK") {
    flush_pending_ = false;
    flushes_++;
    forget_all();
  }
  control_.close();
  background_.close();
}

} // namespace perdure_kill
