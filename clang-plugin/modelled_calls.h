// SPDX-License-Identifier: Apache-2.0
//
// Calls that leave the program's instrumented code: libc and C++ runtime by their models, functions
// named in the port file by theirs, inline assembly by its constraints; a library function that has
// none and may be given pool memory is diagnosed and the whole object is logged.
#pragma once

#include "hook_emitter.h"

#include <llvm/ADT/StringSet.h>
#include <llvm/Analysis/TargetLibraryInfo.h>
#include <llvm/IR/InstrTypes.h>

namespace perdure {

class CallHooks {
public:
  CallHooks(const Facts &facts, llvm::StringSet<> &diagnosed)
      : facts_(facts), diagnosed_(diagnosed) {}

  // Hooks after CALL what it may have written to the pool.
  void instrument(llvm::CallBase &call, HookEmitter &emitter,
                  const llvm::TargetLibraryInfo &library);

  // If FUNCTION is a library function that writes and its address is taken, calls through pointers
  // would have no model: the address becomes that of a function of this unit that calls it.
  // Diagnosed where that cannot be, because of variable arguments.
  void wrapTakenAddress(llvm::Function &function, const llvm::TargetLibraryInfo &library);

private:
  llvm::StringRef writerModel(const llvm::Function &function,
                              const llvm::TargetLibraryInfo &library) const;
  llvm::StringRef modelFor(const llvm::Function &callee,
                           const llvm::TargetLibraryInfo &library) const;
  void diagnoseUnknown(llvm::CallBase &call, const llvm::Function &callee, HookEmitter &emitter);

  const Facts &facts_;
  llvm::StringSet<> &diagnosed_; // callees warned about, once each in a unit
};

// Emits the hooks MODEL asks for. False if MODEL is malformed.
bool emitModel(llvm::CallBase &call, llvm::StringRef model, HookEmitter &emitter);

// Memory outputs of inline assembly; diagnoses a bare "memory" clobber with a pool pointer.
void instrumentAsm(llvm::CallBase &call, HookEmitter &emitter);

// Redirects calls of C++ runtime functions to the runtime's replacements.
void replaceRuntimeFunctions(llvm::Module &module);
// Early, while the allocating functions whose heap decides about it are still there.
void replaceStringInputs(llvm::Module &module, const Facts &facts);

} // namespace perdure
