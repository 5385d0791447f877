// SPDX-License-Identifier: Apache-2.0
//
// Independent of how store_hooks.cpp found its instructions: starts from mayWriteToMemory().
#include "coverage.h"
#include "changed_bits.h"
#include "diagnostics.h"
#include "pending_stores.h"
#include "provably_volatile.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/Instructions.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumUncovered, "Instructions that may write the pool and were diagnosed");

using namespace llvm;

namespace perdure {

namespace {

bool isAccountedFor(const Instruction &instruction, const Facts &facts, const Coverage &coverage) {
  if (instruction.hasMetadata(kHookMetadata) || coverage.covered.contains(&instruction))
    return true;
  if (isa<LoadInst, FenceInst>(instruction))
    return true; // ordered, but writes nothing
  const Value *address = writtenPointer(instruction);
  if (auto *argument = dyn_cast<VAArgInst>(&instruction))
    address = argument->getPointerOperand();
  return address && !volatileReason(*address, facts).empty();
}

std::string describe(const Instruction &instruction) {
  if (auto *call = dyn_cast<CallBase>(&instruction); call && call->getCalledFunction())
    return ("'" + call->getCalledFunction()->getName() + "'").str();
  return ("'" + Twine(instruction.getOpcodeName()) + "'").str();
}

} // namespace

void checkCoverage(const Function &function, const Facts &facts, const Coverage &coverage) {
  for (const Instruction &instruction : instructions(function)) {
    if (!instruction.mayWriteToMemory() || isAccountedFor(instruction, facts, coverage))
      continue;
    ++NumUncovered;
    error(instruction, "the instruction " + describe(instruction) +
                           " may write persistent memory in a way perdure has no hook for; write "
                           "it as a plain store or call perdure_record() in a library function");
  }
  checkPendingStores(function, facts, coverage);
}

} // namespace perdure
