// SPDX-License-Identifier: Apache-2.0
#include "module_table.h"

#include "../marks.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

std::string quoted(StringRef Text) {
  std::string Result = "\"";
  llvm::raw_string_ostream Out(Result);
  Out.write_escaped(Text);
  return Result + "\"";
}

std::string valueOf(const std::vector<Fact> &Rows, StringRef Key) {
  for (const Fact &Row : Rows)
    if (Row[0] == Key)
      return Row[1];
  return "";
}

class Table {
public:
  Table(const ModuleParts &Parts, const Places &Where) : Parts(Parts), Where(Where), Out(Text) {}

  std::string write() {
    Out << "// What this unit has in the pool. Made by perdure-port; <perdure/module.h> explains "
           "it.\n"
           "#include <perdure/module.h>\n\n";
    roots();
    locks();
    types();
    recovery();
    pins();
    std::string Flags = "PERDURE_MODULE_NOTES_AHEAD";
    if (valueOf(Parts.Facts.Unit, "threads") == "single")
      Flags += " | PERDURE_MODULE_SINGLE_MUTATOR";
    if (Parts.CommitPoints || Parts.Sections)
      Flags += " | PERDURE_MODULE_HAS_UNITS";
    if (Parts.CommitPoints)
      Flags += " | PERDURE_MODULE_COMMIT_POINTS";
    if (Parts.Sections)
      Flags += " | PERDURE_MODULE_HAS_SECTIONS";
    if (Parts.NewPools)
      Flags += " | PERDURE_MODULE_NEW_POOLS";
    Out << "PERDURE_MODULE(" << quoted(valueOf(Parts.Facts.Unit, "source")) << ", " << Flags;
    for (StringRef Argument : Arguments)
      Out << ",\n               " << Argument;
    Out << ");\n";
    return Text;
  }

private:
  // The array that ROWS are in, as an argument of PERDURE_MODULE.
  void array(StringRef Type, StringRef Name, const std::vector<std::string> &Rows) {
    if (Rows.empty()) {
      Arguments.push_back("PERDURE_NONE");
      return;
    }
    Out << "static " << Type << " " << Name << "[] = {\n";
    for (const std::string &Row : Rows)
      Out << "    " << Row << ",\n";
    Out << "};\n";
    Arguments.push_back(("PERDURE_ROWS(" + Name + ")").str());
  }

  void roots() {
    std::vector<std::string> Rows;
    for (const PlacedGlobal &Global : Parts.Globals.globals()) {
      if (Global.Pinned || !Global.IsDefined)
        continue;
      std::vector<std::string> Spans;
      const std::string *Symbol = Where.symbolOf(*Global.Variable);
      for (const Fact &Row : Parts.Facts.Globals)
        if (Symbol && Row[0] == *Symbol && Row[1] == "volatile-span")
          Spans.push_back("{" + Row[2] + ", " + Row[3] + "}");
      std::string Name = Global.Variable->getNameAsString(), SpanText = "NULL, 0";
      if (!Spans.empty()) {
        Out << "static const struct perdure_span perdure_spans_" << Name << "[] = {"
            << llvm::join(Spans, ", ") << "};\n";
        SpanText = "PERDURE_ROWS(perdure_spans_" + Name + ")";
      }
      Rows.push_back("{" + quoted(Global.Key) + ", (void *)perdure_at_" + Name + ", " +
                     llvm::utostr(Global.Size) + ", " +
                     (Global.Initial.empty() ? "NULL" : "&" + Global.Initial) + ", " + SpanText +
                     ", " + quoted(Global.Type) + ", " + (Global.Internal ? "1" : "0") + "}");
    }
    array("const struct perdure_root_info", "perdure_roots_", Rows);
  }

