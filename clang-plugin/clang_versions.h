// SPDX-License-Identifier: Apache-2.0
//
// What differs between the versions of Clang that the plugin serves, 16 and 19. All of it: other
// files use what both have, or these names, and no #if. The IR half has no such difference.
#ifndef PERDURE_CLANG_VERSIONS_H
#define PERDURE_CLANG_VERSIONS_H

#include <functional>

#include "clang/AST/DeclCXX.h"
#include "clang/Basic/CodeGenOptions.h"
#include "clang/Sema/ParsedAttr.h"
#include "llvm/Config/llvm-config.h"

namespace llvm {
class PassBuilder;
} // namespace llvm

namespace perdure {

#if LLVM_VERSION_MAJOR == 16

// C23 was still called C2x.
inline constexpr auto AttributeOfC23 = clang::ParsedAttr::AS_C2x;
// Not yet an enum class of its own.
inline constexpr auto LanguageC = clang::LinkageSpecDecl::lang_c;
// The driver's options had not moved to LLVM.
namespace debuginfo = clang::codegenoptions;
// Of an attribute of a plugin: [[perdure::name(ARGUMENT)]].
inline constexpr bool BracketsTakeArguments = false;
// The YAML scanner's notion of a plain scalar (flow_colons.h).
inline constexpr bool FlowScalarsHoldColons = false;

#elif LLVM_VERSION_MAJOR == 19

inline constexpr auto AttributeOfC23 = clang::ParsedAttr::AS_C23;
inline constexpr auto LanguageC = clang::LinkageSpecLanguageIDs::C;
namespace debuginfo = llvm::codegenoptions;
inline constexpr bool BracketsTakeArguments = true;
inline constexpr bool FlowScalarsHoldColons = true;

#else
#error "the plugin serves LLVM 16 and 19; build it for one of them (-DPERDURE_LLVM=)"
#endif

// Lets REGISTER add passes to the pipeline that compiles this unit. Clang 16 takes callbacks only
// from shared objects it loads itself, so there the plugin names itself as one.
void addPasses(clang::CodeGenOptions &Options, std::function<void(llvm::PassBuilder &)> Register);

} // namespace perdure

#endif
