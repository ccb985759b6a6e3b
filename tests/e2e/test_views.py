"""What the node tells of itself: SystemInfo, PeerList, MonitorGroup and
DebugGroup, and the commands that show it."""
import json
import os
import socket
import subprocess
import threading
import time

import grpc
import pytest

from conftest import BERTY, Failure, befriend, invite, wait_for

JOIN, LEAVE = 3, 4
IN, OUT, BOTH = 1, 2, 3
BERTY_FEATURE, LOCAL_FEATURE = 1, 3


class Watch:
    """A MonitorGroup stream, read by a thread."""

    def __init__(self, node, group=b""):
        self.events = []
        self.ended = None
        self.stream = node.api.open_stream("MonitorGroup", group_pk=group)
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        try:
            for reply in self.stream:
                self.events.append(reply)
            self.ended = grpc.StatusCode.OK
        except grpc.RpcError as error:
            self.ended = error.code()

    def of(self, kind, peer):
        """Topics of the events of that kind about that peer."""
        found = []
        for reply in list(self.events):
            if reply.event.type != kind:
                continue
            event = (reply.event.peer_join if kind == JOIN
                     else reply.event.peer_leave)
            if event.peer_id == peer:
                found.append((bytes(reply.group_pk), event))
        return found

    def topics(self, kind, peer):
        return {event.topic for _, event in self.of(kind, peer)}


def peer(node, other):
    """What a node lists of another."""
    for found in node.api.call("PeerList").peers:
        if found.id == other.info["peer_id"]:
            return found
    return None


def connected(node, other):
    found = peer(node, other)
    return found if found is not None and found.is_active else None


@pytest.fixture(scope="module")
def pair(module_nodes):
    """Two contacts; the first dialled."""
    a, b = module_nodes(), module_nodes()
    group = befriend(a, b)
    return a, b, group


# --- MonitorGroup ----------------------------------------------------------


def test_monitor_tells_who_is_there_first(pair):
    a, b, group = pair
    watch = Watch(a, group)
    me, other = a.info["peer_id"], b.info["peer_id"]
    wait_for("both topics", lambda: len(watch.topics(JOIN, other)) == 2)
    topics = watch.topics(JOIN, other)
    assert watch.topics(JOIN, me) == topics
    assert all(topic.startswith("/orbitdb/") for topic in topics)
    for key, event in watch.of(JOIN, me):
        assert key == group and event.is_self and len(event.maddrs) > 0
    for key, event in watch.of(JOIN, other):
        assert key == group and not event.is_self
        assert list(event.maddrs) == [
            address.split("/p2p/")[0] for address in b.info["swarm"]]
    watch.stream.cancel()
    wait_for("the end", lambda: watch.ended)
    assert watch.ended == grpc.StatusCode.CANCELLED


def test_monitor_tells_when_a_node_goes_and_comes_back(nodes):
    a, b = nodes(), nodes()
    group = befriend(a, b)
    watch = Watch(a, group)
    other = b.info["peer_id"]
    wait_for("b", lambda: len(watch.topics(JOIN, other)) == 2)
    b.stop()
    wait_for("b to leave", lambda: len(watch.topics(LEAVE, other)) == 2)
    assert not any(e.is_self for _, e in watch.of(LEAVE, other))
    before = len(watch.of(JOIN, other))
    b.start()
    wait_for("b to return", lambda: len(watch.of(JOIN, other)) >= before + 2)
    assert watch.ended is None


def test_monitor_ends_when_the_group_is_deactivated(nodes):
    node = nodes()
    group = node.api.call("MultiMemberGroupCreate").group_pk
    watch, every = Watch(node, group), Watch(node)
    me = node.info["peer_id"]
    wait_for("us", lambda: len(watch.topics(JOIN, me)) == 2)
    wait_for("us", lambda: len(every.topics(JOIN, me)) >= 4)
    node.api.call("DeactivateGroup", group_pk=group)
    wait_for("the end", lambda: watch.ended)
    assert watch.ended == grpc.StatusCode.OK
    assert len(watch.topics(LEAVE, me)) == 2
    assert all(e.is_self for _, e in watch.of(LEAVE, me))
    wait_for("us leaving", lambda: {k for k, _ in every.of(LEAVE, me)} ==
             {group})
    assert every.ended is None, "who watches all groups goes on"


