// SPDX-License-Identifier: Apache-2.0
//
// RocksDB: write-ahead log with its group commit; block cache and filters large enough for all
// data.
#include "store.h"
#include <endian.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

namespace bench {
namespace {

constexpr size_t kCacheSize = 2ull << 30;
constexpr unsigned kLoadBatch = 1000;

void check(const rocksdb::Status &status) {
  if (!status.ok())
    store_failed("rocksdb", status.ToString());
}

class Key {
public:
  explicit Key(uint64_t key) : bytes_(htobe64(key)) {}
  rocksdb::Slice slice() const { return {reinterpret_cast<const char *>(&bytes_), sizeof bytes_}; }

private:
  uint64_t bytes_;
};

class RocksdbStore : public Store {
public:
  explicit RocksdbStore(const StoreOptions &given) {
    rocksdb::Options options;
    options.create_if_missing = true;
    options.compression = rocksdb::kNoCompression;
    options.IncreaseParallelism(2);
    options.write_buffer_size = 256 << 20;
    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(kCacheSize);
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
    options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
    rocksdb::DB *db;
    check(rocksdb::DB::Open(options, given.path, &db));
    db_.reset(db);
    write_.sync = given.sync;
  }

  void put(uint64_t key, std::string_view value) override {
    check(db_->Put(write_, Key(key).slice(), rocksdb::Slice(value.data(), value.size())));
  }

  bool get(uint64_t key, std::string &value) override {
    rocksdb::Status status = db_->Get(read_, Key(key).slice(), &value);
    if (!status.IsNotFound())
      check(status);
    return status.ok();
  }

  size_t scan(uint64_t key, size_t count, std::string &last_value) override {
    std::unique_ptr<rocksdb::Iterator> at(db_->NewIterator(read_));
    size_t seen = 0;
    for (at->Seek(Key(key).slice()); seen < count && at->Valid(); at->Next(), seen++)
      last_value.assign(at->value().data(), at->value().size());
    return seen;
  }

  void load(const Load &next) override {
    uint64_t key;
    std::string_view value;
    for (bool more = true; more;) {
      rocksdb::WriteBatch batch;
      for (unsigned i = 0; i < kLoadBatch && (more = next(key, value)); i++)
        check(batch.Put(Key(key).slice(), rocksdb::Slice(value.data(), value.size())));
      check(db_->Write(rocksdb::WriteOptions(), &batch));
    }
    check(db_->SyncWAL());
  }

private:
  std::unique_ptr<rocksdb::DB> db_;
  rocksdb::WriteOptions write_;
  rocksdb::ReadOptions read_;
};

} // namespace

std::unique_ptr<Store> open_rocksdb(const StoreOptions &options) {
  return std::make_unique<RocksdbStore>(options);
}

} // namespace bench
