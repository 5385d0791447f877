// SPDX-License-Identifier: Apache-2.0
//
// Root table and type table, and all that believes them: layouts are read, compared with a
// program's, stored to; objects are decoded and printed, blocks that no root reaches are searched.
// A script adds types and roots through the tables' own code (with any numbers and texts), patches
// the tables' and the objects' bytes, and says what the program has.
//
//   script = {operation (1) ...}; see damage()
#include "hostile_image.h"
#include "layout_check.h"
#include "object_reader.h"
#include "root_table.h"
#include "type_table.h"
#include "unreachable.h"
#include <deque>
#include <set>

namespace perdure::fuzz {
namespace {

constexpr uint32_t kSegments = 2;
constexpr uint64_t kRootBytesMax = 1 << 20; // of roots, to be searched
constexpr uint64_t kObjectsMax = 200;
constexpr uint64_t kFirstBlock = kHeapOffset + kUnitSize; // the first allocation's slab

constexpr HeapHost kHost = {[](const void *, size_t) {}, [](uint64_t, uint64_t) { return true; }};

constexpr Area kAreas[] = {
    {kRootTableOffset, 128 + 6 * sizeof(RootEntry)},
    {kTypeTableOffset, sizeof(TypeTableHeader) + 24},
    {kTypeTableOffset, 4096},
    {kRootsOffset, 4096},
    {kFirstBlock, 2048},
    {kHeapOffset + 2 * kUnitSize, 4096},
};

TypeLayout node() {
  return {"node",
          "",
          48,
          {{"next", 0, 8, "node*"},
           {"name", 8, 8, "char*"},
           {"count", 16, 4, "int"},
           {"flag", 20, 1, "unsigned int:3@2"},
           {"many", 24, 16, "node*[2]"},
           {"half", 40, 8, "double"}}};
}

TypeLayout vector() {
  return {"vector",
          "",
          24,
          {{"_M_start", 0, 8, "node*"}, {"_M_finish", 8, 8, "node*"}, {"_M_end", 16, 8, "node*"}}};
}

TypeLayout string() {
  return {"std::basic_string<char>",
          "",
          32,
          {{"_M_dataplus", 0, 8, "char*"},
           {"_M_string_length", 8, 8, "unsigned long"},
           {"", 16, 16, "char[16]"}}};
}

uint64_t at(const std::byte *base, const void *block) {
  return kBase + static_cast<uint64_t>(static_cast<const std::byte *>(block) - base);
}

void build(std::byte *base, uint64_t bytes) {
  Heap heap(base, kHost, bytes);
  heap.format(bytes - kHeapOffset);
  std::byte *blocks[6];
  for (std::byte *&block : blocks)
    block = static_cast<std::byte *>(heap.allocate(48));
  auto *text = static_cast<char *>(heap.allocate(4000));
  demand(text != nullptr, "no sound heap");
  std::strcpy(text, "some text");
  for (int i = 0; i < 5; ++i) { // the last one is reached by nothing
    const uint64_t words[] = {at(base, blocks[i % 3 + 1]), at(base, text), 7};
    std::memcpy(blocks[i], words, sizeof words);
  }
  auto *roots = base + kRootsOffset;
  const uint64_t words[] = {at(base, blocks[0]),      at(base, blocks[1]), at(base, blocks[2]),
                            at(base, blocks[2]) + 48, at(base, text),      9};
  std::memcpy(roots, words, sizeof words);
  TypeRegistry program;
  for (const TypeLayout &type : {node(), vector(), string()})
    program.add(type, "main.c");
  RootTable table(base, kHost);
  for (const RootLayout &root : {RootLayout{"first", kRootsOffset, 8, "node*", ""},
                                 RootLayout{"all", kRootsOffset + 8, 24, "vector", ""},
                                 RootLayout{"text", kRootsOffset + 32, 32, string().name, ""}}) {
    demand(table.add(root.key, root.offset, root.size).is_ok(), "no sound root");
    program.add_root(root);
  }
  demand(store_layouts(base, kHost, program).is_ok(), "no sound types");
  heap.thread_exit();
}

class Target {
public:
  explicit Target(HostileImage &image) : image_(image) {}

