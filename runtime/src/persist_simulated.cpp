// SPDX-License-Identifier: Apache-2.0
//
// Files in memory with a power cut; see persist_simulated.h.
#include "persist_simulated.h"
#include "check.h"
#include <algorithm>
#include <cerrno>
#include <cstring>

namespace perdure {

class SimulatedFile final : public StableFile {
public:
  SimulatedFile(SimulatedStore &store, SimulatedStore::Contents &contents)
      : StableFile(contents.name), store_(store), contents_(contents) {}

  Status write(uint64_t offset, std::span<const std::byte> head,
               std::span<const std::byte> body) override {
    if (store_.broken_)
      return io_error("write", EIO);
    std::vector<std::byte> bytes(head.begin(), head.end());
    bytes.insert(bytes.end(), body.begin(), body.end());
    put(offset, bytes);
    return Status::ok();
  }

  Status persist() override {
    if (store_.broken_)
      return io_error("sync", EIO);
    if (store_.on_persist)
      store_.on_persist(store_.persist_points_);
    ++store_.persist_points_;
    contents_.durable = contents_.visible;
    contents_.pending.clear();
    return Status::ok();
  }

  Status read(uint64_t offset, std::span<std::byte> into) const override {
    for (std::byte &byte : into) {
      byte = offset < contents_.visible.size() ? contents_.visible[offset] : std::byte{0};
      ++offset;
    }
    return Status::ok();
  }

  uint64_t size() const override { return contents_.visible.size(); }

  Status resize(uint64_t size) override {
    if (store_.broken_)
      return io_error("resize", EIO);
    contents_.visible.resize(size); // a grown file is zeros, durable or not
    return Status::ok();
  }

  Status reserve(uint64_t, uint64_t) override { return Status::ok(); }

  Status zero(uint64_t offset, uint64_t size) override {
    if (offset < contents_.visible.size())
      put(offset,
          std::vector<std::byte>(std::min<uint64_t>(size, contents_.visible.size() - offset)));
    return Status::ok();
  }

  uint32_t write_alignment() const override { return store_.write_alignment_; }
  Domain domain() const override { return Domain::kSimulated; }

private:
  void put(uint64_t offset, std::span<const std::byte> bytes) {
    if (contents_.visible.size() < offset + bytes.size())
      contents_.visible.resize(offset + bytes.size());
    std::copy(bytes.begin(), bytes.end(),
              contents_.visible.begin() + static_cast<ptrdiff_t>(offset));
    while (!bytes.empty()) {
      const uint64_t part = std::min<uint64_t>(bytes.size(), store_.atom_ - offset % store_.atom_);
      const auto atom = bytes.first(part);
      contents_.pending.push_back({offset, {atom.begin(), atom.end()}});
      bytes = bytes.subspan(part);
      offset += part;
    }
  }

  SimulatedStore &store_;
  SimulatedStore::Contents &contents_;
};

std::unique_ptr<StableFile> SimulatedStore::open(const std::string &name) {
  for (auto &file : files_)
    if (file->name == name)
      return std::make_unique<SimulatedFile>(*this, *file);
  files_.push_back(std::make_unique<Contents>());
  files_.back()->name = name;
  return std::make_unique<SimulatedFile>(*this, *files_.back());
}

size_t SimulatedStore::pending_atoms() const {
  size_t count = 0;
  for (const auto &file : files_)
    count += file->pending.size();
  return count;
}

std::unique_ptr<SimulatedStore>
SimulatedStore::crash(const std::function<bool(size_t)> &keep) const {
  auto after = std::make_unique<SimulatedStore>(atom_, write_alignment_);
  size_t index = 0;
  for (const auto &file : files_) {
    auto contents = std::make_unique<Contents>();
    contents->name = file->name;
    contents->durable = file->durable;
    for (const Write &write : file->pending) {
      if (!keep(index++))
        continue;
      const uint64_t end = write.offset + write.bytes.size();
      if (contents->durable.size() < end)
        contents->durable.resize(end);
      std::copy(write.bytes.begin(), write.bytes.end(),
                contents->durable.begin() + static_cast<ptrdiff_t>(write.offset));
    }
    contents->visible = contents->durable;
    after->files_.push_back(std::move(contents));
  }
  return after;
}

} // namespace perdure
