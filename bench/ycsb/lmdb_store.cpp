// SPDX-License-Identifier: Apache-2.0
//
// LMDB: a transaction for each operation, a reader's one kept by each thread.
#include "store.h"
#include <cstring>
#include <endian.h>
#include <filesystem>
#include <lmdb.h>

namespace bench {
namespace {

constexpr size_t kMapSize = 16ull << 30;
constexpr unsigned kLoadBatch = 20'000;

void check(int code, const char *call) {
  if (code != 0)
    store_failed("lmdb", std::string(call) + ": " + mdb_strerror(code));
}

class Key {
public:
  explicit Key(uint64_t key) : bytes_(htobe64(key)) {}
  MDB_val *operator&() { return &value_; }

private:
  uint64_t bytes_;
  MDB_val value_{sizeof bytes_, &bytes_};
};

class LmdbStore : public Store {
public:
  explicit LmdbStore(const StoreOptions &options) {
    std::filesystem::create_directories(options.path);
    check(mdb_env_create(&env_), "mdb_env_create");
    check(mdb_env_set_mapsize(env_, kMapSize), "mdb_env_set_mapsize");
    unsigned flags = MDB_NOTLS | (options.sync ? 0 : MDB_NOSYNC);
    check(mdb_env_open(env_, options.path.c_str(), flags, 0600), "mdb_env_open");
    MDB_txn *txn = begin();
    check(mdb_dbi_open(txn, nullptr, 0, &dbi_), "mdb_dbi_open");
    check(mdb_txn_commit(txn), "mdb_txn_commit");
  }
  ~LmdbStore() override {
    Reader::forget(); // those of other threads went with them
    mdb_env_close(env_);
  }

  void put(uint64_t key, std::string_view value) override {
    MDB_txn *txn = begin();
    put(txn, key, value);
    check(mdb_txn_commit(txn), "mdb_txn_commit");
  }

  bool get(uint64_t key, std::string &value) override {
    Reader reader(env_);
    Key wanted(key);
    MDB_val found;
    if (mdb_get(reader.txn(), dbi_, &wanted, &found) != 0)
      return false;
    value.assign(static_cast<char *>(found.mv_data), found.mv_size);
    return true;
  }

  size_t scan(uint64_t key, size_t count, std::string &last_value) override {
    Reader reader(env_);
    MDB_cursor *cursor;
    check(mdb_cursor_open(reader.txn(), dbi_, &cursor), "mdb_cursor_open");
    Key wanted(key);
    MDB_val found;
    size_t seen = 0;
    for (MDB_cursor_op op = MDB_SET_RANGE;
         seen < count && mdb_cursor_get(cursor, &wanted, &found, op) == 0; op = MDB_NEXT, seen++)
      last_value.assign(static_cast<char *>(found.mv_data), found.mv_size);
    mdb_cursor_close(cursor);
    return seen;
  }

  void load(const Load &next) override {
    uint64_t key;
    std::string_view value;
    for (bool more = true; more;) {
      MDB_txn *txn = begin();
      for (unsigned i = 0; i < kLoadBatch && (more = next(key, value)); i++)
        put(txn, key, value);
      check(mdb_txn_commit(txn), "mdb_txn_commit");
    }
    check(mdb_env_sync(env_, 1), "mdb_env_sync");
  }

private:
  // The thread's read transaction, renewed.
  class Reader {
  public:
    explicit Reader(MDB_env *env) {
      if (!kept_.txn)
        check(mdb_txn_begin(env, nullptr, MDB_RDONLY, &kept_.txn), "mdb_txn_begin");
      else
        check(mdb_txn_renew(kept_.txn), "mdb_txn_renew");
    }
    ~Reader() { mdb_txn_reset(kept_.txn); }
    MDB_txn *txn() const { return kept_.txn; }
    static void forget() { kept_.drop(); }

  private:
    struct Kept {
      MDB_txn *txn = nullptr;
      ~Kept() { drop(); }
      void drop() {
        if (txn)
          mdb_txn_abort(txn);
        txn = nullptr;
      }
    };
    static thread_local Kept kept_;
  };

  MDB_txn *begin() {
    MDB_txn *txn;
    check(mdb_txn_begin(env_, nullptr, 0, &txn), "mdb_txn_begin");
    return txn;
  }
  void put(MDB_txn *txn, uint64_t key, std::string_view value) {
    Key wanted(key);
    MDB_val bytes{value.size(), const_cast<char *>(value.data())};
    check(mdb_put(txn, dbi_, &wanted, &bytes, 0), "mdb_put");
  }

  MDB_env *env_ = nullptr;
  MDB_dbi dbi_ = 0;
};

thread_local LmdbStore::Reader::Kept LmdbStore::Reader::kept_;

} // namespace

std::unique_ptr<Store> open_lmdb(const StoreOptions &options) {
  return std::make_unique<LmdbStore>(options);
}

} // namespace bench
