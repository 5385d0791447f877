# SPDX-License-Identifier: Apache-2.0
#
# Kills the ported Redis again and again under load and checks what the next run finds.
#
# Each client has two databases of its own and works on all types, with transactions, scripts,
# SWAPDB and FLUSHDB, pipelined. What must hold after a kill: for each client there is a number P, at
# least the number of its operations that were acknowledged and at most the number it had sent, such
# that its databases are as its first P operations leave them, deadlines included. So nothing
# acknowledged is lost, transactions are all or nothing, and a list move neither loses nor repeats.
# What clients share is in redis_shared.py.
import random
import sys
import time

import harness
from harness import Failure
from redis_client import ErrorReply, Server, ask, encode, read_reply
from redis_model import Database, Model, Operations
from redis_shared import Shared
from redis_state import difference, read_database


class Client(harness.LoadThread):
    def __init__(self, index, seed):
        super().__init__()
        self.model = Model(2 * index)
        self.random = random.Random(seed)
        self.operations = Operations(self.random)
        self.in_flight = []
        self.acknowledged = 0

    def run(self, port):
        self.connected = False
        super().run(port)

    def words(self, command):
        return [self.model.numbers[w] if isinstance(w, Database) else w for w in command]

    def run_batch(self, connection):
        if not self.connected:
            ask(connection, "SELECT", self.model.numbers[0])
            self.connected = True
        batch = [self.operations.draw() for _ in range(self.random.randrange(1, 16))]
        self.in_flight = list(batch)
        connection.send(b"".join(encode(*self.words(command))
                                 for commands, _ in batch for command in commands))
        try:
            for commands, change in batch:
                for _ in commands:
                    read_reply(connection)
                change(self.model)
                self.in_flight.pop(0)
                self.acknowledged += 1
        except ErrorReply as error:
            raise Failure(f"refused: {error}: {commands}") from error

    def verify(self, connection):
        """Holds the databases against the model, after what was acknowledged and up to what was
        sent. The one that fits is the model from here on."""
        begun_ms = time.time() * 1000
        found = [read_database(connection, number) for number in self.model.numbers]
        first = None
        for sent in range(len(self.in_flight) + 1):
            if sent > 0:
                self.in_flight[sent - 1][1](self.model)
            wrong = [difference(*row, begun_ms)
                     for row in zip(found, self.model.keys, self.model.deadlines)]
            if wrong == [None, None]:
                break
            first = first or wrong
        else:
            raise Failure(f"after {self.acknowledged} operations acknowledged and "
                          f"{len(self.in_flight)} more sent: {first}")
        self.in_flight = []
        self.model.selected = 0
        for index in (0, 1):  # what has expired is gone for good
            for key in self.model.keys[index].keys() - found[index].keys():
                del self.model.keys[index][key], self.model.deadlines[index][key]
        return sum(len(keys) for keys in found)


class Test:
    def __init__(self, options, directory):
        self.options, self.directory = options, directory
        self.random = random.Random(options.seed)
        self.pool = None if options.volatile else directory + "/pool"
        self.clients = [Client(index, self.random.randrange(1 << 62))
                        for index in range(options.clients)]
        self.shared = Shared(2 * options.clients, self.random)
        self.restart_seconds = []

    def start(self):
        databases = str(2 * self.options.clients + 1)
        return Server(self.options.server, self.directory, self.pool, ["--databases", databases])

    def verify(self, server):
        connection = harness.Connection(server.port)
        keys = sum(client.verify(connection) for client in self.clients)
        connection.close()
        self.shared.verify(server.port)
        return keys

    def round(self):
        if self.random.random() < 0.15:
            server = self.start()
            time.sleep(self.random.random() * 0.05)
            server.kill()
        server = self.start()
        keys = harness.verify_load_and_kill(server, self.verify,
                                            self.clients + self.shared.threads,
                                            harness.round_seconds(self.options, self.random, 0.8))
        self.restart_seconds.append(server.ready_seconds)
        if self.pool:
            harness.check_pool(self.options, self.pool)
        return keys


def run(options, directory):
    test = Test(options, directory)
    started = time.monotonic()
    rounds = 0
    while rounds < options.rounds and time.monotonic() - started < options.seconds:
        keys = test.round()
        rounds += 1
    server = test.start().wait_ready()
    try:
        keys = test.verify(server)
    finally:
        server.kill()
    operations = sum(client.acknowledged for client in test.clients)
    print(f"{rounds} kills, {operations} operations acknowledged, none lost; {keys} keys; "
          f"{test.shared.pushed} numbers through a queue; "
          f"restart {max(test.restart_seconds) * 1000:.0f} ms at most")


if __name__ == "__main__":
    sys.exit(harness.main(harness.arguments("Kills Redis under load; see the top of this file."), run))
