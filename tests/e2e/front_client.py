"""Clients of the front, by hand: gRPC-Web over HTTP and over a websocket, and
JSON.  They share no code with the program."""
import base64
import hashlib
import http.client
import json
import os
import socket
import struct
import urllib.parse

from google.protobuf import json_format, message_factory

from conftest import Failure

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def frame(message):
    return struct.pack(">BI", 0, len(message)) + message


def parse_lines(text):
    """Header lines as a dictionary."""
    lines = [line.split(":", 1) for line in text.decode().split("\r\n") if line]
    return {name.strip().lower(): value.strip() for name, value in lines}


class Frames:
    """Frames of gRPC-Web as they come: (is it of trailers, bytes)."""

    def __init__(self):
        self.bytes = b""

    def feed(self, data):
        self.bytes += data
        while len(self.bytes) >= 5:
            flag, n = struct.unpack(">BI", self.bytes[:5])
            assert flag in (0, 0x80), f"flag {flag}"
            if len(self.bytes) < 5 + n:
                return
            piece, self.bytes = self.bytes[5:5 + n], self.bytes[5 + n:]
            yield flag == 0x80, piece


def address_of(node, carrier, tls=False):
    """(host, port) of the listener of that carrier."""
    for text in node.info["listeners"]:
        words = text.split("/")
        if words[-1] == carrier and words[1] == "ip4" and \
                ("tls" in words) == tls:
            return words[2], int(words[4])
    raise AssertionError(node.info["listeners"])


class Kinds:
    """Message classes and methods, from the reflection of a grpc client."""

    def __init__(self, api, service=None):
        self.api = api
        self.service = service or api.service

    def method(self, name):
        found = self.service.methods_by_name[name]
        kinds = [message_factory.GetMessageClass(k)
                 for k in (found.input_type, found.output_type)]
        return found, kinds[0], kinds[1]

    def failure(self, trailers):
        codes = []
        details = trailers.get("grpc-status-details-bin")
        if details:
            details += "=" * (-len(details) % 4)
            status = self.api.message("google.rpc.Status").FromString(
                base64.b64decode(details))
            for detail in status.details:
                codes += self.api.message("berty.errcode.ErrDetails") \
                    .FromString(detail.value).codes
        return Failure([int(c) for c in codes], int(trailers["grpc-status"]),
                       urllib.parse.unquote(trailers.get("grpc-message", "")))


class Web:
    """gRPC-Web over HTTP/1.1."""

    def __init__(self, address, kinds, text=False, headers=None, tls=None):
        self.address = address
        self.kinds = kinds
        self.text = text
        self.headers = headers or {}
        self.tls = tls

    def connect(self, timeout=30):
        if self.tls:
            return http.client.HTTPSConnection(*self.address, timeout=timeout,
                                               context=self.tls)
        return http.client.HTTPConnection(*self.address, timeout=timeout)

    def post(self, path, body, headers=None, timeout=30):
        kind = "application/grpc-web" + ("-text" if self.text else "")
        connection = self.connect(timeout)
        connection.request(
            "POST", path, base64.b64encode(body) if self.text else body,
            {"Content-Type": kind + "+proto", "X-Grpc-Web": "1",
             **self.headers, **(headers or {})})
        return connection, connection.getresponse()

    def pieces(self, response):
        """What an answer brings, as it comes, without base64."""
        left = b""
        while True:
            data = response.read1(65536)
            if not data:
                assert not left
                return
            if not self.text:
                yield data
                continue
            left += data
            n = len(left) // 4 * 4
            for at in range(0, n, 4):
                yield base64.b64decode(left[at:at + 4], validate=True)
            left = left[n:]

    def read(self, response, reply):
        """Yield messages; the end raises if it is a failure."""
        frames = Frames()
        trailers = None
        for data in self.pieces(response):
            for is_end, piece in frames.feed(data):
                assert trailers is None, "something behind the trailers"
                if is_end:
                    trailers = parse_lines(piece)
                else:
                    yield reply.FromString(piece)
        assert trailers is not None, "there were no trailers"
        self.trailers = trailers
        if trailers["grpc-status"] != "0":
            raise self.kinds.failure(trailers)

    def stream(self, name, headers=None, timeout=30, request=None, **fields):
        found, kind, reply = self.kinds.method(name)
        body = frame((request or kind(**fields)).SerializeToString())
        connection, response = self.post(
            f"/{found.containing_service.full_name}/{name}", body, headers,
            timeout)
        try:
            assert response.status == 200, (response.status, response.read())
            yield from self.read(response, reply)
        finally:
            connection.close()

    def call(self, name, **fields):
        replies = list(self.stream(name, **fields))
        assert len(replies) == 1, replies
        return replies[0]

    def message(self, name, **fields):
        return self.kinds.api.message(name, **fields)


