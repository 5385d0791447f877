// SPDX-License-Identifier: Apache-2.0
//
// The check after a crash. The server cut its epochs where no operation was half done, and runs a
// connection's operations in order; so of each connection some prefix of the operations in flight
// has happened, the same prefix for all of its keys. A key shows its state after that prefix.
#include "mixed_load.h"

#include <algorithm>
#include <unordered_map>

namespace perdure_kill {

struct MixedLoad::Finding {
  Key *key = nullptr;
  bool present = false;
  uint64_t cas = 0;
  // The states the key passed through, each from a prefix length on, and whether it may be seen.
  struct Candidate {
    size_t from;
    State state;
    std::string wrong;
  };
  std::vector<Candidate> candidates;

  const Candidate &at(size_t prefix) const {
    size_t i = candidates.size() - 1;
    while (candidates[i].from > prefix)
      --i;
    return candidates[i];
  }
};

MixedLoad::Finding MixedLoad::look(Worker &worker, Key &key, const Observed &observed) const {
  key.wild = key.wild || key.guessed; // killed before the set that was to end it was answered
  Finding finding;
  finding.key = &key;
  finding.present = observed.present;
  finding.cas = observed.cas;
  finding.candidates.push_back({0, key.acked, ""});
  if (flush_pending_)
    finding.candidates.push_back({1, State(), ""});
  if (key.pending != 0) {
    size_t position = 0;
    for (const Operation &operation : worker.pending()) {
      ++position;
      if (operation.key != &key || !operation.changes)
        continue;
      State state = operation.after;
      if (operation.expiry > 0)
        state.gone_at = observed.asked_at + operation.expiry + 2;
      finding.candidates.push_back({position, state, ""});
    }
  }
  bool possible = key.wild;
  for (Finding::Candidate &candidate : finding.candidates) {
    candidate.wrong = mismatch(candidate.state, observed);
    if (key.cas_version == candidate.state.version && candidate.wrong.empty() && observed.present &&
        observed.cas < key.cas)
      candidate.wrong = "its CAS unique went back";
    possible = possible || candidate.wrong.empty();
  }
  if (possible)
    return finding;
  std::string text = "key " + key.name + ": found " + describe(observed);
  for (const Finding::Candidate &candidate : finding.candidates)
    text += std::string("\n  ") + (candidate.from == 0 ? "acknowledged: " : "or, in flight: ") +
            describe(candidate.state) + " (" + candidate.wrong + ")";
  throw Violation(text);
}

// Asks for all keys of a connection, some at a time.
std::vector<MixedLoad::Finding> MixedLoad::look_at_all(Worker &worker) {
  std::vector<Finding> findings;
  Connection &connection = worker.connection;
  for (size_t first = 0; first < worker.keys.size();) {
    bool large = worker.keys[first]->kind == Key::Kind::Large;
    size_t last = large ? first + 1 : std::min(first + 50, worker.keys.size());
    std::string request = "gets";
    std::unordered_map<std::string, Key *> asked;
    for (size_t i = first; i < last; ++i) {
      request += " " + worker.keys[i]->name;
      asked[worker.keys[i]->name] = worker.keys[i].get();
    }
    first = last;
    Observed observed;
    observed.asked_at = seconds_now();
    connection.queue(request + "\r\n");
    connection.flush(observed.asked_at);
    for (;;) {
      size_t length = 0;
      if (std::optional<ValueBlock> block = connection.value(length)) {
        observed.answered_at = seconds_now();
        observed.present = true;
        observed.data = block->data;
        observed.flags = block->flags;
        observed.cas = block->cas;
        auto at = asked.find(block->key);
        if (at == asked.end())
          throw Violation("a reply for a key nobody asked for: " + block->key);
        findings.push_back(look(worker, *at->second, observed));
        asked.erase(at);
        connection.consume(length);
      } else if (connection.line() == "END") {
        connection.consume(5);
        break;
      } else if (!connection.wait_for_input(20)) {
        throw Violation("the restarted server does not answer a retrieval");
      }
    }
    observed = {false, {}, 0, 0, observed.asked_at, seconds_now()};
    for (auto &[name, key] : asked)
      findings.push_back(look(worker, *key, observed));
  }
  return findings;
}

// Which prefixes of each connection the shared logs allow; checks the counters on the way.
std::vector<std::vector<bool>> MixedLoad::look_at_shared() {
  std::vector<std::vector<bool>> allowed;
  for (Worker &worker : workers_)
    allowed.emplace_back(flush_pending_ ? 2 : worker.pending().size() + 1, true);
  auto fetch = [this](const std::string &key, std::string &data) {
    std::string header = control_.round_trip("get " + key + "\r\n");
    if (!header.starts_with("VALUE"))
      return false;
    size_t size = std::stoul(header.substr(header.rfind(' ') + 1));
    while (control_.input().size() < size + 7)
      if (!control_.wait_for_input(20))
        throw Violation("the restarted server does not answer a retrieval");
    data = control_.input().substr(0, size);
    control_.consume(size + 7);
    return true;
  };
  for (size_t i = 0; i < shared_.counters.size(); ++i) {
    Shared::Counter &counter = shared_.counters[i];
    std::string data;
    bool present = fetch(Shared::counter_name(i), data);
    uint64_t value = present ? std::stoull(data) : 0;
    if (flush_pending_)
      for (std::vector<bool> &prefixes : allowed)
        prefixes[present ? 1 : 0] = false;
    else if (value < counter.base + counter.acked || value < counter.max_reply ||
             value > counter.base + counter.issued)
      throw Violation(Shared::counter_name(i) + " is " + std::to_string(value) + ": " +
                      std::to_string(counter.base) + " before the round, " +
                      std::to_string(counter.acked) + " increments acknowledged, " +
                      std::to_string(counter.issued) + " issued, greatest reply " +
                      std::to_string(counter.max_reply));
    counter.base = value;
  }
  for (uint32_t i = 0; i < shared_.log_issued.size(); ++i) {
    std::string data;
    bool present = fetch(Shared::log_name(i), data);
    if (flush_pending_ || shared_.log_issued[i].empty())
      continue;
    std::vector<uint64_t> count(workers_.size());
    for (size_t at = 0; at < data.size(); at += RECORD_SIZE) {
      uint32_t connection = static_cast<uint32_t>(std::stoul(data.substr(at, 3)));
      if (connection >= count.size() ||
          data.compare(at, RECORD_SIZE, log_record(connection, count[connection])) != 0)
        throw Violation(Shared::log_name(i) +
                        ": a record twice, missing or foreign: " + data.substr(at, RECORD_SIZE));
      ++count[connection];
    }
    if (!present)
      throw Violation(Shared::log_name(i) + " is missing");
    for (size_t c = 0; c < workers_.size(); ++c) {
      uint64_t expected = shared_.log_acked[i][c];
      size_t position = 0;
      allowed[c][0] = allowed[c][0] && expected == count[c];
      for (const Operation &operation : workers_[c].pending()) {
        expected += operation.verb == Verb::SharedAppend && operation.shared == i;
        ++position;
        allowed[c][position] = allowed[c][position] && expected == count[c];
      }
      if (std::find(allowed[c].begin(), allowed[c].end(), true) == allowed[c].end())
        throw Violation(Shared::log_name(i) + " has " + std::to_string(count[c]) +
                        " records of connection " + std::to_string(c) + ", acknowledged " +
                        std::to_string(shared_.log_acked[i][c]) + ", issued " +
                        std::to_string(expected));
    }
  }
  return allowed;
}

// The model goes on from the longest prefix that explains everything.
void MixedLoad::resolve(Worker &worker, std::vector<Finding> &findings,
                        const std::vector<bool> &allowed) {
  for (Finding &finding : findings) {
    Key &key = *finding.key;
    key.pending = 0;
    if (key.wild || !finding.present) {
      key.acked = key.issued = State();
      key.cas_version = 0;
      continue;
    }
    State state;
    for (size_t prefix = 0; prefix < allowed.size(); ++prefix) {
      if (!allowed[prefix])
        continue;
      const State &candidate = finding.at(prefix).state;
      // Prefixes that differ in the expiry only can't be told apart yet.
      double from = std::min(state.present ? state.gone_from : NEVER, candidate.gone_from);
      double until = state.present ? std::max(state.gone_at, candidate.gone_at) : candidate.gone_at;
      state = candidate;
      state.gone_from = from;
      state.gone_at = until;
    }
    key.acked = key.issued = state;
    key.cas = finding.cas;
    key.cas_version = state.version;
    shared_.cas_seen = std::max(shared_.cas_seen, finding.cas);
  }
  worker.forget_pending();
}

void MixedLoad::check_items_count(uint64_t present) {
  std::string text = control_.round_trip_until_end("stats\r\n");
  size_t at = text.find("STAT curr_items ");
  uint64_t items = at == std::string::npos ? 0 : std::stoull(text.substr(at + 16));
  if (items < present)
    throw Violation("stats counts " + std::to_string(items) + " items, " + std::to_string(present) +
                    " are there");
}

void MixedLoad::check_cas_unique(std::vector<uint64_t> &seen) const {
  std::sort(seen.begin(), seen.end());
  auto twice = std::adjacent_find(seen.begin(), seen.end());
  if (twice != seen.end())
    throw Violation("two items have the CAS unique " + std::to_string(*twice));
}

void MixedLoad::check(const Server &server) {
  connect(server);
  std::vector<std::vector<bool>> allowed = look_at_shared();
  std::vector<std::vector<Finding>> findings;
  std::vector<uint64_t> cas_uniques;
  uint64_t lasting = 0;
  for (Worker &worker : workers_) {
    findings.push_back(look_at_all(worker));
    checked_ += findings.back().size();
    std::vector<bool> &prefixes = allowed[worker.index()];
    for (const Finding &finding : findings.back()) {
      if (finding.present)
        cas_uniques.push_back(finding.cas);
      for (size_t prefix = 0; prefix < prefixes.size(); ++prefix)
        prefixes[prefix] =
            prefixes[prefix] && (finding.key->wild || finding.at(prefix).wrong.empty());
    }
  }
  if (flush_pending_) // the flush is one operation for all connections
    for (std::vector<bool> &prefixes : allowed) {
      for (size_t i = 0; i < prefixes.size(); ++i)
        allowed[0][i] = allowed[0][i] && prefixes[i];
      prefixes = allowed[0];
    }
  for (Worker &worker : workers_) {
    const std::vector<bool> &prefixes = allowed[worker.index()];
    if (std::find(prefixes.begin(), prefixes.end(), true) == prefixes.end())
      throw Violation("the keys of connection " + std::to_string(worker.index()) +
                      " show the effects of different prefixes of its operations");
    resolve(worker, findings[worker.index()], prefixes);
    for (const auto &key : worker.keys) // others may have expired since they were looked at
      lasting += key->acked.present && key->acked.gone_from == NEVER;
  }
  check_cas_unique(cas_uniques);
  check_items_count(lasting);
  flush_pending_ = false;
}

uint64_t MixedLoad::count_lost(const Server &server) {
  connect(server);
  uint64_t lost = 0;
  for (Worker &worker : workers_)
    for (auto &key : worker.keys) {
      std::string reply = worker.connection.round_trip("touch " + key->name + " 0\r\n");
      lost += key->acked.present && key->pending == 0 && key->acked.gone_from == NEVER &&
              reply == "NOT_FOUND";
    }
  return lost;
}

} // namespace perdure_kill
