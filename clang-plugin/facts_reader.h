// SPDX-License-Identifier: Apache-2.0
//
// What the AST half found in attributes and port file, read from the module's named metadata
// (!perdure.unit, .function, .global, .type). Tests of the passes write that metadata by hand.
#pragma once

#include <llvm/ADT/StringMap.h>
#include <llvm/ADT/StringSet.h>
#include <llvm/IR/Module.h>
#include <string>
#include <vector>

namespace perdure {

struct Span {
  uint64_t offset;
  uint64_t size;
};

struct GlobalFacts {
  bool persistent = false;
  bool pinned = false;
  bool internal = false;
  std::string key;
  std::string type; // name of the type descriptor, or empty
  std::vector<Span> volatile_spans;
  std::vector<Span> relaxed_spans;
  unsigned lock_kind = 0; // enum perdure_lock_kind, 0 for none
};

struct FieldDescriptor {
  std::string name;
  uint64_t offset;
  uint64_t size;
  std::string type;
};

struct TypeDescriptor {
  std::string name;
  uint64_t size;
  std::vector<FieldDescriptor> fields;
};

class Facts {
public:
  explicit Facts(const llvm::Module &module);

  // True if the AST half left facts at all; a module without them is not a ported unit.
  bool present() const { return present_; }
  bool heap_all = false;
  bool single_mutator = false;
  bool strict = false;
  std::string source;
  std::string lambdas; // tells the unit's lambdas, as written, from others; empty: it has none

  bool has(llvm::StringRef function, llvm::StringRef fact) const;
  // Arguments of FACT on FUNCTION; null if the function does not have it.
  const std::vector<std::string> *arguments(llvm::StringRef function, llvm::StringRef fact) const;
  // Functions with FACT, in the order of the metadata.
  std::vector<std::string> functionsWith(llvm::StringRef fact) const;

  const llvm::StringMap<GlobalFacts> &globals() const { return globals_; }
  const GlobalFacts *persistentGlobal(const llvm::Value *value) const;
  const GlobalFacts *pinnedGlobal(const llvm::Value *value) const;
  const std::vector<TypeDescriptor> &types() const { return types_; }

private:
  struct FunctionFact {
    std::string function;
    std::string fact;
    std::vector<std::string> arguments;
  };
  void readUnit(const llvm::Module &module);
  void readFunctions(const llvm::Module &module);
  void readGlobals(const llvm::Module &module);
  void readTypes(const llvm::Module &module);
  void addGuards(const llvm::Module &module);
  const GlobalFacts *factsOf(const llvm::Value *value) const;

  bool present_ = false;
  llvm::StringMap<std::vector<FunctionFact>> functions_;
  std::vector<std::string> function_order_;
  llvm::StringMap<GlobalFacts> globals_;
  std::vector<TypeDescriptor> types_;
};

} // namespace perdure
