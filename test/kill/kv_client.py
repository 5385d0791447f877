# SPDX-License-Identifier: Apache-2.0
#
# One client of the kill test for examples/kv: makes random requests on keys that no other client
# writes, in batches, predicts every reply, and can tell after a kill whether what is found is what a
# prefix of its operations left. kv_kill.py runs it.
import random
import time

from harness import Failure, LoadThread

KEYS_PER_CLIENT = 1500
COUNTERS = 8
BATCH_MAX = 16
NOISE = random.Random(1).randbytes(1 << 17)


class Operation:
    """One request: what to send, what must come back, and what its owner's keys are then."""

    def __init__(self, number, request, expect, key=None, after=None, counter=None, delta=0,
                 reveals=None):
        self.number = number
        self.request = request
        self.expect = expect  # takes the reply, raises Failure if it is wrong
        self.key = key  # a key of the client's own that the operation writes
        self.after = after  # its value afterwards, None: absent
        self.counter = counter
        self.delta = delta
        self.reveals = reveals


class Client(LoadThread):
    """Keys no other client writes, so their values are known exactly."""

    def __init__(self, test, index, seed):
        super().__init__()
        self.test = test
        self.index = index
        self.random = random.Random(seed)
        self.values = {}  # acknowledged state: key -> bytes
        self.expiring = {}  # key -> (value, earliest, latest time of expiry)
        self.versions = {}  # key -> version seen, while no update was sent since
        self.in_flight = []
        self.next_number = 1
        self.acknowledged = 0

    def key(self):
        return b"client%d-%d" % (self.index, self.random.randrange(KEYS_PER_CLIENT))

    def value(self, number):
        choice = self.random.random()
        limit = 40000 if self.test.evicting else 300 if choice < 0.95 else 60000
        start = self.random.randrange(1 << 16)
        return b"%d:%d:" % (self.index, number) + NOISE[start:start + self.random.randrange(limit)]

    # --- making requests -------------------------------------------------------------------------

    def operation(self, state):
        """The next operation, given the values that those already in the batch will leave."""
        number, self.next_number = self.next_number, self.next_number + 1
        kinds = ["set"] * 8 + ["get"] * 5 + ["other"] * 2 + ["delete"] * 2
        if not self.test.evicting:
            kinds += ["incr"] * 3 + ["number"] * 2 + ["add", "cas", "gets", "shared", "expire"]
        kind = self.random.choice(kinds)
        return getattr(self, "make_" + kind)(number, self.key(), state)

    def put(self, verb, number, key, value, expect, after, extra=b""):
        request = b"%s %s 0 0 %d%s\r\n%s\r\n" % (verb, key, len(value), extra, value)
        self.versions.pop(key, None)
        return Operation(number, request, expect_line(expect), key, after)

    def make_set(self, number, key, _state):
        value = self.value(number)
        return self.put(b"set", number, key, value, b"STORED", value)

    def make_number(self, number, key, _state):
        value = b"%d" % self.random.choice([9, 99, 98, self.random.randrange(10**12)])
        return self.put(b"set", number, key, value, b"STORED", value)

    def make_add(self, number, key, state):
        value = self.value(number)
        if key in state:
            return self.put(b"add", number, key, value, b"NOT_STORED", state[key])
        return self.put(b"add", number, key, value, b"STORED", value)

    def make_cas(self, number, key, state):
        known = [k for k in self.versions if k in state]
        if not known:
            return self.make_gets(number, key, state)
        key = self.random.choice(known)
        version = self.versions[key]
        value = self.value(number)
        if self.random.random() < 0.3:
            return self.put(b"cas", number, key, value, b"EXISTS", state[key],
                            b" %d" % (version + 1000000007))
        return self.put(b"cas", number, key, value, b"STORED", value, b" %d" % version)

    def make_delete(self, number, key, state):
        expect = None if self.test.evicting else b"DELETED" if key in state else b"NOT_FOUND"
        self.versions.pop(key, None)
        return Operation(number, b"delete %s\r\n" % key, expect_line(expect), key, None)

    def make_incr(self, number, key, state):
        numbers = [k for k in list(state)[:200] if state[k].isdigit()]
        key = self.random.choice(numbers) if numbers else key
        delta = self.random.randrange(100)
        before = state.get(key)
        if before is None:
            expect, after = b"NOT_FOUND", None
        elif not before.isdigit() or len(before) > 20:
            expect, after = b"CLIENT_ERROR the value is not a number", before
        else:
            expect = after = b"%d" % (int(before) + delta)
        self.versions.pop(key, None)
        return Operation(number, b"incr %s %d\r\n" % (key, delta), expect_line(expect), key, after)

    def make_shared(self, number, _key, _state):
        counter, delta = self.random.randrange(COUNTERS), self.random.randrange(1, 5)

        def expect(reply):
            self.test.saw_counter(counter, int(reply[0]))
        return Operation(number, b"incr counter%d %d\r\n" % (counter, delta), expect,
                         counter=counter, delta=delta)

    def make_expire(self, number, _key, _state):
        key = b"expiring%d-%d" % (self.index, number)
        seconds = self.random.randrange(1, 40)
        value = self.value(number)[:500]

        def expect(reply):
            expect_line(b"STORED")(reply)
            self.expiring[key] = (value, sent + seconds - 1, time.time() + seconds + 1)
        sent = time.time()
        request = b"set %s 0 %d %d\r\n%s\r\n" % (key, seconds, len(value), value)
        return Operation(number, request, expect)

    def make_get(self, number, key, state):
        value = state.get(key)
        return Operation(number, b"get %s\r\n" % key,
                         expect_value(key, value, self.test.evicting))

    def make_gets(self, number, key, state):
        value = state.get(key)

        def expect(reply):
            expect_value(key, value, False)(reply)
            if value is not None:
                self.versions[key] = int(reply[2])
        return Operation(number, b"gets %s\r\n" % key, expect)

    def make_other(self, number, _key, _state):
        owner = self.test.clients[self.random.randrange(len(self.test.clients))]
        key = b"client%d-%d" % (owner.index, self.random.randrange(KEYS_PER_CLIENT))

        def expect(reply):
            if reply[0] == b"VALUE" and reply[1].count(b":") >= 2:
                self.test.saw(int(reply[1].split(b":")[0]), int(reply[1].split(b":")[1]))
        return Operation(number, b"get %s\r\n" % key, expect)

    # --- running them ----------------------------------------------------------------------------

    def run_batch(self, connection):
        state = dict(self.values)
        versions_used = set()
        for _ in range(self.random.randrange(1, BATCH_MAX + 1)):
            operation = self.operation(state)
            if operation.key is not None:
                apply(state, operation)
                versions_used.add(operation.key)
            self.in_flight.append(operation)
        data = b"".join(o.request for o in self.in_flight)
        if len(data) > 50 and self.random.random() < 0.1:  # a request split over two packets
            cut = self.random.randrange(1, len(data))
            connection.send(data[:cut])
            time.sleep(0.001)
            data = data[cut:]
        connection.send(data)
        while self.in_flight:
            operation = self.in_flight[0]
            reply = read_reply(connection)
            operation.expect(reply)
            self.in_flight.pop(0)
            self.acknowledged += 1
            if operation.key is not None:
                apply(self.values, operation)
            if operation.counter is not None:
                self.test.count(operation.counter, operation.delta)
        for key in versions_used:  # a version read before a later update of the same batch
            self.versions.pop(key, None)

    # --- verification ----------------------------------------------------------------------------

    def verify(self, connection):
        found = fetch(connection, [b"client%d-%d" % (self.index, n)
                                   for n in range(KEYS_PER_CLIENT)])
        if self.test.evicting:
            self.verify_evicted(found)
        else:
            self.verify_prefix(found)
        self.verify_expiring(connection)
        self.values = found
        self.in_flight = []
        self.versions = {}

    def verify_prefix(self, found):
        state = dict(self.values)
        least = self.test.revealed[self.index]
        difference = None
        for operation in [None] + self.in_flight:
            if operation is not None and operation.key is not None:
                apply(state, operation)
            number = operation.number if operation else self.oldest_in_flight() - 1
            if state == found and number >= least:
                return
            if difference is None or number < least:
                difference = describe(state, found)
        raise Failure(f"client {self.index}: {difference}; {len(self.in_flight)} operations in "
                      f"flight, {self.acknowledged} acknowledged before, the others saw operation "
                      f"{least}")

    def oldest_in_flight(self):
        return self.in_flight[0].number if self.in_flight else self.next_number

    def verify_evicted(self, found):
        for key, value in found.items():
            allowed = [self.values.get(key)]
            allowed += [o.after for o in self.in_flight if o.key == key]
            if value not in allowed:
                raise Failure(f"client {self.index}: {describe({key: allowed[0]}, {key: value})}")

    def verify_expiring(self, connection):
        found = fetch(connection, list(self.expiring))
        now = time.time()
        for key, (value, earliest, latest) in list(self.expiring.items()):
            if key in found and (found[key] != value or now > latest + 1):
                raise Failure(f"{key.decode()} is there {now - latest:.1f} s after its time, or "
                              "has another value")
            if key not in found and now < earliest:
                raise Failure(f"{key.decode()} is gone {earliest - now:.1f} s before its time")
            if now > latest:
                del self.expiring[key]


