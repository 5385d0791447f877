// SPDX-License-Identifier: Apache-2.0
//
// Requests and replies of the memcached protocol.
#include "client.h"

#include "server.h"

#include <charconv>

namespace perdure_linear {

using perdure_kill::seconds_now;

// A counter is made by `add` and `set`, and its values may come again, so `cas` is for texts.
Operation Client::random_operation(size_t key) {
  static constexpr Kind text[] = {Kind::get, Kind::get,    Kind::get, Kind::get, Kind::set,
                                  Kind::set, Kind::remove, Kind::add, Kind::add, Kind::cas};
  static constexpr Kind counter[] = {
      Kind::increment, Kind::increment, Kind::increment, Kind::increment, Kind::increment,
      Kind::get,       Kind::get,       Kind::set,       Kind::remove,    Kind::add};
  Operation operation;
  operation.kind = (keys_[key].counter ? counter : text)[random_.below(10)];
  if (operation.kind == Kind::cas && !cas_seen_[key])
    operation.kind = Kind::get;
  if (operation.kind == Kind::increment || keys_[key].counter)
    operation.argument = random_.between(1, 1000);
  else if (operation.kind != Kind::get && operation.kind != Kind::remove)
    operation.argument = keys_.new_value(static_cast<uint32_t>(
        random_.one_in(20) ? random_.between(4000, 20000) : random_.between(8, 300)));
  return operation;
}

void Client::issue() {
  size_t key = random_.below(keys_.size());
  Operation operation = random_operation(key);
  if (cas_next_ && random_.below(10) < 7) {
    key = *cas_next_;
    operation = {.kind = Kind::cas, .argument = keys_.new_value(100)};
  }
  cas_next_.reset();
  if (operation.kind == Kind::cas)
    operation.expected = cas_seen_[key]->value;
  send(key, operation, random_.one_in(2));
}

void Client::issue_gets(size_t key) { send(key, {}, true); }

void Client::send(size_t key, const Operation &operation, bool with_cas) {
  static const char *const words[] = {"get ", "set ", "add ", "cas ", "delete ", "incr "};
  std::string request = operation.kind == Kind::get && with_cas && !keys_[key].counter
                            ? "gets "
                            : words[static_cast<int>(operation.kind)];
  request += keys_[key].name;
  if (operation.kind == Kind::increment) {
    request += " " + std::to_string(operation.argument);
  } else if (operation.kind != Kind::get && operation.kind != Kind::remove) {
    std::string bytes = keys_.bytes_of(keys_[key], operation.argument);
    request += " 0 0 " + std::to_string(bytes.size());
    if (operation.kind == Kind::cas)
      request += " " + std::to_string(cas_seen_[key]->cas);
    request += "\r\n" + bytes;
  }
  under_way_ = operation;
  under_way_->client = index_;
  key_ = key;
  connection.queue(request + "\r\n");
  under_way_->call = seconds_now();
}

// A value and the line END, or END alone. False: not all of it has arrived.
bool Client::take_get(const Key &key) {
  size_t length = 0;
  if (connection.line() == "END") {
    under_way_->outcome = Outcome::missing;
    connection.consume(5);
    return true;
  }
  std::optional<perdure_kill::ValueBlock> block = connection.value(length);
  if (!block || connection.input().size() < length + 5)
    return false;
  if (block->key != key.name || connection.input().substr(length, 5) != "END\r\n")
    throw Violation("not the reply to a get of " + key.name);
  under_way_->outcome = Outcome::done;
  under_way_->result = keys_.value_of(key, block->data);
  if (block->cas) {
    keys_.saw_cas(key, under_way_->result, block->cas);
    cas_seen_[key_] = Seen{under_way_->result, block->cas};
    cas_next_ = key_;
  }
  connection.consume(length + 5);
  return true;
}

void Client::take_reply() {
  std::optional<std::string_view> line = connection.line();
  if (!line)
    return;
  const Key &key = keys_[key_];
  if (under_way_->kind == Kind::get) {
    if (take_get(key))
      finish();
    return;
  }
  const char *end = line->data() + line->size();
  if (*line == "STORED" || *line == "DELETED")
    under_way_->outcome = Outcome::done;
  else if (*line == "NOT_STORED" || *line == "EXISTS")
    under_way_->outcome = Outcome::refused;
  else if (*line == "NOT_FOUND")
    under_way_->outcome = Outcome::missing;
  else if (under_way_->kind == Kind::increment &&
           std::from_chars(line->data(), end, under_way_->result).ptr != line->data())
    under_way_->outcome = Outcome::done;
  else
    throw Violation(key.name + ": " + describe(*under_way_) + ", the reply is " +
                    std::string(*line));
  connection.consume(line->size() + 2);
  finish();
}

void Client::finish() {
  under_way_->end = seconds_now();
  keys_[key_].history.push_back(*under_way_);
  under_way_.reset();
}

void Client::cut_off(double time) {
  if (under_way_) {
    under_way_->end = time;
    keys_[key_].history.push_back(*under_way_);
  }
  under_way_.reset();
}

} // namespace perdure_linear
