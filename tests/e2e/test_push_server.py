"""A push relay as a process, between real nodes and providers in Python: what
Apple, Google and a server of UnifiedPush are given, the device opens."""
import base64
import http.server
import json
import os
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading

import grpc
import pytest

from conftest import (BERTY, START_SECONDS, Client, Failure, befriend,
                      exchange_keys, wait_for)
from test_replication import Issuer

SERVICE = "berty.push.v1.PushService"
MQTT, APNS, FCM, UNIFIED = 1, 2, 3, 7000


def openssl(*words, **more):
    done = subprocess.run(["openssl", *words], capture_output=True, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


class Keys:
    """An authority, a server's certificate of it, and keys of a developer."""

    def __init__(self, folder):
        self.folder = folder
        self.make("ca", "/CN=ca", "-x509", "-addext",
                  "basicConstraints=critical,CA:true")
        self.signed("server", "/CN=127.0.0.1", "subjectAltName=IP:127.0.0.1")
        self.signed("apple", "/CN=Apple Push Services: test.cert"
                    "/UID=test.cert", "extendedKeyUsage=clientAuth")
        openssl("pkcs12", "-export", "-in", self.path("apple.pem"), "-inkey",
                self.path("apple.key"), "-out", self.path("apple.p12"),
                "-passout", "pass:")
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-out", self.path("team.p8"))
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt",
                "rsa_keygen_bits:2048", "-out", self.path("google.key"))

    def path(self, name):
        return str(self.folder / name)

    def make(self, name, subject, *more):
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", subject,
                "-days", "2", "-keyout", self.path(name + ".key"), "-out",
                self.path(name + ".pem"), *more)

    def signed(self, name, subject, extension):
        self.make(name, subject)
        os.rename(self.path(name + ".pem"), self.path(name + ".csr"))
        extensions = self.folder / (name + ".ext")
        extensions.write_text(extension + "\n")
        openssl("x509", "-req", "-in", self.path(name + ".csr"), "-CA",
                self.path("ca.pem"), "-CAkey", self.path("ca.key"),
                "-CAcreateserial", "-days", "2", "-extfile", str(extensions),
                "-out", self.path(name + ".pem"))

    def account(self, token_url):
        text = json.dumps({
            "type": "service_account", "project_id": "a-project",
            "client_email": "relay@a-project.example",
            "token_uri": token_url,
            "private_key": (self.folder / "google.key").read_text()})
        (self.folder / "google.json").write_text(text)
        return self.path("google.json")

    def verify(self, key, statement):
        """The claims of a JWT, if it was signed with the key."""
        head, body, sig = statement.split(".")
        sig = unbase64(sig)
        if json.loads(unbase64(head))["alg"] == "ES256":
            sig = der_pair(sig)
        for name, data in (("sig", sig), ("text", f"{head}.{body}".encode())):
            (self.folder / name).write_bytes(data)
        openssl("pkey", "-in", self.path(key), "-pubout", "-out",
                self.path("pub"))
        openssl("dgst", "-sha256", "-verify", self.path("pub"), "-signature",
                self.path("sig"), self.path("text"))
        return json.loads(unbase64(head)), json.loads(unbase64(body))


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def der_pair(raw):
    def number(b):
        b = b.lstrip(b"\0") or b"\0"
        b = (b"\0" if b[0] & 0x80 else b"") + b
        return b"\2" + bytes([len(b)]) + b
    assert len(raw) == 64
    both = number(raw[:32]) + number(raw[32:])
    return b"\x30" + bytes([len(both)]) + both


class Provider:
    """An HTTP server that keeps what it is given."""

    def __init__(self, keys=None):
        provider = self
        self.requests = []  # (path, headers, body, certificate)
        self.answers = {}   # status and body by the path's beginning

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                peer = keys and self.connection.getpeercert()
                provider.requests.append((self.path, self.headers, body, peer))
                status, answer = next(
                    (a for p, a in provider.answers.items()
                     if self.path.startswith(p)), (200, b"{}"))
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        self.server.daemon_threads = True
        if keys:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(keys.path("server.pem"),
                                    keys.path("server.key"))
            context.load_verify_locations(keys.path("ca.pem"))
            context.verify_mode = ssl.CERT_OPTIONAL
            self.server.socket = context.wrap_socket(self.server.socket,
                                                     server_side=True)
        self.url = ("https" if keys else "http") + "://127.0.0.1:" + str(
            self.server.server_address[1])
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def clean_env(**more):
    env = {k: v for k, v in os.environ.items()
           if not k.lower().endswith("_proxy")}
    return dict(env, **more)


