// SPDX-License-Identifier: Apache-2.0
#include "source_tree.h"

#include "unified_diff.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using llvm::StringRef;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

namespace perdure {
namespace {

std::string commonDirectory(const std::vector<UnitSource> &Units) {
  StringRef Common = path::parent_path(Units.front().MainFile);
  for (const UnitSource &Unit : Units)
    while (!Common.empty() && !(StringRef(Unit.MainFile).starts_with(Common) &&
                                StringRef(Unit.MainFile).substr(Common.size()).starts_with("/")))
      Common = path::parent_path(Common);
  return Common.str();
}

bool isEmptyDirectory(StringRef Directory) {
  std::error_code Error;
  fs::directory_iterator First(Directory, Error), End;
  return !Error && First == End;
}

std::string writeFile(StringRef Name, StringRef Text) {
  if (std::error_code Error = fs::create_directories(path::parent_path(Name)))
    return ("cannot make the directory of " + Name + ": " + Error.message()).str();
  std::error_code Error;
  llvm::raw_fd_ostream Out(Name, Error);
  if (!Error) {
    Out << Text;
    Out.close();
    Error = Out.error();
    Out.clear_error();
  }
  return Error ? ("cannot write " + Name + ": " + Error.message()).str() : "";
}

std::string counted(size_t Number, const std::string &Noun) {
  return llvm::utostr(Number) + " " + Noun + (Number == 1 ? "" : "s");
}

std::map<std::string, unsigned> byKind(const std::multiset<Site> &Sites) {
  std::map<std::string, unsigned> Counts;
  for (const Site &Here : Sites)
    ++Counts[Here.Kind];
  return Counts;
}

} // namespace

SourceTree::SourceTree(std::vector<UnitSource> Units, std::string Root)
    : Units(std::move(Units)), Root(std::move(Root)) {
  if (this->Root.empty())
    this->Root = commonDirectory(this->Units);
}

std::string SourceTree::relative(StringRef Path) const {
  if (!Path.consume_front(Root) || !Path.consume_front("/"))
    return "";
  return Path.str();
}

std::string SourceTree::read(const std::string &Path, File &Into) const {
  auto Buffer = llvm::MemoryBuffer::getFile(Path);
  if (!Buffer)
    return "cannot read " + Path + ": " + Buffer.getError().message();
  Into.Original = (*Buffer)->getBuffer().str();
  return "";
}

std::string SourceTree::add(const UnitSource &Unit) {
  for (const std::string &Path : Unit.Files)
    if (!relative(Path).empty() && !Files.count(Path))
      if (std::string Problem = read(Path, Files[Path]); !Problem.empty())
        return Problem;
  if (Unit.AlreadyPorted)
    return "";
  for (const auto &[Path, Edits] : Unit.Edits) {
    if (Edits.empty())
      continue;
    if (relative(Path).empty())
      return Path + " must change and lies outside of " + Root +
             "; name a directory above both with --root";
    if (!Files.count(Path))
      if (std::string Problem = read(Path, Files[Path]); !Problem.empty())
        return Problem;
    if (!Files[Path].Edits.merge(Edits))
      return Path + " needs other text in " + Unit.MainFile +
             " than in another file that includes "
             "it; give the two what differs under names of their own";
  }
  std::string Stem = Unit.MainFile.substr(0, Unit.MainFile.rfind('.'));
  std::string Name = path::filename(Unit.MainFile).str();
  File &Head = Files[Stem + ".perdure.h"], &Tail = Files[Stem + ".perdure.inc"];
  if (Head.Generated)
    return Unit.MainFile + " is compiled in more than one way; leave one of them in the compile "
                           "database";
  Head.Generated = Tail.Generated = true;
  Head.Text = "// Addresses of what " + Name +
              " has in the pool or stores there. Made by perdure-port.\n"
              "#include <perdure/source.h>\n" +
              (Unit.Head.empty() ? "" : "\n") + Unit.Head;
  Tail.Text = Unit.Tail;
  std::set<std::string> KnownFiles; // a header's places, as its first unit saw them
  for (const Site &Here : Sites)
    KnownFiles.insert(Here.File);
  for (const Site &Here : Unit.Sites)
    if (!KnownFiles.count(Here.File))
      Sites.insert(Here);
  for (const auto &[Here, Why] : Unit.Left)
    if (!relative(Here.File).empty())
      Left.emplace(Here, Why);
  return "";
}

std::string SourceTree::merge() {
  for (const UnitSource &Unit : Units)
    if (std::string Problem = add(Unit); !Problem.empty())
      return Problem;
  for (auto &[Path, Each] : Files) {
    if (Each.Generated) {
      Diff += addedFile(relative(Path), Each.Text);
      continue;
    }
    if (std::optional<unsigned> At = Each.Edits.conflict())
      return Path + ":" + llvm::utostr(1 + StringRef(Each.Original).take_front(*At).count('\n')) +
             ": this text is used in two ways that need different changes, perhaps by one macro; "
             "write out what it does in one of them";
    Each.Text = Each.Edits.apply(Each.Original);
    std::string Hunks = unifiedDiff(relative(Path), Each.Original, Each.Edits, LinesChanged);
    FilesChanged += !Hunks.empty();
    Diff += Hunks;
  }
  return "";
}

std::string SourceTree::summary() const {
  return counted(FilesChanged, "file") + " and " + counted(LinesChanged, "line") + " changed, " +
         counted(Sites.size(), "place") + "; " + counted(Left.size(), "place") + " left alone";
}

std::string SourceTree::textReport() const {
  std::string Text = summary() + "\n\n";
  for (const auto &[Kind, Count] : byKind(Sites))
    Text += llvm::utostr(Count) + " " + Kind + "\n";
  if (!Left.empty())
    Text += "\nleft:\n";
  for (const auto &[Here, Why] : Left)
    Text +=
        relative(Here.File) + ":" + llvm::utostr(Here.Line) + ": " + Here.Kind + ": " + Why + "\n";
  return Text;
}

std::string SourceTree::jsonReport() const {
  llvm::json::Object Kinds;
  for (const auto &[Kind, Count] : byKind(Sites))
    Kinds[Kind] = Count;
  llvm::json::Array Places, Rest, Changed;
  for (const Site &Here : Sites)
    Places.push_back(llvm::json::Object{
        {"file", relative(Here.File)}, {"line", Here.Line}, {"kind", Here.Kind}});
  for (const auto &[Here, Why] : Left)
    Rest.push_back(llvm::json::Object{
        {"file", relative(Here.File)}, {"line", Here.Line}, {"kind", Here.Kind}, {"why", Why}});
  for (const auto &[Path, Each] : Files)
    if (!Each.Generated && Each.Text != Each.Original)
      Changed.push_back(relative(Path));
  std::string Text;
  llvm::raw_string_ostream Out(Text);
  Out << llvm::formatv("{0:2}", llvm::json::Value(llvm::json::Object{{"files", std::move(Changed)},
                                                                     {"lines", LinesChanged},
                                                                     {"kinds", std::move(Kinds)},
                                                                     {"sites", std::move(Places)},
                                                                     {"left", std::move(Rest)}}))
      << "\n";
  return Text;
}

std::string SourceTree::write(StringRef Out) const {
  if (fs::exists(Out) && !isEmptyDirectory(Out))
    return (Out + " is not an empty directory; remove it, or name another with -o").str();
  std::string Part = (Out + ".new").str();
  if (fs::exists(Part))
    return Part + " is in the way, perhaps left by a run that was interrupted; remove it";
  std::string Problem;
  for (const auto &[Path, Each] : Files)
    if (Problem.empty())
      Problem = writeFile(Part + "/" + relative(Path), Each.Text);
  for (auto [Name, Text] :
       {std::pair("report.txt", textReport()), {"report.json", jsonReport()}, {"port.diff", Diff}})
    if (Problem.empty())
      Problem = writeFile(Part + "/perdure-port/" + Name, Text);
  if (Problem.empty() && fs::exists(Out))
    if (std::error_code Error = fs::remove(Out))
      Problem = ("cannot replace " + Out + ": " + Error.message()).str();
  if (Problem.empty())
    if (std::error_code Error = fs::rename(Part, Out))
      Problem = ("cannot rename " + Part + " to " + Out + ": " + Error.message()).str();
  if (!Problem.empty())
    fs::remove_directories(Part);
  return Problem;
}

} // namespace perdure
