// SPDX-License-Identifier: Apache-2.0
//
// Registration of the plugin with Clang: its arguments, the AST half as a consumer that runs before
// code generation, the IR half as a callback of the pass pipeline. perdure-pass.so, for opt, has
// the IR half alone.
//
//   clang -fplugin=perdure.so [-fplugin-arg-perdure-port=FILE] [-fplugin-arg-perdure-heap=all]
//         [-fplugin-arg-perdure-threads=single] [-fplugin-arg-perdure-strict]
//   clang -fplugin=perdure.so -fplugin-arg-perdure-propose ...      facts for `perdure propose`
//   alone
#include "clang_versions.h"
#include "facts.h"
#include "pass_pipeline.h"
#include "standard_containers.h"
#include "unit_consumer.h"

#include "clang/Basic/CodeGenOptions.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendPluginRegistry.h"
#include "clang/Lex/Preprocessor.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/Path.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

class PerdureAction : public PluginASTAction {
public:
  bool ParseArgs(const CompilerInstance &CI, const std::vector<std::string> &Arguments) override {
    for (StringRef Argument : Arguments)
      if (!parse(Argument)) {
        DiagnosticsEngine &Diags = CI.getDiagnostics();
        Diags.Report(Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                           "unknown perdure argument '%0'; there are: port=FILE, "
                                           "heap=annotated|all, threads=many|single, strict, "
                                           "unit=NAME, propose"))
            << Argument;
        return false;
      }
    return true;
  }

  ActionType getActionType() override { return AddBeforeMainAction; }

  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance &CI, StringRef File) override {
    Preprocessor &PP = CI.getPreprocessor();
    // A second copy of the plugin in one compiler does nothing.
    static constexpr llvm::StringLiteral Loaded = "#define __PERDURE_PLUGIN__ 1\n";
    if (StringRef(PP.getPredefines()).contains(Loaded))
      return std::make_unique<ASTConsumer>();
    std::string Name = Unit.value_or(llvm::sys::path::filename(File).str());
    auto Facts = std::make_shared<UnitFacts>();
    if (Propose) { // the program is compiled as if there were no plugin
      PP.setPredefines(PP.getPredefines() + Loaded.str());
      addPasses(CI.getCodeGenOpts(),
                [Facts](llvm::PassBuilder &Builder) { registerFactsWriter(Builder, Facts); });
      return makeProposalConsumer(Name, Facts);
    }
    bool HasMacro = StringRef(PP.getPredefines()).contains("#define __PERDURE__ ");
    PP.setPredefines(PP.getPredefines() + Loaded.str() +
                     (HasMacro ? "" : "#define __PERDURE__ 1\n"));
    if (CI.getLangOpts().CPlusPlus)
      compileStringMembers(PP);

    std::optional<PortFile> Port;
    if (!PortPath.empty() && !(Port = readPortFile(CI, PortPath)))
      return std::make_unique<ASTConsumer>(); // the error is reported; Clang takes no null here
    UnitSettings Settings = settingsWith(Port);
    if (CI.getFrontendOpts().ProgramAction != frontend::ParseSyntaxOnly)
      registerPasses(CI, Facts);
    return makeUnitConsumer(std::move(Port), Settings, Name, Facts);
  }

private:
  bool parse(StringRef Argument) {
    auto [Key, Value] = Argument.split('=');
    if (Key == "port" && !Value.empty())
      PortPath = Value.str();
    else if (Key == "heap" && (Value == "annotated" || Value == "all"))
      Heap = Value.str();
    else if (Key == "threads" && (Value == "many" || Value == "single"))
      Threads = Value.str();
    else if (Key == "unit" && !Value.empty())
      Unit = Value.str();
    else if (Argument == "strict")
      Strict = true;
    else if (Argument == "propose")
      Propose = true;
    else
      return false;
    return true;
  }

  UnitSettings settingsWith(const std::optional<PortFile> &Port) const {
    UnitSettings Settings;
    if (Port) {
      Settings.Heap = Port->Heap.value_or(Settings.Heap);
      Settings.Threads = Port->Threads.value_or(Settings.Threads);
      Settings.Strict = Port->Strict.value_or(false);
    }
    Settings.Heap = Heap.value_or(Settings.Heap);
    Settings.Threads = Threads.value_or(Settings.Threads);
    Settings.Strict |= Strict;
    return Settings;
  }

  static void registerPasses(CompilerInstance &CI, std::shared_ptr<UnitFacts> Facts) {
    CodeGenOptions &Options = CI.getCodeGenOpts();
    if (Options.DisableLLVMPasses) {
      DiagnosticsEngine &Diags = CI.getDiagnostics();
      Diags.Report(
          Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                "-disable-llvm-passes leaves every store uninstrumented; remove "
                                "it, or compile this file without perdure"));
    }
    // Diagnostics of the IR half have a place only if instructions have one. This level produces no
    // debug information in the object file.
    if (Options.getDebugInfo() == debuginfo::NoDebugInfo)
      Options.setDebugInfo(debuginfo::LocTrackingOnly);
    addPasses(Options, [Facts](llvm::PassBuilder &Builder) {
      registerFactsWriter(Builder, Facts);
      registerPerdurePasses(Builder);
    });
  }

  std::string PortPath;
  std::optional<std::string> Heap, Threads;
  std::optional<std::string> Unit; // instead of the file's name, where two files have the same
  bool Strict = false;
  bool Propose = false;
};

FrontendPluginRegistry::Add<PerdureAction> Register("perdure",
                                                    "makes the program's annotated data durable");

} // namespace
} // namespace perdure
