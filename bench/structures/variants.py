# SPDX-License-Identifier: Apache-2.0
#
# The variants of the structures' benchmark: which program, with what environment and options.
import os

ASYNC_MS = 100


class Variant:
    def __init__(self, name, program, pool=None, options=(), peer=False, threads=(1, 2), **environment):
        self.name, self.program, self.pool, self.options = name, program, pool, list(options)
        self.peer, self.threads, self.environment = peer, threads, environment

    def command(self, programs, purpose, directory):
        """Command line and environment; the pool is new."""
        environment = dict(os.environ, **self.environment)
        environment.pop("PERDURE_POOL", None)
        command = [os.path.join(programs, f"{purpose}_{self.program}")]
        if self.pool:
            environment["PERDURE_POOL"] = directory.fresh("pool") + self.pool
        if self.peer:
            command += ["--peer-pool", directory.fresh("peer")]
        return command, environment


PMEM = ",size=16G,emulate_pmem"
VARIANTS = [
    # The same sources, compiled by plain clang.
    Variant("volatile", "plain"),
    # One mutator: each transaction is durable when it returns. One thread only.
    Variant("durable", "single", pool=PMEM, threads=(1,)),
    # Many mutators: each waits after its update until the epoch is durable.
    Variant("durable_many", "many", pool=PMEM, options=["--sync"]),
    # Many mutators: epochs become durable behind them.
    Variant("async", "many", pool=PMEM + f",durability=async={ASYNC_MS}"),
    # The same, with epochs thrown away: hooks, units and cuts alone.
    Variant("nothing_logged", "many", pool=PMEM + f",durability=async={ASYNC_MS}",
            PERDURE_DISCARD_EPOCHS="1"),
    # Ported, but no pool is opened: hooks that find nothing to note.
    Variant("no_pool", "many"),
    # Pointers are stored as they are, so the pool's address must not change.
    Variant("libpmemobj", "pmemobj", peer=True, threads=(1, 2), PMEM_IS_PMEM_FORCE="1",
            PMEM_MMAP_HINT="0x300000000000"),
]
