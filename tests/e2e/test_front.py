"""The API for web pages: gRPC-Web, the same over websockets, JSON; metrics."""
import base64
import http.client
import json
import os
import pathlib
import signal
import socket
import ssl
import struct
import subprocess

import pytest

from conftest import (SERVICE, Client, Failure, Node, befriend, exchange_keys,
                      invite, wait_for, wait_message)
from front_client import (Gateway, Kinds, SocketClient, Web, Websocket,
                          address_of, frame)

TOKEN = "a-token-of-the-tests-0123456789"
OTHER = "another-token-of-the-tests-0123"
PAGE = "https://app.example"
ALL = ("127.0.0.1:0/grpcweb,127.0.0.1:0/grpcws,127.0.0.1:0/grpcgw,"
       "127.0.0.1:0/tls/grpcws")
CARRIERS = ("web", "text", "socket", "gateway")
BODY_MAX = 6 * 1024 * 1024


def start(folder, *flags):
    node = Node(folder, "-node.listeners",
                f"/unix{folder}/berty.sock,{ALL}", "-metrics.listener",
                "127.0.0.1:0", *flags)
    return node.start()


def client_of(node, carrier, kinds=None, **more):
    kinds = kinds or Kinds(node.api)
    if carrier == "gateway":
        return Gateway(address_of(node, "grpcgw"), kinds, **more)
    if carrier == "socket":
        return SocketClient(address_of(node, "grpcws"), kinds, **more)
    return Web(address_of(node, "grpcweb"), kinds, text=carrier == "text",
               **more)


def request(address, method, path, body=None, headers=None):
    """Status, headers and body of a plain request."""
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    return response.status, response.headers, answer


def metrics_of(node):
    return address_of(node, "metrics")


def numbers(node, **more):
    status, _, text = request(metrics_of(node), "GET", "/metrics", **more)
    assert status == 200, text
    lines = [line for line in text.decode().splitlines()
             if line and line[0] != "#"]
    return {name: float(value)
            for name, value in (line.rsplit(" ", 1) for line in lines)}


def calls_now(node):
    return numbers(node)['berty_budget_used{budget="front.calls"}']


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    made = start(tmp_path_factory.mktemp("front") / "node")
    yield made
    made.stop()


@pytest.fixture(scope="module", params=CARRIERS)
def client(request, node):
    return client_of(node, request.param)


# --- calls -------------------------------------------------------------------

def test_each_carrier_answers_as_grpc_does(node, client):
    mine = client.call("InstanceGetConfiguration")
    assert mine == node.api.call("InstanceGetConfiguration")


def test_a_failure_has_its_codes_and_its_text(node, client):
    with pytest.raises(Failure) as failed:
        client.call("GroupInfo", group_pk=b"short")
    with pytest.raises(Failure) as expected:
        node.api.call("GroupInfo", group_pk=b"short")
    assert failed.value.codes == expected.value.codes
    assert failed.value.status == expected.value.status.value[0]
    assert str(failed.value).split(": ", 1)[1] == \
        str(expected.value).split(": ", 1)[1]


def every_unary_call(api):
    for name in (SERVICE, "berty.extension.v1.ExtensionService",
                 "berty.protocol.ProtocolService"):
        service = api.pool.FindServiceByName(name)
        for method in service.methods:
            if not method.client_streaming and not method.server_streaming:
                yield service, method


def outcome(call):
    try:
        call()
        return 0, []
    except Failure as failure:
        status = failure.status
        if not isinstance(status, int):
            status = status.value[0]
        return status, failure.codes


def test_every_unary_call_ends_as_over_grpc(node, client):
    """With an empty request, most are refused: with the same codes."""
    done = 0
    for service, method in every_unary_call(node.api):
        if "Auth" in method.name or "Replication" in method.name:
            continue  # their state is changed by being asked
        one = Client(f"unix:{node.socket}", service.full_name)
        other = type(client)(client.address, Kinds(node.api, service),
                             **({"text": True} if getattr(
                                 client, "text", False) else {}))
        expected = outcome(lambda: one.call(method.name))
        assert outcome(lambda: other.call(method.name)) == expected, \
            method.full_name
        one.close()
        done += 1
    assert done > 50


