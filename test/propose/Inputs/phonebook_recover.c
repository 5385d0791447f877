// SPDX-License-Identifier: Apache-2.0
//
// Recovery of the phonebook: an entry that was being sent when the process ended is held by nobody.
#include <perdure/perdure.h>
#include <stdint.h>

static char *at(char *object, const char *field) {
  return object + perdure_field_offset("entry", field);
}

void phonebook_recover(void) {
  char **buckets = *(char ***)perdure_root("phonebook.c:buckets");
  size_t size = *(size_t *)perdure_root("phonebook.c:size");
  for (size_t i = 0; i < size; i++)
    for (char *entry = buckets[i]; entry; entry = *(char **)at(entry, "next"))
      if (*(int *)at(entry, "refcount") != 1)
        *(int *)at(entry, "refcount") = 1;
}
