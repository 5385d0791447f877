// SPDX-License-Identifier: Apache-2.0
//
// Allocation: from the pool's heap if there is one, else from libc. Blocks are told apart by
// address, so every releasing function takes both kinds.
#include "deferred_frees.h"
#include "epochs.h"
#include "heap_layout.h"
#include "mutator.h"
#include "next_symbol.h"
#include "runtime.h"
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <malloc.h>
#include <new>

PERDURE_NEXT(free);
PERDURE_NEXT(realloc);
PERDURE_NEXT(malloc_usable_size);

namespace {

using perdure::Auditor;
using perdure::Epochs;
using perdure::Heap;
using perdure::in_pool;
using perdure::Mutator;
using perdure::record;
using perdure::Runtime;

// No cut may fall inside an allocator operation. A single mutator cuts by itself, so never inside.
class HeapUnit {
public:
  HeapUnit() : mutator_(Epochs::single_mutator ? nullptr : &Mutator::current()) {
    if (mutator_)
      mutator_->unit_begin();
  }
  ~HeapUnit() {
    if (mutator_)
      mutator_->unit_end();
  }
  HeapUnit(const HeapUnit &) = delete;
  HeapUnit &operator=(const HeapUnit &) = delete;

private:
  Mutator *mutator_;
};

bool pooled() {
  return perdure_heap_scope == PERDURE_SCOPE_PERSISTENT && Runtime::instance().has_heap();
}
Heap &heap() { return Runtime::instance().heap(); }

void *pool_allocate(size_t size, size_t alignment = 0) {
  HeapUnit unit;
  void *block = alignment > 16 ? heap().allocate_aligned(size, alignment) : heap().allocate(size);
  if (!block)
    errno = ENOMEM;
  else if (Auditor *auditor = Runtime::instance().auditor())
    auditor->allocated(block, heap().usable_size(block));
  return block;
}

// A single mutator releases what it kept before it cuts. The audit looks between cuts, too.
void release(void *block) {
  if (Epochs::single_mutator && !Runtime::instance().auditor())
    heap().free_within_unit(block);
  else
    heap().free(block);
}

void pool_free(void *block) {
  if (Epochs::single_mutator && perdure::defer_free(block))
    return;
  HeapUnit unit;
  release(block);
}

void *copy_to_pool(const void *data, size_t size) {
  void *block = pool_allocate(size);
  if (block) {
    std::memcpy(block, data, size);
    record(block, size);
  }
  return block;
}

void *pool_reallocate(void *block, size_t size) {
  if (size == 0) {
    pool_free(block);
    return nullptr;
  }
  HeapUnit unit; // the old block goes in the epoch in which the new one comes
  size_t old_size = heap().usable_size(block);
  if (heap().resize_in_place(block, size)) {
    size_t new_size = heap().usable_size(block);
    if (Auditor *auditor = Runtime::instance().auditor(); auditor && new_size > old_size)
      auditor->allocated(static_cast<char *>(block) + old_size, new_size - old_size);
    return block;
  }
  void *moved = pool_allocate(size);
  if (!moved)
    return nullptr;
  size_t kept = old_size < size ? old_size : size;
  std::memcpy(moved, block, kept);
  record(moved, kept, PERDURE_LANE_RELAXED);
  release(block);
  return moved;
}

// A result that libc allocated, moved into the pool.
char *adopt_string(char *string, size_t size) {
  if (!string || !pooled())
    return string;
  auto *copy = static_cast<char *>(copy_to_pool(string, size));
  next_free(string);
  return copy;
}

// dlsym() first frees the text of the thread's last error. If it looks up free() for that very call
// (a sanitizer asked in vain for a symbol before anything was freed), the text is the outer call's.
void other_free(void *block) {
  static __thread bool looking_up;
  if (looking_up)
    return;
  if (!next_free.is_known()) {
    looking_up = true;
    next_free.look_up();
    looking_up = false;
  }
  next_free(block);
}

} // namespace

