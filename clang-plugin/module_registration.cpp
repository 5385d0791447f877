// SPDX-License-Identifier: Apache-2.0
//
// Builds struct perdure_module_info field by field, in the order of <perdure/abi.h>, an ELF note by
// which the runtime finds it, and a constructor of priority 1 that hands it over.
#include "module_registration.h"
#include "runtime_abi.h"

#include <llvm/IR/Constants.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>

using namespace llvm;

namespace perdure {

namespace {

constexpr int kConstructorPriority = 1;

static_assert(sizeof(perdure_root_info) == 8 * 8 && sizeof(perdure_lock_info) == 4 * 8 &&
              sizeof(perdure_field_info) == 4 * 8 && sizeof(perdure_type_info) == 4 * 8 &&
              sizeof(perdure_pin_info) == 6 * 8 && sizeof(perdure_module_info) == 8 + 11 * 8);

class Registration {
public:
  Registration(Module &module, const Facts &facts, const std::vector<PinnedSymbol> &symbols)
      : module_(module), facts_(facts), symbols_(symbols), context_(module.getContext()) {}

  void emit() {
    auto [roots, root_count] = table(rootRows());
    auto [locks, lock_count] = table(lockRows());
    auto [types, type_count] = table(typeRows());
    auto [recovery, recovery_count] = table(recoveryRows());
    auto [pins, pin_count] = table(pinRows());
    Constant *info = ConstantStruct::getAnon(
        {number32(PERDURE_ABI_VERSION), number32(flags()),
         text(facts_.source.empty() ? module_.getSourceFileName() : facts_.source), roots,
         root_count, locks, lock_count, types, type_count, recovery, recovery_count, pins,
         pin_count});
    GlobalVariable *module_info = constant(info, "perdure.module");
    emitNote(module_info);
    emitConstructor(module_info);
  }

private:
  using Table = std::pair<Constant *, Constant *>;

  Constant *number(uint64_t value) { return ConstantInt::get(Type::getInt64Ty(context_), value); }
  Constant *number32(uint32_t value) { return ConstantInt::get(Type::getInt32Ty(context_), value); }
  Constant *null() { return ConstantPointerNull::get(PointerType::getUnqual(context_)); }

  GlobalVariable *constant(Constant *value, const Twine &name) {
    return new GlobalVariable(module_, value->getType(), true, GlobalValue::PrivateLinkage, value,
                              name);
  }

  Constant *text(StringRef value) {
    if (value.empty())
      return null();
    Constant *&known = texts_[value];
    if (!known) {
      GlobalVariable *global =
          constant(ConstantDataArray::getString(context_, value), "perdure.text");
      global->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
      known = global;
    }
    return known;
  }

  Table table(ArrayRef<Constant *> rows) {
    if (rows.empty())
      return {null(), number(0)};
    auto *type = ArrayType::get(rows[0]->getType(), rows.size());
    return {constant(ConstantArray::get(type, rows), "perdure.table"), number(rows.size())};
  }

  Constant *initialValue(GlobalVariable &global) {
    return global.getInitializer()->isNullValue() || isa<UndefValue>(global.getInitializer())
               ? null()
               : constant(global.getInitializer(), "perdure.initial");
  }

  std::vector<Constant *> rootRows() {
    std::vector<Constant *> rows;
    for (GlobalVariable &global : make_early_inc_range(module_.globals())) {
      const GlobalFacts *root = facts_.persistentGlobal(&global);
      if (!root || global.isDeclaration() || global.hasAvailableExternallyLinkage())
        continue;
      std::vector<Constant *> spans;
      for (const Span &span : root->volatile_spans)
        spans.push_back(ConstantStruct::getAnon({number(span.offset), number(span.size)}));
      auto [span_table, span_count] = table(spans);
      rows.push_back(ConstantStruct::getAnon(
          {text(root->key), &global,
           number(module_.getDataLayout().getTypeAllocSize(global.getValueType())),
           initialValue(global), span_table, span_count, text(root->type),
           number(root->internal)}));
    }
    return rows;
  }

  std::vector<Constant *> lockRows() {
    std::vector<Constant *> rows;
    for (GlobalVariable &global : module_.globals()) {
      auto found = facts_.globals().find(global.getName());
      if (found == facts_.globals().end() || !found->second.lock_kind || global.isDeclaration())
        continue;
      rows.push_back(ConstantStruct::getAnon(
          {text(global.getName()), &global,
           number(module_.getDataLayout().getTypeAllocSize(global.getValueType())),
           number(found->second.lock_kind)}));
    }
    return rows;
  }

  std::vector<Constant *> typeRows() {
    std::vector<Constant *> rows;
    for (const TypeDescriptor &type : facts_.types()) {
      std::vector<Constant *> fields;
      for (const FieldDescriptor &field : type.fields)
        fields.push_back(ConstantStruct::getAnon(
            {text(field.name), number(field.offset), number(field.size), text(field.type)}));
      auto [field_table, field_count] = table(fields);
      rows.push_back(
          ConstantStruct::getAnon({text(type.name), number(type.size), field_table, field_count}));
    }
    return rows;
  }

