// SPDX-License-Identifier: Apache-2.0
//
// The port file's schema. Each key has a row: which values it takes and which mark an entry under
// it gives. Errors are Clang diagnostics in the YAML file, so they look like any other. See
// port_file.h.
#include "port_file.h"

#include <set>

#include "marks.h"
#include "yaml_tree.h"

#include "clang/Basic/SourceManager.h"
#include "clang/Frontend/CompilerInstance.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/xxhash.h"

using namespace clang;
using llvm::StringRef;

namespace perdure {
namespace {

using Kind = YamlValue::Kind;

// A key whose value is a list of symbol references that all get the same mark.
struct ListKey {
  StringRef Key;
  PortSubject Subject;
  StringRef Mark;
  StringRef FieldMark; // given instead when the reference names a field; empty: it may not
  bool NeedsDefinition;
};

constexpr ListKey TopLists[] = {
    {"persistent_types", PortSubject::Type, mark::Persistent, "", true},
    {"persistent_globals", PortSubject::Global, mark::Persistent, mark::PersistentField, true},
    {"relaxed_globals", PortSubject::Global, mark::Relaxed, mark::RelaxedField, true},
    {"transient_globals", PortSubject::Global, mark::Transient, mark::TransientField, true},
    {"pinned", PortSubject::Global, mark::Pinned, "", true},
    {"transactions", PortSubject::Function, mark::Transaction, "", true},
    {"commit_points", PortSubject::Function, mark::CommitPoint, "", false},
    {"locks", PortSubject::Global, mark::Lock, "", true},
    {"gated_outputs", PortSubject::Function, mark::GatedOutput, "", false},
    {"relaxed_stores", PortSubject::Function, mark::RelaxedStores, "", true},
    {"unrecorded_input", PortSubject::Function, mark::UnrecordedInput, "", true},
};
constexpr ListKey AllocationLists[] = {
    {"functions", PortSubject::Function, mark::Allocates, "", true},
    {"volatile_functions", PortSubject::Function, mark::VolatileHeap, "", true},
    {"persistent_scopes", PortSubject::Function, mark::PersistentScope, "", true},
    {"volatile_scopes", PortSubject::Function, mark::VolatileScope, "", true},
};

class Reader {
public:
  Reader(CompilerInstance &CI, FileID File, PortFile &Port) : CI(CI), File(File), Port(Port) {}

  bool read(StringRef Text) {
    YamlValue Document;
    if (!readYaml(Text, [this](size_t At, StringRef Message) { error(At, Message); }, Document))
      return false;
    if (Document.Is == Kind::Null)
      return true;
    if (Document.Is != Kind::Map)
      error(Document.Offset, "a port file is a mapping of keys to values");
    for (const YamlPair &Pair : Document.Pairs)
      readTop(Pair.Key, Pair.Value);
    return !Failed;
  }

private:
  SourceLocation location(size_t Offset) {
    return CI.getSourceManager().getLocForStartOfFile(File).getLocWithOffset(Offset);
  }

  void error(size_t Offset, const llvm::Twine &Message) {
    unsigned ID = CI.getDiagnostics().getCustomDiagID(DiagnosticsEngine::Error, "%0");
    CI.getDiagnostics().Report(location(Offset), ID) << Message.str();
    Failed = true;
  }

  void unknownKey(const YamlValue &Key, std::initializer_list<StringRef> Known) {
    std::vector<std::string> Names(Known.begin(), Known.end());
    std::string Nearest = nearestName(Key.Text, Names);
    error(Key.Offset,
          "unknown key '" + Key.Text + "'" +
              (Nearest.empty() ? "; known here: " + llvm::join(Names, ", ") : didYouMean(Nearest)));
  }

  bool expect(const YamlValue &Key, const YamlValue &Value, Kind Wanted, StringRef Description) {
    if (Value.Is == Wanted)
      return true;
    error(Value.Offset, "'" + Key.Text + "' takes " + Description);
    return false;
  }

  const ListKey *findList(llvm::ArrayRef<ListKey> Lists, StringRef Key) {
    for (const ListKey &List : Lists)
      if (List.Key == Key)
        return &List;
    return nullptr;
  }

