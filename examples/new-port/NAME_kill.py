# SPDX-License-Identifier: Apache-2.0
#
# Kills @NAME@ again and again under load; key_value_kill.py says what must hold. Here is how the
# program is started and spoken to.
import os
import sys

sys.path.insert(0, @KILL_TESTS@)
import key_value_kill  # noqa: E402
from harness import Failure, Server  # noqa: E402


class Program:
    """TODO: these three functions."""

    def start(self, options, pool):
        """Starts the server on a free port, which it prints as "listening on 127.0.0.1:PORT"."""
        return Server([options.server, "0"], pool)

    def put(self, connection, key, value):
        """Sets KEY to VALUE, both bytes without blanks, and returns when that is acknowledged."""
        connection.send(b"PUT %s %s\n" % (key, value))
        if (reply := connection.line()) != b"OK":
            raise Failure(f"reply {reply!r} to a put")

    def get(self, connection, key):
        """The value of KEY, or None."""
        connection.send(b"GET %s\n" % key)
        return None if (reply := connection.line()) == b"NONE" else reply


if __name__ == "__main__":
    sys.exit(key_value_kill.main(Program(), "Kills @NAME@ under load."))
