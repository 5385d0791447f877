// SPDX-License-Identifier: Apache-2.0
#include "epochs.h"
#include "heap_layout.h"
#include "mutator.h"
#include "perdure/perdure.h"
#include "runtime.h"

using perdure::Epochs;
using perdure::Mutator;
using perdure::Runtime;
using perdure::Status;

namespace {
thread_local std::string last_error;
} // namespace

extern "C" {

int perdure_open(const char *spec) {
  Status status = Runtime::instance().open(spec);
  if (status)
    return 0;
  last_error = status.message();
  return -1;
}

const char *perdure_error(void) { return last_error.c_str(); }

int perdure_sync(void) {
  Epochs &epochs = Epochs::instance();
  if (!epochs.running() || epochs.failed())
    return -1;
  Mutator *mutator = Mutator::current_or_null();
  bool in_unit = mutator && mutator->in_open_unit();
  uint64_t ticket = in_unit ? epochs.last_cut() : epochs.ticket_to_wait_for(true);
  return ticket <= epochs.durable() || epochs.wait(ticket) ? 0 : -1;
}

void perdure_output_shows_unit(int shows) { Epochs::output_shows_unit = shows != 0; }

int perdure_recovered(void) { return Runtime::instance().recovered(); }

void *perdure_root(const char *key) { return Runtime::instance().find_root(key); }

size_t perdure_field_offset(const char *type, const char *field) {
  const perdure::TypeLayout *layout = Runtime::instance().types().find(type);
  for (size_t i = 0; layout && i < layout->fields.size(); i++)
    if (layout->fields[i].name == field)
      return layout->fields[i].offset;
  return static_cast<size_t>(-1);
}

size_t perdure_type_size(const char *type) {
  const perdure::TypeLayout *layout = Runtime::instance().types().find(type);
  return layout ? layout->size : 0;
}

void *perdure_block(const void *address, size_t *size) {
  Runtime &runtime = Runtime::instance();
  if (!perdure::in_pool(address) || !runtime.has_heap())
    return nullptr;
  size_t block_size = 0;
  void *block = runtime.heap().block_of(address, &block_size);
  if (block && size)
    *size = block_size;
  return block;
}

size_t perdure_heap_used(void) {
  Runtime &runtime = Runtime::instance();
  return runtime.has_heap() ? runtime.heap().stats().used_bytes : 0;
}

} // extern "C"
