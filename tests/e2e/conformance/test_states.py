"""What each call about contacts does in each state of a contact."""
import pytest

from conftest import Failure, Nodes
from scene import SEED, STRANGERS, Scene

SEND, ACCEPT, DISCARD = ("ContactRequestSend", "ContactRequestAccept",
                         "ContactRequestDiscard")
BLOCK, UNBLOCK = "ContactBlock", "ContactUnblock"
NOT_NOW = (1002, 100)

# State and call: the event that is written, or the first and the last code.
TABLE = {
    "Undefined": {SEND: 106, ACCEPT: NOT_NOW, DISCARD: NOT_NOW, BLOCK: 111,
                  UNBLOCK: NOT_NOW},
    "ToRequest": {SEND: 106, ACCEPT: NOT_NOW, DISCARD: NOT_NOW, BLOCK: 111,
                  UNBLOCK: NOT_NOW},
    "Received": {SEND: 107, ACCEPT: 110, DISCARD: 109, BLOCK: 111,
                 UNBLOCK: NOT_NOW},
    "Added": {SEND: (1002, 1201), ACCEPT: NOT_NOW, DISCARD: NOT_NOW,
              BLOCK: 111, UNBLOCK: NOT_NOW},
    # Go writes 107 and tells nobody; we ask again, here and below.
    "Removed": {SEND: 106, ACCEPT: NOT_NOW, DISCARD: NOT_NOW, BLOCK: 111,
                UNBLOCK: NOT_NOW},
    "Discarded": {SEND: 106, ACCEPT: NOT_NOW, DISCARD: NOT_NOW, BLOCK: 111,
                  UNBLOCK: NOT_NOW},
    # Go unblocks by it.
    "Blocked": {SEND: (1002, 1202), ACCEPT: NOT_NOW, DISCARD: NOT_NOW,
                BLOCK: NOT_NOW, UNBLOCK: 112},
}
LEADS_TO = {106: "ToRequest", 107: "Added", 109: "Discarded", 110: "Added",
            111: "Blocked", 112: "Removed"}
# From a request that came, or from nothing; each of these is done in turn.
WALKS = [
    ("Undefined", (SEND, SEND, BLOCK, UNBLOCK, SEND, BLOCK)),
    ("Undefined", (BLOCK, UNBLOCK, BLOCK)),
    ("Received", (DISCARD, SEND, BLOCK, UNBLOCK)),
    ("Received", (SEND,)),
    ("Received", (ACCEPT, BLOCK)),
    ("Received", (BLOCK,)),
    ("Received", (DISCARD, BLOCK)),
]


@pytest.fixture(scope="module")
def s(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    made = Nodes(folder)
    yield Scene(made, folder)
    made.close()


def fields(call, key):
    if call == SEND:
        return {"contact": {"pk": key, "public_rendezvous_seed": SEED}}
    return {"contact_pk": key}


def refused(s, state, key):
    """Everything that the state does not allow."""
    for call, want in TABLE[state].items():
        if not isinstance(want, tuple):
            continue
        before = s.entries()
        with pytest.raises(Failure) as failed:
            s.api.call(call, **fields(call, key))
        codes = failed.value.codes
        assert (codes[0], codes[-1]) == want, (state, call)
        assert s.written_since(before) == {}, (state, call)


def walk(s, state, calls, key):
    refused(s, state, key)
    for call in calls:
        want = TABLE[state][call]
        before = s.entries()
        s.api.call(call, **fields(call, key))
        assert s.written_since(before) == {want: 1}, (state, call)
        state = LEADS_TO[want]
        refused(s, state, key)


@pytest.mark.parametrize("number", range(len(WALKS)))
def test_a_contact_goes_from_state_to_state(s, number):
    start, calls = WALKS[number]
    key = STRANGERS[number] if start == "Undefined" else s.asked()
    walk(s, start, calls, key)


def test_the_walks_go_everywhere():
    allowed = {(state, call) for state, row in TABLE.items()
               for call, want in row.items() if isinstance(want, int)}
    gone, been = set(), set()
    for state, calls in WALKS:
        been.add(state)
        for call in calls:
            gone.add((state, call))
            state = LEADS_TO[TABLE[state][call]]
            been.add(state)
    assert gone == allowed and been == set(TABLE)
