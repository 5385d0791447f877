// SPDX-License-Identifier: Apache-2.0
//
// Opens a pool as a durable image, creating it first if there is none; see durable_image.h.
#include "durable_image.h"
#include "heap_layout.h"
#include "pool.h"
#include "pooled_image.h"
#include <algorithm>

namespace perdure {

Result<std::unique_ptr<DurableImage>> DurableImage::open(const PoolOptions &options,
                                                         const MetadataCheck &check) {
  if (pool_is_missing(options.path)) {
    // Another process may create it at the same moment: then the pool is there, whoever won.
    if (Status status = create_pool(options); !status && pool_is_missing(options.path))
      return status;
  }
  auto pool = open_pool(options);
  if (!pool)
    return pool.status();
  if (Status status = make_name_durable(*pool); !status)
    return status;
  if (exceeds_file_limit(kHeapOffset + kSegmentSize))
    return Status::error("the image of a pool is a sparse file of at least " +
                         std::to_string((kHeapOffset + kSegmentSize) >> 20) +
                         " MiB, and this process may not make one; raise the limit on file sizes "
                         "(ulimit -f)");
  if (options.size_given)
    pool->superblock.heap_limit = std::max(pool->superblock.heap_limit, heap_end(options));
  auto image = PooledImage::start(std::move(*pool), true, check);
  if (!image)
    return image.status();
  return std::unique_ptr<DurableImage>(std::move(*image));
}

} // namespace perdure
