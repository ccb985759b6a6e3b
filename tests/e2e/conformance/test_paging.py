"""The two lists over a thousand entries: every set of options, before and
after a kill, against what the contract says of each option alone."""
import itertools

import grpc
import pytest

from conftest import Failure

COUNT = 1000
LISTS = {"GroupMessageList": "AppMessageSend",
         "GroupMetadataList": "AppMetadataSend"}
NAMES = ("since_id", "since_now", "until_id", "until_now", "reverse_order")

SETS = list(itertools.product((0, 1), repeat=5))


def plain(events):
    """What can be compared with what another client was told."""
    return [e.SerializeToString() for e in events]


class Log:
    """A group with a thousand entries in each log, written in order."""

    def __init__(self, node):
        self.node = node
        self.group, self.empty = (
            node.api.call("MultiMemberGroupCreate").group_pk
            for _ in range(2))
        self.sent = {name: [] for name in LISTS}
        for i in range(COUNT):
            for name, send in LISTS.items():
                self.sent[name].append(node.api.call(
                    send, group_pk=self.group, payload=b"%d" % i).cid)
        self.elsewhere = {name: node.api.call(
            send, group_pk=node.account, payload=b"elsewhere").cid
            for name, send in LISTS.items()}
        self.all = {name: self.page(name, until_now=True) for name in LISTS}

    def ids(self, name):
        return [e.event_context.id for e in self.all[name]]

    def page(self, name, group=None, **options):
        return list(self.node.api.stream(
            name, timeout=120, group_pk=group or self.group, **options))


def expected(ids, since_id=b"", since_now=False, until_id=b"",
             until_now=False, reverse_order=False):
    """A code, or the ids that are there."""
    if since_id and since_now or until_id and until_now:
        return 100
    if since_now and (until_id or until_now):
        return 100
    if reverse_order and not (until_id or until_now):
        return 100
    first = ids.index(since_id) if since_id else 0
    last = ids.index(until_id) if until_id else len(ids) - 1
    if last < first:
        return 101
    found = [] if since_now else ids[first:last + 1]
    return found[::-1] if reverse_order else found


@pytest.fixture(scope="module")
def made(module_nodes):
    return Log(module_nodes())


@pytest.fixture(scope="module", params=["before", "after"])
def log(request, made):
    """Before and after the node is killed."""
    if request.param == "after":
        made.node.kill()
        made.node.start()
        for group in (made.group, made.empty):
            made.node.api.call("ActivateGroup", group_pk=group)
    return made


@pytest.mark.parametrize("name", LISTS)
def test_all_is_listed_in_the_order_in_which_it_was_written(log, name):
    listed = log.page(name, until_now=True)
    assert plain(listed) == plain(log.all[name])
    sent = log.sent[name]
    known = set(sent)
    assert [i for i in log.ids(name) if i in known] == sent
    seen = set()
    for event in listed:
        assert set(event.event_context.parent_ids) <= seen
        seen.add(event.event_context.id)
    assert len(seen) == len(listed)
    assert log.page(name, until_now=True,
                    reverse_order=True) == listed[::-1]


def check(log, name, options):
    """One set of options; what has no end is read on with something new."""
    ids = log.ids(name)
    want = expected(ids, **options)
    if isinstance(want, int):
        with pytest.raises(Failure) as failed:
            log.page(name, **options)
        codes = failed.value.codes
        assert (codes[0], codes[-1]) == (want, want)
        assert failed.value.status == grpc.StatusCode.INVALID_ARGUMENT
        return
    if options.get("until_id") or options.get("until_now"):
        found = log.page(name, **options)
        by_id = dict(zip(ids, log.all[name]))
        assert plain(found) == plain(by_id[i] for i in want)
        return
    call = log.node.api.open_stream(name, timeout=60, group_pk=log.group,
                                    **options)
    call.initial_metadata()
    new = log.node.api.call(LISTS[name], group_pk=log.group,
                            payload=b"new").cid
    found = []
    for event in call:
        found.append(event)
        if event.event_context.id == new:
            break
    call.cancel()
    assert [e.event_context.id for e in found] == want + [new]
    log.all[name].append(found[-1])


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("chosen", SETS,
                         ids=lambda c: "+".join(
                             n for n, on in zip(NAMES, c) if on) or "none")
def test_every_set_of_options(log, name, chosen):
    ids = log.ids(name)
    values = {"since_id": ids[250], "until_id": ids[750]}
    check(log, name, {n: values.get(n, True)
                      for n, on in zip(NAMES, chosen) if on})


BORDERS = (0, 1, 498, 499, 500, -2, -1)


@pytest.mark.parametrize("reverse", (False, True))
@pytest.mark.parametrize("name", LISTS)
def test_both_ends_of_a_range_belong_to_it(log, name, reverse):
    ids = log.ids(name)
    for first, last in itertools.product(BORDERS, repeat=2):
        check(log, name, {"since_id": ids[first], "until_id": ids[last],
                          "reverse_order": reverse})
    for place in BORDERS:
        check(log, name, {"since_id": ids[place], "until_now": True,
                          "reverse_order": reverse})
        check(log, name, {"until_id": ids[place], "reverse_order": reverse})


@pytest.mark.parametrize("name", LISTS)
def test_pages_of_any_size_make_up_the_whole(log, name):
    ids = log.ids(name)
    for size in (7, 100, 999):
        found = []
        for at in range(0, len(ids), size):
            page = log.page(name, since_id=ids[at],
                            until_id=ids[min(at + size, len(ids)) - 1])
            found += page
        assert plain(found) == plain(log.all[name])


@pytest.mark.parametrize("name", LISTS)
def test_ids_that_are_not_in_the_log_are_refused(log, name):
    good = log.ids(name)[0]
    other, = (n for n in LISTS if n != name)
    wrong = {
        "of nobody": good[:-1] + bytes([good[-1] ^ 1]),
        "of another group": log.elsewhere[name],
        "of the other log": log.ids(other)[0],
        "nonsense": b"nonsense", "cut off": good[:-1],
        "too long": good + b"\0",
    }
    for id in wrong.values():
        for options in ({"since_id": id}, {"until_id": id},
                        {"since_id": id, "until_now": True},
                        {"since_id": good, "until_id": id},
                        {"until_id": id, "reverse_order": True}):
            with pytest.raises(Failure) as failed:
                log.page(name, **options)
            assert failed.value.codes[0] == failed.value.codes[-1] == 101


def test_an_empty_log_has_no_ids(log):
    id = log.ids("GroupMessageList")[0]
    for options in ({"since_id": id}, {"until_id": id}):
        with pytest.raises(Failure) as failed:
            log.page("GroupMessageList", log.empty, **options)
        assert failed.value.codes[-1] == 101
    for reverse in (False, True):
        assert log.page("GroupMessageList", log.empty, until_now=True,
                        reverse_order=reverse) == []
