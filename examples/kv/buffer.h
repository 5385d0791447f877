// SPDX-License-Identifier: Apache-2.0
//
// A growing byte queue: filled at the end, consumed at the start. Memory for it running out ends
// the connection, so the functions that may allocate say whether they could.
#ifndef KV_BUFFER_H
#define KV_BUFFER_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
  char *data;
  size_t start, end, capacity;
  bool failed; // an append found no memory
};

static inline size_t buffer_size(const struct buffer *buffer) {
  return buffer->end - buffer->start;
}

static inline bool buffer_reserve(struct buffer *buffer, size_t size) {
  if (buffer->start > 0) {
    memmove(buffer->data, buffer->data + buffer->start, buffer_size(buffer));
    buffer->end -= buffer->start;
    buffer->start = 0;
  }
  if (buffer->capacity - buffer->end >= size)
    return true;
  size_t capacity = buffer->capacity * 2 + size;
  char *data = realloc(buffer->data, capacity);
  if (!data)
    return false;
  buffer->data = data;
  buffer->capacity = capacity;
  return true;
}

static inline void buffer_append(struct buffer *buffer, const char *data, size_t size) {
  if (buffer->capacity - buffer->end < size && !buffer_reserve(buffer, size)) {
    buffer->failed = true;
    return;
  }
  memcpy(buffer->data + buffer->end, data, size);
  buffer->end += size;
}

static inline void buffer_append_text(struct buffer *buffer, const char *text) {
  buffer_append(buffer, text, strlen(text));
}

#endif
