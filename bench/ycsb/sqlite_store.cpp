// SPDX-License-Identifier: Apache-2.0
//
// SQLite with a write-ahead log: a connection for each thread, prepared statements, each operation
// its own transaction. Writers queue at a mutex of ours: its own busy handler sleeps.
#include "store.h"
#include <mutex>
#include <sqlite3.h>

namespace bench {
namespace {

class Connection {
public:
  Connection(const std::string &path, bool sync) {
    check(sqlite3_open(path.c_str(), &db_));
    sqlite3_busy_timeout(db_, 60'000);
    run("PRAGMA journal_mode=WAL");
    run(sync ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF");
    run("PRAGMA cache_size=-1000000"); // KiB
    run("PRAGMA mmap_size=17179869184");
    run("CREATE TABLE IF NOT EXISTS records (key INTEGER PRIMARY KEY, value BLOB NOT NULL)");
    put_ = prepare("INSERT OR REPLACE INTO records VALUES (?, ?)");
    get_ = prepare("SELECT value FROM records WHERE key = ?");
    scan_ = prepare("SELECT value FROM records WHERE key >= ? ORDER BY key LIMIT ?");
  }
  ~Connection() {
    for (sqlite3_stmt *statement : {put_, get_, scan_})
      sqlite3_finalize(statement);
    sqlite3_close(db_);
  }
  Connection(const Connection &) = delete;
  Connection &operator=(const Connection &) = delete;

  void run(const char *sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }

  void put(uint64_t key, std::string_view value) {
    bind(put_, key);
    check(sqlite3_bind_blob(put_, 2, value.data(), static_cast<int>(value.size()), SQLITE_STATIC));
    next(put_);
    sqlite3_reset(put_);
  }

  bool get(uint64_t key, std::string &value) {
    bind(get_, key);
    bool found = next(get_);
    if (found)
      take(get_, value);
    sqlite3_reset(get_);
    return found;
  }

  size_t scan(uint64_t key, size_t count, std::string &last_value) {
    bind(scan_, key);
    check(sqlite3_bind_int64(scan_, 2, static_cast<sqlite3_int64>(count)));
    size_t seen = 0;
    for (; next(scan_); seen++)
      take(scan_, last_value);
    sqlite3_reset(scan_);
    return seen;
  }

private:
  void check(int code) {
    if (code != SQLITE_OK)
      store_failed("sqlite", sqlite3_errmsg(db_));
  }
  sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    return statement;
  }
  // In the order of unsigned numbers.
  void bind(sqlite3_stmt *statement, uint64_t key) {
    check(sqlite3_bind_int64(statement, 1, static_cast<sqlite3_int64>(key ^ 1ull << 63)));
  }
  bool next(sqlite3_stmt *statement) {
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
      check(code);
    return code == SQLITE_ROW;
  }
  static void take(sqlite3_stmt *statement, std::string &value) {
    value.assign(static_cast<const char *>(sqlite3_column_blob(statement, 0)),
                 static_cast<size_t>(sqlite3_column_bytes(statement, 0)));
  }

  sqlite3 *db_ = nullptr;
  sqlite3_stmt *put_, *get_, *scan_;
};

class SqliteStore : public Store {
public:
  explicit SqliteStore(const StoreOptions &options) : options_(options) { connection(); }

  void put(uint64_t key, std::string_view value) override {
    Connection &mine = connection();
    std::lock_guard lock(writers_);
    mine.put(key, value);
  }
  bool get(uint64_t key, std::string &value) override { return connection().get(key, value); }
  size_t scan(uint64_t key, size_t count, std::string &last_value) override {
    return connection().scan(key, count, last_value);
  }

  void load(const Load &next) override {
    Connection &mine = connection();
    uint64_t key;
    std::string_view value;
    mine.run("BEGIN");
    while (next(key, value))
      mine.put(key, value);
    mine.run("COMMIT");
    mine.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }

private:
  Connection &connection() {
    thread_local std::unique_ptr<Connection> mine;
    if (!mine)
      mine = std::make_unique<Connection>(options_.path, options_.sync);
    return *mine;
  }

  const StoreOptions options_;
  std::mutex writers_;
};

} // namespace

std::unique_ptr<Store> open_sqlite(const StoreOptions &options) {
  return std::make_unique<SqliteStore>(options);
}

} // namespace bench
