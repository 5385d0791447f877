#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Resources that run out: the program of sweep.py under RLIMIT_FSIZE, RLIMIT_NOFILE and RLIMIT_AS,
# and on a small file system (tmpfs; ext4 where a loop device can be had), by the same judge. In
# phases create and recovery the limit holds from the start; in the others it is set before one step
# (limit.c). A case is DOMAIN/RESOURCE:WHAT:PHASE/STEP/VALUE. What must hold beyond the demands of
# sweep.py:
#  - what the program says names the resource;
#  - every resource has an effect in every phase listed;
#  - a disk that others fill is met only where image or log grow: all else was reserved.
import os
import random
import shutil
import subprocess
import sys

from sweep import STEPS, Case, Failure, Sweep, main

HEAP = 16 << 30  # where the heap begins in the image
LOG = (128 << 10) + 4096
MIB = 1 << 20
GROW_LOG = 40  # workload.c
STEPS_OF = {"run": 20, "grow_image": 1, "grow_log": 1}  # of a phase, before which a limit is set

SAID = {
    "fsize": ["(ulimit -f)"],
    "nofile": ["(ulimit -n)"],
    "as": ["out of memory", "(ulimit -v", "Cannot allocate memory", "cannot start a thread"],
    "space": ["No space left on device", "lacks disk space"],
}

# The file system lives as long as the command: nothing to unmount. What is left of the pool is
# copied out, since a later run needs a healthy device.
ON_DISK = """
pool=$1/pool; base=$2; out=$3; shift 3
{ mkdir -p "$pool/.." && %s; } >&2 || exit 90
[ ! -d "$base" ] || cp -r --sparse=always "$base" "$pool" >/dev/null 2>&1 || exit 91
timeout -s KILL 25 "$@"
status=$?
[ ! -d "$pool" ] || cp -r --sparse=always "$pool" "$out" >&2
exit $status
"""
TMPFS = 'mount -t tmpfs -o size="$FAULT_SPACE" none "${pool%/pool}"'
EXT4 = ('truncate -s "$FAULT_SPACE" "$out.ext4" && mkfs.ext4 -q -F -m 0 "$out.ext4" 2>/dev/null && '
        'mount -o loop "$out.ext4" "${pool%/pool}" && rm "$out.ext4"')
MOUNT = {"tmpfs": TMPFS, "memory": TMPFS, "ext4": EXT4}
# Whose pools and whose spec: "memory" is emulated persistent memory on a tmpfs.
DOMAIN_OF = {"tmpfs": "direct", "memory": "pmem", "ext4": "direct"}


