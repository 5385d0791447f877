# SPDX-License-Identifier: Apache-2.0
#
# A kill test for any server that keeps values by key. The port of a program says how it is started
# and spoken to: an object with start(options, pool) -> Server, put(connection, key, value) and
# get(connection, key) (examples/new-port/NAME_kill.py is a skeleton).
#
# What must hold after a kill: each key has the value that was acknowledged last, or the one whose
# put was on its way. Each client has keys of its own.
import random
import time

import harness
from harness import Connection, Failure

KEYS_PER_CLIENT = 200


class Client(harness.LoadThread):
    def __init__(self, program, index, seed):
        super().__init__()
        self.program = program
        self.index = index
        self.random = random.Random(seed)
        self.values = {}  # acknowledged
        self.in_flight = None  # (key, value)
        self.puts = 0

    def key(self, number):
        return b"client%d-%d" % (self.index, number)

    def run_batch(self, connection):
        key = self.key(self.random.randrange(KEYS_PER_CLIENT))
        if self.random.random() < 0.3:
            self.expect(key, self.program.get(connection, key), (self.values.get(key),))
            return
        value = b"%d" % self.puts + b"x" * self.random.randrange(40)
        self.in_flight = (key, value)
        self.program.put(connection, key, value)
        self.values[key] = value
        self.in_flight = None
        self.puts += 1

    def verify(self, connection):
        for number in range(KEYS_PER_CLIENT):
            key = self.key(number)
            allowed = [self.values.get(key)]
            if self.in_flight and self.in_flight[0] == key:
                allowed.append(self.in_flight[1])
            found = self.program.get(connection, key)
            self.expect(key, found, allowed)
            if found is not None:
                self.values[key] = found
        self.in_flight = None

    def expect(self, key, found, allowed):
        if found not in allowed:
            raise Failure(f"{key.decode()} is {found!r}; acknowledged was {allowed[0]!r}, "
                          f"{self.puts} puts before")


class Test:
    def __init__(self, program, options, directory):
        self.program = program
        self.options = options
        self.random = random.Random(options.seed)
        self.pool = None if options.volatile else directory + "/pool"
        self.clients = [Client(program, index, self.random.randrange(1 << 62))
                        for index in range(options.clients)]

    def verify(self, server):
        connection = Connection(server.port)
        for client in self.clients:
            client.verify(connection)
        connection.close()

    def round(self):
        if self.random.random() < 0.2:  # killed while it starts
            server = self.program.start(self.options, self.pool)
            time.sleep(self.random.random() * 0.05)
            server.kill()
        harness.verify_load_and_kill(self.program.start(self.options, self.pool), self.verify,
                                     self.clients,
                                     harness.round_seconds(self.options, self.random, 0.5))
        if self.pool:
            harness.check_pool(self.options, self.pool)

    def finish(self):
        server = self.program.start(self.options, self.pool).wait_ready()
        try:
            self.verify(server)
        finally:
            server.kill()


def main(program, description):
    def run(options, directory):
        test = Test(program, options, directory)
        started = time.monotonic()
        kills = 0
        while kills < options.rounds and time.monotonic() - started < options.seconds:
            test.round()
            kills += 1
        test.finish()
        puts = sum(client.puts for client in test.clients)
        print(f"{kills} kills, {puts} acknowledged puts, 0 lost")

    return harness.main(harness.arguments(description), run)
