"""What is tried on a link between our peer and one of another stack.

A check gets a Link and raises Refused when what it waits for does not happen.
Its documentation is the row of the table.
"""

import threading
import time

from peers import DEADLINE, Refused

MIB = 1 << 20
NUMBERS = threading.Lock()
_number = [0]


def number():
    """A number not used before: for topics, protocols and seeds."""
    with NUMBERS:
        _number[0] += 1
        return _number[0]


class Link:
    """Our peer and theirs, connected."""

    def __init__(self, ours, theirs, stack, **how):
        self.ours, self.theirs, self.stack = ours, theirs, stack
        self.security = how.get("security", "")
        self.late = how.get("late", False)
        self.we_dial = how.get("we_dial", False)
        self.form = how.get("form", "v1")     # of the CIDs
        self.only = how.get("only")           # (protocol, version, others)

    def both(self):
        """(one, other) each way."""
        yield self.ours, self.theirs
        yield self.theirs, self.ours


def only(link):
    """it offers that version and none above"""
    name, offered, others = link.only
    theirs = link.theirs.id
    link.ours.until(lambda text: text == "yes", "speaks", theirs,
                    f"/{name}/{offered}.0")
    for other in others:
        if link.ours("speaks", theirs, f"/{name}/{other}.0") == "yes":
            raise Refused(f"it offers {name} {other}")


def connect(link):
    """connected"""
    if link.we_dial:
        link.ours("dial", link.theirs.address)
    else:
        link.theirs("dial", link.ours.address)
    for one, other in link.both():
        one.until(lambda ids, other=other: other.id in ids.split(), "peers")
    if "conn" in link.stack.lacks:
        return
    words = link.theirs("conn", link.ours.id).split()
    wanted = {"noise": "/noise", "tls": "/tls/1.0.0"}.get(link.security)
    if wanted and words[0] != wanted:
        raise Refused(f"secured by {words[0]}, not {wanted}")
    if words[1] != "/yamux/1.0.0":
        raise Refused(f"the muxer is {words[1]}")
    late = link.late or "early" in link.stack.lacks
    if words[2] != ("late" if late else "early"):
        raise Refused(f"the muxer was agreed on {words[2]}")
    if words[3].lower() != ("inbound" if link.we_dial else "outbound"):
        raise Refused(f"it says that the connection is {words[3]}")


def identify(link):
    """identify, both ways"""
    for one, other in link.both():
        one.until(lambda text: text.startswith("interop-"), "agent", other.id)
        for protocol in "/ipfs/ping/1.0.0", "/interop/echo/1.0.0":
            one.until(lambda text: text == "yes", "speaks", other.id, protocol)
        if one("speaks", other.id, "/interop/none/1.0.0") != "no":
            raise Refused(f"{one.name} believes in /interop/none/1.0.0")


def push(link):
    """identify push, both ways: a protocol more, then less"""
    for one, other in link.both():
        protocol = f"/interop/added-{number()}/1.0.0"
        other("serve", protocol)
        one.until(lambda text: text == "yes", "speaks", other.id, protocol)
        other("unserve", protocol)
        one.until(lambda text: text == "no", "speaks", other.id, protocol)


def ping(link):
    """ping, both ways, three times"""
    for one, other in link.both():
        for _ in range(3):
            one("ping", other.id)


def echo(link):
    """echo of 1 MiB and of nothing, both ways, half-closed"""
    for one, other in link.both():
        one("echo", other.id, MIB)
        one("echo", other.id, 0)
        one("echo", other.id, 1)


def streams(link):
    """20 echoes of 100 kB at once, each way"""
    asked = [(one, one.ask("echo", other.id, 100000 + i))
             for i in range(20) for one, other in link.both()]
    for one, line in asked:
        one.result(line, "echo")


def stall(link):
    """8 MiB to a reader that stands still: the writer is held back, pings pass,
    and all arrives once it reads"""
    for one, other in link.both():
        other("hold", "on")
        line = one.ask("echo", other.id, 8 * MIB)
        before = None
        end = time.monotonic() + DEADLINE
        # It stands still when pings pass and nothing more was written.
        while before is None or before != (now := int(one("sent"))):
            before = int(one("sent"))
            for _ in range(10):
                one("ping", other.id)
                other("ping", one.id)
            if time.monotonic() > end:
                raise Refused("the writer did not come to a stand")
        if not 0 < now < 8 * MIB:
            raise Refused(f"{one.name} wrote {now} bytes that nobody read")
        other("hold", "off")
        one.result(line, "echo of 8 MiB")


# --- gossipsub ----------------------------------------------------------------


def mesh_up(topic, *pairs):
    """Wait until each pair is in each other's mesh."""
    for one, other in pairs:
        for a, b in (one, other), (other, one):
            a.until(lambda ids, b=b: b.id in ids.split(), "members", topic)
            a.until(lambda ids, b=b: b.id in ids.split(), "mesh", topic)


