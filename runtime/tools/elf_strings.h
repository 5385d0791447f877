// SPDX-License-Identifier: Apache-2.0
//
// The plugin's records in a linked file: strings in sections that are not loaded, which the linker
// has merged over all units. The compiler drivers read "perdure_port", `perdure propose` reads
// "perdure_facts".
#pragma once

#include <string>
#include <vector>

namespace perdure {

// The strings in the file's sections of that name; none if it isn't a 64-bit ELF file.
std::vector<std::string> section_strings(const std::string &path, const char *name);

// The parts of a record.
std::vector<std::string> split_text(const std::string &text, char separator);

} // namespace perdure
