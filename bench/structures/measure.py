#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Measures the structures: for each of them and each size, the variants in turn, ROUNDS times. Writes
# OUT/structures.json: for each variant and workload the time of an operation in every round.
import argparse
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import figures
from variants import VARIANTS

STRUCTURES = ["array", "hash_map", "red_black_tree", "b_tree", "radix_tree", "linked_list", "queue",
              "std_map", "std_unordered_map"]
PEER_STRUCTURES = ["array", "hash_map", "red_black_tree", "queue"]


def run(variant, arguments, structure, keys, threads, directory):
    """Nanoseconds of an operation by workload."""
    command, environment = variant.command(arguments.programs, "structures", directory)
    command += ["--structure", structure, "--keys", str(keys), "--threads", str(threads),
                "--benchmark_format=json", f"--benchmark_min_time={arguments.min_time}"]
    command += variant.options
    if variant.name == "volatile" and threads == 1:
        command += ["--append", os.path.join(directory.path, "append")]
    if arguments.filter:
        command.append("--benchmark_filter=" + arguments.filter)
    output, _ = figures.call(command, environment, timeout=600)
    times = {}
    for benchmark in json.loads(output)["benchmarks"]:
        workload = benchmark["name"].split("/", 2)[2].replace("/real_time", "").split("/threads")[0]
        times[workload] = benchmark["real_time"]
    return times


def measure(arguments, structure, keys, threads, results, directory):
    variants = [variant for variant in VARIANTS
                if (not arguments.variants or variant.name in arguments.variants)
                and threads in variant.threads
                and (not variant.peer or structure in PEER_STRUCTURES)
                and os.path.exists(variant.command(arguments.programs, "structures", directory)[0][0])]
    for _ in range(arguments.rounds):
        for variant in variants:
            times = run(variant, arguments, structure, keys, threads, directory)
            for workload, time in times.items():
                key = f"{structure}/{keys}/{threads}/{workload}"
                results.setdefault(key, {}).setdefault(variant.name, []).append(round(time, 2))


def main():
    parser = argparse.ArgumentParser(description="Measures the data structures.")
    parser.add_argument("--programs", required=True, help="directory of the programs")
    parser.add_argument("--out", required=True, help="directory of the results")
    parser.add_argument("--structures", nargs="*", default=STRUCTURES)
    parser.add_argument("--variants", nargs="*", default=[])
    parser.add_argument("--keys", nargs="*", type=int, default=[10_000, 1_000_000])
    parser.add_argument("--threads", nargs="*", type=int, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--min-time", type=float, default=0.1, help="seconds of a benchmark")
    parser.add_argument("--filter", default="", help="workloads, as Google Benchmark's filter")
    parser.add_argument("--merge", action="store_true", help="add rounds to those of the file")
    parser.add_argument("--name", default="structures", help="of the file in OUT")
    arguments = parser.parse_args()
    results = figures.load(arguments.out, arguments.name) if arguments.merge else {}
    with figures.Directory("/dev/shm") as directory:
        for structure in arguments.structures:
            for keys in arguments.keys:
                for threads in arguments.threads if structure != "array" else [1]:
                    measure(arguments, structure, keys, threads, results, directory)
                    figures.save(results, arguments.out, arguments.name)
    for key, variants in results.items():
        print(key, {name: figures.median(times) for name, times in variants.items()})


main()
