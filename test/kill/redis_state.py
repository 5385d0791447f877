# SPDX-License-Identifier: Apache-2.0
#
# What a Redis holds, read through its commands, beside what a model says it should.
import time

from redis_client import encode, read_reply
from redis_model import Geo, Hll, Stream, ZSet

BRIEF = b"brief:"
HLL_ERROR = 0.05  # six of its standard errors


def pipeline(connection, commands):
    connection.send(b"".join(encode(*command) for command in commands))
    return [read_reply(connection) for _ in commands]


def pairs(words):
    return list(zip(words[::2], words[1::2]))


READERS = {
    b"string": (lambda key: ["GET", key], lambda reply: reply),
    b"list": (lambda key: ["LRANGE", key, 0, -1], lambda reply: reply),
    b"set": (lambda key: ["SMEMBERS", key], set),
    b"hash": (lambda key: ["HGETALL", key], lambda reply: dict(pairs(reply))),
    b"zset": (lambda key: ["ZRANGE", key, 0, -1, "WITHSCORES"],
              lambda reply: ZSet((member, float(score)) for member, score in pairs(reply))),
    b"stream": (lambda key: ["XRANGE", key, "-", "+"],
                lambda reply: Stream((ident, fields) for ident, fields in reply)),
    b"hll": (lambda key: ["PFCOUNT", key], lambda reply: reply),
    b"geo": (lambda key: ["ZRANGE", key, 0, -1], lambda reply: reply),
}


def kind_of(key, type_name):
    name = key.split(b":")[0]
    return name if name in (b"hll", b"geo") else type_name


def read_database(connection, number):
    """Key -> (value, deadline or -1)."""
    pipeline(connection, [["SELECT", number]])
    (keys,) = pipeline(connection, [["KEYS", "*"]])
    types = pipeline(connection, [["TYPE", key] for key in keys])
    deadlines = pipeline(connection, [["PEXPIRETIME", key] for key in keys])
    kinds = [kind_of(key, name) for key, name in zip(keys, types)]
    found = [(key, kind, at) for key, kind, at in zip(keys, kinds, deadlines) if kind != b"none"]
    values = pipeline(connection, [READERS[kind][0](key) for key, kind, _ in found])
    places = [key for key, kind, _ in found if kind == b"geo"]
    positions = dict(zip(places, (read_positions(connection, key) for key in places)))
    return {key: (positions.get(key) or READERS[kind][1](value), at)
            for (key, kind, at), value in zip(found, values) if value is not None}


def read_positions(connection, key):
    (members,) = pipeline(connection, [["ZRANGE", key, 0, -1]])
    (places,) = pipeline(connection, [["GEOPOS", key, *members]])
    return Geo((member, round(float(place[0]))) for member, place in zip(members, places))


def same_value(found, expected):
    if isinstance(expected, Hll):
        return isinstance(found, int) and abs(found - len(expected)) <= max(
            1, HLL_ERROR * len(expected))
    return found == expected


def difference(found, keys, deadlines, begun_ms):
    """The first way in which FOUND is not what the model has; None if it is. What expires soon may
    be gone once its time is over, and must be if that was before the reading began."""
    for key in keys.keys() | found.keys():
        if key not in keys:
            return f"{key.decode()} should not exist"
        deadline = deadlines.get(key, -1)
        if key not in found:
            if deadline != -1 and deadline <= time.time() * 1000:
                continue
            return f"{key.decode()} is missing"
        value, at = found[key]
        if deadline != -1 and deadline <= begun_ms:
            return f"{key.decode()} lives past its time"
        if at != deadline:
            return f"{key.decode()} expires at {at}, not {deadline}"
        if not same_value(value, keys[key]):
            return f"{key.decode()} is {str(value)[:80]}, expected {str(keys[key])[:80]}"
    return None