def test_monitor_of_a_local_group_ends_too(nodes):
    node = nodes("-node.auto-activate=false")
    group = node.api.call("MultiMemberGroupCreate").group_pk
    node.api.call("DeactivateGroup", group_pk=group)
    node.api.call("ActivateGroup", group_pk=group, local_only=True)
    watch = Watch(node, group)
    node.api.call("GroupInfo", group_pk=group)
    time.sleep(0.2)
    assert watch.events == [] and watch.ended is None
    node.api.call("DeactivateGroup", group_pk=group)
    wait_for("the end", lambda: watch.ended)
    assert watch.ended == grpc.StatusCode.OK and watch.events == []


def test_monitor_of_all_groups_sees_groups_that_come_later(pair):
    a, b, group = pair
    watch = Watch(a)
    me, other = a.info["peer_id"], b.info["peer_id"]
    wait_for("the known groups", lambda: {
        key for key, _ in watch.of(JOIN, me)} >= {a.account, group})
    later = a.api.call("MultiMemberGroupCreate").group_pk
    invite(a, later, b)
    wait_for("b in the new group", lambda: later in {
        key for key, _ in watch.of(JOIN, other)})
    watch.stream.cancel()


def test_monitor_of_an_unknown_group_is_refused(pair):
    with pytest.raises(Failure) as caught:
        next(pair[0].api.stream("MonitorGroup", group_pk=bytes(32)))
    assert (caught.value.codes[0], caught.value.codes[-1]) == (1306, 888)
    assert caught.value.status == grpc.StatusCode.NOT_FOUND


# --- DebugGroup ------------------------------------------------------------


def test_debug_group_lists_who_is_on_the_topics(pair):
    a, b, group = pair
    wait_for("b", lambda: list(a.api.call(
        "DebugGroup", group_pk=group).peer_ids) == [b.info["peer_id"]])
    # Nobody else is of this account.
    assert list(a.api.call("DebugGroup",
                           group_pk=a.account).peer_ids) == []


def test_debug_group_of_an_unknown_group_is_refused(pair):
    for key in (bytes(32), b""):
        with pytest.raises(Failure) as caught:
            pair[0].api.call("DebugGroup", group_pk=key)
        assert caught.value.codes[0] == 1306


# --- PeerList --------------------------------------------------------------


def test_both_ends_list_the_connection(pair):
    a, b, _ = pair
    there = wait_for("b", lambda: connected(a, b))
    here = wait_for("a", lambda: connected(b, a))
    active = [r for r in there.routes if r.is_active]
    back = [r for r in here.routes if r.is_active]
    listening = {t.split("/p2p/")[0] for t in
                 a.info["swarm"] + b.info["swarm"]}
    directions = {r.direction for r in active}, {r.direction for r in back}
    assert directions in (({IN}, {OUT}), ({OUT}, {IN}),
                          ({IN, OUT}, {IN, OUT}))
    assert len(active) == len(back)
    for route in active + back:
        if route.direction == OUT:
            assert route.address in listening
        assert route.address.startswith("/ip4/127.0.0.1/tcp/")
    assert there.direction == (BOTH if len(directions[0]) == 2
                               else directions[0].pop())
    streams = {s.id for r in active + back for s in r.streams}
    assert any(s.startswith("/meshsub/") for s in streams)
    assert BERTY_FEATURE in there.features
    assert LOCAL_FEATURE in there.features


