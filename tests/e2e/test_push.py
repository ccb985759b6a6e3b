"""Pushes: a relay in Python stands for the real one; what a provider would be
given is kept, and opened by the node it is for."""
import ctypes
import ctypes.util
import threading
from concurrent import futures

import grpc
import pytest

from conftest import befriend, exchange_keys, wait_for, Failure

sodium = ctypes.CDLL(ctypes.util.find_library("sodium") or "libsodium.so.23")
assert sodium.sodium_init() >= 0


def public_of(private):
    public = ctypes.create_string_buffer(32)
    assert sodium.crypto_scalarmult_base(public, private) == 0
    return public.raw


def seal_open(box, public, private):
    clear = ctypes.create_string_buffer(len(box) - 48)
    assert sodium.crypto_box_seal_open(clear, box, ctypes.c_ulonglong(len(box)),
                                       public, private) == 0
    return clear.raw


def box(message, nonce, public, private):
    sealed = ctypes.create_string_buffer(len(message) + 16)
    assert sodium.crypto_box_easy(sealed, message,
                                  ctypes.c_ulonglong(len(message)), nonce,
                                  public, private) == 0
    return sealed.raw


class Relay:
    """PushService on a port of its own; messages as the node knows them."""

    def __init__(self, api):
        self.api = api
        self.private = b"\x07" * 32
        self.public = public_of(self.private)
        self.pushed = []  # (token, PushExposedData)
        self.lock = threading.Lock()
        self.refuses = False
        self.server = grpc.server(futures.ThreadPoolExecutor(4))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.add_generic_rpc_handlers((self,))
        self.server.start()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def service(self, details):
        calls = {"/berty.push.v1.PushService/Send": self.send,
                 "/berty.push.v1.PushService/ServerInfo": self.info}
        call = calls.get(details.method)
        return call and grpc.unary_unary_rpc_method_handler(call)

    def info(self, request, context):
        return self.api.message("berty.push.v1.PushServiceServerInfo.Reply",
                                public_key=self.public).SerializeToString()

    def send(self, request, context):
        kind = self.api.message("berty.push.v1.PushServiceSend.Request")
        kind.ParseFromString(request)
        assert kind.priority == 2 and len(kind.envelope.nonce) == 24
        if self.refuses:
            context.abort(grpc.StatusCode.UNKNOWN,
                          "unable to send 1/1 push to receivers")
        for receiver in kind.receivers:
            self.push(kind.envelope.SerializeToString(), receiver)
        return b""

    def push(self, envelope, receiver):
        to = self.api.message("berty.protocol.v1.PushServiceReceiver")
        to.ParseFromString(seal_open(receiver.opaque_token, self.public,
                                     self.private))
        nonce = b"n" * 24
        exposed = self.api.message(
            "berty.push.v1.PushExposedData", nonce=nonce,
            box=box(envelope, nonce, to.recipient_public_key, self.private))
        with self.lock:
            self.pushed.append((to.token, exposed.SerializeToString()))

    def register(self, node, token):
        server = node.api.message("berty.protocol.v1.PushServer",
                                  server_key=self.public,
                                  service_addr=self.address)
        receiver = node.api.message(
            "berty.protocol.v1.PushServiceReceiver", token_type=3,
            bundle_id="test.app", token=token)
        node.api.call("PushSetServer", server=server)
        node.api.call("PushSetDeviceToken", receiver=receiver)
        return server, receiver

    def share(self, node, group, token):
        server, receiver = self.register(node, token)
        node.api.call("PushShareToken", group_pk=group, server=server,
                      receiver=receiver)

    def close(self):
        self.server.stop(0).wait()


@pytest.fixture
def pair(nodes):
    """Two contacts, and a relay that pushes to the second."""
    alice = nodes("-node.service-insecure")
    bob = nodes("-node.service-insecure")
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    relay = Relay(alice.api)
    relay.share(bob, group, b"bob's phone")
    wait_for("bob's token at alice's", lambda: [
        e for e in alice.api.events(group) if e.metadata.event_type == 404])
    yield alice, bob, group, relay
    relay.close()


def clear_text(node, reply):
    clear = node.api.message("berty.protocol.v1.EncryptedMessage")
    clear.ParseFromString(reply.cleartext)
    return clear.plaintext


