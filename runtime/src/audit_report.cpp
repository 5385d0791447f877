// SPDX-License-Identifier: Apache-2.0
#include "audit_report.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fnmatch.h>
#include <fstream>
#include <sys/syscall.h>
#include <unistd.h>

namespace perdure {
namespace {

// A library that writes all over would fill the disk; what is printed tells where to look.
constexpr uint64_t kPrintedMax = 200;

} // namespace

Result<AuditReport> AuditReport::open(const AuditOptions &options) {
  AuditReport report;
  report.abort_ = options.action == AuditOptions::Action::kAbort;
  if (!options.log.empty()) {
    report.fd_ = ::open(options.log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (report.fd_ < 0)
      return Status::error("PERDURE_AUDIT: cannot write " + options.log + ": " +
                           std::strerror(errno));
  }
  if (options.suppress.empty())
    return report;
  std::ifstream file(options.suppress);
  if (!file)
    return Status::error("PERDURE_AUDIT: cannot read " + options.suppress);
  for (std::string line; std::getline(file, line);) {
    line.resize(std::min(line.size(), line.find('#')));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())))
      line.pop_back();
    if (!line.empty())
      report.patterns_.push_back(line);
  }
  return report;
}

bool AuditReport::is_suppressed(const std::vector<std::string> &keys) const {
  for (const std::string &pattern : patterns_)
    for (const std::string &key : keys)
      if (fnmatch(pattern.c_str(), key.c_str(), 0) == 0)
        return true;
  return false;
}

void AuditReport::finding(Kind kind, uint64_t offset, const std::vector<std::string> &keys,
                          const std::string &line) {
  if (!seen_.emplace(kind, offset).second)
    return;
  if (is_suppressed(keys)) {
    suppressed_++;
    return;
  }
  uint64_t &count = counts_[static_cast<int>(kind)];
  if (count++ < kPrintedMax)
    print(line);
  else if (count == kPrintedMax + 1)
    print("more findings are counted, not printed");
  if (abort_)
    std::abort();
}

// One write, not stdio: the program may be in the middle of either, and lines of several processes
// may go to one file.
void AuditReport::print(const std::string &line) const {
  const std::string text = "perdure: audit: " + line + "\n";
  (void)syscall(SYS_write, fd_, text.data(), text.size());
}

} // namespace perdure
