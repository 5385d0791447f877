// SPDX-License-Identifier: Apache-2.0
#include "structure.h"

extern const struct structure hash_map, red_black_tree, b_tree, radix_tree, linked_list, queue,
    std_map, std_unordered_map;

const struct structure *const structures[] = {&hash_map,   &red_black_tree,    &b_tree,
                                              &radix_tree, &linked_list,       &queue,
                                              &std_map,    &std_unordered_map, NULL};
