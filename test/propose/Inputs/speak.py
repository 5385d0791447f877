# SPDX-License-Identifier: Apache-2.0
#
# Starts a server that prints "listening on 127.0.0.1:PORT", sends it lines and prints its replies,
# then STOP, which ends it in order: speak.py SERVER LINE...
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "kill"))
import harness  # noqa: E402

server = harness.Server([sys.argv[1]], os.environ.get("PERDURE_POOL")).wait_ready()
try:
    connection = harness.Connection(server.port)
    for line in sys.argv[2:]:
        connection.send(line.encode() + b"\n")
        print(line, "->", connection.line().decode())
    time.sleep(0.6)  # a finding is one that lasts
    connection.send(b"STOP\n")
    server.process.wait(10)
finally:
    server.kill()
