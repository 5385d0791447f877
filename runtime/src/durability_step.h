// SPDX-License-Identifier: Apache-2.0
//
// The steps that durability rests on, each with the reason recovery has for it. In the crash tests'
// build (PERDURE_MUTATIONS) one of them can be dropped, and the simulation must object
// (docs/crash_model.md has the list with the workload that does). In the library a step is just
// taken: nothing of this is compiled into it.
#pragma once

#include <cstdint>
#ifdef PERDURE_MUTATIONS
#include <chrono>
#include <thread>
#endif

namespace perdure {

enum class Step : uint32_t {
  kNone = 0, // always taken

  // --- Persistence domains: what their persist() means.
  // Lines must go past the cache before the fence, because a fence orders only what was flushed.
  kLinesStreamed,
  // The fence must complete before persist() returns.
  kFence,
  // Grown memory must be durable (blocks, size) before it is used, because a fence covers no
  // metadata.
  kMemoryGrown,
  // fdatasync must complete before persist() returns.
  kFileSynced,
  // Direct writes must be O_DSYNC, because persist() makes no other call.
  kWriteThrough,
  // A resize needs fdatasync as well, because O_DSYNC covers the bytes written, not the size.
  kFileGrown,

  // --- Creating a pool.
  // A new file's size must be durable before its pool's name, because a shorter one is refused.
  kFileCreated,
  // The log must be durable before the superblock, because recovery trusts what that points to.
  kFreshLog,
  // The superblock, both copies, must be durable before the pool's name: without one no opener
  // takes it.
  kFreshSuperblock,
  // A log in another directory must keep its name, because the pool has only a link to it.
  kForeignLogName,
  // Names in the pool must be durable before the pool's own, because an opener takes a directory
  // of that name for a whole pool.
  kNamesInPool,
  // The pool's name must be durable before creation returns, because epochs are acknowledged then.
  kPoolName,

  // --- Committing.
  // A run's number must be durable before its first record, because recovery refuses records of a
  // run that the superblock does not know.
  kRunBeforeRecords,
  // What a crash left of a record must be gone before another is laid over it, because words that
  // the two have in common could make it whole: an epoch that was never acknowledged, and that
  // the run in between did not show.
  kTornRecordGone,
  // A superblock goes over the older copy, because a torn one must leave the other whole.
  kOlderCopy,
  // An epoch's records must be durable before commit returns, because its updates are acknowledged
  // then, and the image may get them: recovery makes a part of them whole from the log.
  kEpochBeforeAcknowledgement,
  // Log space must be free before a record goes there, because recovery reads from log_start on.
  kSpaceIsFree,
  // What recovery replayed keeps its log space until a checkpoint, because it was not synced.
  kRecoveredLogKept,

  // --- Checkpoint.
  // The image must be durable before the horizon, because recovery replays only what lies after.
  kImageBeforeHorizon,
  // The horizon must be durable before log space is used again, because recovery starts there.
  kHorizonBeforeReuse,

  // --- A log that grows.
  // It must be drained first, because the new circle starts empty.
  kDrainedBeforeCircle,
  // The longer log must be durable before the superblock, because a shorter one is refused.
  kLogBeforeCircle,
  // The circle must be durable before its first record, because recovery reads the old one else.
  kCircleBeforeRecords,

  // --- Closing.
  // The mark must be durable when close returns: the pool then says that it was closed in order.
  kClosedInOrder,

  // --- Cuts and acknowledgement.
  // Open units must end before a cut, because an epoch holds whole units.
  kUnitsEndBeforeCut,
  // A unit that finds a cut under way backs out: the cutter may not have seen it.
  kUnitBacksOut,
  // The ticket advances before entries are taken: who finds nothing recorded waits for this cut.
  kTicketBeforeEntries,
  // Entries taken ahead of a cut count as pending: they are not durable yet.
  kEarlyIsPending,
  // What was noted since the copy ahead is taken at the cut, because its ticket stands for it.
  kEntriesAtCut,
  // A ticket is durable after its commit: outputs wait for it.
  kTicketAfterCommit,

  kCount
};

#ifdef PERDURE_MUTATIONS
inline namespace mutations { // its own names: objects with and without may be linked together
extern Step dropped_step;
inline bool takes(Step step) { return step != dropped_step || step == Step::kNone; }
// Where a dropped step leaves a race a few instructions wide: makes it wide enough to be met.
inline void pause_if_dropped(Step step) {
  if (!takes(step))
    std::this_thread::sleep_for(std::chrono::microseconds(200));
}
} // namespace mutations
#else
constexpr bool takes(Step) { return true; }
constexpr void pause_if_dropped(Step) {}
#endif

} // namespace perdure
