// SPDX-License-Identifier: Apache-2.0
#include "../structures/structure.h"

extern const struct structure hash_map;
const struct structure *const structures[] = {&hash_map, NULL};