def test_an_unknown_method_is_unimplemented(node):
    web = client_of(node, "web")
    connection, response = web.post(f"/{SERVICE}/NoSuchCall", frame(b""))
    with pytest.raises(Failure) as failed:
        list(web.read(response, None))
    assert failed.value.status == 12
    connection.close()
    gateway = client_of(node, "gateway")
    connection, response = gateway.post("/berty.protocol.v1/ProtocolService/"
                                        "NoSuchCall", b"{}")
    assert response.status == 501
    connection.close()


def test_a_message_that_cannot_be_decoded_is_refused(node):
    for carrier in ("web", "text"):
        web = client_of(node, carrier)
        connection, response = web.post(f"/{SERVICE}/GroupInfo",
                                        frame(b"\x0a\xff"))
        with pytest.raises(Failure) as failed:
            list(web.read(response, None))
        assert failed.value.status == 3
        connection.close()


@pytest.mark.parametrize("body, status", [
    (b"", 3), (frame(b"")[:3], 13), (frame(b"") * 2, 3), (b"\x01\0\0\0\0", 12),
    (b"\x07\0\0\0\0", 13), (b"\0\xff\xff\xff\xff", 8)])
def test_a_body_that_is_not_one_message_is_refused(node, body, status):
    web = client_of(node, "web")
    connection, response = web.post(f"/{SERVICE}/SystemInfo", body)
    with pytest.raises(Failure) as failed:
        list(web.read(response, None))
    assert failed.value.status == status
    connection.close()


def test_a_body_that_is_no_base64_is_refused(node):
    connection = http.client.HTTPConnection(*address_of(node, "grpcweb"))
    web = client_of(node, "text")
    for body in (b"AAAAAAA", b"AAA?AAAA"):
        connection.request("POST", f"/{SERVICE}/SystemInfo", body, {
            "Content-Type": "application/grpc-web-text"})
        response = connection.getresponse()
        with pytest.raises(Failure) as failed:
            list(web.read(response, None))
        assert failed.value.status == 13
    connection.close()


def test_other_content_types_are_refused(node):
    for kind in ("application/grpc", "application/json",
                 "application/grpc-web+json"):
        status, _, _ = request(address_of(node, "grpcweb"), "POST",
                               f"/{SERVICE}/SystemInfo", frame(b""),
                               {"Content-Type": kind})
        assert status == 415, kind


# --- JSON ----------------------------------------------------------------------

def test_json_takes_both_names_and_both_alphabets(node):
    gateway = client_of(node, "gateway")
    group = node.account
    for name in ("group_pk", "groupPk"):
        for text in (base64.b64encode(group), base64.urlsafe_b64encode(group),
                     base64.urlsafe_b64encode(group).rstrip(b"=")):
            status, answer = gateway.raw(
                "GroupInfo", json.dumps({name: text.decode()}))
            assert status == 200
            assert base64.b64decode(answer["group"]["public_key"]) == group


def test_json_may_be_missing_or_null(node):
    gateway = client_of(node, "gateway")
    for body in (b"", b"{}", b"null", b' {"enabled":null} \n'):
        assert gateway.raw("SystemInfo", body)[0] == 200, body


@pytest.mark.parametrize("body", [
    b"[]", b"7", b"{", b'{"group_pk":7}', b'{"group_pk":"%"}', b"{} {}",
    b'{"group_pk":"AA==","groupPk":"AA=="}', b'{"group_pk":"\\u0000"}',
    b'{"group_pk":"\xff"}', b'{"group_pk":["AA=="]}'])
def test_json_that_is_no_message_is_refused(node, body):
    gateway = client_of(node, "gateway")
    status, answer = gateway.raw("GroupInfo", body)
    assert (status, answer["code"]) == (400, 3)
    assert "details" not in answer


