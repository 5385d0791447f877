// SPDX-License-Identifier: Apache-2.0
//
// Intent: a finding in a heap block names the object's type, its field and the root it is reached
// from: behind several pointers, in an array, in the middle of a block, in a standard container, in
// an array without length. What only an untyped pointer reaches stays a block.
// RUN: rm -rf %t && mkdir -p %t
// RUN: %perdure-cxx -std=c++20 -O1 %s -o %t/broken
// RUN: not env PERDURE_POOL=%t/pool PERDURE_AUDIT=fail,log=%t/log %t/broken
// RUN: sort -t';' -k2 %t/log | FileCheck %s
// CHECK-DAG: in 'leaf' (block of {{[0-9]+}} bytes at 0x{{[0-9a-f]+}}, offset 4, reached from 'tree'), field 'number'; recorded 00, memory 01
// CHECK-DAG: in 'slot' ({{.*}}, offset 60, reached from 'tree'), field '[3].count'; recorded 00, memory 02
// CHECK-DAG: in 'leaf' ({{.*}}, offset 36, reached from 'tree'), field 'number'; recorded 00, memory 03
// CHECK-DAG: in 'std::_Rb_tree_node<std::pair<const int, leaf>>' ({{.*}}, reached from 'leaves'), field '_M_storage.(value).second.number'; recorded 00, memory 04
// CHECK-DAG: in 'text' ({{.*}}, offset 11, reached from 'tree'), field 'bytes'; recorded 00, memory 05
// CHECK-DAG: in 'leaf' ({{.*}}, offset 20, reached from 'row'), field '[2].number'; recorded 00, memory 06
// CHECK-DAG: in a block of 64 bytes at 0x{{[0-9a-f]+}}, offset 9; recorded 00, memory 07
// CHECK-DAG: 7 missed stores, 0 dangling pointers
// RUN: %perdure-cxx -std=c++20 -O1 -DCLEAN %s -o %t/clean
// RUN: env PERDURE_POOL=%t/pool2 PERDURE_AUDIT=fail %t/clean 2>&1 | FileCheck %s --check-prefix=CLEAN
// CLEAN: audit: 0 missed stores, 0 dangling pointers
#include <cstdlib>
#include <map>
#include <perdure/annotations.h>
#include <perdure/perdure.h>
#include <vector>

struct PERDURE_PERSISTENT leaf {
  int name, number;
};
struct PERDURE_PERSISTENT slot {
  long key;
  int hits, count;
};
struct PERDURE_PERSISTENT text {
  long length;
  char bytes[];
};
struct PERDURE_PERSISTENT arena {
  char bytes[64];
};
struct PERDURE_PERSISTENT branch {
  leaf *first;
  leaf *inner;
  slot *slots;
  text *title;
  void *untyped;
};
PERDURE_PERSISTENT branch *tree;
PERDURE_PERSISTENT std::map<int, leaf> leaves;
PERDURE_PERSISTENT std::vector<leaf> row;

template <typename T> void store(T *where, int value) {
#ifdef CLEAN
  *where = static_cast<T>(value);
#else
  asm volatile("movb %1, (%0)" : : "r"(where), "q"(static_cast<char>(value)));
#endif
}

int main() {
  tree = static_cast<branch *>(calloc(1, sizeof *tree));
  tree->first = static_cast<leaf *>(calloc(1, sizeof(leaf)));
  tree->slots = static_cast<slot *>(calloc(5, sizeof(slot)));
  tree->title = static_cast<text *>(calloc(1, sizeof(text) + 24));
  tree->untyped = calloc(1, 64);
  auto *room = static_cast<arena *>(calloc(1, sizeof(arena)));
  tree->inner = reinterpret_cast<leaf *>(room->bytes + 32);
  *tree->inner = {};
  leaves[7] = {1, 0};
  row.resize(3);
  perdure_sync();
  store(&tree->first->number, 1);
  store(&tree->slots[3].count, 2);
  store(&tree->inner->number, 3);
  store(&leaves[7].number, 4);
  store(&tree->title->bytes[3], 5);
  store(&row[2].number, 6);
  store(static_cast<char *>(tree->untyped) + 9, 7);
}