def test_peers_that_are_gone_stay_listed_with_their_addresses(nodes):
    a, b, c = nodes(), nodes(), nodes()
    befriend(a, b)
    befriend(a, c)
    wait_for("both", lambda: connected(a, b) and connected(a, c))
    b.stop()
    gone = wait_for("b to be gone", lambda: next(
        (p for p in [peer(a, b)] if p is not None and not p.is_active),
        None))
    assert any(r.address == b.info["swarm"][0].split("/p2p/")[0] and
               not r.is_active and r.direction == 0 for r in gone.routes)
    assert LOCAL_FEATURE not in gone.features
    error = wait_for("a dial to fail", lambda: list(peer(a, b).errors))
    assert "last dial failed" in error[0]
    ids = [p.id for p in a.api.call("PeerList").peers]
    assert ids == sorted(ids) and len(ids) >= 2
    b.start()
    back = wait_for("b", lambda: connected(a, b))
    assert not back.errors


# --- SystemInfo ------------------------------------------------------------


def test_the_numbers_of_the_process_are_true(nodes):
    node = nodes()
    before = time.time()
    info = node.api.call("SystemInfo")
    process = info.process
    pid = node.process.pid
    assert process.pid == pid and process.ppid == os.getpid()
    assert process.uid == os.getuid()
    assert process.num_goroutine == len(os.listdir(f"/proc/{pid}/task"))
    assert abs(process.nofile - len(os.listdir(f"/proc/{pid}/fd"))) <= 1
    assert process.rlimit_cur <= process.rlimit_max
    assert process.working_dir == os.readlink(f"/proc/{pid}/cwd")
    assert process.host_name == os.uname().nodename
    assert process.operating_system == "linux"
    assert process.num_cpu == os.sysconf("SC_NPROCESSORS_ONLN")
    assert process.version and process.go_version
    assert abs(process.started_at + process.uptime_ms / 1000 - before) < 5
    assert info.p2p.connected_peers == 0
    names = {library.name: library.version for library in info.libraries}
    assert set(names) == {"libsodium", "gnutls", "sqlite", "libuv",
                          "nghttp2"}
    assert all(names.values())


def test_the_numbers_move(nodes):
    a, b = nodes(), nodes()
    first = a.api.call("SystemInfo")
    assert not list(first.warns)
    log = first.orbitdb.account_metadata
    assert log.progress == log.maximum == len(a.api.events(a.account))
    assert log.buffered == log.queued == 0
    group = befriend(a, b)
    for text in (b"one", b"two"):
        a.api.send(group, text)
    later = wait_for("the peer", lambda: next(
        (i for i in [a.api.call("SystemInfo")]
         if i.p2p.connected_peers == 1), None))
    assert later.process.uptime_ms > first.process.uptime_ms
    assert later.process.started_at == first.process.started_at
    assert later.orbitdb.account_metadata.progress > log.progress
    assert later.store.writes > first.store.writes
    assert later.store.syncs > first.store.syncs
    assert later.store.bytes >= first.store.bytes > 0
    assert later.store.path == str(a.folder / "berty.sqlite")
    assert not later.store.read_only and later.store.schema >= 1
    assert later.sync.heads_sent > first.sync.heads_sent
    budgets = {row.name: row for row in later.budgets}
    assert budgets["host.connections"].used >= 1
    assert all(row.peak >= row.used and row.peak <= row.limit
               for row in later.budgets)


def test_who_listens_nowhere_is_told_so(nodes):
    node = nodes("-p2p.swarm-listeners", "")
    warns = list(node.api.call("SystemInfo").warns)
    assert any("listens nowhere" in w for w in warns), warns


# --- the commands ----------------------------------------------------------


def test_info_for_people_and_as_berty_prints_it(pair):
    a = pair[0]
    text = a.cli("info").stdout
    for word in ("version", "peer id", a.info["peer_id"], "budgets",
                 "libsodium", str(a.folder)):
        assert word in text
    report = json.loads(a.cli("info", "-json").stdout)
    process = report["protocol"]["process"]
    # protobuf's JSON: camelCase, 64-bit integers as text.
    assert process["pid"] == str(a.process.pid)
    assert int(process["uptimeMs"]) > 0
    assert report["protocol"]["p2p"]["connectedPeers"] == "1"
    assert "tooManyOpenFiles" not in process, "defaults are left out"
    assert report["instance"]["peerId"] == a.info["peer_id"]


