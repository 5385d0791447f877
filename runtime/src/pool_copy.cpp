// SPDX-License-Identifier: Apache-2.0
//
// See pool_copy.h. One thread follows the log, so that a slow copy does not keep it from reading;
// the caller's copies the image.
#include "pool_copy.h"
#include "heap_layout.h"
#include "recovery.h"
#include <algorithm>
#include <chrono>
#include <thread>

namespace perdure {

using Found = LogFollower::Found;

static constexpr unsigned kStartsMax = 10;
static constexpr std::chrono::microseconds kPoll{500}; // at the log's end; a lap takes longer

// How the running process writes FILE decides how to read it: past the page cache, where our pages
// could be in its way, or through it, where it has a mapping (or there is no other way).
static Status reopen(std::unique_ptr<StableFile> &file, uint32_t domain) {
  if (static_cast<Domain>(domain) != Domain::kDirectFile)
    return Status::ok();
  auto direct = open_direct_reader(file->path());
  if (!direct)
    return direct.status();
  file = std::move(*direct);
  return Status::ok();
}

Result<std::unique_ptr<PoolCopy>> PoolCopy::open(const std::string &path) {
  auto pool = inspect_pool(path);
  if (!pool)
    return pool.status();
  Status status = reopen(pool->log, pool->superblock.log_domain);
  // The superblock is always written past the page cache, where the file system can.
  if (status)
    status = reopen(pool->superblock_file, static_cast<uint32_t>(Domain::kDirectFile));
  if (!status)
    return status;
  return std::unique_ptr<PoolCopy>(new PoolCopy(std::move(*pool)));
}

PoolCopy::Outcome PoolCopy::fail(Status status) {
  status_ = std::move(status);
  return Outcome::kFailed;
}

Status PoolCopy::run(StableFile &image, Superblock &superblock, const std::string &spool_directory,
                     const CopyProgress &progress) {
  auto spool = EpochSpool::open(spool_directory, kSlotSize);
  if (!spool)
    return spool.status();
  spool_ = std::move(*spool);
  Outcome outcome = Outcome::kLapped;
  while (outcome == Outcome::kLapped && report_.starts < kStartsMax)
    outcome = attempt(image, superblock, progress);
  if (outcome == Outcome::kLapped)
    return Status::error(
        source_.path + ": its log was overwritten faster than it could be read, " +
        std::to_string(kStartsMax) +
        " times; try again when the program writes less, or give the pool a larger log");
  return status_;
}

PoolCopy::Outcome PoolCopy::attempt(StableFile &image, Superblock &superblock,
                                    const CopyProgress &progress) {
  report_.starts++;
  spool_->clear();
  auto from = load_settled_superblock(*source_.superblock_file);
  if (!from)
    return fail(from.status());
  from_ = *from;
  if (Status status = image.resize(0); !status) // of an earlier attempt
    return fail(status);
  if (Status status = image.resize(from_.image_bytes); !status)
    return fail(status);
  LogFollower follower(*source_.superblock_file, *source_.log, from_);
  if (Outcome outcome = copy_and_follow(follower, image, progress); outcome != Outcome::kDone)
    return outcome;
  if (Outcome outcome = finish_log(follower); outcome != Outcome::kDone)
    return outcome;
  report_.epoch = follower.epoch();
  report_.epochs = spool_->epochs();
  report_.epoch_bytes = spool_->bytes();
  Status status = apply_epochs(image, superblock);
  return status ? Outcome::kDone : fail(status);
}

Status PoolCopy::apply_epochs(StableFile &image, Superblock &superblock) {
  // A run that began meanwhile may have raised these.
  auto now = load_settled_superblock(*source_.superblock_file);
  if (!now)
    return now.status();
  const uint64_t high_water = std::max(from_.image_bytes, spool_->high_water());
  if (high_water > now->heap_limit)
    return Status::error(source_.log->path() + " writes past the pool's limit; restore the pool "
                                               "from a backup");
  superblock.version = now->version;
  superblock.heap_limit = std::max(superblock.heap_limit, now->heap_limit);
  superblock.image_bytes = image_file_bytes(high_water, superblock.heap_limit);
  superblock.horizon_epoch = report_.epoch;
  superblock.flags |= kSuperblockClean;
  if (Status status = image.resize(superblock.image_bytes); !status)
    return status;
  return spool_->apply_to(image);
}

PoolCopy::Outcome PoolCopy::copy_and_follow(LogFollower &follower, StableFile &image,
                                            const CopyProgress &progress) {
  copied_ = false;
  followed_ = Outcome::kDone;
  std::thread following([&] { follow(follower); });
  // What lies past the superblock's image_bytes was written after its horizon: the log has it.
  auto copied = sparse_copy(*source_.image, image, from_.image_bytes,
                            [&](uint64_t done, uint64_t size) -> Status {
                              if (followed_ != Outcome::kDone) // no use to go on
                                return Status::error("lapped");
                              return progress ? progress(done, size) : Status::ok();
                            });
  copied_ = true;
  following.join();
  if (followed_ != Outcome::kDone)
    return followed_;
  if (!copied)
    return fail(copied.status());
  report_.copied_bytes = *copied;
  return Outcome::kDone;
}

void PoolCopy::follow(LogFollower &follower) {
  Outcome outcome = Outcome::kDone;
  while (!copied_ && outcome == Outcome::kDone) {
    std::span<const std::byte> payload;
    const Found found = follower.next(payload);
    if (found == Found::kEnd)
      std::this_thread::sleep_for(kPoll);
    else
      outcome = take(found, follower, payload);
  }
  followed_ = outcome;
}

// Reads on to the log's end as it is now, after the image was copied. A program that appends faster
// than we read never lets us see an end; but what was sealed by now is behind us after one lap.
PoolCopy::Outcome PoolCopy::finish_log(LogFollower &follower) {
  const uint64_t lap = spool_->bytes() + follower.capacity();
  std::span<const std::byte> payload;
  Found found = Found::kEpoch;
  while (found == Found::kEpoch && spool_->bytes() < lap) {
    found = follower.next(payload);
    if (found != Found::kEnd)
      if (Outcome outcome = take(found, follower, payload); outcome != Outcome::kDone)
        return outcome;
  }
  if (found != Found::kEnd)
    return Outcome::kDone;
  found = follower.confirm_end(payload);
  // Lapped only now: what was sealed when the image had been copied has all been read.
  return found == Found::kEnd || found == Found::kLapped ? Outcome::kDone
                                                         : take(found, follower, payload);
}

PoolCopy::Outcome PoolCopy::take(Found found, const LogFollower &follower,
                                 std::span<const std::byte> payload) {
  if (found == Found::kLapped)
    return Outcome::kLapped;
  if (found == Found::kFailed)
    return fail(follower.status());
  Status status = spool_->append(payload);
  return status ? Outcome::kDone : fail(status);
}

} // namespace perdure
