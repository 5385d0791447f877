// SPDX-License-Identifier: Apache-2.0
//
// Order of the AST half's steps. See unit_consumer.h.
#include "unit_consumer.h"

#include "allocation_sites.h"
#include "fact_collector.h"
#include "marks.h"
#include "port_match.h"
#include "proposal_records.h"
#include "standard_containers.h"

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclGroup.h"

using namespace clang;

namespace perdure {
namespace {

class UnitConsumer : public ASTConsumer {
public:
  UnitConsumer(std::optional<PortFile> Port, UnitSettings Settings, std::string MainFile,
               std::shared_ptr<UnitFacts> Facts,
               std::function<void(ASTContext &, FactCollector &)> Then)
      : Port(std::move(Port)), Settings(std::move(Settings)), MainFile(std::move(MainFile)),
        Facts(std::move(Facts)), Then(std::move(Then)) {}

  void Initialize(ASTContext &C) override {
    Context = &C;
    Sites.emplace(C);
    if (Port)
      Matcher.emplace(std::move(*Port), C, MainFile);
  }

  bool HandleTopLevelDecl(DeclGroupRef Group) override {
    // All of a group first: `typedef struct {...} T;` names the struct after it is defined.
    if (Matcher)
      for (Decl *D : Group)
        Matcher->visitAll(*D);
    for (Decl *D : Group)
      Sites->visitAll(*D);
    return true;
  }

  void HandleTagDeclDefinition(TagDecl *D) override {
    if (Matcher)
      Matcher->visit(*D);
  }

  void HandleInlineFunctionDefinition(FunctionDecl *F) override {
    if (Matcher)
      Matcher->visit(*F);
    Sites->visitAll(*F);
  }

  void HandleTranslationUnit(ASTContext &C) override {
    // Bodies instantiated or completed late, and types marked after their first use.
    Sites->visitAll(*C.getTranslationUnitDecl());
    if (Matcher) {
      Matcher->reportUnmatched();
      Facts->PortRecords = Matcher->records();
    }
    StandardContainers(C).mark(MainFile, Facts->PortRecords);
    Facts->Unit = {{"heap", Settings.Heap},
                   {"threads", Settings.Threads},
                   {"strict", Settings.Strict ? "1" : "0"},
                   {"source", MainFile}};
    FactCollector Collector(C, MainFile, recoveryHasPlace(C), *Facts);
    Collector.collect();
    if (Then && !C.getDiagnostics().hasErrorOccurred())
      Then(C, Collector);
  }

private:
  // Whether a function is named before which recovery runs, here or in another unit.
  bool recoveryHasPlace(ASTContext &C) const {
    if (Matcher)
      for (const PortEntry &Entry : Matcher->port().Entries)
        if (Entry.Mark == mark::RunRecovery)
          return true;
    for (const Decl *D : C.getTranslationUnitDecl()->decls())
      if (llvm::isa<FunctionDecl>(D) && hasMark(*D, mark::RunRecovery))
        return true;
    return false;
  }

  std::optional<PortFile> Port;
  UnitSettings Settings;
  std::string MainFile;
  std::shared_ptr<UnitFacts> Facts;
  std::function<void(ASTContext &, FactCollector &)> Then;
  ASTContext *Context = nullptr;
  std::optional<AllocationSites> Sites;
  std::optional<PortMatcher> Matcher;
};

class ProposalConsumer : public ASTConsumer {
public:
  ProposalConsumer(std::string MainFile, std::shared_ptr<UnitFacts> Facts)
      : MainFile(std::move(MainFile)), Facts(std::move(Facts)) {}

  void HandleTranslationUnit(ASTContext &C) override {
    Facts->ProposalRecords = ProposalRecords(C, MainFile).collect();
  }

private:
  std::string MainFile;
  std::shared_ptr<UnitFacts> Facts;
};

} // namespace

std::unique_ptr<ASTConsumer>
makeUnitConsumer(std::optional<PortFile> Port, UnitSettings Settings, std::string MainFile,
                 std::shared_ptr<UnitFacts> Facts,
                 std::function<void(ASTContext &, FactCollector &)> Then) {
  return std::make_unique<UnitConsumer>(std::move(Port), std::move(Settings), std::move(MainFile),
                                        std::move(Facts), std::move(Then));
}

std::unique_ptr<ASTConsumer> makeProposalConsumer(std::string MainFile,
                                                  std::shared_ptr<UnitFacts> Facts) {
  return std::make_unique<ProposalConsumer>(std::move(MainFile), std::move(Facts));
}

} // namespace perdure