def test_json_passes_over_names_that_it_does_not_know(node):
    gateway = client_of(node, "gateway")
    assert gateway.raw("SystemInfo", b'{"of_a_later_version":[1]}')[0] == 200


# --- streams -------------------------------------------------------------------

def test_a_stream_comes_as_it_happens(node, client):
    """Each message is read before the next one is sent."""
    group = node.api.call("MultiMemberGroupCreate").group_pk
    live = client.stream("GroupMessageList", group_pk=group, timeout=60) \
        if isinstance(client, Web) else \
        client.stream("GroupMessageList", group_pk=group)
    for i in range(5):
        cid = node.api.send(group, b"news %d" % i)
        got = next(live)
        assert got.event_context.id == cid
        assert got.message == b"news %d" % i
    live.close()
    wait_for("the call to end", lambda: calls_now(node) == 0)


def test_a_stream_that_ends_tells_so(node, client):
    group = node.api.call("MultiMemberGroupCreate").group_pk
    cids = [node.api.send(group, b"x" * 2000) for _ in range(20)]
    got = list(client.stream("GroupMessageList", group_pk=group,
                             until_now=True))
    assert [m.event_context.id for m in got] == cids


def test_a_stream_that_fails_tells_so(node, client):
    with pytest.raises(Failure) as failed:
        list(client.stream("GroupMessageList", group_pk=b"short"))
    with pytest.raises(Failure) as expected:
        list(node.api.stream("GroupMessageList", group_pk=b"short"))
    assert failed.value.codes == expected.value.codes


def test_who_goes_away_from_a_silent_stream_is_missed(node, client):
    if isinstance(client, Gateway):
        connection, _ = client.post(
            client.path("GroupMessageList"), json.dumps(
                {"group_pk": base64.b64encode(node.account).decode()}))
    elif isinstance(client, SocketClient):
        connection, kind, _ = client.open("GroupMessageList")
        connection.send(b"\0" + frame(
            kind(group_pk=node.account).SerializeToString()))
    else:
        _, kind, _ = client.kinds.method("GroupMessageList")
        connection, _ = client.post(
            f"/{SERVICE}/GroupMessageList",
            frame(kind(group_pk=node.account).SerializeToString()))
    wait_for("the call", lambda: calls_now(node) == 1)
    connection.close()
    wait_for("the call to end", lambda: calls_now(node) == 0)


def test_a_deadline_ends_a_stream(node):
    for carrier in ("web", "text", "socket"):
        web = client_of(node, carrier, headers={"grpc-timeout": "300m"})
        with pytest.raises(Failure) as failed:
            list(web.stream("GroupMessageList", group_pk=node.account))
        assert failed.value.status == 4
    gateway = client_of(node, "gateway", headers={"Grpc-Timeout": "300m"})
    with pytest.raises(Failure) as failed:
        list(gateway.stream("GroupMessageList", group_pk=node.account))
    assert failed.value.status == 4


def prepare(node, client, blocks):
    """AttachmentPrepare through each carrier."""
    _, kind, reply = client.kinds.method("AttachmentPrepare")
    requests = [kind()] + [kind(block=b) for b in blocks]
    if isinstance(client, SocketClient):
        answer, = client.stream("AttachmentPrepare", requests=requests)
        return answer.attachment_cid
    if isinstance(client, Gateway):
        lines = [{}] + [{"block": base64.b64encode(b).decode()}
                        for b in blocks]
        status, answer = client.raw("AttachmentPrepare", "\n".join(
            json.dumps(line) for line in lines))
        assert status == 200, answer
        return base64.b64decode(answer["attachment_cid"])
    connection, response = client.post(
        f"/{SERVICE}/AttachmentPrepare",
        b"".join(frame(r.SerializeToString()) for r in requests))
    answer, = client.read(response, reply)
    connection.close()
    return answer.attachment_cid


def test_a_file_goes_in_and_comes_out(node, client):
    """More than a body of one message, so that it must flow."""
    blocks = [os.urandom(60000) for _ in range(150)]
    cid = prepare(node, client, blocks)
    assert b"".join(r.block for r in client.stream(
        "AttachmentRetrieve", attachment_cid=cid)) == b"".join(blocks)


