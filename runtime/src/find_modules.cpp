// SPDX-License-Identifier: Apache-2.0
//
// Walks the PT_NOTE segments of all loaded objects; see find_modules.h.
#include "find_modules.h"
#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

namespace perdure {
namespace {

using Modules = std::vector<const perdure_module_info *>;

void add_notes(const char *at, const char *end, uint64_t alignment, Modules &modules) {
  auto aligned = [&](uint64_t size) { return (size + alignment - 1) / alignment * alignment; };
  while (static_cast<size_t>(end - at) >= sizeof(Elf64_Nhdr)) {
    Elf64_Nhdr note;
    std::memcpy(&note, at, sizeof note);
    const char *name = at + sizeof note;
    const char *description = name + aligned(note.n_namesz);
    int64_t distance;
    if (note.n_type == PERDURE_NOTE_MODULE && note.n_descsz == sizeof distance &&
        note.n_namesz == sizeof PERDURE_NOTE_NAME &&
        std::memcmp(name, PERDURE_NOTE_NAME, note.n_namesz) == 0) {
      std::memcpy(&distance, description, sizeof distance);
      modules.push_back(reinterpret_cast<const perdure_module_info *>(description + distance));
    }
    at = description + aligned(note.n_descsz);
    if (at > end)
      return;
  }
}

int add_object(dl_phdr_info *object, size_t, void *objects) {
  Modules modules;
  for (unsigned i = 0; i < object->dlpi_phnum; ++i) {
    const Elf64_Phdr &segment = object->dlpi_phdr[i];
    const auto *begin = reinterpret_cast<const char *>(object->dlpi_addr + segment.p_vaddr);
    if (segment.p_type == PT_NOTE)
      add_notes(begin, begin + segment.p_memsz, segment.p_align == 8 ? 8 : 4, modules);
  }
  static_cast<std::vector<Modules> *>(objects)->push_back(std::move(modules));
  return 0;
}

} // namespace

void keep_loaded(const perdure_module_info &module) {
  Dl_info info;
  link_map *map = nullptr;
  if (dladdr1(&module, &info, reinterpret_cast<void **>(&map), RTLD_DL_LINKMAP) && map)
    (void)dlopen(map->l_name, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

std::vector<const perdure_module_info *> find_loaded_modules() {
  std::vector<Modules> objects;
  dl_iterate_phdr(add_object, &objects);
  std::ranges::reverse(objects); // the program comes first
  Modules all;
  for (const Modules &modules : objects)
    all.insert(all.end(), modules.begin(), modules.end());
  return all;
}

} // namespace perdure
