# SPDX-License-Identifier: Apache-2.0
#
# What several clients share in the Redis kill test, beside the databases that each has to itself:
#
#   tokens   moved between lists by every command that moves, blocking ones, transactions and scripts:
#            after a kill each is in exactly one list
#   queue    numbers pushed by one client, popped by blocked ones: what was pushed and acknowledged is
#            in the list or was popped, once; but for those whose pop got no answer, one per client
#   stream   followed by a blocked reader: what it was shown is still there
import harness
from harness import Connection
from redis_client import ErrorReply, encode, read_reply

LISTS = [b"tokens:%d" % i for i in range(4)]
TOKENS = [b"token:%d" % i for i in range(200)]
MOVE = "local t = redis.call('LPOP', KEYS[1]); if t then redis.call('RPUSH', KEYS[2], t) end"


class Worker(harness.LoadThread):
    def __init__(self, shared):
        super().__init__()
        self.shared = shared
        self.selected = None

    def run_batch(self, connection):
        if self.selected is not connection:
            self.ask(connection, ["SELECT", self.shared.number])
            self.selected = connection
        try:
            self.work(connection)
        except ErrorReply as error:
            raise harness.Failure(f"refused: {error}") from error

    def ask(self, connection, *commands):
        connection.send(b"".join(encode(*command) for command in commands))
        return [read_reply(connection) for _ in commands]


class Mover(Worker):
    def work(self, connection):
        self.ask(connection, *(command for _ in range(self.shared.random.randrange(1, 8))
                               for command in self.move()))

    def move(self):
        source, target, other = (self.shared.random.choice(LISTS) for _ in range(3))
        return self.shared.random.choice([
            [["RPOPLPUSH", source, target]],
            [["LMOVE", source, target, "LEFT", "RIGHT"]],
            [["BLMOVE", source, target, "RIGHT", "RIGHT", "0.01"]],
            [["BRPOPLPUSH", source, target, "0.01"]],
            [["EVAL", MOVE, 2, source, target]],
            [["MULTI"], ["LMOVE", source, target, "RIGHT", "LEFT"],
             ["LMOVE", target, other, "LEFT", "LEFT"], ["EXEC"]],
            [["MULTI"], ["COPY", source, "copy", "REPLACE"], ["DEL", "copy"], ["EXEC"]],
        ])


class Producer(Worker):
    def work(self, connection):
        numbers = range(self.shared.sent, self.shared.sent + self.shared.random.randrange(1, 20))
        self.shared.sent = numbers[-1] + 1
        for number in numbers:
            connection.send(encode("RPUSH", "queue", number) +
                            encode("XADD", "stream", f"{number + 1}-1", "n", number))
        for number in numbers:
            read_reply(connection)
            read_reply(connection)
            self.shared.pushed = number + 1


class Consumer(Worker):
    def __init__(self, shared):
        super().__init__(shared)
        self.popped = []

    def work(self, connection):
        (reply,) = self.ask(connection, ["BLPOP", "queue", "0.5"])
        if reply:
            self.popped.append(int(reply[1]))


class Reader(Worker):
    def __init__(self, shared):
        super().__init__(shared)
        self.seen = 0

    def work(self, connection):
        (reply,) = self.ask(connection, ["XREAD", "BLOCK", 500, "STREAMS", "stream",
                                         f"{self.seen}-1"])
        if reply:
            self.seen = int(reply[0][1][-1][0].split(b"-")[0])


class Shared:
    def __init__(self, number, random):
        self.number, self.random = number, random
        self.sent = self.pushed = 0
        self.lost_answers = set()  # popped by somebody who got no answer
        self.consumers = [Consumer(self) for _ in range(3)]
        self.reader = Reader(self)
        self.threads = [Mover(self) for _ in range(3)] + [Producer(self), self.reader]
        self.threads += self.consumers
        self.filled = False

    def verify(self, port):
        connection = Connection(port)
        worker = Worker(self)
        worker.ask(connection, ["SELECT", self.number])
        if not self.filled:
            worker.ask(connection, ["RPUSH", LISTS[0], *TOKENS])
            self.filled = True
        self.verify_tokens(worker.ask(connection, *(["LRANGE", key, 0, -1] for key in LISTS)))
        queue, last = worker.ask(connection, ["LRANGE", "queue", 0, -1],
                                 ["XREVRANGE", "stream", "+", "-", "COUNT", 1])
        self.verify_queue([int(number) for number in queue])
        end = int(last[0][0].split(b"-")[0]) if last else 0
        if end < self.reader.seen:
            raise harness.Failure(f"entry {self.reader.seen} of the stream was shown, then lost")
        connection.close()

    @staticmethod
    def verify_tokens(lists):
        found = sorted(token for tokens in lists for token in tokens)
        if found != sorted(TOKENS):
            twice = {token for token in found if found.count(token) > 1}
            raise harness.Failure(f"tokens lost: {set(TOKENS) - set(found)}, doubled: {twice}")

    def verify_queue(self, queue):
        popped = [number for consumer in self.consumers for number in consumer.popped]
        gone = set(popped) | self.lost_answers
        if len(set(popped)) != len(popped) or gone & set(queue):
            raise harness.Failure(f"popped twice: {sorted(gone & set(queue))}, or two of {popped}")
        if queue != sorted(set(queue)):
            raise harness.Failure(f"the queue is out of order: {queue}")
        missing = set(range(self.pushed)) - gone - set(queue)
        if len(missing) > len(self.consumers):
            raise harness.Failure(f"lost from the queue: {sorted(missing)}")
        # Pushed, not acknowledged, and not there: some were never made, at the end.
        self.lost_answers |= missing
        self.sent = self.pushed = max(queue + popped + [self.pushed - 1], default=-1) + 1
