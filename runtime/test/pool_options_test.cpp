// SPDX-License-Identifier: Apache-2.0
#include "pool_options.h"
#include <gtest/gtest.h>

namespace perdure {
namespace {

std::string error_of(std::string_view spec) {
  auto options = parse_pool_options(spec);
  return options ? "" : options.status().message();
}

TEST(PoolOptions, APathAloneTakesTheDefaults) {
  auto options = parse_pool_options("/var/lib/store.pool/");
  ASSERT_TRUE(options.is_ok());
  EXPECT_EQ(options->path, "/var/lib/store.pool");
  EXPECT_EQ(options->size_max, 64ull << 30);
  EXPECT_FALSE(options->size_given);
  EXPECT_EQ(options->async_ms, 0u);
}

TEST(PoolOptions, EveryOptionIsRead) {
  auto options =
      parse_pool_options("p,size=2T,log_size=1m,log=/fast/log,durability=async=20,emulate_pmem");
  ASSERT_FALSE(options.is_ok()) << "2T is more than the slot";
  options =
      parse_pool_options("p,size=512G,log_size=1m,log=/fast/log,durability=async=20,emulate_pmem");
  ASSERT_TRUE(options.is_ok()) << options.status().message();
  EXPECT_EQ(options->size_max, 512ull << 30);
  EXPECT_TRUE(options->size_given);
  EXPECT_EQ(options->log_size, 1ull << 20);
  EXPECT_EQ(options->log_path, "/fast/log");
  EXPECT_EQ(options->async_ms, 20u);
  EXPECT_TRUE(options->emulate_pmem);
}

TEST(PoolOptions, MistakesAreNamed) {
  EXPECT_NE(error_of("").find("names no pool"), std::string::npos);
  EXPECT_NE(error_of(",size=1G").find("names no pool"), std::string::npos);
  EXPECT_NE(error_of("p,sise=1G").find("\"sise=1G\": unknown option"), std::string::npos);
  EXPECT_NE(error_of("p,size=lots").find("not a size"), std::string::npos);
  EXPECT_NE(error_of("p,size=").find("not a size"), std::string::npos);
  EXPECT_NE(error_of("p,size=-1").find("not a size"), std::string::npos);
  EXPECT_NE(error_of("p,size=1").find("must be between"), std::string::npos);
  EXPECT_NE(error_of("p,size=99999999999999G").find("must be between"), std::string::npos);
  EXPECT_NE(error_of("p,log_size=1K").find("must be between"), std::string::npos);
  EXPECT_NE(error_of("p,durability=maybe").find("durability=async=MS"), std::string::npos);
  EXPECT_NE(error_of("p,durability=async=0").find("durability=async=MS"), std::string::npos);
  EXPECT_NE(error_of("p,log=").find("names no file"), std::string::npos);
  EXPECT_NE(error_of("p,emulate_pmem=1").find("unknown option"), std::string::npos);
  EXPECT_NE(error_of("p,").find("unknown option"), std::string::npos);
}

} // namespace
} // namespace perdure
