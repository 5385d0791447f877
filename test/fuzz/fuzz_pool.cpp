// SPDX-License-Identifier: Apache-2.0
//
// A pool directory of three damaged files, opened in every way there is: perdure info, check, dump
// and sweep (the command itself), and as a program's start does, which recovers, maps, attaches,
// adopts a root, commits an epoch and closes. Where perdure check finds the pool sound, the program
// must be able to go on.
//
//   script = flags (1: which checksums stay wrong, which file is cut off), view (1), {patch}
#include "crc32c.h"
#include "heap.h"
#include "layout_check.h"
#include "pool_view.h"
#include "pooled_image.h"
#include "root_table.h"
#include "script.h"
#include "type_table.h"
#include "verdict.h"
#include "working_image.h"
#include <fcntl.h>
#include <filesystem>
#include <vector>

int perdure_main(int argc, char **argv); // tools/perdure.cpp

namespace perdure::fuzz {
namespace {

constexpr uint64_t kLogSize = 32 << 10;
constexpr uint64_t kHeapSize = 16 << 20;
constexpr uint64_t kRootBytesMax = 1 << 20; // of roots: more takes dump and sweep too long

constexpr HeapHost kHost = {[](const void *, size_t) {}, [](uint64_t, uint64_t) { return true; }};

// Of docs/heap_format.md.
constexpr uint64_t kSegmentTable = 64 << 10;
constexpr uint64_t kRootTable = 4 << 20;
constexpr uint64_t kSegmentHeaderSize = 36864;
constexpr uint64_t kFirstSlab = kHeapOffset + (64 << 10);

enum File : unsigned { kSuperblockFile, kLogFile, kImageFile, kFiles };
constexpr const char *kNames[kFiles] = {"superblock", "log", "image"};

// What of a file is damaged, and written anew for each script.
struct Part {
  File file;
  Area area;
};
constexpr Part kParts[] = {
    {kSuperblockFile, {0, kSuperblockCopies *kSuperblockSize}},
    {kLogFile, {0, kLogDataOffset + kLogSize}},
    {kImageFile, {0, 4096}},
    {kImageFile, {kSegmentTable, 4096}},
    {kImageFile, {kRootTable, 4096}},
    {kImageFile, {kTypeTableOffset, 4096}},
    {kImageFile, {kRootsOffset, 4096}},
    {kImageFile, {kHeapOffset, kSegmentHeaderSize}},
    {kImageFile, {kFirstSlab, 4096}},
};
// Where in them the bytes are that matter: part, and area in it.
constexpr std::pair<unsigned, Area> kTargets[] = {{0, {0, 144}},     {0, {kSuperblockSize, 144}},
                                                  {1, {0, 64}},      {1, {kLogDataOffset, 256}},
                                                  {1, {0, 1 << 16}}, {2, {0, 48}},
                                                  {3, {0, 64}},      {4, {0, 512}},
                                                  {5, {0, 1024}},    {6, {0, 256}},
                                                  {7, {0, 640}},     {7, {4096, 4096}},
                                                  {8, {0, 1024}}};

TypeLayout node() {
  return {"node",
          "",
          32,
          {{"next", 0, 8, "node*"}, {"name", 8, 8, "char*"}, {"many", 16, 16, "int[4]"}}};
}

TypeRegistry program() {
  TypeRegistry registry;
  registry.add(node(), "main.c");
  registry.add_root({"head", kRootsOffset, 8, "node*", "main.c"});
  return registry;
}

class PoolDirectory {
public:
  PoolDirectory() {
    path_ = "/dev/shm/perdure-fuzz-XXXXXX";
    demand(mkdtemp(path_.data()) != nullptr, "no temporary directory");
    directory_ = path_;
    std::atexit([] {
      std::error_code ignored;
      std::filesystem::remove_all(directory_, ignored);
    });
    path_ += "/pool";
    build();
    for (unsigned file = 0; file < kFiles; ++file)
      fds_[file] = ::open((path_ + "/" + kNames[file]).c_str(), O_RDWR);
    for (const Part &part : kParts) {
      std::vector<std::byte> &bytes = sound_.emplace_back(part.area.size);
      demand(pread(fds_[part.file], bytes.data(), bytes.size(), at(part)) >= 0, "no sound pool");
    }
    image_bytes_ = std::filesystem::file_size(path_ + "/image");
  }

  const std::string &path() const { return path_; }

