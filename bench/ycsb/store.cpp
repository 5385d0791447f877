// SPDX-License-Identifier: Apache-2.0
#include "store.h"
#include <cstdio>
#include <cstdlib>

namespace bench {

const char *embedded_name();
std::unique_ptr<Store> open_embedded(const StoreOptions &options);
std::unique_ptr<Store> open_lmdb(const StoreOptions &options);
std::unique_ptr<Store> open_rocksdb(const StoreOptions &options);
std::unique_ptr<Store> open_sqlite(const StoreOptions &options);

const std::vector<StoreKind> &store_kinds() {
  static const std::vector<StoreKind> kinds{
#ifdef BENCH_EMBEDDED
      {embedded_name(), open_embedded},
#else
#ifdef BENCH_HAS_LMDB
      {"lmdb", open_lmdb},
#endif
#ifdef BENCH_HAS_ROCKSDB
      {"rocksdb", open_rocksdb},
#endif
#ifdef BENCH_HAS_SQLITE
      {"sqlite", open_sqlite},
#endif
#endif
  };
  return kinds;
}

void store_failed(const char *store, const std::string &what) {
  std::fprintf(stderr, "bench: %s: %s\n", store, what.c_str());
  std::exit(1);
}

} // namespace bench