  void run(Script script) {
    program_.add(node(), "main.c");
    while (!script.done())
      damage(script);
    Heap heap(image_.base(), kHost, image_.bytes());
    demand(heap.attach(0).is_ok(), "the heap was not touched, yet is refused");
    auto layouts = read_layouts(image_.base());
    if (!accepted(layouts.status(), " table "))
      return;
    look(*layouts, heap);
    compare(*layouts);
    if (accepted(store_layouts(image_.base(), kHost, program_), ""))
      demand(read_layouts(image_.base()).is_ok(), "stored layouts cannot be read");
  }

private:
  void damage(Script &script) {
    switch (script.number<uint8_t>() % 5) {
    case 0:
      // add() is for a table that was read.
      if (TypeTable(image_.base(), kHost).read().is_ok())
        (void)TypeTable(image_.base(), kHost).add(type(script)).is_ok();
      break;
    case 1: {
      RootTable table(image_.base(), kHost);
      const RootLayout layout = root(script);
      if (table.check() && table.add(layout.key, layout.offset, layout.size))
        table.set_type(table.at(table.count() - 1), script.number<uint8_t>());
      break;
    }
    case 2:
      program_.add(sound_type(script), "other.c");
      break;
    case 3: {
      RootLayout layout = root(script);
      layout.type = script.text().c_str();
      program_.add_root(layout);
      break;
    }
    case 4:
      image_.apply(read_patch(script, kAreas));
      break;
    }
  }

  static TypeLayout type(Script &script) {
    TypeLayout layout{script.text(), script.text(), script.number<uint16_t>(), {}};
    for (auto fields = script.number<uint8_t>() % 32; fields > 0; --fields) {
      const uint64_t offset = script.number<uint16_t>(), size = script.number<uint16_t>();
      layout.fields.push_back({script.text(), offset, size, script.text()});
    }
    return layout;
  }
  // As a compiler describes types.
  static TypeLayout sound_type(Script &script) {
    TypeLayout layout = type(script);
    layout.name = ("t" + layout.name).c_str(); // without what follows a NUL
    for (FieldLayout &field : layout.fields) {
      field = {field.name.c_str(), field.offset, field.size, field.type.c_str()};
      layout.size = std::max(layout.size, field.offset + field.size);
    }
    return layout;
  }
  static RootLayout root(Script &script) {
    return {script.text(), kRootsOffset + script.number<uint16_t>(), script.number<uint16_t>(), "",
            ""};
  }

  // As perdure dump and perdure sweep do.
  void look(const TypeRegistry &types, const Heap &heap) {
    Result<std::vector<PinRecord>> pins = PinTable(image_.base(), kReadOnlyHost).read();
    if (!pins)
      return demand(!pins.status().message().empty(), "a refusal without a reason");
    std::deque<ObjectPlace> places;
    std::set<uint64_t> seen;
    ObjectReader reader(image_.base(), types, *pins, heap, [&](ObjectPlace place) {
      if (seen.insert(place.offset).second)
        places.push_back(std::move(place));
    });
    uint64_t bytes = 0;
    for (const auto &[offset, root] : types.roots()) {
      bytes += root.size;
      if (root.size <= kRootBytesMax)
        (void)reader.read({root.offset, root.size, root.type, root.source, ""}).to_json();
    }
    for (uint64_t i = 0; i < kObjectsMax && !places.empty(); ++i) {
      (void)reader.read(places.front()).to_json();
      places.pop_front();
    }
    std::vector<Block> roots;
    for (const auto &[offset, root] : types.roots())
      roots.push_back({offset, root.size});
    if (bytes <= kRootBytesMax)
      for (const Block &block : unreachable_blocks(image_.base(), heap, roots))
        demand(block.offset >= kHeapOffset && block.offset + block.size <= image_.bytes(),
               "an unreachable block outside the heap");
  }

  void compare(const TypeRegistry &pool) const {
    accepted(check_identity("pool.name", pool, program_), "pool.name");
    (void)layout_differences(pool, pool).size();
  }

  HostileImage &image_;
  TypeRegistry program_;
};

} // namespace
} // namespace perdure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace perdure::fuzz;
  static HostileImage image(kSegments, build);
  image.reset();
  Target(image).run(Script(data, size));
  return 0;
}
