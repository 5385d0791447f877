// SPDX-License-Identifier: Apache-2.0
//
// A real heap on a private mapping of the pool's image: an epoch holds what the heap and the
// program recorded since the last one. After a crash a heap attached to the image must be sound and
// have exactly the blocks of the epoch that was found, with their contents.
#include "check.h"
#include "heap.h"
#include "workload.h"
#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace perdure::crash {
namespace {

constexpr uint64_t kSegments = 24;
constexpr uint64_t kBytes = kHeapOffset + kSegments * kSegmentSize;

// The image where a heap can work on it: private, at any address that is a multiple of a segment.
class MappedImage {
public:
  MappedImage(int fd, uint64_t bytes) {
    void *all = mmap(nullptr, kBytes + kSegmentSize, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    PERDURE_CHECK(all != MAP_FAILED, "no address space for a heap");
    mapping_ = static_cast<std::byte *>(all);
    const auto address = reinterpret_cast<uintptr_t>(mapping_);
    base_ = mapping_ + ((kSegmentSize - address % kSegmentSize) % kSegmentSize);
    if (bytes != 0)
      PERDURE_CHECK(mmap(base_, std::min(bytes, kBytes), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE, fd, 0) != MAP_FAILED,
                    "an image cannot be mapped");
  }
  ~MappedImage() { munmap(mapping_, kBytes + kSegmentSize); }
  MappedImage(const MappedImage &) = delete;
  std::byte *base() const { return base_; }

private:
  std::byte *mapping_, *base_;
};

struct Block {
  uint64_t offset;
  uint64_t size;  // asked for
  uint64_t stamp; // at its start and its end
};

// What the heap calls without saying for whom.
struct Recorder {
  std::byte *base;
  DurableImage *image;
  std::vector<std::pair<uint64_t, uint64_t>> ranges; // since the last epoch
};
thread_local Recorder *recorder;

constexpr HeapHost kHost = {
    [](const void *address, size_t size) {
      recorder->ranges.emplace_back(static_cast<const std::byte *>(address) - recorder->base, size);
    },
    [](uint64_t offset, uint64_t size) { return recorder->image->reserve(offset, size); }};

class HeapWorkload final : public Workload {
public:
  explicit HeapWorkload(uint64_t seed) : random_(seed) {}

  PoolOptions options() const override {
    PoolOptions options = Workload::options();
    options.size_max = kSegments * kSegmentSize;
    return options;
  }

  Status run(Ledger &ledger, const std::function<bool()> &stop) override {
    for (int run = 0; run < 2 && !stop(); ++run) {
      auto image = open_image(options(), ledger);
      if (!image)
        return image.status();
      if (Status status = churn(**image, stop); !status)
        return status;
    }
    return Status::ok();
  }

  std::string verify(uint64_t epoch, int image_fd, uint64_t image_bytes) override {
    if (epoch == 0)
      return "";
    MappedImage mapped(image_fd, image_bytes);
    Heap heap(mapped.base(), kReadOnlyHost, kBytes);
    if (Status status = heap.attach(0); !status)
      return "the heap cannot be attached: " + status.message();
    if (Status status = heap.check(); !status)
      return "the heap is unsound: " + status.message();
    std::map<uint64_t, uint64_t> live;
    heap.for_each_block([&](void *block, size_t size) {
      live[static_cast<uint64_t>(static_cast<std::byte *>(block) - mapped.base())] = size;
    });
    const std::vector<Block> &blocks = states_.at(epoch);
    if (live.size() != blocks.size())
      return std::to_string(live.size()) + " blocks, not " + std::to_string(blocks.size());
    for (const Block &block : blocks)
      if (!live.contains(block.offset) || live[block.offset] < block.size ||
          !has_stamps(mapped.base(), block))
        return "the block at " + std::to_string(block.offset) + " is not what it was";
    return "";
  }

private:
  static void for_stamps(std::byte *base, const Block &block, auto &&visit) {
    visit(base + block.offset);
    visit(base + block.offset + block.size - sizeof(uint64_t));
  }
  static bool has_stamps(std::byte *base, const Block &block) {
    bool same = true;
    for_stamps(base, block,
               [&](void *at) { same &= std::memcmp(at, &block.stamp, sizeof block.stamp) == 0; });
    return same;
  }

  Status churn(LedgeredImage &image, const std::function<bool()> &stop) {
    MappedImage mapped(image.image_fd(), image.image_bytes());
    Recorder here{mapped.base(), &image, {}};
    recorder = &here;
    Heap heap(mapped.base(), kHost, kBytes);
    if (image.recovered()) {
      if (Status status = heap.attach(0); !status)
        return status;
    } else {
      heap.format(kSegments * kSegmentSize);
    }
    for (int epoch = 0; epoch < 14 && !stop(); ++epoch) {
      for (uint64_t i = 0; i < 1 + random_() % 4; ++i)
        change(heap, here);
      if (Status status = commit(image, here); !status)
        return status;
      if (random_() % 4 == 0)
        if (Status status = image.pooled().checkpoint_now(); !status)
          return status;
    }
    heap.thread_exit();
    return here.ranges.empty() ? Status::ok() : commit(image, here);
  }

  uint64_t random_size() {
    switch (random_() % 4) {
    case 0:
      return kSegmentSize + random_() % (3 * kSegmentSize);
    case 1:
      return 64 << 10 | random_() % (2 << 20);
    default:
      return 16 + random_() % 3000;
    }
  }

  void change(Heap &heap, Recorder &here) {
    if (blocks_.size() > 3 && random_() % 5 < 2) {
      std::swap(blocks_[random_() % blocks_.size()], blocks_.back());
      heap.free(here.base + blocks_.back().offset);
      blocks_.pop_back();
      return;
    }
    const uint64_t size = random_size();
    auto *at = static_cast<std::byte *>(heap.allocate(size));
    if (!at)
      return;
    blocks_.push_back({static_cast<uint64_t>(at - here.base), size, random_()});
    for_stamps(here.base, blocks_.back(), [&](void *to) {
      std::memcpy(to, &blocks_.back().stamp, sizeof(uint64_t));
      kHost.record(to, sizeof(uint64_t));
    });
  }

  Status commit(LedgeredImage &image, Recorder &here) {
    EpochRecord record(image.last_epoch() + 1);
    for (const auto &[offset, size] : here.ranges)
      record.add(offset, here.base + offset, size);
    here.ranges.clear();
    states_[record.epoch()] = blocks_;
    return image.commit(std::move(record));
  }

  std::mt19937_64 random_;
  std::vector<Block> blocks_;                     // live now
  std::map<uint64_t, std::vector<Block>> states_; // by epoch
};

} // namespace

std::unique_ptr<Workload> make_heap(Medium, uint64_t seed) {
  return std::make_unique<HeapWorkload>(seed);
}

} // namespace perdure::crash
