// SPDX-License-Identifier: Apache-2.0
//
// Issue and reply of one connection.
#include "worker.h"

#include <charconv>
#include <cstdio>

namespace perdure_kill {

std::string log_record(uint32_t connection, uint64_t number) {
  char text[RECORD_SIZE + 1];
  snprintf(text, sizeof(text), "%03u:%011llu;", connection,
           static_cast<unsigned long long>(number));
  return text;
}

void Worker::add_key(std::string name, Key::Kind kind) {
  keys.push_back(std::make_unique<Key>());
  keys.back()->name = std::move(name);
  keys.back()->kind = kind;
}

Operation Worker::shared_operation(double now) {
  Operation operation;
  operation.issued_at = now;
  std::string &out = connection.out();
  if (shared_.log_issued.empty() || random_.one_in(2)) {
    operation.verb = Verb::SharedIncr;
    operation.shared = static_cast<uint32_t>(random_.below(shared_.counters.size()));
    shared_.counters[operation.shared].issued++;
    out += "incr " + Shared::counter_name(operation.shared) + " 1\r\n";
    return operation;
  }
  operation.verb = Verb::SharedAppend;
  operation.shared = static_cast<uint32_t>(random_.below(shared_.log_issued.size()));
  operation.expect = "STORED";
  uint64_t number = shared_.log_issued[operation.shared][index_]++;
  out += "append " + Shared::log_name(operation.shared) + " 0 0 " + std::to_string(RECORD_SIZE) +
         "\r\n" + log_record(index_, number) + "\r\n";
  return operation;
}

void Worker::issue(size_t depth, double now) {
  while (pending_.size() < depth) {
    if (!shared_.counters.empty() && random_.one_in(12)) {
      pending_.push_back(shared_operation(now));
      continue;
    }
    Key &key = *keys[random_.below(keys.size())];
    if (key.kind == Key::Kind::Large && !random_.one_in(4))
      continue;
    std::string request;
    Operation operation =
        choose(key, random_, now, shared_.next_version, shared_.cas_seen, request);
    size_t at = 0;
    for (uint64_t stops = random_.one_in(30) ? random_.between(1, 3) : 0; stops > 0; --stops) {
      size_t next = at + random_.below(request.size() - at);
      connection.queue(std::string_view(request).substr(at, next - at));
      connection.pause_here(static_cast<double>(random_.below(2000)) * 1e-6);
      at = next;
    }
    connection.queue(std::string_view(request).substr(at));
    key.issued = operation.after;
    key.pending++;
    pending_.push_back(std::move(operation));
  }
}

void Worker::issue_last(double now) {
  if (pending_.empty() || pending_.back().verb != Verb::SetNoReply)
    return;
  Operation operation = retrieval(*keys.front(), now, connection.out());
  operation.key->pending++;
  pending_.push_back(std::move(operation));
}

void Worker::wrong(const Operation &operation, const std::string &what) const {
  std::string text = "connection " + std::to_string(index_) + ", ";
  text += operation.key ? "key " + operation.key->name : "a shared key";
  throw Violation(text + ": " + what);
}

// The key may have expired while the request was under way.
bool Worker::excused(const Operation &operation, double now) const {
  return operation.key && (operation.key->wild || now >= operation.key->acked.gone_from ||
                           (operation.changes && now >= operation.after.gone_from));
}

void Worker::excuse(Key &key) {
  key.wild = key.guessed = true;
  shared_.excused++;
}

void Worker::retrieved(const Operation &operation, const Observed &observed) {
  Key &key = *operation.key;
  std::string what = mismatch(operation.after, observed);
  if (!what.empty() && excused(operation, observed.answered_at)) {
    excuse(key);
    return;
  }
  if (!what.empty())
    wrong(operation,
          what + "; answered " + describe(observed) + ", expected " + describe(operation.after));
  if (key.wild || !observed.present || observed.cas == 0)
    return;
  // The slab mover gives an item it moves a new one.
  if (key.cas_version == operation.after.version && observed.cas < key.cas)
    wrong(operation, "its CAS unique went back");
  key.cas = observed.cas;
  key.cas_version = operation.after.version;
  shared_.cas_seen = std::max(shared_.cas_seen, observed.cas);
}

// The oldest pending operation is answered.
void Worker::acknowledge(double now) {
  Operation &operation = pending_.front();
  shared_.acknowledged++;
  if (operation.verb == Verb::SharedAppend)
    shared_.log_acked[operation.shared][index_]++;
  if (Key *key = operation.key) {
    key->pending--;
    if (operation.changes) {
      State after = operation.after;
      if (operation.expiry > 0)
        after.gone_at = now + operation.expiry + 2;
      if (key->issued.version == after.version && key->issued.gone_from == after.gone_from)
        key->issued.gone_at = after.gone_at;
      key->acked = std::move(after);
      key->guessed = key->guessed && operation.verb != Verb::Set;
    }
  }
  pending_.pop_front();
}

bool Worker::take_one(double now) {
  while (!pending_.empty() && pending_.front().verb == Verb::SetNoReply && pending_.size() > 1) {
    // No reply: whatever is answered next came after it. Wait for that.
    size_t next = 0;
    while (next < pending_.size() && pending_[next].verb == Verb::SetNoReply)
      ++next;
    if (next == pending_.size() || !connection.line())
      return false;
    acknowledge(now);
  }
  if (pending_.empty() || pending_.front().verb == Verb::SetNoReply)
    return false;
  const Operation &operation = pending_.front();
  std::optional<std::string_view> line = connection.line();
  if (!line)
    return false;
  if (operation.verb == Verb::Get || operation.verb == Verb::Gets) {
    Observed observed;
    observed.asked_at = operation.issued_at;
    observed.answered_at = now;
    size_t length = 0;
    if (line->starts_with("VALUE")) {
      std::optional<ValueBlock> block = connection.value(length);
      if (!block || connection.input().size() < length + 5)
        return false;
      if (block->key != operation.key->name || connection.input().substr(length, 5) != "END\r\n")
        wrong(operation, "a foreign reply: " + std::string(*line));
      observed.present = true;
      observed.data = block->data;
      observed.flags = block->flags;
      observed.cas = block->cas;
    } else if (*line != "END") {
      wrong(operation, "unexpected reply: " + std::string(*line));
    }
    retrieved(operation, observed);
    connection.consume(length + 5);
  } else {
    if (!operation.expect.empty()) {
      if (*line != operation.expect) {
        bool moved = operation.verb == Verb::Cas && operation.changes && *line == "EXISTS";
        if (!moved && !excused(operation, now))
          wrong(operation, "answered \"" + std::string(*line) + "\", expected " +
                               std::string(operation.expect) + "; state " +
                               describe(operation.after));
        excuse(*operation.key);
      }
    } else {
      uint64_t number = 0;
      auto [end, error] = std::from_chars(line->data(), line->data() + line->size(), number);
      if (error != std::errc())
        wrong(operation, "expected a number, got " + std::string(*line));
      if (operation.verb == Verb::SharedIncr) {
        Shared::Counter &counter = shared_.counters[operation.shared];
        counter_seen_.resize(shared_.counters.size());
        uint64_t &seen = counter_seen_[operation.shared];
        if (number <= std::max(seen, counter.base) || number > counter.base + counter.issued)
          wrong(operation, "shared counter answered " + std::to_string(number) + " after " +
                               std::to_string(seen));
        seen = number;
        counter.acked++;
        counter.max_reply = std::max(counter.max_reply, number);
      } else if (number != operation.after.count) {
        wrong(operation, "answered " + std::to_string(number) + ", expected " +
                             std::to_string(operation.after.count));
      }
    }
    connection.consume(line->size() + 2);
  }
  acknowledge(now);
  return true;
}

void Worker::take_replies(double now) {
  while (take_one(now)) {
  }
}

void Worker::forget_pending() {
  pending_.clear();
  counter_seen_.clear();
}

} // namespace perdure_kill
