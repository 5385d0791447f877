// SPDX-License-Identifier: Apache-2.0
//
// The code at a pinned function's address.
//
//   endbr64
//   movabs $TARGET, %r11      r11 holds nothing across a call
//   jmp *%r11                 or call *%r11, which tells the target where the stub is
#pragma once

#include "perdure/abi.h"
#include <array>
#include <cstdint>
#include <cstring>

namespace perdure {

using Stub = std::array<unsigned char, PERDURE_STUB_SIZE>;

inline constexpr uint64_t kStubCallEnd = 17; // offset to which a call would return

inline Stub make_stub(const void *target, bool call = false) {
  Stub stub{0xf3, 0x0f, 0x1e, 0xfa, 0x49, 0xbb};
  std::memcpy(&stub[6], &target, sizeof target);
  stub[14] = 0x41;
  stub[15] = 0xff;
  stub[16] = call ? 0xd3 : 0xe3;
  std::memset(&stub[kStubCallEnd], 0xcc, stub.size() - kStubCallEnd);
  return stub;
}

} // namespace perdure
