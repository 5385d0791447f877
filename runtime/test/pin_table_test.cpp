// SPDX-License-Identifier: Apache-2.0
//
// The pool's pin table: its bytes, what a restart finds, damage; which pins a program need not
// have, and where the others are looked for.
#include "heap_test_image.h"
#include "stored_pins.h"

namespace perdure {
namespace {

constexpr uint64_t kStubs = PERDURE_PINS_BASE + 4096;
const PinRecord kExpire{"on_expire", "void (ptr)", kStubs + 32, 32, PERDURE_PIN_FUNCTION, false};
const PinRecord kTable{
    "_ZTV6circle",     "[]", PERDURE_PINS_BASE + PERDURE_PINNED_TABLES_OFFSET, 40,
    PERDURE_PIN_TABLE, false};

int code, other_code; // in a module that is loaded

perdure_pin_info info_of(const PinRecord &record, const void *target, uint32_t flags = 0) {
  return {record.key.c_str(),
          reinterpret_cast<void *>(record.address),
          target,
          record.size,
          record.signature.empty() ? nullptr : record.signature.c_str(),
          record.kind,
          flags};
}

class PinTableTest : public testing::Test {
protected:
  std::byte *bytes() const { return image->base() + kPinTableOffset; }
  std::string error() { return table.read() ? "" : table.read().status().message(); }
  Status add(std::vector<perdure_pin_info> infos, const char *source = "a.c", bool late = false) {
    perdure_module_info module{};
    module.source = source;
    module.pins = infos.data();
    module.pin_count = infos.size();
    changed.clear();
    return pins.add(module, late, changed);
  }
  std::string stored(const PinRecord &record, std::span<const StoredSpan> roots = {}) {
    std::vector<PinRecord> unfit = unfit_pins({record}, pins);
    Status status = check_not_stored("p", unfit, pins, image->base(), *heap, roots);
    return status ? "" : status.message();
  }