  void readTop(const YamlValue &Key, const YamlValue &Value) {
    if (!Seen.insert(Key.Text).second)
      return error(Key.Offset, "key '" + Key.Text + "' stands here a second time; join the two");
    if (const ListKey *List = findList(TopLists, Key.Text))
      return readList(*List, Key, Value);
    if (Key.Text == "program")
      return readPrograms(Key, Value);
    if (Key.Text == "heap")
      return readChoice(Key, Value, {"annotated", "all"}, Port.Heap);
    if (Key.Text == "threads")
      return readChoice(Key, Value, {"many", "single"}, Port.Threads);
    if (Key.Text == "strict") {
      std::optional<std::string> Text;
      readChoice(Key, Value, {"true", "false"}, Text);
      if (Text)
        Port.Strict = *Text == "true";
      return;
    }
    if (Key.Text == "allocations")
      return readAllocations(Key, Value);
    if (Key.Text == "fields")
      return readFields(Key, Value);
    if (Key.Text == "startup")
      return readStartup(Key, Value);
    if (Key.Text == "recovery")
      return readRecovery(Key, Value);
    if (Key.Text == "extern_writes")
      return readExternWrites(Key, Value);
    if (Key.Text == "handed_over")
      return readHandedOver(Key, Value);
    unknownKey(Key, {"program",
                     "heap",
                     "threads",
                     "strict",
                     "persistent_types",
                     "persistent_globals",
                     "relaxed_globals",
                     "transient_globals",
                     "pinned",
                     "allocations",
                     "fields",
                     "relaxed_stores",
                     "unrecorded_input",
                     "handed_over",
                     "transactions",
                     "commit_points",
                     "locks",
                     "startup",
                     "recovery",
                     "gated_outputs",
                     "extern_writes"});
  }

  void readChoice(const YamlValue &Key, const YamlValue &Value,
                  std::initializer_list<StringRef> Choices, std::optional<std::string> &Result) {
    if (Value.isScalar() && llvm::is_contained(Choices, StringRef(Value.Text)))
      Result = Value.Text;
    else
      error(Value.Offset, "'" + Key.Text + "' is one of: " + llvm::join(Choices, ", "));
  }

  void readPrograms(const YamlValue &Key, const YamlValue &Value) {
    if (Value.isScalar())
      return Port.Programs.push_back(Value.Text);
    if (!expect(Key, Value, Kind::List, "a program's file name or a list of them"))
      return;
    for (const YamlValue &Item : Value.Items)
      if (Item.isScalar())
        Port.Programs.push_back(Item.Text);
      else
        error(Item.Offset, "a program's file name is expected here");
  }

  void readList(const ListKey &List, const YamlValue &Key, const YamlValue &Value) {
    if (Value.Is == Kind::Null) // "key:" with everything below it commented out
      return;
    if (!expect(Key, Value, Kind::List, "a list of symbols"))
      return;
    for (const YamlValue &Item : Value.Items)
      addReference(Item, List);
  }

  void readAllocations(const YamlValue &Key, const YamlValue &Value) {
    if (!expect(Key, Value, Kind::Map,
                "a mapping with the lists functions, volatile_functions, "
                "persistent_scopes, volatile_scopes"))
      return;
    for (const YamlPair &Pair : Value.Pairs)
      if (const ListKey *List = findList(AllocationLists, Pair.Key.Text))
        readList(*List, Pair.Key, Pair.Value);
      else
        unknownKey(Pair.Key,
                   {"functions", "volatile_functions", "persistent_scopes", "volatile_scopes"});
  }

  void readFields(const YamlValue &Key, const YamlValue &Value) {
    if (!expect(Key, Value, Kind::Map, "a mapping of TYPE.FIELD to its class"))
      return;
    for (const YamlPair &Pair : Value.Pairs) {
      std::string Class;
      if (!readFieldClass(Pair.Value, Class))
        continue;
      PortEntry *Entry = addReference(
          Pair.Key, {"fields", PortSubject::Field, mark::Field, mark::Field, true}, Class);
      if (Entry && Entry->Field.empty()) {
        error(Pair.Key.Offset, "'" + Pair.Key.Text + "' names no field; write TYPE.FIELD");
        Port.Entries.pop_back();
      }
    }
  }

  bool readFieldClass(const YamlValue &Value, std::string &Class) {
    if (Value.isScalar() && (Value.Text == mark::Relaxed || Value.Text == mark::Transient ||
                             Value.Text == mark::Lock)) {
      Class = Value.Text;
      return true;
    }
    if (Value.Is == Kind::Map && Value.Pairs.size() == 1) {
      const YamlPair &Bits = Value.Pairs[0];
      uint64_t Mask = 0;
      bool Known = Bits.Key.Text == "relaxed_bits" || Bits.Key.Text == "transient_bits";
      if (Known && (!Bits.Value.isScalar() || StringRef(Bits.Value.Text).getAsInteger(0, Mask) ||
                    Mask == 0)) {
        error(Bits.Value.Offset, "'" + Bits.Key.Text + "' takes a mask such as 0x18");
        return false;
      }
      if (Known) {
        StringRef Name = Bits.Key.Text == "relaxed_bits" ? mark::Relaxed : mark::Transient;
        Class = (Name + "-bits:" + std::to_string(Mask)).str();
        return true;
      }
    }
    error(Value.Offset, "a field is one of: relaxed, transient, lock, {relaxed_bits: MASK}, "
                        "{transient_bits: MASK}");
    return false;
  }

