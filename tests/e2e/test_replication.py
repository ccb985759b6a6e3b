"""A replication server as a process, and nodes that are never there together."""
import base64
import ctypes
import ctypes.util
import hmac
import json
import os
import select
import signal
import subprocess
import uuid

import grpc
import pytest

from conftest import (BERTY, START_SECONDS, Client, Failure, Node, befriend,
                      wait_for)

REPLICATION = "berty.replication.v1.ReplicationService"
WESH = "weshnet.replication.v1.ReplicationService"

sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
sodium.sodium_init()


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64(data):
    return base64.b64encode(data).rstrip(b"=").decode()


def field(number, data):
    assert len(data) < 128
    return bytes([number << 3 | 2, len(data)]) + data


class Issuer:
    """Issues tokens as a token server does."""

    def __init__(self):
        self.secret = os.urandom(32)
        self.public = ctypes.create_string_buffer(32)
        self.key = ctypes.create_string_buffer(64)
        sodium.crypto_sign_seed_keypair(self.public, self.key, os.urandom(32))

    def flags(self):
        return ["-node.auth-secret", b64(self.secret), "-node.auth-pk",
                b64(self.public.raw)]

    def token(self, *services, token_id=None):
        clear = b"".join(field(1, s.encode()) for s in services)
        clear += field(3, (token_id or str(uuid.uuid4())).encode())
        nonce = os.urandom(24)
        box = ctypes.create_string_buffer(len(clear) + 16)
        sodium.crypto_secretbox_easy(box, clear,
                                     ctypes.c_ulonglong(len(clear)), nonce,
                                     self.secret)
        text = b64url(b'{"alg":"EdDSA"}') + "." + b64url(nonce + box.raw)
        sig = ctypes.create_string_buffer(64)
        sodium.crypto_sign_detached(sig, None, text.encode(),
                                    ctypes.c_ulonglong(len(text)), self.key)
        return text + "." + b64url(sig.raw)