def test_who_sleeps_reads_a_push_and_gets_the_message_once(pair):
    alice, bob, group, relay = pair
    bob.stop()
    cid = alice.api.send(group, b"wake up")
    reply = alice.api.call("PushSend", cid=cid, group_public_key=group)
    assert not reply.failures
    member, = reply.group_members
    assert member.member_pk == alice_knows(alice, group, member.devices_pks)
    (token, payload), = relay.pushed
    assert token == b"bob's phone"
    # Nobody is there whom bob could ask.
    alice.stop()
    bob.start()
    bob.api.call("ActivateGroup", group_pk=group)
    for _ in range(2):
        got = bob.api.call("PushReceive", payload=payload)
        assert clear_text(bob, got) == b"wake up"
        assert (got.message.cid, got.group_public_key) == (cid, group)
        assert not got.already_received
    assert b"wake up" not in [m.message for m in bob.api.messages(group)]
    alice.start("-p2p.static-peers", ",".join(bob.info["swarm"]))
    alice.api.call("ActivateGroup", group_pk=group)
    wait_for("the message", lambda: b"wake up" in [
        m.message for m in bob.api.messages(group)])
    got = bob.api.call("PushReceive", payload=payload)
    assert got.already_received
    assert [m.message for m in bob.api.messages(group)].count(b"wake up") == 1


def alice_knows(alice, group, devices):
    """The member of these devices, by event 1."""
    for event in alice.api.events(group):
        if event.metadata.event_type != 1:
            continue
        added = alice.api.message("berty.protocol.v1.GroupAddMemberDevice")
        added.ParseFromString(event.event)
        if [added.device_pk] == list(devices):
            return added.member_pk
    return None


def test_what_is_registered_survives_a_kill_and_is_told(pair):
    _, bob, _, relay = pair
    before = bob.api.call("InstanceGetConfiguration")
    bob.kill()
    bob.start()
    after = bob.api.call("InstanceGetConfiguration")
    assert after.device_push_server.service_addr == relay.address
    assert after.device_push_server.server_key == relay.public
    assert after.device_push_token.token == b"bob's phone"
    assert (after.device_push_token.recipient_public_key ==
            before.device_push_token.recipient_public_key)
    assert any(after.device_push_token.recipient_public_key)
    events = [e.metadata.event_type for e in bob.api.events(bob.account)]
    relay.register(bob, b"bob's phone")
    assert events == [e.metadata.event_type
                      for e in bob.api.events(bob.account)]


def test_a_relay_that_refuses_or_is_gone_is_named(pair):
    alice, _, group, relay = pair
    cid = alice.api.send(group, b"in vain")
    relay.refuses = True
    failure, = alice.api.call("PushSend", cid=cid,
                              group_public_key=group).failures
    assert failure.service_addr == relay.address
    assert failure.reason == "unable to send 1/1 push to receivers"
    assert failure.codes[0] == 6007
    relay.close()
    failure, = alice.api.call("PushSend", cid=cid,
                              group_public_key=group).failures
    assert list(failure.codes) == [6007, 106]
    assert relay.pushed == []


def test_what_cannot_be_pushed_or_opened_says_why(pair):
    alice, bob, group, relay = pair
    cid = alice.api.send(group, b"hello")
    cases = (
        ("PushSend", [888, 100], {"cid": cid[:-1] + bytes([cid[-1] ^ 1]),
                                  "group_public_key": group}),
        ("PushSend", [100, 100], {"cid": b"x", "group_public_key": group}),
        ("PushSend", [888, 888], {"cid": cid, "group_public_key": b"k" * 32}),
        ("PushReceive", [6002, 888], {"payload": b"x"}),
        ("PushSetServer", [100, 100], {}),
        ("PushSetDeviceToken", [100, 100], {}),
        ("PushShareToken", [100, 888], {"group_pk": b"k" * 32}),
        ("PushShareToken", [888, 100], {"group_pk": group}),
    )
    for name, codes, fields in cases:
        with pytest.raises(Failure) as failed:
            alice.api.call(name, **fields)
        got = failed.value.codes
        assert [got[0], got[-1]] == codes, (name, fields)
    with pytest.raises(Failure) as failed:
        bob.api.call("PushReceive", payload=b"x")
    assert [failed.value.codes[0], failed.value.codes[-1]] == [6002, 6003]
    assert relay.pushed == []