def says(one, topic, size, *others):
    """One publishes, each of the others gets it once, as from it."""
    wanted = f"{one('publish', topic, size, number())}:{one.id}"
    for other in others:
        got = other.until(lambda text: wanted in text.split(),
                          "messages", topic)
        if got.split().count(wanted) != 1:
            raise Refused(f"{other.name} got it twice")


def gossip(link):
    """gossipsub: GRAFT, signed messages of 1 to 900,000 bytes, both ways"""
    topic = f"topic-{number()}"
    link.ours("subscribe", topic)
    link.theirs("subscribe", topic)
    mesh_up(topic, (link.ours, link.theirs))
    for one, other in link.both():
        for size in 1, 1000, 100000, 900000:
            says(one, topic, size, other)


def burst(link):
    """100 messages one after the other, both ways, each arrives once"""
    topic = f"topic-{number()}"
    link.ours("subscribe", topic)
    link.theirs("subscribe", topic)
    mesh_up(topic, (link.ours, link.theirs))
    wanted = {link.ours: set(), link.theirs: set()}
    # One at a time: the Go router drops what passes 32 waiting for a peer.
    for _ in range(100):
        for one, other in link.both():
            digest = one("publish", topic, 300, number())
            wanted[other].add(f"{digest}:{one.id}")
    for peer, messages in wanted.items():
        got = peer.until(lambda text: messages <= set(text.split()),
                         "messages", topic).split()
        if len(got) != len(messages):
            raise Refused(f"{peer.name} got {len(got)} of {len(messages)}")


def fanout(link):
    """a publisher that is not subscribed is heard, both ways"""
    for one, other in link.both():
        topic = f"topic-{number()}"
        other("subscribe", topic)
        one.until(lambda ids: other.id in ids.split(), "members", topic)
        says(one, topic, 500, other)


def prune(link):
    """PRUNE: who leaves is out of the other's mesh, both ways"""
    for one, other in link.both():
        topic = f"topic-{number()}"
        one("subscribe", topic)
        other("subscribe", topic)
        mesh_up(topic, (one, other))
        other("unsubscribe", topic)
        for verb in "mesh", "members":
            one.until(lambda ids: other.id not in ids.split(), verb, topic)


def regraft(link):
    """GRAFT again, both ways, once the back-off of having left is over"""
    topics = []
    for one, other in link.both():
        topic = f"topic-{number()}"
        one("subscribe", topic)
        other("subscribe", topic)
        mesh_up(topic, (one, other))
        one("unsubscribe", topic)
        other.until(lambda ids: one.id not in ids.split(), "mesh", topic)
        one("subscribe", topic)
        topics.append(topic)
    for topic in topics:
        for one, other in link.both():
            one.until(lambda ids: other.id in ids.split(), "mesh", topic,
                      deadline=3 * DEADLINE)


# --- bitswap ------------------------------------------------------------------


def series(link, one, other, size, count):
    words = link.form, 1 + 10000 * number(), size, count
    other("put", *words)
    one("want", *words)


def blocks(link):
    """bitswap: blocks of 100, 5,000 and 2,097,152 bytes, both ways"""
    for one, other in link.both():
        for size in 100, 5000, 1 << 21:
            series(link, one, other, size, 1)


def thousand(link):
    """1,000 blocks, both ways"""
    for one, other in link.both():
        series(link, one, other, 2000, 1000)


def awaited(link):
    """a block that is put after it was wanted, both ways"""
    for one, other in link.both():
        words = link.form, 1 + 10000 * number(), 3000, 1
        line = one.ask("want", *words)
        series(link, one, other, 100, 1)
        if one.answered(line):
            raise Refused("it came before it was there")
        other("put", *words)
        one.result(line, "want")


def denied(link):
    """DONT_HAVE, both ways"""
    for one, other in link.both():
        series(link, one, other, 100, 1)
        one("lacks", link.form, 1 + 10000 * number(), 100, 1)


# --- three --------------------------------------------------------------------


def relayed(trio):
    """messages go from end to end, all ways, each arrives once"""
    left, middle, right = trio
    topic = f"topic-{number()}"
    left("dial", middle.address)
    middle("dial", right.address)
    for peer in trio:
        peer("subscribe", topic)
    mesh_up(topic, (left, middle), (middle, right))
    for size in 100, 50000:
        says(left, topic, size, middle, right)
        says(right, topic, size, middle, left)
        says(middle, topic, size, left, right)


def ends(_):
    """our peer ends well"""


# In the order of the table; what a stack lacks is not tried.
CHECKS = [connect, identify, push, ping, echo, streams, stall,
          gossip, burst, fanout, prune, blocks, thousand, awaited, denied]
NEEDS = {
    "gossipsub": {gossip, burst, fanout, prune},
    "bitswap": {blocks, thousand, awaited, denied},
    "streams": {streams},
}


def title(check):
    return " ".join(check.__doc__.split())
