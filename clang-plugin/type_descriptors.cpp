// SPDX-License-Identifier: Apache-2.0
//
// Record layouts as rows of strings. See type_descriptors.h.
#include "type_descriptors.h"

#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/RecordLayout.h"

using namespace clang;

namespace perdure {

std::string TypeDescriptors::nameOf(QualType Type) const {
  Type = Type.getCanonicalType().getUnqualifiedType();
  if (const ConstantArrayType *Array = Context.getAsConstantArrayType(Type)) {
    std::string Dimensions;
    for (; Array; Array = Context.getAsConstantArrayType(Type)) {
      Dimensions += "[" + std::to_string(Array->getSize().getZExtValue()) + "]";
      Type = Array->getElementType();
    }
    return nameOf(Type) + Dimensions;
  }
  if (const auto *Pointer = Type->getAs<PointerType>();
      Pointer && !Pointer->getPointeeType()->isFunctionType())
    return nameOf(Pointer->getPointeeType()) + "*";
  const RecordDecl *Record = Type->getAsRecordDecl();
  if (Record && !llvm::isa<ClassTemplateSpecializationDecl>(Record)) {
    std::string Name = plainName(*Record);
    if (!Name.empty() && !llvm::StringRef(Name).ends_with("::"))
      return Name;
    // Unnamed and without typedef: its place in the file would change with every edit.
    return Record->isUnion() ? "(unnamed union)" : "(unnamed struct)";
  }
  PrintingPolicy Policy(Context.getLangOpts());
  Policy.SuppressTagKeyword = true;
  return Type.getAsString(Policy);
}

void TypeDescriptors::add(QualType Type) {
  const RecordDecl *Record = Context.getBaseElementType(Type)->getAsRecordDecl();
  if (Record)
    add(*Record);
}

void TypeDescriptors::add(const RecordDecl &Record) {
  const RecordDecl *Definition = Record.getDefinition();
  if (!Definition || Definition->isInvalidDecl() || Definition->isDependentType())
    return;
  // Unnamed records are part of the one around them, under their fields' own names.
  if (Known.insert(Definition))
    describe(*Definition);
}

void TypeDescriptors::describe(const RecordDecl &Record) {
  const ASTRecordLayout &Layout = Context.getASTRecordLayout(&Record);
  Fact Row{nameOf(Context.getRecordType(&Record)), std::to_string(Layout.getSize().getQuantity())};
  auto AddField = [&](std::string Name, uint64_t Offset, uint64_t Size, std::string Type) {
    Row.insert(Row.end(),
               {std::move(Name), std::to_string(Offset), std::to_string(Size), std::move(Type)});
  };
  if (const auto *Class = llvm::dyn_cast<CXXRecordDecl>(&Record)) {
    if (Layout.hasOwnVFPtr())
      AddField("(vtable pointer)", 0, 8, "void*");
    for (const CXXBaseSpecifier &Base : Class->bases()) {
      const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl();
      if (!BaseClass || Base.isVirtual() || BaseClass->isEmpty())
        continue;
      AddField("(base)", Layout.getBaseClassOffset(BaseClass).getQuantity(),
               Context.getASTRecordLayout(BaseClass).getNonVirtualSize().getQuantity(),
               nameOf(Base.getType()));
      add(*BaseClass);
    }
  }
  auto AddFields = [&](const RecordDecl &Part, uint64_t Base, auto &Self) -> void {
    const ASTRecordLayout &PartLayout = Context.getASTRecordLayout(&Part);
    for (const FieldDecl *Field : Part.fields()) {
      uint64_t Bit = PartLayout.getFieldOffset(Field->getFieldIndex());
      uint64_t Offset = Base + Bit / 8;
      if (Field->isAnonymousStructOrUnion()) {
        Self(*Field->getType()->getAsRecordDecl(), Offset, Self);
        continue;
      }
      uint64_t Size = Context.getTypeSizeInChars(Field->getType()).getQuantity();
      if (Field->isBitField()) // the bytes that hold some of its bits
        Size = (Bit % 8 + Field->getBitWidthValue(Context) + 7) / 8;
      AddField(Field->getNameAsString(), Offset, Size, nameOf(Field->getType()));
      add(Field->getType());
    }
  };
  AddFields(Record, 0, AddFields);
  Rows.push_back(std::move(Row));
}

} // namespace perdure
