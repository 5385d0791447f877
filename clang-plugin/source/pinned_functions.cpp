// SPDX-License-Identifier: Apache-2.0
#include "pinned_functions.h"

#include "../libc_models.h"
#include "../runtime_abi.h"

#include "clang/AST/Attr.h"
#include "llvm/ADT/StringExtras.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

// A type as the pool knows it from IR; empty for those that the calling convention takes apart.
std::string irType(const ASTContext &Context, QualType Type) {
  Type = Type.getCanonicalType();
  if (Type->isVoidType())
    return "void";
  if (Type->isPointerType() || Type->isArrayType())
    return "ptr";
  if (Type->isBooleanType())
    return "i1";
  if (Type->isIntegralOrEnumerationType())
    return "i" + llvm::utostr(Context.getTypeSize(Type));
  if (Type->isSpecificBuiltinType(BuiltinType::Float))
    return "float";
  if (Type->isSpecificBuiltinType(BuiltinType::Double))
    return "double";
  return "";
}

std::string signatureOf(const FunctionDecl &F) {
  const auto *Type = F.getType()->getAs<FunctionProtoType>();
  if (!Type)
    return "";
  std::string Text = irType(F.getASTContext(), Type->getReturnType());
  if (Text.empty())
    return "";
  Text += " (";
  for (unsigned I = 0; I < Type->getNumParams(); ++I) {
    std::string Parameter = irType(F.getASTContext(), Type->getParamType(I));
    if (Parameter.empty())
      return "";
    Text += (I ? ", " : "") + Parameter;
  }
  if (Type->isVariadic())
    Text += Type->getNumParams() ? ", ..." : "...";
  return Text + ")";
}

} // namespace

void PinnedFunctions::use(const DeclRefExpr &Name) {
  const auto *F = llvm::dyn_cast<FunctionDecl>(Name.getDecl());
  if (!F || F->isWeak() || F->isImplicit())
    return;
  if (Editor.Context.getSourceManager().isInSystemHeader(F->getLocation()) && !F->isDefined() &&
      modelOf(F->getName()) != "none")
    return Editor.error(Name.getLocation(),
                        "'" + F->getNameAsString() +
                            "' may write persistent memory, and calls through its address are not "
                            "recorded; use a function of the program that calls it");
  bool Internal = !F->isExternallyVisible();
  std::string Symbol = Names.getName(F);
  PinnedFunction Pin{F->getNameAsString(),
                     (Internal ? UnitName + ":" : "") + Symbol,
                     signatureOf(*F),
                     0,
                     Internal,
                     F->isDefined() && !F->isInlined()};
  Pin.Address = pinAddress(PERDURE_PIN_FUNCTION, Pin.Key);
  Functions.try_emplace(Pin.Name, Pin);
  Editor.replace(Name.getLocation(), "PERDURE_FUNCTION(" + Pin.Name + ")", "function");
}

std::string PinnedFunctions::addresses() const {
  std::string Text;
  for (const auto &[Name, Pin] : Functions)
    Text += "#define perdure_pin_" + Name + " 0x" + llvm::utohexstr(Pin.Address, true) + "ull // " +
            Pin.Key + "\n";
  return Text;
}

} // namespace perdure
