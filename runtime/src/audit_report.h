// SPDX-License-Identifier: Apache-2.0
//
// Where the audit's findings go: a file or standard error, each place once, known places never.
#pragma once

#include "audit_options.h"
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace perdure {

class AuditReport {
public:
  enum class Kind { kMissedStore, kDanglingPointer };

  // Errors: the log or the file of suppressions cannot be opened.
  static Result<AuditReport> open(const AuditOptions &options);

  // Prints LINE, unless one of KEYS (of a place, see AuditPlaces::keys) is suppressed or KIND was
  // reported for OFFSET. Aborts the process if that was asked for.
  void finding(Kind kind, uint64_t offset, const std::vector<std::string> &keys,
               const std::string &line);
  bool is_known(Kind kind, uint64_t offset) const { return seen_.contains({kind, offset}); }
  void print(const std::string &line) const;
  uint64_t count(Kind kind) const { return counts_[static_cast<int>(kind)]; }
  uint64_t suppressed() const { return suppressed_; }

private:
  bool is_suppressed(const std::vector<std::string> &keys) const;

  int fd_ = 2;
  bool abort_ = false;
  std::vector<std::string> patterns_;
  std::set<std::pair<Kind, uint64_t>> seen_;
  uint64_t counts_[2] = {};
  uint64_t suppressed_ = 0;
};

} // namespace perdure
