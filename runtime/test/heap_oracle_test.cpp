// SPDX-License-Identifier: Apache-2.0
//
// Random operations from several threads against a shadow map outside the heap: no overlap,
// contents intact, exact liveness; and after a restart from the recorded words alone exactly the
// live blocks are live, with their contents. Replay a failure with PERDURE_TEST_SEED.
#include "heap.h"
#include "heap_test_image.h"
#include <cstring>
#include <map>
#include <mutex>
#include <random>
#include <thread>

namespace perdure {

namespace {

constexpr int kThreadCount = 4;

uint64_t base_seed() {
  const char *text = std::getenv("PERDURE_TEST_SEED");
  return text ? std::strtoull(text, nullptr, 10) : std::random_device()();
}

// A live block: OFFSET from the base, the SIZE asked for, and what it is filled with.
struct Shadow {
  uint64_t offset;
  size_t size;
  uint8_t fill;
};

size_t random_size(std::mt19937_64 &random) {
  switch (random() % 16) {
  case 0:
    return random() % (2 << 20);
  case 1:
    return random() % 40 == 0 ? (4 << 20) + random() % (12 << 20) : 0;
  case 2:
  case 3:
    return random() % 60000;
  default:
    return random() % 700;
  }
}

class Worker {
public:
  Worker(TestImage &image, Heap &heap, uint64_t seed) : image_(image), heap_(heap), random_(seed) {}

  std::vector<Shadow> blocks;

  void run(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i)
      step();
    heap_.thread_exit();
  }
  void verify(const Shadow &shadow) {
    std::byte *block = image_.base() + shadow.offset;
    size_t size = 0;
    ASSERT_EQ(heap_.block_of(block + (shadow.size ? random_() % shadow.size : 0), &size), block);
    ASSERT_GE(size, shadow.size);
    bool intact = true;
    for_touched(shadow.size, [&](size_t at) { intact &= block[at] == std::byte{shadow.fill}; });
    ASSERT_TRUE(intact) << "contents of the block at offset " << shadow.offset << " changed";
  }

  void step() {
    if (blocks.empty() || random_() % 100 < weight_)
      allocate();
    else if (random_() % 8 == 0)
      resize(*largest_of_some());
    else
      free();
    if (random_() % 2000 == 0)
      weight_ = 30 + random_() % 40; // grow for a while, then shrink
  }

private:
  // Which bytes are written and compared: 8 of 16 (no two small blocks start closer), and 8 of a
  // page past 64 KiB. A byte's place alone decides, so that it holds for a resized block too.
  template <typename Touch> static void for_touched(size_t size, Touch &&touch) {
    for (size_t start = 0; start < size; start += start < 65536 ? 16 : 4096)
      for (size_t i = start; i < std::min(start + 8, size); ++i)
        touch(i);
  }
  void fill(Shadow &shadow) {
    shadow.fill = static_cast<uint8_t>(random_());
    std::byte *block = image_.base() + shadow.offset;
    for_touched(shadow.size, [&](size_t at) {
      block[at] = std::byte{shadow.fill};
      if (at % 8 == 0)
        TestImage::record(block + at, 8);
    });
  }
  Shadow *largest_of_some() { // few are extents, and those resize in the most ways
    Shadow *largest = &blocks.back();
    for (int i = 0; i < 16; ++i)
      if (Shadow *other = &blocks[random_() % blocks.size()]; other->size > largest->size)
        largest = other;
    return largest;
  }
  void allocate() {
    size_t size = random_size(random_);
    size_t alignment = random_() % 10 == 0 ? 16u << random_() % 17 : 16;
    auto *block = static_cast<std::byte *>(
        alignment == 16 ? heap_.allocate(size) : heap_.allocate_aligned(size, alignment));
    if (!block)
      return;
    ASSERT_EQ(reinterpret_cast<uintptr_t>(block) % alignment, 0u);
    ASSERT_TRUE(image_.is_reserved(block, size));
    blocks.push_back({static_cast<uint64_t>(block - image_.base()), size, 0});
    fill(blocks.back());
  }
  void resize(Shadow &shadow) {
    verify(shadow);
    size_t size = shadow.size / 2 + random_() % (shadow.size + kUnitSize);
    std::byte *block = image_.base() + shadow.offset;
    size_t usable = heap_.usable_size(block);
    if (!heap_.resize_in_place(block, size)) {
      ASSERT_EQ(heap_.usable_size(block), usable);
      return;
    }
    shadow.size = std::min(size, shadow.size);
    verify(shadow);
    shadow.size = size;
    fill(shadow);
  }
  void free() {
    std::swap(blocks[random_() % blocks.size()], blocks.back());
    verify(blocks.back());
    Shadow shadow = blocks.back();
    blocks.pop_back();
    if (random_() % 3 == 0) { // someone else frees it, or a block of theirs instead
      std::lock_guard guard(exchange_lock_);
      std::swap(shadow, exchange_[random_() % std::size(exchange_)]);
      if (shadow.offset == 0)
        return;
    }
    heap_.free(image_.base() + shadow.offset);
  }

public:
  static void give_up_exchanged() {
    std::fill(std::begin(exchange_), std::end(exchange_), Shadow{});
  }
  static inline std::mutex exchange_lock_;
  static inline Shadow exchange_[64];

private:
  TestImage &image_;
  Heap &heap_;
  std::mt19937_64 random_;
  uint64_t weight_ = 60;
};

void expect_exactly(TestImage &image, Heap &heap, const std::vector<Shadow> &shadows) {
  std::map<uint64_t, size_t> live;
  heap.for_each_block([&](void *block, size_t size) {
    live[static_cast<uint64_t>(static_cast<std::byte *>(block) - image.base())] = size;
  });
  EXPECT_EQ(live.size(), shadows.size());
  EXPECT_EQ(heap.stats().block_count, shadows.size());
  uint64_t end = 0;
  for (auto [offset, size] : live) {
    ASSERT_GE(offset, end) << "blocks overlap";
    end = offset + size;
  }
  Worker reader(image, heap, 1);
  for (const Shadow &shadow : shadows) {
    ASSERT_TRUE(live.contains(shadow.offset));
    reader.verify(shadow);
  }
}

// Blocks of the last round are dealt out to the workers of the next, so that frees are remote.
std::vector<Shadow> run_round(TestImage &image, Heap &heap, std::vector<Shadow> shadows, int steps,
                              uint64_t seed) {
  std::vector<Worker> workers;
  for (int i = 0; i < kThreadCount; ++i)
    workers.emplace_back(image, heap, seed + i);
  for (size_t i = 0; i < shadows.size(); ++i)
    workers[i % kThreadCount].blocks.push_back(shadows[i]);
  std::vector<std::thread> threads;
  for (Worker &worker : workers)
    threads.emplace_back([&] { worker.run(steps); });
  for (std::thread &thread : threads)
    thread.join();
  shadows.clear();
  for (Worker &worker : workers)
    shadows.insert(shadows.end(), worker.blocks.begin(), worker.blocks.end());
  for (Shadow &shadow : Worker::exchange_)
    if (shadow.offset != 0)
      shadows.push_back(std::exchange(shadow, {}));
  return shadows;
}

} // namespace

