// SPDX-License-Identifier: Apache-2.0
//
// Where a sparse file has data: what a walk over it skips are holes, which read as zeros.
#pragma once

#include <cstdint>
#include <optional>

namespace perdure {

// Bytes [begin, end) of a file.
struct FileData {
  uint64_t begin, end;
};

// The first data of file FD at or after OFFSET, as far as SIZE; its begin is SIZE if only a hole is
// left. No value: the file system cannot tell, or FD is no open file.
std::optional<FileData> next_file_data(int fd, uint64_t offset, uint64_t size);

} // namespace perdure
