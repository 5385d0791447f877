// SPDX-License-Identifier: Apache-2.0
//
// See sweep.h. Blocks are freed in the private view first, which tells what metadata change; the
// same bytes then become an epoch of the pool.
#include "sweep.h"
#include "object_reader.h"
#include "pool_contents.h"
#include "pool_facts.h"
#include "pooled_image.h"
#include "scalar_text.h"
#include "unreachable.h"
#include <algorithm>
#include <cstdio>

namespace perdure {
namespace {

constexpr size_t kListedMax = 100;     // blocks
constexpr uint64_t kBeginningMax = 32; // bytes shown of each

std::vector<std::pair<const void *, size_t>> changed; // metadata that freeing wrote

constexpr HeapHost kHost = {
    [](const void *address, size_t size) { changed.emplace_back(address, size); },
    [](uint64_t, uint64_t) { return false; }};

void print_block(const std::byte *base, const Block &block, const SweepOptions &options,
                 const char *separator) {
  const std::string address = ObjectReader::address_text(block.offset);
  const Value beginning = bytes_value(base + block.offset, std::min(block.size, kBeginningMax));
  if (options.json)
    std::printf("%s\n    {\"address\": \"%s\", \"size\": %lu, \"beginning\": %s}", separator,
                address.c_str(), block.size, beginning.to_json().c_str());
  else
    std::printf("  %s  %10s  %s\n", address.c_str(), bytes_text(block.size).c_str(),
                beginning.text.c_str());
}

void print(const std::byte *base, const std::vector<Block> &blocks, const SweepOptions &options) {
  uint64_t bytes = 0;
  for (const Block &block : blocks)
    bytes += block.size;
  if (options.json)
    std::printf("{\n  \"pool\": %s,\n  \"unreachable_blocks\": %zu,\n  \"unreachable_bytes\": %lu,"
                "\n  \"blocks\": [",
                json_string(options.path).c_str(), blocks.size(), bytes);
  else
    std::printf("%zu unreachable blocks, %s\n", blocks.size(), bytes_text(bytes).c_str());
  for (size_t i = 0; i < std::min(blocks.size(), kListedMax); ++i)
    print_block(base, blocks[i], options, i == 0 ? "" : ",");
  if (options.json)
    std::printf("\n  ]\n}\n");
  else if (blocks.size() > kListedMax)
    std::printf("  ... and %zu more\n", blocks.size() - kListedMax);
}

// Frees BLOCKS in the view and returns what that changed, as an epoch.
EpochRecord free_all(std::byte *base, Heap &heap, const std::vector<Block> &blocks) {
  for (const Block &block : blocks)
    heap.free(base + block.offset);
  heap.thread_exit();
  EpochRecord record(0);
  for (const auto &[address, size] : changed)
    record.add(static_cast<uint64_t>(static_cast<const std::byte *>(address) - base), address,
               size);
  return record;
}

// REQUIRES: nobody holds the pool. LAST_EPOCH, RUN: of the state that RECORD was made from.
Status commit(const SweepOptions &options, EpochRecord record, uint64_t last_epoch, uint32_t run) {
  PoolOptions pool_options;
  pool_options.path = options.path;
  auto pool = open_pool(pool_options);
  if (!pool)
    return pool.status();
  if (pool->superblock.run != run)
    return Status::error(options.path + " was opened by another process meanwhile; nothing was "
                                        "reclaimed, run perdure sweep again");
  auto image = PooledImage::start(std::move(*pool), false);
  if (!image)
    return image.status();
  record.set_epoch(last_epoch + 1);
  Status status = (*image)->commit(std::move(record));
  return status ? (*image)->close() : status;
}

} // namespace

Status sweep(const SweepOptions &options) {
  auto opened = PoolContents::open(options.path, kHost);
  if (!opened)
    return opened.status();
  PoolContents &contents = **opened;
  std::byte *base = contents.base();
  std::vector<Block> roots;
  for (const auto &[offset, root] : contents.types.roots())
    roots.push_back({offset, root.size});
  const std::vector<Block> blocks = unreachable_blocks(base, *contents.heap, roots);
  print(base, blocks, options);
  if (!options.reclaim || blocks.empty())
    return Status::ok();
  auto record = free_all(base, *contents.heap, blocks);
  const uint32_t run = contents.view->pool().superblock.run;
  contents.view->release_lock();
  Status status = commit(options, std::move(record), contents.last_epoch, run);
  if (status && !options.json)
    std::printf("reclaimed\n");
  return status;
}

} // namespace perdure
