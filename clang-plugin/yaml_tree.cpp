// SPDX-License-Identifier: Apache-2.0
//
// Copies llvm::yaml nodes into a tree. See yaml_tree.h.
#include "yaml_tree.h"

#include "clang_versions.h"
#include "flow_colons.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/YAMLParser.h"

namespace perdure {
namespace {

struct Reader {
  llvm::StringRef Text;
  llvm::StringRef Scanned; // the same, as the scanner sees it (flow_colons.h)
  const YamlErrorHandler &OnError;
  bool Failed = false;

  size_t offset(const char *Pointer) const {
    bool Inside = Pointer >= Scanned.begin() && Pointer <= Scanned.end();
    return Inside ? size_t(Pointer - Scanned.begin()) : 0;
  }

  void error(size_t Offset, llvm::StringRef Message) {
    if (!Failed) // what follows the first syntax error is noise
      OnError(Offset, Message);
    Failed = true;
  }

  std::string text(llvm::yaml::ScalarNode &Scalar) const;
  YamlValue read(llvm::yaml::Node *Node);
};

std::string Reader::text(llvm::yaml::ScalarNode &Scalar) const {
  llvm::StringRef Raw = Scalar.getRawValue();
  if (!Raw.empty() && Raw.front() != '"' && Raw.front() != '\'')
    return Text.substr(offset(Raw.begin()), Raw.size()).rtrim(' ').str();
  llvm::SmallString<64> Storage;
  return Scalar.getValue(Storage).str();
}

YamlValue Reader::read(llvm::yaml::Node *Node) {
  YamlValue Value;
  if (!Node)
    return Value;
  Value.Offset = offset(Node->getSourceRange().Start.getPointer());
  if (auto *Scalar = llvm::dyn_cast<llvm::yaml::ScalarNode>(Node)) {
    Value.Is = YamlValue::Kind::Scalar;
    Value.Text = text(*Scalar);
  } else if (auto *Block = llvm::dyn_cast<llvm::yaml::BlockScalarNode>(Node)) {
    Value.Is = YamlValue::Kind::Scalar;
    Value.Text = Block->getValue().str();
  } else if (auto *List = llvm::dyn_cast<llvm::yaml::SequenceNode>(Node)) {
    Value.Is = YamlValue::Kind::List;
    for (llvm::yaml::Node &Item : *List)
      Value.Items.push_back(read(&Item));
  } else if (auto *Map = llvm::dyn_cast<llvm::yaml::MappingNode>(Node)) {
    Value.Is = YamlValue::Kind::Map;
    for (llvm::yaml::KeyValueNode &Pair : *Map) {
      YamlValue Key = read(Pair.getKey());
      YamlValue Contents = read(Pair.getValue());
      if (Contents.Is == YamlValue::Kind::Null)
        Contents.Offset = Key.Offset;
      Value.Pairs.push_back({std::move(Key), std::move(Contents)});
    }
  } else if (llvm::isa<llvm::yaml::AliasNode>(Node)) {
    error(Value.Offset, "a port file has no use for YAML aliases; write the value out");
  }
  return Value;
}

} // namespace

bool readYaml(llvm::StringRef Text, const YamlErrorHandler &OnError, YamlValue &Document) {
  std::string Hidden = FlowScalarsHoldColons ? std::string() : hideFlowColons(Text);
  Reader R{Text, FlowScalarsHoldColons ? Text : llvm::StringRef(Hidden), OnError};
  llvm::SourceMgr Diagnostics;
  Diagnostics.setDiagHandler(
      [](const llvm::SMDiagnostic &D, void *Context) {
        auto *Self = static_cast<Reader *>(Context);
        Self->error(Self->offset(D.getLoc().getPointer()), D.getMessage());
      },
      &R);
  llvm::yaml::Stream Stream(llvm::MemoryBufferRef(R.Scanned, "port file"), Diagnostics);
  auto First = Stream.begin();
  if (First == Stream.end())
    return !R.Failed;
  Document = R.read(First->getRoot());
  if (!R.Failed && !Stream.failed() && ++First != Stream.end())
    R.error(0, "a port file is one YAML document");
  return !R.Failed && !Stream.failed();
}

} // namespace perdure
