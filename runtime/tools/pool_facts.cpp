// SPDX-License-Identifier: Apache-2.0
//
// Printing what is known of a pool; see pool_facts.h.
#include "pool_facts.h"
#include <cstdio>

namespace perdure {

std::string bytes_text(uint64_t bytes) {
  static const char *const kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    unit++;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string json_string(const std::string &text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", c);
      quoted += escape;
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

void PoolFacts::add(const std::string &key, const std::string &label, const std::string &text) {
  facts_.push_back({key, label, text, json_string(text)});
}

void PoolFacts::add_number(const std::string &key, const std::string &label, uint64_t value,
                           const std::string &text) {
  facts_.push_back({key, label, text, std::to_string(value)});
}

void PoolFacts::add_flag(const std::string &key, const std::string &label, bool value) {
  facts_.push_back({key, label, value ? "yes" : "no", value ? "true" : "false"});
}

void PoolFacts::add_list(const std::string &key, const std::string &label,
                         const std::vector<std::string> &texts) {
  std::string lines, json;
  for (const std::string &text : texts) {
    lines += (lines.empty() ? "" : "\n" + std::string(21, ' ')) + text;
    json += (json.empty() ? "" : ", ") + json_string(text);
  }
  facts_.push_back({key, label, lines, "[" + json + "]"});
}

void PoolFacts::print(bool json) const {
  if (!json) {
    for (const Fact &fact : facts_)
      if (!fact.text.empty())
        std::printf("%-20s %s\n", fact.label.c_str(), fact.text.c_str());
    return;
  }
  std::printf("{");
  for (size_t i = 0; i < facts_.size(); ++i)
    std::printf("%s\n  %s: %s", i == 0 ? "" : ",", json_string(facts_[i].key).c_str(),
                facts_[i].json.c_str());
  std::printf("\n}\n");
}

} // namespace perdure
