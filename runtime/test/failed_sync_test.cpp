// SPDX-License-Identifier: Apache-2.0
//
// A failed sync as Linux has it: what was written stays readable until the power goes, counts as
// clean, and no later sync writes it. A pool that is opened again on such files must not build on
// what only the page cache has.
#include "simulated_pool.h"
#include <algorithm>
#include <map>

namespace perdure {
namespace {

struct Cached {
  std::vector<std::byte> visible, durable;
  std::vector<std::pair<uint64_t, uint64_t>> dirty; // offset, size
  bool sync_fails = false;

  void power_cut() {
    visible = durable;
    dirty.clear();
  }
};

class CachedFile final : public StableFile {
public:
  CachedFile(std::string name, Cached &contents) : StableFile(std::move(name)), it_(contents) {}

  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    for (auto part : {head, body}) {
      if (it_.visible.size() < offset + part.size())
        it_.visible.resize(offset + part.size());
      std::ranges::copy(part, it_.visible.begin() + static_cast<ptrdiff_t>(offset));
      it_.dirty.emplace_back(offset, part.size());
      offset += part.size();
    }
    return Status::ok();
  }
  Status persist() override {
    auto dirty = std::exchange(it_.dirty, {});
    if (it_.sync_fails)
      return io_error("sync", EIO);
    it_.durable.resize(it_.visible.size());
    for (auto [offset, size] : dirty)
      std::copy_n(it_.visible.begin() + static_cast<ptrdiff_t>(offset), size,
                  it_.durable.begin() + static_cast<ptrdiff_t>(offset));
    return Status::ok();
  }
  Status read(uint64_t offset, std::span<std::byte> into) const override {
    for (std::byte &byte : into) {
      byte = offset < it_.visible.size() ? it_.visible[offset] : std::byte{0};
      ++offset;
    }
    return Status::ok();
  }
  uint64_t size() const override { return it_.visible.size(); }
  Status resize(uint64_t size) override {
    it_.visible.resize(size);
    return Status::ok();
  }
  Status reserve(uint64_t, uint64_t) override { return Status::ok(); }
  Status zero(uint64_t offset, uint64_t size) override {
    const uint64_t end = std::min(offset + size, this->size());
    return offset < end ? write(offset, std::vector<std::byte>(end - offset), {}) : Status::ok();
  }
  uint32_t write_alignment() const override { return 64; }
  Domain domain() const override { return Domain::kBufferedFile; }

private:
  Cached &it_;
};

class FailedSync : public testing::Test {
protected:
  Pool files() {
    Pool pool;
    pool.path = "cached";
    pool.superblock_file = std::make_unique<CachedFile>("superblock", contents_["superblock"]);
    pool.image = std::make_unique<CachedFile>("image", contents_["image"]);
    pool.log = std::make_unique<CachedFile>("log", contents_["log"]);
    return pool;
  }
  std::unique_ptr<PooledImage> create() {
    Pool pool = files();
    PoolOptions options;
    options.log_size = 64 << 10;
    pool.superblock = fresh_superblock(options);
    EXPECT_TRUE(format_pool(pool).is_ok());
    return started(std::move(pool));
  }
  std::unique_ptr<PooledImage> reopen() {
    Pool pool = files();
    auto superblock = load_superblock(*pool.superblock_file);
    EXPECT_TRUE(superblock.is_ok());
    pool.superblock = *superblock;
    return started(std::move(pool));
  }
  void power_cut() {
    for (auto &[name, contents] : contents_)
      contents.power_cut();
  }
  std::map<std::string, Cached> contents_;
};

TEST_F(FailedSync, OfTheLogLeavesNoGapUnderWhatALaterRunAcknowledges) {
  auto image = create();
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  contents_["log"].sync_fails = true;
  ASSERT_FALSE(image->commit(record_of(2, 3, "two")).is_ok());
  contents_["log"].sync_fails = false;
  image = reopen(); // no power cut: the page cache still shows the second epoch
  ASSERT_EQ(image->last_epoch(), 2u);
  ASSERT_TRUE(image->commit(record_of(3, 6, "three")).is_ok());
  power_cut();
  image = reopen();
  EXPECT_EQ(image->last_epoch(), 3u);
  EXPECT_EQ(image_bytes_at(CachedFile("image", contents_["image"]), 0, 11), "onetwothree");
}

// Copies are written alternately: over the only durable one nothing may be written while the other
// is only in the cache.
TEST_F(FailedSync, OfTheSuperblockIsMadeGoodBeforeTheOtherCopyIsWritten) {
  auto image = create();
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  contents_["superblock"].sync_fails = true;
  ASSERT_FALSE(image->checkpoint_now().is_ok());
  contents_["superblock"].sync_fails = false;
  Superblock cached = *load_superblock(CachedFile("superblock", contents_["superblock"]));
  image = reopen();
  power_cut();
  const uint64_t at = cached.generation % kSuperblockCopies * kSuperblockSize;
  EXPECT_EQ(std::memcmp(&contents_["superblock"].durable[at], &cached, sizeof cached), 0);
  EXPECT_EQ(reopen()->last_epoch(), 1u);
}

TEST_F(FailedSync, OfTheImageIsRepairedFromTheLog) {
  auto image = create();
  ASSERT_TRUE(image->commit(record_of(1, 0, "one")).is_ok());
  contents_["image"].sync_fails = true;
  ASSERT_FALSE(image->checkpoint_now().is_ok());
  contents_["image"].sync_fails = false;
  image = reopen();
  ASSERT_TRUE(image->checkpoint_now().is_ok());
  power_cut();
  image = reopen();
  EXPECT_EQ(image->recovery().epochs, 0u);
  EXPECT_EQ(image_bytes_at(CachedFile("image", contents_["image"]), 0, 3), "one");
}

} // namespace
} // namespace perdure
