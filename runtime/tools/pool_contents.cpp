// SPDX-License-Identifier: Apache-2.0
#include "pool_contents.h"
#include "type_table.h"

namespace perdure {

Result<std::unique_ptr<PoolContents>> PoolContents::open(const std::string &path,
                                                         const HeapHost &host) {
  auto view = PoolView::open_exclusive(path);
  if (!view)
    return view.status();
  auto log = (*view)->replay();
  if (!log)
    return log.status();
  if (log->last_epoch == 0)
    return Status::error(path + " is empty: no program has stored anything in it yet");
  auto heap = std::make_unique<Heap>((*view)->base(), host, (*view)->slot_bytes());
  Status status = heap->check();
  if (status)
    status = heap->attach(0);
  if (!status)
    return Status::error(path + ": " + status.message());
  auto types = read_layouts((*view)->base());
  if (!types)
    return Status::error(path + ": " + types.status().message());
  auto pins = PinTable((*view)->base(), kReadOnlyHost).read();
  if (!pins)
    return Status::error(path + ": " + pins.status().message());
  auto contents = std::make_unique<PoolContents>();
  contents->view = std::move(*view);
  contents->last_epoch = log->last_epoch;
  contents->heap = std::move(heap);
  contents->types = std::move(*types);
  contents->pins = std::move(*pins);
  return contents;
}

} // namespace perdure
