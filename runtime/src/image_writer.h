// SPDX-License-Identifier: Apache-2.0
//
// Applies a batch of epochs to the image file. Ranges are sorted by 64 KiB window (radix, stable),
// so that within a window the last value of each byte wins and every window is written at most
// once; memory is bounded by the number of ranges. Used by the checkpoint.
#pragma once

#include "epoch_payload.h"
#include "mapped_memory.h"
#include "persist.h"
#include <cstdint>
#include <span>
#include <vector>

namespace perdure {

class ImageWriter {
public:
  // LIMIT: bytes of address space the image may have.
  ImageWriter(StableFile &image, uint64_t limit) : image_(image), limit_(limit) {}

  // Adds an epoch, newer than those before. False if the payload is unsound: then the batch must
  // not be applied. PAYLOAD stays where it is until apply().
  bool add(std::span<const std::byte> payload);
  // Writes what was added; pending until the image is persisted.
  Status apply();

  // Past the last byte that the batches applied so far set to something.
  uint64_t high_water() const { return high_water_; }
  uint64_t bytes_written() const { return bytes_written_; }

private:
  struct Piece { // of a range, within one window; small, because millions are sorted
    uint64_t window : 24;
    uint64_t begin : 16; // in the window
    uint64_t last : 16;  // byte in it
    uint64_t fill : 1;
    const std::byte *data;
    uint64_t length() const { return last - begin + 1; }
  };
  static_assert(sizeof(Piece) == 16);
  void split(const ImageRange &range);
  void sort_pieces();
  Status write_window(std::span<const Piece> pieces);
  Status write_merged(uint64_t base, std::span<const Piece> pieces);
  Status fill_gaps(uint64_t base);
  Status write(uint64_t offset, std::span<const std::byte> bytes);
  Status zero(uint64_t offset, uint64_t size);
  Status flush_zeros();

  StableFile &image_;
  const uint64_t limit_;
  using Pieces = std::vector<Piece, MappedAllocator<Piece>>;
  Pieces pieces_;
  std::vector<std::byte> merged_; // one window
  std::vector<uint64_t> set_;     // which of its bytes the batch sets, a bit each
  uint64_t unsent_begin_ = 0;     // written since the last write_back(), from here on
  uint64_t unsent_ = 0;           // bytes of it
  uint64_t zero_begin_ = 0;       // zeros not yet written: [zero_begin_, zero_end_)
  uint64_t zero_end_ = 0;
  uint64_t high_water_ = 0;
  uint64_t bytes_written_ = 0;
};

} // namespace perdure
