#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Writes the tables of the results in OUT into docs/benchmarks.md, between the markers
#   <!-- bench NAME begin --> and <!-- bench NAME end -->
# and the plots beside it. What stands outside of markers is left alone.
import argparse
import os
import re

import figures
import plot


def ns(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}"


def structures(results):
    """Median ns of an operation, and each variant's ratio to its peer of the same round."""
    names = ["volatile", "no_pool", "nothing_logged", "async", "durable", "durable_many", "libpmemobj"]
    lines = ["| structure/keys/threads/workload | " + " | ".join(names) + " |",
             "|---|" + "---|" * len(names)]
    for key, variants in results.items():
        if key.endswith("overwrite_append"):
            continue
        cells = []
        for name in names:
            if name not in variants:
                cells.append("")
                continue
            cell = ns(figures.median(variants[name]))
            if name != "volatile" and "volatile" in variants:
                cell += f" ({figures.median(figures.ratios(variants[name], variants['volatile'])):.2f})"
            cells.append(cell)
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


def ycsb(results):
    names = ["volatile", "perdure", "lmdb", "rocksdb", "sqlite"]
    lines = ["| workload/bytes/threads/durability | " + " | ".join(names) + " | perdure to the best |",
             "|---|" + "---|" * (len(names) + 1)]
    for key, stores in sorted(results.items()):
        medians = {name: figures.median(rates) for name, rates in stores.items()}
        peers = [medians[name] for name in names[2:] if name in medians]
        cells = [f"{medians[name]:.0f}" if name in medians else "" for name in names]
        ratio = f"{medians['perdure'] / max(peers):.2f}" if peers and "perdure" in medians else ""
        lines.append(f"| {key} | " + " | ".join(cells) + f" | {ratio} |")
    return lines


def costs(results):
    lines = ["| what | measured |", "|---|---|"]
    for name, value in results.items():
        if name == "compile":
            continue
        if name == "recovery":
            value = {key: figures.median(values) for key, values in value.items()}
        if isinstance(value, dict):
            text = ", ".join(f"{key} {item:.4g}" for key, item in value.items())
        else:
            text = f"{value:.3g}"
        lines.append(f"| {name.replace('_', ' ')} | {text} |")
    if "compile" not in results:
        return lines
    lines += ["", "| unit | compile time, ratio | code size, ratio |", "|---|---|---|"]
    for unit, value in results["compile"].items():
        seconds, size = value["seconds"], value["text_bytes"]
        time = figures.median(figures.ratios(seconds["ported"], seconds["plain"]))
        lines.append(f"| {unit} | {time:.2f} | {size['ported'] / size['plain']:.2f} |")
    return lines


def put(text, name, lines):
    begin, end = f"<!-- bench {name} begin -->", f"<!-- bench {name} end -->"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.S)
    if not pattern.search(text):
        raise SystemExit(f"bench: the document has no marker '{begin}'")
    return pattern.sub(lambda _: begin + "\n" + "\n".join(lines) + "\n" + end, text)


def main():
    parser = argparse.ArgumentParser(description="Writes tables and plots of results into the docs.")
    parser.add_argument("--out", required=True, help="directory of the results")
    parser.add_argument("--document", required=True)
    arguments = parser.parse_args()
    with open(arguments.document, encoding="utf-8") as file:
        text = file.read()
    for name, table in (("structures", structures), ("ycsb", ycsb), ("costs", costs)):
        results = figures.load(arguments.out, name)
        if not results:
            continue
        text = put(text, name, table(results))
        if name == "structures":
            plot.structures(results, os.path.join(os.path.dirname(arguments.document), "benchmarks"))
    with open(arguments.document, "w", encoding="utf-8") as file:
        file.write(text)


main()