def apply(state, operation):
    if operation.after is None:
        state.pop(operation.key, None)
    else:
        state[operation.key] = operation.after


def describe(expected, found):
    lost = [k for k in expected if k not in found and expected[k] is not None]
    new = [k for k in found if expected.get(k) is None]
    other = [k for k in found if expected.get(k) is not None and found[k] != expected[k]]
    words = [f"{len(lost)} keys lost, {len(new)} deleted keys back, {len(other)} other values"]
    for key in (lost + new + other)[:3]:
        words.append(f"{key.decode()}: expected {shorten(expected.get(key))}, "
                     f"found {shorten(found.get(key))}")
    return "; ".join(words)


def shorten(value):
    return "nothing" if value is None else f"{value[:20]!r} ({len(value)} bytes)"


def expect_line(line):
    def expect(reply):
        if line is not None and reply[0] != line:
            raise Failure(f"reply {reply[0]!r} where {line!r} was expected")
    return expect


def expect_value(key, value, may_miss):
    def expect(reply):
        found = reply[1] if reply[0] == b"VALUE" else None
        if found != value and not (may_miss and found is None):
            raise Failure(f"{key.decode()}: expected {shorten(value)}, got {shorten(found)}")
    return expect


def read_reply(connection):
    """A line, or (VALUE, value, version) of a get."""
    line = connection.line()
    if not line.startswith(b"VALUE "):
        return (line,)
    words = line.split(b" ")
    value = connection.bytes(int(words[3]) + 2)[:-2]
    if connection.line() != b"END":
        raise Failure("a value without END")
    return (b"VALUE", value, words[4] if len(words) > 4 else None)


def fetch(connection, keys):
    found = {}
    for start in range(0, len(keys), 50):
        part = keys[start:start + 50]
        connection.send(b"get " + b" ".join(part) + b"\r\n")
        while (line := connection.line()) != b"END":
            _, key, _, size = line.split(b" ")
            found[key] = connection.bytes(int(size) + 2)[:-2]
    return found
