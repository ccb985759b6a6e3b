"""Files beside messages: through one node, between two, and over restarts."""
import hashlib
import json
import os
import subprocess
import threading
import time

import grpc
import pytest

from conftest import BERTY, Failure, befriend, exchange_keys, wait_for, wait_message

BLOCK = 65520
EXTENSION = "berty.extension.v1.ExtensionService"


def bytes_of(size, salt=0):
    return hashlib.shake_128(b"%d %d" % (size, salt)).digest(size)


def prepare(node, data, piece=1 << 20, timeout=60, **header):
    kind, stub = node.api.method("AttachmentPrepare")

    def requests():
        yield kind(**header)
        for at in range(0, len(data), piece):
            yield kind(block=data[at:at + piece])
    try:
        return stub(requests(), timeout=timeout).attachment_cid
    except grpc.RpcError as error:
        raise node.api.failure(error) from None


def retrieve(node, cid, timeout=60):
    blocks = [r.block for r in node.api.stream(
        "AttachmentRetrieve", timeout=timeout, attachment_cid=cid)]
    assert all(len(b) <= BLOCK for b in blocks)
    return b"".join(blocks)


def extension(node, name, **fields):
    kind, stub = node.api.method(
        name, node.api.pool.FindServiceByName(EXTENSION))
    try:
        reply = stub(kind(**fields), timeout=30)
        return list(reply) if name == "AttachmentList" else reply
    except grpc.RpcError as error:
        raise node.api.failure(error) from None


def kept(node, cid):
    return next((r for r in extension(node, "AttachmentList")
                 if r.cid == cid), None)


@pytest.fixture(scope="module", params=["berty-v1", "berty"])
def pair(request, module_nodes):
    """Two nodes that are contacts, and their group."""
    a, b = (module_nodes("-network", request.param) for _ in range(2))
    group = befriend(a, b)
    exchange_keys(a, b, group)
    return a, b, group


@pytest.mark.parametrize("size", [
    0, 1, BLOCK, BLOCK + 1, 262144, 20 << 20, 256 * BLOCK, 256 * BLOCK + 1])
def test_a_file_of_any_size_arrives(pair, size):
    a, b, group = pair
    data = bytes_of(size)
    cid = prepare(a, data)
    assert len(cid) == 34 and cid[:2] == b"\x12\x20"
    assert retrieve(a, cid) == data
    row = kept(a, cid)
    assert (row.bytes, row.pinned, row.complete) == (size, True, True)
    text = b"file of %d" % size
    a.api.send(group, text, attachment_cids=[cid])
    event = wait_message(b, group, text)
    assert list(event.event_context.attachment_cids) == [cid]
    assert retrieve(b, cid) == data
    row = kept(b, cid)
    assert row.complete and row.bytes == size


def test_metadata_carries_files_too(pair):
    a, b, group = pair
    cids = [prepare(a, bytes_of(100, salt)) for salt in range(3)]
    a.api.call("AppMetadataSend", group_pk=group, payload=b"three files",
               attachment_cids=cids)
    event = wait_for("the event", lambda: [
        e for e in b.api.events(group)
        if e.metadata.event_type == 1001 and
        list(e.event_context.attachment_cids) == cids])
    assert event
    for salt, cid in enumerate(cids):
        assert retrieve(b, cid) == bytes_of(100, salt)


def test_small_and_large_pieces_give_the_same(pair):
    a = pair[0]
    data = bytes_of(3 * BLOCK + 7)
    for piece in (1, 4096, BLOCK, BLOCK + 1, 1 << 20):
        part = data[:4096] if piece == 1 else data
        assert retrieve(a, prepare(a, part, piece=piece)) == part


def test_many_at_once_do_not_mix(pair):
    a, b, group = pair
    results = {}

    def work(i):
        data = bytes_of(1_000_000 + i, i)
        cid = prepare(a, data)
        a.api.send(group, b"at once %d" % i, attachment_cids=[cid])
        wait_message(b, group, b"at once %d" % i)
        results[i] = retrieve(b, cid) == data and retrieve(a, cid) == data
    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert results == {i: True for i in range(6)}