def test_who_reads_slowly_makes_the_node_wait(node):
    """What waits is bounded, however long the answer."""
    cid = prepare(node, client_of(node, "socket"),
                  [os.urandom(60000) for _ in range(400)])
    _, kind, _ = client_of(node, "web").kinds.method("AttachmentRetrieve")
    body = frame(kind(attachment_cid=cid).SerializeToString())
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(address_of(node, "grpcweb"))
    slow.sendall(f"POST /{SERVICE}/AttachmentRetrieve HTTP/1.1\r\nHost: x\r\n"
                 "Content-Type: application/grpc-web\r\nContent-Length: "
                 f"{len(body)}\r\n\r\n".encode() + body)
    wait_for("the answer", lambda: numbers(node)[
        'berty_budget_used{budget="front.queued_bytes"}'] > 100000)
    assert numbers(node)['berty_budget_peak{budget="front.queued_bytes"}'] < 2 ** 20
    slow.close()
    wait_for("the call to end", lambda: calls_now(node) == 0)


# --- the story -------------------------------------------------------------------

class FrontApi(Client):
    """What the helpers of these tests use, through a carrier of the front."""

    def __init__(self, node, carrier):
        super().__init__(f"unix:{node.socket}")
        self.front = client_of(node, carrier, Kinds(self))

    def call(self, name, timeout=30, **fields):
        return self.front.call(name, **fields)

    def stream(self, name, timeout=30, **fields):
        yield from self.front.stream(name, **fields)


def test_three_people_meet_and_talk_through_the_front(tmp_path):
    people = []
    for name, carrier in (("alice", "web"), ("bob", "socket"),
                          ("carol", "gateway")):
        person = start(tmp_path / name)
        person.api.close()
        person.api = FrontApi(person, carrier)
        people.append(person)
    alice, bob, carol = people
    talk = befriend(bob, alice)
    exchange_keys(alice, bob, talk)
    group = alice.api.call("MultiMemberGroupCreate").group_pk
    invite(alice, group, bob)
    exchange_keys(alice, bob, group)
    invite(alice, group, carol)
    exchange_keys(alice, carol, group)
    exchange_keys(bob, carol, group)
    alice.api.send(group, b"welcome")
    wait_message(bob, group, b"welcome")
    wait_message(carol, group, b"welcome")
    for person in people:
        person.stop()


# --- who may call ------------------------------------------------------------------

@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("front")
    tokens = folder / "tokens"
    tokens.write_text(f"{TOKEN} the tests\n{OTHER} for a while\n")
    tokens.chmod(0o600)
    made = start(folder / "node", "-node.token-file", str(tokens),
                 "-node.web-origins", PAGE)
    made.tokens = tokens
    yield made
    made.stop()


def bearer(token):
    return {"authorization": f"Bearer {token}"}


@pytest.mark.parametrize("carrier", CARRIERS)
def test_without_a_token_nobody_is_served(guarded, carrier):
    for headers in ({}, bearer("no-token-of-ours-0123456789"),
                    {"authorization": TOKEN}):
        client = client_of(guarded, carrier, headers=headers)
        with pytest.raises(Failure) as failed:
            client.call("SystemInfo")
        assert failed.value.status == 16
    client = client_of(guarded, carrier, headers=bearer(TOKEN))
    assert client.call("SystemInfo").process.pid == guarded.process.pid


def test_an_unknown_method_is_not_told_to_strangers(guarded):
    status, _, _ = request(address_of(guarded, "grpcgw"), "POST", "/a/B/C")
    assert status == 401


