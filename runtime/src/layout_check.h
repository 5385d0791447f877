// SPDX-License-Identifier: Apache-2.0
//
// Whether a program may go on with a pool: every root they share has the same type, down to the
// last field that its pointers lead to, and so has every other type they share. Roots and types
// that only one of them has do no harm.
#pragma once

#include "status.h"
#include "type_registry.h"

namespace perdure {

// Readable, a line for each field or root that differs; empty if none does.
std::vector<std::string> layout_differences(const TypeRegistry &pool, const TypeRegistry &program);

// Errors: layouts differ.
Status check_layouts(const std::string &path, const TypeRegistry &pool,
                     const TypeRegistry &program);
// Errors: the pool belongs to another program (it has roots, and none of PROGRAM's); layouts
// differ.
Status check_identity(const std::string &path, const TypeRegistry &pool,
                      const TypeRegistry &program);

} // namespace perdure
