// SPDX-License-Identifier: Apache-2.0
//
// From places of the AST to places of text. A range that a macro's argument holds is changed at the
// use; one that the macro's body holds, at its definition. See unit_source.h.
#include "unit_source.h"

#include "clang/Basic/FileManager.h"
#include "clang/Lex/Lexer.h"
#include "clang/Lex/MacroInfo.h"
#include "llvm/Support/Path.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

// The places that LOC stands at as the first (or last) token: itself, and each macro use that
// begins (or ends) with it.
std::vector<SourceLocation> placesOf(SourceLocation Loc, bool IsEnd, const SourceManager &SM,
                                     const LangOptions &Options) {
  std::vector<SourceLocation> Places{Loc};
  while (Loc.isMacroID()) {
    bool Whole = IsEnd ? SM.isAtEndOfImmediateMacroExpansion(Loc.getLocWithOffset(
                             Lexer::MeasureTokenLength(SM.getSpellingLoc(Loc), SM, Options)))
                       : SM.isAtStartOfImmediateMacroExpansion(Loc);
    if (!Whole)
      break;
    CharSourceRange Use = SM.getImmediateExpansionRange(Loc);
    Loc = IsEnd ? Use.getEnd() : Use.getBegin();
    Places.push_back(Loc);
  }
  return Places;
}

} // namespace

std::string SourceEditor::pathOf(FileID File) const {
  OptionalFileEntryRef Entry = Context.getSourceManager().getFileEntryRefForID(File);
  if (!Entry)
    return "";
  llvm::SmallString<256> Path(Entry->getFileEntry().tryGetRealPathName());
  return Path.str().str();
}

std::optional<FileRange> SourceEditor::spelledAt(SourceLocation Begin, SourceLocation End) const {
  const SourceManager &SM = Context.getSourceManager();
  SourceLocation First = SM.getSpellingLoc(Begin), Last = SM.getSpellingLoc(End);
  FileID File = SM.getFileID(First);
  std::string Path = pathOf(File);
  if (SM.getFileID(Begin) != SM.getFileID(End) || File != SM.getFileID(Last) || Path.empty() ||
      SM.isInSystemHeader(First))
    return std::nullopt;
  unsigned EndOffset =
      SM.getFileOffset(Last) + Lexer::MeasureTokenLength(Last, SM, Context.getLangOpts());
  if (SM.getFileOffset(First) >= EndOffset)
    return std::nullopt;
  return FileRange{Path, File, SM.getFileOffset(First), EndOffset};
}

// At the use rather than in the macro's definition, which serves others too.
std::optional<FileRange> SourceEditor::spelled(SourceRange Range) const {
  const SourceManager &SM = Context.getSourceManager();
  const LangOptions &Options = Context.getLangOpts();
  std::optional<FileRange> InArgument, InBody;
  for (SourceLocation Begin : placesOf(Range.getBegin(), false, SM, Options))
    for (SourceLocation End : placesOf(Range.getEnd(), true, SM, Options)) {
      std::optional<FileRange> Place = spelledAt(Begin, End);
      if (!Place)
        continue;
      if (!Begin.isMacroID())
        return Place;
      Place->InMacro = true;
      auto &Kept = SM.isMacroArgExpansion(Begin) ? InArgument : InBody;
      if (!Kept)
        Kept = Place;
    }
  return InArgument ? InArgument : InBody;
}

bool SourceEditor::isProgram(SourceLocation Place) const {
  const SourceManager &SM = Context.getSourceManager();
  SourceLocation Loc = SM.getExpansionLoc(Place);
  return Loc.isValid() && !SM.isInSystemHeader(Loc) && !SM.isWrittenInBuiltinFile(Loc) &&
         !SM.isWrittenInCommandLineFile(Loc);
}

std::string SourceEditor::text(SourceRange Range) const {
  std::optional<FileRange> Place = spelled(Range);
  if (!Place)
    return "";
  return Context.getSourceManager().getBufferData(Place->ID).slice(Place->Begin, Place->End).str();
}

void SourceEditor::note(const FileRange &Place, StringRef Kind) {
  unsigned Line = Context.getSourceManager().getLineNumber(Place.ID, Place.Begin);
  if (Noted.insert({Place.File, Place.Begin, Kind.str()}).second)
    Unit.Sites.insert({Place.File, Line, Kind.str()});
}

