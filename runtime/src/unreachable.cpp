// SPDX-License-Identifier: Apache-2.0
//
// Mark, without recursion; see unreachable.h.
#include "unreachable.h"
#include "heap_layout.h"
#include <algorithm>
#include <cstring>

namespace perdure {
namespace {

class Marking {
public:
  Marking(const std::byte *base, const Heap &heap) : base_(base), heap_(heap) {
    heap.for_each_block([&](void *block, size_t size) {
      blocks_.push_back({static_cast<uint64_t>(static_cast<std::byte *>(block) - base), size});
    });
    reached_.resize(blocks_.size());
  }

  void reach_from(uint64_t offset, uint64_t size) {
    scan(offset, size);
    while (!pending_.empty()) {
      const Block block = blocks_[pending_.back()];
      pending_.pop_back();
      scan(block.offset, block.size);
    }
  }

  std::vector<Block> unreached() const {
    std::vector<Block> rest;
    for (size_t i = 0; i < blocks_.size(); ++i)
      if (!reached_[i])
        rest.push_back(blocks_[i]);
    return rest;
  }

private:
  void scan(uint64_t offset, uint64_t size) {
    for (uint64_t at = 0; at + 8 <= size; ++at) {
      uint64_t word;
      std::memcpy(&word, base_ + offset + at, sizeof word);
      if (word >> PERDURE_SLOT_SHIFT != PERDURE_SLOT)
        continue;
      if (!reach(word - kBase) && word != kBase)
        reach(word - kBase - 1); // the end of an array
    }
  }

  // False if there is no block.
  bool reach(uint64_t target) {
    size_t size;
    const auto *start = static_cast<const std::byte *>(heap_.block_of(base_ + target, &size));
    if (!start)
      return false;
    const auto found =
        std::ranges::lower_bound(blocks_, static_cast<uint64_t>(start - base_), {}, &Block::offset);
    const auto index = static_cast<size_t>(found - blocks_.begin());
    if (!reached_[index])
      pending_.push_back(index);
    reached_[index] = true;
    return true;
  }

  const std::byte *base_;
  const Heap &heap_;
  std::vector<Block> blocks_;
  std::vector<bool> reached_;
  std::vector<size_t> pending_;
};

} // namespace

std::vector<Block> unreachable_blocks(const std::byte *base, const Heap &heap,
                                      const std::vector<Block> &roots) {
  Marking marking(base, heap);
  for (const Block &root : roots)
    marking.reach_from(root.offset, root.size);
  return marking.unreached();
}

} // namespace perdure
