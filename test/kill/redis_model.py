# SPDX-License-Identifier: Apache-2.0
#
# What Redis should hold: a client's two databases as Python values, and random operations on them.
# An operation is a list of commands and the change they make to the model; the commands of a
# transaction or a script are one operation.
import copy
import time

LONG_MS = 3_600_000  # deadlines no run reaches


class Model:
    def __init__(self, first_database):
        self.numbers = [first_database, first_database + 1]
        self.keys = [{}, {}]       # key -> value; its Python type says which of Redis's it is
        self.deadlines = [{}, {}]  # key -> Unix time in ms
        self.selected = 0

    def copy(self):
        return copy.deepcopy(self)

    def get(self, key, empty):
        return self.keys[self.selected].setdefault(key, empty)

    def put(self, key, value):
        self.keys[self.selected][key] = value

    def drop(self, key):
        self.keys[self.selected].pop(key, None)
        self.deadlines[self.selected].pop(key, None)

    def drop_empty(self, key):
        if not self.keys[self.selected].get(key):
            self.drop(key)


class Stream(list):
    """Entries (id, {field: value}) in order."""


class Hll(set):
    """What was added to a HyperLogLog, which counts it within a few percent."""


class ZSet(dict):
    """Member -> score."""


class Geo(dict):
    """Member -> longitude, a whole number of degrees; the latitude is 10."""


class Database(int):
    """In a command: the first or second database of the client."""


