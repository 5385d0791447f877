// SPDX-License-Identifier: Apache-2.0
//
// Diagnostics and remarks of the passes. DiagnosticInfoUnsupported is the kind that clang's backend
// consumer prints with a source location, falling back to the function's when there is no -g.
#include "diagnostics.h"

#include <llvm/Analysis/OptimizationRemarkEmitter.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/Function.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

using namespace llvm;

namespace perdure {

namespace {

constexpr const char *kPassName = "perdure";

void report(const Function &function, const DebugLoc &location, const Twine &message,
            DiagnosticSeverity severity) {
  std::string text = ("perdure: " + message).str();
  function.getContext().diagnose(DiagnosticInfoUnsupported(function, text, location, severity));
}

} // namespace

void warn(const Instruction &at, const Twine &message) {
  report(*at.getFunction(), at.getDebugLoc(), message, DS_Warning);
}

void error(const Instruction &at, const Twine &message) {
  report(*at.getFunction(), at.getDebugLoc(), message, DS_Error);
}

void warn(const Function &function, const Twine &message) {
  report(function, DebugLoc(), message, DS_Warning);
}

void error(const Module &module, const Twine &message) {
  module.getContext().emitError("perdure: " + message);
}

void remarkHooked(const Instruction &at, const Twine &what) {
  const Function &function = *at.getFunction();
  OptimizationRemarkEmitter(&function).emit(
      [&] { return OptimizationRemark(kPassName, "Hooked", &at) << what.str(); });
}

void remarkSkipped(const Instruction &at, const Twine &reason) {
  const Function &function = *at.getFunction();
  OptimizationRemarkEmitter(&function).emit(
      [&] { return OptimizationRemarkMissed(kPassName, "NotHooked", &at) << reason.str(); });
}

} // namespace perdure
