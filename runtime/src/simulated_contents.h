// SPDX-License-Identifier: Apache-2.0
//
// The bytes of one simulated file: what a running process sees (a file in memory, so that it can be
// mapped), what is durable, and for every atom that is not, the values it had since it was. What
// these mean is said once, in persist_simulated.h. Not thread-safe: the store's mutex guards it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <thread>
#include <vector>

namespace perdure {

class SimulatedContents {
public:
  static constexpr uint64_t kPage = 4096;
  using Page = std::array<std::byte, kPage>;
  using Pages = std::map<uint64_t, std::shared_ptr<const Page>>; // by number; others are zero

  // Values of an atom, oldest first, without the durable one.
  struct Dirty {
    std::vector<std::byte> values;
    size_t flushed = 0; // how many up to the last one on its way to the medium...
    std::thread::id by; // ... which a fence of this thread makes durable
  };

  // ATOM: bytes written all or not at all, a power of two up to 512.
  SimulatedContents(uint32_t atom, Pages durable, uint64_t size);
  ~SimulatedContents();
  SimulatedContents(const SimulatedContents &) = delete;
  SimulatedContents &operator=(const SimulatedContents &) = delete;

  int fd() const { return fd_; }
  uint64_t size() const { return sizes_.back(); }

  // What a process sees has changed, there or somewhere.
  void changed(uint64_t offset, uint64_t size);
  void changed_somewhere();
  int resize(uint64_t size); // -1 and errno

  // The atoms' present values are on their way; a fence of the same thread makes them durable.
  void flush(uint64_t offset, uint64_t size);
  void fence();
  // What a process sees is durable: of these bytes, of the whole file with its size, or
  // only the size.
  void settle(uint64_t offset, uint64_t size);
  void settle();
  void settle_size();

  uint32_t atom() const { return atom_; }
  const Pages &durable() const { return durable_; }
  const std::map<uint64_t, Dirty> &dirty() const { return dirty_; } // by offset
  const std::vector<uint64_t> &sizes() const { return sizes_; }     // the durable one and since

private:
  void known_page(uint64_t number, Page &page) const;
  void compare_page(uint64_t number, uint64_t begin, uint64_t end);
  void make_durable(uint64_t offset, const std::byte *value);

  const uint32_t atom_;
  int fd_; // what a process sees
  Pages durable_;
  std::map<uint64_t, Dirty> dirty_;
  std::vector<uint64_t> sizes_;
};

// Writes BYTES at OFFSET of PAGES, with a copy of each page they share with others.
void patch_pages(SimulatedContents::Pages &pages, uint64_t offset, const std::byte *bytes,
                 uint64_t size);

} // namespace perdure