def test_who_reads_twice_at_a_time_gets_both(pair):
    a, b, group = pair
    data = bytes_of(8 << 20, 77)
    cid = prepare(a, data)
    a.api.send(group, b"twice", attachment_cids=[cid])
    wait_message(b, group, b"twice")
    results = []
    threads = [threading.Thread(
        target=lambda: results.append(retrieve(b, cid) == data))
        for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert results == [True, True]


def test_a_long_file_in_bertys_cipher_has_bertys_secret(pair):
    a, b, group = pair
    data = bytes_of(20 << 20, 3)
    cid = prepare(a, data, berty_cipher=True)
    assert retrieve(a, cid) == data
    a.api.send(group, b"for 2022", attachment_cids=[cid])
    wait_for("the message", lambda: [m for m in b.api.messages(group)
                                     if m.message == b"for 2022"])
    assert retrieve(b, cid) == data


@pytest.mark.parametrize("size", [0, 1, 65_520, 65_521, 300_000])
def test_a_file_in_no_cipher_is_what_it_is(pair, size):
    a, b, group = pair
    data = bytes(i * 7 % 251 for i in range(size))
    cid = prepare(a, data, disable_encryption=True)
    # The same file has the same name: it is the file's own.
    assert prepare(a, data, disable_encryption=True) == cid
    assert retrieve(a, cid) == data
    a.api.send(group, b"plain %d" % size, attachment_cids=[cid])
    wait_for("the message", lambda: [m for m in b.api.messages(group)
                                     if m.message == b"plain %d" % size])
    assert retrieve(b, cid) == data


def test_bad_requests_have_their_codes(pair):
    a, _, group = pair

    def codes(call):
        with pytest.raises(Failure) as failed:
            call()
        return failed.value.codes

    kind, stub = a.api.method("AttachmentPrepare")
    with pytest.raises(grpc.RpcError) as failed:
        stub(iter(()), timeout=10)
    assert a.api.failure(failed.value).codes == [115]
    assert codes(lambda: prepare(a, b"", block=b"x")) == [100]
    assert codes(lambda: retrieve(a, b"nonsense")) == [104]
    unknown = b"\x12\x20" + bytes(32)
    assert codes(lambda: retrieve(a, unknown)) == [400, 400]
    for name in ("AppMessageSend", "AppMetadataSend"):
        found = codes(lambda n=name: a.api.call(
            n, group_pk=group, attachment_cids=[unknown]))
        assert (found[0], found[-1]) == (1002, 400)
        found = codes(lambda n=name: a.api.call(
            n, group_pk=group, attachment_cids=[b"nonsense"]))
        assert (found[0], found[-1]) == (1002, 104)


def test_a_file_nobody_has_is_waited_for_until_the_deadline(nodes):
    a, b = nodes(), nodes()
    group = befriend(a, b)
    exchange_keys(a, b, group)
    data = bytes_of(300_000)
    cid = prepare(a, data)
    a.api.send(group, b"soon", attachment_cids=[cid])
    wait_message(b, group, b"soon")
    a.stop()
    began = time.monotonic()
    with pytest.raises(Failure) as failed:
        retrieve(b, cid, timeout=2)
    assert failed.value.status == grpc.StatusCode.DEADLINE_EXCEEDED
    assert time.monotonic() - began < 20
    results = []
    reader = threading.Thread(
        target=lambda: results.append(retrieve(b, cid, timeout=100) == data))
    reader.start()
    a.start()
    reader.join(110)
    assert results == [True]


def test_a_file_survives_kill_and_is_read_without_its_sender(nodes):
    a, b = nodes(), nodes()
    group = befriend(a, b)
    exchange_keys(a, b, group)
    data = bytes_of(2 << 20)
    cid = prepare(a, data)
    a.kill()
    a.start()
    a.api.call("ActivateGroup", group_pk=group)
    assert retrieve(a, cid) == data
    a.api.send(group, b"kept", attachment_cids=[cid])
    wait_message(b, group, b"kept")
    assert retrieve(b, cid) == data
    a.stop()
    b.restart()
    assert retrieve(b, cid) == data


def test_a_broken_off_file_leaves_nothing(nodes):
    node = nodes()
    kind, stub = node.api.method("AttachmentPrepare")
    data = bytes_of(8 << 20)
    held = threading.Event()

    def requests():
        yield kind()
        yield from (kind(block=data[at:at + (1 << 20)])
                    for at in range(0, len(data), 1 << 20))
        held.wait(60)
    for end in ("cancel", "kill"):
        held.clear()
        call = stub.future(requests())
        store = node.folder / "berty.db"

        def written():
            return sum(f.stat().st_size for f in node.folder.iterdir()
                       if f.is_file()) > 6 << 20
        wait_for(f"the store to grow in {store}", written)
        if end == "cancel":
            call.cancel()
        else:
            node.kill()
        held.set()
        if end == "kill":
            node.start()
        assert extension(node, "AttachmentList") == []
    cid = prepare(node, data)
    assert retrieve(node, cid) == data


def test_what_is_unpinned_goes_and_comes_back(pair):
    a, b, group = pair
    data = bytes_of(1 << 20, 5)
    cid = prepare(a, data)
    a.api.send(group, b"unpinned", attachment_cids=[cid])
    wait_message(b, group, b"unpinned")
    assert retrieve(b, cid) == data
    extension(b, "AttachmentPin", attachment_cid=cid)
    assert kept(b, cid).pinned
    assert extension(a, "AttachmentUnpin",
                     attachment_cid=cid).freed > len(data)
    row = kept(a, cid)
    assert (row.held, row.pinned, row.complete) == (0, False, False)
    # Its blocks go here, and come back from the other.
    wait_for("the blocks to come back", lambda:
             retrieve(a, cid) == data and kept(a, cid).complete)
    with pytest.raises(Failure) as failed:
        extension(a, "AttachmentPin", attachment_cid=b"\x12\x20" + bytes(32))
    assert failed.value.codes == [400, 400]


def test_files_go_by_the_command_line(pair, tmp_path):
    a, b, group = pair
    data = bytes_of(3_000_000, 9)
    (tmp_path / "photo.jpg").write_bytes(data)
    cid = a.cli("attachment", "send", group.hex(),
                str(tmp_path / "photo.jpg")).stdout.strip()
    assert cid.startswith("Qm")

    def told():
        lines = b.cli("tail", group.hex(), "-until-now", "--json").stdout
        return [m for m in map(json.loads, lines.splitlines())
                if m.get("attachments") == [cid]]
    assert wait_for("the message", told)[0]["text"] == "photo.jpg"
    assert f"[file {cid}]" in b.cli("tail", group.hex(), "-until-now").stdout
    saved = tmp_path / "saved.jpg"
    assert "3000000 bytes" in b.cli("attachment", "save", cid,
                                    str(saved)).stdout
    assert saved.read_bytes() == data
    again = b.cli("attachment", "save", cid, str(saved), check=False)
    assert again.returncode == 1 and "exists already" in again.stderr
    piped = subprocess.run(
        [BERTY, "attachment", "save", cid, "-", "-store.dir", str(b.folder)],
        stdout=subprocess.PIPE, timeout=60, check=True)
    assert piped.stdout == data
    rows = [json.loads(line) for line in b.cli(
        "attachment", "list", "--json").stdout.splitlines()]
    row = next(r for r in rows if r["cid"] == cid)
    assert row["complete"] and row["bytes"] == len(data)
    b.cli("attachment", "pin", cid)
    assert "pinned" in next(line for line in b.cli(
        "attachment", "list").stdout.splitlines() if line.startswith(cid))
    b.cli("attachment", "unpin", cid)
    soon = b.cli("attachment", "save", cid, str(tmp_path / "y"), "-wait",
                 "soon", check=False)
    assert soon.returncode == 1 and "-wait takes seconds" in soon.stderr
    assert [f.name for f in tmp_path.iterdir() if "part" in f.name] == []
    wrong = b.cli("attachment", "save", "nonsense", "x", check=False)
    assert wrong.returncode == 1 and "no id of an attachment" in wrong.stderr
    assert not (tmp_path / "x").exists()


def test_a_large_file_takes_little_memory(nodes, monkeypatch):
    # A sanitizer keeps what was freed, of which there is much.
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") +
                       ":quarantine_size_mb=1")
    node = nodes()

    def resident():
        for line in open(f"/proc/{node.process.pid}/status"):
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    block = bytes_of(1 << 20)
    small = prepare(node, block * 16)
    assert small
    before = resident()
    cid = prepare(node, block * 256, timeout=300)
    grown = resident() - before
    kind, stub = node.api.method("AttachmentRetrieve")
    size = 0
    for reply in stub(kind(attachment_cid=cid), timeout=300):
        size += len(reply.block)
    assert size == 256 << 20
    # Sixteen times the file: not even one times the small one.
    assert grown < 16 << 20
    assert resident() - before < 24 << 20


def test_the_limits_are_options(nodes):
    a = nodes("-attachment.max", "1M", "-attachment.cache", "20K")
    assert retrieve(a, prepare(a, bytes_of(1 << 20))) == bytes_of(1 << 20)
    with pytest.raises(Failure) as caught:
        prepare(a, bytes_of((1 << 20) + 1))
    assert caught.value.codes == [1050, 100]
    limits = {b.name: b.limit for b in a.api.call("SystemInfo").budgets}
    assert limits["attachment.cached_bytes"] == 20480
    for wrong in ("0", "1T", "x", "-1", "1 M", "99999999999"):
        done = subprocess.run(
            a.command("-attachment.max=" + wrong), text=True,
            capture_output=True, timeout=60)
        assert done.returncode != 0 and "-attachment.max is" in done.stderr
