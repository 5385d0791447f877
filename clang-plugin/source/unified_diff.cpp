// SPDX-License-Identifier: Apache-2.0
#include "unified_diff.h"

#include <algorithm>

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using llvm::StringRef;

namespace perdure {
namespace {

constexpr unsigned Context = 3; // lines

// Lines [Begin, End) of the original, and what stands there afterwards.
struct Hunk {
  unsigned Begin, End;
  std::string Text;
};

std::vector<unsigned> lineStarts(StringRef Text) {
  std::vector<unsigned> Starts{0};
  for (unsigned I = 0; I < Text.size(); ++I)
    if (Text[I] == '\n' && I + 1 < Text.size())
      Starts.push_back(I + 1);
  Starts.push_back(Text.size());
  return Starts;
}

void writeLines(std::string &Out, char Mark, StringRef Text) {
  while (!Text.empty()) {
    auto [Line, Rest] = Text.split('\n');
    Out += Mark;
    Out += Line;
    Out += '\n';
    Text = Rest;
  }
}

unsigned countLines(StringRef Text) {
  return Text.count('\n') + (!Text.empty() && !Text.ends_with("\n"));
}

// Without lines at its ends that stayed: an insertion belongs to the line that it stands beside.
void trim(Hunk &Each, StringRef Original, const std::vector<unsigned> &Starts) {
  StringRef Text = Each.Text;
  while (Each.Begin < Each.End &&
         Text.consume_front(Original.slice(Starts[Each.Begin], Starts[Each.Begin + 1])))
    ++Each.Begin;
  while (Each.Begin < Each.End) {
    StringRef Last = Original.slice(Starts[Each.End - 1], Starts[Each.End]);
    StringRef Rest = Text;
    if (!Rest.consume_back(Last) || !(Rest.empty() || Rest.ends_with("\n")))
      break;
    Text = Rest;
    --Each.End;
  }
  Each.Text = Text.str();
}

// Changed lines alone, neighbours joined.
std::vector<Hunk> changedLines(StringRef Original, const std::vector<unsigned> &Starts,
                               const FileEdits &Edits) {
  std::vector<Hunk> Hunks;
  auto LineAt = [&](unsigned Offset) {
    auto Next = std::upper_bound(Starts.begin(), Starts.end() - 1, Offset);
    return unsigned(Next - Starts.begin()) - 1;
  };
  unsigned Done = 0; // offset up to which the last hunk's text is written
  for (const FileEdits::Change &Here : Edits.changes()) {
    if (!Hunks.empty() && Here.Offset < Done)
      continue;
    unsigned First = LineAt(Here.Offset);
    unsigned Last = LineAt(Here.Length ? Here.Offset + Here.Length - 1 : Here.Offset);
    bool AtEnd = Here.Offset == Original.size();
    bool AddsLines = AtEnd || (Here.Length == 0 && Here.Offset == Starts[First] &&
                               StringRef(Here.Text).ends_with("\n"));
    if (Hunks.empty() || First > Hunks.back().End || AddsLines) {
      if (!Hunks.empty())
        Hunks.back().Text += Original.slice(Done, Starts[Hunks.back().End]);
      unsigned Begin = AtEnd ? unsigned(Starts.size()) - 1 : First;
      Hunks.push_back({Begin, AddsLines ? Begin : First + 1, ""});
      Done = Starts[Begin];
    }
    Hunk &Open = Hunks.back();
    Open.Text += Original.slice(Done, Here.Offset);
    Open.Text += Here.Text;
    Done = Here.Offset + Here.Length;
    if (!AddsLines)
      Open.End = std::max(Open.End, Last + 1);
  }
  if (!Hunks.empty())
    Hunks.back().Text += Original.slice(Done, Starts[Hunks.back().End]);
  for (Hunk &Each : Hunks)
    trim(Each, Original, Starts);
  llvm::erase_if(Hunks,
                 [](const Hunk &Each) { return Each.Begin == Each.End && Each.Text.empty(); });
  return Hunks;
}

} // namespace

std::string unifiedDiff(StringRef Path, StringRef Original, const FileEdits &Edits,
                        unsigned &Lines) {
  std::vector<unsigned> Starts = lineStarts(Original);
  unsigned Count = Starts.size() - 1;
  std::vector<Hunk> Hunks = changedLines(Original, Starts, Edits);
  if (Hunks.empty())
    return "";
  std::string Out = ("--- a/" + Path + "\n+++ b/" + Path + "\n").str();
  int Shift = 0;
  for (size_t I = 0; I < Hunks.size();) {
    size_t Next = I + 1;
    while (Next < Hunks.size() && Hunks[Next].Begin <= Hunks[Next - 1].End + 2 * Context)
      ++Next;
    unsigned Begin = Hunks[I].Begin > Context ? Hunks[I].Begin - Context : 0;
    unsigned End = std::min(Count, Hunks[Next - 1].End + Context), At = Begin;
    std::string Body;
    unsigned NewLines = End - Begin;
    for (; I < Next; ++I) {
      const Hunk &Here = Hunks[I];
      writeLines(Body, ' ', Original.slice(Starts[At], Starts[Here.Begin]));
      writeLines(Body, '-', Original.slice(Starts[Here.Begin], Starts[Here.End]));
      writeLines(Body, '+', Here.Text);
      NewLines = NewLines + countLines(Here.Text) - (Here.End - Here.Begin);
      Lines += std::max(Here.End - Here.Begin, countLines(Here.Text));
      At = Here.End;
    }
    writeLines(Body, ' ', Original.slice(Starts[At], Starts[End]));
    Out += "@@ -" + llvm::utostr(Begin + 1) + "," + llvm::utostr(End - Begin) + " +" +
           llvm::utostr(Begin + 1 + Shift) + "," + llvm::utostr(NewLines) + " @@\n" + Body;
    Shift += int(NewLines) - int(End - Begin);
  }
  return Out;
}

std::string addedFile(StringRef Path, StringRef Text) {
  std::string Out = ("--- /dev/null\n+++ b/" + Path + "\n@@ -0,0 +1,").str() +
                    llvm::utostr(countLines(Text)) + " @@\n";
  writeLines(Out, '+', Text);
  return Out;
}

} // namespace perdure
