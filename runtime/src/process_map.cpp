// SPDX-License-Identifier: Apache-2.0
#include "process_map.h"
#include "elf_symbols.h"
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

namespace perdure {
namespace {

// "+0xN"
std::string plus(uint64_t distance) {
  char text[32];
  std::snprintf(text, sizeof text, "+0x%" PRIx64, distance);
  return text;
}

std::string demangled(const std::string &name) {
  int status;
  char *text = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string result = text ? text : name;
  std::free(text);
  return result;
}

// Where in which file an address of the program or a library comes from.
struct Place {
  const char *file = nullptr; // null: from none
  uint64_t in_file = 0;       // as the file numbers addresses
  std::string symbol;         // empty: not known
  uint64_t symbol_start = 0;
};

Place find_place(uint64_t address) {
  Dl_info info;
  link_map *map = nullptr;
  if (!dladdr1(reinterpret_cast<void *>(address), &info, reinterpret_cast<void **>(&map),
               RTLD_DL_LINKMAP) ||
      !info.dli_fname || !map)
    return {};
  Place place{info.dli_fname, address - map->l_addr, "", 0};
  if (info.dli_sname) {
    place.symbol = demangled(info.dli_sname);
    place.symbol_start = reinterpret_cast<uint64_t>(info.dli_saddr);
    return place;
  }
  const bool is_program = map->l_name[0] == 0; // its name may be relative to where it was started
  ElfSymbol symbol = find_elf_symbol(is_program ? "/proc/self/exe" : map->l_name, place.in_file);
  place.symbol = demangled(symbol.name);
  place.symbol_start = symbol.start + map->l_addr;
  return place;
}

// The text that begins at ADDRESS and ends before END, or its start; empty if there is none.
std::string literal_at(uint64_t address, uint64_t end) {
  constexpr size_t kShown = 40;
  const auto *text = reinterpret_cast<const unsigned char *>(address);
  const size_t most = end - address, length = strnlen(reinterpret_cast<const char *>(text), most);
  if (length == most || !std::all_of(text, text + length, [](unsigned char c) { return c >= ' '; }))
    return "";
  const std::string shown(text, text + std::min(length, kShown));
  return '"' + shown + (length > kShown ? "\"..." : "\"");
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
    mappings_.push_back({begin, end, access[2] == 'x', access[1] == 'w', std::move(text)});
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
  if (!symbol.empty() && !mapping.executable && !mapping.writable &&
      find_place(address).symbol.empty())
    if (const std::string text = literal_at(address, mapping.end); !text.empty())
      return "the string literal " + text + " in " + symbol + "; store a copy of it in the pool";
  if (!symbol.empty())
    return (mapping.executable ? "code: " : "static data: ") + symbol;
  if (!mapping.name.empty())
    return "a mapping of " + mapping.name;
  return "volatile memory (a thread's stack, a libc heap, mmap)";
}

std::string describe_symbol(uint64_t address) {
  const Place place = find_place(address);
  if (!place.file)
    return "";
  if (!place.symbol.empty())
    return place.symbol + plus(address - place.symbol_start) + " in " + place.file;
  return place.file + plus(place.in_file);
}

std::string describe_instruction(uint64_t address) {
  const Place place = find_place(address);
  if (!place.file)
    return "code outside any module";
  return describe_symbol(address) + " (addr2line -e " + place.file + " " +
         plus(place.in_file).substr(1) + ")";
}

} // namespace perdure
