// SPDX-License-Identifier: Apache-2.0
//
// std::map and std::unordered_map as they are: the variable is what is annotated.
#include "structure.h"

#include <map>
#include <perdure/annotations.h>
#include <unordered_map>

namespace {

PERDURE_PERSISTENT std::map<uint64_t, uint64_t> ordered;
PERDURE_PERSISTENT std::unordered_map<uint64_t, uint64_t> unordered;

template <auto &map> PERDURE_TRANSACTION bool put(uint64_t key, uint64_t value) {
  return map.insert_or_assign(key, value).second;
}

template <auto &map> bool get(uint64_t key, uint64_t *value) {
  auto found = map.find(key);
  if (found == map.end())
    return false;
  *value = found->second;
  return true;
}

template <auto &map> PERDURE_TRANSACTION bool remove_key(uint64_t key) {
  return map.erase(key) != 0;
}

template <auto &map> void for_each(entry_visitor visit, void *context) {
  for (const auto &[key, value] : map)
    visit(context, key, value);
}

template <auto &map> constexpr structure structure_of(const char *name) {
  return {name, false, put<map>, get<map>, remove_key<map>, for_each<map>};
}

} // namespace

extern "C" {
extern const structure std_map, std_unordered_map;
const structure std_map = structure_of<ordered>("std_map");
const structure std_unordered_map = structure_of<unordered>("std_unordered_map");
}
