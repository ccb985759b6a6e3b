"""Every row of the table against a real node."""
import re
import time

import grpc
import pytest

from conftest import Failure, Nodes, wait_for
from rpc_table import ROWS
from scene import Scene

STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: (
        100, 101, 102, 104, 1200, 1305, 2002, 4009, *range(6003, 6007)),
    grpc.StatusCode.NOT_FOUND: (107, 404, 1203, 1302, 1306, 4008),
    grpc.StatusCode.ALREADY_EXISTS: (1201, 1204, 2100),
    grpc.StatusCode.PERMISSION_DENIED: (1202, 4006, 4007, 6001),
    grpc.StatusCode.FAILED_PRECONDITION: (1303, 1304, 1307, 1308, 4001,
                                          4002),
    grpc.StatusCode.UNIMPLEMENTED: (777,),
    grpc.StatusCode.DATA_LOSS: (204, 205, 206, 1300, 1301, 6002),
    grpc.StatusCode.UNAVAILABLE: (105, 106, *range(111, 116), 1051, 4003,
                                  4004, 4101, 6007),
}


def status_of(codes):
    """Of the last code that the mapping names."""
    for code in reversed(codes):
        for status, named in STATUS.items():
            if code in named:
                return status
    return grpc.StatusCode.INTERNAL if codes else grpc.StatusCode.UNKNOWN


def is_stream(s, row):
    return s.api.service.methods_by_name[row.name].server_streaming


def run(s, row, fields, timeout=30):
    """The reply, a list if it is a stream; raises Failure."""
    if row.play:
        return row.play(s, fields)
    if is_stream(s, row):
        return list(s.api.stream(row.name, timeout=timeout, **fields))
    return s.api.call(row.name, timeout=timeout, **fields)


def begin(s, row, fields, timeout=None):
    """The call itself, under way."""
    kind, stub = s.api.method(row.name)
    if row.name == "AttachmentPrepare":
        def requests():
            yield kind()
            yield kind(block=bytes(100000))
            while "pieces" in fields and not s.done:
                time.sleep(0.05)
        s.done = False
        return stub.future(requests(), timeout=timeout)
    if is_stream(s, row):
        return stub(kind(**fields), timeout=timeout)
    return stub.future(kind(**fields), timeout=timeout)


def outcome(call):
    """The status that a call ends with."""
    if hasattr(call, "exception"):
        try:
            error = call.exception(timeout=60)
        except grpc.FutureCancelledError:
            return grpc.StatusCode.CANCELLED
        if error is not None or not hasattr(call, "__next__"):
            return grpc.StatusCode.OK if error is None else error.code()
    try:
        for _ in call:
            pass
    except grpc.RpcError as error:
        return error.code()
    return grpc.StatusCode.OK


def play(s, row):
    """The good request, once for all tests of a row."""
    if s.wrote is None:
        s.fields = row.request(s) if row.request else {}
        assert s.fields is not None
        before = s.entries()
        s.first = run(s, row, s.fields)
        s.wrote = s.written_since(before)
    return s


def again(s, row):
    before = s.entries()
    if row.again.refused:
        with pytest.raises(Failure) as failed:
            run(s, row, s.fields)
        codes = failed.value.codes
        assert (codes[0], codes[-1]) == row.again.refused, failed.value
        reply = None
    else:
        reply = run(s, row, s.fields)
        if row.again.equal:
            assert reply == s.first
    assert s.written_since(before) == row.again.writes
    return reply


def settled(s):
    wait_for("the server to hold no call", lambda: s.calls_under_way() == 0)


@pytest.fixture(scope="module", params=ROWS, ids=lambda row: row.name)
def row(request):
    return request.param


@pytest.fixture(scope="module")
def s(row, tmp_path_factory):
    folder = tmp_path_factory.mktemp("rpc")
    made = Nodes(folder)
    scene = Scene(made, folder)
    yield scene
    scene.close()
    try:
        # It ends well after all that: nothing is lost, nothing hangs.
        for node in made.nodes:
            node.stop()
    finally:
        made.close()


def test_it_does_what_it_says(s, row):
    play(s, row)
    if row.check:
        row.check(s, s.first)
    assert s.wrote == row.writes


def test_a_second_time(s, row):
    again(play(s, row), row)


def test_each_refusal(s, row):
    assert s.node
    for refusal in row.refusals:
        fields = refusal.fields
        fields = fields(s) if callable(fields) else fields
        before = s.entries()
        with pytest.raises(Failure) as failed:
            run(s, row, fields)
        codes = failed.value.codes
        why = f"{row.name}, {refusal.why}: {failed.value}"
        assert ((codes[0], codes[-1]) if codes else ()) == refusal.codes, why
        assert 666 not in codes and 777 not in codes, why
        assert failed.value.status == status_of(codes), why
        if codes:
            assert re.match(r"\w+\(#%d\)" % codes[0], str(
                failed.value).split(": ", 1)[1]), why
        assert s.written_since(before) == {}, why


def within(s, row, before, calls):
    """What calls wrote that nobody waited for: each all of it or nothing."""
    settled(s)
    wrote = s.written_since(before)
    kinds = row.again.writes
    assert set(wrote) <= set(kinds)
    assert all(wrote[k] <= calls * kinds[k] for k in wrote)
    assert len({wrote[k] // kinds[k] for k in kinds}) <= 1


def test_cancelled(s, row):
    play(s, row)
    settled(s)
    if row.waits:
        fields = s.waiting(row)
        for _ in range(3):
            call = begin(s, row, fields)
            wait_for("the call at the server",
                     lambda: s.calls_under_way() == 1)
            call.cancel()
            assert outcome(call) == grpc.StatusCode.CANCELLED
            s.done = True
            settled(s)
        return
    before = s.entries()
    pauses = (0, 0.001, 0.01)
    for pause in pauses:
        call = begin(s, row, s.fields)
        time.sleep(pause)
        call.cancel()
    within(s, row, before, len(pauses))


def test_out_of_time(s, row):
    play(s, row)
    settled(s)
    if row.waits:
        call = begin(s, row, s.waiting(row), timeout=1)
        assert outcome(call) == grpc.StatusCode.DEADLINE_EXCEEDED
        s.done = True
        settled(s)
        return
    before = s.entries()
    times = (0.0005, 0.003, 0.02)
    for seconds in times:
        ended = outcome(begin(s, row, s.fields, timeout=seconds))
        assert ended in (grpc.StatusCode.DEADLINE_EXCEEDED,
                         grpc.StatusCode.OK) or row.again.refused
    within(s, row, before, len(times))


def test_after_a_kill(s, row):
    play(s, row)
    settled(s)
    before = s.entries()
    if s.__dict__.get("friend") is not None and s.friend.process is None:
        s.friend.start()
    s.node.kill()
    s.node.start()
    for log in s.logs():
        s.api.call("ActivateGroup", group_pk=log)
    assert set(before) <= set(s.entries())
    if "friend" in s.__dict__:
        wait_for("the friend", lambda: any(
            p.is_active and p.id == s.friend.info["peer_id"]
            for p in s.api.call("PeerList").peers))
    reply = s.first
    if not row.again.refused and not row.again.writes:
        reply = run(s, row, s.fields)
    if row.lasts:
        row.lasts(s, reply)


def test_the_table_is_complete(module_nodes):
    node = module_nodes()
    named = [r.name for r in ROWS]
    served = [m.name for m in node.api.service.methods]
    assert sorted(named) == sorted(set(named)) == sorted(served)
    assert len(served) == 43
    for r in ROWS:
        whys = [x.why for x in r.refusals]
        assert len(whys) == len(set(whys)), r.name
