# SPDX-License-Identifier: Apache-2.0
#
# What Redis says of its memory, and whether kills leak. The live data stay the same, while clients
# keep requests of all kinds in flight: half sent, queued in transactions, blocked, large values that
# come and go. After many kills the pool must hold no more than after the first ones. Then: used_memory
# beside that of a plain server that loads the same data; eviction; a daemon; snapshots under load.
import os
import random
import select
import signal
import sys
import time

import harness
from harness import Connection, Failure
from redis_client import ErrorReply, Server, ask, encode, read_reply
from redis_model import Model, Operations

# Bytes. The search for what nothing leads to takes every word of a live block for a pointer: some
# of the values that were passing are kept by words left over in memory that was used before. What
# is not reclaimed at all amounts to 800 KB a kill.
KEPT_MAX = 1 << 20
MEMORY_TOLERANCE = 0.10       # of a plain server's used_memory, beside that
MAXMEMORY_TOLERANCE = 0.02
SETTLE_SECONDS = 20


class Busy(harness.LoadThread):
    """Requests in flight, of whatever kind, that leave no data behind in database 0."""

    def __init__(self, seed):
        super().__init__()
        self.random = random.Random(seed)

    def run_batch(self, connection):
        self.connection = connection  # stays open when this thread has ended
        ask(connection, "SELECT", 1)
        kind = self.random.randrange(5)
        if kind == 0:  # half of a request
            value = b"v" * self.random.choice([100, 20_000, 300_000])
            connection.send(encode("MSET", "big:1", value, "big:2", value)[:len(value) + 60])
        elif kind == 1:  # queued in a transaction
            connection.send(encode("MULTI") + encode("SET", "queued", b"q" * 5000) * 20)
        elif kind == 2:  # blocked, with long keys
            connection.send(encode("BLPOP", b"k" * 3000, b"l" * 3000, 0))
        else:
            for _ in range(50):
                ask(connection, "SET", "passing", b"p" * self.random.randrange(100_000))
                ask(connection, "UNLINK", "passing")
            return
        raise harness.Disconnected()  # no more from here: it stays in flight


def info(connection, field):
    for line in ask(connection, "INFO", "everything").split(b"\r\n"):
        if line.startswith(field.encode() + b":"):
            return int(line.split(b":")[1])
    raise Failure(f"INFO has no {field}")


def kill_and_wait(pid):
    """Of a process that is no child of ours: it has ended when its files are closed."""
    descriptor = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    ended, _, _ = select.select([descriptor], [], [], 10)
    os.close(descriptor)
    if not ended:
        raise Failure(f"process {pid} does not end")


