#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Measures what durability costs beside an operation's own time, and writes OUT/costs.json. All pools
# but those of the latency on a file are emulated persistent memory on tmpfs.
import argparse
import json
import os
import re
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import figures

STORES_IN_LOOP = 1000  # of store_loop.c
KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


class Costs:
    def __init__(self, arguments, memory, disk):
        self.arguments, self.memory, self.disk = arguments, memory, disk

    def call(self, command, pool=None, killed=False, **environment):
        """Standard output and standard error."""
        full = dict(os.environ, **environment)
        full.pop("PERDURE_POOL", None)
        if pool:
            full["PERDURE_POOL"] = pool
        program = os.path.join(self.arguments.programs, command[0])
        return figures.call([program] + command[1:], full, timeout=1200, expected=-9 if killed else 0)

    def new_pool(self, options="", directory=None):
        return (directory or self.memory).fresh("pool") + ",size=32G" + options

    def instructions(self):
        """Instructions that a hooked store executes beside itself."""
        counted = [int(self.call(["count_instructions",
                                  os.path.join(self.arguments.programs, "store_loop_" + build)],
                                 pool=self.new_pool(",emulate_pmem"))[0])
                   for build in ("plain", "ported")]
        return (counted[1] - counted[0]) / STORES_IN_LOOP

    def latency(self, program, options, *flags, directory=None):
        pool = self.new_pool(options, directory)
        return json.loads(self.call([program, "latency", "--seconds", str(self.arguments.seconds),
                                     *flags], pool=pool)[0])

    def log_volume(self, *flags):
        """Bytes cut for the log for each byte of a value, cuts every millisecond, two threads."""
        def logged(seconds):
            out, error = self.call(
                ["costs_many", "load", "--threads", "2", "--seconds", str(seconds), "--records",
                 str(self.arguments.records), *flags],
                pool=self.new_pool(",emulate_pmem,durability=async=1"), PERDURE_STATS="1")
            return (int(re.search(r"(\d+) bytes cut", error)[1]), json.loads(out)["user_bytes"])
        base, _ = logged(0)
        total, user = logged(self.arguments.seconds)
        return (total - base) / user

    def open_ms(self, pool):
        begun = time.monotonic()
        self.call(["costs_many", "open"], pool=pool)
        return (time.monotonic() - begun) * 1000

    def open_time(self, mebibytes):
        """Milliseconds of a process that opens a pool with that much in it, closed in order."""
        pool = self.new_pool(",emulate_pmem")
        self.call(["costs_many", "fill", "--value-size", str(KIB), "--records", str(mebibytes * KIB)],
                  pool=pool)
        return figures.median([self.open_ms(pool) for _ in range(5)])

    def recovery(self):
        """Bytes of log replayed in a second."""
        log = self.arguments.log_mebibytes
        times = []
        for _ in range(self.arguments.rounds):
            pool = self.new_pool(f",emulate_pmem,log_size={4 * log}M,durability=async=10")
            self.call(["costs_many", "leave-log", "--value-size", str(KIB), "--mebibytes", str(log),
                       "--records", str(min(log * KIB, self.arguments.records))], pool=pool,
                      killed=True)
            out, _ = self.call([os.path.abspath(self.arguments.perdure), "info", "--json",
                                pool.split(",")[0]])
            info = json.loads(out)
            times.append((self.open_ms(pool), self.open_ms(pool), info))
        bytes_of = [info["log_used"] for _, _, info in times]
        return {"log_bytes": bytes_of, "open_ms": [t[0] for t in times],
                "open_again_ms": [t[1] for t in times],
                "gb_per_second": [size / 1e6 / (first - again) for size, (first, again, _)
                                  in zip(bytes_of, times)]}

    def sustained(self):
        pool = self.memory.fresh("pool") + ",size=4G,emulate_pmem,durability=async=100"
        records = 3 * MIB if self.arguments.sustained >= 30 else 100 * KIB
        run = json.loads(self.call(
            ["costs_many", "load", "--threads", "2", "--value-size", str(KIB), "--records",
             str(records), "--uniform", "--seconds", str(self.arguments.sustained)], pool=pool)[0])
        run["log_file_bytes"] = os.stat(os.path.join(pool.split(",")[0], "log")).st_size
        return run

    def compile_costs(self):
        """Processor time and code size of ported units beside plain clang's, by file."""
        root, result = self.arguments.root, {}
        port = ["--perdure-port=" + os.path.join(root, "bench/many.port.yaml")]
        structures = os.path.join(root, "bench/structures")
        kv = os.path.join(root, "examples/kv")
        units = {os.path.join(structures, name): port for name in
                 ("hash_map.c", "red_black_tree.c", "b_tree_map.c", "radix_tree.c")}
        units.update({os.path.join(kv, name): [] for name in ("table.c", "lru.c", "store.c", "protocol.c")})
        common = ["-O2", "-std=c11", "-D_GNU_SOURCE", "-I" + os.path.join(root, "runtime/include"), "-c"]
        compilers = {"plain": [self.arguments.clang], "ported": [os.path.abspath(self.arguments.perdure) + "-clang"]}
        for source, options in units.items():
            times = {"plain": [], "ported": []}
            sizes = {}
            for _ in range(self.arguments.rounds):
                for build, compiler in compilers.items():
                    result_file = os.path.join(self.memory.path, build + ".o")
                    before = os.times()
                    self.call(compiler + common + (options if build == "ported" else []) +
                              [source, "-o", result_file])
                    after = os.times()
                    times[build].append(after.children_user + after.children_system -
                                        before.children_user - before.children_system)
                    out, _ = self.call(["/usr/bin/size", result_file])
                    sizes[build] = int(out.split("\n")[1].split()[0])
            result[os.path.relpath(source, root)] = {"seconds": times, "text_bytes": sizes}
        return result


