"""Hostile peers and clients: the node's memory stays within its budgets, and
honest peers exchange their messages through it all the while.

The bound: what may be queued for peers, and what may be unfinished, is 32 MiB
each, what is held for slow users 64 MiB.  A flood goes for one of these, and a
buffer may have twice the room of what is in it: 64 MiB, and 32 for the rest
(connections, streams, topics, wants, each bounded by a number)."""
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import threading
import time

import grpc
import pytest

from conftest import exchange_keys, invite, wait_for, BERTY, Failure

FLOOD = os.environ.get("FLOOD") or str(
    pathlib.Path(BERTY).parents[2] / "tests" / "berty-flood")
MIB = 1024
SECONDS = 3
MESSAGES = 10


def memory(node, name):
    """In KiB, as the system says."""
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(status.split(name + ":")[1].split()[0])


def forget_peak(node):
    """From now on the peak is counted anew."""
    pathlib.Path(f"/proc/{node.process.pid}/clear_refs").write_text("5")


def budgets(node):
    return {b.name: b for b in node.api.call("SystemInfo").budgets}


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Alice and bob know each other by carol only, who is flooded."""
    from conftest import Node
    made = []

    def start(name):
        folder = tmp_path_factory.mktemp("flood") / name
        made.append(Node(folder, "-p2p.mdns=false").start())
        return made[-1]

    carol, alice, bob = start("carol"), start("alice"), start("bob")
    group = carol.api.call("MultiMemberGroupCreate").group_pk
    carol.api.call("ContactRequestEnable")
    invite(carol, group, alice)
    invite(carol, group, bob)
    exchange_keys(alice, bob, group)
    exchange_keys(carol, alice, group)
    yield carol, alice, bob, group
    for node in made:
        node.stop()


class Exchange:
    """Messages from alice to bob and back, counted as they arrive."""

    def __init__(self, alice, bob, group):
        self.pairs = [(alice, bob), (bob, alice)]
        self.group = group
        self.streams = [to.api.open_stream("GroupMessageList", group_pk=group,
                                           since_now=True)
                        for _, to in self.pairs]
        for stream in self.streams:
            stream.initial_metadata()
        self.sent = [set(), set()]
        self.got = [set(), set()]
        self.readers = [threading.Thread(target=self.read, args=(i,),
                                         daemon=True) for i in range(2)]
        for reader in self.readers:
            reader.start()

    def read(self, i):
        try:
            for event in self.streams[i]:
                self.got[i].add(event.event_context.id)
        except grpc.RpcError:
            pass

    def send(self, n):
        for i, (author, _) in enumerate(self.pairs):
            for number in range(n):
                self.sent[i].add(author.api.send(self.group,
                                                 b"%d" % number))

    def wait(self):
        for i in range(2):
            wait_for(f"{len(self.sent[i])} messages to arrive",
                     lambda: self.sent[i] <= self.got[i], 60)

    def close(self):
        for stream in self.streams:
            stream.cancel()
        for reader in self.readers:
            reader.join(10)


# Those that try to keep others from connecting.
SHUTS_OUT = ["half-open", "connections"]

ATTACKS = {
    # What it floods with: the budgets of which one must have said no.
    "half-open": ["host.half_open_in"],
    "connections": ["host.connections_of_peer", "host.connections_in"],
    "reconnect": [],
    "silent-streams": ["host.backlog_of_connection", "host.streams"],
    "stream-churn": [],
    "unread-pings": [],
    "unread-echoes": ["host.queued_bytes", "host.streams_of_connection"],
    "unfinished": ["host.unfinished_bytes",
                   "bitswap.unfinished_bytes_of_peer"],
    "subscriptions": ["gossipsub.topics_of_peer",
                      "gossipsub.topic_bytes_of_peer"],
    "grafts": [],
    "ihaves": ["gossipsub.asked_ids_of_peer"],
    "messages": ["gossipsub.forged_of_peer"],
    "wants": ["bitswap.wants_of_peer"],
    "blocks": [],
    "heads": ["direct.useless_of_peer"],
    "handshakes": ["contact.visits_of_peer"],
    "identify": [],
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_flood_is_bounded_and_honest_peers_get_on(three, attack):
    carol, alice, bob, group = three
    forget_peak(carol)
    before, told = memory(carol, "VmRSS"), budgets(carol)
    flood = subprocess.Popen(
        [FLOOD, attack, carol.info["swarm"][0], str(SECONDS)],
        stdout=subprocess.PIPE, text=True)
    exchange = None
    try:
        if attack in SHUTS_OUT:
            time.sleep(1)
            bob.restart()
        exchange = Exchange(alice, bob, group)
        while flood.poll() is None:
            exchange.send(MESSAGES // 5)
            time.sleep(0.2)
        exchange.wait()
    finally:
        if exchange is not None:
            exchange.close()
        flood.kill()
        done = flood.stdout.read()
        flood.stdout.close()
        flood.wait()
    assert flood.returncode == 0 and int(done) > 0, f"no flood: {done}"
    peak, now = memory(carol, "VmHWM"), budgets(carol)
    print(f"{attack}: {done.strip()} times, {len(exchange.got[0])} and "
          f"{len(exchange.got[1])} messages, {before} KiB before, "
          f"peak {peak} KiB")
    assert peak - before < 96 * MIB
    refused = {name: now[name].refused - told[name].refused
               for name in ATTACKS[attack]}
    assert not refused or any(refused.values()), refused
    for b in now.values():
        assert b.used <= b.limit or b.name.startswith("log."), b


# --- clients -----------------------------------------------------------------

DATA, HEADERS, RST, SETTINGS, WINDOW_UPDATE = 0, 1, 3, 4, 8


class RawClient:
    """HTTP/2 by hand, so that it can do what no library does."""

    def __init__(self, node, window):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(20)
        self.socket.connect(str(node.socket))
        self.stream = -1
        self.say(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        self.frame(SETTINGS, 0, 0, struct.pack(">HI", 4, window))

    def say(self, data):
        self.socket.sendall(data)

    def frame(self, kind, flags, stream, body=b""):
        self.say(struct.pack(">I", len(body))[1:] +
                 struct.pack(">BBI", kind, flags, stream) + body)

    def call(self, method, message):
        """Begin a call with a whole request; its stream."""
        self.stream += 2
        block = b""
        for name, value in ((":method", "POST"), (":scheme", "http"),
                            (":path", f"/berty.protocol.v1.ProtocolService/"
                             f"{method}"), (":authority", "x"),
                            ("content-type", "application/grpc")):
            block += (b"\0" + bytes([len(name)]) + name.encode() +
                      bytes([len(value)]) + value.encode())
        self.frame(HEADERS, 4, self.stream, block)
        self.frame(DATA, 1, self.stream,
                   b"\0" + struct.pack(">I", len(message)) + message)
        return self.stream

    def ended(self):
        """Has the server closed?  Reads what there is."""
        try:
            while True:
                if not self.socket.recv(65536):
                    return True
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.socket.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A node with 4 MB of messages in a group."""
    from conftest import Node
    node = Node(tmp_path_factory.mktemp("flood") / "full",
                "-p2p.mdns=false").start()
    group = node.api.call("MultiMemberGroupCreate").group_pk
    kind, stub = node.api.method("AppMessageSend")
    calls = [stub.future(kind(group_pk=group, payload=b"x" * 2000))
             for _ in range(2000)]
    for call in calls:
        call.result()
    yield node, group
    node.stop()