TEST(HeapOracleTest, ExactlyTheLiveBlocksAreLiveAfterEachRestartFromRecordedWords) {
  uint64_t seed = base_seed();
  SCOPED_TRACE("PERDURE_TEST_SEED=" + std::to_string(seed));
  auto image = std::make_unique<TestImage>();
  auto heap = image->heap();
  heap->format(64 * kSegmentSize);
  std::vector<Shadow> shadows;
  for (int round = 0; round < 6 && !testing::Test::HasFailure(); ++round) {
    shadows = run_round(*image, *heap, std::move(shadows), 2000, seed + round * 100);
    EXPECT_EQ(check_message(*heap), "");
    expect_exactly(*image, *heap, shadows);
    if (round % 3 == 1)
      continue; // sometimes the same run goes on
    image = image->restart();
    heap = image->heap();
    Status status = heap->attach(0);
    ASSERT_TRUE(status.is_ok()) << status.message();
    EXPECT_EQ(check_message(*heap), "");
    expect_exactly(*image, *heap, shadows);
  }
  for (const Shadow &shadow : shadows)
    heap->free(image->base() + shadow.offset);
  EXPECT_EQ(heap->stats().block_count, 0u);
  EXPECT_NE(heap->allocate(60 * kSegmentSize), nullptr); // nothing leaked
  EXPECT_EQ(check_message(*heap), "");
}

// Byte for byte, after every single operation: nothing is left to a later record of the same word.
TEST(HeapOracleTest, AllMetadataIsRecordedByTheOperationThatChangesIt) {
  uint64_t seed = base_seed();
  SCOPED_TRACE("PERDURE_TEST_SEED=" + std::to_string(seed));
  TestImage image(16);
  image.record_at_once = true;
  auto heap = image.heap();
  heap->format(16 * kSegmentSize);
  Worker worker(image, *heap, seed);
  for (int i = 0; i < 5000 && !testing::Test::HasFailure(); ++i) {
    worker.step();
    if (i % 500 == 0)
      heap->thread_exit();
    EXPECT_TRUE(image.is_durable(0, kPageSize));
    EXPECT_TRUE(image.is_durable(kSegmentTableOffset, kPageSize));
    for (uint32_t segment = 0; segment < 16; ++segment)
      if (image.entry(segment).kind == SegmentKind::kUnits) {
        EXPECT_TRUE(image.is_durable(kHeapOffset + segment * kSegmentSize, sizeof(SegmentHeader)));
      }
  }
  Worker::give_up_exchanged();
}

// Small blocks of few sizes pass from thread to thread: slabs change phase all the time.
TEST(HeapOracleTest, BlocksPassedBetweenThreadsNeverOverlap) {
  TestImage image;
  auto heap = image.heap();
  heap->format(64 * kSegmentSize);
  std::atomic<void *> mailboxes[256] = {};
  auto work = [&](uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int i = 0; i < 100000; ++i) {
      size_t size = 8000 >> random() % 4;
      auto *block = static_cast<uint64_t *>(heap->allocate(size));
      ASSERT_NE(block, nullptr);
      block[0] = block[1] = reinterpret_cast<uint64_t>(block);
      auto *other = static_cast<uint64_t *>(mailboxes[random() % 256].exchange(block));
      if (!other)
        continue;
      ASSERT_EQ(other[0], reinterpret_cast<uint64_t>(other));
      ASSERT_EQ(other[1], other[0]);
      other[0] = other[1] = 0;
      heap->free(other);
    }
    heap->thread_exit();
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreadCount; ++i)
    threads.emplace_back(work, i);
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_EQ(check_message(*heap), "");
  for (std::atomic<void *> &mailbox : mailboxes)
    if (mailbox)
      heap->free(mailbox);
  EXPECT_EQ(heap->stats().block_count, 0u);
  EXPECT_LE(heap->stats().segment_bytes, 2 * kSegmentSize);
}

} // namespace perdure
