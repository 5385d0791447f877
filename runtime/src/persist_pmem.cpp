// SPDX-License-Identifier: Apache-2.0
//
// Persistent memory by libpmem, which decides whether a mapping really is persistent (DAX) and
// drains as the platform needs; on a page cache this domain is used only as emulation.
#include "persist_pmem_file.h"
#include <fcntl.h>
#include <libpmem.h>
#include <unistd.h>
#include <utility>

namespace perdure {
namespace {

class LibpmemMemory {
public:
  LibpmemMemory(void *base, uint64_t size, bool emulated)
      : base_(static_cast<std::byte *>(base)), size_(size), emulated_(emulated) {}
  LibpmemMemory(LibpmemMemory &&other)
      : base_(std::exchange(other.base_, nullptr)), size_(other.size_), emulated_(other.emulated_) {
  }
  ~LibpmemMemory() {
    if (base_)
      pmem_unmap(base_, size_);
  }

  std::byte *base() const { return base_; }
  uint64_t size() const { return size_; }
  Domain domain() const { return emulated_ ? Domain::kEmulatedPmem : Domain::kPmem; }

  void stream(std::byte *to, const std::byte *from, uint64_t size) {
    pmem_memcpy(to, from, size, PMEM_F_MEM_NONTEMPORAL | PMEM_F_MEM_NODRAIN);
  }
  void stream_zeros(std::byte *to, uint64_t size) {
    pmem_memset(to, 0, size, PMEM_F_MEM_NONTEMPORAL | PMEM_F_MEM_NODRAIN);
  }
  void fence() { pmem_drain(); }

  // Blocks first: a store to a hole on a full device would be a SIGBUS, not an error.
  int extend(const std::string &path, uint64_t size) {
    if (exceeds_file_limit(size))
      return EFBIG;
    return with_file(path,
                     [&](int fd) { return posix_fallocate(fd, 0, static_cast<off_t>(size)); });
  }
  int sync_size(const std::string &path) {
    return with_file(path, [](int fd) { return fsync(fd) == 0 ? 0 : errno; });
  }
  int map_again(const std::string &path) {
    size_t mapped = 0;
    void *base = pmem_map_file(path.c_str(), 0, 0, 0, &mapped, nullptr);
    if (!base)
      return errno;
    pmem_unmap(base_, size_);
    base_ = static_cast<std::byte *>(base);
    size_ = mapped;
    return 0;
  }

private:
  template <typename Use> static int with_file(const std::string &path, Use use) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0)
      return errno;
    const int error = use(fd);
    ::close(fd);
    return error;
  }

  std::byte *base_;
  uint64_t size_;
  bool emulated_;
};

} // namespace

Result<std::unique_ptr<StableFile>> open_libpmem(const std::string &path, bool emulate) {
  size_t mapped = 0;
  int is_pmem = 0;
  void *base = pmem_map_file(path.c_str(), 0, 0, 0, &mapped, &is_pmem);
  if (!base)
    return emulate ? Result<std::unique_ptr<StableFile>>(system_error("map", path, errno))
                   : std::unique_ptr<StableFile>();
  LibpmemMemory memory(base, mapped, !is_pmem);
  if (!is_pmem && !emulate)
    return std::unique_ptr<StableFile>();
  return std::unique_ptr<StableFile>(new PmemFile<LibpmemMemory>(path, std::move(memory)));
}

} // namespace perdure
