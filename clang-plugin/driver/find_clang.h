// SPDX-License-Identifier: Apache-2.0
//
// The compiler behind the drivers. A plugin serves the major version of Clang it was built for and
// no other, so the version is checked first.
#pragma once

#include <string>

namespace perdure {

// Path of the Clang to run: $PERDURE_CLANG, else clang of the LLVM that the plugin was built for,
// else clang-MAJOR in PATH. Empty, with a message on stderr, if there is none or it is of another
// version. DRIVER is the name to report under.
std::string find_clang(const char *driver);

} // namespace perdure
