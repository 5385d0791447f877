// SPDX-License-Identifier: Apache-2.0
//
// `perdure check`: whether a pool is sound, from the superblock's copies to the bytes that nothing
// owns; with DEEP also every typed pointer. docs/tools.md lists the checks.
#pragma once

#include "status.h"
#include <string>

namespace perdure {

// Prints what it found. Errors: the pool cannot be opened, is in use, is unsound, or anything in it
// is doubtful.
Status check(const std::string &path, bool deep, bool json);
// The same without a word, and not deep. For whoever is about to rely on the pool.
Status check_pool(const std::string &path);

} // namespace perdure
