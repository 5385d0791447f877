// SPDX-License-Identifier: Apache-2.0
#include "port_action.h"

#include "../unit_consumer.h"
#include "ported_unit.h"

#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendAction.h"
#include "clang/Lex/PPCallbacks.h"
#include "clang/Lex/Preprocessor.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

std::string realPath(FileEntryRef File) { return File.getFileEntry().tryGetRealPathName().str(); }

// Text that this configuration leaves out stays as it was: another one would compile it unported.
class SkippedText : public PPCallbacks {
public:
  SkippedText(const SourceManager &SM, UnitSource &Unit) : SM(SM), Unit(Unit) {}
  void SourceRangeSkipped(SourceRange Range, SourceLocation) override {
    if (OptionalFileEntryRef File = SM.getFileEntryRefForID(SM.getFileID(Range.getBegin()));
        File && !SM.isInSystemHeader(Range.getBegin()))
      Unit.Left.push_back(
          {{realPath(*File), SM.getSpellingLineNumber(Range.getBegin()), "text"},
           "left out by the preprocessor; ported for the compile database's macros"});
  }

private:
  const SourceManager &SM;
  UnitSource &Unit;
};

std::set<std::string> functionsDefinedIn(const ASTContext &Context) {
  std::set<std::string> Names;
  for (const Decl *D : Context.getTranslationUnitDecl()->decls())
    if (const auto *F = llvm::dyn_cast<FunctionDecl>(D);
        F && F->isThisDeclarationADefinition() && F->isExternallyVisible())
      Names.insert(F->getNameAsString());
  return Names;
}

class PortAction : public ASTFrontendAction {
public:
  PortAction(const PortSettings &Settings, std::vector<UnitSource> &Units, PortRecords &Records)
      : Settings(Settings), Units(Units), Records(Records) {}

  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance &CI, StringRef File) override {
    Preprocessor &PP = CI.getPreprocessor();
    PP.setPredefines(PP.getPredefines() + "#define __PERDURE__ 1\n");
    const SourceManager &SM = CI.getSourceManager();
    PP.addPPCallbacks(std::make_unique<SkippedText>(SM, Unit));
    Unit.MainFile = realPath(*SM.getFileEntryRefForID(SM.getMainFileID()));
    std::string Head = "#include \"" + llvm::sys::path::stem(File).str() + ".perdure.h\"\n";
    StringRef Text = SM.getBufferData(SM.getMainFileID());
    Unit.AlreadyPorted = Text.starts_with(Head) || Text.contains("\n" + Head);

    std::optional<PortFile> Port;
    if (!Settings.PortFile.empty() && !Unit.AlreadyPorted &&
        !(Port = readPortFile(CI, Settings.PortFile)))
      return std::make_unique<ASTConsumer>();
    UnitSettings Merged;
    if (Port) {
      Merged.Heap = Port->Heap.value_or(Merged.Heap);
      Merged.Threads = Port->Threads.value_or(Merged.Threads);
      Merged.Strict = Port->Strict.value_or(false);
    }
    if (!Settings.Heap.empty())
      Merged.Heap = Settings.Heap;
    if (!Settings.Threads.empty())
      Merged.Threads = Settings.Threads;
    std::string Name = llvm::sys::path::filename(File).str();
    return makeUnitConsumer(std::move(Port), Merged, Name, Facts,
                            [this, Name](ASTContext &Context, FactCollector &Collector) {
                              Records.add(Facts->PortRecords);
                              Unit.Defined = functionsDefinedIn(Context);
                              if (!Unit.AlreadyPorted)
                                portUnit(Context, getCompilerInstance().getPreprocessor(), *Facts,
                                         Collector, Name, Unit);
                            });
  }

  void EndSourceFileAction() override {
    SourceManager &SM = getCompilerInstance().getSourceManager();
    for (auto I = SM.fileinfo_begin(); I != SM.fileinfo_end(); ++I) {
      FileID ID = SM.translateFile(I->first);
      if (ID.isValid() && !SM.isInSystemHeader(SM.getLocForStartOfFile(ID)))
        Unit.Files.insert(realPath(I->first));
    }
    if (!getCompilerInstance().getDiagnostics().hasErrorOccurred())
      Units.push_back(std::move(Unit));
  }

private:
  const PortSettings &Settings;
  std::vector<UnitSource> &Units;
  PortRecords &Records;
  UnitSource Unit;
  std::shared_ptr<UnitFacts> Facts = std::make_shared<UnitFacts>();
};

class Factory : public tooling::FrontendActionFactory {
public:
  Factory(const PortSettings &Settings, std::vector<UnitSource> &Units, PortRecords &Records)
      : Settings(Settings), Units(Units), Records(Records) {}
  std::unique_ptr<FrontendAction> create() override {
    return std::make_unique<PortAction>(Settings, Units, Records);
  }

private:
  const PortSettings &Settings;
  std::vector<UnitSource> &Units;
  PortRecords &Records;
};

} // namespace

bool PortRecords::check(llvm::raw_ostream &Errors) const {
  std::string Path;
  std::set<StringRef> Matched;
  std::vector<std::pair<StringRef, StringRef>> Entries; // place, text
  for (const std::string &Record : All) {
    llvm::SmallVector<StringRef, 5> Fields;
    StringRef(Record).split(Fields, '\t');
    if (Fields[0] == "port" && Fields.size() > 2)
      Path = Fields[2].str();
    else if (Fields[0] == "match" && Fields.size() > 2)
      Matched.insert(Fields[2]);
    else if (Fields[0] == "entry" && Fields.size() > 3)
      Entries.push_back({Fields[2], Fields[3]});
  }
  bool AllMatch = true;
  for (auto [Place, Text] : Entries)
    if (!Matched.count(Place)) {
      Errors
          << Path << ":" << Place << ": error: '" << Text
          << "' matches nothing in the files of the compile database; correct the name, or remove "
             "the entry\n";
      AllMatch = false;
    }
  return AllMatch;
}

bool checkUndefined(const std::vector<UnitSource> &Units, llvm::raw_ostream &Errors) {
  std::set<std::string> Defined;
  for (const UnitSource &Unit : Units)
    Defined.insert(Unit.Defined.begin(), Unit.Defined.end());
  std::set<std::string> Told;
  bool Sound = true;
  for (const UnitSource &Unit : Units)
    for (const auto &[Name, Call] : Unit.Undefined) {
      if (Defined.count(Name) || !Told.insert(Name).second)
        continue;
      Errors << Call.Place << ": " << (Call.IsError ? "error" : "warning")
             << ": no ported file has '" << Name
             << "', which may write persistent memory through this call's arguments; port its file "
                "too, include the system header that declares it, or say in the port file what it "
                "writes: extern_writes: {"
             << Name << ": none}\n";
      Sound &= !Call.IsError;
    }
  return Sound;
}

std::unique_ptr<tooling::FrontendActionFactory>
portActions(const PortSettings &Settings, std::vector<UnitSource> &Units, PortRecords &Records) {
  return std::make_unique<Factory>(Settings, Units, Records);
}

} // namespace perdure
