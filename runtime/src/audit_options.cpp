// SPDX-License-Identifier: Apache-2.0
//
// Parses the value of PERDURE_AUDIT; see audit_options.h.
#include "audit_options.h"
#include "heap_layout.h"
#include <charconv>
#include <fstream>

namespace perdure {
namespace {

constexpr std::string_view kMissedStore = "missed store at ";

Status bad(std::string_view item, const std::string &why) {
  return Status::error("PERDURE_AUDIT: \"" + std::string(item) + "\": " + why);
}

bool parse_number(std::string_view text, uint64_t &value) {
  const bool hex = text.starts_with("0x");
  if (hex)
    text.remove_prefix(2);
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, hex ? 16 : 10);
  return error == std::errc() && end == text.data() + text.size();
}

// ADDRESS[+SIZE], of bytes in the pool.
bool parse_range(std::string_view text, WatchedRange &range) {
  const size_t plus = text.find('+');
  range.size = 8;
  if (!parse_number(text.substr(0, plus), range.address))
    return false;
  if (plus != std::string_view::npos && !parse_number(text.substr(plus + 1), range.size))
    return false;
  return range.size != 0 && range.size <= kSlotSize &&
         in_pool(reinterpret_cast<const void *>(range.address));
}

// The missed stores that an earlier run reported.
Status read_report(std::string_view item, const std::string &path, AuditOptions &options) {
  std::ifstream report(path);
  if (!report)
    return bad(item, "cannot be read");
  const size_t before = options.traps.size();
  for (std::string line; std::getline(report, line);) {
    const size_t found = line.find(kMissedStore);
    if (found == std::string::npos)
      continue;
    const size_t start = found + kMissedStore.size();
    WatchedRange range;
    if (parse_range(std::string_view(line).substr(start, line.find(' ', start) - start), range))
      options.traps.push_back(range);
  }
  return options.traps.size() == before ? bad(item, "names no missed store") : Status::ok();
}

Status parse_item(std::string_view item, AuditOptions &options) {
  const size_t equals = item.find('=');
  const std::string_view key = item.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
  if (equals == std::string_view::npos) {
    using Action = AuditOptions::Action;
    if (key != "report" && key != "fail" && key != "abort")
      return bad(item, "write report, fail or abort");
    options.action = key == "report" ? Action::kReport
                     : key == "fail" ? Action::kFail
                                     : Action::kAbort;
    return Status::ok();
  }
  if (key == "every")
    return parse_number(value, options.every) && options.every != 0
               ? Status::ok()
               : bad(item, "write a number of cuts");
  if (key == "log" || key == "suppress") {
    (key == "log" ? options.log : options.suppress) = value;
    return value.empty() ? bad(item, "names no file") : Status::ok();
  }
  if (key == "trap" && value.starts_with('@'))
    return read_report(item, std::string(value.substr(1)), options);
  WatchedRange range;
  if (key == "trap" && parse_range(value, range)) {
    options.traps.push_back(range);
    return Status::ok();
  }
  if (key == "trap")
    return bad(item, "write trap=ADDRESS[+SIZE] with an address in the pool, or trap=@REPORT");
  return bad(item, "unknown option; there are report, fail, abort, every, log, suppress and trap");
}

} // namespace

Result<AuditOptions> parse_audit_options(std::string_view spec) {
  AuditOptions options;
  for (size_t start = 0; start <= spec.size();) {
    const size_t comma = std::min(spec.find(',', start), spec.size());
    if (Status status = parse_item(spec.substr(start, comma - start), options); !status)
      return status;
    start = comma + 1;
  }
  return options;
}

} // namespace perdure
