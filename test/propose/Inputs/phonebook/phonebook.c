// SPDX-License-Identifier: Apache-2.0
//
// A small server that knows nothing of perdure: names and numbers in a hash table, a thread for
// each connection. docs/porting.md ports it, and test/propose/port_phonebook.sh does what is said
// there.
//
//   PUT name number -> OK | FULL      GET name -> number | NONE      COUNT -> entries puts STOP
#include <arpa/inet.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct format { // how a number is written down
  int (*accepts)(const char *number);
  char *(*copy)(const char *number);
};

struct entry {
  struct entry *next;
  const struct format *format;
  char *number;
  long used; // seconds since the start
  int refcount;
  char name[];
};

struct session {
  int fd;
  FILE *in;
  unsigned long requests;
};

static int accepts_all(const char *number) { return *number != 0; }
static char *copy_all(const char *number) { return strdup(number); }
static const struct format any_format = {accepts_all, copy_all};

static struct entry **buckets;
static size_t size, count;
static uint64_t hash_seed;
static time_t started;
static unsigned long puts_served;
static int sessions_open;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;

static size_t bucket_of(const char *name) {
  uint64_t hash = hash_seed;
  for (; *name; name++)
    hash = (hash ^ (unsigned char)*name) * 1099511628211u;
  return hash % size;
}

static void start_clock(void) { started = time(NULL); }

static void choose_seed(void) { (void)!getrandom(&hash_seed, sizeof hash_seed, 0); }

static void table_init(size_t buckets_wanted) {
  size = buckets_wanted;
  buckets = calloc(size, sizeof *buckets);
  if (!buckets)
    exit(1);
}

static struct entry *find(const char *name) {
  struct entry *entry = buckets[bucket_of(name)];
  while (entry && strcmp(entry->name, name) != 0)
    entry = entry->next;
  if (entry)
    entry->used = (long)(time(NULL) - started);
  return entry;
}

static struct entry *make_entry(const char *name) {
  struct entry *entry = malloc(sizeof *entry + strlen(name) + 1);
  if (!entry)
    return NULL;
  entry->format = &any_format;
  entry->number = NULL;
  entry->refcount = 1;
  strcpy(entry->name, name);
  entry->next = buckets[bucket_of(name)];
  buckets[bucket_of(name)] = entry;
  count++;
  return entry;
}

static const char *put(const char *name, const char *number) {
  const char *reply = "FULL";
  pthread_mutex_lock(&table_lock);
  struct entry *entry = find(name);
  if (!entry)
    entry = make_entry(name);
  if (entry && entry->format->accepts(number)) {
    free(entry->number);
    entry->number = entry->format->copy(number);
    puts_served++;
    reply = "OK";
  }
  pthread_mutex_unlock(&table_lock);
  return reply;
}

// The entry stays while it is being sent.
static struct entry *take(const char *name) {
  pthread_mutex_lock(&table_lock);
  struct entry *entry = find(name);
  if (entry)
    entry->refcount++;
  pthread_mutex_unlock(&table_lock);
  return entry;
}

static void give_back(struct entry *entry) {
  pthread_mutex_lock(&table_lock);
  entry->refcount--;
  pthread_mutex_unlock(&table_lock);
}

static void serve(struct session *session, char *line) {
  char name[100], number[100];
  struct entry *entry = NULL;
  if (sscanf(line, "PUT %99s %99s", name, number) == 2)
    dprintf(session->fd, "%s\n", put(name, number));
  else if (sscanf(line, "GET %99s", name) == 1 && (entry = take(name)))
    dprintf(session->fd, "%s\n", entry->number);
  else if (strncmp(line, "STOP", 4) == 0)
    exit(0);
  else if (strncmp(line, "COUNT", 5) == 0)
    dprintf(session->fd, "%zu %lu\n", count, puts_served);
  else
    dprintf(session->fd, "NONE\n");
  if (entry)
    give_back(entry);
  session->requests++;
}

static void count_session(int change) {
  pthread_mutex_lock(&sessions_lock);
  sessions_open += change;
  pthread_mutex_unlock(&sessions_lock);
}

static void *run_session(void *argument) {
  struct session *session = argument;
  char line[256];
  count_session(1);
  while (fgets(line, sizeof line, session->in))
    serve(session, line);
  count_session(-1);
  fclose(session->in);
  free(session);
  return NULL;
}

static int listen_on(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 64) != 0)
    exit(1);
  getsockname(fd, (struct sockaddr *)&address, &length);
  printf("listening on 127.0.0.1:%u\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

int main(int argc, char **argv) {
  choose_seed();
  start_clock();
  table_init(4096);
  int listener = listen_on(argc > 1 ? (unsigned)atoi(argv[1]) : 0);
  for (;;) {
    int fd = accept(listener, NULL, NULL);
    struct session *session = calloc(1, sizeof *session);
    pthread_t thread;
    if (fd < 0 || !session)
      exit(1);
    session->fd = fd;
    session->in = fdopen(fd, "r");
    if (pthread_create(&thread, NULL, run_session, session) != 0)
      exit(1);
    pthread_detach(thread);
  }
}