def test_an_anonymous_report_names_nobody(pair):
    a = pair[0]
    for json_too in ((), ("-json",)):
        text = a.cli("info", "-info.anonymize", *json_too).stdout
        for secret in (a.info["peer_id"], str(a.folder), a.account.hex(),
                       "127.0.0.1", "peerId\":\"12D3"):
            assert secret not in text
        assert "REDACTED" in text


def test_refreshing_goes_on_until_interrupted(pair):
    a = pair[0]
    shown = subprocess.Popen(
        [BERTY, "info", "-json", "-info.refresh", "50ms", "-store.dir",
         str(a.folder)], stdout=subprocess.PIPE, text=True)
    ups = [int(json.loads(shown.stdout.readline())["protocol"]["process"]
               ["uptimeMs"]) for _ in range(3)]
    assert ups == sorted(ups) and ups[0] < ups[2]
    shown.send_signal(2)
    assert shown.wait(timeout=20) == 0
    shown.stdout.close()
    wrong = a.cli("info", "-info.refresh", "soon", check=False)
    assert wrong.returncode == 1 and "-info.refresh" in wrong.stderr


def test_peers_as_a_table_and_as_json(pair):
    a, b, _ = pair
    wait_for("b", lambda: connected(a, b))
    table = a.cli("peers").stdout
    assert "1 connected" in table and b.info["peer_id"] in table
    listed = json.loads(a.cli("peers", "-json").stdout)["peers"]
    assert [p["id"] for p in listed if p.get("isActive")] == [
        b.info["peer_id"]]
    assert any(r["address"].startswith("/ip4/127.0.0.1/tcp/")
               for r in listed[0]["routes"])