def test_a_websocket_over_tls_is_served(guarded):
    tls = ssl.create_default_context(
        cafile=guarded.folder / "api-certificate.pem")
    client = SocketClient(address_of(guarded, "grpcws", tls=True),
                          Kinds(guarded.api), headers=bearer(TOKEN), tls=tls)
    group = guarded.api.call("MultiMemberGroupCreate").group_pk
    live = client.stream("GroupMessageList", group_pk=group)
    for i in range(3):
        guarded.api.send(group, b"%d" % i)
        assert next(live).message == b"%d" % i
    live.close()
    web = Web(("localhost", address_of(guarded, "grpcws", tls=True)[1]),
              Kinds(guarded.api), headers=bearer(TOKEN), tls=tls)
    assert web.call("SystemInfo").process.pid == guarded.process.pid


def test_pages_call_only_from_origins_on_the_list(guarded):
    path = "/berty.protocol.v1/ProtocolService/SystemInfo"
    for carrier in ("grpcweb", "grpcgw", "grpcws"):
        at = address_of(guarded, carrier)
        for origin in ("https://evil.example", "null", "http://app.example"):
            for method in ("POST", "OPTIONS", "GET"):
                status, headers, _ = request(at, method, path, b"", {
                    "Origin": origin, **bearer(TOKEN)})
                assert status == 403
                assert "Access-Control-Allow-Origin" not in headers
    status, headers, _ = request(address_of(guarded, "grpcgw"), "POST", path,
                                 b"", {"Origin": PAGE, **bearer(TOKEN)})
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == PAGE
    assert "grpc-status" in headers["Access-Control-Expose-Headers"]
    assert headers["Vary"] == "Origin"


def test_a_browser_that_asks_first_is_told(guarded):
    for carrier in ("grpcweb", "grpcgw"):
        status, headers, body = request(
            address_of(guarded, carrier), "OPTIONS", f"/{SERVICE}/SystemInfo",
            headers={"Origin": PAGE, "Access-Control-Request-Method": "POST",
                     "Access-Control-Request-Headers":
                         "authorization,content-type,x-grpc-web"})
        assert (status, body) == (204, b"")
        assert headers["Access-Control-Allow-Origin"] == PAGE
        assert "POST" in headers["Access-Control-Allow-Methods"]
        assert "authorization" in headers["Access-Control-Allow-Headers"]


def test_a_websocket_from_a_page_that_may_not_is_refused(guarded):
    at = address_of(guarded, "grpcws")
    ws = Websocket(at, f"/{SERVICE}/SystemInfo", {"Origin": PAGE})
    assert ws.status == 101
    ws.close()
    ws = Websocket(at, f"/{SERVICE}/SystemInfo",
                   {"Origin": "https://evil.example"})
    assert ws.status == 403
    ws.close()


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_token_that_is_withdrawn_ends_its_calls(guarded, carrier):
    text = guarded.tokens.read_text()
    client = client_of(guarded, carrier, headers=bearer(OTHER))
    live = client.stream("GroupMessageList", group_pk=guarded.account)
    group = guarded.account
    guarded.api.send(group, b"before")
    while next(live).message != b"before":
        pass
    guarded.tokens.write_text(f"{TOKEN} the tests\n")
    guarded.process.send_signal(signal.SIGHUP)
    with pytest.raises(Failure) as failed:
        list(live)
    assert failed.value.status == 16
    guarded.tokens.write_text(text)
    guarded.process.send_signal(signal.SIGHUP)
    wait_for("the token to be good again", lambda: outcome(
        lambda: client.call("SystemInfo"))[0] == 0)


def test_other_machines_need_tls_and_tokens(tmp_path):
    for listener in ("0.0.0.0:0/grpcweb", "0.0.0.0:0/tls/grpcgw"):
        node = Node(tmp_path / "refused", "-node.listeners", listener)
        done = subprocess.run(node.command(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=30)
        assert done.returncode != 0
        assert "over TLS and with a token only" in done.stderr


def test_a_socket_file_carries_json(tmp_path):
    path = tmp_path / "gateway.sock"
    node = Node(tmp_path / "node", "-node.listeners",
                f"/unix{tmp_path}/node/berty.sock,/unix{path}/grpcgw").start()
    assert path.stat().st_mode & 0o777 == 0o600
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(path))
        s.sendall(b"POST /berty.protocol.v1/ProtocolService/SystemInfo "
                  b"HTTP/1.0\r\n\r\n")
        answer = b""
        while data := s.recv(65536):
            answer += data
    assert json.loads(answer.split(b"\r\n\r\n")[1])["process"]["pid"] == str(
        node.process.pid)
    node.stop()
    assert not path.exists()


