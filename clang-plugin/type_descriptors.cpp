// SPDX-License-Identifier: Apache-2.0
//
// Record layouts as rows of strings. See type_descriptors.h.
#include "type_descriptors.h"

#include "layout_spans.h"
#include "marks.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/RecordLayout.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {

static void addField(Fact &Row, std::string Name, uint64_t Offset, uint64_t Size,
                     std::string Type) {
  Row.insert(Row.end(),
             {std::move(Name), std::to_string(Offset), std::to_string(Size), std::move(Type)});
}

// The record at the end of arrays, pointers and references; null if there is none.
static const RecordDecl *recordBelow(const ASTContext &Context, QualType Type) {
  while (true) {
    Type = Context.getBaseElementType(Type);
    if (!Type->isPointerType() && !Type->isReferenceType())
      return Type->getAsRecordDecl();
    Type = Type->getPointeeType();
  }
}

// Whether template arguments are part of what tells the record from others.
static bool isInTemplate(const RecordDecl &Record) {
  for (const DeclContext *Place = &Record; Place; Place = Place->getParent())
    if (llvm::isa<ClassTemplateSpecializationDecl>(Place))
      return true;
  return false;
}

static bool hasName(const RecordDecl &Record) {
  std::string Name = plainName(Record);
  return !Name.empty() && !StringRef(Name).ends_with("::");
}

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
  if (const IncompleteArrayType *Array = Context.getAsIncompleteArrayType(Type))
    return nameOf(Array->getElementType()) + "[]";
  if ((Type->isPointerType() || Type->isReferenceType()) &&
      !Type->getPointeeType()->isFunctionType())
    return nameOf(Type->getPointeeType()) + (Type->isPointerType() ? "*" : "&");
  const RecordDecl *Record = Type->getAsRecordDecl();
  if (Record && !isInTemplate(*Record)) {
    if (hasName(*Record))
      return plainName(*Record);
    auto Given = Unnamed.find(Record->getDefinition());
    return Given != Unnamed.end() ? Given->second : "(unnamed)";
  }
  // The same text in C and C++ and in all standards of either, wherever the source lies.
  PrintingPolicy Policy(Context.getLangOpts());
  Policy.SuppressTagKeyword = true;
  Policy.Bool = true;
  Policy.AnonymousTagLocations = false;
  Policy.UsePreferredNames = false;
  return Type.getAsString(Policy);
}

void TypeDescriptors::add(QualType Type, StringRef Owner) {
  const RecordDecl *Record = recordBelow(Context, Type);
  if (!Record)
    return;
  // By its place in the named one around it: a place in the file would change with every edit.
  if (const RecordDecl *Definition = Record->getDefinition();
      Definition && !isInTemplate(*Definition) && !hasName(*Definition))
    Unnamed.try_emplace(Definition, Owner.str());
  add(*Record);
}

void TypeDescriptors::add(const RecordDecl &Record) {
  const RecordDecl *Definition = Record.getDefinition();
  if (Definition && !Definition->isInvalidDecl() && !Definition->isDependentType())
    Known.insert(Definition);
}

std::string TypeDescriptors::addParts(const VarDecl &V, StringRef Key,
                                      llvm::ArrayRef<StringRef> Paths) {
  std::string Name = ("fields of " + Key).str();
  Fact Row{Name, std::to_string(Context.getTypeSizeInChars(V.getType()).getQuantity())};
  for (StringRef Path : Paths) {
    std::vector<ByteRange> Spans;
    QualType Type;
    if (!findField(Context, V.getType(), Path, Spans, &Type).empty())
      continue; // said where the mark was put
    add(Type, (Key + "." + Path).str());
    for (size_t I = 0; I < Spans.size(); ++I)
      addField(Row, Path.str() + (Spans.size() == 1 ? "" : " #" + std::to_string(I)),
               Spans[I].Offset, Spans[I].Size, nameOf(Type));
  }
  Rows.push_back(std::move(Row));
  return Name;
}

const std::vector<Fact> &TypeDescriptors::rows() {
  while (Described < Known.size())
    describe(*Known[Described++]);
  return Rows;
}

