// SPDX-License-Identifier: Apache-2.0
//
// Walks record layouts. See layout_spans.h.
#include "layout_spans.h"

#include <algorithm>

#include "marks.h"
#include "port_file.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/RecordLayout.h"

using namespace clang;

namespace perdure {

// The element type below any number of array dimensions, and how many elements there are.
static QualType elementType(const ASTContext &Context, QualType Type, uint64_t &Count) {
  Count = 1;
  if (const ConstantArrayType *Array = Context.getAsConstantArrayType(Type))
    Count = Context.getConstantArrayElementCount(Array);
  return Context.getBaseElementType(Type);
}

static uint64_t sizeOf(const ASTContext &Context, QualType Type) {
  return Context.getTypeSizeInChars(Type).getQuantity();
}

static const RecordDecl *completeRecord(QualType Type) {
  const RecordDecl *Record = Type->getAsRecordDecl();
  return Record ? Record->getDefinition() : nullptr;
}

// A field by name, looked for in anonymous members and bases too; Offset is where it lies.
static const FieldDecl *lookUp(const ASTContext &Context, const RecordDecl &Record,
                               llvm::StringRef Name, uint64_t &Offset,
                               std::vector<std::string> &Names) {
  const ASTRecordLayout &Layout = Context.getASTRecordLayout(&Record);
  for (const FieldDecl *Field : Record.fields()) {
    uint64_t At = Layout.getFieldOffset(Field->getFieldIndex()) / 8;
    if (Field->getName() == Name) {
      Offset += At;
      return Field;
    }
    Names.push_back(Field->getNameAsString());
    const RecordDecl *Nested = completeRecord(Field->getType());
    if (!Field->isAnonymousStructOrUnion() || !Nested)
      continue;
    uint64_t Inner = Offset + At;
    if (const FieldDecl *Found = lookUp(Context, *Nested, Name, Inner, Names)) {
      Offset = Inner;
      return Found;
    }
  }
  const auto *Class = llvm::dyn_cast<CXXRecordDecl>(&Record);
  if (!Class)
    return nullptr;
  for (const CXXBaseSpecifier &Base : Class->bases()) {
    const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl();
    if (!BaseClass || Base.isVirtual())
      continue;
    uint64_t Inner = Offset + Layout.getBaseClassOffset(BaseClass).getQuantity();
    if (const FieldDecl *Found = lookUp(Context, *BaseClass, Name, Inner, Names)) {
      Offset = Inner;
      return Found;
    }
  }
  return nullptr;
}

std::string findField(const ASTContext &Context, QualType Type, llvm::StringRef Path,
                      std::vector<ByteRange> &Spans, QualType *Found) {
  std::vector<uint64_t> Starts{0};
  while (!Path.empty()) {
    auto [Name, Rest] = Path.split('.');
    uint64_t Count;
    QualType Element = elementType(Context, Type, Count);
    const RecordDecl *Record = completeRecord(Element);
    if (!Record)
      return "'" + Element.getAsString() + "' has no fields that are known here";
    uint64_t Offset = 0;
    std::vector<std::string> Names;
    const FieldDecl *Field = lookUp(Context, *Record, Name, Offset, Names);
    if (!Field)
      return "no field '" + Name.str() + "' in '" + Element.getAsString() + "'" +
             didYouMean(nearestName(Name, Names));
    if (Field->isBitField())
      return "field '" + Name.str() + "' is a bit-field, which has no bytes of its own";
    if (Starts.size() * Count > SpansMax)
      return "the way to '" + Name.str() + "' leads through too many array elements";
    std::vector<uint64_t> Inner;
    for (uint64_t Start : Starts)
      for (uint64_t I = 0; I < Count; ++I)
        Inner.push_back(Start + I * sizeOf(Context, Element) + Offset);
    Starts = std::move(Inner);
    Type = Field->getType();
    Path = Rest;
  }
  for (uint64_t Start : Starts)
    Spans.push_back({Start, sizeOf(Context, Type)});
  if (Found)
    *Found = Type;
  return "";
}

namespace {

struct MarkedFields {
  const ASTContext &Context;
  std::vector<ByteRange> &Volatile;
  std::vector<ByteRange> &Relaxed;

  bool full() const { return Volatile.size() + Relaxed.size() > SpansMax; }

  void visitType(QualType Type, uint64_t Offset) {
    uint64_t Count;
    QualType Element = elementType(Context, Type, Count);
    const RecordDecl *Record = completeRecord(Element);
    if (!Record || Record->isInvalidDecl() || Record->isDependentType())
      return;
    for (uint64_t I = 0; I < Count && !full(); ++I) {
      size_t Before = Volatile.size() + Relaxed.size();
      visitRecord(*Record, Offset + I * sizeOf(Context, Element));
      if (Volatile.size() + Relaxed.size() == Before)
        return; // so it is in every element
    }
  }

  void visitRecord(const RecordDecl &Record, uint64_t Offset) {
    const ASTRecordLayout &Layout = Context.getASTRecordLayout(&Record);
    for (const FieldDecl *Field : Record.fields()) {
      uint64_t At = Offset + Layout.getFieldOffset(Field->getFieldIndex()) / 8;
      if (Field->isBitField())
        continue;
      if (!isRecordedField(*Field)) {
        Volatile.push_back({At, sizeOf(Context, Field->getType())});
        continue;
      }
      if (llvm::is_contained(markArguments(*Field, mark::Field), mark::Relaxed))
        Relaxed.push_back({At, sizeOf(Context, Field->getType())});
      visitType(Field->getType(), At);
    }
    if (const auto *Class = llvm::dyn_cast<CXXRecordDecl>(&Record))
      for (const CXXBaseSpecifier &Base : Class->bases())
        if (const CXXRecordDecl *BaseClass = Base.getType()->getAsCXXRecordDecl();
            BaseClass && !Base.isVirtual())
          visitRecord(*BaseClass, Offset + Layout.getBaseClassOffset(BaseClass).getQuantity());
  }
};

} // namespace

bool findMarkedFields(const ASTContext &Context, QualType Type, std::vector<ByteRange> &Volatile,
                      std::vector<ByteRange> &Relaxed) {
  MarkedFields Walk{Context, Volatile, Relaxed};
  Walk.visitType(Type, 0);
  return !Walk.full();
}

void normalize(std::vector<ByteRange> &Spans) {
  std::sort(Spans.begin(), Spans.end(),
            [](const ByteRange &A, const ByteRange &B) { return A.Offset < B.Offset; });
  std::vector<ByteRange> Joined;
  for (const ByteRange &S : Spans) {
    if (S.Size == 0)
      continue;
    if (Joined.empty() || Joined.back().Offset + Joined.back().Size < S.Offset) {
      Joined.push_back(S);
      continue;
    }
    ByteRange &Last = Joined.back();
    Last.Size = std::max(Last.Offset + Last.Size, S.Offset + S.Size) - Last.Offset;
  }
  Spans = std::move(Joined);
}

std::vector<ByteRange> complement(const std::vector<ByteRange> &Normalized, uint64_t Size) {
  std::vector<ByteRange> Rest;
  uint64_t At = 0;
  for (const ByteRange &S : Normalized) {
    if (S.Offset > At)
      Rest.push_back({At, S.Offset - At});
    At = S.Offset + S.Size;
  }
  if (At < Size)
    Rest.push_back({At, Size - At});
  return Rest;
}

} // namespace perdure