  void damage(unsigned flags, Script &script) {
    std::vector<std::vector<std::byte>> parts = sound_;
    while (!script.done()) {
      Area areas[std::size(kTargets)];
      for (size_t i = 0; i < std::size(kTargets); ++i) // side by side, to be told apart
        areas[i] = {i << 32 | kTargets[i].second.begin, kTargets[i].second.size};
      const Patch patch = read_patch(script, areas);
      std::vector<std::byte> &bytes = parts[kTargets[patch.offset >> 32].first];
      const uint64_t offset = patch.offset & 0xffffffff;
      if (offset < bytes.size())
        std::memcpy(&bytes[offset], patch.bytes.data(),
                    std::min<uint64_t>(patch.bytes.size(), bytes.size() - offset));
    }
    if (!(flags & 1))
      mend(parts[0], 0), mend(parts[0], kSuperblockSize);
    if (!(flags & 2))
      mend(parts[1], 0);
    if (!(flags & 4))
      mend_records(parts[1], parts[0]);
    write(parts, flags);
  }

private:
  static off_t at(const Part &part) { return static_cast<off_t>(part.area.begin); }

  void build() {
    PoolOptions options;
    options.path = path_;
    options.log_size = kLogSize;
    options.size_max = kHeapSize;
    demand(create_pool(options).is_ok(), "no sound pool");
    auto pool = open_pool(options);
    demand(pool.is_ok(), "no sound pool");
    pool->superblock.created_s = 1;
    auto image = PooledImage::start(std::move(*pool), false);
    demand(image.is_ok(), "no sound pool");
    std::vector<std::pair<uint64_t, uint64_t>> ranges = fill();
    for (uint64_t epoch = 1; epoch <= 3; ++epoch) {
      EpochRecord record(epoch);
      if (epoch == 1)
        for (const auto &[offset, size] : ranges)
          record.add(offset, address_of(offset), size);
      else
        record.add(kRootsOffset + 64 * epoch, "perdure", 7);
      demand((*image)->commit(std::move(record)).is_ok(), "no sound pool");
      if (epoch == 1)
        demand((*image)->checkpoint_now().is_ok(), "no sound pool");
    }
    unmap_working_image();
  } // the last two epochs are in the log alone

  // A program's first run in the working image; returns what it wrote.
  static std::vector<std::pair<uint64_t, uint64_t>> fill() {
    demand(map_working_image(-1, 0, kHeapOffset + kHeapSize).is_ok(), "no room for a sound pool");
    auto *base = reinterpret_cast<std::byte *>(kBase);
    Heap heap(base, kHost);
    heap.format(kHeapSize);
    void *nodes[3];
    for (void *&block : nodes)
      block = heap.allocate(32);
    char *name = static_cast<char *>(heap.allocate(32));
    heap.allocate(300000);
    std::strcpy(name, "a name");
    for (int i = 0; i < 2; ++i) {
      void *words[] = {nodes[i + 1], name};
      std::memcpy(nodes[i], words, sizeof words);
    }
    std::memcpy(address_of(kRootsOffset), &nodes[0], 8);
    demand(RootTable(base, kHost).add("head", kRootsOffset, 8).is_ok(), "no sound root");
    demand(store_layouts(base, kHost, program()).is_ok(), "no sound types");
    heap.thread_exit();
    std::vector<std::pair<uint64_t, uint64_t>> ranges;
    for (const Part &part : kParts)
      if (part.file == kImageFile)
        ranges.emplace_back(part.area.begin, part.area.size);
    return ranges;
  }

  static void mend(std::vector<std::byte> &bytes, uint64_t begin) { // both formats' crc is at 12
    std::memset(&bytes[begin + 12], 0, 4);
    const uint32_t crc = crc32c(0, &bytes[begin], 4096);
    std::memcpy(&bytes[begin + 12], &crc, 4);
  }

  // Every record that starts at a sector's begin in the log.
  static void mend_records(std::vector<std::byte> &log, const std::vector<std::byte> &superblock) {
    const uint32_t pool = crc32c(0, &superblock[16], 16);
    for (uint64_t at = kLogDataOffset; at < log.size(); at += 512) {
      RecordHeader header;
      std::memcpy(&header, &log[at], sizeof header);
      if (header.magic != kRecordMagic || header.length > log.size() - at - sizeof header)
        continue;
      header.pool = pool;
      header.crc = 0;
      header.crc =
          crc32c(crc32c(0, &header, sizeof header), &log[at + sizeof header], header.length);
      std::memcpy(&log[at], &header, sizeof header);
    }
  }

