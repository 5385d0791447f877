// SPDX-License-Identifier: Apache-2.0
//
// See file_data.h.
#include "file_data.h"
#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace perdure {

std::optional<FileData> next_file_data(int fd, uint64_t offset, uint64_t size) {
  const off_t begin = lseek(fd, static_cast<off_t>(offset), SEEK_DATA);
  if (begin < 0)
    return errno == ENXIO ? std::optional<FileData>({size, size}) : std::nullopt;
  const off_t end = lseek(fd, begin, SEEK_HOLE);
  const uint64_t data = std::min(static_cast<uint64_t>(begin), size);
  return FileData{data, end < begin ? size : std::min(static_cast<uint64_t>(end), size)};
}

} // namespace perdure
