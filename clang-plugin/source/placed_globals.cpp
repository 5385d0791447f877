// SPDX-License-Identifier: Apache-2.0
#include "placed_globals.h"

#include "../marks.h"
#include "../runtime_abi.h"

#include "clang/AST/Attr.h"
#include "clang/Lex/Lexer.h"
#include "llvm/ADT/StringExtras.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

// Tokens of a declaration in a file, from BEGIN to the end of the declarator or its initial value.
struct DeclarationTokens {
  std::optional<SourceLocation> Storage; // `static` or `extern`
  std::optional<SourceLocation> Equals;
  std::optional<SourceLocation> OpenBracket; // of the first dimension after the name
  bool DimensionIsEmpty = false;
  SourceLocation End; // `;` or `,`
  bool SeveralNames = false;
};

DeclarationTokens read(SourceLocation Begin, SourceLocation Name, const SourceManager &SM,
                       const LangOptions &Options) {
  DeclarationTokens Found;
  int Depth = 0;
  bool PastName = false;
  SourceLocation At = Begin;
  for (int I = 0; I < 100000; ++I) {
    Token Next;
    if (Lexer::getRawToken(At, Next, SM, Options, /*IgnoreWhiteSpace=*/true) || Next.is(tok::eof))
      break;
    At = Next.getLocation().getLocWithOffset(Next.getLength());
    PastName |= Next.getLocation() == Name;
    if (Next.isOneOf(tok::l_brace, tok::l_paren, tok::l_square)) {
      if (Depth++ == 0 && PastName && Next.is(tok::l_square) && !Found.OpenBracket &&
          !Found.Equals) {
        Found.OpenBracket = Next.getLocation();
        Token Closing;
        Found.DimensionIsEmpty =
            !Lexer::getRawToken(At, Closing, SM, Options, true) && Closing.is(tok::r_square);
      }
    } else if (Next.isOneOf(tok::r_brace, tok::r_paren, tok::r_square)) {
      --Depth;
    } else if (Depth == 0 && Next.is(tok::raw_identifier) && !PastName &&
               (Next.getRawIdentifier() == "static" || Next.getRawIdentifier() == "extern")) {
      Found.Storage = Next.getLocation();
    } else if (Depth == 0 && PastName && Next.is(tok::equal) && !Found.Equals) {
      Found.Equals = Next.getLocation();
    } else if (Depth == 0 && Next.isOneOf(tok::semi, tok::comma)) {
      Found.SeveralNames |= Next.is(tok::comma);
      if (PastName) {
        Found.End = Next.getLocation();
        break;
      }
    }
  }
  return Found;
}

} // namespace

PlacedGlobal *PlacedGlobals::find(const VarDecl &V) {
  for (PlacedGlobal &Global : Globals)
    if (Global.Variable->getCanonicalDecl() == V.getCanonicalDecl())
      return &Global;
  return nullptr;
}

void PlacedGlobals::declaration(const VarDecl &V) {
  if (!Where.isPlaced(V))
    return;
  if (!Editor.isProgram(V.getLocation()))
    return Editor.error(V.getLocation(), "a system header declares this variable, so it cannot be "
                                         "persistent in source");
  PlacedGlobal *Known = find(V);
  bool First = !Known;
  if (First) {
    auto [Other, IsNew] = Names.try_emplace(V.getName(), V.getCanonicalDecl());
    if (!IsNew)
      return Editor.error(V.getLocation(),
                          "two variables of this unit with fixed addresses have the "
                          "name '" +
                              V.getNameAsString() + "'; rename one");
    PlacedGlobal Global{&V, false, "", "", 0, 0, false, false, ""};
    const std::string *Symbol = Where.symbolOf(V);
    for (const Fact &Row : Facts)
      if (Symbol && Row[0] == *Symbol && (Row[1] == mark::Persistent || Row[1] == mark::Pinned)) {
        Global.Pinned = Row[1] == mark::Pinned;
        Global.Key = Row[2];
        Global.Type = Row[3];
        Global.Internal = Row[4] == "1";
        Global.Address =
            Global.Pinned ? pinAddress(PERDURE_PIN_VARIABLE, Global.Key) : rootAddress(Global.Key);
      }
    Globals.push_back(std::move(Global));
    Known = &Globals.back();
  }
  if (V.isThisDeclarationADefinition() != VarDecl::DeclarationOnly) {
    Known->Variable = &V;
    Known->IsDefined = true;
    if (!V.getType()->isIncompleteType())
      Known->Size = Editor.Context.getTypeSizeInChars(V.getType()).getQuantity();
  }
  rewrite(V, *Known, First);
}