def make_certificate(folder, name):
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-days", "30", "-keyout",
         str(key), "-out", str(certificate)], check=True,
        stderr=subprocess.DEVNULL)
    key.chmod(0o600)
    return certificate, key


def test_a_certificate_is_read_again_and_who_is_connected_goes_on(tmp_path):
    shown = make_certificate(tmp_path, "shown")
    node = start(tmp_path / "node", "-node.tls-certificate", str(shown[0]),
                 "-node.tls-key", str(shown[1]))

    def client():
        return SocketClient(
            address_of(node, "grpcws", tls=True), Kinds(node.api),
            tls=ssl.create_default_context(cafile=shown[0]))

    live = client().stream("GroupMessageList", group_pk=node.account)
    for turn in range(3):
        node.api.send(node.account, b"%d" % turn)
        assert next(live).message == b"%d" % turn
        if turn == 1:
            break
        other = make_certificate(tmp_path, f"other{turn}")
        for mine, its in zip(shown, other):
            mine.write_bytes(its.read_bytes())
        node.process.send_signal(signal.SIGHUP)

        def is_shown():
            try:
                return client().call("SystemInfo").process.pid
            except ssl.SSLError:
                return False

        wait_for("the other certificate to be shown", is_shown)
    node.stop()


# --- websockets --------------------------------------------------------------------

def test_a_message_in_pieces_is_one(node):
    client = client_of(node, "socket")
    ws, kind, reply = client.open("GroupInfo")
    body = b"\0" + frame(kind(group_pk=node.account).SerializeToString())
    ws.send(body[:3], 2, last=False)
    ws.send(b"are you there", 9)
    for byte in body[3:-1]:
        ws.send(bytes([byte]), 0, last=False)
    ws.send(body[-1:], 0)
    ws.send(b"\1")
    assert ws.receive() == (10, b"are you there")
    got, = client.read(ws, reply)
    assert got.group.public_key == node.account
    ws.close()


@pytest.mark.parametrize("raw, code", [
    (b"\x82\x05hello", 1002),                  # not masked
    (b"\xc2\x80\0\0\0\0", 1002),               # a bit that is not ours
    (b"\x80\x80\0\0\0\0", 1002),               # nothing goes on
    (b"\x83\x80\0\0\0\0", 1002),               # no such frame
    (b"\x09\x80\0\0\0\0", 1002),               # a ping in pieces
    (b"\x89\xfe\0\x80\0\0\0\0", 1002),         # a ping too long
    (b"\x82\xfe\0\x01\0\0\0\0x", 1002),        # a length too long
    (b"\x81\x81\0\0\0\0x", 1003),              # text
    (b"\x82\xff\0\0\0\0\0\x50\0\0\0\0\0\0", 1009)])
def test_frames_that_break_the_rules_end_a_websocket(node, raw, code):
    ws, _, _ = client_of(node, "socket").open("SystemInfo")
    ws.socket.sendall(raw)
    kind, payload = ws.receive()
    assert (kind, payload) == (8, struct.pack(">H", code))
    with pytest.raises(EOFError):
        ws.take(1)
    ws.close()


def test_pieces_that_break_the_rules_end_a_call(node):
    for piece in (b"", b"\2", b"\1\1"):
        client = client_of(node, "socket")
        ws, _, reply = client.open("SystemInfo")
        ws.send(piece)
        with pytest.raises(Failure) as failed:
            list(client.read(ws, reply))
        assert failed.value.status == 13
        ws.close()


