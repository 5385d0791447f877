# SPDX-License-Identifier: Apache-2.0
#
# What the measuring scripts share: programs that must not fail, medians of paired runs, results as JSON, a private directory on
# tmpfs or on disk for pools.
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile


def call(command, environment, timeout, expected=0):
    """Runs it and returns what it wrote to its two outputs; ends this process if it fails."""
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=timeout, check=False)
    if done.returncode != expected:
        sys.exit(f"bench: {' '.join(command)}: {(done.stderr or done.stdout).decode()[-500:]}")
    return done.stdout.decode(), done.stderr.decode()


def median(values):
    return statistics.median(values)


def ratios(values, base):
    """Ratios of runs measured in turn, each to its neighbour of the same round."""
    return [value / other for value, other in zip(values, base) if other]


def spread(values):
    return min(values), max(values)


class Directory:
    """A directory for pools, removed at the end."""

    def __init__(self, parent):
        self.path = tempfile.mkdtemp(prefix="perdure-bench.", dir=parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def fresh(self, name):
        """PATH/NAME, without what a run before left there."""
        path = os.path.join(self.path, name)
        if os.path.isdir(path):
            shutil.rmtree(path)
        elif os.path.exists(path):
            os.unlink(path)
        return path


def save(results, out, name):
    os.makedirs(out, exist_ok=True)
    path = os.path.join(out, name + ".json")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
    os.replace(path + ".new", path)


def load(out, name):
    path = os.path.join(out, name + ".json")
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)
