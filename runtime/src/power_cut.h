// SPDX-License-Identifier: Apache-2.0
//
// What a power cut at one moment may leave of a simulated store (persist_simulated.h has the
// definition): a list of atoms, each with the values it may have. Choosing one for each makes a
// crash image. A snapshot: the store may go on, any thread may make images.
#pragma once

#include "simulated_contents.h"
#include "simulated_names.h"
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace perdure {

class SimulatedStore;

class PowerCut {
public:
  // What is not durable: name operations, sizes, sectors or words, in a fixed order.
  size_t atoms() const { return atoms_.size(); }
  // The durable value of an atom has number 0, its newest this number.
  size_t newest(size_t atom) const { return atoms_[atom].newest; }

  // The store as found after the crash: atom I has value number CHOOSE(I).
  std::unique_ptr<SimulatedStore> leave(const std::function<size_t(size_t atom)> &choose) const;

private:
  friend class SimulatedStore;
  struct Atom {
    enum class Kind { kName, kSize, kBytes } kind;
    size_t of; // pending operation, or file
    size_t newest;
    uint64_t offset = 0;
    std::vector<std::byte> values = {};
  };
  struct File {
    SimulatedContents::Pages durable;
    std::vector<uint64_t> sizes;
  };

  bool memory_ = false; // the store's medium
  uint32_t atom_ = 0;   // bytes
  SimulatedNames names_;
  std::map<size_t, File> files_;
  std::vector<Atom> atoms_;
};

} // namespace perdure
