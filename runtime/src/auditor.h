// SPDX-License-Identifier: Apache-2.0
//
// The audit (PERDURE_AUDIT): a check of the port while the program runs, by the same binary.
//
// Missed stores. A shadow holds what image and log say: exactly the recorded ranges are copied to
// it, not the bytes around them that a cut may take along, and as early as the cut may copy them:
// when their entries are taken. A store after that which no entry follows can miss its epoch. At
// chosen cuts and at exit memory is compared with the shadow; a difference that lasts, in bytes
// that nothing recorded meanwhile, is a store without a hook.
//
// Dangling pointers. Recorded words whose value lies in volatile memory of this process, and that
// still hold it at a later comparison, will point nowhere after a restart.
#pragma once

#include "audit_options.h"
#include "audit_places.h"
#include "audit_report.h"
#include "audit_shadow.h"
#include "cut_observer.h"
#include "process_map.h"
#include <memory>
#include <mutex>
#include <unordered_map>

namespace perdure {

class Auditor final : public CutObserver {
public:
  // For a pool just mapped, before its first cut.
  static Result<std::unique_ptr<Auditor>> start(std::string_view spec, int image_fd,
                                                uint64_t image_bytes, uint64_t limit,
                                                const Heap &heap);

  void add_root(const perdure_root_info &root);
  void add_types(const perdure_module_info &module);

  // Write-protects what trap=... names.
  void start_traps() const;

  // [BLOCK, BLOCK + SIZE) was just allocated: what it holds is of no meaning to anybody.
  void allocated(const void *block, size_t size);
  // Around fork().
  void lock_for_fork() { mutex_.lock(); }
  void unlock_after_fork() { mutex_.unlock(); }

  void taken(const std::vector<uint64_t> &entries) override;
  void at_cut() override;
  void after_cut() override;

  // Before the last cut: a comparison that leaves nothing unconfirmed. TAKE_PENDING makes the
  // cutter take what is recorded.
  void at_exit(void (*take_pending)());
  // After the pool was closed: prints the sum, and ends the process if that was asked for.
  void finish();

private:
  Auditor(AuditOptions options, AuditReport report, std::unique_ptr<Shadow> shadow,
          const Heap &heap);
  struct MissedStore {
    ByteRange range;
    std::vector<std::byte> recorded, memory; // first bytes
  };
  struct PointerSuspect {
    uint64_t value;
    uint64_t since_ns;
  };

  void scan(uint64_t begin, uint64_t end);
  void compare(uint64_t now_ns);
  // Findings of the last comparison; pointers only if they are that old.
  void report(uint64_t now_ns, uint64_t pointer_age_ns);
  void report_store(const MissedStore &store, ByteRange part);
  std::vector<uint64_t> lasting_pointers(uint64_t now_ns, uint64_t age_ns);

  const AuditOptions options_;
  std::mutex mutex_; // what follows; taken after the cutter's lock
  AuditReport report_;
  std::unique_ptr<Shadow> shadow_;
  AuditPlaces places_;
  Suspects suspects_;
  std::vector<MissedStore> missed_; // confirmed, not yet printed; in blocks that still live
  ProcessMap map_;
  std::unordered_map<uint64_t, PointerSuspect> pointers_; // by offset of the word
  uint64_t cuts_ = 0, comparisons_ = 0;
  uint64_t next_comparison_ns_ = 0;
  uint64_t comparison_ns_ = 0; // how long mutators were stopped for the last one
  bool compared_ = false;      // at this cut
};

} // namespace perdure
