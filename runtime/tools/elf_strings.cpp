// SPDX-License-Identifier: Apache-2.0
//
// See elf_strings.h.
#include "elf_strings.h"
#include <cstring>
#include <elf.h>
#include <fstream>
#include <sstream>

namespace perdure {
namespace {

template <typename T> bool read_at(std::ifstream &file, uint64_t offset, T *data, size_t count) {
  file.seekg(static_cast<std::streamoff>(offset));
  file.read(reinterpret_cast<char *>(data), static_cast<std::streamsize>(count * sizeof(T)));
  return static_cast<bool>(file);
}

// Contents of the file's sections of that name, empty if it isn't a 64-bit ELF file.
std::string read_sections(const std::string &path, const char *name) {
  std::ifstream file(path, std::ios::binary);
  Elf64_Ehdr header;
  if (!file || !read_at(file, 0, &header, 1) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_shentsize != sizeof(Elf64_Shdr) ||
      header.e_shstrndx >= header.e_shnum)
    return "";
  std::vector<Elf64_Shdr> sections(header.e_shnum);
  if (!read_at(file, header.e_shoff, sections.data(), sections.size()))
    return "";
  std::string names(sections[header.e_shstrndx].sh_size, '\0');
  if (!read_at(file, sections[header.e_shstrndx].sh_offset, names.data(), names.size()))
    return "";
  std::string contents;
  for (const Elf64_Shdr &section : sections) {
    if (section.sh_name >= names.size() || std::strcmp(&names[section.sh_name], name) != 0)
      continue;
    std::string part(section.sh_size, '\0');
    if (read_at(file, section.sh_offset, part.data(), part.size()))
      contents += part;
  }
  return contents;
}

} // namespace

std::vector<std::string> split_text(const std::string &text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    parts.push_back(part);
  return parts;
}

std::vector<std::string> section_strings(const std::string &path, const char *name) {
  return split_text(read_sections(path, name), '\0');
}

} // namespace perdure
