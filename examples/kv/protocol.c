// SPDX-License-Identifier: Apache-2.0
//
// Parses requests in place and runs them. A request whose value has not arrived completely is left
// in the buffer and parsed again when more has.
#include "protocol.h"

#include "lru.h"
#include "store.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum { LINE_SIZE_MAX = 8192, WORDS_MAX = 64 };

struct line {
  char *words[WORDS_MAX]; // NUL-terminated
  size_t count;
};

// False if there are more words than fit.
static bool split(char *text, struct line *line) {
  line->count = 0;
  while (text && *text) {
    char *word = strsep(&text, " ");
    if (*word && line->count == WORDS_MAX)
      return false;
    if (*word)
      line->words[line->count++] = word;
  }
  return true;
}

static bool number(const char *text, uint64_t *value) {
  char *end;
  *value = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == 0;
}

static bool key_is_valid(const char *key) { return strlen(key) <= KEY_SIZE_MAX; }

struct get_reply {
  struct buffer *out;
  bool versions;
};

static void append_item(struct item *item, void *context) {
  struct get_reply *reply = context;
  char text[64];
  buffer_append_text(reply->out, "VALUE ");
  buffer_append(reply->out, item_key(item), item->key_size);
  snprintf(text, sizeof text, " %" PRIu32 " %" PRIu32, item->flags, item->value_size);
  buffer_append_text(reply->out, text);
  if (reply->versions) {
    snprintf(text, sizeof text, " %" PRIu64, item->version);
    buffer_append_text(reply->out, text);
  }
  buffer_append_text(reply->out, "\r\n");
  buffer_append(reply->out, item_value(item), item->value_size);
  buffer_append_text(reply->out, "\r\n");
}

static void run_get(struct line *line, struct buffer *out) {
  struct get_reply reply = {out, strcmp(line->words[0], "gets") == 0};
  for (size_t i = 1; i < line->count; i++)
    if (key_is_valid(line->words[i]))
      store_get(line->words[i], strlen(line->words[i]), append_item, &reply);
  buffer_append_text(out, "END\r\n");
}

static void append_status(struct buffer *out, enum store_status status) {
  static const char *const text[] = {[STORE_OK] = "STORED\r\n",
                                     [STORE_NOT_STORED] = "NOT_STORED\r\n",
                                     [STORE_NOT_FOUND] = "NOT_FOUND\r\n",
                                     [STORE_EXISTS] = "EXISTS\r\n",
                                     [STORE_NOT_A_NUMBER] =
                                         "CLIENT_ERROR the value is not a number\r\n",
                                     [STORE_NO_MEMORY] = "SERVER_ERROR out of memory\r\n"};
  buffer_append_text(out, text[status]);
}

static void run_put(struct line *line, const uint64_t *numbers, const char *value,
                    struct buffer *out) {
  const char *key = line->words[1];
  struct item *item = item_new(key, strlen(key), numbers[2]);
  if (!item) {
    append_status(out, STORE_NO_MEMORY);
    return;
  }
  item->flags = (uint32_t)numbers[0];
  item->expires = numbers[1] ? time(NULL) + (int64_t)numbers[1] : 0;
  memcpy(item_value(item), value, item->value_size);
  enum put_mode mode = line->words[0][0] == 's'   ? PUT_SET
                       : line->words[0][0] == 'a' ? PUT_ADD
                                                  : PUT_CAS;
  append_status(out, store_put(item, mode, numbers[3]));
}

static void run_increment(struct line *line, struct buffer *out) {
  uint64_t delta, result;
  char text[32];
  if (!number(line->words[2], &delta)) {
    buffer_append_text(out, "CLIENT_ERROR not a number\r\n");
    return;
  }
  enum store_status status =
      store_increment(line->words[1], strlen(line->words[1]), delta, &result);
  if (status != STORE_OK) {
    append_status(out, status);
    return;
  }
  snprintf(text, sizeof text, "%" PRIu64 "\r\n", result);
  buffer_append_text(out, text);
}

static void append_stat(struct buffer *out, const char *name, uint64_t value) {
  char text[64];
  snprintf(text, sizeof text, "STAT %s %" PRIu64 "\r\n", name, value);
  buffer_append_text(out, text);
}

static void run_stats(struct buffer *out) {
  struct store_statistics statistics = store_statistics();
  append_stat(out, "items", lru_items());
  append_stat(out, "bytes", lru_bytes());
  append_stat(out, "gets", statistics.gets);
  append_stat(out, "hits", statistics.hits);
  append_stat(out, "puts", statistics.puts);
  append_stat(out, "evictions", statistics.evictions);
  append_stat(out, "expirations", statistics.expirations);
  buffer_append_text(out, "END\r\n");
}

