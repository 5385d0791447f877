// SPDX-License-Identifier: Apache-2.0
//
// Named metadata -> Facts. All operands are strings; what writes them is facts.cpp.
#include "facts_reader.h"

#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/Metadata.h>
#include <perdure/abi.h>

using namespace llvm;

namespace perdure {

namespace {

std::vector<std::string> stringsOf(const MDNode &node) {
  std::vector<std::string> strings;
  for (const MDOperand &operand : node.operands()) {
    auto *string = dyn_cast_or_null<MDString>(operand.get());
    strings.push_back(string ? string->getString().str() : std::string());
  }
  return strings;
}

uint64_t numberOf(const std::vector<std::string> &strings, size_t index) {
  uint64_t number = 0;
  if (index < strings.size())
    StringRef(strings[index]).getAsInteger(10, number);
  return number;
}

std::vector<std::vector<std::string>> rowsOf(const Module &module, StringRef name) {
  std::vector<std::vector<std::string>> rows;
  if (const NamedMDNode *node = module.getNamedMetadata(name))
    for (const MDNode *operand : node->operands())
      rows.push_back(stringsOf(*operand));
  return rows;
}

} // namespace

Facts::Facts(const Module &module) {
  readUnit(module);
  readFunctions(module);
  readGlobals(module);
  readTypes(module);
  addGuards(module);
}

// A guarded static is constructed once in the life of the pool, so its guard belongs to the pool.
void Facts::addGuards(const Module &module) {
  std::vector<std::pair<std::string, GlobalFacts>> guards;
  for (const auto &entry : globals_) {
    StringRef name = entry.getKey();
    std::string guard = name.starts_with("_Z") ? ("_ZGV" + name.drop_front(2)).str()
                                               : ("_ZGV" + Twine(name.size()) + name).str();
    if (!entry.second.persistent || !module.getNamedGlobal(guard))
      continue;
    GlobalFacts facts;
    facts.persistent = true;
    facts.internal = entry.second.internal;
    facts.key = "guard of " + entry.second.key;
    guards.push_back({guard, facts});
  }
  for (auto &[name, facts] : guards)
    globals_[name] = facts;
}

void Facts::readUnit(const Module &module) {
  present_ = module.getNamedMetadata("perdure.unit") != nullptr;
  for (const auto &row : rowsOf(module, "perdure.unit")) {
    if (row.size() < 2)
      continue;
    if (row[0] == "heap")
      heap_all = row[1] == "all";
    else if (row[0] == "threads")
      single_mutator = row[1] == "single";
    else if (row[0] == "strict")
      strict = row[1] == "1";
    else if (row[0] == "source")
      source = row[1];
    else if (row[0] == "lambdas")
      lambdas = row[1];
  }
}

void Facts::readFunctions(const Module &module) {
  for (auto &row : rowsOf(module, "perdure.function")) {
    if (row.size() < 2)
      continue;
    auto &facts = functions_[row[0]];
    if (facts.empty())
      function_order_.push_back(row[0]);
    facts.push_back({row[0], row[1], {row.begin() + 2, row.end()}});
  }
}

void Facts::readGlobals(const Module &module) {
  for (const auto &row : rowsOf(module, "perdure.global")) {
    if (row.size() < 2)
      continue;
    GlobalFacts &facts = globals_[row[0]];
    if (row[1] == "persistent" || row[1] == "pinned") {
      (row[1] == "pinned" ? facts.pinned : facts.persistent) = true;
      facts.key = row.size() > 2 ? row[2] : row[0];
      facts.type = row.size() > 3 ? row[3] : "";
      facts.internal = row.size() > 4 && row[4] == "1";
    } else if (row[1] == "volatile-span") {
      facts.volatile_spans.push_back({numberOf(row, 2), numberOf(row, 3)});
    } else if (row[1] == "relaxed-span") {
      facts.relaxed_spans.push_back({numberOf(row, 2), numberOf(row, 3)});
    } else if (row[1] == "lock") {
      facts.lock_kind = PERDURE_LOCK_IS;
    } else if (row[1] == "lock-pointer") {
      facts.lock_kind = PERDURE_LOCK_POINTS_TO;
    }
  }
}

void Facts::readTypes(const Module &module) {
  for (const auto &row : rowsOf(module, "perdure.type")) {
    if (row.size() < 2)
      continue;
    TypeDescriptor type{row[0], numberOf(row, 1), {}};
    for (size_t i = 2; i + 3 < row.size(); i += 4)
      type.fields.push_back({row[i], numberOf(row, i + 1), numberOf(row, i + 2), row[i + 3]});
    types_.push_back(std::move(type));
  }
}

const std::vector<std::string> *Facts::arguments(StringRef function, StringRef fact) const {
  auto found = functions_.find(function);
  if (found == functions_.end())
    return nullptr;
  for (const FunctionFact &entry : found->second)
    if (entry.fact == fact)
      return &entry.arguments;
  return nullptr;
}

bool Facts::has(StringRef function, StringRef fact) const {
  return arguments(function, fact) != nullptr;
}

std::vector<std::string> Facts::functionsWith(StringRef fact) const {
  std::vector<std::string> names;
  for (const std::string &function : function_order_)
    if (has(function, fact))
      names.push_back(function);
  return names;
}

const GlobalFacts *Facts::factsOf(const Value *value) const {
  auto *global = dyn_cast_or_null<GlobalVariable>(value);
  if (!global)
    return nullptr;
  auto found = globals_.find(global->getName());
  return found != globals_.end() ? &found->second : nullptr;
}

const GlobalFacts *Facts::persistentGlobal(const Value *value) const {
  const GlobalFacts *facts = factsOf(value);
  return facts && facts->persistent ? facts : nullptr;
}

const GlobalFacts *Facts::pinnedGlobal(const Value *value) const {
  const GlobalFacts *facts = factsOf(value);
  return facts && facts->pinned ? facts : nullptr;
}

} // namespace perdure
