# SPDX-License-Identifier: Apache-2.0
#
# What the kill tests share: a server process that is started, waited for and killed by its own
# process id, always from outside; line-based sockets; the command line with its seed. A test's
# expected values live in the observer, never in the process that is killed.
import argparse
import json
import os
import random
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


class Failure(Exception):
    """The program under test broke its promise."""


class Disconnected(Exception):
    """The server is gone: expected when it was killed."""


class Server:
    """A program that prints "listening on 127.0.0.1:PORT" when it is ready."""

    START_SECONDS = 60
    running = set()  # not killed yet; main() leaves none behind

    def __init__(self, command, pool=None):
        environment = dict(os.environ)
        environment.pop("PERDURE_POOL", None)
        if pool:
            environment["PERDURE_POOL"] = pool
        self.errors = tempfile.TemporaryFile()
        self.started = time.monotonic()
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                                        stderr=self.errors)
        self.port = None
        self.ready_seconds = None
        Server.running.add(self)

    def wait_ready(self):
        line = self._first_line()
        if b"listening on" not in line:
            if not line:  # it has closed its output: give it time to say with which status it ends
                try:
                    self.process.wait(2)
                except subprocess.TimeoutExpired:
                    pass
            self.kill()
            raise Failure(f"the server did not start: exit status {self.process.returncode}: "
                          f"{line.decode(errors='replace').strip()} {self.error_text()}")
        self.port = int(line.rsplit(b":", 1)[1])
        self.ready_seconds = time.monotonic() - self.started
        return self

    def _first_line(self):
        line = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                left = self.started + self.START_SECONDS - time.monotonic()
                if left <= 0 or not selector.select(left):
                    break
                byte = os.read(self.process.stdout.fileno(), 1)
                if not byte:
                    break
                line += byte
        return line

    def check_alive(self):
        """A server that ends by itself is a failure, unlike one that was killed."""
        if self.process.poll() is not None:
            raise Failure(f"the server ended by itself with status {self.process.returncode}: "
                          f"{self.error_text()}")

    def error_text(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace").strip()

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
        Server.running.discard(self)


class Connection:
    """A blocking socket read in lines and counted bytes."""

    def __init__(self, port, timeout_seconds=30):
        try:
            self.socket = socket.create_connection(("127.0.0.1", port), timeout_seconds)
        except (ConnectionError, socket.timeout) as error:
            raise Disconnected() from error
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def send(self, data):
        try:
            self.socket.sendall(data)
        except ConnectionError as error:
            raise Disconnected() from error

    def _fill(self):
        try:
            data = self.socket.recv(1 << 18)
        except ConnectionError as error:
            raise Disconnected() from error
        except socket.timeout as error:
            raise Failure("no reply for 30 seconds") from error
        if not data:
            raise Disconnected()
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self._fill()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def bytes(self, size):
        while len(self.buffer) < size:
            self._fill()
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def close(self):
        self.socket.close()


class LoadThread:
    """A client that sends batches until its server is gone. Subclasses have run_batch(connection)."""

    def __init__(self):
        self.failure = None

    def run(self, port):
        try:
            connection = Connection(port)
            while True:
                self.run_batch(connection)
        except Disconnected:
            pass
        except Failure as failure:
            self.failure = failure


def verify_load_and_kill(server, verify, clients, seconds):
    """One round: checks what the SERVER that starts has kept, loads it, kills it after SECONDS.

    Returns what VERIFY returned."""
    server.wait_ready()
    try:
        kept = verify(server)
        threads = [threading.Thread(target=c.run, args=(server.port,)) for c in clients]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        server.check_alive()
        server.kill()
        for thread in threads:
            thread.join()
    except Disconnected as error:
        raise Failure("the server closed a connection; it says: "
                      f"{server.error_text()}") from error
    finally:
        server.kill()
    for client in clients:
        if client.failure:
            raise client.failure
    return kept


def round_seconds(options, random, longest):
    return options.round_seconds or random.uniform(0.02, longest)


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("server", help="the program under test")
    parser.add_argument("--volatile", action="store_true",
                        help="run without a pool: losing data is then what the test must report")
    parser.add_argument("--perdure", help="the perdure tool: check the pool after each kill")
    parser.add_argument("--rounds", type=int, default=20, help="how often to kill the server")
    parser.add_argument("--seconds", type=float, default=600, help="start no round after this long")
    parser.add_argument("--round-seconds", type=float, default=None,
                        help="how long to load before a kill (default: random, below one)")
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--dir", default=None, help="where to make the pool (default: $TMPDIR)")
    options = parser.parse_args()
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1 << 32)
    return options


def check_pool(options, pool):
    if not options.perdure:
        return
    result = subprocess.run([options.perdure, "check", pool], capture_output=True, text=True,
                            check=False)
    if result.returncode != 0:
        raise Failure(f"perdure check: {result.stdout.strip()} {result.stderr.strip()}")


def pool_facts(options, pool):
    """What `perdure info --json` says of a pool that no process has open."""
    result = subprocess.run([options.perdure, "info", "--json", pool], capture_output=True,
                            check=True)
    return json.loads(result.stdout)


def repeat_command(options):
    words = [sys.executable, os.path.abspath(sys.argv[0]), options.server,
             "--seed", str(options.seed), "--rounds", str(options.rounds),
             "--clients", str(options.clients)]
    words += ["--perdure", options.perdure] if options.perdure else []
    words += ["--dir", options.dir] if options.dir else []
    return " ".join(words + (["--volatile"] if options.volatile else []))


def main(options, run):
    """Calls RUN(options, directory); keeps the directory of a run that failed."""
    print(f"seed {options.seed}; repeat with: {repeat_command(options)}", flush=True)
    directory = tempfile.mkdtemp(prefix="perdure-kill-", dir=options.dir)
    try:
        run(options, directory)
    except Failure as failure:
        print(f"FAILED: {failure}")
        if options.volatile:
            shutil.rmtree(directory)
        else:
            print(f"the pool is kept in {directory}; repeat with: {repeat_command(options)}")
        return 1
    except BaseException:
        print(f"the pool is kept in {directory}", file=sys.stderr)
        raise
    finally:
        for server in list(Server.running):
            server.kill()
    shutil.rmtree(directory)
    return 0