def main():
    parser = argparse.ArgumentParser(description="Measures the costs of durability.")
    parser.add_argument("--programs", required=True, help="directory of the programs")
    parser.add_argument("--perdure", required=True, help="the perdure command; the driver beside it")
    parser.add_argument("--clang", default="clang-19", help="the plain compiler")
    parser.add_argument("--root", required=True, help="the repository")
    parser.add_argument("--out", required=True, help="directory of the results")
    parser.add_argument("--pools", required=True, help="directory on disk")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--sustained", type=float, default=300, help="seconds")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--log-mebibytes", type=int, default=512)
    parser.add_argument("--open-mebibytes", nargs="*", type=int, default=[64, 1024, 4096])
    parser.add_argument("--only", nargs="*", default=[], help="parts; the others stay as the file has them")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.seconds = arguments.sustained = 0.2
        arguments.records, arguments.rounds = 2000, 1
        arguments.log_mebibytes, arguments.open_mebibytes = 4, [1]
    arguments.clang, arguments.perdure = map(shutil.which, (arguments.clang, arguments.perdure))
    with figures.Directory("/dev/shm") as memory, figures.Directory(arguments.pools) as disk:
        costs = Costs(arguments, memory, disk)
        parts = {
            "instructions_per_hooked_store": costs.instructions,
            "latency_pmem_single": lambda: costs.latency("costs_single", ",emulate_pmem"),
            "latency_pmem_many": lambda: costs.latency("costs_many", ",emulate_pmem", "--sync"),
            "latency_file_many": lambda: costs.latency("costs_many", "", "--sync", directory=disk),
            "log_bytes_per_user_byte_zipfian": costs.log_volume,
            "log_bytes_per_user_byte_uniform": lambda: costs.log_volume("--uniform"),
            "open_ms": lambda: {str(size): costs.open_time(size) for size in arguments.open_mebibytes},
            "recovery": costs.recovery,
            "sustained": costs.sustained,
            "compile": costs.compile_costs,
        }
        results = figures.load(arguments.out, "costs") if arguments.only else {}
        for name, part in parts.items():
            if not arguments.only or name in arguments.only:
                begun = time.monotonic()
                results[name] = part()
                figures.save(results, arguments.out, "costs")
                print(f"{name} ({time.monotonic() - begun:.1f} s)", json.dumps(results[name]), flush=True)


main()
