// SPDX-License-Identifier: Apache-2.0
//
// malloc, operator new, ... -> perdure_malloc, perdure_new, ...
#include "allocation_calls.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Support/ModRef.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumPoolAllocations, "Allocation calls redirected to the pool");

using namespace llvm;

namespace perdure {

namespace {

struct Allocator {
  StringLiteral name;
  StringLiteral pool_name;
  bool flag_argument = false; // fortified: drop the second argument
};

constexpr Allocator kAllocators[] = {
    {"malloc", "perdure_malloc"},
    {"calloc", "perdure_calloc"},
    {"realloc", "perdure_realloc"},
    {"reallocarray", "perdure_reallocarray"},
    {"aligned_alloc", "perdure_aligned_alloc"},
    {"memalign", "perdure_aligned_alloc"},
    {"posix_memalign", "perdure_posix_memalign"},
    {"valloc", "perdure_valloc"},
    {"strdup", "perdure_strdup"},
    {"__strdup", "perdure_strdup"},
    {"strndup", "perdure_strndup"},
    {"__strndup", "perdure_strndup"},
    {"asprintf", "perdure_asprintf"},
    {"vasprintf", "perdure_vasprintf"},
    {"__asprintf_chk", "perdure_asprintf", true},
    {"__vasprintf_chk", "perdure_vasprintf", true},
    {"getline", "perdure_getline"},
    {"getdelim", "perdure_getdelim"},
    {"__getdelim", "perdure_getdelim"},
    {"_Znwm", "perdure_new"},
    {"_Znam", "perdure_new"},
    {"_ZnwmRKSt9nothrow_t", "perdure_new_nothrow"},
    {"_ZnamRKSt9nothrow_t", "perdure_new_nothrow"},
    {"_ZnwmSt11align_val_t", "perdure_new_aligned"},
    {"_ZnamSt11align_val_t", "perdure_new_aligned"},
    {"_ZnwmSt11align_val_tRKSt9nothrow_t", "perdure_new_aligned_nothrow"},
    {"_ZnamSt11align_val_tRKSt9nothrow_t", "perdure_new_aligned_nothrow"},
};

const Allocator *allocatorNamed(StringRef name) {
  auto *found = find_if(kAllocators, [&](const Allocator &row) { return row.name == name; });
  return found == std::end(kAllocators) ? nullptr : found;
}

bool usesPoolHeap(const Function &function, const Facts &facts) {
  if (facts.has(function.getName(), "volatile-heap"))
    return false;
  return facts.heap_all || facts.has(function.getName(), "allocates");
}

// The pool's function with the type of ORIGINAL, without the fortify flag. Only what holds for the
// pool is kept of the attributes: allockind and allocsize let the optimizer remove whole blocks.
FunctionCallee poolFunction(Function &original, const Allocator &row) {
  FunctionType *type = original.getFunctionType();
  if (row.flag_argument) {
    SmallVector<Type *, 4> parameters(type->params());
    parameters.erase(parameters.begin() + 1);
    type = FunctionType::get(type->getReturnType(), parameters, type->isVarArg());
  }
  FunctionCallee callee = original.getParent()->getOrInsertFunction(row.pool_name, type);
  auto *function = cast<Function>(callee.getCallee()->stripPointerCasts());
  if (type->getReturnType()->isPointerTy() && row.name != "realloc" && row.name != "reallocarray")
    function->addRetAttr(Attribute::NoAlias);
  if (!StringRef(row.pool_name).starts_with("perdure_new") || row.pool_name.ends_with("nothrow"))
    function->setDoesNotThrow();
  return callee;
}

void dropFlagArgument(CallBase &call, FunctionCallee callee) {
  SmallVector<Value *, 6> arguments(call.args());
  arguments.erase(arguments.begin() + 1);
  CallBase *replacement;
  if (auto *invoke = dyn_cast<InvokeInst>(&call))
    replacement = InvokeInst::Create(callee, invoke->getNormalDest(), invoke->getUnwindDest(),
                                     arguments, "", &call);
  else
    replacement = CallInst::Create(callee, arguments, "", &call);
  replacement->setDebugLoc(call.getDebugLoc());
  replacement->takeName(&call);
  call.replaceAllUsesWith(replacement);
  call.eraseFromParent();
}

void redirect(CallBase &call, const Allocator &row) {
  ++NumPoolAllocations;
  FunctionCallee callee = poolFunction(*call.getCalledFunction(), row);
  if (row.flag_argument)
    return dropFlagArgument(call, callee);
  call.setCalledFunction(callee);
  for (auto kind : {Attribute::Builtin, Attribute::AllocSize, Attribute::AllocKind})
    call.removeFnAttr(kind);
  call.setMemoryEffects(MemoryEffects::unknown());
}

// `hooks.allocate = malloc`: under heap: all the address means the pool's function too.
void redirectAddressUses(Function &original, const Allocator &row, const Facts &facts) {
  if (row.flag_argument)
    return;
  original.replaceUsesWithIf(poolFunction(original, row).getCallee(), [&](Use &use) {
    auto *instruction = dyn_cast<Instruction>(use.getUser());
    if (!instruction)
      return true;
    auto *call = dyn_cast<CallBase>(instruction);
    return !(call && call->isCallee(&use)) && usesPoolHeap(*instruction->getFunction(), facts);
  });
}

} // namespace

void rewriteAllocationCalls(Module &module, const Facts &facts) {
  SmallVector<std::pair<CallBase *, const Allocator *>, 16> calls;
  for (Function &function : module) {
    if (function.isDeclaration() || !usesPoolHeap(function, facts))
      continue;
    for (Instruction &instruction : instructions(function))
      if (auto *call = dyn_cast<CallBase>(&instruction))
        if (Function *callee = call->getCalledFunction(); callee && callee->isDeclaration())
          if (const Allocator *row = allocatorNamed(callee->getName()))
            calls.push_back({call, row});
  }
  for (auto [call, row] : calls)
    redirect(*call, *row);
  if (!facts.heap_all)
    return;
  for (const Allocator &row : kAllocators)
    if (Function *original = module.getFunction(row.name); original && original->isDeclaration())
      redirectAddressUses(*original, row, facts);
}

StringRef poolAllocatorNamed(StringRef name) {
  const Allocator *row = allocatorNamed(name);
  return row && !row->flag_argument ? StringRef(row->pool_name) : StringRef();
}

bool isVolatileAllocator(StringRef name) {
  // realloc hands a pool block back when it was given one; strings and getline are rarely stored
  // to.
  const Allocator *row = allocatorNamed(name);
  return row && row->name != "realloc" && row->name != "reallocarray" &&
         !row->name.contains("getdelim") && !row->name.contains("printf") && row->name != "getline";
}

} // namespace perdure
