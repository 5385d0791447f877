#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# Fails the calls of a program with a pool one by one, and looks at what the program does and what a
# later run finds. First a run without a fault lists the kinds of calls (FUNCTION:FILE:PHASE, see
# inject.c) and how many there are of each. Then each case is one run with one fault, followed by a
# healthy one. What must hold:
#  - the later run finds exactly the state after some number of steps, not fewer than were
#    acknowledged on the socket or the pipe; `perdure check` finds nothing wrong with the pool;
#  - the program did not crash or hang: it went on, or was refused (1), or an allocation failed (3), or
#    the pool failed (4); in the last two cases nothing was acknowledged any more. Only where memory
#    runs out and nobody can be told may it end, and say so;
#  - it said so once: one line that starts with "perdure: ", none if it went on;
#  - it did not go on as if nothing had happened after a failed sync.
# Every kind of call must have failed at least once, and the kinds of REQUIRED must have been seen.
import argparse
import concurrent.futures
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
STEPS = 60
SECONDS_MAX = 30  # a case
MORE_RUNS = 12  # for a kind of call that no case met

ERRORS = {
    "pwrite": ["EIO", "ENOSPC", "short", "torn", "EINTR", "EDQUOT", "EFBIG"],
    "pread": ["EIO", "short", "EINTR"],
    "fdatasync": ["EIO", "ENOSPC", "EINTR", "EDQUOT"],
    "fsync": ["EIO", "ENOSPC", "EDQUOT"],
    "sync_file_range": ["EIO", "ENOSPC", "EINTR"],
    "fallocate": ["ENOSPC", "EIO", "EINTR", "EFBIG"],
    "posix_fallocate": ["ENOSPC", "EIO", "EFBIG"],
    "ftruncate": ["ENOSPC", "EIO", "EFBIG"],
    "open": ["EIO", "EMFILE", "EACCES"],
    "open_direct": ["EIO", "EMFILE"],
    "lock": ["EAGAIN", "EIO"],
    "mmap": ["ENOMEM"],
    "populate": ["ENOMEM", "EIO"],
    "malloc": ["ENOMEM"],
    "calloc": ["ENOMEM"],
    "aligned_alloc": ["ENOMEM"],
    "pthread_create": ["EAGAIN"],
    "epoll_create1": ["EMFILE"],
    "eventfd": ["EMFILE"],
    "pipe2": ["EMFILE"],
}
SYNCS = {"fdatasync", "fsync", "sync_file_range"}
# The device is gone: all later calls on the file fail too. Crash: the process dies before the call.
FROM_THEN_ON = {"pwrite", "fallocate", "ftruncate", "pread"} | SYNCS
IO = FROM_THEN_ON | {"posix_fallocate", "rename", "open", "mkdir", "symlink"}

REQUIRED = {
    "direct": ["pwrite:log:create", "fsync:parent:create", "pwrite:superblock:create",
               "pread:log:recovery", "pwrite:superblock:recovery", "populate:image:recovery",
               "pwrite:log:run", "fallocate:image:grow_image", "ftruncate:image:checkpoint",
               "pwrite:log:grow_log", "ftruncate:log:grow_log", "pwrite:superblock:grow_log",
               "pwrite:image:checkpoint", "sync_file_range:image:checkpoint",
               "fdatasync:image:checkpoint",
               "pwrite:superblock:checkpoint", "pwrite:superblock:close", "malloc:memory:run"],
    "buffered": ["fdatasync:log:run", "fdatasync:log:grow_log", "fdatasync:superblock:checkpoint",
                 "fdatasync:log:create", "fdatasync:superblock:recovery"],
    "pmem": ["posix_fallocate:log:grow_log", "mmap:log:recovery", "mmap:log:grow_log"],
    # The log is on another device: what fails there.
    "elsewhere": ["symlink:log:create", "pwrite:log:create", "pread:log:recovery", "pwrite:log:run",
                  "pwrite:log:grow_log"],
}


# The allocator's records are relaxed: exit commits them if the committer has not by then.
NOT_IN_EVERY_RUN = " malloc:memory:close"


class Case:
    def __init__(self, domain, kind, at, error, from_then_on=False):
        self.domain, self.kind, self.at = domain, kind, at
        self.error, self.from_then_on = error, from_then_on

    def __str__(self):
        return f"{self.domain}/{self.kind}/{self.at}/{self.error}{'+' if self.from_then_on else ''}"

    @staticmethod
    def parse(text):
        domain, kind, at, error = text.split("/")
        return Case(domain, kind, int(at), error.rstrip("+"), error.endswith("+"))


