# SPDX-License-Identifier: Apache-2.0
#
# Backs examples/kv up while clients write as fast as they can, restores each backup and starts the
# server on it.
#
# What must hold in every backup: for each client there is a number P, at least the number of its
# writes that were acknowledged before `perdure backup` began and at most the number it had sent when
# that ended, such that every key has the value its first P writes gave it. Table and LRU list agree,
# and `perdure check` finds nothing. The pool's log is small, so it wraps while the image is copied.
# The server is killed and started again during some of the backups; the last one is of a pool that
# nobody has open.
import json
import os
import shutil
import subprocess
import sys
import threading
import time

import harness
from harness import Connection, Disconnected, Failure, LoadThread, Server
from kv_client import fetch

KEYS = 40  # of each client
BATCH = 16
VALUE = 700  # bytes after the number
LOG = "256K"


class Writer(LoadThread):
    """Write N sets key N % KEYS to N."""

    def __init__(self, index):
        super().__init__()
        self.index = index
        self.sent = 0
        self.most = 0  # ever sent
        self.acknowledged = 0

    def key(self, number):
        return b"writer%d-%d" % (self.index, number % KEYS)

    def run_batch(self, connection):
        data = b""
        for number in range(self.sent + 1, self.sent + BATCH + 1):
            value = b"%d:" % number + b"%d" % (number * 7919) * (VALUE // 8)
            data += b"set %s 0 0 %d\r\n%s\r\n" % (self.key(number), len(value), value)
        self.sent += BATCH
        self.most = max(self.most, self.sent)
        connection.send(data)
        for _ in range(BATCH):
            if connection.line() != b"STORED":
                raise Failure("a write was refused")
            self.acknowledged += 1

    def verify(self, connection, least, most):
        found = fetch(connection, [self.key(n) for n in range(KEYS)])
        numbers = {key: int(value.split(b":")[0]) for key, value in found.items()}
        newest = max(numbers.values(), default=0)
        if not least <= newest <= most:
            raise Failure(f"writer {self.index}: the newest write is {newest}, acknowledged before "
                          f"the backup {least}, sent until its end {most}")
        for number in range(max(newest - KEYS, 0) + 1, newest + 1):
            if numbers.get(self.key(number)) != number:
                raise Failure(f"writer {self.index}: write {newest} is there, but not {number}: "
                              f"its key has {numbers.get(self.key(number))}")


class Test:
    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.pool = directory + "/pool"
        self.writers = [Writer(index) for index in range(options.clients)]
        self.threads = []
        self.server = None
        self.totals = {"log_epochs": 0, "starts": 0, "milliseconds": 0}

    def perdure(self, *words):
        result = subprocess.run([self.options.perdure, *words], capture_output=True, text=True,
                                check=False)
        if result.returncode != 0:
            raise Failure(f"perdure {' '.join(words)}: {result.stdout.strip()} "
                          f"{result.stderr.strip()}")
        return result.stdout

    def start(self):
        self.server = Server([self.options.server, "--port", "0"], self.pool)
        self.server.wait_ready()
        for writer in self.writers:
            writer.sent = writer.acknowledged  # what was not answered is written again
        self.threads = [threading.Thread(target=w.run, args=(self.server.port,))
                        for w in self.writers]
        for thread in self.threads:
            thread.start()

    def kill(self):
        if self.server:
            self.server.kill()
        for thread in self.threads:
            thread.join()
        self.server, self.threads = None, []
        for writer in self.writers:
            if writer.failure:
                raise writer.failure

    def restart(self):
        self.kill()
        self.start()

    def backup(self, number, during=None):
        name = f"{self.directory}/backup{number}"
        least = [w.acknowledged for w in self.writers]
        thread = threading.Thread(target=during) if during else None
        if thread:
            thread.start()
        facts = json.loads(self.perdure("backup", "--json", "--log-size", LOG, self.pool, name))
        if thread:
            thread.join()
        most = [w.most for w in self.writers]
        for key in self.totals:
            self.totals[key] += facts[key]
        self.verify(name, least, most)
        shutil.rmtree(name)
        return facts

    def verify(self, backup, least, most):
        restored = backup + "-restored"
        self.perdure("restore", backup, restored)
        self.perdure("check", "--deep", restored)
        server = Server([self.options.server, "--port", "0"], restored)
        try:
            server.wait_ready()
            connection = Connection(server.port)
            connection.send(b"check\r\n")
            line = connection.line()
            if not line.startswith(b"SOUND"):
                raise Failure(f"the table and the LRU list disagree: {line.decode()}")
            for writer in self.writers:
                writer.verify(connection, least[writer.index], most[writer.index])
            connection.close()
        except Disconnected as error:
            raise Failure(f"the restored server is gone: {server.error_text()}") from error
        finally:
            server.kill()
        shutil.rmtree(restored)

    def run(self):
        self.perdure("create", "--log-size", LOG, self.pool)
        self.start()
        try:
            time.sleep(0.3)
            for number in range(self.options.rounds):
                facts = self.backup(number, self.restart if number % 5 == 4 else None)
                if self.server:
                    self.server.check_alive()
                print(f"backup {number + 1}: epoch {facts['epoch']}, {facts['log_epochs']} epochs "
                      f"from the log, {facts['starts']} starts, {facts['milliseconds']} ms",
                      flush=True)
        finally:
            self.kill()
        self.backup(self.options.rounds)


def run(options, directory):
    test = Test(options, directory)
    test.run()
    print(f"{options.rounds + 1} backups restored, "
          f"{sum(w.acknowledged for w in test.writers)} acknowledged writes, 0 lost, "
          f"{test.totals['log_epochs']} epochs taken from the log, "
          f"{test.totals['starts'] - options.rounds - 1} starts repeated")


if __name__ == "__main__":
    OPTIONS = harness.arguments("Backs examples/kv up under load; see the top of this file.")
    OPTIONS.perdure = OPTIONS.perdure or os.path.join(
        os.path.dirname(__file__), "../../build/release/bin/perdure")
    sys.exit(harness.main(OPTIONS, run))
