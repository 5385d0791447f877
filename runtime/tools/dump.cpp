// SPDX-License-Identifier: Apache-2.0
//
// Breadth first from the roots, each object once; see dump.h.
#include "dump.h"
#include "object_reader.h"
#include "pool_contents.h"
#include "pool_facts.h"
#include <cstdio>
#include <queue>
#include <set>

namespace perdure {
namespace {

class Dump {
public:
  Dump(const DumpOptions &options, const PoolContents &contents)
      : options_(options), types_(contents.types),
        reader_(contents.base(), types_, contents.pins, *contents.heap,
                [this](ObjectPlace place) { add(std::move(place)); }) {}

  Status run() {
    if (!options_.root.empty() && !types_.root(options_.root))
      return Status::error(options_.path + " has no root '" + options_.root +
                           "'; perdure dump without --root shows all");
    if (options_.json)
      std::printf("{\n  \"pool\": %s,\n  \"roots\": [", json_string(options_.path).c_str());
    for (const auto &[offset, root] : types_.roots())
      if (options_.root.empty() || options_.root == root.key)
        print_root(root);
    if (options_.json)
      std::printf("\n  ],\n  \"objects\": [");
    is_first_ = true;
    uint64_t objects = 0;
    for (; !queue_.empty() && objects < options_.objects_max; ++objects) {
      print_object(queue_.front());
      queue_.pop();
    }
    finish(!queue_.empty());
    return Status::ok();
  }

private:
  void add(ObjectPlace place) {
    if (types_.root_at(place.offset))
      return; // shown as a root
    // Once is enough, and so is a part of what is shown; the end of a list in a block of its own
    // looks like a node.
    auto after = shown_.upper_bound(place.offset);
    if (after != shown_.begin()) {
      auto before = std::prev(after);
      if (before->first == place.offset || place.offset + place.size <= before->second)
        return;
    }
    shown_[place.offset] = place.offset + place.size;
    queue_.push(std::move(place));
  }

  void print_root(const RootLayout &root) {
    const Value value = root.type.empty()
                            ? Value::note("type not known")
                            : reader_.read({root.offset, root.size, root.type, root.source, ""});
    const std::string address = ObjectReader::address_text(root.offset);
    if (!options_.json) {
      std::printf("root %s: %s, %s, at %s\n", root.key.c_str(), root.type.c_str(),
                  bytes_text(root.size).c_str(), address.c_str());
      value.print_text("");
      return;
    }
    std::printf("%s\n    {\"name\": %s, \"type\": %s, \"address\": \"%s\", \"size\": %lu, "
                "\"value\": %s}",
                separator(), json_string(root.key).c_str(), json_string(root.type).c_str(),
                address.c_str(), root.size, value.to_json().c_str());
  }

  void print_object(const ObjectPlace &place) {
    const Value value = reader_.read(place);
    const std::string address = ObjectReader::address_text(place.offset);
    if (!options_.json) {
      std::printf("object %s: %s, %s\n", address.c_str(), place.type.c_str(),
                  bytes_text(place.size).c_str());
      value.print_text("");
      return;
    }
    std::printf("%s\n    {\"address\": \"%s\", \"type\": %s, \"size\": %lu, \"value\": %s}",
                separator(), address.c_str(), json_string(place.type).c_str(), place.size,
                value.to_json().c_str());
  }

  const char *separator() {
    const char *text = is_first_ ? "" : ",";
    is_first_ = false;
    return text;
  }

  void finish(bool stopped) {
    const bool complete = !stopped && !reader_.cut_short();
    if (options_.json)
      std::printf("\n  ],\n  \"complete\": %s\n}\n", complete ? "true" : "false");
    std::fflush(stdout);
    if (stopped)
      std::fprintf(stderr, "perdure: stopped after %lu objects; raise --max-objects to see more\n",
                   options_.objects_max);
    if (reader_.cut_short())
      std::fprintf(stderr, "perdure: some long arrays or strings are cut short\n");
  }

  const DumpOptions &options_;
  const TypeRegistry &types_;
  ObjectReader reader_;
  std::queue<ObjectPlace> queue_;
  std::map<uint64_t, uint64_t> shown_; // offset -> end
  bool is_first_ = true;
};

} // namespace

Status dump(const DumpOptions &options) {
  auto contents = PoolContents::open(options.path, kReadOnlyHost);
  if (!contents)
    return contents.status();
  return Dump(options, **contents).run();
}

} // namespace perdure