extern "C" {

PERDURE_EXPORT void free(void *block) noexcept {
  if (in_pool(block))
    pool_free(block);
  else
    other_free(block);
}

PERDURE_EXPORT void *realloc(void *block, size_t size) noexcept {
  return in_pool(block) ? pool_reallocate(block, size) : next_realloc(block, size);
}

PERDURE_EXPORT size_t malloc_usable_size(void *block) noexcept {
  return in_pool(block) ? heap().usable_size(block) : next_malloc_usable_size(block);
}

void perdure_free(void *block) {
  if (in_pool(block))
    pool_free(block);
  else
    std::free(block);
}

void *perdure_malloc(size_t size) { return pooled() ? pool_allocate(size) : std::malloc(size); }

void *perdure_calloc(size_t count, size_t size) {
  if (!pooled())
    return std::calloc(count, size);
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  void *block = pool_allocate(bytes);
  if (block) {
    std::memset(block, 0, bytes);
    record(block, bytes, PERDURE_LANE_RELAXED); // nothing leads to it yet
  }
  return block;
}

void *perdure_realloc(void *block, size_t size) {
  if (!pooled())
    return std::realloc(block, size);
  if (!block)
    return pool_allocate(size);
  if (in_pool(block))
    return pool_reallocate(block, size);
  // A volatile block grows at a persistent site: it moves into the pool.
  void *moved = pool_allocate(size);
  if (!moved)
    return nullptr;
  size_t old_size = malloc_usable_size(block);
  size_t kept = old_size < size ? old_size : size;
  std::memcpy(moved, block, kept);
  record(moved, kept, PERDURE_LANE_RELAXED);
  next_free(block);
  return moved;
}

void *perdure_reallocarray(void *block, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return nullptr;
  }
  return perdure_realloc(block, bytes);
}

void *perdure_aligned_alloc(size_t alignment, size_t size) {
  return pooled() ? pool_allocate(size, alignment) : memalign(alignment, size);
}

int perdure_posix_memalign(void **block, size_t alignment, size_t size) {
  if (!pooled())
    return posix_memalign(block, alignment, size);
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0)
    return EINVAL;
  int saved = errno;
  void *made = pool_allocate(size, alignment);
  errno = saved;
  if (!made)
    return ENOMEM;
  *block = made;
  return 0;
}

void *perdure_valloc(size_t size) { return perdure_aligned_alloc(4096, size); }

char *perdure_strndup(const char *string, size_t size) {
  if (!pooled())
    return strndup(string, size);
  size_t length = strnlen(string, size);
  auto *copy = static_cast<char *>(pool_allocate(length + 1));
  if (copy) {
    std::memcpy(copy, string, length);
    copy[length] = 0;
    record(copy, length + 1);
  }
  return copy;
}

char *perdure_strdup(const char *string) {
  return perdure_strndup(string, static_cast<size_t>(-1) >> 1);
}

int perdure_vasprintf(char **result, const char *format, va_list arguments) {
  int length = vasprintf(result, format, arguments);
  if (length < 0)
    return length;
  *result = adopt_string(*result, static_cast<size_t>(length) + 1);
  return *result ? length : -1;
}

int perdure_asprintf(char **result, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int length = perdure_vasprintf(result, format, arguments);
  va_end(arguments);
  return length;
}

long perdure_getdelim(char **line, size_t *capacity, int delimiter, void *stream) {
  auto *file = static_cast<FILE *>(stream);
  if (!pooled())
    return getdelim(line, capacity, delimiter, file);
  char *buffer = nullptr;
  size_t buffer_size = 0;
  long length = getdelim(&buffer, &buffer_size, delimiter, file);
  if (length >= 0) {
    size_t needed = static_cast<size_t>(length) + 1;
    if (!*line || *capacity < needed) {
      auto *grown = static_cast<char *>(perdure_realloc(*line, needed));
      if (grown) {
        *line = grown;
        *capacity = needed;
      } else {
        length = -1;
      }
    }
    if (length >= 0) {
      std::memcpy(*line, buffer, needed);
      record(*line, needed);
    }
  }
  next_free(buffer);
  return length;
}

long perdure_getline(char **line, size_t *capacity, void *stream) {
  return perdure_getdelim(line, capacity, '\n', stream);
}

void *perdure_new(size_t size) {
  if (!pooled())
    return ::operator new(size);
  for (;;) {
    if (void *block = pool_allocate(size))
      return block;
    std::new_handler handler = std::get_new_handler();
    if (!handler)
      throw std::bad_alloc();
    handler();
  }
}

void *perdure_new_aligned(size_t size, size_t alignment) {
  if (!pooled())
    return ::operator new(size, std::align_val_t(alignment));
  for (;;) {
    if (void *block = pool_allocate(size, alignment))
      return block;
    std::new_handler handler = std::get_new_handler();
    if (!handler)
      throw std::bad_alloc();
    handler();
  }
}

void *perdure_new_nothrow(size_t size, const void *) {
  return pooled() ? pool_allocate(size) : ::operator new(size, std::nothrow);
}

void *perdure_new_aligned_nothrow(size_t size, size_t alignment, const void *) {
  return pooled() ? pool_allocate(size, alignment)
                  : ::operator new(size, std::align_val_t(alignment), std::nothrow);
}

} // extern "C"
