// SPDX-License-Identifier: Apache-2.0
//
// Values of scalar types, known by the text the compiler gave them.
#pragma once

#include "value.h"
#include <cstddef>

namespace perdure {

// A type that is not known is an unsigned integer if it has that size, else bytes.
Value scalar_value(const std::string &type, const std::byte *at, uint64_t size);

// A string if all bytes before the first of trailing zeros are printable, else hexadecimal.
Value bytes_value(const std::byte *at, uint64_t size);

} // namespace perdure
