// SPDX-License-Identifier: Apache-2.0
//
// See simulated_contents.h.
#include "simulated_contents.h"
#include "check.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace perdure {

void patch_pages(SimulatedContents::Pages &pages, uint64_t offset, const std::byte *bytes,
                 uint64_t size) {
  constexpr uint64_t kPage = SimulatedContents::kPage;
  while (size != 0) {
    const uint64_t part = std::min(size, kPage - offset % kPage);
    auto &page = pages[offset / kPage];
    auto copy = page ? std::make_shared<SimulatedContents::Page>(*page)
                     : std::make_shared<SimulatedContents::Page>();
    std::memcpy(copy->data() + offset % kPage, bytes, part);
    page = std::move(copy);
    offset += part;
    bytes += part;
    size -= part;
  }
}

SimulatedContents::SimulatedContents(uint32_t atom, Pages durable, uint64_t size)
    : atom_(atom), fd_(memfd_create("simulated", MFD_CLOEXEC)), durable_(std::move(durable)),
      sizes_{size} {
  PERDURE_CHECK(fd_ >= 0 && ftruncate(fd_, static_cast<off_t>(size)) == 0,
                "no memory for a simulated file");
  for (auto page = durable_.begin(); page != durable_.end();) {
    const uint64_t at = page->first * kPage;
    if (at >= size) { // behind the end a crash left: gone
      page = durable_.erase(page);
      continue;
    }
    const uint64_t part = std::min(kPage, size - at);
    if (part < kPage) {
      const Page zeros{};
      Pages one{{page->first, page->second}};
      patch_pages(one, size, zeros.data(), kPage - part);
      page->second = one.begin()->second;
    }
    PERDURE_CHECK(pwrite(fd_, page->second->data(), part, static_cast<off_t>(at)) ==
                      static_cast<ssize_t>(part),
                  "no memory for a simulated file");
    ++page;
  }
}

SimulatedContents::~SimulatedContents() { close(fd_); }

// The page as it was when it was last looked at.
void SimulatedContents::known_page(uint64_t number, Page &page) const {
  const auto durable = durable_.find(number);
  if (durable == durable_.end())
    page.fill(std::byte{0});
  else
    page = *durable->second;
  for (auto at = dirty_.lower_bound(number * kPage);
       at != dirty_.end() && at->first < (number + 1) * kPage; ++at)
    std::memcpy(&page[at->first % kPage], &*at->second.values.end() - atom_, atom_);
}

void SimulatedContents::compare_page(uint64_t number, uint64_t begin, uint64_t end) {
  Page known, seen{};
  known_page(number, known);
  PERDURE_CHECK(pread(fd_, seen.data(), kPage, static_cast<off_t>(number * kPage)) >= 0,
                "a simulated file cannot be read");
  if (known == seen)
    return;
  for (uint64_t at = begin / atom_ * atom_; at < end; at += atom_) {
    if (std::memcmp(&known[at], &seen[at], atom_) == 0)
      continue;
    auto &values = dirty_[number * kPage + at].values;
    values.insert(values.end(), &seen[at], &seen[at] + atom_);
  }
}

void SimulatedContents::changed(uint64_t offset, uint64_t size) {
  for (uint64_t at = offset, end = offset + size; at < end;) {
    const uint64_t stop = std::min(end, (at / kPage + 1) * kPage);
    compare_page(at / kPage, at % kPage, (stop - 1) % kPage + 1);
    at = stop;
  }
}

void SimulatedContents::changed_somewhere() {
  for (off_t data = 0; (data = lseek(fd_, data, SEEK_DATA)) >= 0;) {
    const off_t hole = lseek(fd_, data, SEEK_HOLE);
    changed(static_cast<uint64_t>(data), static_cast<uint64_t>(hole - data));
    data = hole;
  }
}

int SimulatedContents::resize(uint64_t size) {
  const uint64_t before = this->size();
  if (size == before)
    return 0;
  if (ftruncate(fd_, static_cast<off_t>(size)) != 0)
    return -1;
  sizes_.push_back(size);
  // What is cut off reads as zeros should the file grow again.
  std::vector<uint64_t> pages;
  for (auto page = durable_.lower_bound(size / kPage); page != durable_.end(); ++page)
    pages.push_back(page->first);
  for (auto at = dirty_.lower_bound(size / kPage * kPage); at != dirty_.end(); ++at)
    pages.push_back(at->first / kPage);
  if (size < before)
    for (const uint64_t page : pages)
      compare_page(page, 0, kPage);
  return 0;
}

void SimulatedContents::flush(uint64_t offset, uint64_t size) {
  changed(offset, size);
  for (auto at = dirty_.lower_bound(offset / atom_ * atom_);
       at != dirty_.end() && at->first < offset + size; ++at) {
    at->second.flushed = at->second.values.size() / atom_;
    at->second.by = std::this_thread::get_id();
  }
}

void SimulatedContents::make_durable(uint64_t offset, const std::byte *value) {
  patch_pages(durable_, offset, value, atom_);
}

void SimulatedContents::fence() {
  changed_somewhere();
  for (auto at = dirty_.begin(); at != dirty_.end();) {
    Dirty &dirty = at->second;
    if (dirty.flushed == 0 || dirty.by != std::this_thread::get_id()) {
      ++at;
      continue;
    }
    auto &values = dirty.values;
    make_durable(at->first, &values[(dirty.flushed - 1) * atom_]);
    values.erase(values.begin(), values.begin() + static_cast<ptrdiff_t>(dirty.flushed * atom_));
    dirty.flushed = 0;
    at = values.empty() ? dirty_.erase(at) : std::next(at);
  }
}

void SimulatedContents::settle(uint64_t offset, uint64_t size) {
  auto at = dirty_.lower_bound(offset / atom_ * atom_);
  while (at != dirty_.end() && at->first < offset + size) {
    make_durable(at->first, &*at->second.values.end() - atom_);
    at = dirty_.erase(at);
  }
}

void SimulatedContents::settle() {
  changed_somewhere();
  settle(0, ~0ull);
  settle_size();
}

void SimulatedContents::settle_size() { sizes_ = {size()}; }

} // namespace perdure