class Operations:
    """Draws operations. Keys are few, so that they meet."""

    def __init__(self, random):
        self.random = random
        self.sequence = 0
        self.kinds = [self.string, self.append, self.setrange, self.setbit, self.incr, self.push,
                      self.pop, self.move, self.trim, self.sadd, self.srem, self.hset, self.hdel,
                      self.zadd, self.zincr, self.zrem, self.xadd, self.xtrim, self.pfadd,
                      self.geoadd, self.deadline, self.persist, self.brief, self.unlink,
                      self.rename]

    def draw(self):
        """(commands, change): CHANGE is applied to a Model."""
        chance = self.random.random()
        if chance < 0.08:
            return self.transaction()
        if chance < 0.14:
            return self.script()
        if chance < 0.16:
            return self.select()
        if chance < 0.163:
            return self.random.choice([self.swap, self.flush])()
        commands, change = self.random.choice(self.kinds)()
        return commands, change

    def key(self, kind, count=6):
        return b"%s:%d" % (kind, self.random.randrange(count))

    def value(self):
        sizes = [3, 20, 44, 45, 100, 600, 5000] if self.random.random() < 0.98 else [33000, 70000]
        return bytes(self.random.randrange(97, 123)
                     for _ in range(8)) * (self.random.choice(sizes) // 8 + 1)

    # --- Strings
    def string(self):
        key, value = self.key(b"string"), self.value()
        def change(model):
            model.drop(key)
            model.put(key, value)
        return [["SET", key, value]], change

    def append(self):
        key, value = self.key(b"append"), self.value()[:60]
        def change(model):
            model.put(key, model.get(key, b"") + value)
        return [["APPEND", key, value]], change

    def setrange(self):
        key, at, value = self.key(b"append"), self.random.randrange(300), self.value()[:30]
        def change(model):
            old = model.get(key, b"").ljust(at, b"\0")
            model.put(key, old[:at] + value + old[at + len(value):])
        return [["SETRANGE", key, at, value]], change

    def setbit(self):
        key, bit, on = self.key(b"bits"), self.random.randrange(4000), self.random.randrange(2)
        def change(model):
            old = bytearray(model.get(key, b"").ljust(bit // 8 + 1, b"\0"))
            mask = 0x80 >> bit % 8
            old[bit // 8] = old[bit // 8] | mask if on else old[bit // 8] & ~mask
            model.put(key, bytes(old))
        return [["SETBIT", key, bit, on]], change

    def incr(self):
        key, by = self.key(b"number"), self.random.choice([1, 7, 9000, -3, 10**12])
        def change(model):
            model.put(key, b"%d" % (int(model.get(key, b"0")) + by))
        return [["INCRBY", key, by]], change

    # --- Lists
    def push(self):
        key, left = self.key(b"list"), self.random.random() < 0.5
        values = [self.value()[:200] for _ in range(self.random.randrange(1, 8))]
        def change(model):
            old = model.get(key, [])
            model.put(key, values[::-1] + old if left else old + values)
        return [["LPUSH" if left else "RPUSH", key, *values]], change

    def pop(self):
        key, left = self.key(b"list"), self.random.random() < 0.5
        def change(model):
            old = model.get(key, [])
            model.put(key, old[1:] if left else old[:-1])
            model.drop_empty(key)
        return [["LPOP" if left else "RPOP", key]], change

    def move(self):
        source, target = self.key(b"list"), self.key(b"list")
        def change(model):
            old = model.get(source, [])
            if old:
                model.put(source, old[:-1])
                model.put(target, [old[-1]] + model.get(target, []))
            model.drop_empty(source)
        return [["RPOPLPUSH", source, target]], change

    def trim(self):
        key = self.key(b"list")
        def change(model):
            model.put(key, model.get(key, [])[-100:])
            model.drop_empty(key)
        return [["LTRIM", key, -100, -1]], change

    # --- Sets, hashes, sorted sets
    def members(self, numbers=300):
        name = self.random.choice([b"%d", b"member:%d"])
        return [name % self.random.randrange(numbers) for _ in range(self.random.randrange(1, 12))]

    def sadd(self):
        key, members = self.key(b"set"), self.members()
        def change(model):
            model.put(key, model.get(key, set()) | set(members))
        return [["SADD", key, *members]], change

    def srem(self):
        key, members = self.key(b"set"), self.members()
        def change(model):
            model.put(key, model.get(key, set()) - set(members))
            model.drop_empty(key)
        return [["SREM", key, *members]], change

    def hset(self):
        key, fields = self.key(b"hash"), self.members()
        values = {field: self.value()[:120] for field in fields}
        def change(model):
            model.put(key, model.get(key, {}) | values)
        return [["HSET", key] + [word for pair in values.items() for word in pair]], change

    def hdel(self):
        key, fields = self.key(b"hash"), self.members()
        def change(model):
            model.put(key, {f: v for f, v in model.get(key, {}).items() if f not in fields})
            model.drop_empty(key)
        return [["HDEL", key, *fields]], change

    def scores(self):
        return {member: float(self.random.randrange(1000)) for member in self.members()}

    def zadd(self):
        key = self.key(b"zset")
        scores = self.scores()
        def change(model):
            model.put(key, ZSet(model.get(key, ZSet()) | scores))
        return [["ZADD", key] + [w for m, s in scores.items() for w in (s, m)]], change

    def zincr(self):
        key, member = self.key(b"zset"), self.members()[0]
        def change(model):
            old = model.get(key, ZSet())
            model.put(key, ZSet(old | {member: old.get(member, 0.0) + 5}))
        return [["ZINCRBY", key, 5, member]], change

    def zrem(self):
        key, members = self.key(b"zset"), self.members()
        def change(model):
            model.put(key, ZSet({m: s for m, s in model.get(key, ZSet()).items()
                                 if m not in members}))
            model.drop_empty(key)
        return [["ZREM", key, *members]], change

    # --- Streams, HyperLogLog, geo
    def xadd(self):
        key, value = self.key(b"stream"), self.value()[:80]
        self.sequence += 1
        ident = b"%d-1" % self.sequence
        def change(model):
            model.put(key, Stream(model.get(key, Stream()) + [(ident, [b"f", value])]))
        return [["XADD", key, ident, "f", value]], change

    def xtrim(self):
        key = self.key(b"stream")
        def change(model):
            if key in model.keys[model.selected]:
                model.put(key, Stream(model.get(key, Stream())[-150:]))
        return [["XTRIM", key, "MAXLEN", 150]], change

    def pfadd(self):
        key, members = self.key(b"hll"), [b"%d" % self.random.randrange(10**6) for _ in range(5)]
        def change(model):
            model.put(key, Hll(model.get(key, Hll()) | set(members)))
        return [["PFADD", key, *members]], change

    def geoadd(self):
        key, member = self.key(b"geo"), self.members()[0]
        place = self.random.randrange(180)
        def change(model):
            model.put(key, Geo(model.get(key, Geo()) | {member: place}))
        return [["GEOADD", key, place, 10, member]], change

    # --- Keys
    def deadline(self):
        key = self.random.choice([self.key(b"string"), self.key(b"hash"), self.key(b"list")])
        at = int(time.time() * 1000) + LONG_MS + self.random.randrange(10**6)
        def change(model):
            if key in model.keys[model.selected]:
                model.deadlines[model.selected][key] = at
        return [["PEXPIREAT", key, at]], change

    def persist(self):
        key = self.key(b"string")
        def change(model):
            model.deadlines[model.selected].pop(key, None)
        return [["PERSIST", key]], change

    def brief(self):
        """A key of its own that soon expires."""
        self.sequence += 1
        key = b"brief:%d" % self.sequence
        at = int(time.time() * 1000) + self.random.randrange(20, 1500)
        def change(model):
            model.put(key, b"x")
            model.deadlines[model.selected][key] = at
        return [["SET", key, "x", "PXAT", at]], change

    def unlink(self):
        kind = self.random.choice([b"string", b"list", b"set", b"hash", b"zset", b"stream", b"hll",
                                   b"geo", b"bits", b"append", b"number"])
        key = self.key(kind)
        def change(model):
            model.drop(key)
        return [[self.random.choice(["UNLINK", "DEL"]), key]], change

    def rename(self):
        """SET and RENAME, so that the source is known to exist."""
        source, target, value = b"string:0", b"string:1", self.value()
        def change(model):
            model.drop(source)
            model.drop(target)
            model.put(target, value)
        return [["MULTI"], ["SET", source, value], ["RENAME", source, target], ["EXEC"]], change

    # --- Several at once
    def several(self):
        parts = [self.random.choice([self.string, self.incr, self.move, self.push, self.sadd,
                                     self.hset, self.zincr])() for _ in range(4)]
        def change(model):
            for _, part in parts:
                part(model)
        return [command for commands, _ in parts for command in commands], change

    def transaction(self):
        commands, change = self.several()
        return [["MULTI"], *commands, ["EXEC"]], change

    def script(self):
        commands, change = self.several()
        lines, arguments = [], []
        for command in commands:
            first = len(arguments) + 1
            arguments += command
            lines.append("redis.call(%s)" % ",".join(
                f"ARGV[{i}]" for i in range(first, len(arguments) + 1)))
        return [["EVAL", ";".join(lines), 0, *arguments]], change

    def select(self):
        which = self.random.randrange(2)
        def change(model):
            model.selected = which
        return [["SELECT", Database(which)]], change

    def swap(self):
        def change(model):
            model.keys.reverse()
            model.deadlines.reverse()
        return [["SWAPDB", Database(0), Database(1)]], change

    def flush(self):
        def change(model):
            model.keys[model.selected] = {}
            model.deadlines[model.selected] = {}
        return [["FLUSHDB", self.random.choice(["SYNC", "ASYNC"])]], change
