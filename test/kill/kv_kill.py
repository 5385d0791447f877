# SPDX-License-Identifier: Apache-2.0
#
# Kills examples/kv again and again under load and checks what the next run finds.
#
# What must hold after a kill: for each client there is a number P, at least the number of its
# operations that were acknowledged and at most the number it had sent, such that every key of its
# own has the value its first P operations gave it. P also covers every operation whose effect any
# other client has seen. Shared counters are at least what was acknowledged and at most what was
# sent. Table and LRU list agree. With a small memory limit keys may be missing (evicted), but what
# is there must be the newest value.
import random
import sys
import threading
import time

import harness
from harness import Connection, Failure, Server
from kv_client import COUNTERS, KEYS_PER_CLIENT, Client, expect_line, fetch, read_reply

WORKERS = 3
SHARDS = 32  # of kv's hash table


class Test:
    def __init__(self, options, directory):
        self.options = options
        self.random = random.Random(options.seed)
        self.pool = None if options.volatile else directory + "/pool"
        self.evicting = False
        self.lock = threading.Lock()
        self.restart_seconds = []

    def begin_phase(self, evicting):
        """A new pool and clients that know nothing yet."""
        self.evicting = evicting
        if evicting and self.pool:
            self.pool += "-evicting"
        self.clients = []
        for index in range(self.options.clients):
            self.clients.append(Client(self, index, self.random.randrange(1 << 62)))
        self.revealed = [0] * len(self.clients)
        self.counters = [0] * COUNTERS
        self.counters_seen = [0] * COUNTERS
        self.fresh = True

    def saw(self, owner, number):
        with self.lock:
            self.revealed[owner] = max(self.revealed[owner], number)

    def saw_counter(self, counter, value):
        with self.lock:
            self.counters_seen[counter] = max(self.counters_seen[counter], value)

    def count(self, counter, delta):
        with self.lock:
            self.counters[counter] += delta

    def start(self):
        command = [self.options.server, "--port", "0", "--threads", str(WORKERS)]
        command += ["--memory-mb", "3" if self.evicting else "512"]
        return Server(command, self.pool)

    def verify(self, server):
        connection = Connection(server.port)
        line = self.sound(connection)
        if not self.fresh:
            self.verify_counters(connection)
            for client in self.clients:
                client.verify(connection)
        elif not self.evicting:
            for counter in range(COUNTERS):
                connection.send(b"set counter%d 0 0 1\r\n0\r\n" % counter)
                expect_line(b"STORED")(read_reply(connection))
        self.fresh = False
        connection.close()
        return int(line.split()[1])

    def sound(self, connection):
        connection.send(b"check\r\n")
        line = connection.line()
        if not line.startswith(b"SOUND"):
            raise Failure(f"the table and the LRU list disagree: {line.decode()}")
        return line

    def verify_counters(self, connection):
        if self.evicting:
            return
        found = fetch(connection, [b"counter%d" % c for c in range(COUNTERS)])
        for counter in range(COUNTERS):
            value = int(found.get(b"counter%d" % counter, b"-1"))
            sent = self.counters[counter] + sum(o.delta for c in self.clients for o in c.in_flight
                                                if o.counter == counter)
            least = max(self.counters[counter], self.counters_seen[counter])
            if not least <= value <= sent:
                raise Failure(f"counter{counter} is {value}, acknowledged {least}, sent {sent}")
            self.counters[counter] = value

    def kill_while_starting(self):
        server = self.start()
        time.sleep(self.random.random() * 0.05)
        server.kill()

    def round(self):
        if self.random.random() < 0.2:
            self.kill_while_starting()
        server = self.start()
        items = harness.verify_load_and_kill(server, self.verify, self.clients,
                                             harness.round_seconds(self.options, self.random, 0.8))
        self.restart_seconds.append(server.ready_seconds)
        if self.pool:
            harness.check_pool(self.options, self.pool)
        return items

    def finish_phase(self, kills):
        server = self.start().wait_ready()
        try:
            self.verify(server)
            if self.evicting:
                self.verify_evictions(server)
            items = int(self.sound(Connection(server.port)).split()[1])
        finally:
            server.kill()
        if self.pool and self.options.perdure:
            self.verify_blocks(items, kills)

    def verify_blocks(self, items, kills):
        """Blocks of the pool: the items, the shards' buckets (two arrays while a shard grows), and
        those in the hands of a worker when it was killed, an item and its replacement at most."""
        blocks = harness.pool_facts(self.options, self.pool)["heap_blocks"]
        most = items + 2 * SHARDS + 2 * WORKERS * kills
        if blocks > most:  # fewer than items: some have expired since they were counted
            raise Failure(f"{blocks} blocks in the pool for {items} items: at most {most} were "
                          "expected")
        print(f"{blocks} blocks in the pool, {items} items")

    def verify_evictions(self, server):
        missing = sum(KEYS_PER_CLIENT - len(c.values) for c in self.clients)
        connection = Connection(server.port)
        connection.send(b"stats\r\n")
        stats = {}
        while (line := connection.line()) != b"END":
            _, name, value = line.split(b" ")
            stats[name] = int(value)
        if stats[b"bytes"] > 3 << 20 or missing == 0:
            raise Failure(f"nothing was evicted: {stats[b'bytes']} bytes kept")


def run(options, directory):
    test = Test(options, directory)
    started = time.monotonic()
    evicting_rounds = options.rounds // 4
    killed = 0
    acknowledged = 0
    for rounds, evicting in (options.rounds - evicting_rounds, False), (evicting_rounds, True):
        if rounds == 0:
            continue
        test.begin_phase(evicting)
        for _ in range(rounds):
            if time.monotonic() - started > options.seconds:
                break
            items = test.round()
            killed += 1
            total = sum(c.acknowledged for c in test.clients)
            print(f"kill {killed}: {total} operations acknowledged so far, {items} items found "
                  f"at the start, ready in {test.restart_seconds[-1] * 1000:.0f} ms"
                  f"{', evicting' if evicting else ''}", flush=True)
        test.finish_phase(killed)
        acknowledged += sum(c.acknowledged for c in test.clients)
    print(f"{killed} kills, {acknowledged} acknowledged operations, 0 lost, "
          f"slowest start {max(test.restart_seconds) * 1000:.0f} ms")


if __name__ == "__main__":
    OPTIONS = harness.arguments("Kills examples/kv under load; see the top of this file.")
    sys.exit(harness.main(OPTIONS, run))