  std::unique_ptr<TestImage> image = std::make_unique<TestImage>();
  std::unique_ptr<Heap> heap = image->heap();
  PinTable table{image->base(), TestImage::host()};
  Pins pins;
  std::vector<const Pin *> changed;
};

TEST_F(PinTableTest, ZeroMetadataIsAnEmptyTable) {
  ASSERT_TRUE(table.read().is_ok());
  EXPECT_TRUE(table.read()->empty());
}

// The bytes on disk are a promise to every later version: docs/pool_format.md shows them.
TEST_F(PinTableTest, HasTheseBytes) {
  ASSERT_TRUE(table.replace({kExpire}).is_ok());
  std::vector<unsigned char> golden(64 + 64);
  auto put32 = [&](size_t at, uint32_t value) { std::memcpy(&golden[at], &value, 4); };
  put32(0, 64), put32(8, 1);                  // bytes, count
  put32(64, 0x1020), put32(68, 0x2100);       // address
  put32(72, 32), put32(80, 64), put32(84, 1); // size, bytes, kind
  put32(88, 0), put32(92, 40), put32(96, 50); // flags, key, signature
  std::memcpy(&golden[64 + 40], "on_expire\0void (ptr)", 21);
  EXPECT_EQ(std::memcmp(bytes(), golden.data(), golden.size()), 0);
}

TEST_F(PinTableTest, WhatWasPutIsFoundAfterARestart) {
  PinRecord late = kTable;
  late.late = true;
  late.signature.clear();
  ASSERT_TRUE(table.replace({kExpire, late}).is_ok());
  auto next = image->restart();
  auto found = PinTable(next->base(), TestImage::host()).read();
  ASSERT_TRUE(found.is_ok());
  EXPECT_EQ(*found, (std::vector{kExpire, late}));
}

TEST_F(PinTableTest, NothingIsRecordedIfNothingChanges) {
  ASSERT_TRUE(table.replace({kExpire, kTable}).is_ok());
  const uint64_t before = image->record_bytes;
  ASSERT_TRUE(table.replace({kExpire, kTable}).is_ok());
  EXPECT_EQ(image->record_bytes, before);
  ASSERT_TRUE(table.replace({kTable}).is_ok());
  EXPECT_GT(image->record_bytes, before);
  EXPECT_EQ(*table.read(), std::vector{kTable});
  ASSERT_TRUE(table.replace({}).is_ok());
  EXPECT_TRUE(table.read()->empty());
}

TEST_F(PinTableTest, AFullTableIsRefusedAndStaysAsItWas) {
  ASSERT_TRUE(table.replace({kExpire}).is_ok());
  std::vector<PinRecord> many(5000, kTable);
  for (PinRecord &record : many)
    record.key.append(1000, 'x');
  EXPECT_NE(table.replace(many).message().find("no room"), std::string::npos);
  EXPECT_EQ(*table.read(), std::vector{kExpire});
}

TEST_F(PinTableTest, DamageIsNamedAndNothingIsReadOutsideTheTable) {
  ASSERT_TRUE(table.replace({kExpire}).is_ok());
  std::vector<std::byte> kept(bytes(), bytes() + 128);
  auto damage = [&](size_t offset, uint32_t value) {
    std::memcpy(bytes(), kept.data(), kept.size());
    std::memcpy(bytes() + offset, &value, 4);
    return error();
  };
  auto expect = [&](size_t offset, uint32_t value, const char *what) {
    EXPECT_NE(damage(offset, value).find(what), std::string::npos) << offset << ": " << value;
  };
  EXPECT_EQ(damage(8, 1), "");
  expect(8, 2, "counts 2 pins and holds 1");
  expect(4, 1, "header"), expect(16, 1, "header");
  expect(0, 72, "cut off");
  for (uint32_t length : {0u, 8u, 57u, 72u, ~7u})
    expect(80, length, "impossible length");
  for (uint32_t kind : {0u, 4u})
    expect(84, kind, "no known kind");
  expect(88, 2, "no known kind"), expect(100, 1, "no known kind");
  for (uint32_t text : {63u, 64u, ~0u}) // an empty text; outside
    expect(92, text, "no proper name");
  expect(96, 64, "no proper name");
  expect(68, 0x2000, "outside the pin window"), expect(68, 0x2200, "outside the pin window");
  expect(72, 0, "outside the pin window"), expect(76, 0x100, "outside the pin window");
}

TEST_F(PinTableTest, OneSymbolSeenBySeveralModulesIsThatOfItsDefinition) {
  PinRecord declared = kExpire;
  declared.signature.clear();
  ASSERT_TRUE(add({info_of(declared, &other_code)}).is_ok());
  ASSERT_TRUE(add({info_of(kExpire, &code, PERDURE_PIN_STRONG)}, "b.c").is_ok());
  EXPECT_EQ(changed.size(), 1u);
  ASSERT_TRUE(add({info_of(declared, &other_code)}, "c.c").is_ok());
  EXPECT_TRUE(changed.empty());
  const Pin *pin = pins.at(kExpire.address);
  EXPECT_EQ(pin->target, &code);
  EXPECT_EQ(pin->record, kExpire);
}

TEST_F(PinTableTest, TheOrderOfModulesDoesNotChangeASignature) {
  PinRecord other = kExpire;
  other.signature = "void (ptr) among lambdas 1";
  ASSERT_TRUE(add({info_of(other, &code)}).is_ok());
  ASSERT_TRUE(add({info_of(kExpire, &code)}, "b.c").is_ok());
  EXPECT_EQ(pins.at(kExpire.address)->record.signature, kExpire.signature);
  ASSERT_TRUE(add({info_of(other, &code)}, "c.c").is_ok());
  EXPECT_EQ(pins.at(kExpire.address)->record.signature, kExpire.signature);
}

TEST_F(PinTableTest, TwoSymbolsOfOneNameOrPlaceAreRefused) {
  ASSERT_TRUE(add({info_of(kTable, heap.get(), PERDURE_PIN_STRONG)}).is_ok());
  Status status = add({info_of(kTable, &code, PERDURE_PIN_STRONG)}, "dir/a.c");
  EXPECT_TRUE(status.is_ok()); // the first is in a module that was unloaded
  EXPECT_EQ(pins.at(kTable.address)->target, &code);
  status = add({info_of(kTable, &other_code, PERDURE_PIN_STRONG)}, "dir/a.c");
  EXPECT_NE(status.message().find("two virtual tables are both called 'vtable for circle' (in "
                                  "'dir/a.c' and 'dir/a.c')"),
            std::string::npos);
  PinRecord close = kTable;
  close.key = "_ZTV6square";
  close.address -= 8;
  status = add({info_of(close, nullptr)}, "b.c");
  EXPECT_NE(status.message().find("'vtable for square' and 'vtable for circle' (in 'b.c' and "
                                  "'dir/a.c') were given overlapping addresses"),
            std::string::npos);
  close.address += 16;
  EXPECT_FALSE(add({info_of(close, nullptr)}, "b.c").is_ok());
}

TEST_F(PinTableTest, OnlyWhatAProgramLacksOrHasOtherwiseIsUnfit) {
  EXPECT_EQ(unfit_pins({kExpire, kTable}, pins).size(), 2u);
  ASSERT_TRUE(add({info_of(kExpire, &code), info_of(kTable, &code)}).is_ok());
  EXPECT_TRUE(unfit_pins({kExpire, kTable}, pins).empty());
  PinRecord known = kExpire;
  known.signature.clear();
  EXPECT_TRUE(unfit_pins({known}, pins).empty());
  known.signature = "void (ptr, i32)";
  EXPECT_EQ(unfit_pins({known}, pins), std::vector{known});
  known = kExpire;
  known.key = "on_close"; // has the place now
  EXPECT_EQ(unfit_pins({known}, pins).size(), 1u);
  known.late = true;
  EXPECT_EQ(unfit_pins({known}, pins).size(), 1u);
  known.address += 32;
  EXPECT_TRUE(unfit_pins({known}, pins).empty());
}

TEST_F(PinTableTest, PointersAreFoundInBlocksAndRootsWhereverTheyStand) {
  heap->format(image->bytes() - kHeapOffset);
  EXPECT_EQ(stored(kExpire), "");
  auto *block = static_cast<std::byte *>(heap->allocate(64));
  auto put = [&](std::byte *at, uint64_t word) { std::memcpy(at, &word, 8); };
  std::memset(block, 0, 64);
  put(block + 8, kExpire.address - 1);
  put(block + 16, kExpire.address + 32);
  EXPECT_EQ(stored(kExpire), "");
  put(block + 56, kExpire.address);
  put(block + 8, kExpire.address + 31);
  EXPECT_NE(stored(kExpire).find("'on_expire' is stored in 1 object (first: block 0x20"),
            std::string::npos);
  EXPECT_NE(stored(kExpire).find("64 bytes, offset 8), but this program has no function of that "
                                 "name"),
            std::string::npos);
  std::memset(block, 0, 64);
  put(block + 3, kExpire.address); // packed
  EXPECT_NE(stored(kExpire).find("offset 3"), std::string::npos);
  put(image->base() + kRootsOffset + 24, kExpire.address);
  const StoredSpan root{kRootsOffset + 16, 16, "timers", kRootsOffset};
  EXPECT_NE(stored(kExpire, {&root, 1}).find("2 objects (first: global 'timers', offset 24)"),
            std::string::npos);
  heap->free(block);
  EXPECT_EQ(stored(kExpire), "");
}

} // namespace
} // namespace perdure