  void readStartup(const YamlValue &Key, const YamlValue &Value) {
    if (!expect(Key, Value, Kind::Map, "a mapping with skip_if_recovered, run_then_restore"))
      return;
    for (const YamlPair &Pair : Value.Pairs) {
      if (Pair.Key.Text == "run_then_restore")
        readList({"", PortSubject::Function, mark::RunThenRestore, "", true}, Pair.Key, Pair.Value);
      else if (Pair.Key.Text == "skip_if_recovered")
        readSkipped(Pair.Key, Pair.Value);
      else
        unknownKey(Pair.Key, {"skip_if_recovered", "run_then_restore"});
    }
  }

  void readSkipped(const YamlValue &Key, const YamlValue &Value) {
    ListKey Skip{"", PortSubject::Function, mark::SkipIfRecovered, "", true};
    if (Value.Is == Kind::Null)
      return;
    if (!expect(Key, Value, Kind::List, "a list of functions, or of {function: NAME, returns: N}"))
      return;
    for (const YamlValue &Item : Value.Items) {
      if (Item.Is != Kind::Map) {
        addReference(Item, Skip);
        continue;
      }
      const YamlValue *Function = nullptr;
      int64_t Result = 0;
      for (const YamlPair &Pair : Item.Pairs) {
        if (Pair.Key.Text == "function")
          Function = &Pair.Value;
        else if (Pair.Key.Text != "returns")
          unknownKey(Pair.Key, {"function", "returns"});
        else if (!Pair.Value.isScalar() || StringRef(Pair.Value.Text).getAsInteger(0, Result))
          error(Pair.Value.Offset, "'returns' takes an integer");
      }
      if (Function)
        addReference(*Function, Skip, std::to_string(Result));
      else
        error(Item.Offset, "'function' is missing: {function: NAME, returns: N}");
    }
  }

  void readRecovery(const YamlValue &Key, const YamlValue &Value) {
    if (!expect(Key, Value, Kind::Map, "{function: NAME, before: NAME, new_pools: true}"))
      return;
    const YamlValue *Function = nullptr;
    std::optional<std::string> NewPools;
    for (const YamlPair &Pair : Value.Pairs)
      if (Pair.Key.Text == "function")
        Function = &Pair.Value;
      else if (Pair.Key.Text == "before")
        addReference(Pair.Value, {"", PortSubject::Function, mark::RunRecovery, "", true});
      else if (Pair.Key.Text == "new_pools")
        readChoice(Pair.Key, Pair.Value, {"true", "false"}, NewPools);
      else
        unknownKey(Pair.Key, {"function", "before", "new_pools"});
    if (!Function)
      return error(Key.Offset, "'recovery' names no function; write {function: NAME}");
    addReference(*Function, {"", PortSubject::Function, mark::Recovery, "", true});
    if (NewPools == "true")
      addReference(*Function, {"", PortSubject::Function, mark::NewPools, "", true});
  }

  void readExternWrites(const YamlValue &Key, const YamlValue &Value) {
    if (!expect(Key, Value, Kind::Map, "a mapping of functions to what they write"))
      return;
    for (const YamlPair &Pair : Value.Pairs) {
      if (!Pair.Value.isScalar() || !isWritesModel(Pair.Value.Text)) {
        error(Pair.Value.Offset, "what a function writes is " + WritesModelHelp);
        continue;
      }
      PortEntry *Entry = addReference(
          Pair.Key, {"", PortSubject::Function, mark::Writes, "", false}, Pair.Value.Text);
      if (Entry)
        Entry->IsGlob = StringRef(Entry->Name).contains('*');
    }
  }

  void readHandedOver(const YamlValue &Key, const YamlValue &Value) {
    if (!expect(Key, Value, Kind::Map, "a mapping of functions to the function they call"))
      return;
    for (const YamlPair &Pair : Value.Pairs) {
      if (!Pair.Value.isScalar() || Pair.Value.Text.empty())
        error(Pair.Value.Offset, "the name of the function that is given the object is expected");
      else
        addReference(Pair.Key, {"", PortSubject::Function, mark::HandsOverTo, "", true},
                     Pair.Value.Text);
    }
  }

