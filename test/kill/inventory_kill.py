# SPDX-License-Identifier: Apache-2.0
#
# Kills examples/inventory again and again under load and checks what the next run finds.
#
# What must hold after a kill: pieces that are only moved between warehouses are all there, every
# acknowledged movement that the journal still reaches is in it, unchanged, totals agree with the
# warehouses, and for each client there is a prefix of its operations, no shorter than what was
# acknowledged, that explains the stock, description and tags of every product of its own.
import random
import sys
import time

import harness
from harness import Connection, Failure, LoadThread, Server

SHARED_PRODUCTS = 10
SHARED_TOTAL = 5000
WAREHOUSES = 8
OWN_PRODUCTS = 60
BATCH_MAX = 8


class Product:
    """What one product must look like."""

    def __init__(self):
        self.stock = {}
        self.tags = set()
        self.text = ""

    def copy(self):
        other = Product()
        other.stock, other.tags, other.text = dict(self.stock), set(self.tags), self.text
        return other

    def add(self, warehouse, quantity):
        self.stock[warehouse] = self.stock.get(warehouse, 0) + quantity
        if self.stock[warehouse] == 0:
            del self.stock[warehouse]

    def __eq__(self, other):
        return (self.stock, self.tags, self.text) == (other.stock, other.tags, other.text)

    def __repr__(self):
        return f"stock {self.stock} tags {sorted(self.tags)} text {self.text[:20]!r}"


class Operation:
    def __init__(self, request, product, change, movement=None):
        self.request = request
        self.product = product
        self.change = change  # function of the product, None: refused, nothing changes
        self.movement = movement  # the journal's line, without its number


class Client(LoadThread):
    def __init__(self, test, index, seed):
        super().__init__()
        self.test = test
        self.index = index
        self.random = random.Random(seed)
        self.products = {f"own{index}-{n}": Product() for n in range(OWN_PRODUCTS)}
        self.in_flight = []
        self.movements = {}  # number -> line, acknowledged
        self.acknowledged = 0

    def warehouse(self):
        return f"warehouse{self.random.randrange(WAREHOUSES)}"

    def shared_move(self):
        """On products of all clients: may be refused, and conserves their total."""
        product = f"shared{self.random.randrange(SHARED_PRODUCTS)}"
        source, target, quantity = self.warehouse(), self.warehouse(), self.random.randrange(1, 40)
        return Operation(f"move {product} {source} {target} {quantity}", None, None,
                         f"{product} {source} {target} {quantity}")

    def own_operation(self, state):
        name = self.random.choice(list(self.products))
        place, other = self.warehouse(), self.warehouse()
        kind = self.random.choice(["receive", "receive", "ship", "move", "move", "text", "tag"])
        quantity = self.random.randrange(1, 100)
        enough = state[name].stock.get(place, 0) >= quantity
        if kind == "receive":
            return Operation(f"receive {name} {place} {quantity}", name,
                             lambda p: p.add(place, quantity), f"{name} - {place} {quantity}")
        if kind == "ship":
            return Operation(f"ship {name} {place} {quantity}", name,
                             (lambda p: p.add(place, -quantity)) if enough else None,
                             f"{name} {place} - {quantity}")
        if kind == "move":
            def change(product):
                product.add(place, -quantity)
                product.add(other, quantity)
            return Operation(f"move {name} {place} {other} {quantity}", name,
                             change if enough else None, f"{name} {place} {other} {quantity}")
        text = f"{self.random.random()}" * self.random.choice([1, 1, 3, 20])
        if kind == "text":
            return Operation(f"describe {name} {text}", name, lambda p: setattr(p, "text", text))
        tag = f"tag{self.random.randrange(30)}-{'long' * self.random.randrange(8)}"
        return Operation(f"tag {name} {tag}", name, lambda p: p.tags.add(tag))

    def run_batch(self, connection):
        state = {name: product.copy() for name, product in self.products.items()}
        for _ in range(self.random.randrange(1, BATCH_MAX + 1)):
            shared = self.random.random() < 0.4
            operation = self.shared_move() if shared else self.own_operation(state)
            apply(state, operation)
            self.in_flight.append(operation)
        connection.send("".join(o.request + "\n" for o in self.in_flight).encode())
        while self.in_flight:
            operation = self.in_flight[0]
            self.check_reply(operation, connection.line().decode())
            self.in_flight.pop(0)
            self.acknowledged += 1
            apply(self.products, operation)

    def check_reply(self, operation, reply):
        words = reply.split()
        refused = words[0] == "REFUSED"
        if operation.product is not None and refused != (operation.change is None):
            raise Failure(f"'{operation.request}' was answered '{reply}'")
        if words[0] not in ("OK", "REFUSED"):
            raise Failure(f"'{operation.request}' was answered '{reply}'")
        if operation.movement and not refused:
            self.movements[int(words[1])] = operation.movement

    def verify(self, connection):
        found = {name: fetch(connection, name) for name in self.products}
        state = {name: product.copy() for name, product in self.products.items()}
        first_difference = None
        for operation in [None] + self.in_flight:
            if operation is not None:
                apply(state, operation)
            if state == found:
                break
            different = [n for n in state if state[n] != found[n]]
            name = different[0]
            first_difference = first_difference or (
                f"{len(different)} products differ; {name}: expected {state[name]}, "
                f"found {found[name]}")
        else:
            raise Failure(f"client {self.index}: {first_difference}; {len(self.in_flight)} "
                          f"operations in flight, {self.acknowledged} acknowledged")
        self.products = found
        self.in_flight = []


