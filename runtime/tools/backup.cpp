// SPDX-License-Identifier: Apache-2.0
//
// See backup.h. The copy is built like any new pool, as TO.new, and renamed when all of it is
// durable; how it comes to be consistent is in pool_copy.
#include "backup.h"
#include "interrupt.h"
#include "metadata_view.h"
#include "pool_check.h"
#include "pool_copy.h"
#include "pool_facts.h"
#include "reserve_in_use.h"
#include <chrono>
#include <filesystem>
#include <unistd.h>

namespace perdure {
namespace {

using Clock = std::chrono::steady_clock;

// A line that is written over and over, for people only.
class ProgressLine {
public:
  Status operator()(uint64_t done, uint64_t size) {
    if (interrupted())
      return Status::error("interrupted; nothing was written");
    const Clock::time_point now = Clock::now();
    if (!is_terminal_ || now < next_)
      return Status::ok();
    next_ = now + std::chrono::milliseconds(200);
    std::fprintf(stderr, "\r%3lu %% of %s", 100 * done / size, bytes_text(size).c_str());
    is_shown_ = true;
    return Status::ok();
  }
  ~ProgressLine() {
    if (is_shown_)
      std::fprintf(stderr, "\r\033[K");
  }

private:
  const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
  bool is_shown_ = false;
  Clock::time_point next_{};
};

Result<PoolOptions> options_of_copy(const BackupOptions &options, const Superblock &source) {
  std::string spec = options.to;
  for (const auto &[key, value] : {std::pair{",size=", options.size},
                                   {",log_size=", options.log_size},
                                   {",log=", options.log}})
    if (!value.empty())
      spec += key + value;
  auto parsed = parse_pool_options(spec);
  if (parsed && options.log_size.empty())
    parsed->log_size = source.log_capacity;
  return parsed;
}

// A copy has the space on disk that the source reserved, so that it can't run out of it either.
Status reserve(StableFile &image, const Superblock &superblock) {
  MetadataView metadata;
  if (Status status = metadata.map(image, superblock.image_bytes); !status)
    return status;
  return reserve_in_use(std::bind_front(&StableFile::reserve, &image), metadata.base(),
                        superblock.heap_limit);
}

Status copy(PoolCopy &source, const BackupOptions &options) {
  auto to = options_of_copy(options, source.source());
  if (!to)
    return to.status();
  ProgressLine progress;
  return create_pool(*to, [&](StableFile &image, Superblock &superblock) {
    superblock.heap_limit = to->size_given ? superblock.heap_limit : 0;
    const std::string directory = std::filesystem::path(image.path()).parent_path();
    Status status = source.run(image, superblock, directory, std::ref(progress));
    return status ? reserve(image, superblock) : status;
  });
}

void print(const CopyReport &report, const BackupOptions &options, double seconds) {
  PoolFacts facts;
  facts.add("pool", "copied", options.from);
  facts.add("copy", "to", options.to);
  facts.add_number("epoch", "state of epoch", report.epoch, std::to_string(report.epoch));
  facts.add_number("image_bytes", "image", report.copied_bytes, bytes_text(report.copied_bytes));
  facts.add_number("log_epochs", "from the log", report.epochs,
                   std::to_string(report.epochs) + " epochs, " + bytes_text(report.epoch_bytes));
  facts.add_number("starts", "started", report.starts,
                   std::to_string(report.starts) + (report.starts == 1 ? " time" : " times"));
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  facts.add_number("milliseconds", "took", static_cast<uint64_t>(seconds * 1000), text);
  facts.print(options.json);
}

} // namespace

Status backup(const BackupOptions &options) {
  if (options.restore)
    if (Status status = check_pool(options.from); !status)
      return status;
  catch_interrupts();
  const Clock::time_point begun = Clock::now();
  auto source = PoolCopy::open(options.from);
  if (!source)
    return source.status();
  if (Status status = copy(**source, options); !status)
    return status;
  // Also what the source itself has wrong is found now, and not when the copy is needed.
  if (Status status = check_pool(options.to); !status)
    return Status::error("the copy was made, but is not sound: " + status.message());
  print((*source)->report(), options, std::chrono::duration<double>(Clock::now() - begun).count());
  return Status::ok();
}

} // namespace perdure
