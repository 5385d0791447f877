// SPDX-License-Identifier: Apache-2.0
//
// See pin_window.h.
#include "pin_window.h"
#include "pin_stub.h"
#include "working_image.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace perdure {
namespace {

constexpr uint64_t kStubsEnd = PERDURE_PINS_BASE + PERDURE_PINNED_TABLES_OFFSET;
constexpr uint64_t kTablesEnd = PERDURE_PINS_BASE + PERDURE_PINNED_VARIABLES_OFFSET;
constexpr uint64_t kPage = 4096;

bool is_protected; // stubs and tables are

void *at(uint64_t address) { return reinterpret_cast<void *>(address); }

Status failed(const char *what) {
  return Status::error(std::string("cannot ") + what +
                       " the memory of pins at 0x210000000000: " + std::strerror(errno) +
                       "; check limits on memory, and on what is executable");
}

// One page of the window, changed as a whole: made beside it, then moved over it. Another thread
// may run a stub in it meanwhile; it finds the old page or the new one.
Status replace_page(uint64_t page, uint64_t offset, const void *bytes, uint64_t size) {
  void *copy = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED)
    return failed("change");
  std::memcpy(copy, at(page), kPage);
  std::memcpy(static_cast<std::byte *>(copy) + offset, bytes, size);
  const int access = page < kStubsEnd ? PROT_READ | PROT_EXEC : PROT_READ;
  if (mprotect(copy, kPage, access) != 0 ||
      mremap(copy, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, at(page)) == MAP_FAILED) {
    Status status = failed("change");
    munmap(copy, kPage);
    return status;
  }
  return Status::ok();
}

Status put(uint64_t address, const void *bytes, uint64_t size) {
  if (!is_protected || address >= kTablesEnd) {
    std::memcpy(at(address), bytes, size);
    return Status::ok();
  }
  const auto *from = static_cast<const std::byte *>(bytes);
  while (size != 0) {
    const uint64_t offset = address % kPage, part = std::min(size, kPage - offset);
    if (Status status = replace_page(address - offset, offset, from, part); !status)
      return status;
    address += part, from += part, size -= part;
  }
  return Status::ok();
}

} // namespace

Status map_pin_window() { return map_beside_image(PERDURE_PINS_BASE, kSlotSize); }

Status protect_pin_window() {
  is_protected = true;
  if (mprotect(at(PERDURE_PINS_BASE), PERDURE_PINNED_TABLES_OFFSET, PROT_READ | PROT_EXEC) != 0 ||
      mprotect(at(kStubsEnd), kTablesEnd - kStubsEnd, PROT_READ) != 0)
    return failed("protect");
  return Status::ok();
}

Status put_pin(const Pin &pin) {
  const PinRecord &record = pin.record;
  if (record.kind == PERDURE_PIN_FUNCTION) {
    const Stub stub = make_stub(pin.target);
    return put(record.address, stub.data(), stub.size());
  }
  if (pin.target)
    return put(record.address, pin.target, record.size);
  std::memset(at(record.address), 0, record.size);
  return Status::ok();
}

Status put_missing_function(uint64_t address, void (*handler)()) {
  const Stub stub = make_stub(reinterpret_cast<const void *>(handler), /*call=*/true);
  return put(address, stub.data(), stub.size());
}

} // namespace perdure
