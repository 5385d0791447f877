// SPDX-License-Identifier: Apache-2.0
//
// A runtime that checks the plugin: it implements <perdure/abi.h> over a private mapping of the
// pool's address range and keeps a shadow copy that changes only through recorded entries, taken at
// the moment of the record. A difference at exit is a store without hook, or with its hook before
// it. With CHECKER_CHUNKS=1 entries go through the inline fast path into chunks instead; then the
// shadow changes when a chunk is full and at exit.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <mutex>
#include <new>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "pin_stub.h"
#include <perdure/abi.h>

namespace {

constexpr size_t kRootWindow = PERDURE_ROOTS_END;
constexpr size_t kHeapSize = 64u << 20;
constexpr size_t kMaxDifferences = 10;

struct Block {
  char *address;
  size_t size;
};

struct Checker {
  std::recursive_mutex mutex;
  char *heap = reinterpret_cast<char *>(PERDURE_BASE + kRootWindow);
  char *shadow = nullptr;
  size_t used = 64;
  bool chunks = getenv("CHECKER_CHUNKS") && *getenv("CHECKER_CHUNKS");
  Block blocks[1 << 16];
  size_t block_count = 0;
  const perdure_root_info *roots[256];
  char *root_shadows[256];
  size_t root_count = 0;
  size_t records = 0, relaxed = 0;
  int depth = 0, max_depth = 0, begins = 0;