void TypeDescriptors::describe(const RecordDecl &Record) {
  const ASTRecordLayout &Layout = Context.getASTRecordLayout(&Record);
  Fact Row{nameOf(Context.getRecordType(&Record)), std::to_string(Layout.getSize().getQuantity())};
  const auto *Container = llvm::dyn_cast<ClassTemplateSpecializationDecl>(&Record);
  if (!Container || !describeContainer(*Container, Row)) {
    if (const auto *Class = llvm::dyn_cast<CXXRecordDecl>(&Record))
      describeBases(*Class, Row);
    describeFields(Record, 0, Row);
  }
  Rows.push_back(std::move(Row));
}

void TypeDescriptors::describeBases(const CXXRecordDecl &Class, Fact &Row) {
  const ASTRecordLayout &Layout = Context.getASTRecordLayout(&Class);
  if (Layout.hasOwnVFPtr())
    addField(Row, "(vtable pointer)", 0, 8, "(vtable pointer)");
  for (const CXXBaseSpecifier &Base : Class.bases()) {
    const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl();
    if (!BaseClass || Base.isVirtual() || BaseClass->isEmpty())
      continue;
    std::string Type = nameOf(Base.getType());
    addField(Row, "(base " + Type + ")", Layout.getBaseClassOffset(BaseClass).getQuantity(),
             Context.getASTRecordLayout(BaseClass).getNonVirtualSize().getQuantity(), Type);
    add(*BaseClass);
  }
}

// The standard library keeps elements in raw bytes, and links nodes through their base class. True:
// that is all there is to say.
bool TypeDescriptors::describeContainer(const ClassTemplateSpecializationDecl &Class, Fact &Row) {
  StringRef Name = Class.getName();
  if (Name == "__aligned_membuf" || Name == "__aligned_buffer") {
    QualType Element = Class.getTemplateArgs()[0].getAsType();
    add(Element, Row[0]);
    addField(Row, "(value)", 0, Context.getTypeSizeInChars(Element).getQuantity(), nameOf(Element));
    return true;
  }
  if (!Class.isInStdNamespace())
    return false;
  for (StringRef Typedef : {"_Link_type", "_Node", "__node_type"})
    for (const NamedDecl *Found : Class.lookup(&Context.Idents.get(Typedef)))
      if (const auto *Node = llvm::dyn_cast<TypedefNameDecl>(Found))
        if (const RecordDecl *Record = recordBelow(Context, Node->getUnderlyingType());
            Record && Record->getDefinition()) {
          addField(Row, "(nodes)", 0, 0, nameOf(Context.getRecordType(Record)));
          add(*Record);
          return false;
        }
  return false;
}

void TypeDescriptors::describeFields(const RecordDecl &Record, uint64_t Base, Fact &Row) {
  const ASTRecordLayout &Layout = Context.getASTRecordLayout(&Record);
  for (const FieldDecl *Field : Record.fields()) {
    uint64_t Bit = Layout.getFieldOffset(Field->getFieldIndex());
    uint64_t Offset = Base + Bit / 8;
    // Unnamed records are part of the one around them, under their fields' own names.
    if (Field->isAnonymousStructOrUnion()) {
      describeFields(*Field->getType()->getAsRecordDecl(), Offset, Row);
      continue;
    }
    if (Field->isBitField() && !Field->getDeclName())
      continue;
    uint64_t Size = Context.getTypeSizeInChars(Field->getType()).getQuantity();
    if (Field->isBitField()) // the bytes that hold some of its bits
      Size = (Bit % 8 + Field->getBitWidthValue(Context) + 7) / 8;
    addField(Row, Field->getNameAsString(), Offset, Size, fieldType(*Field, Bit % 8, Row[0]));
  }
}

std::string TypeDescriptors::fieldType(const FieldDecl &Field, uint64_t Bit, StringRef Owner) {
  std::string Path = (Owner + "." + Field.getName()).str();
  // What means nothing in the next run leads nowhere.
  if (!isRecordedField(Field)) {
    if (const RecordDecl *Record = recordBelow(Context, Field.getType());
        Record && Record->getDefinition() && !hasName(*Record))
      Unnamed.try_emplace(Record->getDefinition(), Path);
    return "transient " + nameOf(Field.getType());
  }
  add(Field.getType(), Path);
  std::string Type = nameOf(Field.getType());
  if (Field.isBitField())
    Type += ":" + std::to_string(Field.getBitWidthValue(Context)) + "@" + std::to_string(Bit);
  return Type;
}

} // namespace perdure