static void run_check(struct buffer *out) {
  size_t items;
  buffer_append_text(out, store_check(&items) ? "SOUND " : "BROKEN ");
  char text[32];
  snprintf(text, sizeof text, "%zu\r\n", items);
  buffer_append_text(out, text);
}

// Runs a command without a value. False for `quit`.
static bool run_short(struct line *line, struct buffer *out) {
  const char *command = line->count ? line->words[0] : "";
  bool has_key = line->count > 1 && key_is_valid(line->words[1]);
  if ((strcmp(command, "get") == 0 || strcmp(command, "gets") == 0) && line->count > 1)
    run_get(line, out);
  else if (strcmp(command, "delete") == 0 && has_key && line->count == 2)
    buffer_append_text(out, store_delete(line->words[1], strlen(line->words[1])) == STORE_OK
                                ? "DELETED\r\n"
                                : "NOT_FOUND\r\n");
  else if (strcmp(command, "incr") == 0 && has_key && line->count == 3)
    run_increment(line, out);
  else if (strcmp(command, "stats") == 0)
    run_stats(out);
  else if (strcmp(command, "check") == 0)
    run_check(out);
  else if (strcmp(command, "quit") == 0)
    return false;
  else
    buffer_append_text(out, "ERROR\r\n");
  return true;
}

// Parses "set|add KEY FLAGS EXPTIME BYTES" and "cas ... VERSION".
static bool parse_put(struct line *line, uint64_t numbers[4]) {
  bool cas = strcmp(line->words[0], "cas") == 0;
  numbers[3] = 0;
  if (line->count != (cas ? 6u : 5u) || !key_is_valid(line->words[1]))
    return false;
  for (size_t i = 2; i < line->count; i++)
    if (!number(line->words[i], &numbers[i - 2]))
      return false;
  return numbers[2] <= VALUE_SIZE_MAX;
}

static bool is_put(const struct line *line) {
  const char *command = line->count ? line->words[0] : "";
  return strcmp(command, "set") == 0 || strcmp(command, "add") == 0 || strcmp(command, "cas") == 0;
}

enum progress { DONE, INCOMPLETE, CLOSE };

// Runs a command with a value, which starts at VALUE and of which SIZE bytes have arrived. Adds
// what it took to USED.
static enum progress run_with_value(struct line *line, const char *value, size_t size, size_t *used,
                                    struct buffer *out) {
  uint64_t numbers[4];
  if (!parse_put(line, numbers)) {
    buffer_append_text(out, "CLIENT_ERROR bad command line\r\n");
    return CLOSE; // without its length the value that follows can't be skipped
  }
  if (size < numbers[2] + 2)
    return INCOMPLETE;
  if (memcmp(value + numbers[2], "\r\n", 2) != 0) {
    buffer_append_text(out, "CLIENT_ERROR bad data chunk\r\n");
    return CLOSE;
  }
  run_put(line, numbers, value, out);
  *used += numbers[2] + 2;
  return DONE;
}

static enum progress run_request(struct buffer *in, struct buffer *out) {
  char text[LINE_SIZE_MAX];
  const char *start = in->data + in->start;
  const char *end = buffer_size(in) ? memchr(start, '\n', buffer_size(in)) : NULL;
  size_t size = end ? (size_t)(end - start) : buffer_size(in);
  if (size >= sizeof text) {
    buffer_append_text(out, "CLIENT_ERROR line too long\r\n");
    return CLOSE;
  }
  if (!end)
    return INCOMPLETE;
  memcpy(text, start, size);
  text[size > 0 && start[size - 1] == '\r' ? size - 1 : size] = 0;
  struct line line;
  size_t used = size + 1;
  enum progress progress = DONE;
  if (!split(text, &line))
    buffer_append_text(out, "CLIENT_ERROR too many words\r\n");
  else if (is_put(&line))
    progress = run_with_value(&line, start + used, buffer_size(in) - used, &used, out);
  else if (!run_short(&line, out))
    progress = CLOSE;
  if (progress == DONE)
    in->start += used;
  return progress;
}

bool protocol_run(struct buffer *in, struct buffer *out, size_t out_limit) {
  enum progress progress = DONE;
  while (progress == DONE && buffer_size(out) <= out_limit && !out->failed)
    progress = run_request(in, out);
  return progress != CLOSE && !out->failed;
}