  Checker() {
    void *mapped = mmap(heap, kHeapSize, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_NORESERVE, -1, 0);
    if (mapped != heap) {
      perror("checker: mmap");
      abort();
    }
    shadow = static_cast<char *>(mmap(nullptr, kHeapSize, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  }
};

Checker &checker() {
  static Checker *instance = new (mmap(nullptr, sizeof(Checker), PROT_READ | PROT_WRITE,
                                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) Checker;
  return *instance;
}

char *shadowOf(const char *address) {
  Checker &c = checker();
  if (address >= c.heap && address < c.heap + kHeapSize)
    return c.shadow + (address - c.heap);
  for (size_t i = 0; i < c.root_count; ++i) {
    char *start = static_cast<char *>(c.roots[i]->address);
    if (address >= start && address < start + c.roots[i]->size)
      return c.root_shadows[i] + (address - start);
  }
  return nullptr;
}

__attribute__((no_sanitize("address"))) void copy(const char *address, size_t size) {
  char *shadow = shadowOf(address);
  if (!shadow) {
    fprintf(stderr, "checker: record of %zu bytes at %p, which is neither heap nor root\n", size,
            address);
    _exit(3);
  }
  for (size_t i = 0; i < size; ++i)
    shadow[i] = address[i];
}

bool inPool(const void *address) {
  return reinterpret_cast<uint64_t>(address) >> PERDURE_SLOT_SHIFT == PERDURE_SLOT;
}

void record(const void *address, size_t size) {
  std::lock_guard<std::recursive_mutex> lock(checker().mutex);
  ++checker().records;
  if (size)
    copy(static_cast<const char *>(address), size);
}

thread_local uint64_t *chunk[2];

void drain(int lane) {
  if (!chunk[lane])
    return;
  for (size_t i = PERDURE_CHUNK_HEADER / 8; i < PERDURE_CHUNK_SIZE / 8; ++i)
    if (uint64_t entry = chunk[lane][i]) {
      record(reinterpret_cast<void *>(entry >> 16), entry & 0xffff);
      chunk[lane][i] = 0;
    }
}

void newChunk(int lane) {
  drain(lane);
  if (!chunk[lane]) {
    void *memory = mmap(nullptr, 2 * PERDURE_CHUNK_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t start = reinterpret_cast<uint64_t>(memory);
    chunk[lane] = reinterpret_cast<uint64_t *>((start + PERDURE_CHUNK_SIZE - 1) &
                                               ~uint64_t{PERDURE_CHUNK_SIZE - 1});
  }
  perdure_thread.next[lane] = reinterpret_cast<uint64_t>(chunk[lane]) + PERDURE_CHUNK_HEADER;
}

bool isVolatile(const perdure_root_info &root, size_t offset) {
  for (size_t i = 0; i < root.volatile_span_count; ++i)
    if (offset - root.volatile_spans[i].offset < root.volatile_spans[i].size)
      return true;
  return false;
}

size_t differences(const char *what, const char *memory, const char *shadow, size_t size,
                   const perdure_root_info *root) {
  size_t found = 0;
  for (size_t i = 0; i < size; ++i)
    if (memory[i] != shadow[i] && !(root && isVolatile(*root, i)) && ++found <= kMaxDifferences)
      fprintf(stderr, "checker: missed store in %s at offset %zu: memory %02x, recorded %02x\n",
              what, i, memory[i] & 0xff, shadow[i] & 0xff);
  return found;
}

struct AtExit {
  ~AtExit() {
    Checker &c = checker();
    drain(0);
    drain(1);
    size_t found = differences("heap", c.heap, c.shadow, kHeapSize, nullptr);
    for (size_t i = 0; i < c.root_count; ++i)
      found += differences(c.roots[i]->key, static_cast<char *>(c.roots[i]->address),
                           c.root_shadows[i], c.roots[i]->size, c.roots[i]);
    if (c.depth != 0) {
      fprintf(stderr, "checker: unit depth %d at exit\n", c.depth);
      found++;
    }
    fflush(stdout);
    fprintf(stdout, "checker: %s\n", found ? "FAILED" : "all stores recorded");
    if (getenv("CHECKER_VERBOSE"))
      printf("checker: %zu records, %zu relaxed, %d units, depth up to %d\n", c.records, c.relaxed,
             c.begins, c.max_depth);
    fflush(stdout);
    if (found || c.records == 0)
      _exit(1);
  }
};
__attribute__((init_priority(101))) AtExit at_exit;

void *allocate(size_t size, size_t alignment = 16) {
  Checker &c = checker();
  std::lock_guard<std::recursive_mutex> lock(c.mutex);
  c.used = (c.used + alignment - 1) & ~(alignment - 1);
  char *block = c.heap + c.used;
  c.used += std::max<size_t>(size, 1) + 16;
  if (c.used > kHeapSize || c.block_count == sizeof c.blocks / sizeof c.blocks[0])
    abort();
  c.blocks[c.block_count++] = {block, size};
  return block;
}

Block *blockOf(const void *address) {
  Checker &c = checker();
  auto *end = c.blocks + c.block_count;
  for (Block *block = c.blocks; block != end; ++block)
    if (address >= block->address && address < block->address + std::max<size_t>(block->size, 1))
      return block;
  return nullptr;
}

} // namespace

extern "C" {

__thread struct perdure_thread perdure_thread;

void perdure_record_slow(uint64_t entry, uint32_t lane) {
  if (lane)
    ++checker().relaxed;
  if (checker().chunks)
    newChunk(lane);
  else
    perdure_thread.next[lane] = 0;
  record(reinterpret_cast<void *>(entry >> 16), entry & 0xffff);
}
void perdure_record(const void *address, size_t size) {
  if (inPool(address))
    record(address, size);
}
void perdure_record_relaxed(const void *address, size_t size) {
  ++checker().relaxed;
  perdure_record(address, size);
}
void perdure_record_string(const char *address) {
  if (inPool(address))
    record(address, strlen(address) + 1);
}
void perdure_record_object(const void *address) {
  if (!inPool(address))
    return;
  if (Block *block = blockOf(address))
    return record(block->address, block->size);
  Checker &c = checker();
  for (size_t i = 0; i < c.root_count; ++i)
    if (address >= c.roots[i]->address &&
        address < static_cast<char *>(c.roots[i]->address) + c.roots[i]->size)
      record(c.roots[i]->address, c.roots[i]->size);
}

void perdure_unit_begin(void) {
  Checker &c = checker();
  ++c.begins;
  c.max_depth = std::max(c.max_depth, ++c.depth);
}
void perdure_unit_end(void) { --checker().depth; }
void perdure_unit_pause(void) { --checker().depth; }
void perdure_unit_resume(void) { ++checker().depth; }
uint32_t perdure_unit_depth(void) { return checker().depth; }
void perdure_unit_unwind(uint32_t depth) { checker().depth = depth; }
int perdure_unit_mutex_lock(void *) { return 0; }
int perdure_unit_mutex_trylock(void *) { return 0; }
void perdure_output_wait(void) { puts("checker: output gated"); }
int perdure_is_recovered(void) { return getenv("CHECKER_RECOVERED") != nullptr; }
int perdure_root_is_recovered(const void *) { return perdure_is_recovered(); }
void *perdure_restore_begin(void) { return &checker(); }
void perdure_restore_end(void *saved) {
  if (saved != &checker())
    abort();
  puts("checker: restored");
}
void perdure_run_recovery(void) { puts("checker: recovery"); }

void *perdure_malloc(size_t size) { return allocate(size); }
void *perdure_calloc(size_t count, size_t size) { return allocate(count * size); }
void *perdure_realloc(void *block, size_t size) {
  void *grown = allocate(size);
  if (block) {
    Block *old = blockOf(block);
    size_t kept = std::min(old ? old->size : malloc_usable_size(block), size);
    memcpy(grown, block, kept);
    record(grown, kept);
  }
  return grown;
}
void *perdure_reallocarray(void *block, size_t count, size_t size) {
  return perdure_realloc(block, count * size);
}
void *perdure_aligned_alloc(size_t alignment, size_t size) { return allocate(size, alignment); }
int perdure_posix_memalign(void **block, size_t alignment, size_t size) {
  *block = allocate(size, alignment);
  return 0;
}
void *perdure_valloc(size_t size) { return allocate(size, 4096); }
char *perdure_strdup(const char *string) {
  return static_cast<char *>(strcpy(static_cast<char *>(allocate(strlen(string) + 1)), string));
}
char *perdure_strndup(const char *string, size_t size) {
  size = strnlen(string, size);
  char *copy = static_cast<char *>(allocate(size + 1));
  memcpy(copy, string, size);
  copy[size] = 0;
  return copy;
}
int perdure_vasprintf(char **result, const char *format, va_list arguments) {
  char *text;
  int size = vasprintf(&text, format, arguments);
  *result = strcpy(static_cast<char *>(allocate(size + 1)), text);
  free(text);
  return size;
}
int perdure_asprintf(char **result, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int size = perdure_vasprintf(result, format, arguments);
  va_end(arguments);
  return size;
}
long perdure_getdelim(char **line, size_t *capacity, int delimiter, void *stream) {
  char *text = nullptr;
  size_t size = 0;
  long length = getdelim(&text, &size, delimiter, static_cast<FILE *>(stream));
  if (length >= 0) {
    *line = static_cast<char *>(allocate(length + 1));
    memcpy(*line, text, length + 1);
    *capacity = length + 1;
  }
  free(text);
  return length;
}
long perdure_getline(char **line, size_t *capacity, void *stream) {
  return perdure_getdelim(line, capacity, '\n', stream);
}
void *perdure_new(size_t size) { return allocate(size); }
void *perdure_new_nothrow(size_t size, const void *) { return allocate(size); }
void *perdure_new_aligned(size_t size, size_t alignment) { return allocate(size, alignment); }
void *perdure_new_aligned_nothrow(size_t size, size_t alignment, const void *) {
  return allocate(size, alignment);
}

static void registerPin(const perdure_pin_info &pin) {
  uint64_t address = reinterpret_cast<uint64_t>(pin.address), page = address & ~4095ull;
  mmap(reinterpret_cast<void *>(page), (address + pin.size + 4095 - page) & ~4095ull,
       PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (pin.kind == PERDURE_PIN_FUNCTION)
    memcpy(pin.address, perdure::make_stub(pin.target).data(), PERDURE_STUB_SIZE);
  else if (pin.target)
    memcpy(pin.address, pin.target, pin.size);
}

void perdure_register_module(const struct perdure_module_info *module) {
  Checker &c = checker();
  for (size_t i = 0; i < module->pin_count; ++i)
    registerPin(module->pins[i]);
  for (size_t i = 0; i < module->root_count; ++i) {
    const perdure_root_info *root = &module->roots[i];
    bool known = false;
    for (size_t j = 0; j < c.root_count; ++j)
      known |= c.roots[j]->address == root->address;
    if (known)
      continue;
    uint64_t page = reinterpret_cast<uint64_t>(root->address) & ~4095ull;
    uint64_t end = (reinterpret_cast<uint64_t>(root->address) + root->size + 4095) & ~4095ull;
    mmap(reinterpret_cast<void *>(page), end - page, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (root->initial)
      memcpy(root->address, root->initial, root->size);
    char *shadow = static_cast<char *>(malloc(root->size));
    memcpy(shadow, root->address, root->size);
    c.root_shadows[c.root_count] = shadow;
    c.roots[c.root_count++] = root;
  }
}

// Pool blocks are never reused here, so that the shadow of a freed block stays comparable.
void __libc_free(void *block);
void *__libc_realloc(void *block, size_t size);
#ifndef CHECKER_NO_INTERPOSITION
void free(void *block) {
  if (!inPool(block))
    __libc_free(block);
}
void *realloc(void *block, size_t size) {
  return inPool(block) ? perdure_realloc(block, size) : __libc_realloc(block, size);
}
#endif

} // extern "C"

#ifndef CHECKER_NO_INTERPOSITION
void operator delete(void *block) noexcept { free(block); }
void operator delete(void *block, size_t) noexcept { free(block); }
void operator delete[](void *block) noexcept { free(block); }
void operator delete[](void *block, size_t) noexcept { free(block); }
void operator delete(void *block, std::align_val_t) noexcept { free(block); }
void operator delete(void *block, size_t, std::align_val_t) noexcept { free(block); }
#endif
