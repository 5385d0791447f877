# SPDX-License-Identifier: Apache-2.0
#
# acknowledged.py PORT PROCESS: counts up in database 1, pipelined, in transactions that also push to
# a list; kills PROCESS in the middle of it, and prints how many were acknowledged and sent.
import os
import signal
import socket
import sys
import threading

TRANSACTION = b"MULTI\r\nINCR counter\r\nRPUSH list x\r\nEXEC\r\n"
REPLY = b"+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n"  # then the two results
BATCH = 50
SECONDS = 2

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
stream = connection.makefile("rb")
connection.sendall(b"SELECT 1\r\n")
stream.readline()
acknowledged = sent = 0
threading.Timer(SECONDS, os.kill, (int(sys.argv[2]), signal.SIGKILL)).start()
try:
    while True:
        sent += BATCH
        connection.sendall(TRANSACTION * BATCH)
        for _ in range(BATCH):
            if stream.read(len(REPLY)) != REPLY or not stream.readline().endswith(b"\n"):
                raise ConnectionError
            if not stream.readline().endswith(b"\n"):
                raise ConnectionError
            acknowledged += 1
except ConnectionError:
    pass
print(f"acknowledged {acknowledged}, sent {sent}")