def test_readers_of_a_byte_a_second_take_bounded_memory(full):
    node, group = full
    request = node.api.message(
        "berty.protocol.v1.GroupMessageList.Request",
        group_pk=group).SerializeToString()
    forget_peak(node)
    before = memory(node, "VmRSS")
    clients = [RawClient(node, 1) for _ in range(50)]
    for client in clients:
        for _ in range(20):
            client.call("GroupMessageList", request)
    # 1,000 calls of 256 KiB would be 256 MiB.
    wait_for("the calls to queue what they may", lambda: budgets(node)[
        "grpc.queued_bytes"].used > 32 * 1024 * 1024)
    for _ in range(3):
        time.sleep(1)
        for client in clients:
            for stream in range(1, 40, 2):
                client.frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", 1))
            client.frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 20))
    # An honest reader has all of it meanwhile.
    assert len(node.api.messages(group)) == 2000
    queued = budgets(node)["grpc.queued_bytes"]
    peak = memory(node, "VmHWM")
    print(f"slow readers: queued {queued.peak}, {before} KiB before, "
          f"peak {peak} KiB")
    assert queued.peak <= queued.limit
    # Twice what is queued, and what 1,000 calls and feeds take.
    assert peak - before < (2 * 64 + 32) * MIB
    for client in clients:
        client.close()
    wait_for("all of it to be given back", lambda: budgets(node)[
        "grpc.queued_bytes"].used == 0)


def test_thousands_of_calls_at_once_are_served_or_refused(full):
    node, group = full
    request = node.api.message(
        "berty.protocol.v1.GroupMessageList.Request", group_pk=group,
        since_now=True).SerializeToString()
    forget_peak(node)
    before = memory(node, "VmRSS")
    clients = [RawClient(node, 65535) for _ in range(8)]
    for client in clients:
        for _ in range(900):
            client.call("GroupMessageList", request)
    wait_for("all calls to be there", lambda: budgets(node)[
        "grpc.calls"].used >= 7200)
    cid = node.api.send(group, b"while thousands wait")
    assert cid
    peak = memory(node, "VmHWM")
    print(f"7,200 calls: {before} KiB before, peak {peak} KiB")
    assert peak - before < 96 * MIB
    for client in clients:
        client.close()
    wait_for("the calls to be over", lambda: budgets(node)[
        "grpc.calls"].used < 10)


