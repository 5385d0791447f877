// SPDX-License-Identifier: Apache-2.0
//
// Printing values; see value.h.
#include "value.h"
#include "pool_facts.h"
#include <cstdio>

namespace perdure {

// JSON is UTF-8 text: bytes that are not ASCII become the code points of the same number.
static std::string as_utf8(const std::string &bytes) {
  std::string text;
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (code < 0x80) {
      text += byte;
      continue;
    }
    text += static_cast<char>(0xc0 | code >> 6);
    text += static_cast<char>(0x80 | (code & 0x3f));
  }
  return text;
}

static std::string as_c_string(const std::string &bytes) {
  std::string text = "\"";
  for (const char byte : bytes) {
    const auto code = static_cast<unsigned char>(byte);
    if (byte == '"' || byte == '\\') {
      text += {'\\', byte};
    } else if (code >= 0x20 && code < 0x7f) {
      text += byte;
    } else {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", code);
      text += escape;
    }
  }
  return text + "\"";
}

Value Value::string(const std::string &bytes) {
  return {as_c_string(bytes), json_string(as_utf8(bytes)), {}};
}

Value Value::note(const std::string &what) {
  return {"(" + what + ")", "{\"note\": " + json_string(what) + "}", {}};
}

void Value::print_text(const std::string &path) const {
  if (!text.empty())
    std::printf("  %-24s %s\n", path.c_str(), text.c_str());
  for (const auto &[name, member] : members)
    member.print_text(path.empty() || name[0] == '[' ? path + name : path + "." + name);
}

std::string Value::to_json() const {
  if (!text.empty())
    return json;
  std::string object = "{";
  for (const auto &[name, member] : members) {
    const std::string key = name[0] == '[' ? name.substr(1, name.size() - 2) : name;
    object += (object.size() == 1 ? "" : ", ") + json_string(key) + ": " + member.to_json();
  }
  return object + "}";
}

} // namespace perdure