class Gateway:
    """JSON."""

    def __init__(self, address, kinds, headers=None):
        self.address = address
        self.kinds = kinds
        self.headers = headers or {}

    def path(self, name):
        found, _, _ = self.kinds.method(name)
        return "/" + "/".join(found.full_name.rsplit(".", 2))

    def post(self, path, body, headers=None, timeout=30):
        connection = http.client.HTTPConnection(*self.address,
                                                timeout=timeout)
        connection.request("POST", path, body,
                           {**self.headers, **(headers or {})})
        return connection, connection.getresponse()

    def raw(self, name, body, headers=None):
        """(HTTP status, JSON) of a call with that text."""
        connection, response = self.post(self.path(name), body, headers)
        answer = response.read()
        assert response.headers["Content-Type"] == "application/json", answer
        connection.close()
        return response.status, json.loads(answer)

    def call(self, name, request=None, **fields):
        _, kind, reply = self.kinds.method(name)
        body = json_format.MessageToJson(request or kind(**fields))
        status, answer = self.raw(name, body)
        if status != 200:
            raise Failure(self.codes(answer.get("details", ())),
                          answer["code"], answer["message"])
        return json_format.ParseDict(answer, reply())

    def codes(self, details):
        names = self.kinds.api.message("berty.errcode.ErrDetails") \
            .DESCRIPTOR.fields_by_name["codes"].enum_type.values_by_name
        return [names[name].number for detail in details
                for name in detail["codes"]]

    def stream(self, name, **fields):
        _, kind, reply = self.kinds.method(name)
        body = json_format.MessageToJson(kind(**fields))
        connection, response = self.post(self.path(name), body)
        try:
            while line := response.readline():
                answer = json.loads(line)
                if "error" in answer:
                    error = answer["error"]
                    raise Failure(self.codes(error.get("details", ())),
                                  error["grpc_code"], error["message"])
                yield json_format.ParseDict(answer["result"], reply())
        finally:
            connection.close()


class Websocket:
    """A websocket, client side."""

    def __init__(self, address, path, headers=None, tls=None,
                 protocol="grpc-websockets"):
        self.socket = socket.create_connection(address, timeout=30)
        if tls:
            self.socket = tls.wrap_socket(self.socket,
                                          server_hostname="localhost")
        self.left = b""
        key = base64.b64encode(os.urandom(16))
        lines = [f"GET {path} HTTP/1.1", f"Host: {address[0]}:{address[1]}",
                 "Upgrade: websocket", "Connection: keep-alive, Upgrade",
                 f"Sec-WebSocket-Key: {key.decode()}",
                 "Sec-WebSocket-Version: 13",
                 f"Sec-WebSocket-Protocol: {protocol}",
                 *(f"{k}: {v}" for k, v in (headers or {}).items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        while b"\r\n\r\n" not in self.left:
            self.more()
        head, self.left = self.left.split(b"\r\n\r\n", 1)
        self.status = int(head.split()[1])
        self.headers = parse_lines(head.split(b"\r\n", 1)[1])
        if self.status == 101:
            assert self.headers["sec-websocket-accept"] == base64.b64encode(
                hashlib.sha1(key + GUID).digest()).decode()
            assert self.headers["sec-websocket-protocol"] == protocol

    def more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the websocket is closed")
        self.left += data

    def send(self, payload, opcode=2, last=True):
        mask = os.urandom(4)
        n = len(payload)
        size = bytes([0x80 | n]) if n < 126 else \
            struct.pack(">BH", 0x80 | 126, n) if n < 65536 else \
            struct.pack(">BQ", 0x80 | 127, n)
        wide = (mask * (n // 4 + 1))[:n]
        body = (int.from_bytes(payload, "big") ^
                int.from_bytes(wide, "big")).to_bytes(n, "big")
        self.socket.sendall(bytes([opcode | (0x80 if last else 0)]) + size +
                            mask + body)

    def take(self, n):
        while len(self.left) < n:
            self.more()
        data, self.left = self.left[:n], self.left[n:]
        return data

    def receive(self):
        """(opcode, payload) of a frame of the server."""
        first, second = self.take(2)
        assert first & 0xf0 == 0x80 and second < 0x80
        n = second
        if n == 126:
            n, = struct.unpack(">H", self.take(2))
        elif n == 127:
            n, = struct.unpack(">Q", self.take(8))
        return first & 15, self.take(n)

    def close(self):
        self.socket.close()


class SocketClient:
    """gRPC-Web over websockets, as improbable-eng's client speaks it."""

    def __init__(self, address, kinds, headers=None, tls=None, **more):
        self.address = address
        self.kinds = kinds
        self.headers = headers or {}
        self.tls = tls
        self.more = more

    def open(self, name):
        found, kind, reply = self.kinds.method(name)
        ws = Websocket(self.address,
                       f"/{found.containing_service.full_name}/{name}",
                       tls=self.tls, **self.more)
        assert ws.status == 101, ws.status
        lines = {"content-type": "application/grpc-web+proto",
                 "x-grpc-web": "1", **self.headers}
        ws.send("".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode())
        return ws, kind, reply

    def read(self, ws, reply):
        frames = Frames()
        blocks = []
        while True:
            kind, payload = ws.receive()
            if kind == 8:
                code, = struct.unpack(">H", payload[:2])
                assert code == 1000, code
                break
            if kind == 9:
                ws.send(payload, 10)
                continue
            assert kind == 2
            for is_block, piece in frames.feed(payload):
                if is_block:
                    blocks.append(parse_lines(piece))
                else:
                    assert len(blocks) == 1, "headers come first"
                    yield reply.FromString(piece)
        assert len(blocks) == 2, blocks
        self.trailers = blocks[1]
        if blocks[1]["grpc-status"] != "0":
            raise self.kinds.failure(blocks[1])

    def stream(self, name, requests=None, **fields):
        ws, kind, reply = self.open(name)
        for request in requests or [kind(**fields)]:
            ws.send(b"\0" + frame(request.SerializeToString()))
        ws.send(b"\1")
        try:
            yield from self.read(ws, reply)
        finally:
            ws.close()

    def call(self, name, **fields):
        replies = list(self.stream(name, **fields))
        assert len(replies) == 1, replies
        return replies[0]

    def message(self, name, **fields):
        return self.kinds.api.message(name, **fields)
