// SPDX-License-Identifier: Apache-2.0
#include "process_map.h"
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <dlfcn.h>

namespace perdure {
namespace {

// "+0xN"
std::string plus(uint64_t address, const void *base) {
  char text[32];
  std::snprintf(text, sizeof text, "+0x%" PRIx64, address - reinterpret_cast<uint64_t>(base));
  return text;
}

} // namespace

void ProcessMap::refresh() {
  mappings_.clear();
  std::FILE *maps = std::fopen("/proc/self/maps", "re");
  if (!maps)
    return;
  char line[512];
  while (std::fgets(line, sizeof line, maps)) {
    uint64_t begin, end;
    char access[5];
    int name = 0;
    if (std::sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %n", &begin, &end, access,
                    &name) != 3 ||
        access[0] == '-')
      continue;
    std::string text(line + name);
    while (!text.empty() && text.back() == '\n')
      text.pop_back();
    mappings_.push_back({begin, end, access[2] == 'x', std::move(text)});
  }
  std::fclose(maps);
}

const ProcessMap::Mapping *ProcessMap::find(uint64_t address) const {
  auto after = std::upper_bound(
      mappings_.begin(), mappings_.end(), address,
      [](uint64_t value, const Mapping &mapping) { return value < mapping.begin; });
  if (after == mappings_.begin() || address >= std::prev(after)->end)
    return nullptr;
  return &*std::prev(after);
}

std::string ProcessMap::describe(uint64_t address) const {
  const Mapping &mapping = *find(address);
  if (mapping.name == "[stack]")
    return "the main thread's stack";
  if (mapping.name == "[heap]")
    return "the libc heap";
  const std::string symbol = describe_symbol(address);
  if (!symbol.empty())
    return (mapping.executable ? "code: " : "static data: ") + symbol;
  if (!mapping.name.empty())
    return "a mapping of " + mapping.name;
  return "volatile memory (a thread's stack, a libc heap, mmap)";
}

std::string describe_symbol(uint64_t address) {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(address), &info) || !info.dli_fname)
    return "";
  if (info.dli_sname)
    return info.dli_sname + plus(address, info.dli_saddr) + " in " + info.dli_fname;
  return info.dli_fname + plus(address, info.dli_fbase);
}

std::string describe_instruction(uint64_t address) {
  Dl_info info;
  if (!dladdr(reinterpret_cast<void *>(address), &info) || !info.dli_fname)
    return "code outside any module";
  return describe_symbol(address) + " (addr2line -e " + info.dli_fname + " " +
         plus(address, info.dli_fbase).substr(1) + ")";
}

} // namespace perdure
