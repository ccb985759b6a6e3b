"""Nodes as processes, and clients that know nothing but what the server says
about itself: every message comes from reflection.  $BERTY is the program."""
import json
import os
import pathlib
import select
import signal
import socket
import struct
import subprocess
import time

import grpc
import pytest
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

SERVICE = "berty.protocol.v1.ProtocolService"
BERTY = os.environ.get("BERTY", "build/release/cmd/berty/berty")
# Tests that run beside each other shall not meet.
os.environ["BERTY_P2P_MDNS"] = "false"
START_SECONDS = 20
WAIT_SECONDS = 40


def wait_for(what, condition, seconds=WAIT_SECONDS):
    """The first true value of the condition."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


class Failure(Exception):
    """A call that failed: its chain of codes and its gRPC status."""

    def __init__(self, codes, status, text):
        super().__init__(f"{codes} {status}: {text}")
        self.codes = codes
        self.status = status


class Client:
    """Calls by name with keyword arguments; messages found by reflection."""

    def __init__(self, address, service=SERVICE):
        self.channel = grpc.insecure_channel(address)
        self.database = ProtoReflectionDescriptorDatabase(self.channel)
        self.pool = descriptor_pool.DescriptorPool(self.database)
        self.service = self.pool.FindServiceByName(service)

    def close(self):
        self.channel.close()

    def message(self, name, **fields):
        kind = self.pool.FindMessageTypeByName(name)
        return message_factory.GetMessageClass(kind)(**fields)

    def method(self, name, service=None):
        found = (service or self.service).methods_by_name[name]
        path = f"/{found.containing_service.full_name}/{name}"
        kinds = [message_factory.GetMessageClass(k)
                 for k in (found.input_type, found.output_type)]
        maker = {
            (False, False): self.channel.unary_unary,
            (False, True): self.channel.unary_stream,
            (True, False): self.channel.stream_unary,
            (True, True): self.channel.stream_stream,
        }[(found.client_streaming, found.server_streaming)]
        return kinds[0], maker(
            path, request_serializer=kinds[0].SerializeToString,
            response_deserializer=kinds[1].FromString)

    def failure(self, error):
        codes = []
        for key, value in error.trailing_metadata() or ():
            if key != "grpc-status-details-bin":
                continue
            for detail in self.message("google.rpc.Status").FromString(
                    value).details:
                assert detail.type_url.endswith("/berty.errcode.ErrDetails")
                kind = self.message("berty.errcode.ErrDetails")
                codes += kind.FromString(detail.value).codes
        return Failure([int(c) for c in codes], error.code(), error.details())

    def call(self, name, timeout=30, **fields):
        kind, stub = self.method(name)
        try:
            return stub(kind(**fields), timeout=timeout)
        except grpc.RpcError as error:
            raise self.failure(error) from None

    def stream(self, name, timeout=30, **fields):
        kind, stub = self.method(name)
        try:
            yield from stub(kind(**fields), timeout=timeout)
        except grpc.RpcError as error:
            raise self.failure(error) from None

    def call_with_trailers(self, name, timeout=30, **fields):
        """The reply, and what stands beside it."""
        kind, stub = self.method(name)
        try:
            reply, call = stub.with_call(kind(**fields), timeout=timeout)
        except grpc.RpcError as error:
            raise self.failure(error) from None
        return reply, dict(call.trailing_metadata())

    def open_stream(self, name, timeout=None, **fields):
        """The grpc call itself, to be read in pieces or cancelled."""
        kind, stub = self.method(name)
        return stub(kind(**fields), timeout=timeout)

    def send(self, group, payload, **more):
        return self.call("AppMessageSend", group_pk=group, payload=payload,
                         **more).cid

    def messages(self, group, **options):
        options = options or {"until_now": True}
        return list(self.stream("GroupMessageList", group_pk=group, **options))

    def events(self, group, **options):
        options = options or {"until_now": True}
        return list(self.stream("GroupMetadataList", group_pk=group,
                                **options))

    def groups(self):
        return {r.group_pk: r for r in self.stream("DebugListGroups")}


class Node:
    """A daemon, its store, and a client of it."""

    prefix = ()  # what runs the daemon, if it is not run itself

    def __init__(self, folder, *flags):
        self.folder = folder
        self.flags = flags
        self.process = None
        self.api = None
        self.info = None

    @property
    def socket(self):
        return self.folder / "berty.sock"

    def command(self, *flags):
        return [*self.prefix, BERTY, "daemon", "-json", "-store.dir", str(self.folder),
                "-p2p.swarm-listeners", "/ip4/127.0.0.1/tcp/0", *self.flags,
                *flags]

    def start(self, *flags):
        log = open(self.folder.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(self.command(*flags), stderr=log,
                                        stdout=subprocess.PIPE)
        log.close()
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        assert line, "the node is not ready: " + self.log()
        self.info = json.loads(line)
        self.api = Client(f"unix:{self.socket}")
        return self

    def log(self):
        return self.folder.with_suffix(".log").read_text(errors="replace")

    def end(self, number):
        if self.process is None:
            return None
        if self.api is not None:
            self.api.close()
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        self.process.stdout.close()
        self.process = self.api = None
        return status

    def client(self, service):
        """A client of another service of the running node."""
        return Client(f"unix:{self.socket}", service)

    def stop(self):
        status = self.end(signal.SIGTERM)
        assert status in (None, 0), f"ended with {status}: {self.log()}"

    def kill(self):
        self.end(signal.SIGKILL)

    def restart(self):
        self.stop()
        return self.start()

    @property
    def account(self):
        return self.api.call("InstanceGetConfiguration").account_pk

    def cli(self, *words, check=True, **more):
        done = subprocess.run(
            [BERTY, *words, "-store.dir", str(self.folder)], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)
        if check:
            assert done.returncode == 0, done.stderr
        return done


BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def address_bytes(text):
    """/ip4/A/tcp/P/p2p/ID in binary."""
    _, ip4, host, tcp, port, p2p, peer = text.split("/")
    assert (ip4, tcp, p2p) == ("ip4", "tcp", "p2p")
    number = 0
    for letter in peer:
        number = number * 58 + BASE58.index(letter)
    key = number.to_bytes((number.bit_length() + 7) // 8, "big")
    key = b"\0" * (len(peer) - len(peer.lstrip("1"))) + key
    return (b"\x04" + socket.inet_aton(host) + b"\x06" +
            struct.pack(">H", int(port)) + b"\xa5\x03" + bytes([len(key)]) +
            key)


def request_contact(asker, asked, addresses=None):
    """One node asks the other; until the other has the request."""
    seed = asked.api.call("ContactRequestEnable").public_rendezvous_seed
    if addresses is None:
        addresses = asked.info["swarm"]
    asker.api.call(
        "ContactRequestSend",
        contact=asker.api.message("berty.protocol.v1.ShareableContact",
                                  pk=asked.account,
                                  public_rendezvous_seed=seed),
        addresses=[address_bytes(a) for a in addresses])
    wait_for("the contact request", lambda: [
        e for e in asked.api.events(asked.account)
        if e.metadata.event_type == 108])


def contact_group(node, other_pk):
    group = node.api.call("GroupInfo", contact_pk=other_pk).group.public_key
    node.api.call("ActivateGroup", group_pk=group)
    return group


def befriend(a, b, addresses=None):
    """Make them contacts; the group that both have opened."""
    request_contact(a, b, addresses)
    b.api.call("ContactRequestAccept", contact_pk=a.account)
    wait_for("the contact to be added", lambda: [
        e for e in a.api.events(a.account) if e.metadata.event_type == 107])
    group = contact_group(a, b.account)
    assert contact_group(b, a.account) == group
    return group


def invite(inviter, group, joiner):
    """The group's invitation, used with the inviter's addresses."""
    invitation = inviter.api.call("MultiMemberGroupInvitationCreate",
                                  group_pk=group).group
    copy = joiner.api.message("berty.protocol.v1.Group")
    copy.ParseFromString(invitation.SerializeToString())
    joiner.api.call("MultiMemberGroupJoin", group=copy, addresses=[
        address_bytes(a) for a in inviter.info["swarm"]])
    joiner.api.call("ActivateGroup", group_pk=group)


def wait_message(node, group, payload):
    return wait_for(f"{payload[:40]!r}", lambda: [
        m for m in node.api.messages(group) if m.message == payload])[0]


def has_key(reader, writer, group):
    """Did the writer's device give the reader its chain key?"""
    member = reader.api.call("GroupInfo", group_pk=group).member_pk
    device = writer.api.call("GroupInfo", group_pk=group).device_pk
    for event in reader.api.events(group):
        if event.metadata.event_type != 2:
            continue
        secret = reader.api.message("berty.protocol.v1.GroupAddDeviceSecret")
        secret.ParseFromString(event.event)
        if (secret.device_pk, secret.dest_member_pk) == (device, member):
            return True
    return False


def exchange_keys(a, b, group):
    """Until each reads what the other writes: not what was written before."""
    for reader, writer in ((a, b), (b, a)):
        wait_for("a chain key", lambda r=reader, w=writer: has_key(r, w,
                                                                   group))
    for one, other, text in ((a, b, b"first"), (b, a, b"second")):
        one.api.send(group, text)
        wait_message(other, group, text)


@pytest.fixture(scope="session", autouse=True)
def program():
    assert pathlib.Path(BERTY).is_file(), f"there is no {BERTY}: build it"


class Nodes:
    def __init__(self, folder):
        self.folder = folder
        self.nodes = []

    def __call__(self, *flags, start=True):
        folder = self.folder / f"node{len(self.nodes)}"
        node = Node(folder, *flags)
        self.nodes.append(node)
        return node.start() if start else node

    def close(self):
        for node in self.nodes:
            node.kill()


@pytest.fixture
def nodes(tmp_path_factory):
    """A function that makes and starts a node."""
    made = Nodes(tmp_path_factory.mktemp("e2e"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def module_nodes(tmp_path_factory):
    made = Nodes(tmp_path_factory.mktemp("e2e"))
    yield made
    made.close()