// All variables of one declaration: they can be types together, if none has an initial value.
bool PlacedGlobals::allArePlaced(const VarDecl &V) const {
  for (const Decl *Other : V.getDeclContext()->decls()) {
    const auto *Variable = llvm::dyn_cast<VarDecl>(Other);
    if (Variable && Variable->getBeginLoc() == V.getBeginLoc() &&
        (!Where.isPlaced(*Variable) || Variable->hasInit() || !Variable->isFirstDecl()))
      return false;
  }
  return true;
}

void PlacedGlobals::rewrite(const VarDecl &V, PlacedGlobal &Global, bool First) {
  const SourceManager &SM = Editor.Context.getSourceManager();
  const LangOptions &Options = Editor.Context.getLangOpts();
  std::string Name = V.getNameAsString(), Type = "perdure_type_" + Name;
  if (V.getLocation().isMacroID())
    return Editor.error(V.getLocation(), "a macro declares this variable; declare it without");
  SourceLocation Begin = SM.getExpansionLoc(V.getBeginLoc());
  DeclarationTokens Tokens = read(Begin, V.getLocation(), SM, Options);
  if (Tokens.End.isInvalid() ||
      (Tokens.SeveralNames && (!First || Tokens.Equals || !allArePlaced(V))))
    return Editor.error(V.getLocation(),
                        "declare '" + Name +
                            "' in a declaration of its own; source cannot give it a "
                            "fixed address among others");
  if (V.isLocalExternDecl())
    return Editor.error(V.getLocation(), "move this declaration of '" + Name +
                                             "' out of the function: its type and address must be "
                                             "known in the whole file");
  if (V.hasAttr<SectionAttr>() || V.hasAttr<AlignedAttr>() || V.getTLSKind() != VarDecl::TLS_None)
    return Editor.error(V.getLocation(), "'" + Name +
                                             "' lives in the pool; its section, alignment or "
                                             "thread storage cannot be kept in source");
  if (V.isStaticLocal() && V.hasInit() && Tokens.Equals)
    return Editor.error(V.getLocation(), "move '" + Name +
                                             "' out of the function: source cannot hand "
                                             "the initial value over from inside of it");
  if (!First) { // its type is known already
    if (!Tokens.Equals) {
      std::optional<FileRange> Place = Editor.spelled(SourceRange(Begin, Tokens.End));
      if (Place)
        Editor.Unit.Edits[Place->File].replace(Place->Begin, Place->End,
                                               "/* " + Name + " lives in the pool */");
      return;
    }
    std::optional<FileRange> Start = Editor.spelled(Begin), Stop = Editor.spelled(*Tokens.Equals);
    if (Start && Stop)
      Editor.Unit.Edits[Start->File].replace(
          Start->Begin, Stop->Begin, "static const " + Type + " perdure_initial_" + Name + " ");
    Global.Initial = "perdure_initial_" + Name;
    return;
  }
  if (Tokens.Storage)
    Editor.replace(*Tokens.Storage, "typedef", "root");
  else if (std::optional<FileRange> Place = Editor.spelled(Begin))
    Editor.Unit.Edits[Place->File].replace(Place->Begin, Place->Begin, "typedef ");
  Editor.replace(V.getLocation(), Type, "root");
  if (Tokens.DimensionIsEmpty) {
    const auto *Array = Editor.Context.getAsConstantArrayType(V.getType());
    if (!Array)
      return Editor.error(V.getLocation(), "say how many elements '" + Name + "' has");
    Editor.insertAfter(*Tokens.OpenBracket, llvm::utostr(Array->getSize().getZExtValue()), "root");
  }
  if (!Tokens.Equals)
    return;
  std::optional<FileRange> Place = Editor.spelled(*Tokens.Equals);
  unsigned At = Place->Begin;
  StringRef Text = SM.getBufferData(Place->ID);
  while (At > 0 && llvm::isSpace(Text[At - 1]))
    --At;
  Global.Initial = "perdure_initial_" + Name;
  Editor.Unit.Edits[Place->File].replace(At, At, ";\nstatic const " + Type + " " + Global.Initial);
}

void PlacedGlobals::use(const DeclRefExpr &Name) {
  const auto *V = llvm::dyn_cast<VarDecl>(Name.getDecl());
  if (V && Where.isPlaced(*V))
    Editor.replace(Name.getLocation(), ("PERDURE_ROOT(" + V->getName() + ")").str(), "root");
}

std::string PlacedGlobals::addresses() const {
  std::string Text;
  for (const PlacedGlobal &Global : Globals)
    Text += "#define perdure_at_" + Global.Variable->getNameAsString() + " 0x" +
            llvm::utohexstr(Global.Address, /*LowerCase=*/true) + "ull // " + Global.Key + "\n";
  return Text;
}

} // namespace perdure
