// SPDX-License-Identifier: Apache-2.0
//
// See unowned_bytes.h. Holes of the image file that the log did not write to are not read.
#include "unowned_bytes.h"
#include "file_data.h"
#include "object_reader.h"
#include <algorithm>

namespace perdure {
namespace {

class UnownedBytes {
public:
  UnownedBytes(const PoolView &view, Doubts &doubts) : view_(view), doubts_(doubts) {}

  // Image bytes [BEGIN, END): of WHAT. One doubt for each stretch of data.
  void check(uint64_t begin, uint64_t end, const std::string &what) {
    const uint64_t file = std::min(view_.mapped_bytes(), end);
    for (uint64_t at = begin; at < file;) {
      const auto data = next_file_data(view_.pool().image->fd(), at, file);
      if (!data)
        break;
      at = data->end;
      expect_zero(data->begin, at, what);
    }
    // What only the log has lies past the file, or in holes of it.
    for (const uint64_t segment : view_.replayed_segments())
      expect_zero(std::max(begin, segment * kSegmentSize),
                  std::min(end, (segment + 1) * kSegmentSize), what);
  }

private:
  void expect_zero(uint64_t begin, uint64_t end, const std::string &what) {
    if (begin >= end)
      return;
    const std::byte *base = view_.base();
    const std::byte *found =
        std::find_if(base + begin, base + end, [](std::byte byte) { return byte != std::byte{0}; });
    if (found != base + end)
      doubts_.add("bytes that belong to nothing are not zero: at " +
                  ObjectReader::address_text(static_cast<uint64_t>(found - base)) + ", " + what);
  }

  const PoolView &view_;
  Doubts &doubts_;
};

} // namespace

void check_unowned_bytes(const PoolView &view, const TypeRegistry &layouts, const Heap &heap,
                         Doubts &doubts) {
  UnownedBytes unowned(view, doubts);
  uint64_t at = kRootsOffset;
  for (const auto &[offset, root] : layouts.roots()) {
    unowned.check(at, offset, "before root " + root.key);
    at = offset + root.size;
  }
  unowned.check(at, kHeapOffset, "behind the last root");
  unowned.check(heap.frontier_offset(), view.slot_bytes(), "past the heap's frontier");
}

} // namespace perdure
