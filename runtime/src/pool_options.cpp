// SPDX-License-Identifier: Apache-2.0
//
// Parses the value of PERDURE_POOL; see pool_options.h.
#include "pool_options.h"
#include "heap_layout.h"
#include <charconv>

namespace perdure {
namespace {

constexpr uint64_t kHeapMin = 16ull << 20;
constexpr uint64_t kLogMin = 64ull << 10;
constexpr uint64_t kLogMax = 64ull << 30;

Status bad(std::string_view item, const std::string &why) {
  return Status::error("PERDURE_POOL: \"" + std::string(item) + "\": " + why);
}

bool parse_number(std::string_view text, uint64_t &value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

// N[K|M|G|T], within [least, most].
Status parse_size(std::string_view item, std::string_view text, uint64_t least, uint64_t most,
                  uint64_t &value) {
  static constexpr std::string_view kSuffixes = "KMGT";
  unsigned shift = 0;
  std::string_view digits = text;
  if (!digits.empty()) {
    const size_t suffix = kSuffixes.find(static_cast<char>(digits.back() & ~0x20));
    if (suffix != std::string_view::npos) {
      shift = 10 * static_cast<unsigned>(suffix + 1);
      digits.remove_suffix(1);
    }
  }
  uint64_t number;
  if (!parse_number(digits, number))
    return bad(item, "not a size; write a number of bytes, or one with K, M, G or T");
  if (number > UINT64_MAX >> shift || number << shift < least || number << shift > most)
    return bad(item, "must be between " +
                         (least >> 20 ? std::to_string(least >> 20) + "M"
                                      : std::to_string(least >> 10) + "K") +
                         " and " + std::to_string(most >> 30) + "G");
  value = number << shift;
  return Status::ok();
}

Status parse_durability(std::string_view item, std::string_view text, PoolOptions &options) {
  if (text == "sync") {
    options.async_ms = 0;
    return Status::ok();
  }
  uint64_t ms;
  if (!text.starts_with("async=") || !parse_number(text.substr(6), ms) || ms == 0 || ms > 60'000)
    return bad(item, "write durability=sync, or durability=async=MS with 1 to 60000 milliseconds");
  options.async_ms = static_cast<uint32_t>(ms);
  return Status::ok();
}

Status parse_item(std::string_view item, PoolOptions &options) {
  const size_t equals = item.find('=');
  const std::string_view key = item.substr(0, equals);
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view() : item.substr(equals + 1);
  if (key == "emulate_pmem" && equals == std::string_view::npos) {
    options.emulate_pmem = true;
    return Status::ok();
  }
  if (key == "size") {
    options.size_given = true;
    return parse_size(item, value, kHeapMin, kSlotSize - kHeapOffset, options.size_max);
  }
  if (key == "log_size")
    return parse_size(item, value, kLogMin, kLogMax, options.log_size);
  if (key == "durability")
    return parse_durability(item, value, options);
  if (key == "log") {
    options.log_path = value;
    return value.empty() ? bad(item, "names no file") : Status::ok();
  }
  return bad(item, "unknown option; there are size, durability, log, log_size and emulate_pmem");
}

} // namespace

Result<PoolOptions> parse_pool_options(std::string_view spec) {
  PoolOptions options;
  size_t comma = spec.find(',');
  options.path = spec.substr(0, comma);
  if (options.path.empty())
    return bad(spec, "names no pool; write PATH[,OPTION...]");
  while (comma != std::string_view::npos) {
    const size_t start = comma + 1;
    comma = spec.find(',', start);
    const std::string_view item = spec.substr(
        start, comma == std::string_view::npos ? std::string_view::npos : comma - start);
    if (Status status = parse_item(item, options); !status)
      return status;
  }
  while (options.path.size() > 1 && options.path.back() == '/')
    options.path.pop_back();
  return options;
}

} // namespace perdure
