// SPDX-License-Identifier: Apache-2.0
//
// A YAML document as a tree whose nodes know where they stand in the file. LLVM's parser yields
// nodes once and in order; port_file.cpp wants to look at them by key. Positions are byte offsets.
#ifndef PERDURE_YAML_TREE_H
#define PERDURE_YAML_TREE_H

#include <functional>
#include <string>
#include <vector>

#include "llvm/ADT/StringRef.h"

namespace perdure {

struct YamlPair;

struct YamlValue {
  enum class Kind { Null, Scalar, List, Map } Is = Kind::Null;
  size_t Offset = 0;
  std::string Text; // of a scalar
  std::vector<YamlValue> Items;
  std::vector<YamlPair> Pairs;

  bool isScalar() const { return Is == Kind::Scalar; }
};

struct YamlPair {
  YamlValue Key;
  YamlValue Value;
};

// Called with the offset of what is wrong and a message.
using YamlErrorHandler = std::function<void(size_t, llvm::StringRef)>;

// Reads the one document in Text. False if it isn't YAML; the handler was then called.
bool readYaml(llvm::StringRef Text, const YamlErrorHandler &OnError, YamlValue &Document);

} // namespace perdure

#endif
