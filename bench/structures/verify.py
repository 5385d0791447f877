#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Holds the structures of every variant against a model; what is durable is compared again by a
# second process, and its pool looked through by `perdure check`.
import argparse
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import figures
from variants import VARIANTS


def call(command, environment):
    figures.call(command, environment, timeout=300)


def is_durable(variant):
    return variant.peer or variant.pool and "PERDURE_DISCARD_EPOCHS" not in variant.environment


def main():
    parser = argparse.ArgumentParser(description="Verifies the data structures.")
    parser.add_argument("--programs", required=True, help="directory of the programs")
    parser.add_argument("--perdure", required=True, help="the perdure command")
    parser.add_argument("--operations", type=int, default=20_000, help="on each structure")
    arguments = parser.parse_args()
    verified = []
    with figures.Directory("/dev/shm") as directory:
        for variant in VARIANTS:
            command, environment = variant.command(arguments.programs, "verify", directory)
            if not os.path.exists(command[0]):
                continue
            command += ["--operations", str(arguments.operations)]
            call(command, environment)
            if is_durable(variant):
                call(command + ["--recovered"], environment)
            if "PERDURE_POOL" in environment:
                call([arguments.perdure, "check", environment["PERDURE_POOL"].split(",")[0]], environment)
            verified.append(variant.name)
    print("verified: " + ", ".join(verified))


main()
