// SPDX-License-Identifier: Apache-2.0
//
// Runs YCSB's workloads on one store: loads records, runs each workload with each number of client
// threads for a time, verifies every record, prints JSON. With --expect FILE threads update records
// of their own only, so that each record's last version is known; FILE takes them, and a run with
// --recovered holds what the store has then against it.
#include "record.h"
#include "store.h"
#include "workload.h"
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <thread>

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Run {
  std::string store_name, path, workloads = "ABCFDE", expect;
  uint64_t records = 1'000'000;
  size_t value_size = 100;
  std::vector<unsigned> threads{1};
  double seconds = 1;
  bool unsynced = false, recovered = false;
};

class Client;

// What clients share: the store, how many records there are, the newest version of each.
class Session {
public:
  Session(const Run &run, Store &store, uint64_t records_max)
      : run_(run), store_(store), zipfian_(run.records), versions_(records_max),
        records_(run.records) {}

  void load();
  // Operations per second.
  double measure(const Workload &workload, unsigned threads);
  // Every record is there and whole, of the version known if EXACT.
  bool verify(bool exact);
  void write_expected(const std::string &file) const;
  void read_expected(const std::string &file);

private:
  friend class Client;
  const Run &run_;
  Store &store_;
  const Zipfian zipfian_;
  std::vector<std::atomic<uint32_t>> versions_; // 0: not there; versions count from 1 on
  std::atomic<uint64_t> records_;
  std::atomic<bool> stop_{false};
};

class Client {
public:
  Client(Session &session, const Workload &workload, unsigned index, unsigned threads)
      : session_(session), workload_(workload), index_(index), threads_(threads),
        random_(index + 1 + static_cast<unsigned char>(workload.name) * 64u) {}

  uint64_t run() {
    uint64_t operations = 0;
    while (!session_.stop_.load(std::memory_order_relaxed)) {
      step();
      operations++;
    }
    return operations;
  }

private:
  void step() {
    const bool rule = random_() % 100 < workload_.read_percent;
    switch (rule ? workload_.rule : workload_.other) {
    case Operation::kRead:
      return read(choose());
    case Operation::kUpdate:
      return update(own(choose()));
    case Operation::kReadModifyWrite: {
      uint64_t number = own(choose());
      read(number);
      return update(number);
    }
    case Operation::kInsert:
      return insert();
    case Operation::kScan:
      return scan(choose());
    }
  }

  uint64_t choose() {
    const double uniform = static_cast<double>(random_() >> 11) * 0x1p-53;
    const uint64_t rank = session_.zipfian_.rank(uniform);
    const uint64_t records = session_.records_.load(std::memory_order_relaxed);
    return workload_.choice == Choice::kLatest ? records - 1 - rank : scattered(rank) % records;
  }

  // With versions to be known: a record that only this thread updates.
  uint64_t own(uint64_t number) const {
    if (session_.run_.expect.empty())
      return number;
    number = number - number % threads_ + index_;
    return number < session_.run_.records ? number : index_;
  }

  void read(uint64_t number) {
    uint64_t version;
    if (!session_.store_.get(key_of(number), value_)) {
      // The newest may be counted before it is there.
      if (number < session_.run_.records)
        store_failed(session_.run_.store_name.c_str(), "a record is missing");
    } else if (!session_.run_.expect.empty() &&
               !value_is_whole(value_, session_.run_.value_size, number, &version)) {
      store_failed(session_.run_.store_name.c_str(), "a record is not whole");
    }
  }

  void update(uint64_t number) {
    const uint32_t version = session_.versions_[number].fetch_add(1) + 1;
    fill_value(value_, session_.run_.value_size, number, version);
    session_.store_.put(key_of(number), value_);
  }

  void insert() {
    uint64_t number = session_.records_.fetch_add(1);
    if (number >= session_.versions_.size())
      store_failed(session_.run_.store_name.c_str(), "more inserts than expected");
    update(number);
  }

  void scan(uint64_t number) {
    const size_t count = 1 + random_() % kScanMax;
    session_.store_.scan(key_of(number), count, value_);
  }

  Session &session_;
  const Workload &workload_;
  const unsigned index_, threads_;
  std::mt19937_64 random_;
  std::string value_;
};

void Session::load() {
  uint64_t number = 0;
  std::string value;
  store_.load([&](uint64_t &key, std::string_view &bytes) {
    if (number == run_.records)
      return false;
    key = key_of(number);
    fill_value(value, run_.value_size, number, 1);
    versions_[number++] = 1;
    bytes = value;
    return true;
  });
}

