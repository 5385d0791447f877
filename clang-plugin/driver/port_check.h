// SPDX-License-Identifier: Apache-2.0
//
// The check of a port file against a whole program: an entry that matched in no unit is an error,
// never silence. Each unit's object file says what matched in it, as strings in section
// "perdure_port" (written by clang-plugin/port_match.cpp); the linker joins them in the output.
#pragma once

#include <string>

namespace perdure {

// False, with messages on stderr, if the linked file's records show an error. A file that isn't
// there, is no ELF file or has no records is fine.
bool check_port(const std::string &linked_file);

} // namespace perdure