  // Splits [FILE:]NAME[.FIELD] and adds the entry; null if it isn't one.
  PortEntry *addReference(const YamlValue &Value, const ListKey &List, StringRef Argument = "") {
    if (!Value.isScalar() || Value.Text.empty()) {
      error(Value.Offset, "the name of a symbol is expected here");
      return nullptr;
    }
    PortEntry Entry;
    Entry.Subject = List.Subject;
    Entry.NeedsDefinition = List.NeedsDefinition;
    Entry.Text = Value.Text;
    StringRef Rest = Value.Text;
    for (size_t At = Rest.find(':'); At != StringRef::npos; At = Rest.find(':', At)) {
      if (Rest.substr(At).starts_with("::")) {
        At += 2;
        continue;
      }
      Entry.File = Rest.take_front(At).str();
      Rest = Rest.drop_front(At + 1);
      break;
    }
    auto [Name, Field] = Rest.split('.');
    Entry.Name = Name.str();
    Entry.Field = Field.str();
    if (!checkReference(Value, Entry, List, Rest.contains('.')))
      return nullptr;
    Entry.Mark = (Entry.Field.empty() || List.FieldMark.empty() ? List.Mark : List.FieldMark).str();
    bool FieldOfGlobal = Entry.Subject == PortSubject::Global && !Entry.Field.empty();
    Entry.Argument = FieldOfGlobal ? Entry.Field : Argument.str();
    const SourceManager &SM = CI.getSourceManager();
    Entry.Location = location(Value.Offset);
    Entry.Line = SM.getSpellingLineNumber(Entry.Location);
    Entry.Column = SM.getSpellingColumnNumber(Entry.Location);
    Port.Entries.push_back(std::move(Entry));
    return &Port.Entries.back();
  }

  bool checkReference(const YamlValue &Value, const PortEntry &Entry, const ListKey &List,
                      bool HasDot) {
    bool GlobAllowed = List.Mark == mark::Writes;
    auto IsName = [&](StringRef Text) {
      return !Text.empty() && llvm::all_of(Text, [&](char C) {
        return llvm::isAlnum(C) || StringRef("_$:~<>=+-*/!&|^%[]() ,").contains(C);
      }) && (GlobAllowed || !Text.contains('*') || Text.contains("operator"));
    };
    bool FieldRight = !HasDot || (!List.FieldMark.empty() && !Entry.Field.empty());
    if (IsName(Entry.Name) && FieldRight && !StringRef(Entry.File).contains('/') &&
        (Entry.Text[0] != ':' || StringRef(Entry.Text).starts_with("::")))
      return true;
    StringRef Form = List.Subject == PortSubject::Field ? "[FILE:]TYPE.FIELD"
                     : List.FieldMark.empty()           ? "[FILE:]NAME"
                                                        : "[FILE:]NAME[.FIELD]";
    error(Value.Offset, "'" + Entry.Text + "' is no symbol reference; the form here is " + Form +
                            ", FILE being the name of a source file without its directory");
    return false;
  }

  CompilerInstance &CI;
  FileID File;
  PortFile &Port;
  std::set<std::string> Seen;
  bool Failed = false;
};

} // namespace

std::string nearestName(StringRef Name, llvm::ArrayRef<std::string> Candidates,
                        unsigned *Distance) {
  // A third of the letters wrong is a typo; more is another word.
  unsigned Best = (Name.size() + 2) / 3 + 1;
  std::string Nearest;
  for (StringRef Candidate : Candidates) {
    unsigned Edits = Name.edit_distance(Candidate, true, Best);
    if (Edits < Best && Edits != 0) {
      Best = Edits;
      Nearest = Candidate.str();
    }
  }
  if (Distance)
    *Distance = Best;
  return Nearest;
}

std::string didYouMean(StringRef Nearest) {
  return Nearest.empty() ? "" : ("; did you mean '" + Nearest + "'?").str();
}

std::optional<PortFile> readPortFile(CompilerInstance &CI, StringRef Path) {
  auto Buffer = CI.getFileManager().getVirtualFileSystem().getBufferForFile(Path);
  DiagnosticsEngine &Diags = CI.getDiagnostics();
  if (!Buffer) {
    Diags.Report(Diags.getCustomDiagID(DiagnosticsEngine::Error,
                                       "can't read port file '%0': %1; name an existing file with "
                                       "--perdure-port or PERDURE_PORT"))
        << Path << Buffer.getError().message();
    return std::nullopt;
  }
  PortFile Port;
  Port.Path = Path.str();
  FileID File = CI.getSourceManager().createFileID(
      llvm::MemoryBuffer::getMemBufferCopy((*Buffer)->getBuffer(), Path));
  StringRef Text = CI.getSourceManager().getBufferData(File);
  Port.Identity = llvm::utohexstr(llvm::xxHash64(Text));
  if (!Reader(CI, File, Port).read(Text))
    return std::nullopt;
  return Port;
}

} // namespace perdure
