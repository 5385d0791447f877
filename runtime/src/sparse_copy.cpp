// SPDX-License-Identifier: Apache-2.0
//
// See sparse_copy.h.
#include "sparse_copy.h"
#include "file_data.h"
#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <vector>

namespace perdure {
namespace {

constexpr uint64_t kStep = 8 << 20; // bytes between two looks at the progress

// True if the kernel copied all of it.
bool copy_in_kernel(int from, int to, uint64_t offset, uint64_t size) {
  auto in = static_cast<off_t>(offset), out = in;
  while (size != 0) {
    const ssize_t copied = copy_file_range(from, &in, to, &out, size, 0);
    if (copied < 0 && errno == EINTR)
      continue;
    if (copied <= 0)
      return false;
    size -= static_cast<uint64_t>(copied);
  }
  return true;
}

Status copy_through(std::vector<std::byte> &buffer, const StableFile &from, StableFile &to,
                    uint64_t offset, uint64_t size) {
  buffer.resize(1 << 20);
  while (size != 0) {
    const std::span part(buffer.data(), std::min<uint64_t>(buffer.size(), size));
    if (Status status = from.read(offset, part); !status)
      return status;
    if (Status status = to.write(offset, part); !status)
      return status;
    offset += part.size();
    size -= part.size();
  }
  return Status::ok();
}

} // namespace

Result<uint64_t> sparse_copy(const StableFile &from, StableFile &to, uint64_t size,
                             const CopyProgress &progress) {
  std::vector<std::byte> buffer;
  uint64_t copied = 0;
  for (uint64_t at = 0; at < size;) {
    // Where the file system cannot tell, all is data.
    FileData data = next_file_data(from.fd(), at, size).value_or(FileData{at, size});
    data.end = std::min(data.end, data.begin + kStep);
    const uint64_t bytes = data.end - data.begin;
    // What the kernel refuses (another file system) or fails to do, system calls do or explain.
    if (bytes != 0 && !copy_in_kernel(from.fd(), to.fd(), data.begin, bytes))
      if (Status status = copy_through(buffer, from, to, data.begin, bytes); !status)
        return status;
    copied += bytes;
    at = data.end;
    if (Status status = progress ? progress(at, size) : Status::ok(); !status)
      return status;
  }
  return copied;
}

} // namespace perdure