def test_headers_that_are_none_end_a_call(node):
    at = address_of(node, "grpcws")
    for headers in (b"no colon\r\n", b"a: " + b"x" * 20000):
        client = client_of(node, "socket")
        ws = Websocket(at, f"/{SERVICE}/SystemInfo")
        ws.send(headers)
        kind, payload = ws.receive()
        if len(headers) > 16384:
            assert (kind, payload) == (8, struct.pack(">H", 1009))
        else:
            assert kind == 2
        ws.close()


def test_other_protocols_are_not_spoken(node):
    ws = Websocket(address_of(node, "grpcws"), f"/{SERVICE}/SystemInfo",
                   protocol="chat")
    assert ws.status == 400
    ws.close()
    with pytest.raises((AssertionError, EOFError)):
        Websocket(address_of(node, "grpcweb"), f"/{SERVICE}/SystemInfo")
        raise AssertionError("there are websockets at /grpcweb")


# --- floods ------------------------------------------------------------------------

def test_a_body_without_an_end_is_cut_off(node):
    """Its bytes are bounded; others are served."""
    for carrier, path in (("grpcweb", f"/{SERVICE}/SystemInfo"),
                          ("grpcgw", "/berty.protocol.v1/ProtocolService/"
                                     "SystemInfo")):
        with socket.create_connection(address_of(node, carrier)) as s:
            s.settimeout(20)
            s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: "
                      "application/grpc-web\r\nTransfer-Encoding: chunked"
                      "\r\n\r\n".encode())
            sent = 0
            try:
                while sent < 8 * BODY_MAX:
                    s.sendall(b"10000\r\n" + b"\0" * 65536 + b"\r\n")
                    sent += 65536
            except OSError:
                pass
            assert sent < 8 * BODY_MAX
    assert client_of(node, "web").call("SystemInfo").process.pid
    wait_for("the calls to end", lambda: calls_now(node) == 0)


def test_json_of_many_values_is_refused_before_it_costs(node):
    gateway = client_of(node, "gateway")
    status, answer = gateway.raw("GroupInfo",
                                 b'{"x":[' + b"0," * 2000000 + b"0]}")
    assert (status, answer["code"]) == (400, 3)


def test_deep_json_is_refused(node):
    gateway = client_of(node, "gateway")
    status, _ = gateway.raw("GroupInfo", b'{"x":' + b"[" * 50000)
    assert status == 400


def test_many_silent_connections_leave_room_for_others(node):
    """Each carrier has connections of its own, and so has the socket file."""
    silent = []
    at = address_of(node, "grpcweb")
    for _ in range(300):
        silent.append(socket.create_connection(at))
    assert node.api.call("SystemInfo").process.pid
    assert client_of(node, "gateway").call("SystemInfo").process.pid
    for s in silent:
        s.close()
    wait_for("a place", lambda: outcome(
        lambda: client_of(node, "web").call("SystemInfo"))[0] == 0)


def memory(node, name):
    """In KiB, as the system says."""
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    return int(status.split(name + ":")[1].split()[0])


