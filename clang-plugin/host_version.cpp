// SPDX-License-Identifier: Apache-2.0
//
// Ends a compiler of another version that loads the plugin, with the reason. LLVM compares only the
// version of its plugin interface, which is the same in 16 and 19; what such a compiler would do
// next is crash, at the first function or object that changed. perdure-clang doesn't come that far.
#include <cstdio>
#include <dlfcn.h>
#include <unistd.h>

#include <llvm/Config/llvm-config.h>

namespace {

// Before any other initialiser of the plugin, those already call LLVM.
[[gnu::constructor(101)]] void checkHostVersion() {
  unsigned major = 0, minor = 0, patch = 0;
  using GetVersion = void (*)(unsigned *, unsigned *, unsigned *);
  if (auto get = reinterpret_cast<GetVersion>(dlsym(RTLD_DEFAULT, "LLVMGetVersion")))
    get(&major, &minor, &patch);
  else if (!dlsym(RTLD_DEFAULT, "LLVMContextCreate")) // its neighbour, so LLVM is older than 16
    return;                                           // linked without the C interface: unknown
  if (major == LLVM_VERSION_MAJOR)
    return;
  char found[32] = "older than 16";
  if (major)
    std::snprintf(found, sizeof(found), "%u.%u.%u", major, minor, patch);
  std::fprintf(
      stderr,
      "perdure: error: this plugin is built for LLVM %d, but LLVM here is %s; compile with "
      "perdure-clang or clang-%d, or build the plugin for this version (PERDURE_LLVM)\n",
      LLVM_VERSION_MAJOR, found, LLVM_VERSION_MAJOR);
  _exit(1);
}

} // namespace
