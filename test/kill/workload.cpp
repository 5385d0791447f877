// SPDX-License-Identifier: Apache-2.0
//
// The mixed load: which operation comes next on a key, what it asks the server, and what must come
// of it. Rarely used paths get their share: each storage command in the states where it stores and
// where it must not, numbers, expiry (relative, absolute, immediate), chunked items.
#include "model.h"

#include <array>
#include <ctime>
#include <span>

namespace perdure_kill {
namespace {

struct Weight {
  Verb verb;
  unsigned weight;
};

constexpr Weight TEXT_PRESENT[] = {
    {Verb::Set, 25},   {Verb::SetNoReply, 5}, {Verb::Get, 18},  {Verb::Gets, 7},
    {Verb::Append, 8}, {Verb::Prepend, 5},    {Verb::Cas, 9},   {Verb::Replace, 6},
    {Verb::Add, 2},    {Verb::Delete, 8},     {Verb::Touch, 7},
};
constexpr Weight TEXT_ABSENT[] = {
    {Verb::Set, 45},    {Verb::SetNoReply, 8}, {Verb::Add, 25},  {Verb::Get, 8}, {Verb::Delete, 3},
    {Verb::Replace, 3}, {Verb::Append, 3},     {Verb::Touch, 3}, {Verb::Cas, 2},
};
// Nothing whose outcome depends on whether the key has expired.
constexpr Weight EXPIRING[] = {{Verb::Set, 40}, {Verb::Get, 40}, {Verb::Gets, 20}};
constexpr Weight NUMBER_PRESENT[] = {
    {Verb::Incr, 55}, {Verb::Decr, 20}, {Verb::Gets, 10}, {Verb::Set, 8}, {Verb::Delete, 7}};
constexpr Weight NUMBER_ABSENT[] = {{Verb::Set, 50}, {Verb::Add, 30}, {Verb::Incr, 20}};
constexpr Weight LARGE_PRESENT[] = {{Verb::Set, 50},    {Verb::Append, 10}, {Verb::Prepend, 5},
                                    {Verb::Delete, 10}, {Verb::Gets, 15},   {Verb::Touch, 10}};
constexpr Weight LARGE_ABSENT[] = {{Verb::Set, 90}, {Verb::Get, 10}};

constexpr size_t SEGMENTS_MAX = 6;

Verb pick(std::span<const Weight> weights, Random &random) {
  unsigned sum = 0;
  for (const Weight &entry : weights)
    sum += entry.weight;
  uint64_t at = random.below(sum);
  for (const Weight &entry : weights) {
    if (at < entry.weight)
      return entry.verb;
    at -= entry.weight;
  }
  return weights.front().verb;
}

Verb choose_verb(const Key &key, Random &random, double now) {
  const State &state = key.issued;
  bool expires = state.present && state.gone_from != NEVER;
  // Slow answers are excused (worker.cpp); what would follow from a guess is not issued at all.
  if (key.wild)
    return key.pending == 0 ? Verb::Set : Verb::Get;
  if (expires && now > state.gone_from - 60)
    return pick(EXPIRING, random);
  Verb verb;
  switch (key.kind) {
  case Key::Kind::Number:
    return state.present ? pick(NUMBER_PRESENT, random) : pick(NUMBER_ABSENT, random);
  case Key::Kind::Large:
    verb = state.present ? pick(LARGE_PRESENT, random) : pick(LARGE_ABSENT, random);
    break;
  default:
    verb = state.present ? pick(TEXT_PRESENT, random) : pick(TEXT_ABSENT, random);
  }
  if ((verb == Verb::Append || verb == Verb::Prepend) && state.value.size() >= SEGMENTS_MAX)
    return Verb::Set;
  if (verb == Verb::Cas && key.cas_version == 0)
    return Verb::Gets;
  return verb;
}

uint32_t choose_size(const Key &key, Verb verb, Random &random) {
  if (key.kind == Key::Kind::Large && verb != Verb::Append && verb != Verb::Prepend)
    return static_cast<uint32_t>(random.between(530'000, 1'300'000));
  uint64_t dice = random.below(1000);
  if (dice < 600)
    return static_cast<uint32_t>(random.between(8, 200));
  if (dice < 900)
    return static_cast<uint32_t>(random.between(200, 4'000));
  if (dice < 997)
    return static_cast<uint32_t>(random.between(4'000, 30'000));
  return static_cast<uint32_t>(random.between(30'000, 300'000));
}

// Sets the expiry of STATE and returns what the request says. The server counts whole seconds with
// a clock that may lag by one: two seconds of grace on both sides.
long choose_expiry(State &state, Operation &operation, Random &random, double now) {
  state.gone_from = state.gone_at = NEVER;
  uint64_t dice = random.below(100);
  if (dice < 82)
    return 0;
  if (dice < 85) { // in the past
    state.present = false;
    return -1;
  }
  if (dice < 90) { // far away, as an absolute time
    operation.expiry = 5'000'000;
    state.gone_from = now + operation.expiry - 2;
    return static_cast<long>(time(nullptr)) + 5'000'000;
  }
  operation.expiry = static_cast<double>(random.between(1, 6));
  state.gone_from = now + operation.expiry - 2;
  return static_cast<long>(operation.expiry);
}

void put(std::string &out, std::string_view a, const Key &key) {
  out += a;
  out += key.name;
}

bool stores(Verb verb, const Key &key, std::string_view &expect) {
  bool present = key.issued.present;
  expect = "STORED";
  switch (verb) {
  case Verb::Add:
    if (present)
      expect = "NOT_STORED";
    return !present;
  case Verb::Replace:
  case Verb::Append:
  case Verb::Prepend:
    if (!present)
      expect = "NOT_STORED";
    return present;
  case Verb::Cas:
    if (!present)
      expect = "NOT_FOUND";
    else if (key.issued.version != key.cas_version)
      expect = "EXISTS";
    return present && key.issued.version == key.cas_version;
  default:
    return true;
  }
}

void storage(Operation &operation, Random &random, uint64_t version, std::string &out) {
  Key &key = *operation.key;
  Verb verb = operation.verb;
  bool joins = verb == Verb::Append || verb == Verb::Prepend;
  State state;
  state.present = true;
  state.number = key.kind == Key::Kind::Number;
  state.flags = random.one_in(2) ? 0 : static_cast<uint32_t>(random.next());
  long expiry = 0;
  if (!joins && !state.number)
    expiry = choose_expiry(state, operation, random, operation.issued_at);
  std::string body;
  if (state.number) {
    state.count = random.below(random.one_in(2) ? 20 : 100'000);
    body = std::to_string(state.count);
  } else {
    Segment segment{version, choose_size(key, verb, random)};
    state.value = {segment};
    append_bytes(segment, body);
  }
  if (joins) {
    Segment added = state.value.front();
    state = key.issued;
    state.value.insert(verb == Verb::Append ? state.value.end() : state.value.begin(), added);
  }
  bool stored = stores(verb, key, operation.expect);
  operation.changes = stored;
  operation.after = stored ? state : key.issued;
  if (!stored)
    operation.expiry = 0;

  static constexpr std::array NAMES = {"set ",    "set ",     "add ", "replace ",
                                       "append ", "prepend ", "cas "};
  put(out, NAMES[static_cast<size_t>(verb)], key);
  out += " " + std::to_string(state.flags) + " " + std::to_string(expiry) + " " +
         std::to_string(body.size());
  if (verb == Verb::Cas)
    out += " " + std::to_string(key.cas);
  out += verb == Verb::SetNoReply ? " noreply\r\n" : "\r\n";
  out += body;
  out += "\r\n";
}

void arithmetic(Operation &operation, Random &random, std::string &out) {
  Key &key = *operation.key;
  uint64_t delta = random.below(random.one_in(4) ? 100'000 : 10);
  put(out, operation.verb == Verb::Incr ? "incr " : "decr ", key);
  out += " " + std::to_string(delta) + "\r\n";
  operation.after = key.issued;
  operation.changes = key.issued.present;
  if (!key.issued.present)
    operation.expect = "NOT_FOUND";
  else if (operation.verb == Verb::Incr)
    operation.after.count += delta;
  else
    operation.after.count -= std::min(delta, operation.after.count);
}

void touch(Operation &operation, Random &random, std::string &out) {
  Key &key = *operation.key;
  operation.after = key.issued;
  operation.changes = key.issued.present;
  operation.expect = key.issued.present ? "TOUCHED" : "NOT_FOUND";
  long expiry = choose_expiry(operation.after, operation, random, operation.issued_at);
  operation.after.present &= key.issued.present;
  if (!operation.changes)
    operation.expiry = 0;
  put(out, "touch ", key);
  out += " " + std::to_string(expiry) + "\r\n";
}

} // namespace

Operation retrieval(Key &key, double now, std::string &out) {
  Operation operation;
  operation.verb = Verb::Gets;
  operation.key = &key;
  operation.issued_at = now;
  operation.after = key.issued;
  put(out, "gets ", key);
  out += "\r\n";
  return operation;
}

Operation choose(Key &key, Random &random, double now, uint64_t &next_version, uint64_t cas_seen,
                 std::string &out) {
  if (key.pending == 0 && key.issued.present && now > key.issued.gone_at)
    key.issued = key.acked = State();
  Operation operation;
  operation.verb = choose_verb(key, random, now);
  operation.key = &key;
  operation.issued_at = now;
  uint64_t version = next_version++;
  switch (operation.verb) {
  case Verb::Get:
  case Verb::Gets:
    put(out, operation.verb == Verb::Get ? "get " : "gets ", key);
    out += "\r\n";
    operation.after = key.issued;
    break;
  case Verb::Delete:
    put(out, "delete ", key);
    out += "\r\n";
    operation.expect = key.issued.present ? "DELETED" : "NOT_FOUND";
    operation.changes = key.issued.present;
    break;
  case Verb::Touch:
    touch(operation, random, out);
    break;
  case Verb::Incr:
  case Verb::Decr:
    arithmetic(operation, random, out);
    break;
  default:
    storage(operation, random, version, out);
  }
  // A new version means a new CAS unique; touch keeps the old one.
  if (operation.changes && operation.after.present && operation.verb != Verb::Touch) {
    operation.after.version = version;
    operation.after.cas_above = cas_seen;
  }
  key.wild = key.wild && !(operation.verb == Verb::Set && key.pending == 0);
  return operation;
}

} // namespace perdure_kill