def service_key():
    return subprocess.run([BERTY, "service-key", "generate"], check=True,
                          capture_output=True, text=True).stdout.strip()


class Relay:
    def __init__(self, folder, *flags, key=None):
        self.log = folder / "relay.log"
        self.key = key or service_key()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BERTY, "push-server", "-json", "-node.listeners",
                 "/ip4/127.0.0.1/tcp/0", *flags], stderr=log,
                stdout=subprocess.PIPE,
                env=clean_env(BERTY_PUSH_PRIVATE_KEY=self.key))
        ready, _, _ = select.select([self.process.stdout], [], [],
                                    START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        assert line, self.log.read_text()
        info = json.loads(line)
        self.public = unbase64(info["publicKey"])
        self.address = "127.0.0.1:" + info["listeners"][0].split("/")[4]

    def client(self):
        return Client(self.address, SERVICE)

    def share(self, node, group, kind, bundle, token):
        server = node.api.message("berty.protocol.v1.PushServer",
                                  server_key=self.public,
                                  service_addr=self.address)
        receiver = node.api.message(
            "berty.protocol.v1.PushServiceReceiver", bundle_id=bundle,
            token=token)
        # An open enumeration: 7000 is ours.
        receiver.token_type = kind
        node.api.call("PushSetServer", server=server)
        node.api.call("PushSetDeviceToken", receiver=receiver)
        node.api.call("PushShareToken", group_pk=group, server=server,
                      receiver=receiver)

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(START_SECONDS)
        self.process.stdout.close()
        assert status == 0, self.log.read_text()


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def providers(keys):
    """Apple with TLS, and all others without."""
    made = Provider(keys), Provider()
    yield made
    for provider in made:
        provider.close()


@pytest.fixture
def relay(tmp_path, keys, providers):
    apple, others = providers
    others.answers["/oauth"] = (
        200, b'{"access_token":"from-google","expires_in":3599}')
    team = f"test.team:TEAM123456:KEY1234567:{keys.path('team.p8')}"
    made = Relay(
        tmp_path, "-web.ca-file", keys.path("ca.pem"),
        "-apns", keys.path("apple.p12") + "," + team,
        "-apns.endpoint", apple.url,
        "-fcm", "test.droid:" + keys.account(others.url + "/oauth"),
        "-fcm.endpoint", others.url, "-unifiedpush", "test.up",
        "-unifiedpush.anywhere")
    yield made
    made.close()


@pytest.fixture
def pair(nodes):
    alice = nodes("-node.service-insecure")
    bob = nodes("-node.service-insecure")
    group = befriend(bob, alice)
    exchange_keys(alice, bob, group)
    return alice, bob, group


def test_what_each_provider_is_given_the_sleeping_device_reads(
        pair, relay, providers, keys):
    alice, bob, group = pair
    apple, others = providers

    def pushed(kind, bundle, token, provider, beginning):
        known = len([e for e in alice.api.events(group)
                     if e.metadata.event_type == 404])
        relay.share(bob, group, kind, bundle, token)
        wait_for("bob's token at alice's", lambda: len(
            [e for e in alice.api.events(group)
             if e.metadata.event_type == 404]) > known)
        cid = alice.api.send(group, b"by " + bundle.encode())
        reply = alice.api.call("PushSend", cid=cid, group_public_key=group)
        assert not reply.failures, reply
        request, = [r for r in provider.requests
                    if r[0].startswith(beginning)]
        provider.requests.clear()
        return request

    def opens(payload, bundle):
        reply = bob.api.call("PushReceive", payload=payload)
        clear = bob.api.message("berty.protocol.v1.EncryptedMessage")
        clear.ParseFromString(reply.cleartext)
        assert clear.plaintext == b"by " + bundle.encode()

    # A certificate: TLS says who we are.
    path, headers, body, peer = pushed(APNS, "test.cert", b"\x01\xab", apple,
                                       "/3/device/01ab")
    assert ((("userId", "test.cert"),) in peer["subject"] or
            "test.cert" in str(peer["subject"]))
    assert headers["apns-topic"] == "test.cert"
    assert headers["authorization"] is None
    note = json.loads(body)
    assert note["aps"] == {"alert": {"loc-key": "BertyPushMessage"},
                           "mutable-content": 1}
    opens(unbase64(note["p"]), "test.cert")

    # A key: a statement says it.
    path, headers, body, peer = pushed(APNS, "test.team", b"\x02" * 32, apple,
                                       "/3/device/" + "02" * 32)
    assert not peer
    kind, statement = headers["authorization"].split()
    assert kind == "bearer"
    head, claims = keys.verify("team.p8", statement)
    assert (head["kid"], claims["iss"]) == ("KEY1234567", "TEAM123456")
    opens(unbase64(json.loads(body)["p"]), "test.team")

    # Google gives a token for a statement first.
    path, headers, body, _ = pushed(FCM, "test.droid", b"droid-token", others,
                                    "/v1/projects/a-project/messages:send")
    assert headers["Authorization"] == "Bearer from-google"
    message = json.loads(body)["message"]
    assert message["token"] == "droid-token"
    opens(unbase64(message["data"]["p"]), "test.droid")

    # A server of bob's own choice gets the bytes.
    path, headers, body, _ = pushed(
        UNIFIED, "test.up", (others.url + "/up/bob?x=1").encode(), others,
        "/up/")
    assert path == "/up/bob?x=1" and headers["TTL"]
    opens(body, "test.up")


def subscription(topic):
    """CONNECT and SUBSCRIBE of MQTT 3.1.1."""
    connect = b"\0\4MQTT\4\2\0\x3c\0\1s"
    subscribe = b"\0\1" + struct.pack(">H", len(topic)) + topic + b"\1"
    return (b"\x10" + bytes([len(connect)]) + connect + b"\x82" +
            bytes([len(subscribe)]) + subscribe)


def exactly(sock, n):
    data = b""
    while len(data) < n:
        piece = sock.recv(n - len(data))
        assert piece, "the broker broke off"
        data += piece
    return data


def published(sock):
    """The topic and the payload of the next PUBLISH."""
    while True:
        kind, n, shift = exactly(sock, 1)[0], 0, 0
        while True:
            byte = exactly(sock, 1)[0]
            n |= (byte & 0x7f) << shift
            shift += 7
            if not byte & 0x80:
                break
        body = exactly(sock, n)
        if kind >> 4 == 3:
            size = int.from_bytes(body[:2], "big")
            rest = body[2 + size:]
            return body[2:2 + size], rest[2:] if kind & 6 else rest


@pytest.fixture
def broker(tmp_path):
    """The port of a mosquitto of our own."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n"
                      "persistence false\n")
    path = os.environ["PATH"] + ":/usr/sbin"
    process = subprocess.Popen([shutil.which("mosquitto", path=path), "-c",
                                str(config)], stderr=subprocess.DEVNULL)

    def answers():
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except OSError:
            return False
    wait_for("the broker", answers)
    yield port
    process.terminate()
    process.wait(START_SECONDS)


def test_who_listens_to_a_broker_reads_what_is_published(
        tmp_path, pair, broker):
    alice, bob, group = pair
    relay = Relay(tmp_path, "-mqtt",
                  f"test.mqtt=mqtt://127.0.0.1:{broker}/berty/")
    relay.share(bob, group, MQTT, "test.mqtt", b"bob")
    wait_for("bob's token at alice's", lambda: [
        e for e in alice.api.events(group) if e.metadata.event_type == 404])
    with socket.create_connection(("127.0.0.1", broker)) as listener:
        listener.settimeout(START_SECONDS)
        listener.sendall(subscription(b"berty/bob"))
        assert exactly(listener, 4) == b"\x20\2\0\0"
        assert exactly(listener, 5) == b"\x90\3\0\1\1"
        cid = alice.api.send(group, b"by a broker")
        reply = alice.api.call("PushSend", cid=cid, group_public_key=group)
        assert not reply.failures, reply
        topic, payload = published(listener)
    assert topic == b"berty/bob"
    clear = bob.api.message("berty.protocol.v1.EncryptedMessage")
    clear.ParseFromString(
        bob.api.call("PushReceive", payload=payload).cleartext)
    assert clear.plaintext == b"by a broker"
    relay.close()


def test_a_broker_that_is_not_there_is_named(tmp_path, pair):
    alice, bob, group = pair
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        # Nobody listens there.
        port = one.getsockname()[1]
        relay = Relay(tmp_path, "-mqtt", f"test.mqtt=mqtt://127.0.0.1:{port}")
        relay.share(bob, group, MQTT, "test.mqtt", b"bob")
        wait_for("bob's token at alice's", lambda: [
            e for e in alice.api.events(group)
            if e.metadata.event_type == 404])
        cid = alice.api.send(group, b"to nobody")
        failure, = alice.api.call("PushSend", cid=cid, timeout=60,
                                  group_public_key=group).failures
        assert failure.codes[0] == 6007
        assert "the broker is not reached" in failure.reason
        relay.close()


def test_a_topic_of_many_is_not_published_to(tmp_path, pair, broker):
    alice, bob, group = pair
    relay = Relay(tmp_path, "-mqtt", f"test.mqtt=mqtt://127.0.0.1:{broker}")
    relay.share(bob, group, MQTT, "test.mqtt", b"berty/#")
    wait_for("bob's token at alice's", lambda: [
        e for e in alice.api.events(group) if e.metadata.event_type == 404])
    cid = alice.api.send(group, b"to all")
    failure, = alice.api.call("PushSend", cid=cid,
                              group_public_key=group).failures
    assert 6006 in failure.codes
    relay.close()


def test_apple_is_spoken_to_over_http_2(tmp_path, pair, keys):
    alice, bob, group = pair
    # A server of gRPC speaks nothing else, and refuses what is no gRPC.
    apple = Relay(tmp_path, "-unifiedpush", "a", "-node.listeners",
                  "/ip4/127.0.0.1/tcp/0/tls", "-node.tls-certificate",
                  keys.path("server.pem"), "-node.tls-key",
                  keys.path("server.key"))
    relay = Relay(tmp_path, "-web.ca-file", keys.path("ca.pem"), "-apns",
                  keys.path("apple.p12"), "-apns.endpoint",
                  "https://" + apple.address)
    relay.share(bob, group, APNS, "test.cert", b"\x01")
    wait_for("bob's token at alice's", lambda: [
        e for e in alice.api.events(group) if e.metadata.event_type == 404])
    cid = alice.api.send(group, b"by HTTP/2")
    failure, = alice.api.call("PushSend", cid=cid,
                              group_public_key=group).failures
    assert "apns: status 415" in failure.reason, failure
    relay.close()
    apple.close()


def test_google_is_asked_with_a_statement_of_the_account(
        pair, relay, providers, keys):
    alice, bob, group = pair
    _, others = providers
    relay.share(bob, group, FCM, "test.droid", b"t")
    wait_for("bob's token at alice's", lambda: [
        e for e in alice.api.events(group) if e.metadata.event_type == 404])
    others.answers["/v1"] = (404, b'{"error":{"status":"NOT_FOUND"}}')
    cid = alice.api.send(group, b"gone")
    failure, = alice.api.call("PushSend", cid=cid,
                              group_public_key=group).failures
    assert list(failure.codes)[0] == 6007 and 6006 in failure.codes
    assert "unable to send 1/1 push to receivers" in failure.reason
    (path, headers, body, _), _ = others.requests
    assert path == "/oauth"
    grant, assertion = body.decode().split("&")
    assert grant == ("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type"
                     "%3Ajwt-bearer")
    _, claims = keys.verify("google.key", assertion.split("=")[1])
    assert claims["iss"] == "relay@a-project.example"
    assert claims["aud"] == others.url + "/oauth"
    assert claims["exp"] - claims["iat"] == 3600


def test_what_a_relay_can_do_is_told_and_its_key_stays(tmp_path, keys):
    one = Relay(tmp_path, "-unifiedpush", "a.app,b.app", "-apns",
                keys.path("apple.p12"))
    info = one.client().call("ServerInfo")
    assert info.public_key == one.public
    assert [(t.app_bundle_id, t.token_type)
            for t in info.supported_token_types] == [
                ("test.cert", APNS), ("a.app", UNIFIED), ("b.app", UNIFIED)]
    one.close()
    again = Relay(tmp_path, "-unifiedpush", "a.app", key=one.key)
    assert again.public == one.public
    again.close()


def test_an_address_in_a_private_network_is_not_posted_to(
        tmp_path, pair, providers):
    alice, bob, group = pair
    _, others = providers
    relay = Relay(tmp_path, "-unifiedpush", "test.up")
    address = others.url.replace("http:", "https:") + "/inside"
    relay.share(bob, group, UNIFIED, "test.up", address.encode())
    wait_for("bob's token at alice's", lambda: [
        e for e in alice.api.events(group) if e.metadata.event_type == 404])
    cid = alice.api.send(group, b"out")
    failure, = alice.api.call("PushSend", cid=cid,
                              group_public_key=group).failures
    assert "network" in failure.reason, failure
    assert others.requests == []
    relay.close()


def test_requests_that_no_relay_takes_are_refused(relay):
    client = relay.client()
    envelope = dict(nonce=b"n" * 24, box=b"b", group_reference=b"r" * 32)
    opaque = client.message("berty.push.v1.PushServiceOpaqueReceiver",
                            opaque_token=b"x" * 100)

    def fails(codes, *receivers, **fields):
        with pytest.raises(Failure) as failed:
            client.call("Send", receivers=receivers, envelope=client.message(
                "berty.push.v1.OutOfStoreMessageEnvelope",
                **dict(envelope, **fields)))
        assert failed.value.codes == codes, failed.value

    fails([100])
    fails([100], opaque, nonce=b"n" * 23)
    fails([100], opaque, box=b"b" * 4097)
    with pytest.raises(Failure) as failed:
        client.call("Send", receivers=[opaque])
    assert failed.value.codes == [100]
    fails([205], opaque)
    client.call("ServerInfo")


def test_who_registers_shows_a_token_if_the_relay_asks_for_one(tmp_path):
    issuer = Issuer()
    relay = Relay(tmp_path, "-unifiedpush", "app", *issuer.flags())
    client = relay.client()
    kind, stub = client.method("ServerInfo")
    for token in (None, "bearer x", "bearer " + issuer.token("rpl")):
        with pytest.raises(grpc.RpcError):
            stub(kind(), metadata=token and [("authorization", token)])
    bearer = "bearer " + issuer.token("psh")
    info = stub(kind(), metadata=[("authorization", bearer)])
    assert info.public_key == relay.public
    relay.close()


@pytest.mark.parametrize("flags, code", [
    ((), 6009),
    (("-push-private-key", "abc", "-unifiedpush", "a"), 6010),
    (("-apns", "/nowhere.p12"), 6004),
    (("-apns", "a:b.p8"), 6004),
    (("-apns", "server.pem"), 6004),
    (("-fcm", "app:key"), 6004),
    (("-fcm", "app:team.json"), 6004),
    (("-mqtt", "app=http://127.0.0.1"), 6004),
    (("-mqtt", "app=mqtt://127.0.0.1:x"), 6004),
    (("-unifiedpush", "a,a"), 100),
    (("-unifiedpush", "a", "-node.auth-pk", "A" * 43), 102),
])
def test_a_relay_that_cannot_work_does_not_start(keys, flags, code):
    (keys.folder / "team.json").write_text("{}")
    done = subprocess.run(
        [BERTY, "push-server", "-node.listeners", "/ip4/127.0.0.1/tcp/0",
         *flags], cwd=keys.folder, capture_output=True, text=True, timeout=60,
        env=clean_env(BERTY_PUSH_PRIVATE_KEY=service_key()))
    assert done.returncode != 0
    assert f"(#{code})" in done.stderr, done.stderr