class Server:
    """A replication server; its addresses stay when it is started again."""

    def __init__(self, folder, issuer, *flags):
        self.folder = folder
        self.issuer = issuer
        self.flags = flags
        self.listen = "/ip4/127.0.0.1/tcp/0"
        self.swarm = "/ip4/127.0.0.1/tcp/0"
        self.process = None

    def start(self):
        log = open(self.folder.with_suffix(".log"), "ab")
        self.process = subprocess.Popen(
            [BERTY, "repl-server", "-json", "-store.dir", str(self.folder),
             "-node.listeners", self.listen, "-p2p.swarm-listeners",
             self.swarm, *self.issuer.flags(), *self.flags],
            stdout=subprocess.PIPE, stderr=log)
        log.close()
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        assert line, "the server is not ready: " + self.log()
        self.info = json.loads(line)
        self.listen = self.info["listeners"][0]
        self.swarm = self.info["swarm"][0].split("/p2p/")[0]
        self.endpoint = "127.0.0.1:" + self.listen.split("/")[4]
        return self

    def log(self):
        return self.folder.with_suffix(".log").read_text(errors="replace")

    def end(self, number=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(number)
        status = self.process.wait(timeout=20)
        self.process.stdout.close()
        self.process = None
        assert number != signal.SIGTERM or status == 0, self.log()

    def ask(self, name, token=None, service=REPLICATION, **fields):
        """A call with a token, as a client's metadata has it."""
        client = Client(self.endpoint, service)
        try:
            kind, stub = client.method(name)
            metadata = () if token is None else (
                ("authorization", "bearer " + token),)
            try:
                return stub(kind(**fields), timeout=30, metadata=metadata)
            except grpc.RpcError as error:
                raise client.failure(error) from None
        finally:
            client.close()

    def counts(self, group, token):
        try:
            found = self.ask("ReplicateGroupStats", token,
                             group_public_key=b64url(group)).group
        except Failure as failure:
            assert failure.codes == [404]
            return None
        return found.metadata_entries_count, found.message_entries_count


@pytest.fixture
def issuer():
    return Issuer()


@pytest.fixture
def server(tmp_path, issuer):
    s = Server(tmp_path / "server", issuer)
    yield s.start()
    s.end()


@pytest.fixture
def nodes(tmp_path):
    made = []

    def make(name, network="berty", *flags):
        made.append(Node(tmp_path / name, "-network", network,
                         *(flags or ["-node.service-insecure"])))
        return made[-1].start()
    yield make
    for node in made:
        node.stop()


def give_token(node, token, endpoint, service="rpl"):
    """The node has the token; its id."""
    before = {t.token_id for t in node.api.stream("ServicesTokenList")}
    node.api.call("DebugAuthServiceSetToken",
                  token={"access_token": token, "services": {
                      service: endpoint}},
                  authentication_url="http://127.0.0.1")
    after = {t.token_id for t in node.api.stream("ServicesTokenList")}
    (new,) = after - before
    return new


def kept(server, group, token, metadata, messages):
    return wait_for("the server to keep the group", lambda: (
        (now := server.counts(group, token)) is not None and
        now[0] >= metadata and now[1] >= messages and now))


def common_group(a, b):
    """A multi-member group of both, who know each other's devices."""
    group = a.api.call("MultiMemberGroupCreate").group_pk
    invitation = a.api.call("MultiMemberGroupInvitationCreate",
                            group_pk=group).group
    b.api.call("MultiMemberGroupJoin", group={
        "public_key": invitation.public_key, "secret": invitation.secret,
        "secret_sig": invitation.secret_sig, "sign_pub": invitation.sign_pub,
        "group_type": invitation.group_type,
        "link_key": invitation.link_key,
        "link_key_sig": invitation.link_key_sig})
    b.api.call("ActivateGroup", group_pk=group)
    for node in (a, b):
        # Each has announced its device, and given its key to the other.
        wait_for("chain keys", lambda: len([
            e for e in node.api.events(group)
            if e.metadata.event_type == 2]) >= 4)
    return group


def texts(node, group):
    return [m.message for m in node.api.messages(group)]


def test_a_member_catches_up_from_the_server_alone(server, issuer, nodes):
    a, b = nodes("a"), nodes("b")
    befriend(a, b)
    group = common_group(a, b)
    token = issuer.token("rpl")
    a.api.call("ReplicationServiceRegisterGroup", group_pk=group,
               token_id=give_token(a, token, server.endpoint))
    (event,) = [e for e in b_events(b, group, 403)]
    assert event
    (told,) = b.api.call("GroupInfo", group_pk=group).replicating
    assert told.replication_server == server.endpoint
    assert told.device_pk == a.api.call("GroupInfo",
                                        group_pk=group).device_pk
    assert len(told.peer_addresses) == 1
    kept(server, group, token, 3, 0)
    b.stop()
    for i in range(20):
        a.api.send(group, b"kept %d" % i)
    kept(server, group, token, 3, 20)
    a.stop()
    b.start()
    wait_for("what was written", lambda: len(texts(b, group)) == 20)
    assert texts(b, group) == [b"kept %d" % i for i in range(20)]
    b.api.send(group, b"an answer")
    kept(server, group, token, 3, 21)
    b.stop()
    a.start()
    wait_for("the answer", lambda: b"an answer" in texts(a, group))


def b_events(node, group, kind):
    return wait_for(f"event {kind}", lambda: [
        e for e in node.api.events(group) if e.metadata.event_type == kind])


def test_a_server_that_is_killed_keeps_what_it_had(server, issuer, nodes):
    a, b = nodes("a"), nodes("b")
    group = befriend(a, b)
    token = issuer.token("rpl")
    # A contact group, which Berty's own nodes cannot have kept.
    a.api.call("ReplicationServiceRegisterGroup", group_pk=group,
               token_id=give_token(a, token, server.endpoint))
    b_events(b, group, 403)
    b.stop()
    a.api.send(group, b"before")
    kept(server, group, token, 1, 1)
    peer = server.info["peerId"]
    server.end(signal.SIGKILL)
    server.start()
    assert server.info["peerId"] == peer
    a.api.send(group, b"after")
    kept(server, group, token, 1, 2)
    a.stop()
    server.end(signal.SIGKILL)
    server.start()
    b.start()
    wait_for("what was written",
             lambda: texts(b, group) == [b"before", b"after"])


def test_the_account_group_is_kept_too(server, issuer, nodes):
    a = nodes("a")
    token = issuer.token("rpl")
    done = a.cli("group", "replicate", a.account.hex(),
                 give_token(a, token, server.endpoint))
    assert a.account.hex() in done.stdout
    kept(server, a.account, token, len(a.api.events(a.account)), 0)


def test_a_group_of_wesh_is_kept_by_the_service_of_wesh(server, issuer, nodes):
    a = nodes("a", "wesh")
    group = a.api.call("MultiMemberGroupCreate").group_pk
    token = issuer.token("rpl")
    a.api.call("ReplicationServiceRegisterGroup", group_pk=group,
               token_id=give_token(a, token, server.endpoint))
    a.api.send(group, b"hello")
    kept(server, group, token, 3, 1)
    assert server.ask("ReplicateGlobalStats", token,
                      WESH).replicated_groups == 1


def test_a_group_of_2022_is_kept(server, issuer, nodes):
    a = nodes("a", "berty-v1")
    group = a.api.call("MultiMemberGroupCreate").group_pk
    token = issuer.token("rpl")
    a.api.call("ReplicationServiceRegisterGroup", group_pk=group,
               token_id=give_token(a, token, server.endpoint))
    a.api.send(group, b"hello")
    kept(server, group, token, 3, 1)


def test_a_server_is_asked_over_tls(tmp_path, issuer, nodes):
    server = Server(tmp_path / "server", issuer)
    server.listen += "/tls"
    server.start()
    try:
        assert len(server.info["tlsFingerprint"]) > 0
        a = nodes("a", "berty", "-web.ca-file",
                  str(server.folder / "api-certificate.pem"))
        b = nodes("b", "berty", "-web.ca-file", os.devnull)
        for node in (a, b):
            group = node.api.call("MultiMemberGroupCreate").group_pk
            token = give_token(node, issuer.token("rpl"), server.endpoint)
            if node is a:
                node.api.call("ReplicationServiceRegisterGroup",
                              group_pk=group, token_id=token)
                continue
            # Who does not know the certificate tells nothing.
            with pytest.raises(Failure) as caught:
                node.api.call("ReplicationServiceRegisterGroup",
                              group_pk=group, token_id=token)
            assert caught.value.codes == [4101]
    finally:
        server.end()


def test_what_the_client_says_when_it_cannot(server, issuer, nodes):
    a = nodes("a")
    group = a.api.call("MultiMemberGroupCreate").group_pk
    good = give_token(a, issuer.token("rpl"), server.endpoint)

    def codes(**fields):
        with pytest.raises(Failure) as caught:
            a.api.call("ReplicationServiceRegisterGroup", **fields)
        return caught.value.codes

    assert codes(group_pk=b"x" * 32, token_id=good) == [100, 888]
    assert codes(group_pk=group, token_id="none") == [100, 4008]
    push = give_token(a, issuer.token("psh"), "127.0.0.1:1", "psh")
    assert codes(group_pk=group, token_id=push) == [4102]
    nobody = give_token(a, issuer.token("rpl"), "127.0.0.1:1")
    assert codes(group_pk=group, token_id=nobody) == [4101]
    stranger = give_token(a, Issuer().token("rpl"), server.endpoint)
    assert codes(group_pk=group, token_id=stranger) == [4101, 4006]
    assert not [e for e in a.api.events(group)
                if e.metadata.event_type == 403]
    a.api.call("ReplicationServiceRegisterGroup", group_pk=group,
               token_id=good)
    assert codes(group_pk=group, token_id=good) == [4101, 2100]


def described(node, group):
    """What a member tells a server; the group is one of several members."""
    g = node.api.call("MultiMemberGroupInvitationCreate",
                      group_pk=group).group
    sign_pub = ctypes.create_string_buffer(32)
    sodium.crypto_sign_seed_keypair(sign_pub, ctypes.create_string_buffer(64),
                                    g.secret)
    # HKDF of the secret, of one block.
    extracted = hmac.digest(bytes(32), g.secret, "sha3_256")
    link_key = hmac.digest(extracted, g.public_key + b"\1", "sha3_256")
    return {"public_key": g.public_key, "sign_pub": sign_pub.raw,
            "link_key": link_key, "link_key_sig": g.link_key_sig}


def refused(server, token, group, *codes, service=REPLICATION):
    with pytest.raises(Failure) as caught:
        server.ask("ReplicateGroup", token, service, group=group)
    assert caught.value.codes == list(codes)
    return caught.value


def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


def test_the_server_refuses_what_is_no_group(server, issuer, nodes):
    a = nodes("a")
    group = described(a, a.api.call("MultiMemberGroupCreate").group_pk)
    assert len(group["link_key"]) == 32
    token = issuer.token("rpl")
    refused(server, token, {}, 100)
    for name in group:
        refused(server, token, {**group, name: b""}, 100)
        refused(server, token, {**group, name: group[name] + b"x"}, 100)
    for name in ("public_key", "link_key", "link_key_sig"):
        refused(server, token, {**group, name: flip(group[name])}, 204)
    assert server.ask("ReplicateGlobalStats", token).replicated_groups == 0
    reply = server.ask("ReplicateGroup", token, group=group)
    assert reply.ok and reply.peer_addresses
    again = refused(server, token, group, 2100)
    assert again.status == grpc.StatusCode.ALREADY_EXISTS
    # Another token may have it kept as well.
    assert server.ask("ReplicateGroup", issuer.token("rpl"), group=group).ok


def test_who_has_no_token_is_refused(server, issuer, nodes):
    a = nodes("a")
    group = described(a, a.api.call("MultiMemberGroupCreate").group_pk)
    good = issuer.token("rpl")
    for bad in (None, "x", "x.y.z", good[:-4] + "AAAA", flip_text(good),
                Issuer().token("rpl"), good + "A" * 8000):
        for service in (REPLICATION, WESH):
            failure = refused(server, bad, group, 4006, service=service)
            assert failure.status == grpc.StatusCode.PERMISSION_DENIED
    refused(server, issuer.token("psh"), group, 4007)
    for name in ("ReplicateGlobalStats", "ReplicateGroupStats"):
        with pytest.raises(Failure) as caught:
            server.ask(name)
        assert caught.value.codes == [4006]


def flip_text(token):
    head, body, sig = token.split(".")
    return ".".join((head, ("A" if body[0] != "A" else "B") + body[1:], sig))


def test_a_group_is_shown_to_its_own_tokens_alone(server, issuer, nodes):
    a = nodes("a")
    pk = a.api.call("MultiMemberGroupCreate").group_pk
    mine, other = issuer.token("rpl"), issuer.token("rpl")
    server.ask("ReplicateGroup", mine, group=described(a, pk))
    found = server.ask("ReplicateGroupStats", mine,
                       group_public_key=b64url(pk)).group
    assert found.public_key == b64url(pk)
    assert found.created_at > 0
    assert found.sign_pub == "" and found.link_key == ""
    for token, key in ((other, b64url(pk)), (mine, b64url(b"x" * 32)),
                       (mine, "no key"), (mine, "")):
        with pytest.raises(Failure) as caught:
            server.ask("ReplicateGroupStats", token, group_public_key=key)
        assert caught.value.codes == [404]


def test_a_token_has_its_quota(tmp_path, issuer, nodes):
    server = Server(tmp_path / "server", issuer, "-replica.groups",
                    "2").start()
    try:
        a = nodes("a")
        groups = [described(a, a.api.call("MultiMemberGroupCreate").group_pk)
                  for _ in range(3)]
        token = issuer.token("rpl")
        server.ask("ReplicateGroup", token, group=groups[0])
        server.ask("ReplicateGroup", token, group=groups[1])
        refused(server, token, groups[2], 4100)
        server.ask("ReplicateGroup", issuer.token("rpl"), group=groups[2])
    finally:
        server.end()


def test_the_program_says_what_is_wrong(tmp_path, issuer):
    def fails(*flags):
        done = subprocess.run(
            [BERTY, "repl-server", "-store.dir", str(tmp_path / "s"),
             "-p2p.swarm-listeners", "/ip4/127.0.0.1/tcp/0",
             "-node.listeners", "/ip4/127.0.0.1/tcp/0", *flags],
            capture_output=True, text=True, timeout=20)
        assert done.returncode == 1
        return done.stderr
    assert "-node.auth-secret" in fails()
    assert "-node.auth-pk" in fails("-node.auth-secret", b64(bytes(32)))
    assert "32 bytes" in fails("-node.auth-secret", "AAAA", "-node.auth-pk",
                               b64(bytes(32)))
    assert "-replica.groups" in fails(*issuer.flags(), "-replica.groups",
                                      "many")
