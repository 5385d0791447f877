// SPDX-License-Identifier: Apache-2.0
//
// Recovery of @NAME@: sets right what belonged to the process that ended. Runs when a pool was
// continued, before the function that @NAME@.port.yaml names under recovery. TODO: for instance
//   references held by requests in flight   -> count again, or reset
//   objects made and not yet linked         -> free
//   locks and handles in objects            -> initialise
#include <perdure/perdure.h>

// A file-static variable is found by its name in the port file, a field by its type's and its own:
//   struct entry **buckets = *(struct entry ***)perdure_root("FILE.c:buckets");
//   size_t offset = perdure_field_offset("entry", "refcount");
void NAME_recover(void) {}