class Failure(Exception):
    pass


class Sweep:
    def __init__(self, options):
        self.options = options
        self.work = os.path.realpath(tempfile.mkdtemp(prefix="fault-", dir=options.directory))
        self.lock = threading.Lock()
        self.number = 0
        self.failed_kinds = {}  # kind -> times

    def spec(self, domain, pool):
        extra = {"pmem": ",emulate_pmem", "elsewhere": f",log={pool}.log"}.get(domain, "")
        return f"{pool},size=64M,log_size=128K{extra}"

    def run(self, domain, pool, arguments, faults=None, trace=None, under=()):
        """Runs the workload, by the command UNDER; returns exit status, its messages, the last steps
        acknowledged."""
        environment = dict(os.environ, PERDURE_POOL=self.spec(domain, pool))
        if faults is not None:
            environment.update(LD_PRELOAD=self.options.injector, FAULT_POOL=pool, **faults)
            if domain == "buffered":
                environment["FAULT_DIRECT"] = "0"
            if trace:
                environment["FAULT_TRACE"] = trace
        ours, theirs = socket.socketpair()
        read_end, write_end = os.pipe()
        command = [*under, self.options.program, *arguments, str(theirs.fileno()), str(write_end)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, pass_fds=(theirs.fileno(), write_end))
        theirs.close()
        os.close(write_end)
        try:
            output, messages = process.communicate(timeout=SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Failure(f"it did not end within {SECONDS_MAX} s")
        acknowledged = 0
        with ours, os.fdopen(read_end, "rb") as pipe:
            ours.setblocking(False)
            received = b""
            try:
                while part := ours.recv(65536):
                    received += part
            except (BlockingIOError, ConnectionResetError):
                pass
            received = received[:len(received) // 8 * 8] + pipe.read()
        for (step,) in struct.iter_unpack("q", received[:len(received) // 8 * 8]):
            acknowledged = max(acknowledged, step)
        return process.returncode, output.decode(), messages.decode(errors="replace"), acknowledged

    def first_phase(self, kind):
        return "create" if kind.endswith(":create") else "recovery"

    def prepare(self, domain, kind, pool):
        if self.first_phase(kind) == "recovery":
            base = f"{self.work}/{domain}.base"
            shutil.rmtree(pool, ignore_errors=True)
            subprocess.run(["cp", "-r", "--sparse=always", base, pool], check=True)
            if domain == "elsewhere":
                shutil.copy(f"{base}.log", f"{pool}.log")
                os.unlink(f"{pool}/log")
                os.symlink(f"{pool}.log", f"{pool}/log")

    def survey(self, domain):
        """Makes the pool that recovery starts from; returns the number of calls of each kind."""
        kinds = {}
        base = f"{self.work}/{domain}.base"
        for phase, arguments in (("create", ["crash", str(STEPS)]), ("recovery", ["run", str(STEPS)])):
            pool = f"{self.work}/{domain}.survey"
            trace = f"{self.work}/{domain}.{phase}.trace"
            if phase == "recovery":
                self.prepare(domain, "recovery", pool)
            status, output, messages, acknowledged = self.run(
                domain, pool, arguments, {"FAULT_PHASE": phase}, trace)
            expected = -9 if phase == "create" else 0
            if status != expected or messages:
                raise Failure(f"without a fault: exit status {status}: {messages}")
            if phase == "create":
                os.rename(pool, base)
                if domain == "elsewhere":
                    os.rename(f"{pool}.log", f"{base}.log")
            with open(trace) as lines:
                for line in lines:
                    kind = line.strip()
                    if phase == "recovery" or kind.endswith(":create"):
                        kinds[kind] = kinds.get(kind, 0) + 1
        for kind in REQUIRED[domain]:
            if kind not in kinds:
                raise Failure(f"the workload makes no call of kind {kind} ({domain})")
        if domain == "elsewhere":  # the rest is as in "direct"
            return {kind: kinds[kind] for kind in kinds if ":log:" in kind or ":parent:" in kind}
        return kinds

    def judge(self, case, status, messages, fired):
        lines = [line for line in messages.splitlines() if line]
        ours = [line for line in lines if line.startswith("perdure: ")]
        if not fired:
            if status != 0:
                raise Failure(f"no fault, yet exit status {status}: {messages}")
            return False
        if case.error == "kill":
            if status != -9:
                raise Failure(f"it was not killed: exit status {status}: {messages}")
            return True
        ended = case.kind.split(":")[1] == "memory" and status == -6 and "ends here" in messages
        if status not in (0, 1, 3, 4) and not ended:
            raise Failure(f"exit status {status}: {messages}")
        if len(lines) > len(ours):
            raise Failure(f"a message that is not perdure's: {messages}")
        if status in (1, 4) and len(ours) != 1:
            raise Failure(f"exit status {status} with {len(ours)} messages, not 1: {messages}")
        if status == 3 and len(ours) > 1:
            raise Failure(f"an allocation failed with more than one message: {messages}")
        if status == 0 and ours and not case.kind.endswith((":close", ":checkpoint")):
            raise Failure(f"it went on as if nothing had happened, yet said: {messages}")
        if status == 0 and not ours and case.kind.split(":")[0] in SYNCS and case.error != "EINTR":
            raise Failure("a sync failed and the program did not care")
        if len(ours) > 1:
            raise Failure(f"more than one message: {messages}")
        return True

    def attempt(self, case, pool):
        """Runs the program with the fault; returns what run() does, and whether the fault was met."""
        trace = pool + ".trace"
        self.prepare(case.domain, case.kind, pool)
        faults = {"FAULT_PHASE": self.first_phase(case.kind), "FAULT_KIND": case.kind,
                  "FAULT_AT": str(case.at), "FAULT_ERROR": case.error}
        if case.from_then_on:
            faults["FAULT_FROM"] = "1"
        result = self.run(case.domain, pool, ["run", str(STEPS)], faults, trace)
        with open(trace) as lines:
            return *result, "failed\n" in lines

    def try_case(self, case):
        with self.lock:
            self.number += 1
            pool = f"{self.work}/{self.number}"
        try:
            status, output, messages, acknowledged, fired = self.attempt(case, pool)
            if self.options.verbose:
                print(f"{case}: exit status {status}: {messages.strip()}", flush=True)
            fired = self.judge(case, status, messages, fired)
            if status == 5:
                raise Failure(output)
            self.check_survivor(case, pool, max(acknowledged, 0))
            if fired:
                with self.lock:
                    key = f"{case.domain} {case.kind}"
                    self.failed_kinds[key] = self.failed_kinds.get(key, 0) + 1
            return None
        except Failure as failure:
            return f"{case}: {failure}"
        finally:
            if not self.options.keep:
                shutil.rmtree(pool, ignore_errors=True)
                shutil.rmtree(pool + ".new", ignore_errors=True)
                for name in (pool + ".trace", pool + ".log"):
                    if os.path.exists(name):
                        os.unlink(name)

    def check_survivor(self, case, pool, acknowledged):
        base = STEPS if self.first_phase(case.kind) == "recovery" else 0
        acknowledged = max(acknowledged, base)
        status, output, messages, _ = self.run(case.domain, pool, ["check"])
        if acknowledged == 0 and "exists already; remove it if it belongs to no pool" in messages:
            os.unlink(f"{pool}.log")  # what a creator left on the other device
            status, output, messages, _ = self.run(case.domain, pool, ["check"])
        if status != 0 or messages:
            raise Failure(f"the later run: exit status {status}: {output}{messages}")
        steps = int(output)
        if not acknowledged <= steps <= base + STEPS + 3:
            raise Failure(f"{steps} steps were found, {acknowledged} had been acknowledged")
        tool = subprocess.run([self.options.perdure, "check", pool], capture_output=True, text=True)
        if tool.returncode != 0:
            raise Failure(f"perdure check: {tool.stdout}{tool.stderr}")

    def cases(self, domain, kinds, chooser):
        chosen = []
        for kind in sorted(kinds):
            function, count = kind.split(":")[0], kinds[kind]
            errors = ERRORS.get(function, ["EIO"])
            if self.options.long:
                numbers = range(1, count + 1)
                if count > self.options.calls_max:
                    numbers = sorted({1, count, *chooser.sample(numbers, self.options.calls_max)})
                chosen += [Case(domain, kind, at, error) for at in numbers for error in errors]
            else:
                numbers = {chooser.randint(1, count)}
                if function in IO or "memory" in kind:
                    numbers |= {1, count}
                numbers = sorted(numbers)
                chosen += [Case(domain, kind, at, chooser.choice(errors)) for at in numbers]
                numbers = numbers[-1:]
            if function in FROM_THEN_ON:
                chosen += [Case(domain, kind, at, "EIO", True) for at in numbers]
            if function in IO and (self.options.long or domain in ("direct", "elsewhere")):
                chosen += [Case(domain, kind, at, "kill") for at in numbers]
        return chosen

    def run_all(self):
        chooser = random.Random(self.options.seed)
        counts, cases = {}, []
        for domain in self.options.domains.split(","):
            kinds = self.survey(domain)
            counts.update({f"{domain} {kind}": kinds[kind] for kind in kinds})
            cases += self.cases(domain, kinds, chooser)
        if self.options.case:
            cases = [Case.parse(self.options.case)]
        elif self.options.filter:
            cases = [case for case in cases if self.options.filter in str(case)]
        chooser.shuffle(cases)
        deadline = time.monotonic() + self.options.seconds
        failures, tried = [], 0
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            skip = lambda case: "skipped" if time.monotonic() > deadline else self.try_case(case)
            for result in pool.map(skip, cases):
                tried += result != "skipped"
                if result and result != "skipped":
                    failures.append(result)
                    print(f"FAILED: {result}\n  again: {self.command(result)}", flush=True)
        partial = self.options.case or self.options.filter or tried < len(cases)
        never = [] if partial else self.met_in_no_run(counts, failures)
        if not partial:
            print(f"{'calls':>6} {'failed':>6}  domain function:file:phase")
            for kind in sorted(counts):
                print(f"{counts[kind]:6} {self.failed_kinds.get(kind, 0):6}  {kind}")
            for kind in never:
                failures.append(kind)
                print(f"FAILED: no call of kind {kind} was made to fail")
        faults = sum(self.failed_kinds.values())
        print(f"{tried} of {len(cases)} cases, {faults} faults of {len(self.failed_kinds)} kinds, "
              f"{len(failures)} failures, seed {self.options.seed}")
        return 1 if failures else 0

    def met_in_no_run(self, counts, failures):
        """Kinds of which no call was made to fail, after some more runs: in which phase a thread of the
        runtime makes a call is up to the machine."""
        never = sorted(kind for kind in set(counts) - set(self.failed_kinds)
                       if not kind.endswith(NOT_IN_EVERY_RUN))
        for key in never:
            domain, kind = key.split(" ")
            case = Case(domain, kind, 1, ERRORS.get(kind.split(":")[0], ["EIO"])[0])
            for _ in range(MORE_RUNS):
                failure = self.try_case(case)
                if failure:
                    failures.append(failure)
                    print(f"FAILED: {failure}\n  again: {self.command(failure)}", flush=True)
                if failure or key in self.failed_kinds:
                    break
        return [key for key in never if key not in self.failed_kinds]

    def command(self, result):
        return f"{sys.argv[0]} --case {result.split(': ')[0]}"


def main(sweep_type=Sweep, description=__doc__, domains="direct,buffered,pmem,elsewhere"):
    build = os.path.join(HERE, "..", "..", "build")
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--program", default=os.path.join(build, "fault", "workload"))
    parser.add_argument("--injector", default=os.path.join(build, "fault", "inject.so"))
    parser.add_argument("--perdure", default=os.path.join(build, "release", "bin", "perdure"))
    parser.add_argument("--directory", help="where the pools lie")
    parser.add_argument("--domains", default=domains)
    parser.add_argument("--long", action="store_true", help="all errors for all calls")
    parser.add_argument("--calls-max", type=int, default=30, help="of one kind, when --long")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--case", help="DOMAIN/KIND/N/ERROR[+]: this one only")
    parser.add_argument("--filter", help="cases that contain this only")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--keep", action="store_true", help="leave the pools")
    options = parser.parse_args()
    for name in ("program", "injector", "perdure"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    sweep = sweep_type(options)
    try:
        sys.exit(sweep.run_all())
    except Failure as failure:
        print(f"FAILED: {failure}")
        sys.exit(1)
    finally:
        if not options.keep:
            shutil.rmtree(sweep.work, ignore_errors=True)


if __name__ == "__main__":
    main()
