#!/usr/bin/env python3
"""Does a run leave secrets behind?  secrets.py BUILD_DIR

A run with known keys (berty-needles) is searched for them, as bytes, in
hexadecimal and in base64:

  log      at the level debug
  files    of the stores, with their logs, while the nodes run and afterwards
  core     what a core dump would hold, once the nodes are closed

None may be there.  What a core dump of running nodes holds is told, too: the
arena of long-lived keys is kept out of core dumps; what is under way is not.
"""
import base64
import os
import re
import subprocess
import sys
import tempfile

TEXT = b"The needle is in the haystack, said nobody."


def forms(needle):
    """The ways in which bytes may be written."""
    yield needle
    yield needle.hex().encode()
    yield needle.hex().upper().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        # At each of the three places within a group of four characters.
        for shift in range(3):
            text = encode(b"\0" * shift + needle)
            yield text[4 if shift else 0:len(text) // 4 * 4 - 4]


def found(haystack, needles):
    names = set()
    for name, needle in needles:
        if any(form in haystack for form in forms(needle)):
            names.add(name)
    return names


def memory(pid, core_only):
    """What a process wrote to its memory: all of it, or what a core holds."""
    regions, region = [], None
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as f:
        for line in f:
            head = re.match(r"([0-9a-f]+)-([0-9a-f]+) (....) \S+ \S+ (\d+)",
                            line)
            if head:
                wanted = head[4] == "0" or "w" in head[3]
                region = [int(head[1], 16), int(head[2], 16), wanted]
                regions.append(region)
            elif line.startswith("VmFlags:") and core_only:
                region[2] &= "dd" not in line.split()
    pieces = []
    # This reads also where the process itself may not at the moment.
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for start, end, wanted in regions:
            if not wanted:
                continue
            try:
                mem.seek(start)
                pieces += pages(mem.read(end - start))
            except (OSError, OverflowError, ValueError):
                continue
    return b"".join(pieces)


def pages(piece):
    """The pages that hold anything, a gap where some are left out."""
    for at in range(0, len(piece), 4096):
        page = piece[at:at + 4096]
        yield page if page.strip(b"\0") else b"\0"


def in_files(folder, needles):
    names = set()
    for base, _, files in os.walk(folder):
        for name in files:
            if name == "store.key":
                continue
            with open(os.path.join(base, name), "rb") as f:
                names |= {f"{n} in {name}" for n in found(f.read(), needles)}
    return names


def snapshot(folder):
    """Files as they are now, for needles that are known later."""
    kept = []
    for base, _, files in os.walk(folder):
        for name in files:
            if name != "store.key":
                with open(os.path.join(base, name), "rb") as f:
                    kept.append((name, f.read()))
    return kept


class Check:
    passed = failed = 0

    def none(self, where, names):
        print(f"{'ok  ' if not names else 'FAIL'} {where}: "
              f"{', '.join(sorted(names)) or 'nothing'}")
        if names:
            self.failed += 1
        else:
            self.passed += 1


def list_needles(program, folder):
    out = subprocess.run([program, "list", folder], check=True,
                         capture_output=True, text=True).stdout
    needles = [(line.split()[0], bytes.fromhex(line.split()[1]))
               for line in out.splitlines()]
    kinds = {name for name, _ in needles}
    missing = {"store-key", "account-seed", "device-seed", "group-secret",
               "chain-key"} - kinds
    if missing:
        sys.exit(f"secrets: no {', '.join(missing)} to look for")
    return needles


def main():
    program = os.path.join(sys.argv[1], "tests", "berty-needles")
    check = Check()
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.Popen([program, "run", folder], text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if run.stdout.readline() != "live\n":
            sys.exit("secrets: the run failed")
        live_files = snapshot(folder)
        live_core = memory(run.pid, True)
        live_all = memory(run.pid, False)
        run.stdin.write("\n")
        run.stdin.flush()
        if run.stdout.readline() != "closed\n":
            sys.exit("secrets: the run failed when it closed")
        closed_core = memory(run.pid, True)
        closed_all = memory(run.pid, False)
        run.stdin.write("\n")
        run.stdin.close()
        if run.wait() != 0:
            sys.exit("secrets: the run failed at its end")
        keys = list_needles(program, os.path.join(folder, "a"))
        keys += list_needles(program, os.path.join(folder, "b"))
        told = keys + [("plaintext", TEXT)]

        with open(os.path.join(folder, "log"), "rb") as f:
            log = f.read()
        if not log:
            sys.exit("secrets: there is no log to search")
        # The search finds what is there.
        if not found(b"x" + keys[0][1], keys) or \
                not found(base64.b64encode(b"ab" + keys[1][1] + b"c"), keys):
            sys.exit("secrets: the search is blind")
        check.none(f"log ({len(log)} bytes)", found(log, told))
        names = set()
        for name, content in live_files:
            names |= {f"{n} in {name}" for n in found(content, told)}
        check.none("files while the nodes run", names)
        check.none("files afterwards", in_files(folder, told))
        check.none("core after closing", found(closed_core, keys))
        check.none("all memory after closing", found(closed_all, keys))
        if not found(live_all, keys):
            sys.exit("secrets: the search of memory is blind")
        live = found(live_core, keys)
        print("a core of running nodes holds:",
              ", ".join(sorted(live)) or "nothing")
    print(f"{check.passed} passed, {check.failed} failed")
    return 1 if check.failed else 0


sys.exit(main())
