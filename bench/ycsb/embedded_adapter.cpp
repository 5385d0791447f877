// SPDX-License-Identifier: Apache-2.0
//
// The embedded store behind the benchmark's interface: "volatile" without a pool, "perdure" with
// the one that PERDURE_POOL names. Its durability is that of the pool; with sync each update is
// waited for, as a server's reply would.
#include "embedded_store.h"
#include "store.h"

// Of the runtime; absent in the plain build.
extern "C" __attribute__((weak)) int perdure_sync(void);

namespace bench {
namespace {

void assign(void *context, const char *value, size_t size) {
  static_cast<std::string *>(context)->assign(value, size);
}

class EmbeddedStore : public Store {
public:
  explicit EmbeddedStore(bool sync) : sync_(sync) {}

  void put(uint64_t key, std::string_view value) override {
    embedded_put(key, value.data(), value.size());
    if (sync_)
      settle();
  }
  bool get(uint64_t key, std::string &value) override { return embedded_get(key, assign, &value); }
  size_t scan(uint64_t key, size_t count, std::string &last_value) override {
    return embedded_scan(key, count, assign, &last_value);
  }
  void load(const Load &next) override {
    uint64_t key;
    std::string_view value;
    while (next(key, value))
      embedded_put(key, value.data(), value.size());
    if (perdure_sync)
      settle();
  }

private:
  static void settle() {
    if (perdure_sync() != 0)
      store_failed("perdure", "not durable; is PERDURE_POOL set?");
  }
  const bool sync_;
};

} // namespace

const char *embedded_name() { return perdure_sync ? "perdure" : "volatile"; }

std::unique_ptr<Store> open_embedded(const StoreOptions &options) {
  return std::make_unique<EmbeddedStore>(options.sync && perdure_sync);
}

} // namespace bench
