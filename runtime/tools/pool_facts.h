// SPDX-License-Identifier: Apache-2.0
//
// What `perdure info` and `perdure check` say, as a list of names and values that prints as
// readable lines or as one JSON object.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace perdure {

class PoolFacts {
public:
  // KEY names it in JSON, LABEL for people; TEXT is what people read.
  void add(const std::string &key, const std::string &label, const std::string &text);
  void add_number(const std::string &key, const std::string &label, uint64_t value,
                  const std::string &text);
  void add_flag(const std::string &key, const std::string &label, bool value);
  void add_list(const std::string &key, const std::string &label,
                const std::vector<std::string> &texts);
  void print(bool json) const;

private:
  struct Fact {
    std::string key, label, text, json;
  };
  std::vector<Fact> facts_;
};

std::string bytes_text(uint64_t bytes); // "64.0 MiB"
std::string json_string(const std::string &text);

} // namespace perdure
