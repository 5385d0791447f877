// SPDX-License-Identifier: Apache-2.0
//
// The persistent-memory domain: the file is mapped with libpmem and written with non-temporal
// stores; persist() is one store fence. libpmem decides whether the mapping really is persistent
// (DAX) and drains as the platform needs; on a page cache this domain is used only as emulation.
#include "check.h"
#include "persist.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <libpmem.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr uint64_t kLine = 64;    // bytes of a cache line
constexpr uint64_t kSmall = 4096; // bytes put together on the stack before they are streamed

class PmemFile final : public StableFile {
public:
  PmemFile(std::string path, void *base, uint64_t size, bool emulated)
      : StableFile(std::move(path)), base_(static_cast<std::byte *>(base)), size_(size),
        emulated_(emulated) {}
  ~PmemFile() override {
    if (base_)
      pmem_unmap(base_, size_);
  }

  // Whole lines only: a partly written line would be read from memory first, and libpmem would
  // flush instead of stream its ends.
  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    const uint64_t total = head.size() + body.size();
    const uint64_t padded = (total + kLine - 1) / kLine * kLine;
    PERDURE_CHECK(offset % kLine == 0 && offset <= size_ && padded <= size_ - offset,
                  "write outside the mapped log");
    alignas(kLine) std::byte lines[kSmall];
    PERDURE_CHECK(head.size() <= kSmall || body.empty(), "head too long");
    if (body.empty())
      return stream(base_ + offset, head, lines), Status::ok();
    // Head and the start of the body share lines; the rest is streamed from where it is.
    const uint64_t shared = padded <= kSmall ? total : (head.size() + kLine - 1) / kLine * kLine;
    std::memcpy(lines, head.data(), head.size());
    std::memcpy(lines + head.size(), body.data(), shared - head.size());
    const uint64_t first = (shared + kLine - 1) / kLine * kLine;
    std::memset(lines + shared, 0, first - shared);
    nt_copy(base_ + offset, lines, first);
    stream(base_ + offset + first, body.subspan(shared - head.size()), lines);
    return Status::ok();
  }

  Status persist() override {
    pmem_drain();
    return Status::ok();
  }

  Status read(uint64_t offset, std::span<std::byte> into) const override {
    const uint64_t there = offset < size_ ? std::min<uint64_t>(into.size(), size_ - offset) : 0;
    std::memcpy(into.data(), base_ + offset, there);
    std::memset(into.data() + there, 0, into.size() - there);
    return Status::ok();
  }

  uint64_t size() const override { return size_; }

  Status resize(uint64_t size) override {
    if (exceeds_file_limit(size))
      return io_error("grow", EFBIG);
    const int fd = ::open(path().c_str(), O_RDWR | O_CLOEXEC);
    if (fd < 0)
      return io_error("open", errno);
    // Blocks first: a store to a hole on a full device would be a SIGBUS, not an error.
    const int error = posix_fallocate(fd, 0, static_cast<off_t>(size));
    const bool synced = error == 0 && fsync(fd) == 0;
    ::close(fd);
    if (!synced)
      return io_error("grow", error ? error : errno);
    size_t mapped = 0;
    int is_pmem = 0;
    void *base = pmem_map_file(path().c_str(), 0, 0, 0, &mapped, &is_pmem);
    if (!base)
      return io_error("map", errno);
    pmem_unmap(base_, size_);
    base_ = static_cast<std::byte *>(base);
    size_ = mapped;
    return Status::ok();
  }

  Status reserve(uint64_t, uint64_t) override { return Status::ok(); }

  Status zero(uint64_t offset, uint64_t size) override {
    pmem_memset(base_ + offset, 0, size, PMEM_F_MEM_NONTEMPORAL | PMEM_F_MEM_NODRAIN);
    return Status::ok();
  }

  uint32_t write_alignment() const override { return kLine; }
  Domain domain() const override { return emulated_ ? Domain::kEmulatedPmem : Domain::kPmem; }

private:
  static void nt_copy(std::byte *to, const std::byte *from, uint64_t size) {
    pmem_memcpy(to, from, size, PMEM_F_MEM_NONTEMPORAL | PMEM_F_MEM_NODRAIN);
  }

  // BYTES at the line TO, the last line padded with zeros through LAST.
  static void stream(std::byte *to, std::span<const std::byte> bytes, std::byte *last) {
    const uint64_t whole = bytes.size() / kLine * kLine;
    if (whole != 0)
      nt_copy(to, bytes.data(), whole);
    const uint64_t rest = bytes.size() - whole;
    if (rest == 0)
      return;
    std::memcpy(last, bytes.data() + whole, rest);
    std::memset(last + rest, 0, kLine - rest);
    nt_copy(to + whole, last, kLine);
  }

  std::byte *base_;
  uint64_t size_;
  const bool emulated_;
};

} // namespace

Result<std::unique_ptr<StableFile>> open_pmem(const std::string &path, bool emulate) {
  size_t mapped = 0;
  int is_pmem = 0;
  void *base = pmem_map_file(path.c_str(), 0, 0, 0, &mapped, &is_pmem);
  if (!base)
    return emulate ? Result<std::unique_ptr<StableFile>>(system_error("map", path, errno))
                   : std::unique_ptr<StableFile>();
  if (!is_pmem && !emulate) {
    pmem_unmap(base, mapped);
    return std::unique_ptr<StableFile>();
  }
  return std::unique_ptr<StableFile>(new PmemFile(path, base, mapped, !is_pmem));
}

} // namespace perdure
