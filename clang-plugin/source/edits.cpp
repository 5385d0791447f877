// SPDX-License-Identifier: Apache-2.0
#include "edits.h"

#include <algorithm>
#include <cassert>

using llvm::StringRef;

namespace perdure {

// The wrapping that serves both; empty if there is none.
static std::string common(const std::string &A, const std::string &B) {
  if (A == B)
    return A;
  std::string Relaxed = "_RELAXED(";
  auto Strict = [&](StringRef Text) {
    return Text.ends_with(Relaxed) ? (Text.drop_back(Relaxed.size()) + "(").str() : Text.str();
  };
  return Strict(A) == Strict(B) ? Strict(A) : "";
}

bool FileEdits::wrap(unsigned Begin, unsigned End, StringRef Before, StringRef After) {
  auto [Known, IsNew] = Wraps.try_emplace({Begin, End}, Wrap{Before.str(), After.str()});
  if (IsNew)
    return true;
  std::string Both = common(Known->second.Before, Before.str());
  if (Both.empty() || Known->second.After != After)
    return false;
  Known->second.Before = Both;
  return true;
}

bool FileEdits::replace(unsigned Begin, unsigned End, StringRef Text) {
  auto [Known, IsNew] = Replacements.try_emplace({Begin, End}, Text.str());
  return IsNew || Known->second == Text;
}

bool FileEdits::merge(const FileEdits &Other) {
  bool Agree = true;
  for (const auto &[Place, Text] : Other.Wraps)
    Agree &= wrap(Place.first, Place.second, Text.Before, Text.After);
  for (const auto &[Place, Text] : Other.Replacements)
    Agree &= replace(Place.first, Place.second, Text);
  return Agree;
}

std::optional<unsigned> FileEdits::conflict() const {
  std::vector<unsigned> Places;
  for (const auto &[Place, Text] : Wraps)
    Places.insert(Places.end(), {Place.first, Place.second});
  for (const auto &[Place, Text] : Replacements)
    Places.insert(Places.end(), {Place.first, Place.second});
  std::sort(Places.begin(), Places.end());
  for (const auto &[Place, Text] : Replacements) {
    auto Inside = std::upper_bound(Places.begin(), Places.end(), Place.first);
    if (Inside != Places.end() && *Inside < Place.second)
      return *Inside;
    auto Next = Replacements.upper_bound(Place);
    if (Next != Replacements.end() && Next->first.first == Place.first &&
        Place.first != Place.second)
      return Place.first;
  }
  return std::nullopt;
}

std::vector<FileEdits::Change> FileEdits::changes() const {
  // At one offset: what ends there, inner ranges first; then what begins, outer ranges first.
  std::map<unsigned, std::string> Opening, Closing;
  std::vector<std::pair<Range, Wrap>> ByEnd(Wraps.begin(), Wraps.end());
  std::sort(ByEnd.begin(), ByEnd.end(),
            [](const auto &A, const auto &B) { return A.first.first > B.first.first; });
  for (const auto &[Place, Text] : ByEnd)
    Closing[Place.second] += Text.After;
  std::sort(ByEnd.begin(), ByEnd.end(),
            [](const auto &A, const auto &B) { return A.first.second > B.first.second; });
  for (const auto &[Place, Text] : ByEnd)
    Opening[Place.first] += Text.Before;
  std::map<unsigned, Change> Changes;
  auto At = [&](unsigned Offset) -> Change & {
    return Changes.try_emplace(Offset, Change{Offset, 0, ""}).first->second;
  };
  for (const auto &[Offset, Text] : Closing)
    At(Offset).Text += Text;
  for (const auto &[Offset, Text] : Opening)
    At(Offset).Text += Text;
  for (const auto &[Place, Text] : Replacements) {
    Change &Here = At(Place.first);
    Here.Text += Text;
    Here.Length = std::max(Here.Length, Place.second - Place.first);
  }
  std::vector<Change> Result;
  for (auto &[Offset, Here] : Changes)
    Result.push_back(std::move(Here));
  return Result;
}

std::string FileEdits::apply(StringRef Original) const {
  std::string Text;
  unsigned Done = 0;
  for (const Change &Here : changes()) {
    assert(Here.Offset >= Done && "conflict");
    Text += Original.slice(Done, Here.Offset);
    Text += Here.Text;
    Done = Here.Offset + Here.Length;
  }
  return Text + Original.substr(Done).str();
}

} // namespace perdure