def apply(products, operation):
    if operation.product is not None and operation.change is not None:
        operation.change(products[operation.product])


def fetch(connection, name):
    product = Product()
    connection.send(f"stock {name}\nproduct {name}\n".encode())
    for item in connection.line().decode().split()[1:]:
        warehouse, quantity = item.split("=")
        product.stock[warehouse] = int(quantity)
    words = connection.line().decode().split(" ", 3)
    if words[0] == "PRODUCT":
        product.tags = {tag for tag in words[2].split(",") if tag}
        product.text = words[3]
        if int(words[1]) != sum(product.stock.values()):
            raise Failure(f"{name}: total {words[1]}, in the warehouses {product.stock}")
    return product


class Test:
    def __init__(self, options, directory):
        self.options = options
        self.random = random.Random(options.seed)
        self.pool = None if options.volatile else directory + "/pool"
        self.clients = [Client(self, index, self.random.randrange(1 << 62))
                        for index in range(options.clients)]
        self.fresh = True
        self.restart_seconds = []

    def start(self):
        return Server([self.options.server, "--port", "0"], self.pool)

    def fill(self, connection):
        for n in range(SHARED_PRODUCTS):
            connection.send(f"receive shared{n} warehouse0 {SHARED_TOTAL}\n".encode())
            connection.line()
        self.fresh = False

    def verify(self, server):
        connection = Connection(server.port)
        connection.send(b"check\n")
        reply = connection.line().decode()
        if not reply.startswith("SOUND"):
            raise Failure(f"the inventory contradicts itself: {reply}")
        if self.fresh:
            self.fill(connection)
        for n in range(SHARED_PRODUCTS):
            total = sum(fetch(connection, f"shared{n}").stock.values())
            if total != SHARED_TOTAL:
                raise Failure(f"{total} pieces of shared{n}, which were only moved; "
                              f"{SHARED_TOTAL} were received")
        for client in self.clients:
            client.verify(connection)
        self.verify_journal(connection)
        connection.close()

    def verify_journal(self, connection):
        connection.send(b"journal\n")
        lines = [connection.line().decode() for _ in range(int(connection.line().split()[1]))]
        journal = dict(line.split(" ", 1) for line in lines)
        first = int(lines[0].split()[0])
        for client in self.clients:
            for number, movement in client.movements.items():
                if number >= first and journal.get(str(number)) != movement:
                    raise Failure(f"movement {number} was '{movement}' when it was acknowledged, "
                                  f"the journal has '{journal.get(str(number))}'")
            client.movements = {n: m for n, m in client.movements.items() if n >= first}

    def round(self):
        if self.random.random() < 0.2:
            server = self.start()
            time.sleep(self.random.random() * 0.05)
            server.kill()
        server = self.start()
        harness.verify_load_and_kill(server, self.verify, self.clients,
                                     harness.round_seconds(self.options, self.random, 0.6))
        self.restart_seconds.append(server.ready_seconds)
        if self.pool:
            harness.check_pool(self.options, self.pool)

    def finish(self):
        server = self.start().wait_ready()
        try:
            self.verify(server)
        finally:
            server.kill()


def run(options, directory):
    test = Test(options, directory)
    started = time.monotonic()
    killed = 0
    while killed < options.rounds and time.monotonic() - started < options.seconds:
        test.round()
        killed += 1
        print(f"kill {killed}: {sum(c.acknowledged for c in test.clients)} operations "
              f"acknowledged so far, ready in {test.restart_seconds[-1] * 1000:.0f} ms", flush=True)
    test.finish()
    print(f"{killed} kills, {sum(c.acknowledged for c in test.clients)} acknowledged operations, "
          f"0 lost, slowest start {max(test.restart_seconds) * 1000:.0f} ms")


if __name__ == "__main__":
    OPTIONS = harness.arguments("Kills examples/inventory under load; see the top of this file.")
    sys.exit(harness.main(OPTIONS, run))
