// SPDX-License-Identifier: Apache-2.0
//
// What a compiler command line asks for, as far as the drivers need to know: whether something is
// compiled, whether something is linked, and into which file. Everything else is Clang's business
// and is passed on as it is.
#pragma once

#include <string>
#include <vector>

namespace perdure {

struct Invocation {
  std::vector<std::string> arguments;      // for Clang: all but the drivers' own
  std::string port;                        // --perdure-port=FILE, else $PERDURE_PORT
  std::vector<std::string> plugin_options; // "heap=all", "threads=single", "strict"
  bool proposes = false;                   // --perdure-propose, or $PERDURE_PROPOSE is set
  bool compiles = false;                   // some input may be source code
  bool links = false;                      // to an executable or a shared object
  bool is_static = false;
  std::string output = "a.out";
};

// False, with a message on stderr, if one of the drivers' own options is wrong.
bool parse_arguments(int argc, char **argv, Invocation &invocation);

} // namespace perdure
