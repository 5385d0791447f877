// SPDX-License-Identifier: Apache-2.0
//
// `perdure info`: what is in a pool.
#pragma once

#include "status.h"
#include <string>

namespace perdure {

// Prints it. Errors: no pool; damaged superblock or log.
Status info(const std::string &path, bool json);

} // namespace perdure