class Test:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.pool = None if options.volatile else directory + "/pool"
        self.random = random.Random(options.seed)

    def server(self, *arguments, pool=True, binary=None):
        return Server(binary or self.options.server, self.directory, self.pool if pool else None,
                      arguments).wait_ready()

    def fill(self, server):
        connection, model = Connection(server.port), Model(0)
        operations = Operations(self.random)
        operations.kinds.remove(operations.brief)
        for _ in range(6000):
            commands, _ = self.random.choice(operations.kinds)()
            for command in commands:
                try:
                    ask(connection, *command)
                except ErrorReply:  # a rename of what is not there
                    pass
        ask(connection, "DEBUG", "POPULATE", 20000, "plain", 100)
        for key in ask(connection, "KEYS", "*"):
            ask(connection, "PERSIST", key)
        del model
        return ask(connection, "DEBUG", "DIGEST")

    def settled(self, connection, field="used_memory"):
        """Its value when it does not fall any more."""
        deadline, values = time.monotonic() + SETTLE_SECONDS, []
        while time.monotonic() < deadline:
            values.append(info(connection, field))
            if len(values) > 5 and min(values[:-5]) <= min(values[-5:]):
                break
            time.sleep(0.1)
        return values[-1]

    def check_digest(self, connection, digest, where):
        if ask(connection, "DEBUG", "DIGEST") != digest:
            raise Failure(f"the data are not the same {where}")

    # --- Kills with the same live data
    def kills(self):
        server = self.server()
        digest, used = self.fill(server), []
        for kill in range(self.options.rounds + 1):
            connection = Connection(server.port)
            ask(connection, "SELECT", 1)
            ask(connection, "FLUSHDB")  # what was passing when the server was killed
            ask(connection, "SELECT", 0)
            self.check_digest(connection, digest, f"after {kill} kills")
            used.append(self.settled(connection))
            connection.close()
            if kill == self.options.rounds:
                break
            harness.verify_load_and_kill(server, lambda _: 0, [
                Busy(self.random.randrange(1 << 62)) for _ in range(8)], 0.3)
            if self.pool:
                harness.check_pool(self.options, self.pool)
            server = self.server()
        # The first kills leave room in tables and buffers that the next ones use.
        first = min(10, self.options.rounds // 2)
        growth = max(used[first:]) - used[first]
        print(f"{self.options.rounds} kills: used_memory {used[first]} after {first}, {used[-1]} "
              "after the last")
        if growth > KEPT_MAX:
            raise Failure(f"allocated memory grew by {growth} bytes: {used}")
        return server, digest

    # --- Beside a plain server
    def memory_like_plain(self, server, digest):
        connection = Connection(server.port)
        # Both from the snapshot: room in tables and buffers is a matter of what happened before.
        ask(connection, "DEBUG", "RELOAD")
        kept = self.settled(connection)
        plain = self.server(pool=False, binary=self.options.plain)
        try:
            other = Connection(plain.port)
            self.check_digest(other, digest, "in a plain server that loads the snapshot")
            loaded = self.settled(other)
        finally:
            plain.kill()
        os.remove(self.directory + "/dump.rdb")
        print(f"used_memory {kept}, of a plain server {loaded}: {kept / loaded - 1:+.1%}")
        if not -MEMORY_TOLERANCE * loaded < kept - loaded < MEMORY_TOLERANCE * loaded + KEPT_MAX:
            raise Failure("used_memory is not what a plain server reports for the same data")

    # --- Eviction
    def evict(self, server):
        limit = info(Connection(server.port), "used_memory") + (2 << 20)
        server.kill()
        arguments = ("--maxmemory", str(limit), "--maxmemory-policy", "allkeys-lru")
        for restart in range(2):
            server = self.server(*arguments)
            connection = Connection(server.port)
            for number in range(8000):
                ask(connection, "SET", f"evict:{restart}:{number}", b"e" * 1000)
            used, evicted = self.settled(connection), info(connection, "evicted_keys")
            if used > limit * (1 + MAXMEMORY_TOLERANCE) or evicted < 1000:
                raise Failure(f"used_memory {used} of {limit}, {evicted} keys evicted")
            ask(connection, "CONFIG", "SET", "maxmemory", 0)  # what clients take would evict more
            size, digest = ask(connection, "DBSIZE"), ask(connection, "DEBUG", "DIGEST")
            server.kill()
        server = self.server()  # without a limit: what clients take evicts, too
        connection = Connection(server.port)
        found = ask(connection, "DBSIZE")
        if found != size or ask(connection, "DEBUG", "DIGEST") != digest:
            raise Failure(f"after eviction and a kill the data are not the same: {found} keys, "
                          f"not {size}")
        print(f"evicted {evicted} keys, used_memory within {used / limit:.1%} of maxmemory")
        return server

    # --- A daemon
    def daemon(self, server):
        server.kill()
        pid_file = self.directory + "/pid"
        for run in range(3):
            server = Server(self.options.server, self.directory, self.pool,
                            ("--daemonize", "yes", "--pidfile", pid_file))
            server.process.wait(30)  # the parent; its child goes on
            server.check_alive = lambda: None
            try:
                server.wait_ready()
                connection = Connection(server.port)
                if run and ask(connection, "GET", "daemon") != b"%d" % run:
                    raise Failure("a daemon's update is lost")
                ask(connection, "SET", "daemon", run + 1)
            finally:
                with open(pid_file, encoding="ascii") as file:
                    kill_and_wait(int(file.read()))
            os.remove(pid_file)
        print("a daemon killed 3 times lost nothing")
        return self.server()

    # --- Snapshots
    def snapshot(self, server):
        connection, writer = Connection(server.port), Connection(server.port)
        ask(connection, "FLUSHALL")
        ask(connection, "DEBUG", "POPULATE", 50000, "plain", 100)
        ask(connection, "BGSAVE")
        written = 0
        while info(connection, "rdb_bgsave_in_progress"):
            writer.send(b"".join(encode("MULTI") + encode("INCR", "left") +
                                 encode("APPEND", f"plain:{i}", b"x" * 200) +
                                 encode("INCR", "right") + encode("EXEC") for i in range(100)))
            for _ in range(500):
                read_reply(writer)
            written += 100
        self.load_snapshot(lambda other: ask(other, "MGET", "left", "right"),
                           lambda pair: pair[0] == pair[1] and int(pair[0] or 0) <= written)
        digest = ask(connection, "DEBUG", "DIGEST")
        ask(connection, "BGSAVE")
        while info(connection, "rdb_bgsave_in_progress"):
            time.sleep(0.01)
        self.load_snapshot(lambda other: ask(other, "DEBUG", "DIGEST"), lambda it: it == digest)
        server.kill()
        print(f"snapshots during and after {written} transactions load as they were taken")

    def load_snapshot(self, look, fits):
        plain = self.server(pool=False, binary=self.options.plain)
        try:
            found = look(Connection(plain.port))
            if not fits(found):
                raise Failure(f"a snapshot holds {found}")
        finally:
            plain.kill()
            os.remove(self.directory + "/dump.rdb")


def run(options, directory):
    options.plain = os.path.dirname(options.server) + "/../../plain/src/redis-server"
    test = Test(options, directory)
    server, digest = test.kills()
    test.memory_like_plain(server, digest)
    server = test.evict(server)
    server = test.daemon(server)
    test.snapshot(server)


if __name__ == "__main__":
    sys.exit(harness.main(harness.arguments("Kills Redis with the same data again and again; see "
                                            "the top of this file."), run))
