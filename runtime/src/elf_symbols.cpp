// SPDX-License-Identifier: Apache-2.0
//
// See elf_symbols.h. A file may be anything: nothing outside its bytes is read.
#include "elf_symbols.h"
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <span>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace perdure {
namespace {

class MappedFile {
public:
  explicit MappedFile(const char *path) {
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size > 0) {
      size_ = static_cast<size_t>(status.st_size);
      bytes_ = mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd, 0);
    }
    if (fd >= 0)
      close(fd);
  }
  ~MappedFile() {
    if (bytes_ != MAP_FAILED)
      munmap(bytes_, size_);
  }
  MappedFile(const MappedFile &) = delete;
  MappedFile &operator=(const MappedFile &) = delete;

  // COUNT of T at OFFSET; empty if the file is shorter or that is not aligned.
  template <typename T> std::span<const T> at(uint64_t offset, uint64_t count) const {
    if (bytes_ == MAP_FAILED || offset > size_ || count > (size_ - offset) / sizeof(T) ||
        offset % alignof(T) != 0)
      return {};
    return {reinterpret_cast<const T *>(static_cast<const std::byte *>(bytes_) + offset), count};
  }

private:
  void *bytes_ = MAP_FAILED;
  size_t size_ = 0;
};

bool holds(const Elf64_Sym &symbol, uint64_t address) {
  const unsigned type = ELF64_ST_TYPE(symbol.st_info);
  return (type == STT_FUNC || type == STT_OBJECT) && symbol.st_shndx != SHN_UNDEF &&
         address - symbol.st_value < symbol.st_size;
}

} // namespace

ElfSymbol find_elf_symbol(const char *path, uint64_t address) {
  const MappedFile file(path);
  const auto header = file.at<Elf64_Ehdr>(0, 1);
  if (header.empty() || std::memcmp(header[0].e_ident, ELFMAG, SELFMAG) != 0 ||
      header[0].e_ident[EI_CLASS] != ELFCLASS64)
    return {};
  const auto sections = file.at<Elf64_Shdr>(header[0].e_shoff, header[0].e_shnum);
  for (const Elf64_Shdr &section : sections) {
    if (section.sh_type != SHT_SYMTAB || section.sh_link >= sections.size())
      continue;
    const Elf64_Shdr &names = sections[section.sh_link];
    const auto texts = file.at<char>(names.sh_offset, names.sh_size);
    for (const Elf64_Sym &symbol :
         file.at<Elf64_Sym>(section.sh_offset, section.sh_size / sizeof(Elf64_Sym)))
      if (holds(symbol, address) && symbol.st_name < texts.size()) {
        const char *name = texts.data() + symbol.st_name;
        return {std::string(name, strnlen(name, texts.size() - symbol.st_name)), symbol.st_value};
      }
  }
  return {};
}

} // namespace perdure