  void locks() {
    std::vector<std::string> Rows;
    for (const VarDecl *Lock : Parts.Locks) {
      std::string Name = Lock->getNameAsString();
      Rows.push_back(
          "{" + quoted(Name) + ", (void *)&" + Name + ", sizeof " + Name + ", " +
          (Lock->getType()->isPointerType() ? "PERDURE_LOCK_POINTS_TO" : "PERDURE_LOCK_IS") + "}");
    }
    array("const struct perdure_lock_info", "perdure_locks_", Rows);
  }

  void types() {
    std::vector<std::string> Rows;
    for (const Fact &Row : Parts.Facts.Types) {
      std::string Fields = "NULL, 0";
      if (size_t Count = (Row.size() - 2) / 4) {
        std::string Name = "perdure_fields_" + llvm::utostr(Rows.size());
        Out << "static const struct perdure_field_info " << Name << "[] = {\n";
        for (size_t I = 0; I < Count; ++I)
          Out << "    {" << quoted(Row[2 + 4 * I]) << ", " << Row[3 + 4 * I] << ", "
              << Row[4 + 4 * I] << ", " << quoted(Row[5 + 4 * I]) << "},\n";
        Out << "};\n";
        Fields = "PERDURE_ROWS(" + Name + ")";
      }
      Rows.push_back("{" + quoted(Row[0]) + ", " + Row[1] + ", " + Fields + "}");
    }
    array("const struct perdure_type_info", "perdure_types_", Rows);
  }

  void recovery() {
    std::vector<std::string> Rows;
    for (const FunctionDecl *F : Parts.Recovery)
      Rows.push_back(F->getNameAsString());
    array("void (*const", "perdure_recovery_", Rows, ")(void)");
  }
  void array(StringRef Type, StringRef Name, const std::vector<std::string> &Rows,
             StringRef After) {
    if (Rows.empty())
      return array(Type, Name, Rows);
    Out << "static " << Type << " " << Name << "[]" << After << " = {" << llvm::join(Rows, ", ")
        << "};\n";
    Arguments.push_back(("PERDURE_ROWS(" + Name + ")").str());
  }

  void pins() {
    std::vector<std::string> Rows;
    auto Row = [](const std::string &Key, const std::string &Address, const std::string &Target,
                  const std::string &Size, const std::string &Signature, const std::string &Kind,
                  bool Internal, bool Strong) {
      std::string Flags =
          Internal ? Strong ? "PERDURE_PIN_INTERNAL | PERDURE_PIN_STRONG" : "PERDURE_PIN_INTERNAL"
          : Strong ? "PERDURE_PIN_STRONG"
                   : "0";
      return "{" + quoted(Key) + ", (void *)" + Address + ", " + Target + ", " + Size + ", " +
             (Signature.empty() ? "NULL" : quoted(Signature)) + ", " + Kind + ", " + Flags + "}";
    };
    for (const auto &[Name, Pin] : Parts.Functions.functions())
      Rows.push_back(Row(Pin.Key, "perdure_pin_" + Name, "__extension__ (const void *)" + Name,
                         "PERDURE_STUB_SIZE", Pin.Signature, "PERDURE_PIN_FUNCTION", Pin.Internal,
                         Pin.Strong));
    for (const PlacedGlobal &Global : Parts.Globals.globals())
      if (Global.Pinned && Global.IsDefined)
        Rows.push_back(Row(Global.Key, "perdure_at_" + Global.Variable->getNameAsString(),
                           Global.Initial.empty() ? "NULL" : "&" + Global.Initial,
                           llvm::utostr(Global.Size), Global.Type, "PERDURE_PIN_VARIABLE",
                           Global.Internal, true));
    array("const struct perdure_pin_info", "perdure_pins_", Rows);
  }

  const ModuleParts &Parts;
  const Places &Where;
  std::string Text;
  llvm::raw_string_ostream Out;
  std::vector<std::string> Arguments;
};

} // namespace

std::string moduleTable(const ModuleParts &Parts, const Places &Where) {
  return Table(Parts, Where).write();
}

} // namespace perdure