def test_readers_that_stop_take_bounded_memory(tmp_path):
    """560 streams of 4 MB: all of them hold no more than the budget, and
    others are served meanwhile."""
    node = start(tmp_path / "node")
    group = node.api.call("MultiMemberGroupCreate").group_pk
    kind, stub = node.api.method("AppMessageSend")
    for call in [stub.future(kind(group_pk=group, payload=b"x" * 2000))
                 for _ in range(2000)]:
        call.result()
    _, kind, _ = client_of(node, "web").kinds.method("GroupMessageList")
    body = frame(kind(group_pk=group).SerializeToString())
    text = json.dumps({"group_pk": base64.b64encode(group).decode()})
    pathlib.Path(f"/proc/{node.process.pid}/clear_refs").write_text("5")
    before = memory(node, "VmRSS")
    stopped = []
    for i in range(560):
        carrier = ("grpcweb", "grpcws", "grpcgw")[i % 3]
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(address_of(node, carrier))
        path, what = f"/{SERVICE}/GroupMessageList", body
        if carrier == "grpcgw":
            path = "/berty.protocol.v1/ProtocolService/GroupMessageList"
            what = text.encode()
        s.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: "
                  "application/grpc-web\r\nContent-Length: "
                  f"{len(what)}\r\n\r\n".encode() + what)
        stopped.append(s)
    wait_for("much to wait", lambda: numbers(node)[
        'berty_budget_used{budget="front.queued_bytes"}'] > 16 * 2 ** 20)
    assert len(list(client_of(node, "web").stream(
        "GroupMessageList", timeout=120, group_pk=group,
        until_now=True))) == 2000
    found = numbers(node)
    peak = memory(node, "VmHWM")
    queued = found['berty_budget_peak{budget="front.queued_bytes"}']
    print(f"readers that stop: queued {queued}, {before} KiB before, "
          f"peak {peak} KiB")
    assert queued <= found['berty_budget_limit{budget="front.queued_bytes"}'] + 2 ** 17
    # Twice what is queued, and what 560 connections and readers take.
    assert peak - before < (2 * 64 + 32) * 1024
    for s in stopped:
        s.close()
    wait_for("the calls to end", lambda: calls_now(node) == 0)
    assert numbers(node)[
        'berty_budget_used{budget="front.queued_bytes"}'] == 0
    node.stop()


def test_a_websocket_that_says_nothing_is_one_call_until_it_goes(node):
    ws = Websocket(address_of(node, "grpcws"), f"/{SERVICE}/SystemInfo")
    wait_for("it to be counted", lambda: calls_now(node) == 1)
    ws.close()
    wait_for("it to go", lambda: calls_now(node) == 0)


def test_a_node_that_stops_ends_streams_of_all_carriers(tmp_path):
    node = start(tmp_path / "node")
    lives = []
    for carrier in CARRIERS:
        live = client_of(node, carrier).stream("GroupMessageList",
                                               group_pk=node.account)
        node.api.send(node.account, b"there")
        while next(live).message != b"there":
            pass
        lives.append(live)
    node.stop()
    for live in lives:
        try:
            list(live)
        except (Failure, http.client.HTTPException, OSError, EOFError,
                AssertionError):
            pass


# --- monitors ----------------------------------------------------------------------

def test_monitors_find_the_numbers_of_system_info(node):
    found = numbers(node)
    system = node.api.call("SystemInfo")
    assert found["process_start_time_seconds"] == system.process.started_at
    assert found["berty_store_read_only"] == 0
    assert found['berty_account_log_entries{state="joined"}'] >= 1
    for budget in system.budgets:
        assert f'berty_budget_limit{{budget="{budget.name}"}}' in found
    status, headers, text = request(metrics_of(node), "GET", "/metrics")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    kinds = [line.split()[2] for line in text.decode().splitlines()
             if line.startswith("# TYPE")]
    assert len(kinds) == len(set(kinds))
    for name in found:
        assert name.split("{")[0] in kinds


def test_the_listener_of_metrics_has_nothing_else(node):
    at = metrics_of(node)
    assert request(at, "GET", "/healthz")[::2] == (200, b"ok\n")
    assert request(at, "POST", f"/{SERVICE}/SystemInfo")[0] == 404
    assert request(at, "POST", "/metrics")[0] == 405
    assert request(at, "GET", "/")[0] == 404


def test_metrics_need_a_token_and_health_does_not(guarded):
    for at in (metrics_of(guarded), address_of(guarded, "grpcweb")):
        assert request(at, "GET", "/metrics")[0] == 401
        assert request(at, "GET", "/healthz")[0] == 200
        status, _, text = request(at, "GET", "/metrics",
                                  headers=bearer(TOKEN))
        assert status == 200
        assert b"berty_build_info" in text
        assert TOKEN.encode() not in text


def test_a_name_that_was_made_to_lead_here_reads_no_numbers(node):
    at = metrics_of(node)
    assert request(at, "GET", "/metrics", headers={
        "Host": "evil.example:9090"})[0] == 403
    assert request(at, "GET", "/metrics", headers={
        "Host": "localhost:9090"})[0] == 200
