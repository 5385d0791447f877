// SPDX-License-Identifier: Apache-2.0
//
// The directories of a simulated store: names as processes see them, names that are durable, and
// the operations between the two, each all or nothing. See persist_simulated.h. Files are numbers
// here. Paths may be absolute or not; both start at the one root.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace perdure {

class SimulatedNames {
public:
  static constexpr size_t kNone = ~size_t{0};
  struct Node {
    enum class Kind { kDirectory, kFile, kLink } kind = Kind::kDirectory;
    std::string target = {}; // of a link
    std::map<std::string, size_t> entries = {}, durable_entries = {};
  };

  SimulatedNames() : nodes_(1) {}

  size_t find(const std::string &path, bool follow = true) const; // kNone: missing
  const Node &node(size_t number) const { return nodes_[number]; }

  // As the system calls: -1 and errno.
  int add(const std::string &path, Node node);
  int remove(const std::string &path);
  int rename(const std::string &from, const std::string &to);
  int sync(const std::string &directory);

  size_t pending() const { return pending_.size(); }
  // The names after a crash that keeps pending operation I if KEEP(I).
  SimulatedNames leave(const std::function<bool(size_t)> &keep) const;

private:
  struct Change {
    size_t directory;
    std::string name;
    size_t node; // kNone: the name is removed
  };
  using Operation = std::vector<Change>;
  size_t find_parent(const std::string &path, std::string *name) const;
  void perform(Operation operation);

  std::vector<Node> nodes_; // 0 is the root
  std::vector<Operation> pending_;
};

} // namespace perdure
