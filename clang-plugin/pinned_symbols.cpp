// SPDX-License-Identifier: Apache-2.0
//
// One walk over the operands of all instructions and over the initial values of all variables.
#include "pinned_symbols.h"
#include "diagnostics.h"
#include "runtime_abi.h"

#include <llvm/ADT/Statistic.h>
#include <llvm/Demangle/Demangle.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/GlobalIFunc.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/raw_ostream.h>

#define DEBUG_TYPE "perdure"
STATISTIC(NumPinnedFunctions, "Functions whose address is pinned");
STATISTIC(NumPinnedTables, "Virtual tables whose address is pinned");

using namespace llvm;

namespace perdure {

namespace {

// What else is missing makes it a use that needs the symbol itself:
// - A null test of a weak function must be able to fail.
// - A local function of a group may be discarded with it; nothing outside may refer to it.
// - What resumes a coroutine fits only the frame that the same build made.
bool isPinnedFunction(const GlobalValue &symbol) {
  if (!symbol.getValueType()->isFunctionTy() || !symbol.hasName() ||
      symbol.hasExternalWeakLinkage() || symbol.getName().starts_with("llvm."))
    return false;
  if (!symbol.hasLocalLinkage())
    return true;
  StringRef name = symbol.getName();
  return !symbol.getComdat() && !name.ends_with(".resume") && !name.ends_with(".destroy") &&
         !name.ends_with(".cleanup");
}

// { [N x ptr], ... }: one table for each base that has one. The table that is in use while a base
// is constructed (_ZTC) is in no finished object.
bool isVirtualTable(const GlobalValue &symbol) {
  if (!symbol.getName().starts_with("_ZTV") || symbol.getName().starts_with("_ZTVN10__cxxabiv1") ||
      symbol.hasExternalWeakLinkage() || (symbol.hasLocalLinkage() && symbol.getComdat()))
    return false;
  auto *type = dyn_cast<StructType>(symbol.getValueType());
  return type && all_of(type->elements(), [](const Type *element) {
           auto *table = dyn_cast<ArrayType>(element);
           return table && table->getElementType()->isPointerTy();
         });
}

// Read by others than the program: tables of addresses that the linker, the C++ runtime or a
// profiler expects, and the virtual tables that are copied into the window.
bool keepsSymbols(const GlobalVariable &global) {
  StringRef name = global.getName(), section = global.getSection();
  if (!global.hasInitializer() || global.hasAvailableExternallyLinkage())
    return true;
  for (StringRef prefix : {"llvm.", "_ZTI", "_ZTV", "_ZTC"})
    if (name.starts_with(prefix))
      return true;
  for (StringRef prefix : {".init_array", ".fini_array", ".preinit_array", ".ctors", ".dtors",
                           "__llvm_", "__sancov_", "xray_", "asan_"})
    if (section.starts_with(prefix))
      return true;
  return false;
}

bool storesArgument(Intrinsic::ID intrinsic) {
  switch (intrinsic) {
  case Intrinsic::masked_store:
  case Intrinsic::masked_scatter:
  case Intrinsic::masked_compressstore:
  case Intrinsic::vp_store:
  case Intrinsic::vp_scatter:
  case Intrinsic::experimental_vp_strided_store:
    return true;
  default:
    return false;
  }
}

// Where USE is no value that the program can store or compare.
bool needsSymbol(const Use &use) {
  auto *call = dyn_cast<CallBase>(use.getUser());
  if (!call)
    return isa<LandingPadInst>(use.getUser());
  if (call->isCallee(&use) || call->isInlineAsm() || !call->isArgOperand(&use))
    return true;
  if (Intrinsic::ID intrinsic = call->getIntrinsicID())
    return !storesArgument(intrinsic);
  // Destructors, called by the C++ runtime at exit or with the exception.
  const Function *callee = call->getCalledFunction();
  return callee && (callee->getName() == "__cxa_atexit" || callee->getName() == "__cxa_throw" ||
                    callee->getName() == "__cxa_thread_atexit");
}

// What must not change while pointers to it are stored. A function: its parameters. A table: where
// its parts begin, so all lengths but the last one's.
std::string signatureOf(const GlobalValue &symbol) {
  std::string text;
  raw_string_ostream stream(text);
  if (auto *type = dyn_cast<FunctionType>(symbol.getValueType())) {
    if (type->isVarArg() && type->getNumParams() == 0)
      return ""; // declared without parameters in C
    type->print(stream);
    return text;
  }
  ArrayRef<Type *> parts = cast<StructType>(symbol.getValueType())->elements();
  for (const Type *part : parts.drop_back())
    stream << '[' << part->getArrayNumElements() << ']';
  stream << "[]";
  return text;
}

// A closure type has no name, but a number: another lambda before it makes it another one.
bool isNamedByOrder(StringRef name) {
  return name.contains("$_") ||
         (name.contains("Ul") && demangle(name.str()).find("'lambda") != std::string::npos);
}

class Pinner {
public:
  Pinner(Module &module, const Facts &facts) : module_(module), facts_(facts) {}

