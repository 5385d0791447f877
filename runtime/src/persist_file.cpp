// SPDX-License-Identifier: Apache-2.0
//
// The file domains. Buffered: pwrite into the page cache, fdatasync to persist. Direct: writes are
// gathered in an aligned bounce buffer and persist() is one O_DIRECT | O_DSYNC pwrite, which a
// preallocated log needs no second system call and no metadata update for. The system calls are
// those of a BlockDevice.
#include "durability_step.h"
#include "persist.h"
#include "persist_device.h"
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace perdure {
namespace {

// Beyond this the direct file writes early: memory is bounded and large transfers gain nothing
// more.
constexpr uint64_t kBounceMax = 4ull << 20;
constexpr uint32_t kDirectMemoryAlignment = 4096;

uint64_t round_up(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

int write_fully(BlockDevice &device, const std::byte *data, uint64_t size, uint64_t offset) {
  if (exceeds_file_limit(offset + size))
    return EFBIG;
  while (size != 0) {
    const ssize_t written = device.write(data, size, offset);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return written < 0 ? errno : EIO;
    data += written;
    offset += static_cast<uint64_t>(written);
    size -= static_cast<uint64_t>(written);
  }
  return 0;
}

class BufferedFile : public StableFile {
public:
  BufferedFile(std::string path, std::unique_ptr<BlockDevice> device)
      : StableFile(std::move(path)), device_(std::move(device)) {}

  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    int error = write_fully(*device_, head.data(), head.size(), offset);
    if (error == 0)
      error = write_fully(*device_, body.data(), body.size(), offset + head.size());
    return error == 0 ? Status::ok() : io_error("write", error);
  }

  Status persist() override {
    // After a failed sync the kernel may have dropped the dirty pages: a retry would lie.
    if (failed_)
      return io_error("sync", EIO);
    int result = 0;
    do
      result = takes(Step::kFileSynced) ? device_->sync() : 0;
    while (result != 0 && errno == EINTR);
    if (result == 0)
      return Status::ok();
    failed_ = true;
    return io_error("sync", errno);
  }

  // An error is told once: persist() would not hear of it. Not so that a file system or a sandbox
  // has no such call.
  Status write_back(uint64_t offset, uint64_t size) override {
    if (failed_)
      return io_error("sync", EIO);
    int result;
    do
      result = device_->write_back(offset, size);
    while (result != 0 && errno == EINTR);
    if (result == 0 || errno == ENOSYS || errno == EINVAL || errno == ESPIPE)
      return Status::ok();
    failed_ = true;
    return io_error("sync", errno);
  }

  Status read(uint64_t offset, std::span<std::byte> into) const override {
    while (!into.empty()) {
      const ssize_t got = device_->read(into.data(), into.size(), offset);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return io_error("read", errno);
      if (got == 0) {
        std::memset(into.data(), 0, into.size());
        break;
      }
      into = into.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
    return Status::ok();
  }

  uint64_t size() const override {
    return static_cast<uint64_t>(std::max<int64_t>(device_->size(), 0));
  }

  Status resize(uint64_t size) override {
    if (exceeds_file_limit(size))
      return io_error("resize", EFBIG);
    int result;
    do
      result = device_->resize(size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? Status::ok() : io_error("resize", errno);
  }

  Status reserve(uint64_t offset, uint64_t size) override {
    if (exceeds_file_limit(offset + size))
      return io_error("reserve space in", EFBIG);
    int result;
    do
      result = device_->reserve(offset, size);
    while (result != 0 && errno == EINTR);
    // Without fallocate the file system cannot promise space; a write may then still fail.
    return result == 0 || errno == EOPNOTSUPP ? Status::ok() : io_error("reserve space in", errno);
  }

  Status zero(uint64_t offset, uint64_t size) override {
    static const std::byte zeros[64 << 10] = {};
    const uint64_t end = offset + size;
    while (offset < end) {
      const int64_t data = device_->next_data(offset);
      if (data < 0 && errno == ENXIO)
        break; // only holes from here to the end of the file
      if (data > 0 && static_cast<uint64_t>(data) > offset) {
        offset = static_cast<uint64_t>(data);
        continue;
      }
      const uint64_t part = std::min<uint64_t>(sizeof zeros, end - offset);
      if (const int error = write_fully(*device_, zeros, part, offset))
        return io_error("write", error);
      offset += part;
    }
    return Status::ok();
  }

  uint32_t write_alignment() const override { return 1; }
  Domain domain() const override { return Domain::kBufferedFile; }
  int fd() const override { return device_->fd(); }
  void stored_through_mapping() override { device_->stored_through_mapping(); }

private:
  const std::unique_ptr<BlockDevice> device_;
  std::atomic<bool> failed_ = false;
};

class DirectFile final : public BufferedFile {
public:
  DirectFile(std::string path, std::unique_ptr<BlockDevice> device,
             std::unique_ptr<BlockDevice> direct, uint32_t alignment)
      : BufferedFile(std::move(path), std::move(device)), direct_(std::move(direct)),
        alignment_(alignment) {}
  ~DirectFile() override { std::free(bounce_); }

  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    const uint64_t size = round_up(head.size() + body.size(), alignment_);
    if (pending_ != 0 && (offset != pending_offset_ + pending_ || pending_ + size > kBounceMax))
      if (Status status = persist(); !status)
        return status;
    if (!make_room(pending_ + size))
      return Status::error("cannot write " + path() + ": out of memory for an aligned buffer");
    if (pending_ == 0)
      pending_offset_ = offset;
    std::byte *to = bounce_ + pending_;
    if (!head.empty())
      std::memcpy(to, head.data(), head.size());
    if (!body.empty())
      std::memcpy(to + head.size(), body.data(), body.size());
    const uint64_t filled = head.size() + body.size();
    std::memset(to + filled, 0, size - filled);
    pending_ += size;
    return Status::ok();
  }

  Status persist() override {
    if (failed_)
      return io_error("sync", EIO);
    const int error = write_fully(*direct_, bounce_, pending_, pending_offset_);
    pending_ = 0;
    if (error != 0) {
      failed_ = true;
      return io_error("write", error);
    }
    if (!resized_)
      return Status::ok();
    resized_ = false;
    return takes(Step::kFileGrown) ? BufferedFile::persist() : Status::ok();
  }

  Status resize(uint64_t size) override {
    resized_ = true; // the next persist() must cover the file's size too
    return BufferedFile::resize(size);
  }

  uint32_t write_alignment() const override { return alignment_; }
  Domain domain() const override { return Domain::kDirectFile; }

private:
  bool make_room(uint64_t size) {
    if (size <= bounce_size_)
      return true;
    const uint64_t grown = round_up(std::max(size, 2 * bounce_size_), kDirectMemoryAlignment);
    auto *bigger = static_cast<std::byte *>(std::aligned_alloc(kDirectMemoryAlignment, grown));
    if (!bigger)
      return false;
    if (pending_ != 0)
      std::memcpy(bigger, bounce_, pending_);
    std::free(bounce_);
    bounce_ = bigger;
    bounce_size_ = grown;
    return true;
  }

  const std::unique_ptr<BlockDevice> direct_;
  const uint32_t alignment_;
  std::byte *bounce_ = nullptr;
  uint64_t bounce_size_ = 0;
  uint64_t pending_ = 0;
  uint64_t pending_offset_ = 0;
  bool resized_ = false;
  bool failed_ = false;
};

// No fd(): a read-ahead through it would fill the page cache.
class DirectReader final : public BufferedFile {
public:
  DirectReader(std::string path, std::unique_ptr<BlockDevice> device, uint32_t alignment)
      : BufferedFile(std::move(path), std::move(device)), alignment_(alignment) {}
  ~DirectReader() override { std::free(bounce_); }

  Status read(uint64_t offset, std::span<std::byte> into) const override {
    while (!into.empty()) {
      const uint64_t begin = offset / alignment_ * alignment_;
      const uint64_t part = std::min(into.size(), kBounceMax - (offset - begin));
      const uint64_t size = round_up(offset - begin + part, alignment_);
      if (!bounce_)
        bounce_ = static_cast<std::byte *>(std::aligned_alloc(kDirectMemoryAlignment, kBounceMax));
      if (!bounce_)
        return Status::error("cannot read " + path() + ": out of memory for an aligned buffer");
      if (Status status = BufferedFile::read(begin, {bounce_, size}); !status)
        return status;
      std::memcpy(into.data(), bounce_ + (offset - begin), part);
      into = into.subspan(part);
      offset += part;
    }
    return Status::ok();
  }

  int fd() const override { return -1; }

private:
  const uint32_t alignment_;
  mutable std::byte *bounce_ = nullptr;
};

// The smallest alignment that DIRECT takes, found by trying; 0 if none.
uint32_t direct_alignment(BlockDevice &direct) {
  void *buffer = std::aligned_alloc(kDirectMemoryAlignment, 4096);
  if (!buffer)
    return 0;
  uint32_t found = 0;
  for (const uint32_t alignment : {512u, 4096u})
    if (direct.read(buffer, alignment, alignment) >= 0) {
      found = alignment;
      break;
    }
  std::free(buffer);
  return found;
}

} // namespace

Result<std::unique_ptr<StableFile>> open_buffered(const std::string &path, Access access) {
  auto device =
      file_system().open(path, access == Access::kReadOnly ? Open::kRead : Open::kReadWrite);
  if (!device)
    return system_error("open", path, errno);
  return std::unique_ptr<StableFile>(new BufferedFile(path, std::move(device)));
}

Result<std::unique_ptr<StableFile>> open_direct(const std::string &path, uint32_t alignment_max) {
  auto device = file_system().open(path, Open::kReadWrite);
  if (!device)
    return system_error("open", path, errno);
  auto direct =
      file_system().open(path, takes(Step::kWriteThrough) ? Open::kDirect : Open::kReadWrite);
  const uint32_t alignment = direct ? direct_alignment(*direct) : 0;
  if (alignment == 0 || (alignment_max != 0 && alignment_max % alignment != 0))
    return std::unique_ptr<StableFile>(new BufferedFile(path, std::move(device)));
  return std::unique_ptr<StableFile>(
      new DirectFile(path, std::move(device), std::move(direct), alignment));
}

Result<std::unique_ptr<StableFile>> open_pmem(const std::string &path, bool emulate) {
  return file_system().map_pmem(path, emulate);
}

Result<std::unique_ptr<StableFile>> open_direct_reader(const std::string &path) {
  auto direct = file_system().open(path, Open::kDirectRead);
  const uint32_t alignment = direct ? direct_alignment(*direct) : 0;
  if (alignment == 0)
    return open_buffered(path, Access::kReadOnly);
  return std::unique_ptr<StableFile>(new DirectReader(path, std::move(direct), alignment));
}

} // namespace perdure
