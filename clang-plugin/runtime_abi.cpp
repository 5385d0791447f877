// SPDX-License-Identifier: Apache-2.0
//
// Names and signatures of the runtime functions of <perdure/abi.h>, and the address functions.
#include "runtime_abi.h"

using namespace llvm;

namespace perdure {

namespace {

struct HookRow {
  Hook hook;
  StringLiteral name;
  StringLiteral signature; // result, then parameters: v void, p pointer, z 64 bits, i 32 bits
};

constexpr HookRow kHooks[] = {
    {Hook::RecordSlow, "perdure_record_slow", "vzi"},
    {Hook::Record, "perdure_record", "vpz"},
    {Hook::RecordRelaxed, "perdure_record_relaxed", "vpz"},
    {Hook::RecordString, "perdure_record_string", "vp"},
    {Hook::RecordObject, "perdure_record_object", "vp"},
    {Hook::RecordInput, "perdure_record_input", "vpz"},
    {Hook::RecordIovec, "perdure_record_iovec", "vpzz"},
    {Hook::RecordMessage, "perdure_record_message", "vpz"},
    {Hook::RecordMessages, "perdure_record_messages", "vpz"},
    {Hook::UnitBegin, "perdure_unit_begin", "v"},
    {Hook::UnitEnd, "perdure_unit_end", "v"},
    {Hook::UnitPause, "perdure_unit_pause", "v"},
    {Hook::UnitResume, "perdure_unit_resume", "v"},
    {Hook::UnitDepth, "perdure_unit_depth", "i"},
    {Hook::UnitUnwind, "perdure_unit_unwind", "vi"},
    {Hook::UnitMutexLock, "perdure_unit_mutex_lock", "ip"},
    {Hook::UnitMutexTrylock, "perdure_unit_mutex_trylock", "ip"},
    {Hook::OutputWait, "perdure_output_wait", "v"},
    {Hook::IsRecovered, "perdure_is_recovered", "i"},
    {Hook::RootIsRecovered, "perdure_root_is_recovered", "ip"},
    {Hook::RestoreBegin, "perdure_restore_begin", "p"},
    {Hook::RestoreEnd, "perdure_restore_end", "vp"},
    {Hook::RunRecovery, "perdure_run_recovery", "v"},
    {Hook::RegisterModule, "perdure_register_module", "vp"},
};

Type *typeOf(LLVMContext &context, char letter) {
  switch (letter) {
  case 'p':
    return PointerType::getUnqual(context);
  case 'z':
    return Type::getInt64Ty(context);
  case 'i':
    return Type::getInt32Ty(context);
  default:
    return Type::getVoidTy(context);
  }
}

// FNV-1a, then the finalizer of MurmurHash3, because FNV mixes its high bits badly for short keys.
uint64_t hashOf(StringRef key) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (unsigned char byte : key)
    hash = (hash ^ byte) * 0x100000001b3ull;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdull;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53ull;
  return hash ^ (hash >> 33);
}

} // namespace

FunctionCallee hookFunction(Module &module, Hook hook) {
  const HookRow &row = kHooks[static_cast<unsigned>(hook)];
  assert(row.hook == hook && "table order");
  LLVMContext &context = module.getContext();
  SmallVector<Type *, 3> parameters;
  for (char letter : row.signature.drop_front())
    parameters.push_back(typeOf(context, letter));
  auto *type = FunctionType::get(typeOf(context, row.signature[0]), parameters, false);
  FunctionCallee callee = module.getOrInsertFunction(row.name, type);
  // Recovery functions are the program's own and may throw; nothing else of the runtime does. No
  // memory attribute: a hook reads what was stored, and units order all memory.
  if (auto *function = dyn_cast<Function>(callee.getCallee()))
    if (function->isDeclaration() && hook != Hook::RunRecovery)
      function->setDoesNotThrow();
  return callee;
}

// A thread-local variable of the runtime.
static Value *threadLocal(IRBuilderBase &builder, Type *type, StringRef name) {
  Module &module = *builder.GetInsertBlock()->getModule();
  auto *variable = dyn_cast<GlobalVariable>(module.getOrInsertGlobal(name, type, [&] {
    return new GlobalVariable(module, type, false, GlobalValue::ExternalLinkage, nullptr, name,
                              nullptr, GlobalValue::InitialExecTLSModel);
  }));
  return builder.CreateThreadLocalAddress(variable);
}

Value *writeSetCursor(IRBuilderBase &builder, perdure_lane lane) {
  Value *address = threadLocal(builder, ArrayType::get(builder.getInt64Ty(), 2), "perdure_thread");
  return builder.CreateConstInBoundsGEP1_64(builder.getInt64Ty(), address, lane);
}

Value *heapScope(IRBuilderBase &builder) {
  return threadLocal(builder, builder.getInt32Ty(), "perdure_heap_scope");
}

uint64_t rootAddress(StringRef key) {
  constexpr uint64_t kLines = (PERDURE_ROOTS_END - PERDURE_ROOTS_OFFSET) / 2 / kRootAlignment;
  return PERDURE_BASE + PERDURE_ROOTS_OFFSET + hashOf(key) % kLines * kRootAlignment;
}

uint64_t pinAddress(perdure_pin_kind kind, StringRef key) {
  constexpr uint64_t kPageSize = 4096, kStubsPerPage = kPageSize / PERDURE_STUB_SIZE - 1;
  constexpr uint64_t kPages = PERDURE_PINNED_TABLES_OFFSET / kPageSize;
  uint64_t hash = hashOf(key);
  if (kind == PERDURE_PIN_FUNCTION)
    return PERDURE_PINS_BASE + hash % (kPages * kStubsPerPage) / kStubsPerPage * kPageSize +
           (hash % kStubsPerPage + 1) * PERDURE_STUB_SIZE;
  // The upper half is left to what begins at the last lines.
  constexpr uint64_t kLines =
      (PERDURE_PINNED_VARIABLES_OFFSET - PERDURE_PINNED_TABLES_OFFSET) / 2 / kRootAlignment;
  return PERDURE_PINS_BASE + hash % kLines * kRootAlignment +
         (kind == PERDURE_PIN_TABLE ? PERDURE_PINNED_TABLES_OFFSET
                                    : PERDURE_PINNED_VARIABLES_OFFSET);
}

bool isRuntimeFunction(StringRef name) { return name.starts_with("perdure_"); }

bool hasFlag(const Module &module, StringRef flag) { return module.getModuleFlag(flag) != nullptr; }

void setFlag(Module &module, StringRef flag) { module.addModuleFlag(Module::Max, flag, 1); }

} // namespace perdure
