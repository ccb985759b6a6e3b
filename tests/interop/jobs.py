"""Which pairs of peers meet, and what came of each check."""

import time
import traceback

import checks
from checks import CHECKS, NEEDS, Link
from peers import Peer, Refused

OURS = "libberty"


class Result:
    """A cell: "pass", "fail", or "none" with the reason."""

    def __init__(self, state, why=""):
        self.state, self.why = state, why


class Job:
    """Peers that are started, and checks made on them one after the other.

    `column` is where its results stand in the stack's table; None: each is a
    line of its own, under `label`.
    """

    def __init__(self, stack, label, chosen, flags=None, column=None, **how):
        self.stack, self.label, self.chosen = stack, label, chosen
        self.flags, self.column, self.how = flags or {}, column, how
        self.results = {}
        self.seconds = 0

    def name(self):
        return f"{self.stack.name}, {self.label}, {self.direction()}"

    def direction(self):
        return "we dial" if self.how.get("we_dial") else "it dials"

    def start(self, program, logs, running):
        """Start the peers, into running; what the checks get."""
        running.append(Peer(OURS, [program], logs))
        running.append(self.stack.start(logs, **self.flags))
        return Link(*running, self.stack, **self.how)

    def run(self, program, logs):
        """Run it; the results are there afterwards."""
        started = time.monotonic()
        running = []
        try:
            link = self.start(program, logs, running)
            for check in self.chosen:
                self.results[check] = self.attempt(check, link)
                if self.results[check].state == "fail":
                    self.report(check, running)
                    break               # what follows would fail for this
        except Refused as error:
            self.results[self.chosen[0]] = Result("fail", str(error))
            self.report(self.chosen[0], running)
        for check in self.chosen:
            self.results.setdefault(check, Result("fail", "not reached"))
        self.end(running)
        self.seconds = time.monotonic() - started
        return self

    def attempt(self, check, link):
        for need, names in NEEDS.items():
            if check in names and need in self.stack.lacks:
                return Result("none", self.stack.lacks[need])
        try:
            check(link)
            return Result("pass")
        except Refused as error:
            return Result("fail", str(error))
        except Exception as error:      # a bug of the run is no pass either
            traceback.print_exc()
            return Result("fail", repr(error))

    def end(self, running):
        """Stop all; ours has to end well, which sanitizers have a say in."""
        for peer in running:
            code = peer.stop()
            if peer.name == OURS and code != 0:
                self.results[checks.ends] = Result(
                    "fail", f"our peer ended with {code}")
                self.report(checks.ends, running)

    def report(self, check, running):
        text = [f"FAILED {self.name()}: {checks.title(check)}",
                f"  {self.results[check].why}"]
        for peer in running:
            text += [f"  the last lines of {peer.name}:", peer.tail()]
        print("\n".join(text), flush=True)


class Trio(Job):
    """Three in a row: the one in the middle hands messages on."""

    def __init__(self, stack, middle, **how):
        label = "three in a row, we are in the middle"
        if middle != OURS:
            label = "three in a row, it is in the middle"
        super().__init__(stack, label, [checks.relayed], **how)
        self.middle = middle

    def start(self, program, logs, running):
        for place in range(3):
            if (place == 1) == (self.middle == OURS):
                running.append(Peer(OURS, [program], logs))
            else:
                running.append(self.stack.start(logs, **self.flags))
        return running


def versions(stack):
    """Links with a peer that speaks one older version: label, checks, rest."""
    shortened = [checks.connect, checks.only]
    for version, above in stack.gossips:
        yield (f"meshsub {version}",
               shortened + [checks.gossip, checks.burst, checks.prune],
               {"security": "noise", "gossip": version},
               {"only": ("meshsub", version, above)})
    for version, above in stack.bitswaps:
        yield (f"bitswap {version}",
               shortened + [checks.blocks, checks.thousand, checks.awaited],
               {"security": "noise", "bitswap": version + ".0"},
               {"only": ("ipfs/bitswap", version, above),
                "form": "v0" if version == "1.0" else "v1"})


def all_of(stack, slow):
    """Every job of a stack; slow: also what takes minutes."""
    jobs = []

    def both(*args, **kwargs):
        for we_dial in False, True:
            jobs.append(Job(stack, *args, we_dial=we_dial, **kwargs))

    for security in "noise", "tls":
        for late in False, True:
            label = f"{security}, {'multistream' if late else 'early'}"
            if late or "early" not in stack.lacks:
                both(label, CHECKS, {"security": security, "late": late},
                     column=label, security=security, late=late)
    both("noise and tls offered", [checks.connect, checks.identify,
                                   checks.ping, checks.echo])
    for label, chosen, flags, how in versions(stack):
        both(label, chosen, flags, **how)
    jobs.append(Trio(stack, OURS))
    jobs.append(Trio(stack, stack.name))
    if slow:
        jobs.append(Job(stack, "leaving and coming back",
                        [checks.connect, checks.regraft],
                        {"security": "noise"}, security="noise"))
    return jobs