def test_the_version_is_one_everywhere(pair):
    a, b, _ = pair
    told = subprocess.run([BERTY, "version", "-json"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    version = json.loads(told)
    process = a.api.call("SystemInfo").process
    assert version["version"] == process.version
    assert version["vcs_ref"] == process.vcs_ref
    text = subprocess.run([BERTY, "version"], text=True, check=True,
                          stdout=subprocess.PIPE).stdout
    assert text.splitlines()[0] == "berty " + version["version"]


# --- doctor ----------------------------------------------------------------


def doctor(folder, *flags):
    """Its exit status, and what it said of each thing."""
    done = subprocess.run(
        [BERTY, "doctor", "-json", "-store.dir", str(folder), *flags],
        text=True, timeout=60, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert not done.stderr, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    failed = any(f["grade"] == "fail" for f in found)
    assert done.returncode == (1 if failed else 0)
    for finding in found:
        assert finding["grade"] == "ok" or finding["remedy"] or \
            finding["what"] == "node"
    return found


def of(found, what, grade=None):
    return [f for f in found if f["what"] == what and
            grade in (None, f["grade"])]


LOOPBACK = ("-p2p.swarm-listeners", "/ip4/127.0.0.1/tcp/0")


def test_a_healthy_node_has_nothing_that_fails(pair):
    a, b, _ = pair
    found = doctor(a.folder)
    assert not [f for f in found if f["grade"] == "fail"]
    listener, = of(found, "listener", "ok")
    assert a.info["swarm"][0] in listener["text"]
    assert "handshake" in listener["text"]
    assert of(found, "API", "ok") and of(found, "store", "ok")
    assert "1 connected" in of(found, "peers", "ok")[0]["text"]
    assert of(found, "requests", "ok") and of(found, "clock", "ok")
    assert of(found, "rendezvous") and of(found, "mDNS")
    text = a.cli("doctor").stdout
    assert "0 failed" in text and "\n                  -> " in text


def test_without_a_node_it_looks_by_itself(tmp_path):
    found = doctor(tmp_path / "new", *LOOPBACK)
    assert "berty daemon" in of(found, "node", "warn")[0]["remedy"]
    assert "handshake" in of(found, "listener", "ok")[0]["text"]
    assert of(found, "folder", "ok")
    assert not (tmp_path / "new").exists(), "it makes nothing"
    assert not [f for f in found if f["grade"] == "fail"]


def test_a_named_node_that_does_not_answer_fails(tmp_path):
    found = doctor(tmp_path, *LOOPBACK, "-node.remote-addr",
                   f"/unix{tmp_path}/none.sock")
    wrong, = of(found, "node", "fail")
    assert "none.sock" in wrong["text"] and "berty daemon" in wrong["remedy"]


def test_a_stopped_nodes_store_is_opened(nodes):
    node = nodes()
    node.stop()
    found = doctor(node.folder, *LOOPBACK)
    assert "opens" in of(found, "store", "ok")[0]["text"]
    assert of(found, "key", "ok") and of(found, "space")
    assert not [name for name in os.listdir(node.folder)
                if name.startswith(".doctor")]
    node.start()


def test_a_wrong_key_is_found(nodes):
    node = nodes()
    node.stop()
    key = node.folder / "store.key"
    right = key.read_bytes()
    key.write_bytes(bytes(32))
    wrong, = of(doctor(node.folder, *LOOPBACK), "store", "fail")
    assert "wrong store key" in wrong["text"]
    assert "store.key" in wrong["remedy"]
    key.write_bytes(right)
    key.chmod(0o644)
    wrong, = of(doctor(node.folder, *LOOPBACK), "key", "fail")
    assert "0600" in wrong["remedy"]
    key.unlink()
    wrong, = of(doctor(node.folder, *LOOPBACK), "key", "fail")
    assert "store.key" in wrong["text"]
    assert not key.exists(), "it makes no key"


def test_a_folder_that_cannot_be_written_is_found(tmp_path):
    (tmp_path / "file").write_text("in the way")
    wrong, = of(doctor(tmp_path / "file", *LOOPBACK), "folder", "fail")
    assert str(tmp_path / "file") in wrong["text"]
    assert "-store.dir" in wrong["remedy"]
    wrong, = of(doctor(tmp_path / "file" / "below", *LOOPBACK), "folder",
                "fail")
    assert "-store.dir" in wrong["remedy"]
    # Nobody, not even root, makes a folder there.
    wrong, = of(doctor("/proc/berty", *LOOPBACK), "folder", "fail")
    assert "/proc" in wrong["text"]
    if os.getuid() != 0:
        (tmp_path / "closed").mkdir(mode=0o500)
        wrong, = of(doctor(tmp_path / "closed", *LOOPBACK), "folder", "fail")
        assert "written" in wrong["text"]


def test_a_port_that_is_taken_is_found(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        address = f"/ip4/127.0.0.1/tcp/{port}"
        found = doctor(tmp_path, "-p2p.swarm-listeners", address,
                       "-node.listeners", address)
    wrong, = of(found, "listener", "fail")
    assert address in wrong["text"]
    assert "-p2p.swarm-listeners" in wrong["remedy"]
    wrong, = of(found, "API", "fail")
    assert address in wrong["text"] and "-node.listeners" in wrong["remedy"]


def test_a_store_that_another_process_holds_is_found(nodes):
    node = nodes()
    os.rename(node.socket, node.folder / "elsewhere.sock")
    wrong, = of(doctor(node.folder, *LOOPBACK), "store", "fail")
    assert "another process" in wrong["text"]
    os.rename(node.folder / "elsewhere.sock", node.socket)


def test_an_api_that_lets_others_in_fails(nodes):
    node = nodes()
    assert node.socket.stat().st_mode & 0o777 == 0o600
    node.socket.chmod(0o666)
    wrong, = of(doctor(node.folder), "API", "fail")
    assert "chmod 600" in wrong["remedy"]


def test_switched_off_requests_and_missing_listeners_are_told(nodes):
    node = nodes("-p2p.swarm-listeners", "", "-node.contact-requests=false")
    found = doctor(node.folder)
    assert "contact link" in of(found, "requests", "warn")[0]["remedy"]
    assert "-p2p.swarm-listeners" in of(found, "listener",
                                        "warn")[0]["remedy"]
    assert of(found, "peers", "warn")