void SourceEditor::warnIfString(SourceLocation Argument) {
  const SourceManager &SM = Context.getSourceManager();
  const LangOptions &Options = Context.getLangOpts();
  for (SourceLocation At = Argument; SM.isMacroArgExpansion(At);
       At = SM.getImmediateSpellingLoc(At)) {
    StringRef Macro = Lexer::getImmediateMacroName(At, SM, Options);
    const IdentifierInfo *Name = Macros.getIdentifierInfo(Macro);
    const MacroInfo *Definition = Macros.getMacroInfo(Name);
    // Where the argument went is the parameter's place in the macro's text.
    llvm::SmallString<32> Buffer;
    StringRef Parameter = Lexer::getSpelling(
        SM.getSpellingLoc(SM.getImmediateExpansionRange(At).getBegin()), Buffer, SM, Options);
    if (!Definition)
      continue;
    for (unsigned I = 0; I + 1 < Definition->getNumTokens(); ++I) {
      const Token &Hash = Definition->getReplacementToken(I),
                  &Next = Definition->getReplacementToken(I + 1);
      if (Hash.is(tok::hash) && Next.getIdentifierInfo() &&
          Next.getIdentifierInfo()->getName() == Parameter)
        warn(Argument, "'" + Macro +
                           "' makes a string of this argument, too; it will have the "
                           "ported text");
    }
  }
}

void SourceEditor::wrap(SourceRange Range, StringRef Before, StringRef After, StringRef Kind) {
  std::optional<FileRange> Place = spelled(Range);
  if (!Place)
    return error(Range.getBegin(), "this " + Kind +
                                       " is written by a macro that cannot be changed; write out "
                                       "what the macro does here");
  if (!Unit.Edits[Place->File].wrap(Place->Begin, Place->End, Before, After))
    return error(Range.getBegin(), "this " + Kind +
                                       " needs other text in another use of the macro or another "
                                       "unit; write out what it does here");
  warnIfString(Range.getBegin());
  note(*Place, Kind);
}

void SourceEditor::replace(SourceRange Range, StringRef Text, StringRef Kind) {
  std::optional<FileRange> Place = spelled(Range);
  if (!Place)
    return error(Range.getBegin(), "this " + Kind +
                                       " is written by a macro that cannot be changed; write out "
                                       "what the macro does here");
  if (!Unit.Edits[Place->File].replace(Place->Begin, Place->End, Text))
    return error(Range.getBegin(), "this " + Kind +
                                       " needs other text in another use of the macro or another "
                                       "unit; write out what it does here");
  warnIfString(Range.getBegin());
  note(*Place, Kind);
}

void SourceEditor::insertAfter(SourceLocation Token, StringRef Text, StringRef Kind) {
  std::optional<FileRange> Place = spelled(Token);
  if (!Place)
    return error(Token, "this " + Kind +
                            " is written by a macro that cannot be changed; write out "
                            "what the macro does here");
  if (!Unit.Edits[Place->File].replace(Place->End, Place->End, Text))
    return error(Token, "two insertions at one place");
  note(*Place, Kind);
}

void SourceEditor::error(SourceLocation Place, const llvm::Twine &Message) {
  // One of a kind at a place: a macro's body is met at every use.
  std::string Text = Message.str();
  if (!Reported.insert({Place.getRawEncoding(), Text}).second)
    return;
  DiagnosticsEngine &Diags = Context.getDiagnostics();
  Diags.Report(Place, Diags.getCustomDiagID(DiagnosticsEngine::Error, "%0")) << Text;
}

void SourceEditor::warn(SourceLocation Place, const llvm::Twine &Message) {
  std::string Text = Message.str();
  if (!Reported.insert({Place.getRawEncoding(), Text}).second)
    return;
  DiagnosticsEngine &Diags = Context.getDiagnostics();
  Diags.Report(Place, Diags.getCustomDiagID(DiagnosticsEngine::Warning, "%0")) << Text;
}

void SourceEditor::left(SourceLocation Place, StringRef Kind, StringRef Why) {
  const SourceManager &SM = Context.getSourceManager();
  SourceLocation Loc = SM.getExpansionLoc(Place);
  Unit.Left.push_back(
      {{pathOf(SM.getFileID(Loc)), SM.getSpellingLineNumber(Loc), Kind.str()}, Why.str()});
}

} // namespace perdure
