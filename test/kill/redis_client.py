# SPDX-License-Identifier: Apache-2.0
#
# Redis for the kill test: the server's process, and the protocol (RESP2) on a harness connection.
import socket
import time

import harness
from harness import Connection, Disconnected, Failure


class Server(harness.Server):
    """redis-server on a free port of loopback; ready when it answers PING."""

    def __init__(self, binary, directory, pool, arguments=()):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                   "--dir", directory, "--logfile", directory + "/redis.log",
                   "--enable-debug-command", "yes", *arguments]
        super().__init__(command, pool)
        self.port = port

    def wait_ready(self):
        while True:
            try:
                connection = Connection(self.port)
                if ask(connection, "PING") == b"PONG":
                    connection.close()
                    break
            except Disconnected:
                pass
            self.check_alive()
            if time.monotonic() - self.started > self.START_SECONDS:
                raise Failure("the server does not answer")
            time.sleep(0.002)
        self.ready_seconds = time.monotonic() - self.started
        return self


class ErrorReply(Exception):
    """The server refused a command: a mistake of the test or of the server."""


def encode(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        if not isinstance(word, bytes):
            word = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def read_reply(connection):
    line = connection.line()
    kind, rest = line[:1], line[1:]
    if kind == b"+":
        return rest
    if kind == b"-":
        raise ErrorReply(rest.decode(errors="replace"))
    if kind == b":":
        return int(rest)
    if kind == b"$":
        return None if rest == b"-1" else connection.bytes(int(rest) + 2)[:-2]
    if kind == b"*":
        return None if rest == b"-1" else [read_reply(connection) for _ in range(int(rest))]
    raise Failure(f"no reply of Redis: {line[:80]!r}")


def ask(connection, *words):
    connection.send(encode(*words))
    return read_reply(connection)
