// SPDX-License-Identifier: Apache-2.0
//
// See simulated_names.h.
#include "simulated_names.h"
#include <algorithm>
#include <cerrno>
#include <ranges>
#include <sstream>

namespace perdure {

static std::vector<std::string> parts_of(const std::string &path) {
  std::vector<std::string> parts;
  std::istringstream rest(path);
  for (std::string part; std::getline(rest, part, '/');)
    if (!part.empty() && part != ".")
      parts.push_back(part);
  return parts;
}

size_t SimulatedNames::find(const std::string &path, bool follow) const {
  const std::vector<std::string> parts = parts_of(path);
  size_t at = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const auto entry = nodes_[at].entries.find(parts[i]);
    if (entry == nodes_[at].entries.end())
      return kNone;
    at = entry->second;
    if (nodes_[at].kind == Node::Kind::kLink && (follow || i + 1 < parts.size()))
      at = find(nodes_[at].target);
    if (at == kNone)
      return kNone;
  }
  return at;
}

size_t SimulatedNames::find_parent(const std::string &path, std::string *name) const {
  const std::vector<std::string> parts = parts_of(path);
  std::string parent;
  for (size_t i = 0; i + 1 < parts.size(); ++i)
    parent += "/" + parts[i];
  *name = parts.empty() ? "" : parts.back();
  return parts.empty() ? kNone : find(parent);
}

void SimulatedNames::perform(Operation operation) {
  for (const Change &change : operation) {
    auto &entries = nodes_[change.directory].entries;
    if (change.node == kNone)
      entries.erase(change.name);
    else
      entries[change.name] = change.node;
  }
  pending_.push_back(std::move(operation));
}

int SimulatedNames::add(const std::string &path, Node node) {
  std::string name;
  const size_t parent = find_parent(path, &name);
  if (parent == kNone || nodes_[parent].entries.contains(name)) {
    errno = parent == kNone ? ENOENT : EEXIST;
    return -1;
  }
  nodes_.push_back(std::move(node));
  perform({{parent, name, nodes_.size() - 1}});
  return 0;
}

int SimulatedNames::remove(const std::string &path) {
  std::string name;
  const size_t parent = find_parent(path, &name);
  const size_t node = find(path, false);
  if (node == kNone || !nodes_[node].entries.empty()) {
    errno = node == kNone ? ENOENT : ENOTEMPTY;
    return -1;
  }
  perform({{parent, name, kNone}});
  return 0;
}

int SimulatedNames::rename(const std::string &from, const std::string &to) {
  std::string old_name, new_name;
  const size_t old_parent = find_parent(from, &old_name);
  const size_t new_parent = find_parent(to, &new_name);
  const size_t node = find(from, false);
  if (node == kNone || new_parent == kNone) {
    errno = ENOENT;
    return -1;
  }
  perform({{old_parent, old_name, kNone}, {new_parent, new_name, node}});
  return 0;
}

static void apply(std::vector<SimulatedNames::Node> &nodes, size_t directory,
                  const std::string &name, size_t node) {
  auto &entries = nodes[directory].durable_entries;
  if (node == SimulatedNames::kNone)
    entries.erase(name);
  else
    entries[name] = node;
}

int SimulatedNames::sync(const std::string &directory) {
  const size_t node = find(directory);
  if (node == kNone) {
    errno = ENOENT;
    return -1;
  }
  std::erase_if(pending_, [&](const Operation &operation) {
    if (std::ranges::none_of(operation, [&](const Change &c) { return c.directory == node; }))
      return false;
    for (const Change &change : operation)
      apply(nodes_, change.directory, change.name, change.node);
    return true;
  });
  return 0;
}

// A rename whose file was never durably there is kept as a removal of nothing and a new name: its
// node exists, whatever its content is.
SimulatedNames SimulatedNames::leave(const std::function<bool(size_t)> &keep) const {
  SimulatedNames left;
  left.nodes_ = nodes_;
  for (size_t i = 0; i < pending_.size(); ++i)
    if (keep(i))
      for (const Change &change : pending_[i])
        apply(left.nodes_, change.directory, change.name, change.node);
  for (Node &node : left.nodes_)
    node.entries = node.durable_entries;
  return left;
}

} // namespace perdure
