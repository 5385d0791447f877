// SPDX-License-Identifier: Apache-2.0
//
// Recovery of memcached: runs before its threads start, when a pool was continued. What is durable
// is consistent (an epoch is cut where no thread is inside a section under the item, LRU or slab
// locks), so lists, tables and counters need no repair. Left to do is what belonged to requests and
// background work of the process that ended:
//   references they held                 -> a linked item has one, the cache's own
//   chunks neither linked nor free       -> back to their free list (uploads under way, items
//                                           unlinked but still being sent, half-moved slab pages)
//   the LRU crawler's pseudo-items       -> out of the LRU lists
// One sequential walk over the slab pages, reading: a page is written to only where it must be.
//
// The other half is memcached.port.yaml. memcached_verify.c walks the structure, if asked to.
#include "memcached_recover.h"

#include <perdure/perdure.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static char *find_root(const char *key) {
  char *root = perdure_root(key);
  if (!root) {
    fprintf(stderr, "memcached_recover: persistent global %s is missing from the port file\n", key);
    exit(EXIT_FAILURE);
  }
  return root;
}

static size_t find_field(const char *field) {
  size_t offset = perdure_field_offset("slabclass_t", field);
  if (offset == (size_t)-1) {
    fprintf(stderr, "memcached_recover: slabclass_t has no field %s; another memcached version?\n",
            field);
    exit(EXIT_FAILURE);
  }
  return offset;
}

// slabclass is file-static, and so is its type: its fields are found by name.
struct slab_class slab_class_at(unsigned int id) {
  static char *classes;
  static size_t stride, size, perslab, slabs, slab_list, sl_curr, slots;
  if (!classes) {
    stride = perdure_type_size("slabclass_t");
    size = find_field("size");
    perslab = find_field("perslab");
    slabs = find_field("slabs");
    slab_list = find_field("slab_list");
    sl_curr = find_field("sl_curr");
    slots = find_field("slots");
    classes = find_root("slabs.c:slabclass");
  }
  const char *at = classes + id * stride;
  struct slab_class class = {
      .size = *(const unsigned int *)(at + size),
      .perslab = *(const unsigned int *)(at + perslab),
      .pages = *(const unsigned int *)(at + slabs),
      .page_list = *(char **const *)(at + slab_list),
      .free_count = *(const unsigned int *)(at + sl_curr),
      .free_list = *(item *const *)(at + slots),
  };
  return class;
}

static void refuse(const char *what) {
  fprintf(stderr,
          "memcached: the pool was made with other settings (%s); start with the same ones\n",
          what);
  exit(EXIT_FAILURE);
}

// Settings that are part of the data's form. Others may change from run to run.
static void check_settings(void) {
  unsigned int largest = *(const unsigned int *)find_root("slabs.c:power_largest");
  struct slab_class class = slab_class_at(largest);
  if (class.size != (unsigned int)settings.slab_chunk_size_max)
    refuse("-o slab_chunk_max");
  if (class.perslab != (unsigned int)(settings.slab_page_size / settings.slab_chunk_size_max))
    refuse("slab page size");
  if (settings.memory_file != NULL)
    refuse("-e, which keeps the items elsewhere");
}

// The first item seen must be found by its hash.
static void check_hash_algorithm(item *it) {
  if (assoc_find(ITEM_key(it), it->nkey, hash(ITEM_key(it), it->nkey)) != it)
    refuse("-o hash_algorithm");
}

struct recovered {
  uint64_t linked, references, chunks;
};

static void recover_chunk(item *it, unsigned int id, struct recovered *sum) {
  if (it->it_flags & ITEM_LINKED) {
    if (sum->linked++ == 0)
      check_hash_algorithm(it);
    if (it->refcount != 1) {
      it->refcount = 1;
      sum->references++;
    }
    return;
  }
  if (it->it_flags == ITEM_SLABBED)
    return;
  // A part of a large item lives as long as the item it belongs to. Chunks come into and out of an
  // item's chain under the slab lock together with this flag.
  if ((it->it_flags & ITEM_CHUNK) && (((item_chunk *)it)->head->it_flags & ITEM_LINKED))
    return;
  it->it_flags = 0; // or slabs_free would follow a chain that may be half built
  it->refcount = 0;
  slabs_free(it, 0, id);
  sum->chunks++;
}

// A crawl does not outlive its thread. Left in place, the pseudo-item would stop the LRU
// maintainer.
static void unlink_crawlers(void) {
  crawler *crawlers = (crawler *)find_root("crawler.c:crawlers");
  item **heads = (item **)find_root("items.c:heads");
  item **tails = (item **)find_root("items.c:tails");
  for (int i = 0; i < POWER_LARGEST; i++) {
    item *it = (item *)&crawlers[i];
    if (heads[i] == it || tails[i] == it || (it->next && it->next->prev == it) ||
        (it->prev && it->prev->next == it))
      do_item_unlinktail_q(it);
    if (it->it_flags != 0)
      it->it_flags = 0;
  }
}

void memcached_recover(void) {
  check_settings();
  // Before the background threads start: they compare with it before the clock first ticks.
  current_time = (rel_time_t)(time(NULL) - process_started);
  unlink_crawlers();
  struct recovered sum = {0};
  // Class 0 holds spare pages, without chunks.
  for (unsigned int id = POWER_SMALLEST; id < MAX_NUMBER_OF_SLAB_CLASSES; id++) {
    struct slab_class class = slab_class_at(id);
    for (unsigned int page = 0; page < class.pages; page++) {
      char *chunk = class.page_list[page];
      size_t length = (size_t)class.size * class.perslab;
      // One call instead of hundreds of page faults; without it the walk is only slower.
      uintptr_t begin = (uintptr_t)chunk & ~(uintptr_t)4095;
      (void)madvise((void *)begin, (uintptr_t)chunk + length - begin, MADV_POPULATE_READ);
      for (unsigned int i = 0; i < class.perslab; i++, chunk += class.size)
        recover_chunk((item *)chunk, id, &sum);
    }
  }
  if (*(const size_t *)find_root("slabs.c:mem_limit") != settings.maxbytes)
    slabs_adjust_mem_limit(settings.maxbytes); // -m changed
  if (settings.verbose > 0)
    fprintf(stderr, "recovered %llu items; corrected %llu references, freed %llu chunks\n",
            (unsigned long long)sum.linked, (unsigned long long)sum.references,
            (unsigned long long)sum.chunks);
  if (getenv("PERDURE_MEMCACHED_VERIFY"))
    memcached_verify();
}
