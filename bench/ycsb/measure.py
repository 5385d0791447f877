#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Measures the stores with YCSB: for each size of records and kind of durability the stores in turn,
# ROUNDS times. Writes OUT/ycsb.json: operations per second of every round. With --quick it measures
# little, and instead has every record verified, by a second process too.
import argparse
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import figures

ASYNC_MS = 100
STORES = {"perdure": "ycsb_perdure", "volatile": "ycsb_plain", "lmdb": "ycsb_peers",
          "rocksdb": "ycsb_peers", "sqlite": "ycsb_peers"}


def command_of(arguments, store, directory, unsynced, value_size):
    environment = dict(os.environ)
    environment.pop("PERDURE_POOL", None)
    if store == "perdure":
        environment["PERDURE_POOL"] = os.path.join(directory.path, "pool") + ",size=32G" + (
            f",durability=async={ASYNC_MS}" if unsynced else "")
    command = [os.path.join(arguments.programs, STORES[store]), "--store", store,
               "--path", os.path.join(directory.path, "store"), "--records", str(arguments.records),
               "--value-size", str(value_size)]
    return command + (["--unsynced"] if unsynced else []), environment


def call(command, environment):
    return figures.call(command, environment, timeout=900)[0]


def run(arguments, store, unsynced, value_size):
    with figures.Directory(arguments.pools) as directory:
        command, environment = command_of(arguments, store, directory, unsynced, value_size)
        expect = ["--expect", os.path.join(directory.path, "versions")] if arguments.quick else []
        measured = json.loads(call(
            command + expect + ["--workloads", arguments.workloads, "--seconds", str(arguments.seconds),
                                "--threads", ",".join(map(str, arguments.threads))], environment))
        if arguments.quick and store != "volatile":
            call(command + expect + ["--recovered"], environment)
        return measured


def built_with(arguments, store):
    program = os.path.join(arguments.programs, STORES[store])
    done = subprocess.run([program, "--list"], stdout=subprocess.PIPE, check=False)
    return store in done.stdout.decode().split()


def main():
    parser = argparse.ArgumentParser(description="Measures stores with YCSB.")
    parser.add_argument("--programs", required=True, help="directory of the programs")
    parser.add_argument("--out", required=True, help="directory of the results")
    parser.add_argument("--pools", required=True, help="directory on the file system to measure")
    parser.add_argument("--stores", nargs="*", default=list(STORES))
    parser.add_argument("--workloads", default="ABCFDE")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--value-sizes", nargs="*", type=int, default=[100, 1024])
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 4, 16])
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--merge", action="store_true", help="add rounds to those of the file")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.records, arguments.seconds, arguments.rounds = 2000, 0.05, 1
        arguments.value_sizes, arguments.threads = [100], [4]
    stores = [store for store in arguments.stores if built_with(arguments, store)]
    results = figures.load(arguments.out, "ycsb") if arguments.merge else {}
    for value_size in arguments.value_sizes:
        for unsynced in [False, True]:
            for _ in range(arguments.rounds):
                for store in stores:
                    for one in run(arguments, store, unsynced, value_size):
                        key = "/".join(map(str, [one["workload"], value_size, one["threads"],
                                                 "unsynced" if unsynced else "synced"]))
                        results.setdefault(key, {}).setdefault(store, []).append(
                            one["ops_per_second"])
                    figures.save(results, arguments.out, "ycsb")
    for key, rates in sorted(results.items()):
        print(key, {store: round(figures.median(values)) for store, values in rates.items()})


main()
