// SPDX-License-Identifier: Apache-2.0
//
// Blocks that a thread has freed and whose bits are not cleared yet, by size class, the last on
// top. What is allocated and freed over and over within one unit then changes no bitmap: no entry
// for the cut, no atomic operation. As far as the pool is concerned they are allocated, so whoever
// keeps blocks releases them before the cut that makes the end of his unit durable.
#pragma once

#include "size_class.h"
#include <atomic>
#include <cstring>

namespace perdure {

class KeptBlocks {
public:
  static constexpr uint32_t kClassCount = size_class_of(512) + 1;

  // Null: none of this class.
  void *take(uint32_t class_index) {
    if (class_index >= kClassCount || stacks_[class_index].count == 0)
      return nullptr;
    const Busy busy(*this);
    Stack &stack = stacks_[class_index];
    void *block = stack.blocks[--stack.count];
    set_mark(block, 0);
    return block;
  }

  // False: no room. REQUIRES: BLOCK is live, and not kept.
  bool keep(void *block, uint32_t class_index) {
    if (class_index >= kClassCount || stacks_[class_index].count == kDepth)
      return false;
    const Busy busy(*this);
    Stack &stack = stacks_[class_index];
    stack.blocks[stack.count++] = block;
    set_mark(block, mark_of(block));
    return true;
  }

  // Whether BLOCK, whose bit is set, has been freed nevertheless.
  bool has(const void *block, uint32_t class_index) const {
    if (class_index >= kClassCount || stacks_[class_index].count == 0 ||
        mark(block) != mark_of(block)) [[likely]]
      return false;
    const Stack &stack = stacks_[class_index]; // or the program wrote the same
    for (uint32_t i = 0; i < stack.count; i++)
      if (stack.blocks[i] == block)
        return true;
    return false;
  }

  template <typename Visit> void drain(Visit visit) {
    for (Stack &stack : stacks_)
      while (stack.count != 0)
        visit(stack.blocks[--stack.count]);
  }

  // In a signal handler: it has interrupted one of the above.
  bool is_busy() const { return busy_; }

private:
  static constexpr uint32_t kDepth = 32;
  class Busy {
  public:
    explicit Busy(KeptBlocks &blocks) : blocks_(blocks) {
      blocks_.busy_ = true;
      std::atomic_signal_fence(std::memory_order_seq_cst);
    }
    ~Busy() {
      std::atomic_signal_fence(std::memory_order_seq_cst);
      blocks_.busy_ = false;
    }

  private:
    KeptBlocks &blocks_;
  };
  struct Stack {
    uint32_t count;
    void *blocks[kDepth];
  };

  // In the block's second word, unrecorded: nobody may expect anything of a free block's bytes.
  static uint64_t mark_of(const void *block) {
    return reinterpret_cast<uint64_t>(block) ^ 0x6b65707420626c6bull;
  }
  static uint64_t mark(const void *block) {
    uint64_t word;
    std::memcpy(&word, static_cast<const std::byte *>(block) + 8, sizeof word);
    return word;
  }
  static void set_mark(void *block, uint64_t word) {
    std::memcpy(static_cast<std::byte *>(block) + 8, &word, sizeof word);
  }

  Stack stacks_[kClassCount] = {};
  volatile bool busy_ = false;
};

} // namespace perdure
