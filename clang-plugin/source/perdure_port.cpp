// SPDX-License-Identifier: Apache-2.0
//
// perdure-port: writes the ported program as source that any compiler builds.
//
//   perdure-port -p BUILD [--port FILE] -o DIR [FILE...]
//   perdure-port [--port FILE] -o DIR FILE... -- [compiler's arguments]
//
// BUILD has the compile_commands.json of the program; without FILEs all of its C files are ported.
#include "port_action.h"
#include "source_tree.h"

#include "clang/Tooling/ArgumentsAdjusters.h"
#include "clang/Tooling/CompilationDatabase.h"
#include "clang/Tooling/Tooling.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace clang::tooling;
using llvm::StringRef;
namespace cl = llvm::cl;

namespace {

cl::OptionCategory Category("perdure-port options");
cl::opt<std::string> Build("p", cl::desc("directory of compile_commands.json"),
                           cl::value_desc("BUILD"), cl::cat(Category));
cl::opt<std::string> Out("o", cl::desc("directory to write, empty or missing"),
                         cl::value_desc("DIR"), cl::Required, cl::cat(Category));
cl::opt<std::string> Root("root", cl::desc("directory of the program's source"),
                          cl::value_desc("DIR"), cl::cat(Category));
cl::opt<std::string> Port("port", cl::desc("port file"), cl::value_desc("FILE"), cl::cat(Category));
cl::opt<std::string> Heap("perdure-heap", cl::desc("annotated or all"), cl::cat(Category));
cl::opt<std::string> Threads("perdure-threads", cl::desc("many or single"), cl::cat(Category));
cl::list<std::string> Sources(cl::Positional, cl::desc("[FILE...]"), cl::cat(Category));

int fail(const llvm::Twine &Message) {
  llvm::errs() << "perdure-port: error: " << Message << "\n";
  return 1;
}

std::string absolute(StringRef Path) {
  llvm::SmallString<256> Result;
  return llvm::sys::fs::real_path(Path, Result) ? Path.str() : Result.str().str();
}

bool isC(StringRef Path) { return llvm::sys::path::extension(Path) == ".c"; }

} // namespace

int main(int argc, const char **argv) {
  std::string Problem;
  std::unique_ptr<CompilationDatabase> Database =
      FixedCompilationDatabase::loadFromCommandLine(argc, argv, Problem);
  cl::HideUnrelatedOptions(Category);
  cl::ParseCommandLineOptions(argc, argv,
                              "Writes a program's port as source that any compiler builds.\n");
  if (!Port.empty() && !llvm::sys::fs::exists(Port))
    return fail("there is no port file " + Port);
  if (!Database)
    Database = CompilationDatabase::loadFromDirectory(
        Build.empty() ? StringRef(".") : StringRef(Build), Problem);
  if (!Database)
    return fail("no compile_commands.json can be read in " +
                (Build.empty() ? std::string(".") : Build.getValue()) +
                "; name its directory with -p (CMake writes it with "
                "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON, bear for other builds)");
  std::vector<std::string> Files(Sources.begin(), Sources.end());
  if (Files.empty())
    Files = Database->getAllFiles();
  for (const std::string &File : Files)
    if (!isC(File))
      return fail(File + " is not C, and only C can be written as ported source so far; compile it "
                         "with perdure-clang++, and name the other files");
  if (Files.empty())
    return fail("the compile database names no file");

  std::vector<perdure::UnitSource> Units;
  perdure::PortSettings Settings{absolute(Port), Heap, Threads};
  ClangTool Tool(*Database, Files);
  Tool.appendArgumentsAdjuster(getInsertArgumentAdjuster(
      // The text is ported that stands there, not what fortified headers make of it.
      {"-resource-dir", PERDURE_CLANG_RESOURCES, "-Wno-unknown-warning-option",
       "-U_FORTIFY_SOURCE"},
      ArgumentInsertPosition::END));
  perdure::PortRecords Records;
  auto Factory = perdure::portActions(Settings, Units, Records);
  if (Tool.run(Factory.get()) != 0)
    return fail("nothing was written, because of the errors above");
  bool Matches = Records.check(llvm::errs());
  if (!perdure::checkUndefined(Units, llvm::errs()) || !Matches)
    return fail("nothing was written, because of the errors above");

  perdure::SourceTree Tree(std::move(Units), Root.empty() ? "" : absolute(Root));
  if (Problem = Tree.merge(); !Problem.empty())
    return fail(Problem);
  if (Problem = Tree.write(Out); !Problem.empty())
    return fail(Problem);
  llvm::outs() << Out << ": " << Tree.summary() << "; see " << Out << "/perdure-port\n";
  return 0;
}
