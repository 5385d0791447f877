// SPDX-License-Identifier: Apache-2.0
//
// One file of a pool, seen through its persistence domain. The only layer that flushes, fences or
// syncs: everything above says what must be durable before what with write() and persist(). The
// domains are made of the primitives in persist_device.h; on simulated ones (persist_simulated)
// crash tests enumerate what a crash may leave.
//
// Crash semantics, for every domain: writes since the last persist() may survive in any subset and
// any order, each torn at the domain's atom (512-byte sector; 8 bytes on persistent memory). What
// was written before a persist() that returned ok is all there.
#pragma once

#include "durability_step.h"
#include "status.h"
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace perdure {

// The value is stored in the superblock (what the pool was last opened with), so it never changes.
enum class Domain : uint32_t {
  kInvalid = 0,
  kDirectFile = 1,   // O_DIRECT | O_DSYNC
  kBufferedFile = 2, // page cache and fdatasync
  kPmem = 3,         // non-temporal stores and a fence, on memory that libpmem says is persistent
  kEmulatedPmem = 4  // the same instructions on a page-cache mapping: for tests and measurements
};

const char *domain_name(Domain domain);

class StableFile {
public:
  virtual ~StableFile() = default;

  // Writes HEAD then BODY at OFFSET and pads with zeros to the write alignment; pending until
  // persist(). REQUIRES: OFFSET is a multiple of write_alignment(). Errors: disk full, I/O.
  virtual Status write(uint64_t offset, std::span<const std::byte> head,
                       std::span<const std::byte> body = {}) = 0;
  // On return all earlier writes and resizes survive power loss (as far as the domain does). An
  // error means that none of them may be relied on, nor any later persist() of this file.
  virtual Status persist() = 0;
  // Gives the device what was written to [OFFSET, OFFSET + SIZE) and waits until it has it, so that
  // less is left to do for persist(), and in smaller portions between which the device serves
  // others. Makes nothing durable. Errors: as of persist().
  virtual Status write_back(uint64_t, uint64_t) { return Status::ok(); }
  // Bytes past the end read as zeros. REQUIRES: no write to them is pending in this object.
  virtual Status read(uint64_t offset, std::span<std::byte> into) const = 0;
  virtual uint64_t size() const = 0;
  virtual Status resize(uint64_t size) = 0;
  // Disk space for [OFFSET, OFFSET + SIZE), so that writes there cannot run out of it.
  virtual Status reserve(uint64_t offset, uint64_t size) = 0;
  // Like write() of SIZE zeros, but leaves holes alone. Any OFFSET, any SIZE.
  virtual Status zero(uint64_t offset, uint64_t size) = 0;
  virtual uint32_t write_alignment() const = 0; // bytes; 1: any
  virtual Domain domain() const = 0;
  virtual int fd() const { return -1; }
  // To be called after stores through a shared mapping of fd(); they are pending like a write().
  virtual void stored_through_mapping() {}

  const std::string &path() const { return path_; }

protected:
  explicit StableFile(std::string path) : path_(std::move(path)) {}
  Status io_error(const char *verb, int error) const;

private:
  std::string path_;
};

// "cannot VERB PATH: reason (what to do)" for an errno value.
Status system_error(const char *verb, const std::string &path, int error);

// True if a file of SIZE bytes is longer than this process may make one (RLIMIT_FSIZE). Asked
// before a file is written or grown: the kernel would also send SIGXFSZ, which ends the process.
bool exceeds_file_limit(uint64_t size);

enum class Access { kReadOnly, kReadWrite };

// Page cache and fdatasync; any alignment. The image is always of this kind: private mappings of
// the file must see what is written to it. Errors: no such file, permission.
Result<std::unique_ptr<StableFile>> open_buffered(const std::string &path, Access access);

// O_DIRECT | O_DSYNC where the file system takes writes aligned to ALIGNMENT_MAX or less, else
// buffered. ALIGNMENT_MAX 0: whatever is natural for the file.
Result<std::unique_ptr<StableFile>> open_direct(const std::string &path, uint32_t alignment_max);

// To read a file that another process writes through open_direct(): also past the page cache, so
// that a read sees every write that has returned, and leaves no page behind that the writer would
// have to drop (a drop that fails leaves the page stale). Buffered where there is no O_DIRECT.
Result<std::unique_ptr<StableFile>> open_direct_reader(const std::string &path);

// Maps PATH as persistent memory if libpmem says it is, or if EMULATE; else returns null.
Result<std::unique_ptr<StableFile>> open_pmem(const std::string &path, bool emulate);
// The same, whatever file system the thread uses.
Result<std::unique_ptr<StableFile>> open_libpmem(const std::string &path, bool emulate);

// Writes zeros over [OFFSET, OFFSET + SIZE) and persists them, so that later writes there change no
// file system metadata: STEP. REQUIRES: both are multiples of 4096.
Status write_zeros(StableFile &file, uint64_t offset, uint64_t size, Step step);

// FILE.persist(), as this step of the protocol.
Status persist(Step step, StableFile &file);

} // namespace perdure