  void write(const std::vector<std::vector<std::byte>> &parts, unsigned flags) {
    const uint64_t sizes[kFiles] = {kSuperblockCopies * kSuperblockSize, kLogDataOffset + kLogSize,
                                    image_bytes_};
    for (unsigned file = 0; file < kFiles; ++file)
      demand(ftruncate(fds_[file], 0) == 0, "cannot write the pool");
    for (size_t i = 0; i < std::size(kParts); ++i)
      demand(pwrite(fds_[kParts[i].file], parts[i].data(), parts[i].size(), at(kParts[i])) > 0,
             "cannot write the pool");
    for (unsigned file = 0; file < kFiles; ++file) {
      const bool cut = flags >> 3 == file + 1;
      demand(ftruncate(fds_[file], static_cast<off_t>(cut ? sizes[file] / 3 : sizes[file])) == 0,
             "cannot write the pool");
    }
  }

  static inline std::string directory_;
  std::string path_;
  int fds_[kFiles];
  std::vector<std::vector<std::byte>> sound_;
  uint64_t image_bytes_;
};

// Runs the perdure command; false if it failed, and then it gave a reason.
bool command(std::vector<const char *> words) {
  char *said[2] = {};
  size_t sizes[2] = {};
  std::FILE *streams[2] = {stdout, stderr};
  stdout = open_memstream(&said[0], &sizes[0]);
  stderr = open_memstream(&said[1], &sizes[1]);
  words.insert(words.begin(), "perdure");
  const int code = perdure_main(static_cast<int>(words.size()), const_cast<char **>(words.data()));
  std::swap(stdout, streams[0]);
  std::swap(stderr, streams[1]);
  std::fclose(streams[0]);
  std::fclose(streams[1]);
  const std::string all = std::string(said[0]) + said[1];
  std::free(said[0]);
  std::free(said[1]);
  demand(code == 0 || code == 1, "perdure ended with code " + std::to_string(code));
  demand(code == 0 || all.find("/pool") != std::string::npos, "no reason given: " + all);
  return code == 0;
}

// The sizes that the pool claims are scanned byte by byte, which takes its time.
bool is_small(const std::string &path) {
  auto view = PoolView::open(path);
  if (!view || !(*view)->replay())
    return true; // will be refused
  RootTable roots((*view)->base(), kReadOnlyHost);
  uint64_t bytes = 0;
  for (size_t i = 0; i < roots.count() && bytes <= kRootBytesMax; ++i)
    bytes += std::min(roots.at(i).size, kRootBytesMax + 1);
  return bytes <= kRootBytesMax;
}

// As Runtime::open and Runtime::stop do.
Status go_on(const std::string &path) {
  PoolOptions options;
  options.path = path;
  const TypeRegistry mine = program();
  auto pool = open_pool(options);
  if (!pool)
    return pool.status();
  auto check = [&](std::byte *base) {
    Result<TypeRegistry> layouts = read_layouts(base);
    return layouts ? check_identity(path, *layouts, mine) : layouts.status();
  };
  auto image = PooledImage::start(std::move(*pool), false, check);
  if (!image)
    return image.status();
  const uint64_t limit = (*image)->heap_limit();
  if (Status status = map_working_image((*image)->image_fd(), (*image)->image_bytes(), limit);
      !status)
    return status;
  auto *base = reinterpret_cast<std::byte *>(kBase);
  Heap heap(base, kHost);
  if (!(*image)->recovered())
    heap.format(limit - kHeapOffset);
  else if (Status status = heap.attach(limit - kHeapOffset); !status)
    return status;
  RootTable roots(base, kHost);
  if (!roots.find("head"))
    if (Status status = roots.add("head", kRootsOffset, 8); !status)
      return status;
  if (Status status = store_layouts(base, kHost, mine); !status)
    return status;
  void *block = heap.allocate(100);
  EpochRecord record((*image)->last_epoch() + 1);
  record.add(kRootsOffset, &block, sizeof block);
  Status status = (*image)->commit(std::move(record));
  heap.thread_exit();
  return status ? (*image)->close() : status;
}

void look_at(const std::string &path, unsigned view) {
  const char *pool = path.c_str();
  const bool sound = command({"check", pool});
  const bool small = is_small(path);
  if (view % 4 == 0)
    command({"info", pool, "--json"});
  if (view % 4 == 1 && small)
    command({"dump", pool, "--max-objects", "100"});
  if (view % 4 == 2 && small)
    command({"dump", pool, "--json", "--max-objects", "100"});
  if (view % 4 == 3 && small)
    command({"sweep", pool});
  const Status status = go_on(path);
  unmap_working_image();
  if (accepted(status, "") && sound)
    command({"check", pool});
}

} // namespace
} // namespace perdure::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  using namespace perdure::fuzz;
  static PoolDirectory pool;
  Script script(data, size);
  const auto flags = script.number<uint8_t>();
  const auto view = script.number<uint8_t>();
  pool.damage(flags, script);
  look_at(pool.path(), view);
  return 0;
}
