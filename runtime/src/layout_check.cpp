// SPDX-License-Identifier: Apache-2.0
//
// Both type graphs are walked side by side from the roots, so that a type is compared with the one
// that took its place, even where a name means two types. See layout_check.h.
#include "layout_check.h"
#include <algorithm>
#include <set>

namespace perdure {
namespace {

constexpr size_t kLinesMax = 100;

std::string place(const FieldLayout &field) {
  return "offset " + std::to_string(field.offset) + ", " + std::to_string(field.size) + " bytes, " +
         field.type;
}

// The first lines, and how many there are in all: a hostile pool has differences without end.
class Lines {
public:
  template <typename Make> void add(Make make) {
    if (count_++ < kLinesMax)
      lines_.push_back(make());
  }
  std::vector<std::string> take() {
    if (count_ > kLinesMax)
      lines_.push_back("... and " + std::to_string(count_ - kLinesMax) + " more");
    return std::move(lines_);
  }

private:
  std::vector<std::string> lines_;
  size_t count_ = 0;
};

class Comparison {
public:
  Comparison(const TypeRegistry &pool, const TypeRegistry &program)
      : pool_(pool), program_(program) {}

  std::vector<std::string> run() {
    for (const auto &[offset, was] : pool_.roots())
      if (const RootLayout *is = program_.root(was.key))
        compare_roots(was, *is);
    for (const TypeLayout &was : pool_.types())
      compare_alone(was);
    return lines_.take();
  }

private:
  void compare_roots(const RootLayout &was, const RootLayout &is) {
    if (was.size != is.size || (!was.type.empty() && was.type != is.type && !is_transient(is.type)))
      lines_.add([&] {
        return "global " + was.key + ": was " + std::to_string(was.size) + " bytes, " +
               (was.type.empty() ? "type not known" : was.type) + "; is " +
               std::to_string(is.size) + " bytes, " + is.type;
      });
    if (!is_transient(is.type))
      compare_below(was.type, was.source, is.type, is.source);
  }

  void compare_below(const std::string &was, const std::string &was_source, const std::string &is,
                     const std::string &is_source) {
    if (base_of(was) != base_of(is))
      return;
    const TypeLayout *before = pool_.find(base_of(was), was_source);
    const TypeLayout *now = program_.find(base_of(is), is_source);
    if (before && now)
      compare_types(*before, *now, was_source, is_source);
  }

  void compare_types(const TypeLayout &was, const TypeLayout &is, const std::string &was_source,
                     const std::string &is_source) {
    if (!compared_.insert({&was, &is}).second)
      return;
    seen_.insert(&was);
    for (const FieldLayout &field : was.fields) {
      const FieldLayout *now = is.field(field.name);
      if (now && is_transient(now->type))
        continue; // no value of an earlier run is ever read
      if (!now && is_transient(field.type))
        continue;
      if (!now)
        lines_.add([&] { return gone(field, was, is); });
      else if (now->offset != field.offset || now->size != field.size || now->type != field.type)
        lines_.add([&] {
          return was.name + "." + field.name + ": was " + place(field) + "; is " + place(*now);
        });
      if (now)
        compare_below(field.type, was_source, now->type, is_source);
    }
    for (const FieldLayout &field : is.fields)
      if (!was.field(field.name) && !is_transient(field.type) && !renamed(field, is, was))
        lines_.add([&] { return was.name + "." + field.name + ": is new, " + place(field); });
    if (was.size != is.size)
      lines_.add([&] {
        return was.name + ": was " + std::to_string(was.size) + " bytes, is " +
               std::to_string(is.size);
      });
  }

  // The field of TO that took the place of FIELD, which is in FROM and not in TO.
  static const FieldLayout *renamed(const FieldLayout &field, const TypeLayout &from,
                                    const TypeLayout &to) {
    for (const FieldLayout &other : to.fields)
      if (other.offset == field.offset && other.size == field.size && other.type == field.type &&
          !from.field(other.name))
        return &other;
    return nullptr;
  }

  static std::string gone(const FieldLayout &field, const TypeLayout &was, const TypeLayout &is) {
    std::string line = was.name + "." + field.name + ": was " + place(field) + "; ";
    if (const FieldLayout *other = renamed(field, was, is))
      return line + "'" + other->name + "' is there now: renamed?";
    return line + "is gone";
  }

  // Types that no shared root leads to: objects behind untyped pointers.
  void compare_alone(const TypeLayout &was) {
    if (seen_.contains(&was))
      return;
    const TypeLayout *first = nullptr;
    for (const TypeLayout &is : program_.types()) {
      if (is.name != was.name)
        continue;
      if (is.same_as(was))
        return;
      first = first ? first : &is;
    }
    if (first)
      compare_types(was, *first, was.source, first->source);
  }

  const TypeRegistry &pool_;
  const TypeRegistry &program_;
  std::set<std::pair<const TypeLayout *, const TypeLayout *>> compared_;
  std::set<const TypeLayout *> seen_;
  Lines lines_;
};

std::string some_keys(const TypeRegistry &registry) {
  std::string keys;
  size_t count = 0;
  for (const auto &[offset, root] : registry.roots()) {
    if (count++ == 3)
      return keys + ", ... (" + std::to_string(registry.roots().size()) + " in all)";
    keys += (keys.empty() ? "'" : ", '") + root.key + "'";
  }
  return keys;
}

} // namespace

std::vector<std::string> layout_differences(const TypeRegistry &pool, const TypeRegistry &program) {
  return Comparison(pool, program).run();
}

Status check_identity(const std::string &path, const TypeRegistry &pool,
                      const TypeRegistry &program) {
  const bool shares_a_root = std::ranges::any_of(
      pool.roots(), [&](const auto &entry) { return program.root(entry.second.key) != nullptr; });
  if (!pool.roots().empty() && !program.roots().empty() && !shares_a_root)
    return Status::error("pool '" + path +
                         "' belongs to another program: its persistent globals are " +
                         some_keys(pool) + ", this program's are " + some_keys(program) +
                         "; run the program that made it, or name another pool");
  return check_layouts(path, pool, program);
}

Status check_layouts(const std::string &path, const TypeRegistry &pool,
                     const TypeRegistry &program) {
  std::vector<std::string> lines = layout_differences(pool, program);
  if (lines.empty())
    return Status::ok();
  std::string text =
      "pool '" + path +
      "' holds objects laid out otherwise than in this program; nothing was changed:";
  for (const std::string &line : lines)
    text += "\n  " + line;
  return Status::error(text + "\nRun the program that made the pool. To go on with the new layout, "
                              "let that program (or perdure dump --json) write the data out, and "
                              "read it into a new pool.");
}

} // namespace perdure
