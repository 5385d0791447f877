// SPDX-License-Identifier: Apache-2.0
//
// The pool directory: its files, its superblock, its creation. What the files hold is in
// pool_format.h and log_format.h. A pool appears as a whole (it is built as a sibling directory and
// renamed), and an existing one is opened without changing a byte of it.
#pragma once

#include "log_writer.h"
#include "persist.h"
#include "pool_format.h"
#include "pool_lock.h"
#include "pool_options.h"
#include "status.h"
#include <functional>
#include <memory>

namespace perdure {

// An opened pool. In crash tests the files are simulated and there is no lock.
struct Pool {
  std::string path;
  std::unique_ptr<PoolLock> lock;
  std::unique_ptr<StableFile> superblock_file;
  std::unique_ptr<StableFile> image;
  std::unique_ptr<StableFile> log;
  Superblock superblock{};

  LogGeometry log_geometry() const;
  LogPosition log_start() const;
};

// The newer sound copy. Errors name what is wrong with the better one of two unsound copies.
Result<Superblock> load_superblock(const StableFile &file);
// The same of a file that another process may be writing: not older than what was durable when the
// call was made.
Result<Superblock> load_settled_superblock(const StableFile &file);
bool superblock_copy_is_sound(const StableFile &file, uint64_t copy);
// Whether a run can still count on: generation, run, epochs, records. PATH names the file.
Status check_numbers(const Superblock &superblock, const std::string &path);
// Gives SUPERBLOCK the next generation and makes it durable, for STEP, in the copy that is not the
// newest.
Status store_superblock(StableFile &file, Superblock &superblock, Step step = Step::kNone);
// Both copies of a new pool's, each with a generation of its own, in one write: there is no older
// one to keep whole. Both, because one damaged sector must not cost a fresh pool.
Status store_fresh_superblock(StableFile &file, Superblock &superblock);
// Writes the copy of GENERATION again as it is read, and makes it durable.
Status rewrite_superblock(StableFile &file, uint64_t generation);

// Alignment of records in LOG: what its domain writes at once; in the page cache a sector, so that
// appending never rewrites one that holds an acknowledged record.
uint32_t natural_log_alignment(const StableFile &log);

// Bytes from base to the heap's end that OPTIONS ask for: whole segments.
uint64_t heap_end(const PoolOptions &options);
Superblock fresh_superblock(const PoolOptions &options);
// Writes a new pool's log and superblock; they and the image are durable on return. REQUIRES: the
// image is that of the superblock's horizon.
Status format_pool(Pool &pool);
// Checks the files against each other: image as long as the superblock says, log this pool's.
Status validate_pool(const Pool &pool);

// Errors: exists already, parent directory missing or not writable, disk full (all cleaned up).
// FILL, if there is one, gives the pool its first image, and says in its superblock what it is.
using ImageSource = std::function<Status(StableFile &image, Superblock &superblock)>;
Status create_pool(const PoolOptions &options, const ImageSource &fill = nullptr);
// The creator may have been killed before the name of a pool that was never run is durable. Before
// anything in it is acknowledged, because a power cut would take the whole pool.
Status make_name_durable(const Pool &pool);
// Errors: missing, in use, other version or architecture, damaged, truncated, log not found.
Result<Pool> open_pool(const PoolOptions &options);
// As open_pool, but takes no lock and opens the files read-only.
Result<Pool> inspect_pool(const std::string &path);
// True if PATH holds nothing yet: missing, or an empty directory.
bool pool_is_missing(const std::string &path);

} // namespace perdure
