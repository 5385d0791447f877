// SPDX-License-Identifier: Apache-2.0
//
// See watch.h. The counters are those the process publishes (status_format.h); rates are what they
// grew between two readings, over the process's own time between them.
#include "watch.h"
#include "interrupt.h"
#include "pool.h"
#include "pool_facts.h"
#include "status_file.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <optional>
#include <unistd.h>

namespace perdure {
namespace {

constexpr uint64_t kSilentNs = 3'000'000'000; // three signs of life missed
constexpr int kLinesPerHeader = 20;

// What the process that has the pool open says, or why nothing is known.
struct Sample {
  pid_t holder = 0;
  std::optional<PoolStatus> status;
  std::string why;
};

Sample take_sample(const Pool &pool) {
  Sample sample;
  sample.holder = PoolLock::holder(pool.path);
  if (sample.holder == 0) {
    sample.why = "no process has the pool open";
    return sample;
  }
  auto superblock = load_settled_superblock(*pool.superblock_file);
  auto status = read_status(pool.path);
  if (!superblock || !status)
    sample.why = !superblock ? superblock.status().message() : status.status().message();
  else if (status->run != superblock->run ||
           std::memcmp(status->uuid, superblock->uuid, sizeof status->uuid) != 0)
    sample.why = "the process that has the pool open has said nothing yet";
  else
    sample.status = *status;
  return sample;
}

// Numbers of one line. Counters of a file that anybody may have written: no sum may overflow.
struct Line {
  double fill = 0; // of the log
  uint64_t epochs_behind = 0;
  double behind_s = 0; // age of the oldest epoch that the image lacks
  double epochs_per_s = 0, log_bytes_per_s = 0, cuts_per_s = 0;
  uint64_t given_up = 0, log_waits = 0; // in the interval
  double stopped = 0;                   // part of the time that mutators stood still
  double log_wait = 0;                  // part of the time that a commit waited for log space
  double silent_s = 0;
};

uint64_t grown(uint64_t before, uint64_t now) { return now > before ? now - before : 0; }
double seconds(uint64_t ns) { return static_cast<double>(ns) / 1e9; }

Line line_of(const PoolStatus &before, const PoolStatus &now, uint64_t clock_ns) {
  Line line;
  line.fill = now.log_capacity == 0
                  ? 0
                  : static_cast<double>(now.log_used) / static_cast<double>(now.log_capacity);
  line.epochs_behind = grown(now.checkpoint_epoch, now.last_epoch);
  line.behind_s = now.behind_since_ns == 0 ? 0 : seconds(grown(now.behind_since_ns, clock_ns));
  const uint64_t silent = grown(now.now_ns, clock_ns);
  line.silent_s = silent > kSilentNs ? seconds(silent) : 0;
  const double time = seconds(grown(before.now_ns, now.now_ns));
  if (time == 0)
    return line;
  auto rate = [&](uint64_t PoolStatus::*counter) {
    return static_cast<double>(grown(before.*counter, now.*counter)) / time;
  };
  line.epochs_per_s = rate(&PoolStatus::epochs);
  line.log_bytes_per_s = rate(&PoolStatus::epoch_bytes);
  line.cuts_per_s = rate(&PoolStatus::cuts);
  line.given_up = grown(before.cuts_given_up, now.cuts_given_up);
  line.log_waits = grown(before.log_waits, now.log_waits);
  line.stopped = (rate(&PoolStatus::cut_wait_ns) + rate(&PoolStatus::cut_copy_ns)) / 1e9;
  line.log_wait = rate(&PoolStatus::log_wait_ns) / 1e9;
  return line;
}

std::string state_of(const PoolStatus &status, const Line &line) {
  std::string text;
  auto add = [&](bool applies, const std::string &what) {
    if (applies)
      text += (text.empty() ? "" : ", ") + what;
  };
  char silent[64];
  std::snprintf(silent, sizeof silent, "no news for %.0f s", line.silent_s);
  add(status.flags & kStatusFailed, "FAILED: nothing new is durable");
  add(line.silent_s != 0, silent);
  add(status.flags & kStatusPaused, "checkpoint waits for a forked child");
  add(status.flags & kStatusDiscard, "epochs discarded");
  add(status.flags & kStatusAsync, "async");
  return text;
}

void print_text(const PoolStatus &status, const Line &line, bool header) {
  if (header)
    std::printf("  log in use       behind              epochs/s    log/s  cuts/s  given up  "
                "stopped  full log       held  state\n");
  std::printf("%10s %4.0f %%  %7lu epochs %5.1f s  %8.0f %8s %7.0f  %8lu  %5.1f %%  %4lu %3.0f %% "
              "%9s  %s\n",
              bytes_text(status.log_used).c_str(), 100 * line.fill, line.epochs_behind,
              line.behind_s, line.epochs_per_s,
              bytes_text(static_cast<uint64_t>(line.log_bytes_per_s)).c_str(), line.cuts_per_s,
              line.given_up, 100 * line.stopped, line.log_waits, 100 * line.log_wait,
              bytes_text(status.held_bytes).c_str(), state_of(status, line).c_str());
}

void print_json(const Sample &sample, const PoolStatus &status, const Line &line) {
  std::printf(
      "{\"in_use\": true, \"holder\": %d, \"epoch\": %lu, \"log_used\": %lu, \"log_size\": %lu, "
      "\"epochs_behind\": %lu, \"seconds_behind\": %.3f, \"epochs_per_second\": %.1f, "
      "\"log_bytes_per_second\": %.0f, \"cuts_per_second\": %.1f, \"cuts_given_up\": %lu, "
      "\"stopped_share\": %.4f, \"log_waits\": %lu, \"log_wait_share\": %.4f, "
      "\"held_bytes\": %lu, \"held_connections\": %lu, \"failed\": %s, \"state\": %s}\n",
      sample.holder, status.last_epoch, status.log_used, status.log_capacity, line.epochs_behind,
      line.behind_s, line.epochs_per_s, line.log_bytes_per_s, line.cuts_per_s, line.given_up,
      line.stopped, line.log_waits, line.log_wait, status.held_bytes, status.held_connections,
      status.flags & kStatusFailed ? "true" : "false", json_string(state_of(status, line)).c_str());
}

void print_unknown(const Sample &sample, bool json) {
  if (json)
    std::printf("{\"in_use\": %s, \"note\": %s}\n", sample.holder != 0 ? "true" : "false",
                json_string(sample.why).c_str());
  else
    std::printf("%s\n", sample.why.c_str());
}

void pause_for(double time) {
  timespec left{static_cast<time_t>(time), static_cast<long>(std::fmod(time, 1) * 1e9)};
  nanosleep(&left, nullptr); // ends early when interrupted
}

} // namespace

Status watch(const WatchOptions &options) {
  auto pool = inspect_pool(options.path);
  if (!pool)
    return pool.status();
  catch_interrupts();
  Sample before = take_sample(*pool);
  int lines = 0;
  for (uint64_t printed = 0; options.count == 0 || printed < options.count; ++printed) {
    pause_for(options.seconds);
    if (interrupted())
      break;
    const Sample now = take_sample(*pool);
    if (!now.status) {
      print_unknown(now, options.json);
      lines = 0;
    } else {
      const bool same_run = before.status && before.status->run == now.status->run;
      const Line line =
          line_of(same_run ? *before.status : *now.status, *now.status, monotonic_ns());
      if (options.json)
        print_json(now, *now.status, line);
      else
        print_text(*now.status, line, lines++ % kLinesPerHeader == 0);
    }
    std::fflush(stdout);
    before = now;
  }
  return Status::ok();
}

} // namespace perdure
