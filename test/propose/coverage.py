# SPDX-License-Identifier: Apache-2.0
#
# How much of a finished port file a draft by perdure propose names: each entry counts as proposed (it
# stands under the same key), as named (it stands there commented out), or as missing. Prints a line
# a key; --missing lists the rest. Exit code 1 if less is proposed or named than demanded.
#
#   coverage.py DRAFT PORT [--proposed PERCENT] [--named PERCENT] [--missing]
import argparse
import re
import sys

# Entries under these say how strongly the same thing is recorded: another class of it is no miss.
SAME_KEY = {"relaxed_globals": "persistent_globals", "transient_globals": "persistent_globals"}
KEYS = {"program", "heap", "threads", "strict", "recovery"}  # no symbols in a draft


def plain(reference):
    """Without the file, which may be left out."""
    name = reference.strip().strip('"')
    name = re.sub(r"^\{function: ([^,}]+).*", r"\1", name)
    return re.sub(r"^[^:]*\.(?:c|cc|cpp|h):(?!:)", "", name)


def entries(path):
    """(key, name, whether it is commented out) of each entry, in the subset of YAML port files use."""
    top = inner = None
    for line in open(path, encoding="utf-8"):
        commented = bool(re.match(r"\s*# (- |[\w.:]+: \S+ +#)", line))
        text = re.sub(r"^(\s*)# ", r"\1", line) if commented else line
        text = re.sub(r"(^|\s)#.*", "", text).rstrip()
        if not text:
            continue
        if match := re.match(r"(\w+):\s*(.*)", text):
            top, inner, rest = match[1], None, match[2]
        elif match := re.match(r"  (\w+):\s*(\[.*\])?$", text):
            inner, rest = match[1], match[2] or ""
        elif match := re.match(r"\s+- (.*)", text):
            yield inner or top, plain(match[1]), commented
            continue
        elif match := re.match(r'  "?([\w.:*]+)"?: (\S.*)', text):
            yield top, plain(match[1]), commented
            continue
        else:
            continue
        if rest.startswith("["):
            for item in re.findall(r"\{[^}]*\}|[^,\[\]]+", rest):
                yield inner or top, plain(item), commented


def compare(draft, port):
    """Per key: entries of the port file with what the draft makes of them."""
    proposed, named = set(), set()
    for key, name, commented in entries(draft):
        (named if commented else proposed).add((key, name))
    verdicts = {}
    for key, name, _ in entries(port):
        if key in KEYS:
            continue
        asked = SAME_KEY.get(key, key)
        # A whole variable names its fields, and several of its fields name it.
        forms = {(asked, name), (asked, name.split(".")[0])}
        fields = {entry for entry in proposed if entry[0] == asked
                  and entry[1].startswith(name + ".")}
        verdict = "missing"
        if forms & proposed or fields:
            verdict = "proposed"
        elif forms & named:
            verdict = "named"
        verdicts.setdefault(key, []).append((name, verdict))
    return verdicts


def main():
    parser = argparse.ArgumentParser(description="How much of PORT does DRAFT name?")
    parser.add_argument("draft")
    parser.add_argument("port")
    parser.add_argument("--proposed", type=int, default=0, help="percent that must be proposed")
    parser.add_argument("--named", type=int, default=0, help="percent that must be named at least")
    parser.add_argument("--missing", action="store_true", help="list what the draft does not name")
    options = parser.parse_args()
    verdicts = compare(options.draft, options.port)
    total = proposed = named = 0
    for key, found in verdicts.items():
        count = [sum(verdict == kind for _, verdict in found) for kind in ("proposed", "named")]
        print(f"{key:20} {len(found):3} entries, {count[0]:3} proposed, {count[1]:3} commented out")
        total, proposed, named = total + len(found), proposed + count[0], named + sum(count)
        if options.missing:
            for name, verdict in found:
                if verdict != "proposed":
                    print(f"    {verdict}: {name}")
    print(f"{'all':20} {total:3} entries, {proposed:3} proposed, {named - proposed:3} commented out")
    if 100 * proposed < options.proposed * total or 100 * named < options.named * total:
        print(f"coverage.py: {options.proposed} % proposed and {options.named} % named were expected",
              file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
