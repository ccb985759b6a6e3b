"""What a row of the table is, and what rows are made with."""
from collections import Counter
from dataclasses import dataclass, field

from scene import SHORT, STRANGER


@dataclass
class Again:
    """What the same request does a second time."""
    writes: Counter = field(default_factory=Counter)
    refused: tuple = None  # the first and the last code
    equal: bool = False    # the reply is the same


@dataclass
class Refusal:
    why: str
    codes: tuple  # the first and the last; () for none, which is UNKNOWN
    fields: object


@dataclass
class Row:
    name: str
    check: object = None      # of (scene, reply)
    request: object = None    # of (scene): the fields
    writes: Counter = field(default_factory=Counter)
    again: Again = field(default_factory=lambda: Again(equal=True))
    refusals: list = field(default_factory=list)
    lasts: object = None      # of (scene, reply), after a kill
    waits: object = None      # of (scene): fields of a call without end
    play: object = None       # of (scene, fields): if it takes more than a call


ROWS = []


def row(name, *refusals, writes=(), **more):
    ROWS.append(Row(name, refusals=list(refusals), writes=Counter(writes),
                    **more))


def refuse(why, first, last, fields=None, **more):
    return Refusal(why, (first, last), fields or more)


READ = Again(equal=True)
NOTHING_MORE = Again()


def writes_again(*types):
    return Again(writes=Counter(types))


def refused_again(first, last):
    return Again(refused=(first, last))


def plain(reply):
    """What can be compared with a reply that another client got."""
    if isinstance(reply, list):
        return [plain(r) for r in reply]
    return reply.SerializeToString(deterministic=True)


def same_as_first(s, reply):
    assert plain(reply) == plain(s.first)


def contact_pk(key):
    return {"contact_pk": key}


def group_pk(key, **more):
    return dict(more, group_pk=key)


def not_open(first, **more):
    """Groups in which nothing can be done."""
    return (
        refuse("no group", first, 888, more),
        refuse("an unknown group", first, 888, group_pk(STRANGER, **more)),
        refuse("a short key", first, 888, group_pk(SHORT, **more)),
        refuse("a closed group", first, 888, lambda s: group_pk(
            s.closed, **more)),
    )


def of_type(first, last, *names):
    """Groups of a type in which this is not done."""
    what = {"account": "the account's group", "group": "a group of several",
            "private": "a contact's group"}
    return tuple(refuse(what[n], first, last, lambda s, n=n: group_pk(
        s.befriended() if n == "private" else getattr(s, n)))
        for n in names)


def is_entry(cid):
    return len(cid) == 36 and cid[:4] == bytes.fromhex("01711220")


FILE = bytes(range(256)) * 1000
