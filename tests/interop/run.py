#!/usr/bin/env python3
"""Run our peer against those of other stacks, and write down what came of it.

usage: run.py PEER [--stacks go,js,…] [--table FILE] [--only TEXT] [--checks …]

PEER is the C side (tests/interop/peer.c), built; the others are looked for
where build.sh puts them.
"""

import argparse
import collections
import concurrent.futures
import pathlib
import shutil
import sys

sys.dont_write_bytecode = True

import jobs                                                    # noqa: E402
import peers                                                   # noqa: E402
import table                                                   # noqa: E402


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("peer", type=pathlib.Path)
    parser.add_argument("--stacks", default="go,go-2022,js")
    parser.add_argument("--only", default="", help="in a job's name")
    parser.add_argument("--checks", default="", help="names, after the first")
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--slow", action="store_true",
                        help="also what takes minutes")
    parser.add_argument("--jobs", type=int, default=2)
    return parser.parse_args()


def chosen(args):
    """[(stack, jobs)] as the arguments say."""
    known = peers.stacks()
    done = []
    for name in args.stacks.split(","):
        stack = known[name]()
        list_ = [job for job in jobs.all_of(stack, args.slow)
                 if args.only in job.name()]
        for job in list_:
            if args.checks:
                job.chosen = job.chosen[:1] + [
                    check for check in job.chosen[1:]
                    if check.__name__ in args.checks.split(",")]
        done.append((stack, list_))
    return done


def main():
    args = arguments()
    logs = peers.BUILD / "logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    done = chosen(args)
    count = collections.Counter()
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        running = pool.map(lambda job: job.run(args.peer, logs),
                           [job for _, list_ in done for job in list_])
        for job in running:
            states = collections.Counter(
                result.state for result in job.results.values())
            count += states
            print(f"{job.name()}: {states['pass']} passed, "
                  f"{states['fail']} failed, {job.seconds:.1f} s", flush=True)
    if args.table:
        table.put(args.table, done)
    print(f"{count['none']} not tried")
    print(f"{count['pass']} passed, {count['fail']} failed")
    return 0 if count["fail"] == 0 and count["pass"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
