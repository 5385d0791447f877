// SPDX-License-Identifier: Apache-2.0
#include "append_log.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <immintrin.h>
#include <sys/mman.h>
#include <unistd.h>

namespace bench {

AppendLog::AppendLog(const std::string &path) {
  int file = open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || posix_fallocate(file, 0, kSize) != 0) {
    std::fprintf(stderr, "bench: %s: no file of %llu bytes can be made there\n", path.c_str(),
                 static_cast<unsigned long long>(kSize));
    std::exit(1);
  }
  void *mapped = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, file, 0);
  close(file);
  if (mapped == MAP_FAILED) {
    std::perror("bench: mmap");
    std::exit(1);
  }
  log_ = static_cast<char *>(mapped);
  std::memset(log_, 1, kSize); // what is measured is no page fault
}

AppendLog::~AppendLog() { munmap(log_, kSize); }

void AppendLog::append(uint64_t key, uint64_t value) {
  const __m128i words = _mm_set_epi64x(static_cast<long long>(value), static_cast<long long>(key));
  auto *to = reinterpret_cast<__m128i *>(log_ + at_);
  for (int i = 0; i < 4; i++)
    _mm_stream_si128(to + i, words);
  _mm_sfence();
  at_ = (at_ + 64) % kSize;
}

} // namespace bench
