// SPDX-License-Identifier: Apache-2.0
//
// The IR view of <perdure/abi.h>: the only place of the compiler plugin with names of runtime
// functions, layout constants of the ABI, the metadata the passes leave behind, and the functions
// that give each persistent global and each pin its address. The runtime's half is
// runtime/src/abi.cpp.
#pragma once

#include <llvm/ADT/StringRef.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <perdure/abi.h>

namespace perdure {

// Functions of abi.h that instrumented code calls. The table in runtime_abi.cpp has one row each.
enum class Hook {
  RecordSlow,
  Record,
  RecordRelaxed,
  RecordString,
  RecordObject,
  RecordInput,
  RecordIovec,
  RecordMessage,
  RecordMessages,
  UnitBegin,
  UnitEnd,
  UnitPause,
  UnitResume,
  UnitDepth,
  UnitUnwind,
  UnitMutexLock,
  UnitMutexTrylock,
  OutputWait,
  IsRecovered,
  RootIsRecovered,
  RestoreBegin,
  RestoreEnd,
  RunRecovery,
  RegisterModule,
};

llvm::FunctionCallee hookFunction(llvm::Module &module, Hook hook);

// The thread's write-set cursor of LANE: &perdure_thread.next[LANE].
llvm::Value *writeSetCursor(llvm::IRBuilderBase &builder, perdure_lane lane);

// Where the thread keeps its heap scope: &perdure_heap_scope.
llvm::Value *heapScope(llvm::IRBuilderBase &builder);

// Address of the persistent global KEY. Its start is a 64-byte line of the first half of the root
// window, chosen by hash: pages spread the globals, lines within the page spread the cache sets.
// The size does not enter, because declarations (`extern int table[];`) do not know it; two
// globals that overlap are refused by the runtime when their modules register.
constexpr uint64_t kRootAlignment = 64;
uint64_t rootAddress(llvm::StringRef key);

// Address of the pin KEY of that kind. Functions leave out the first stub of each page, so that the
// bytes before any stub can be read (-fsanitize=function does).
uint64_t pinAddress(perdure_pin_kind kind, llvm::StringRef key);

// True if NAME is a function of the runtime: its effects are part of the ABI.
bool isRuntimeFunction(llvm::StringRef name);

// Metadata kinds and module flags the passes leave in the module.
inline constexpr llvm::StringLiteral kClassMetadata = "perdure.class"; // class of a store
inline constexpr llvm::StringLiteral kHookMetadata = "perdure.hook";   // code of a hook itself
inline constexpr llvm::StringLiteral kPreparedFlag = "perdure.prepared";
inline constexpr llvm::StringLiteral kInstrumentedFlag = "perdure.instrumented";

bool hasFlag(const llvm::Module &module, llvm::StringRef flag);
void setFlag(llvm::Module &module, llvm::StringRef flag);

} // namespace perdure
