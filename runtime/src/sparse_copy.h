// SPDX-License-Identifier: Apache-2.0
//
// Copies the data of a sparse file, and leaves its holes holes. The source may be written
// meanwhile: each byte of the copy then is one that the source had at some moment of the call. By
// reference where the file system can, else in the kernel, else through a buffer.
#pragma once

#include "persist.h"
#include <functional>

namespace perdure {

// Hears how far the copy is, and stops it with an error.
using CopyProgress = std::function<Status(uint64_t done, uint64_t size)>;

// The first SIZE bytes of FROM to TO, where they read as zeros. Returns how many were no hole;
// pending until TO is persisted. REQUIRES: real files. Errors: I/O, disk full, what PROGRESS says.
Result<uint64_t> sparse_copy(const StableFile &from, StableFile &to, uint64_t size,
                             const CopyProgress &progress);

} // namespace perdure