double Session::measure(const Workload &workload, unsigned threads) {
  std::vector<std::thread> running;
  std::atomic<uint64_t> operations{0};
  stop_ = false;
  const auto begun = Clock::now();
  for (unsigned i = 0; i < threads; i++)
    running.emplace_back([&, i] { operations += Client(*this, workload, i, threads).run(); });
  std::this_thread::sleep_for(std::chrono::duration<double>(run_.seconds));
  stop_ = true;
  for (std::thread &thread : running)
    thread.join();
  return static_cast<double>(operations) /
         std::chrono::duration<double>(Clock::now() - begun).count();
}

bool Session::verify(bool exact) {
  std::string value;
  for (uint64_t number = 0; number < records_; number++) {
    uint64_t version = 0;
    if (!store_.get(key_of(number), value) ||
        !value_is_whole(value, run_.value_size, number, &version) ||
        (exact ? version != versions_[number] : version > versions_[number])) {
      std::fprintf(stderr, "bench: %s: record %llu: version %llu of %u\n", run_.store_name.c_str(),
                   static_cast<unsigned long long>(number),
                   static_cast<unsigned long long>(version), versions_[number].load());
      return false;
    }
  }
  return store_.scan(0, records_ + 1, value) == records_;
}

void Session::write_expected(const std::string &file) const {
  std::ofstream out(file);
  for (uint64_t number = 0; number < records_; number++)
    out << versions_[number] << '\n';
}

void Session::read_expected(const std::string &file) {
  std::ifstream in(file);
  uint64_t number = 0;
  for (uint32_t version; number < versions_.size() && in >> version; number++)
    versions_[number] = version;
  records_ = number;
}

void run_all(const Run &run, Session &session) {
  const char *separator = "";
  for (char name : run.workloads)
    for (const Workload &workload : kWorkloads)
      for (unsigned threads : workload.name == name ? run.threads : std::vector<unsigned>()) {
        double rate = session.measure(workload, threads);
        std::printf(
            "%s\n  {\"store\": \"%s\", \"sync\": %s, \"workload\": \"%c\", \"threads\": %u, "
            "\"records\": %llu, \"value_size\": %zu, \"ops_per_second\": %.1f}",
            separator, run.store_name.c_str(), run.unsynced ? "false" : "true", name, threads,
            static_cast<unsigned long long>(run.records), run.value_size, rate);
        separator = ",";
      }
}

int main_of(const Run &run) {
  const StoreKind *kind = nullptr;
  for (const StoreKind &candidate : store_kinds())
    if (candidate.name == run.store_name)
      kind = &candidate;
  if (!kind)
    store_failed(run.store_name.c_str(), "this program was built without it");
  const uint64_t records_max = 2 * run.records + 4'000'000;
  auto store = kind->open({run.path, !run.unsynced, records_max});
  Session session(run, *store, records_max);
  if (run.recovered) {
    session.read_expected(run.expect);
    bool whole = session.verify(true);
    std::printf("%s: %s\n", run.store_name.c_str(), whole ? "all records recovered" : "LOST");
    return whole ? 0 : 1;
  }
  session.load();
  std::printf("[");
  run_all(run, session);
  std::printf("\n]\n");
  if (!session.verify(!run.expect.empty()))
    return 1;
  if (!run.expect.empty())
    session.write_expected(run.expect);
  return 0;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
  bench::Run run;
  CLI::App app("YCSB's core workloads on one store.");
  bool list = false;
  app.add_flag("--list", list, "only tell which stores there are");
  app.add_option("--store", run.store_name, "which");
  app.add_option("--path", run.path, "where a peer keeps its data; must not exist");
  app.add_option("--workloads", run.workloads, "of A to F, in this order");
  app.add_option("--records", run.records, "loaded first");
  app.add_option("--value-size", run.value_size, "bytes")->check(CLI::Range(16, 1 << 20));
  app.add_option("--threads", run.threads, "numbers of client threads")->delimiter(',');
  app.add_option("--seconds", run.seconds, "of each workload with each number of threads");
  app.add_flag("--unsynced", run.unsynced, "updates need not be durable when they return");
  app.add_option("--expect", run.expect, "file of each record's last version");
  app.add_flag("--recovered", run.recovered, "only verify what a run before left")
      ->needs("--expect");
  CLI11_PARSE(app, argc, argv);
  if (!list)
    return bench::main_of(run);
  for (const bench::StoreKind &kind : bench::store_kinds())
    std::puts(kind.name);
}