  std::vector<Constant *> recoveryRows() {
    std::vector<Constant *> rows;
    for (const std::string &name : facts_.functionsWith("recovery"))
      if (Function *function = module_.getFunction(name); function && !function->isDeclaration())
        rows.push_back(function);
    return rows;
  }

  Constant *pinRow(StringRef key, Constant *address, Constant *target, uint64_t size,
                   StringRef signature, perdure_pin_kind kind, uint32_t flags) {
    return ConstantStruct::getAnon({text(key), address, target, number(size), text(signature),
                                    number32(kind), number32(flags)});
  }

  std::vector<Constant *> pinRows() {
    std::vector<Constant *> rows;
    for (const PinnedSymbol &pin : symbols_)
      rows.push_back(pinRow(
          pin.key, ConstantExpr::getIntToPtr(number(pin.address), PointerType::getUnqual(context_)),
          pin.symbol, pin.size, pin.signature, pin.kind, pin.flags));
    for (GlobalVariable &global : make_early_inc_range(module_.globals())) {
      const GlobalFacts *pin = facts_.pinnedGlobal(&global);
      if (!pin || global.isDeclaration() || global.hasAvailableExternallyLinkage())
        continue;
      uint32_t strong = global.isWeakForLinker() ? 0 : PERDURE_PIN_STRONG;
      rows.push_back(pinRow(pin->key, &global, initialValue(global),
                            module_.getDataLayout().getTypeAllocSize(global.getValueType()),
                            pin->type, PERDURE_PIN_VARIABLE,
                            strong | (pin->internal ? PERDURE_PIN_INTERNAL : 0)));
    }
    return rows;
  }

  uint32_t flags() {
    bool commit_points = !facts_.functionsWith("commit-point").empty();
    bool sections =
        !facts_.functionsWith("transaction").empty() ||
        module_.getFunction("perdure_unit_mutex_lock") != nullptr ||
        any_of(facts_.globals(), [](const auto &entry) { return entry.second.lock_kind; });
    return (facts_.single_mutator ? PERDURE_MODULE_SINGLE_MUTATOR : 0) |
           (commit_points || sections ? PERDURE_MODULE_HAS_UNITS : 0) |
           (commit_points ? PERDURE_MODULE_COMMIT_POINTS : 0) |
           (sections ? PERDURE_MODULE_HAS_SECTIONS : 0) |
           (facts_.functionsWith("new-pools").empty() ? 0 : PERDURE_MODULE_NEW_POOLS);
  }

  // {size of name, size of description, type, name; distance from there to the module's info}. A
  // distance, because a note is not relocated.
  void emitNote(GlobalVariable *info) {
    Type *word = Type::getInt64Ty(context_);
    Constant *name = ConstantDataArray::getString(context_, PERDURE_NOTE_NAME);
    auto *type = StructType::get(context_,
                                 {number32(0)->getType(), number32(0)->getType(),
                                  number32(0)->getType(), name->getType(), word},
                                 /*isPacked=*/true);
    auto *note = new GlobalVariable(module_, type, true, GlobalValue::PrivateLinkage, nullptr,
                                    "perdure.note");
    Constant *at = ConstantExpr::getInBoundsGetElementPtr(
        type, note, ArrayRef<Constant *>{number32(0), number32(4)});
    Constant *distance = ConstantExpr::getSub(ConstantExpr::getPtrToInt(info, word),
                                              ConstantExpr::getPtrToInt(at, word));
    note->setInitializer(
        ConstantStruct::get(type, {number32(sizeof PERDURE_NOTE_NAME), number32(8),
                                   number32(PERDURE_NOTE_MODULE), name, distance}));
    note->setSection(".note.perdure");
    note->setAlignment(Align(4));
    appendToUsed(module_, {note});
  }

  void emitConstructor(GlobalVariable *info) {
    auto *type = FunctionType::get(Type::getVoidTy(context_), false);
    Function *constructor = Function::createWithDefaultAttr(type, GlobalValue::InternalLinkage, 0,
                                                            "perdure.register", &module_);
    constructor->setDoesNotThrow();
    IRBuilder<> builder(BasicBlock::Create(context_, "entry", constructor));
    builder.CreateCall(hookFunction(module_, Hook::RegisterModule), {info});
    builder.CreateRetVoid();
    appendToGlobalCtors(module_, constructor, kConstructorPriority);
  }

  Module &module_;
  const Facts &facts_;
  const std::vector<PinnedSymbol> &symbols_;
  LLVMContext &context_;
  StringMap<Constant *> texts_;
};

} // namespace

void emitRegistration(Module &module, const Facts &facts,
                      const std::vector<PinnedSymbol> &symbols) {
  if (facts.present())
    Registration(module, facts, symbols).emit();
}

} // namespace perdure
