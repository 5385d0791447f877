// SPDX-License-Identifier: Apache-2.0
//
// Recovery of Redis. Its start-up makes databases, tables and shared integers without asking; this
// runs after that. A new pool gets them by copying, so that what they were before stays in the
// ordinary heap. With a pool that was continued they are dropped for what the pool holds, and
// only what belongs to clients (blocked ones, watched keys) is taken from the fresh ones.
//
// Below it, the end of a unit that Redis has no function for: in a slow script.
//
// The other half is redis.port.yaml.
#include "server.h"

#include "script.h" // needs the one above

#include <perdure/annotations.h>
#include <perdure/perdure.h>

// What the pool held, before start-up wrote over it.
static struct {
  redisDb *db;
  int dbnum;
  robj *integers[OBJ_SHARED_INTEGERS];
  size_t bytes;
} kept;

__attribute__((constructor)) static void keep(void) {
  if (!perdure_recovered())
    return;
  kept.db = server.db;
  kept.dbnum = server.dbnum;
  memcpy(kept.integers, shared.integers, sizeof kept.integers);
  kept.bytes = perdure_heap_used();
}

static void refuse(const char *why) {
  fprintf(stderr, "redis: the pool can't be used: %s\n", why);
  exit(EXIT_FAILURE);
}

static void check_configuration(void) {
  if (server.cluster_enabled)
    refuse("a cluster's slots are not kept; start without cluster-enabled");
  if (server.io_threads_num > 1 && server.io_threads_do_reads)
    refuse("one thread changes what is durable; start without io-threads-do-reads");
  if (!perdure_recovered())
    return;
  if (!kept.db)
    refuse("the start that made it did not end; remove it and start again");
  if (kept.dbnum != server.dbnum)
    refuse("it was made with another number of databases; start with the same 'databases'");
}

static void make_databases(void) {
  redisDb *fresh = server.db;
  server.db = zmalloc(sizeof(redisDb) * server.dbnum);
  memcpy(server.db, fresh, sizeof(redisDb) * server.dbnum);
  for (int j = 0; j < server.dbnum; j++) {
    dictRelease(fresh[j].dict);
    dictRelease(fresh[j].expires);
    server.db[j].dict = dictCreate(&dbDictType);
    server.db[j].expires = dictCreate(&dbExpiresDictType);
  }
  zfree(fresh);
}

static void make_integers(void) {
  for (int j = 0; j < OBJ_SHARED_INTEGERS; j++) {
    zfree(shared.integers[j]);
    shared.integers[j] = makeObjectShared(createObject(OBJ_STRING, (void *)(long)j));
    shared.integers[j]->encoding = OBJ_ENCODING_INT;
  }
}

static void take_up_databases(void) {
  redisDb *fresh = server.db;
  server.db = kept.db;
  for (int j = 0; j < server.dbnum; j++) {
    redisDb *db = &server.db[j];
    dictRelease(fresh[j].dict);
    dictRelease(fresh[j].expires);
    db->blocking_keys = fresh[j].blocking_keys;
    db->ready_keys = fresh[j].ready_keys;
    db->watched_keys = fresh[j].watched_keys;
    db->defrag_later = fresh[j].defrag_later;
    db->slots_to_keys = NULL;
  }
  zfree(fresh);
}

static void take_up_integers(void) {
  for (int j = 0; j < OBJ_SHARED_INTEGERS; j++) {
    zfree(shared.integers[j]);
    shared.integers[j] = kept.integers[j];
  }
}

void redis_recover(void) {
  check_configuration();
  if (!kept.db) {
    make_databases();
    make_integers();
    return;
  }
  take_up_databases();
  take_up_integers();
  size_t *used_memory = perdure_root("zmalloc.c:used_memory");
  if (used_memory)
    *used_memory += kept.bytes;
  // Requests that the kill cut off; zfree() counts them.
  if (perdure_reclaim(zfree) != 0)
    serverLog(LL_WARNING, "What requests in flight had allocated stays so: %s", strerror(errno));
}

// A script that runs for long serves other clients from within, with -BUSY. That shows nothing of
// what the script has changed, and must not wait for its end. What their replies show beside it, of
// commands before the script, is made a unit of its own. In a transaction it can't be.
PERDURE_COMMIT_POINT void end_unit_before_script(void) {}

static int is_transaction(void) { return server.in_exec || server.loading; }

// The linker puts these in place of Redis's functions: what begins a script, and what Lua calls
// every so many instructions.
int __real_scriptPrepareForRun(scriptRunCtx *run, client *engine, client *caller, const char *name,
                               uint64_t flags, int read_only);
int __wrap_scriptPrepareForRun(scriptRunCtx *run, client *engine, client *caller, const char *name,
                               uint64_t flags, int read_only);
int __wrap_scriptPrepareForRun(scriptRunCtx *run, client *engine, client *caller, const char *name,
                               uint64_t flags, int read_only) {
  if (!is_transaction())
    end_unit_before_script();
  return __real_scriptPrepareForRun(run, engine, caller, name, flags, read_only);
}

int __real_scriptInterrupt(scriptRunCtx *run);
int __wrap_scriptInterrupt(scriptRunCtx *run);
int __wrap_scriptInterrupt(scriptRunCtx *run) {
  if (is_transaction())
    return __real_scriptInterrupt(run);
  perdure_output_shows_unit(0);
  int result = __real_scriptInterrupt(run);
  perdure_output_shows_unit(1);
  return result;
}
