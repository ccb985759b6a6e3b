#!/usr/bin/env python3
"""Run our peer against those of other stacks, and write down what came of it.

usage: run.py PEER [--stacks go,js,…] [--table FILE] [--only TEXT]

PEER is the C side (tests/interop/peer.c), built.
"""

import argparse
import concurrent.futures
import datetime
import pathlib
import sys

sys.dont_write_bytecode = True
import tempfile
import time
import traceback

import checks
import peers
from checks import CHECKS, NEEDS, Link, title
from peers import Peer, Refused

SECURITIES = "noise", "tls"


class Result:
    """A cell: pass, fail or none with the reason."""

    def __init__(self, state, why=""):
        self.state, self.why = state, why


def ours_of(program, logs):
    return Peer("libberty", [program], logs)


def attempt(check, link):
    try:
        check(link)
        return Result("pass")
    except Refused as error:
        return Result("fail", str(error))
    except Exception as error:          # a bug here is no pass
        traceback.print_exc()
        return Result("fail", repr(error))


def unsupported(check, stack):
    for need, names in NEEDS.items():
        if check in names and need in stack.lacks:
            return stack.lacks[need]
    return None


class Job:
    """A pair of peers, and the checks made on it one after the other."""

    def __init__(self, stack, label, chosen, flags, **how):
        self.stack, self.label, self.chosen = stack, label, chosen
        self.flags, self.how = flags, how
        self.results = {}

    def run(self, program, logs):
        started = time.monotonic()
        running = []
        try:
            running.append(ours_of(program, logs))
            running.append(self.stack.start(logs, **self.flags))
            link = Link(*running, self.stack, **self.how)
            for check in self.chosen:
                why = unsupported(check, self.stack)
                self.results[check] = (
                    Result("none", why) if why else attempt(check, link))
                if self.results[check].state == "fail":
                    self.report(check, running)
                    if check is checks.connect:
                        break
        except Refused as error:
            self.results[checks.connect] = Result("fail", str(error))
            self.report(checks.connect, running)
        for peer in running:
            code = peer.stop()
            if peer.name == "libberty" and code != 0:
                self.results["end"] = Result(
                    "fail", f"our peer ended with {code}")
                self.report("end", running)
        for check in self.chosen:
            self.results.setdefault(check, Result("fail", "not connected"))
        self.seconds = time.monotonic() - started
        return self

    def report(self, check, running):
        name = check if isinstance(check, str) else title(check)
        text = [f"FAILED {self.name()}: {name}",
                f"  {self.results[check].why}"]
        for peer in running:
            text += [f"  the last lines of {peer.name}:", peer.tail()]
        print("\n".join(text), flush=True)

    def name(self):
        return (f"{self.stack.name}, {self.label}, "
                f"{'we dial' if self.how.get('we_dial') else 'it dials'}")


def jobs_of(stack):
    """Every link of a stack."""
    jobs = []
    for security in SECURITIES:
        for late in False, True:
            if late is False and "early" in stack.lacks:
                continue
            for we_dial in False, True:
                jobs.append(Job(
                    stack, f"{security}, {'multistream' if late else 'early'}",
                    CHECKS, {"security": security, "late": late},
                    security=security, late=late, we_dial=we_dial))
    return jobs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", type=pathlib.Path)
    parser.add_argument("--stacks", default="go")
    parser.add_argument("--only", default="")
    parser.add_argument("--checks", default="")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    logs = peers.BUILD / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    known = peers.stacks()
    if args.checks:
        CHECKS[:] = [check for check in CHECKS
                     if check.__name__ in ["connect"] + args.checks.split(",")]
    jobs = [job for name in args.stacks.split(",")
            for job in jobs_of(known[name]) if args.only in job.name()]
    count = {"pass": 0, "fail": 0, "none": 0}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for job in pool.map(lambda j: j.run(args.peer, logs), jobs):
            states = [r.state for r in job.results.values()]
            for state in states:
                count[state] += 1
            print(f"{job.name()}: {states.count('pass')} passed, "
                  f"{states.count('fail')} failed, {job.seconds:.1f} s",
                  flush=True)
    print(f"{count['none']} not tried")
    print(f"{count['pass']} passed, {count['fail']} failed")
    return 0 if count["fail"] == 0 and count["pass"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
