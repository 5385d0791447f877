# SPDX-License-Identifier: Apache-2.0
#
# Bar charts as SVG, without a library: for each structure the variants' time of an operation, on a
# logarithmic scale.
import math
import os

import figures

COLOURS = {"volatile": "#888888", "no_pool": "#9ecae1", "nothing_logged": "#6baed6",
           "async": "#3182bd", "durable": "#08519c", "durable_many": "#54278f",
           "libpmemobj": "#d95f0e"}
WIDTH, BAR, GAP, LEFT, TOP = 760, 12, 10, 190, 40


def bars(title, groups, path):
    """GROUPS: (label, {variant: ns}) one below the other."""
    values = [value for _, group in groups for value in group.values()]
    low, high = math.log10(min(values) / 2), math.log10(max(values) * 2)
    height = TOP + sum(len(group) * BAR + GAP for _, group in groups) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           'font-family="sans-serif" font-size="11">',
           f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
           f'<text x="10" y="20" font-size="14">{title}</text>']
    y = TOP
    for label, group in groups:
        out.append(f'<text x="10" y="{y + BAR - 2}">{label}</text>')
        for variant, value in group.items():
            width = (math.log10(value) - low) / (high - low) * (WIDTH - LEFT - 190)
            out.append(f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR - 1}" '
                       f'fill="{COLOURS[variant]}"/>')
            out.append(f'<text x="{LEFT + width + 4:.1f}" y="{y + BAR - 2}">{variant} {value:.0f} ns'
                       '</text>')
            y += BAR
        y += GAP
    out.append("</svg>")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")


def structures(results, directory):
    os.makedirs(directory, exist_ok=True)
    for workload in ("update/100", "overwrite"):
        groups = [(key.rsplit(f"/1/{workload}", 1)[0],
                   {name: figures.median(times) for name, times in variants.items()})
                  for key, variants in results.items() if key.endswith(f"/1/{workload}")]
        if groups:
            name = workload.replace("/", "_") + ".svg"
            bars(f"{workload}, 1 thread: time of an operation (logarithmic)", groups,
                 os.path.join(directory, name))
