// SPDX-License-Identifier: Apache-2.0
//
// perdure_unit_begin/end and their like. The calls are opaque to the optimizer (no memory
// attribute): no store sinks below the end of its unit or rises above the beginning.
#include "transaction_scope.h"
#include "diagnostics.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/IR/DebugInfoMetadata.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>
#include <llvm/Transforms/Utils/EscapeEnumerator.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumTransactions, "Transaction functions");
STATISTIC(NumCommitPoints, "Commit points (functions and calls)");
STATISTIC(NumHeapScopes, "Functions that choose the heap while they run");
STATISTIC(NumSkipped, "Functions skipped when a pool was recovered");
STATISTIC(NumGated, "Calls of gated outputs");

using namespace llvm;

namespace perdure {

namespace {

// Code inserted into a function with debug info needs a location once it is inlined.
DebugLoc locationIn(Function &function, DebugLoc preferred) {
  if (preferred || !function.getSubprogram())
    return preferred;
  DISubprogram *subprogram = function.getSubprogram();
  return DILocation::get(function.getContext(), subprogram->getLine(), 0, subprogram);
}

struct EntryBuilder : IRBuilder<> {
  explicit EntryBuilder(Function &function)
      : IRBuilder<>(&function.getEntryBlock(),
                    function.getEntryBlock().getFirstNonPHIOrDbgOrAlloca()) {
    SetCurrentDebugLocation(locationIn(function, DebugLoc()));
  }
};

void insertAtExits(Function &function, Hook hook, ArrayRef<Value *> arguments) {
  FunctionCallee callee = hookFunction(*function.getParent(), hook);
  EscapeEnumerator exits(function, "perdure.exit", !function.doesNotThrow());
  while (IRBuilder<> *builder = exits.Next()) {
    builder->SetCurrentDebugLocation(
        locationIn(function, builder->GetInsertPoint()->getDebugLoc()));
    builder->CreateCall(callee, arguments);
  }
}

void refuseWhatHasNoScope(Function &function) {
  if (function.isPresplitCoroutine())
    error(*function.getEntryBlock().begin(),
          "'" + function.getName() +
              "' is a coroutine and cannot bound a unit, which would stay "
              "open while it is suspended; annotate the functions it calls");
  for (BasicBlock &block : function)
    if (block.getTerminatingMustTailCall())
      warn(*block.getTerminator(), "'" + function.getName() +
                                       "' leaves by a guaranteed tail call: its unit ends before "
                                       "the callee runs; annotate the callee too");
}

void bracketBody(Function &function, Hook begin, Hook end) {
  refuseWhatHasNoScope(function);
  insertAtExits(function, end, {});
  EntryBuilder(function).CreateCall(hookFunction(*function.getParent(), begin));
}

// Restored at every exit. A jump over the function leaves its scope to the next outer one's end.
void scopeHeap(Function &function, perdure_heap_scopes scope) {
  ++NumHeapScopes;
  refuseWhatHasNoScope(function);
  EntryBuilder entry(function);
  Value *outer = entry.CreateLoad(entry.getInt32Ty(), heapScope(entry), "perdure.scope");
  entry.CreateStore(entry.getInt32(scope), heapScope(entry));
  EscapeEnumerator exits(function, "perdure.exit", !function.doesNotThrow());
  while (IRBuilder<> *builder = exits.Next()) {
    builder->SetCurrentDebugLocation(
        locationIn(function, builder->GetInsertPoint()->getDebugLoc()));
    builder->CreateStore(outer, heapScope(*builder));
  }
}

void restoreAfterBody(Function &function) {
  refuseWhatHasNoScope(function);
  auto *saved =
      EntryBuilder(function).CreateCall(hookFunction(*function.getParent(), Hook::RestoreBegin));
  insertAtExits(function, Hook::RestoreEnd, {saved});
}

SmallVector<CallBase *, 8> callsOf(Function &callee) {
  SmallVector<CallBase *, 8> calls;
  for (User *user : callee.users())
    if (auto *call = dyn_cast<CallBase>(user); call && call->getCalledFunction() == &callee)
      calls.push_back(call);
  return calls;
}

void insertCallAfter(CallBase &call, Hook hook) {
  FunctionCallee callee = hookFunction(*call.getModule(), hook);
  DebugLoc location = locationIn(*call.getFunction(), call.getDebugLoc());
  auto insert = [&](Instruction *before) {
    CallInst::Create(callee, "", before)->setDebugLoc(location);
  };
  auto *invoke = dyn_cast<InvokeInst>(&call);
  if (!invoke)
    return insert(call.getNextNode());
  BasicBlock *edge = SplitEdge(invoke->getParent(), invoke->getNormalDest());
  insert(&*edge->getFirstInsertionPt());
  BasicBlock *pad = invoke->getUnwindDest(); // may serve calls that do not pause
  SmallVector<BasicBlock *, 2> split;
  if (!pad->getSinglePredecessor())
    SplitLandingPadPredecessors(pad, {invoke->getParent()}, ".paused", ".other", split);
  insert(&*invoke->getUnwindDest()->getFirstInsertionPt());
}

void bracketCalls(Function &callee) {
  for (CallBase *call : callsOf(callee)) {
    ++NumCommitPoints;
    CallInst::Create(hookFunction(*call->getModule(), Hook::UnitPause), "", call)
        ->setDebugLoc(locationIn(*call->getFunction(), call->getDebugLoc()));
    insertCallAfter(*call, Hook::UnitResume);
  }
}

void gateCalls(Function &callee) {
  for (CallBase *call : callsOf(callee)) {
    ++NumGated;
    CallInst::Create(hookFunction(*call->getModule(), Hook::OutputWait), "", call)
        ->setDebugLoc(locationIn(*call->getFunction(), call->getDebugLoc()));
  }
}

Value *constantResult(Type *type, StringRef decimal) {
  int64_t value = 0;
  decimal.getAsInteger(10, value);
  if (type->isIntegerTy())
    return ConstantInt::get(type, value, true);
  if (type->isFloatingPointTy())
    return ConstantFP::get(type, static_cast<double>(value));
  if (type->isPointerTy() && value != 0)
    return ConstantExpr::getIntToPtr(
        ConstantInt::get(Type::getInt64Ty(type->getContext()), value, true), type);
  return Constant::getNullValue(type);
}

void skipIfRecovered(Function &function, StringRef result) {
  ++NumSkipped;
  EntryBuilder builder(function);
  Value *recovered = builder.CreateIsNotNull(
      builder.CreateCall(hookFunction(*function.getParent(), Hook::IsRecovered)));
  Instruction *leave = SplitBlockAndInsertIfThen(recovered, &*builder.GetInsertPoint(), true);
  Type *type = function.getReturnType();
  ReturnInst::Create(function.getContext(),
                     type->isVoidTy() ? nullptr : constantResult(type, result), leave)
      ->setDebugLoc(locationIn(function, DebugLoc()));
  leave->eraseFromParent();
}

void insertInto(Function &function, const Facts &facts) {
  StringRef name = function.getName();
  if (facts.has(name, "transaction")) {
    ++NumTransactions;
    bracketBody(function, Hook::UnitBegin, Hook::UnitEnd);
  }
  if (facts.has(name, "commit-point")) {
    ++NumCommitPoints;
    bracketBody(function, Hook::UnitPause, Hook::UnitResume);
  }
  if (facts.has(name, "persistent-scope"))
    scopeHeap(function, PERDURE_SCOPE_PERSISTENT);
  if (facts.has(name, "volatile-scope"))
    scopeHeap(function, PERDURE_SCOPE_VOLATILE);
  if (facts.has(name, "run-then-restore"))
    restoreAfterBody(function);
  if (const auto *arguments = facts.arguments(name, "skip-if-recovered"))
    skipIfRecovered(function, arguments->empty() ? "0" : (*arguments)[0]);
  if (facts.has(name, "run-recovery"))
    EntryBuilder(function).CreateCall(hookFunction(*function.getParent(), Hook::RunRecovery));
}

// Functions that send what the runtime does not see.
void warnOfUngatedCalls(Function &function, const Facts &facts) {
  static constexpr StringLiteral kSubmit[] = {"io_uring_submit", "io_uring_submit_and_wait",
                                              "io_uring_submit_and_wait_timeout",
                                              "io_uring_submit_and_get_events", "io_uring_enter"};
  if (!is_contained(kSubmit, function.getName()))
    return;
  for (User *user : function.users())
    if (auto *call = dyn_cast<CallBase>(user);
        call && !facts.has(call->getFunction()->getName(), "gated-output"))
      warn(*call,
           "'" + function.getName() +
               "' sends past the output gate, perhaps what is not durable yet; name it in the "
               "port file: gated_outputs: [" +
               function.getName() + "]");
}

} // namespace

void insertScopes(Module &module, const Facts &facts) {
  for (Function &function : make_early_inc_range(module)) {
    if (!function.isDeclaration())
      insertInto(function, facts);
    else if (facts.has(function.getName(), "commit-point"))
      bracketCalls(function);
    if (facts.has(function.getName(), "gated-output"))
      gateCalls(function);
    else if (function.isDeclaration())
      warnOfUngatedCalls(function, facts);
  }
}

void insertSetjmpGuards(Function &function) {
  SmallVector<CallBase *, 2> calls;
  for (Instruction &instruction : instructions(function))
    if (auto *call = dyn_cast<CallBase>(&instruction);
        call && call->hasFnAttr(Attribute::ReturnsTwice))
      calls.push_back(call);
  for (CallBase *call : calls) {
    Module &module = *function.getParent();
    EntryBuilder builder(function);
    // Volatile: the second return must read the frame, not a register longjmp may have undone.
    auto *saved =
        new AllocaInst(builder.getInt32Ty(), 0, "perdure.depth", &function.getEntryBlock().front());
    builder.SetInsertPoint(call);
    builder.SetCurrentDebugLocation(locationIn(function, call->getDebugLoc()));
    builder.CreateStore(builder.CreateCall(hookFunction(module, Hook::UnitDepth)), saved, true);
    Instruction *after = call->getNextNode();
    if (auto *invoke = dyn_cast<InvokeInst>(call))
      after = &*SplitEdge(invoke->getParent(), invoke->getNormalDest())->getFirstInsertionPt();
    builder.SetInsertPoint(after);
    builder.SetCurrentDebugLocation(locationIn(function, call->getDebugLoc()));
    builder.CreateCall(hookFunction(module, Hook::UnitUnwind),
                       {builder.CreateLoad(builder.getInt32Ty(), saved, true)});
  }
}

} // namespace perdure
