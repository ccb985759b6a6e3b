"""Peers as processes that speak lines, and where their programs come from."""

import itertools
import json
import pathlib
import re
import subprocess
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "interop"

# However long something takes on a loaded machine, it is not this long, s.
DEADLINE = 60


class Refused(Exception):
    """A peer answered `err`, or a condition did not come true."""


class Peer:
    """One process, its answers by the id of the line that asked."""

    count = itertools.count(1)

    def __init__(self, name, argv, logs):
        self.name = name
        self.log = logs / f"{next(Peer.count)}-{name}.log"
        self.answers = {}
        self.news = threading.Condition()
        self.gone = False
        self.ids = itertools.count(1)
        # What was said goes among its own lines.
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=log, text=True, bufsize=1)
        threading.Thread(target=self._read, daemon=True).start()
        self.id, self.address = self.result("ready").split()

    def _note(self, text):
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(text[:300] + "\n")

    def _read(self):
        for line in self.process.stdout:
            self._note("< " + line.rstrip())
            number, _, answer = line.rstrip("\n").partition(" ")
            with self.news:
                self.answers[number] = answer
                self.news.notify_all()
        with self.news:
            self.gone = True
            self.news.notify_all()

    def ask(self, *words):
        """Send a line and return its id: the answer is fetched later."""
        number = str(next(self.ids))
        line = " ".join([number, *map(str, words)])
        self._note("> " + line)
        try:
            self.process.stdin.write(line + "\n")
        except (BrokenPipeError, ValueError):
            raise Refused(f"{self.name} is gone") from None
        return number

    def answered(self, number):
        with self.news:
            return number in self.answers

    def result(self, number, what=""):
        with self.news:
            self.news.wait_for(
                lambda: number in self.answers or self.gone, DEADLINE)
            answer = self.answers.pop(number, None)
        if answer is None:
            raise Refused(f"{self.name} {'ended' if self.gone else 'is silent'}"
                          f": {what or number}")
        kind, _, text = answer.partition(" ")
        if kind != "ok":
            raise Refused(f"{self.name}: {what or number}: {text}")
        return text.strip()

    def __call__(self, *words):
        return self.result(self.ask(*words), " ".join(map(str, words)))

    def until(self, wanted, *words, deadline=DEADLINE):
        """Ask again until the answer is as wanted; the answer.  A peer that
        does not know yet may answer `err`."""
        end = time.monotonic() + deadline
        while True:
            try:
                answer = self(*words)
                if wanted(answer):
                    return answer
            except Refused as refused:
                if self.gone:
                    raise
                answer = str(refused)
            if time.monotonic() > end:
                raise Refused(f"{self.name}: {' '.join(map(str, words))}: "
                              f"still '{answer[:200]}'")
            time.sleep(0.02)

    def stop(self):
        """End it by closing its input; how it ended, or that it did not."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        try:
            return self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "still there"

    def tail(self, lines=12):
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join(f"    | {line[:300]}" for line in text[-lines:])


# --- the stacks ---------------------------------------------------------------


def go_versions(folder, modules):
    text = (HERE / "go" / folder / "go.mod").read_text()
    found = []
    for module in modules:
        version = re.search(rf"/{re.escape(module)} v(\S+)", text).group(1)
        found.append(f"{module} {version}")
    return ", ".join(found)


def js_versions():
    wanted = json.loads((HERE / "js" / "package.json").read_text())
    return "js-libp2p " + wanted["dependencies"]["libp2p"] + ", " + ", ".join(
        f"{name.split('/')[1]} {wanted['dependencies'][name]}"
        for name in ("@libp2p/noise", "@libp2p/tls", "@libp2p/yamux",
                     "@libp2p/gossipsub"))


def rust_versions():
    text = (HERE / "rust" / "Cargo.toml").read_text()
    version = re.search(r'^libp2p = .*version = "=?([^"]+)"', text, re.M)
    return f"rust-libp2p {version.group(1)}"


# Versions to be tried alone, and those that are not offered then.
GOSSIPS = ("1.1", ["1.2", "1.3"]), ("1.0", ["1.1", "1.2", "1.3"])
BITSWAPS = ("1.1", ["1.0", "1.2"]), ("1.0", ["1.1", "1.2"])


class Stack:
    """A libp2p that others wrote: how it is started, and what it can do."""

    def __init__(self, name, argv, versions, lacks=None, remark="",
                 gossips=(), bitswaps=()):
        self.name = name
        self.argv = argv
        self.versions = versions
        self.lacks = lacks or {}      # what is not tried: why
        self.remark = remark
        self.gossips = gossips
        self.bitswaps = bitswaps

    def start(self, logs, **flags):
        argv = list(self.argv)
        for flag, value in flags.items():
            if value is True:
                argv.append(f"-{flag}")
            elif value:
                argv += [f"-{flag}", str(value)]
        return Peer(self.name, argv, logs)


def go():
    return Stack(
        "go", [BUILD / "go-current"],
        go_versions("current", ["go-libp2p", "go-libp2p-pubsub", "boxo"]),
        gossips=GOSSIPS, bitswaps=BITSWAPS)


def go_2022():
    return Stack(
        "go-2022", [BUILD / "go-berty2022"],
        go_versions("berty2022", [
            "go-libp2p", "go-libp2p-swarm", "go-libp2p-noise",
            "go-libp2p-tls", "go-libp2p-yamux", "go-libp2p-mplex",
            "go-libp2p-pubsub", "go-bitswap"]),
        {"early": "it agrees on the muxer by multistream only"},
        "What berty ran in 2022. It proposes mplex first, which we refuse, "
        "then yamux.",
        gossips=GOSSIPS[1:], bitswaps=BITSWAPS)


def js():
    return Stack(
        "js", [BUILD / "node", BUILD / "js" / "peer.js"], js_versions(),
        {"bitswap": "bitswap, which is no part of js-libp2p"},
        gossips=GOSSIPS)


def rust():
    return Stack(
        "rust", [BUILD / "rust-peer"], rust_versions(),
        {"bitswap": "bitswap, which is no part of rust-libp2p",
         "early": "it agrees on the muxer by multistream only",
         "streams": "20 streams at once, of which libp2p-stream drops those "
         "that it has not handed on"})


def stacks():
    """What makes each: one that was not asked for needs no toolchain."""
    return {"go": go, "go-2022": go_2022, "js": js, "rust": rust}
