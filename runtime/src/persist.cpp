// SPDX-License-Identifier: Apache-2.0
//
// What the persistence domains share; see persist.h.
#include "persist.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/resource.h>
#include <vector>

namespace perdure {

const char *domain_name(Domain domain) {
  switch (domain) {
  case Domain::kInvalid:
    break;
  case Domain::kDirectFile:
    return "file (O_DIRECT, O_DSYNC)";
  case Domain::kBufferedFile:
    return "file (page cache, fdatasync)";
  case Domain::kPmem:
    return "persistent memory";
  case Domain::kEmulatedPmem:
    return "emulated persistent memory";
  }
  return "unknown";
}

static const char *advice(int error) {
  switch (error) {
  case ENOSPC:
  case EDQUOT:
    return "; free some space there and try again";
  case EACCES:
  case EPERM:
  case EROFS:
    return "; check its permissions and its mount";
  case ENOENT:
    return "; check the path";
  case EIO:
    return "; check the device's health in the kernel log";
  case EFBIG:
    return "; raise the limit on file sizes (ulimit -f)";
  case EMFILE:
  case ENFILE:
    return "; raise the limit on open files (ulimit -n)";
  case ENOMEM:
    return "; free memory, or raise the limit on address space (ulimit -v)";
  case EAGAIN: // a thread's
    return "; free memory, or raise the limits on processes (ulimit -u) and address space (ulimit "
           "-v)";
  default:
    return "";
  }
}

Status system_error(const char *verb, const std::string &path, int error) {
  return Status::error(std::string("cannot ") + verb + " " + path + ": " + std::strerror(error) +
                       advice(error));
}

bool exceeds_file_limit(uint64_t size) {
  rlimit limit;
  return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
         size > limit.rlim_cur;
}

Status StableFile::io_error(const char *verb, int error) const {
  return system_error(verb, path_, error);
}

Status persist(Step step, StableFile &file) { return takes(step) ? file.persist() : Status::ok(); }

Status write_zeros(StableFile &file, uint64_t offset, uint64_t size, Step step) {
  const std::vector<std::byte> zeros(std::min<uint64_t>(size, 1 << 20));
  for (uint64_t done = 0; done < size;) {
    const uint64_t part = std::min<uint64_t>(zeros.size(), size - done);
    if (Status status = file.write(offset + done, {zeros.data(), part}); !status)
      return status;
    done += part;
  }
  return persist(step, file);
}

} // namespace perdure
