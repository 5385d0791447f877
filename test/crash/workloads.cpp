// SPDX-License-Identifier: Apache-2.0
//
// The workloads' list, and those that commit lines of bytes: what differs is when they checkpoint,
// close and open again, how large their epochs are, and where they write.
#include "heap_layout.h"
#include "workload.h"

namespace perdure::crash {

PoolOptions Workload::options() const {
  PoolOptions options;
  options.path = "pool";
  options.log_size = 8 << 10;
  return options;
}

Result<std::unique_ptr<LedgeredImage>> open_image(const PoolOptions &options, Ledger &ledger,
                                                  bool background) {
  if (pool_is_missing(options.path))
    if (Status status = create_pool(options); !status)
      return status;
  ledger.pool_created();
  ledger.pool_closed(false);
  auto pool = open_pool(options);
  if (!pool)
    return pool.status();
  auto image = PooledImage::start(std::move(*pool), background);
  if (!image)
    return image.status();
  return std::make_unique<LedgeredImage>(std::move(*image), ledger);
}

namespace {

struct Manner {
  uint64_t log_size = 8 << 10;
  int runs = 1;
  int epochs = 8;         // per run
  int lines_max = 6;      // per epoch
  uint64_t stride = 5000; // from line to line
  uint64_t lines = 40;
  int checkpoint_in = 0; // after one epoch of so many; 0: none but what a full log needs
  int big_in = 0;        // one epoch of so many is larger than the log
  bool close = false;    // between runs
  bool background = false;
  bool log_elsewhere = false;
};

class Lines final : public Workload {
public:
  Lines(const Manner &manner, uint64_t seed) : manner_(manner), random_(seed) {}

  PoolOptions options() const override {
    PoolOptions options = Workload::options();
    options.log_size = manner_.log_size;
    if (manner_.log_elsewhere)
      options.log_path = "/elsewhere/log";
    return options;
  }

  void prepare() override {
    if (!manner_.log_elsewhere)
      return;
    file_system().make_directory("/elsewhere");
    file_system().sync_directory("/");
  }

  Status run(Ledger &ledger, const std::function<bool()> &stop) override {
    for (int run = 0; run < manner_.runs && !stop(); ++run) {
      auto image = open_image(options(), ledger, manner_.background);
      if (!image)
        return image.status();
      for (int i = 0; i < manner_.epochs && !stop(); ++i)
        if (Status status = step(**image); !status)
          return status;
      if (!manner_.close)
        continue;
      if (Status status = (*image)->close(); !status)
        return status;
      ledger.pool_closed(true);
    }
    return Status::ok();
  }

private:
  bool one_in(int many) { return many != 0 && random_() % static_cast<uint64_t>(many) == 0; }

  Status step(LedgeredImage &image) {
    EpochRecord record(image.last_epoch() + 1);
    const uint64_t count = 1 + random_() % static_cast<uint64_t>(manner_.lines_max);
    for (uint64_t i = 0; i < count; ++i)
      add_line(record, random_() % manner_.lines * manner_.stride);
    if (one_in(manner_.big_in))
      for (uint64_t i = 0; i < 2 * manner_.log_size / 64; ++i)
        add_line(record, kRootsOffset + i * 64);
    if (Status status = image.commit(std::move(record)); !status)
      return status;
    return one_in(manner_.checkpoint_in) ? image.pooled().checkpoint_now() : Status::ok();
  }

  // 64 random bytes, or a run of one byte, zeros among them.
  void add_line(EpochRecord &record, uint64_t offset) {
    uint64_t line[8];
    const uint64_t fill = random_() % 4 * 0x0101010101010101;
    const bool random = random_() % 3 != 0;
    for (uint64_t &word : line)
      word = random ? random_() : fill;
    record.add(offset, line, sizeof line);
  }

  const Manner manner_;
  std::mt19937_64 random_;
};

template <Manner kManner> std::unique_ptr<Workload> make_lines(Medium, uint64_t seed) {
  return std::make_unique<Lines>(kManner, seed);
}

} // namespace

const std::vector<WorkloadInfo> &workloads() {
  static const std::vector<WorkloadInfo> all = {
      {"create", "a pool is created, used a little and closed", true, false, 4096,
       make_lines<Manner{.log_size = 4 << 10, .epochs = 2, .lines_max = 2, .close = true}>},
      {"elsewhere", "the same with the log in another directory", true, false, 4096,
       make_lines<Manner{.log_size = 4 << 10,
                         .epochs = 2,
                         .lines_max = 2,
                         .close = true,
                         .log_elsewhere = true}>},
      {"small", "epochs of one line, so that every image is tried", false, false, 4096,
       make_lines<Manner{
           .log_size = 4 << 10, .runs = 2, .epochs = 6, .lines_max = 1, .checkpoint_in = 3}>},
      {"grow", "the image grows with nearly every epoch", false, false, 64,
       make_lines<Manner{.stride = kSegmentSize / 2 + 4096, .checkpoint_in = 3}>},
      {"torn", "crashes in a recovery after an append was cut short", false, false, 64,
       make_lines<Manner{.log_size = 4 << 10, .epochs = 1, .lines_max = 1}>, true},
      {"wrap", "the log goes round several times", false, false, 64,
       make_lines<Manner{.epochs = 60, .lines_max = 20}>},
      {"big", "epochs larger than the log make it grow", false, false, 64,
       make_lines<Manner{.log_size = 4 << 10, .epochs = 7, .checkpoint_in = 4, .big_in = 3}>},
      {"reopen", "runs that end with and without closing follow each other", false, false, 64,
       make_lines<Manner{.runs = 5, .epochs = 3, .checkpoint_in = 3, .close = true}>},
      {"killed", "runs that are never closed: tails are cut off and written anew", false, false, 64,
       make_lines<Manner{.runs = 9, .epochs = 3, .lines_max = 12}>},
      {"heap", "a heap's blocks, large ones too, come and go", false, false, 64, make_heap},
      {"checkpoint", "the checkpoint thread works while epochs are committed", false, true, 16,
       make_lines<Manner{.epochs = 80, .lines_max = 20, .background = true}>},
      {"lanes", "threads with units, cuts, and the checkpoint thread", false, true, 16, make_lanes},
  };
  return all;
}

} // namespace perdure::crash
