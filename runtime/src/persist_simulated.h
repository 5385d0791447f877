// SPDX-License-Identifier: Apache-2.0
//
// The simulated persistence domain: files in memory that remember which writes are not yet durable.
// A crash image keeps what was persisted and any subset of the pending atoms that a callback
// chooses; a hook runs at every persist point, before it takes effect. See persist.h for the
// semantics.
#pragma once

#include "persist.h"
#include <functional>
#include <vector>

namespace perdure {

class SimulatedFile;

// Files that share one power supply.
class SimulatedStore {
public:
  // ATOM: bytes written all or not at all (512 for a disk, 8 for persistent memory).
  SimulatedStore(uint32_t atom, uint32_t write_alignment)
      : atom_(atom), write_alignment_(write_alignment) {}

  std::unique_ptr<StableFile> open(const std::string &name);

  // Called before each persist() of any file takes effect, with its number.
  std::function<void(uint64_t persist_point)> on_persist;

  size_t pending_atoms() const;
  // What is found after a power cut now: pending atom number I is there if KEEP(I).
  std::unique_ptr<SimulatedStore> crash(const std::function<bool(size_t)> &keep) const;
  // From now on every write and persist fails with an I/O error.
  void break_device() { broken_ = true; }

private:
  friend class SimulatedFile;
  struct Write {
    uint64_t offset;
    std::vector<std::byte> bytes; // one atom at most
  };
  struct Contents {
    std::string name;
    std::vector<std::byte> visible; // as a running process sees it
    std::vector<std::byte> durable;
    std::vector<Write> pending;
  };
  uint32_t atom_;
  uint32_t write_alignment_;
  bool broken_ = false;
  uint64_t persist_points_ = 0;
  std::vector<std::unique_ptr<Contents>> files_;
};

} // namespace perdure