  std::vector<PinnedSymbol> run() {
    SmallPtrSet<const Function *, 4> resolvers; // they run before anything is pinned
    for (const GlobalIFunc &indirect : module_.ifuncs())
      resolvers.insert(indirect.getResolverFunction());
    for (Function &function : module_)
      if (!function.hasAvailableExternallyLinkage() && !resolvers.contains(&function))
        for (Instruction &instruction : instructions(function))
          for (Use &use : instruction.operands())
            replaceUse(use);
    for (GlobalVariable &global : module_.globals())
      if (!keepsSymbols(global))
        global.setInitializer(pinned(*global.getInitializer()));
    checkTypeTests();
    return std::move(pins_);
  }

private:
  void replaceUse(Use &use) {
    auto *constant = dyn_cast<Constant>(use.get());
    if (constant && !isa<ConstantData>(constant) && !needsSymbol(use))
      use.set(pinned(*constant));
  }

  // CONSTANT with the addresses of pins in place of pinned symbols.
  Constant *pinned(Constant &constant) {
    if (auto *symbol = dyn_cast<GlobalValue>(&constant))
      return isPinned(*symbol) ? number(addressOf(*symbol)) : symbol;
    if (!isa<ConstantExpr, ConstantAggregate>(constant))
      return &constant;
    auto [known, is_new] = known_.try_emplace(&constant, &constant);
    if (!is_new)
      return known->second;
    Constant *result = isa<ConstantExpr>(constant) ? inExpression(cast<ConstantExpr>(constant))
                                                   : inParts(constant);
    return known_[&constant] = result;
  }

  Constant *inExpression(ConstantExpr &expression) {
    // The distance between two places of the program is not that of their pins.
    if (expression.getOpcode() == Instruction::Sub)
      return &expression;
    if (auto *place = dyn_cast<GEPOperator>(&expression)) {
      auto *symbol = dyn_cast<GlobalValue>(place->getPointerOperand());
      APInt offset(64, 0);
      if (symbol && isPinned(*symbol) &&
          place->accumulateConstantOffset(module_.getDataLayout(), offset))
        return number(addressOf(*symbol) + offset.getZExtValue());
    }
    return inParts(expression);
  }

  Constant *inParts(Constant &constant) {
    SmallVector<Constant *, 8> parts;
    bool changed = false;
    for (Use &operand : constant.operands()) {
      auto *part = cast<Constant>(operand.get());
      parts.push_back(pinned(*part));
      changed |= parts.back() != part;
    }
    if (!changed)
      return &constant;
    if (auto *expression = dyn_cast<ConstantExpr>(&constant))
      return expression->getWithOperands(parts);
    if (auto *type = dyn_cast<StructType>(constant.getType()))
      return ConstantStruct::get(type, parts);
    if (auto *type = dyn_cast<ArrayType>(constant.getType()))
      return ConstantArray::get(type, parts);
    return ConstantVector::get(parts);
  }

  bool isPinned(const GlobalValue &symbol) const {
    return isPinnedFunction(symbol) || isVirtualTable(symbol);
  }

  Constant *number(uint64_t address) {
    LLVMContext &context = module_.getContext();
    return ConstantExpr::getIntToPtr(ConstantInt::get(Type::getInt64Ty(context), address),
                                     PointerType::getUnqual(context));
  }

  uint64_t addressOf(GlobalValue &symbol) {
    auto [known, is_new] = addresses_.try_emplace(&symbol, 0);
    if (is_new) {
      pins_.push_back(describe(symbol));
      known->second = pins_.back().address;
    }
    return known->second;
  }

  PinnedSymbol describe(GlobalValue &symbol) {
    bool function = symbol.getValueType()->isFunctionTy(), local = symbol.hasLocalLinkage();
    ++(function ? NumPinnedFunctions : NumPinnedTables);
    PinnedSymbol pin;
    pin.kind = function ? PERDURE_PIN_FUNCTION : PERDURE_PIN_TABLE;
    pin.key = ((local ? facts_.source + ":" : "") + symbol.getName()).str();
    pin.address = pinAddress(pin.kind, pin.key);
    pin.symbol = &symbol;
    pin.size = function ? PERDURE_STUB_SIZE
                        : module_.getDataLayout().getTypeAllocSize(symbol.getValueType());
    pin.signature = signatureOf(symbol);
    if (isNamedByOrder(symbol.getName()) && !facts_.lambdas.empty())
      pin.signature += " among lambdas " + facts_.lambdas;
    bool strong = !symbol.isDeclarationForLinker() && !symbol.isWeakForLinker();
    pin.flags = (local ? PERDURE_PIN_INTERNAL : 0) | (strong ? PERDURE_PIN_STRONG : 0);
    return pin;
  }

  // They ask whether an address lies in one of the program's own tables; a pin does not.
  void checkTypeTests() {
    for (Intrinsic::ID test :
         {Intrinsic::type_test, Intrinsic::public_type_test, Intrinsic::type_checked_load})
      if (Function *function = module_.getFunction(Intrinsic::getName(test));
          function && !function->use_empty())
        return error(module_, "-fsanitize=cfi and -fwhole-program-vtables know the places of "
                              "functions and virtual tables, which perdure moves; compile without");
  }

  Module &module_;
  const Facts &facts_;
  DenseMap<Constant *, Constant *> known_;
  DenseMap<GlobalValue *, uint64_t> addresses_;
  std::vector<PinnedSymbol> pins_;
};

} // namespace

std::vector<PinnedSymbol> pinSymbols(Module &module, const Facts &facts) {
  return facts.present() ? Pinner(module, facts).run() : std::vector<PinnedSymbol>();
}

} // namespace perdure
