// SPDX-License-Identifier: Apache-2.0
//
// The heap's metadata. Damage done to a sound heap by raw patches and by whole structures at wrong
// places (slabs, extents, large extents, bits), then check, attach, and use. A heap that passed the
// check must stay sound under use; one that was only attached to must not crash.
//
//   script = {operation (1) ...}; first what damages, then what uses; see damage() and use()
#include "heap_image.h"
#include "hostile_image.h"
#include "root_table.h"
#include "size_class.h"
#include <vector>

namespace perdure::fuzz {
namespace {

constexpr uint32_t kSegments = 8;
constexpr uint64_t kUnitsOffset = kHeapOffset; // header of segment 0
constexpr uint64_t kBitmaps = offsetof(SegmentHeader, bitmaps);

constexpr Area kAreas[] = {
    {kHeapHeaderOffset, 64},
    {kHeapHeaderOffset, sizeof(HeapHeader)},
    {kSegmentTableOffset, 16 * sizeof(SegmentEntry)},
    {kSegmentTableOffset + 200000, 4096},
    {kUnitsOffset, 64 + 64 * 8},
    {kUnitsOffset, kBitmaps},
    {kUnitsOffset + kBitmaps, 16 * 512},
    {kUnitsOffset + kSegmentSize, kBitmaps},
    {kUnitsOffset + 3 * kSegmentSize, kBitmaps},
};

void build(std::byte *base, uint64_t bytes) {
  constexpr HeapHost kHost = {[](const void *, size_t) {}, [](uint64_t, uint64_t) { return true; }};
  Heap heap(base, kHost, bytes);
  heap.format(bytes - kHeapOffset);
  for (const size_t size : {16, 100, 100, 5000, 60000, 200000, 1 << 20, 9 << 20})
    demand(heap.allocate(size) != nullptr, "no sound heap");
  void *block = heap.allocate(3 << 20); // segment 1, units of it
  demand(block && heap.allocate(2 << 20) && heap.check().is_ok(), "no sound heap");
  heap.free(block);
  heap.thread_exit();
}

class Target {
public:
  explicit Target(HostileImage &image)
      : image_(image), words_(image.base(), kReadOnlyHost, image.bytes()) {}

  void run(Script script) {
    while (!script.done() && damage(script)) {
    }
    Heap heap(image_.base(), host(), image_.bytes());
    const bool sound = accepted(heap.check(), "heap metadata");
    const Status attached = heap.attach(0);
    if (!accepted(attached, "heap metadata")) {
      demand(!sound, "a sound heap cannot be attached to");
      return;
    }
    if (sound)
      count_blocks(heap);
    while (!script.done())
      use(heap, script);
    demand_sound(heap, sound);
    heap.thread_exit();
    demand_sound(heap, sound);
  }

private:
  static void demand_sound(const Heap &heap, bool was_sound) {
    if (const Status status = heap.check(); was_sound && !status)
      demand(false, "use made a sound heap unsound: " + status.message());
  }
  static HeapHost host() {
    return {[](const void *, size_t) {}, [](uint64_t, uint64_t) { return true; }};
  }

  // False: the script goes on with use.
  bool damage(Script &script) {
    switch (script.number<uint8_t>() % 6) {
    case 0:
      return false;
    case 1:
      large(script.number<uint8_t>() % kSegments, script.number<uint16_t>());
      return true;
    case 2:
      run_of_units(script);
      return true;
    case 3: {
      const uint32_t segment = script.number<uint8_t>() % kSegments;
      const uint32_t unit = script.number<uint8_t>() % kUnitsPerSegment;
      const uint32_t word = script.number<uint8_t>() % kBitmapWords;
      words_.segment_header(segment).bitmaps[unit][word] = script.number<uint64_t>();
      return true;
    }
    default:
      image_.apply(read_patch(script, kAreas));
      return true;
    }
  }

  void large(uint32_t segment, uint32_t pages) {
    words_.set_entry(segment, {SegmentKind::kLarge, {}, pages});
    for (uint32_t i = 1; i * (kSegmentSize / kPageSize) < pages && segment + i < kSegments; ++i)
      words_.set_entry(segment + i, {SegmentKind::kLargeTail, {}, i});
  }

  // A slab (class below 96) or an extent, in a segment that is made one of units.
  void run_of_units(Script &script) {
    const uint32_t segment = script.number<uint8_t>() % kSegments;
    const uint32_t unit = script.number<uint8_t>() % kUnitsPerSegment;
    const uint32_t kind = script.number<uint8_t>();
    const bool slab = kind < kSizeClassCount;
    const uint32_t units = slab ? kSizeClasses[kind].units : kind - kSizeClassCount;
    words_.set_entry(segment, {SegmentKind::kUnits, {}, 0});
    SegmentHeader &header = words_.segment_header(segment);
    header.magic = kSegmentMagic;
    header.index = segment;
    header.units[0] = to_word(UnitDescriptor{UnitKind::kHeader, 0, 0, 0, 0});
    words_.set_descriptor(segment, unit,
                          {slab ? UnitKind::kSlab : UnitKind::kExtent,
                           static_cast<uint8_t>(slab ? kind : 0), static_cast<uint8_t>(units), 0,
                           0});
    for (uint32_t i = 1; i < units && unit + i < kUnitsPerSegment; ++i)
      words_.set_descriptor(segment, unit + i, {UnitKind::kTail, 0, 0, static_cast<uint8_t>(i), 0});
  }

  // Every block that is visited is found by address, at both its ends.
  void count_blocks(const Heap &heap) const {
    uint64_t count = 0, bytes = 0;
    heap.for_each_block([&](void *block, size_t size) {
      ++count;
      bytes += size;
      auto *begin = static_cast<std::byte *>(block);
      for (const std::byte *at : {begin, begin + size - 1}) {
        size_t found = 0;
        demand(heap.block_of(at, &found) == block && found == size, "a live block is not found");
      }
      demand(begin >= image_.base() + kHeapOffset && begin + size <= image_.base() + image_.bytes(),
             "a block outside the heap");
    });
    const HeapStats stats = heap.stats();
    demand(stats.block_count == count && stats.used_bytes == bytes, "blocks are miscounted");
  }

  void use(Heap &heap, Script &script) {
    const auto what = script.number<uint8_t>();
    const auto argument = script.number<uint32_t>();
    size_t size = 0;
    switch (what % 5) {
    case 0:
      keep(heap, heap.allocate(argument % (40u << 20)));
      break;
    case 1:
      keep(heap, heap.allocate_aligned(argument % (1u << 20), 1ull << (what >> 3)));
      break;
    case 2:
      if (void *block = heap.block_of(image_.base() + kHeapOffset + argument, &size))
        release(heap, block);
      break;
    case 3:
      if (!blocks_.empty())
        release(heap, blocks_[argument % blocks_.size()]);
      break;
    case 4:
      if (!blocks_.empty())
        heap.resize_in_place(blocks_[argument % blocks_.size()], argument >> 8);
      break;
    }
  }
  void keep(const Heap &heap, void *block) {
    if (!block)
      return;
    const size_t size = heap.usable_size(block);
    auto *begin = static_cast<std::byte *>(block);
    demand(begin >= image_.base() + kHeapOffset && begin + size <= image_.base() + image_.bytes(),
           "a new block outside the heap");
    begin[0] = begin[size - 1] = std::byte{1};
    blocks_.push_back(block);
  }
  void release(Heap &heap, void *block) {
    std::erase(blocks_, block);
    heap.free(block);
  }

  HostileImage &image_;
  HeapImage words_;
  std::vector<void *> blocks_;
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