class LimitSweep(Sweep):
    def __init__(self, options):
        super().__init__(options)
        self.kinds_of = {}  # of the domains of sweep.py
        self.limits = {}  # domain -> kind -> values
        self.unshare = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]

    def first_phase(self, kind):
        # Space is reserved in the file: a copy of a pool has none.
        return "create" if kind.startswith("space:disk:grow") or kind == "space:disk:run" \
            else super().first_phase(kind)

    def spec(self, domain, pool):
        return super().spec(DOMAIN_OF.get(domain, domain), pool)

    def prepare(self, domain, kind, pool):
        if domain not in MOUNT:  # else the copy is made on the small disk
            super().prepare(domain, kind, pool)

    def survey(self, domain):
        real = DOMAIN_OF.get(domain, domain)
        if real not in self.kinds_of:
            self.kinds_of[real] = super().survey(real)
        if domain in MOUNT and not self.can_mount(domain):
            print(f"skipped: no {domain} can be mounted here")
            return {}
        self.limits[domain] = self.values(domain, random.Random(self.options.seed))
        return {kind: len(values) for kind, values in self.limits[domain].items()}

    def can_mount(self, domain):
        place = f"{self.work}/try"
        command = [*self.on_disk(domain, place, "", place), "true"]
        return subprocess.run(command, env=dict(os.environ, FAULT_SPACE=str(16 * MIB)),
                              capture_output=True).returncode == 0

    def on_disk(self, domain, place, base, out):
        return [*self.unshare, "sh", "-c", ON_DISK % MOUNT[domain], "sh", place, base, out]

    def address_space(self):
        """Bytes that the program needs with a pool: with fewer it is refused, or fails."""
        low, high = 1 << 40, 1 << 41
        while high - low > MIB // 4:
            middle = (low + high) // 2
            pool = f"{self.work}/as"
            shutil.rmtree(pool, ignore_errors=True)
            status, *_ = self.run("direct", pool, ["run", str(STEPS)],
                                  under=["prlimit", f"--as={middle}"])
            low, high = (low, middle) if status == 0 else (middle, high)
        return high

    def disk_used(self, domain):
        """Bytes that a copy of the pool takes."""
        pool = f"{self.work}/used"
        shutil.rmtree(pool, ignore_errors=True)
        super().prepare(domain, ":recovery", pool)
        return sum(os.stat(f"{pool}/{name}").st_blocks * 512 for name in os.listdir(pool))

    def values(self, domain, chooser):
        size = [0, 4096, LOG - 1, LOG, HEAP, HEAP + 4 * MIB - 1]
        more = 20 if self.options.long else 3
        grown = [HEAP + chooser.randrange(4 * MIB, 24 * MIB) for _ in range(more)]
        part = [chooser.randrange(LOG) for _ in range(more)]
        if domain in MOUNT:
            least = 2 * MIB if domain == "ext4" else 64 << 10  # for its own structures
            room = [least + chooser.randrange(40 * MIB) for _ in range(more)]
            room += [least + (256 << 10 << i) for i in range(6)]
            used = self.disk_used(DOMAIN_OF[domain])
            return {"space:disk:create": room,
                    "space:disk:recovery": [int(used * 1.05) + least + (value - least) // 4
                                            for value in room],
                    "space:disk:grow_image": [64 * MIB], "space:disk:grow_log": [64 * MIB],
                    "space:disk:run": [64 * MIB] * more}
        sizes = size + part + grown
        kinds = {"fsize:size:create": sizes, "fsize:size:recovery": sizes,
                 "fsize:size:run": [0, 4096, HEAP, *part],
                 "fsize:size:grow_image": [0, HEAP + 4 * MIB], "fsize:size:grow_log": [0, LOG]}
        if domain == "direct":
            kinds["nofile:descriptor:create"] = kinds["nofile:descriptor:recovery"] = range(4, 18)
            needed = self.address_space()
            spaces = [1 << 30, 1 << 40] + [needed - (chooser.randrange(256) << (i % 3 * 6 + 8))
                                           for i in range(4 * more)]
            kinds["as:memory:create"] = kinds["as:memory:recovery"] = spaces
        if domain == "pmem":
            kinds["nofile:descriptor:grow_log"] = [0]
        kinds["as:memory:run"] = [0, 4096, 1 * MIB][:more]
        kinds["as:memory:grow_image"] = kinds["as:memory:grow_log"] = [0, 100000, 5 * MIB]
        return kinds

    def cases(self, domain, kinds, chooser):
        chosen = []
        for kind, values in self.limits.get(domain, {}).items():
            last = STEPS_OF.get(kind.split(":")[2], 0)
            for value in values:
                step = chooser.randint(1, last) if last else 0
                chosen.append(Case(domain, kind, step, str(value)))
        return chosen

    def attempt(self, case, pool):
        resource, what, phase = case.kind.split(":")
        faults = {"FAULT_PHASE": self.first_phase(case.kind), "FAULT_SPACE": case.error}
        if case.at != 0:
            faults.update(FAULT_LIMIT=f"{resource}:{phase}={case.error}", FAULT_AT=str(case.at))
        under, place = [], pool
        if resource == "space":
            place = f"{pool}.disk/pool"
            base = "" if self.first_phase(case.kind) == "create" \
                else f"{self.work}/{DOMAIN_OF[case.domain]}.base"
            under = self.on_disk(case.domain, f"{pool}.disk", base, pool)
        elif case.at == 0:
            under = ["prlimit", f"--{resource}={case.error}"]
        self.prepare(case.domain, case.kind, pool)
        status, output, messages, acknowledged = self.run(
            case.domain, place, ["run", str(STEPS)], faults, under=under)
        if status in (90, 91):
            raise Failure(f"the file system cannot be made: {messages}")
        status = 128 - status if status > 128 else status  # a shell's for a signal
        if resource == "space" and case.at != 0 and status == 4 and acknowledged < GROW_LOG - 1:
            raise Failure(f"space that was reserved is gone after {acknowledged} steps: {messages}")
        return status, output, messages, acknowledged, status != 0 or messages != ""

    def judge(self, case, status, messages, fired):
        resource, what, phase = case.kind.split(":")
        if status == 0 and "was not closed in order" in messages:
            return True
        super().judge(case, status, messages, fired)
        if status in (1, 4) and not any(said in messages for said in SAID[resource]):
            raise Failure(f"it does not say what ran out: {messages}")
        if case.at != 0 and status == 1:
            raise Failure(f"refused after it was opened: {messages}")
        return fired


if __name__ == "__main__":
    main(LimitSweep, __doc__, "direct,buffered,pmem,tmpfs,memory,ext4")