def test_rapid_resets_end_the_connection_and_harm_nobody(full):
    node, group = full
    forget_peak(node)
    before = memory(node, "VmRSS")
    request = node.api.message(
        "berty.protocol.v1.GroupMessageList.Request",
        group_pk=group).SerializeToString()
    client = RawClient(node, 65535)
    try:
        for _ in range(5000):
            stream = client.call("GroupMessageList", request)
            client.frame(RST, 0, stream, struct.pack(">I", 8))
    except ConnectionError:
        pass
    assert client.ended()
    client.close()
    assert node.api.call("InstanceGetConfiguration").account_pk
    assert memory(node, "VmHWM") - before < 64 * MIB


def test_messages_over_4_mib_are_refused_unread(full):
    node, group = full
    forget_peak(node)
    before = memory(node, "VmRSS")
    kind, stub = node.api.method("AppMessageSend")
    size = 4 * 1024 * 1024 + 1
    calls = [stub.future(kind(group_pk=group, payload=b"x" * size))
             for _ in range(30)]
    for call in calls:
        assert call.exception().code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    with pytest.raises(Failure) as failed:
        node.api.send(group, b"x" * (512 * 1024 + 1))
    assert failed.value.status == grpc.StatusCode.INVALID_ARGUMENT
    peak = memory(node, "VmHWM")
    print(f"4 MiB + 1: {before} KiB before, peak {peak} KiB")
    assert peak - before < 32 * MIB


# --- strangers at a TCP port --------------------------------------------------


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A node that serves TCP over TLS, to those who have a token."""
    from conftest import Node
    folder = tmp_path_factory.mktemp("guarded")
    node = Node(folder / "node", "-node.token-file", str(folder / "token"),
                "-node.listeners",
                f"/unix{folder}/node/berty.sock,127.0.0.1:0/tls").start()
    node.port = int(next(a for a in node.info["listeners"]
                         if a.endswith("/tls")).split("/")[4])
    node.roots = (folder / "node" / "api-certificate.pem").read_bytes()
    node.token = (folder / "token").read_text().strip()
    yield node
    node.stop()


def honest_call(node, seconds=20):
    """A client of its own that has the token, over TLS."""
    with grpc.secure_channel(
            f"localhost:{node.port}", grpc.ssl_channel_credentials(node.roots),
            options=[("grpc.use_local_subchannel_pool", 1)]) as channel:
        stub = channel.unary_unary(
            "/berty.protocol.v1.ProtocolService/InstanceGetConfiguration",
            request_serializer=bytes, response_deserializer=bytes)
        return stub(b"", timeout=seconds, wait_for_ready=True, metadata=[
            ("authorization", f"Bearer {node.token}")])


def test_half_open_handshakes_keep_nobody_out(guarded):
    """Connections that say nothing, or half of what TLS wants to hear."""
    node = guarded
    forget_peak(node)
    before, told = memory(node, "VmRSS"), budgets(node)
    hello = bytes([22, 3, 1, 4, 0, 1, 0, 3, 252])
    strangers = []
    try:
        for i in range(400):
            strangers.append(socket.create_connection(
                ("127.0.0.1", node.port)))
            if i % 2 == 1:
                strangers[-1].sendall(hello)
            if i % 100 == 99:
                assert honest_call(node)
        now, peak = budgets(node), memory(node, "VmHWM")
        print(f"half-open: {before} KiB before, peak {peak} KiB")
        assert now["grpc.handshakes"].peak <= now["grpc.handshakes"].limit
        assert now["grpc.handshakes"].refused > told["grpc.handshakes"].refused
        assert peak - before < 32 * MIB
        assert honest_call(node)
        assert node.api.call("InstanceGetConfiguration").account_pk
    finally:
        for stranger in strangers:
            stranger.close()
    wait_for("the handshakes to be over", lambda: budgets(node)[
        "grpc.handshakes"].used == 0)


def test_strangers_without_a_token_keep_nobody_out(guarded):
    """They shake hands, speak HTTP/2, and stay; more than there is room for."""
    node = guarded
    forget_peak(node)
    before, told = memory(node, "VmRSS"), budgets(node)
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    strangers = []
    try:
        for _ in range(300):
            raw = socket.create_connection(("127.0.0.1", node.port))
            strangers.append(context.wrap_socket(raw))
            strangers[-1].sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                                  bytes([0, 0, 0, SETTINGS, 0, 0, 0, 0, 0]))
        now, peak = budgets(node), memory(node, "VmHWM")
        print(f"strangers: {before} KiB before, peak {peak} KiB")
        assert now["grpc.connections"].refused > \
            told["grpc.connections"].refused
        assert honest_call(node)
        assert node.api.call("InstanceGetConfiguration").account_pk
        assert peak - before < 64 * MIB
    finally:
        for stranger in strangers:
            stranger.close()
