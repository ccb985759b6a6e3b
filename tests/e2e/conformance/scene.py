"""Where a row of the table plays: a node, and whatever the row asks for, made
when it is asked for."""
import socket
from collections import Counter
from functools import cached_property
from http.server import BaseHTTPRequestHandler, HTTPServer
import threading
from urllib.parse import parse_qs, urlsplit

import grpc

from conftest import (Failure, address_bytes, contact_group, invite, wait_for)
from test_push import Relay
from test_replication import Issuer, Server, give_token

# A good key of nobody, others like it, and 32 bytes that are no key.
STRANGER = bytes.fromhex(
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
STRANGERS = [bytes.fromhex(k) for k in (
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
    "278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e",
    "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
)]
NO_POINT = bytes([2]) + bytes(31)
SHORT = b"short"
SEED = bytes(range(32))
NO_CID = b"\x12\x20" + bytes(32)

# What groups write by themselves when members meet.
BY_THEMSELVES = (1, 2)


def as_fields(message):
    """A message of one client as another's keyword arguments."""
    def value(field, v):
        if field.message_type is None:
            return list(v) if field.is_repeated else v
        return [as_fields(m) for m in v] if field.is_repeated else as_fields(v)
    return {f.name: value(f, v) for f, v in message.ListFields()}


class Mute:
    """A server that takes connections and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.endpoint = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.taken = []
        threading.Thread(target=self.take, daemon=True).start()

    def take(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return

    def close(self):
        self.listener.close()
        for s in self.taken:
            s.close()


class Exchange:
    """The token endpoint of a token server; says what it is told to."""

    def __init__(self):
        self.answer = (200, '{"access_token":"t","services":{"rpl":"a:1"}}')
        exchange = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("content-length", 0)))
                status, text = exchange.answer
                self.send_response(status)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_):
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self):
        self.http.shutdown()
        self.http.server_close()


class Scene:
    def __init__(self, make, folder):
        self.make = make
        self.folder = folder
        self.ends = []
        self.first = None
        self.fields = None
        self.wrote = None
        self.endless = None

    def close(self):
        for end in self.ends:
            end()

    def ended(self, thing):
        self.ends.append(thing.close)
        return thing

    # --- what is there when it is asked for ------------------------------

    @cached_property
    def node(self):
        return self.make("-node.service-insecure")

    @property
    def api(self):
        return self.node.api

    @cached_property
    def account(self):
        return self.node.account

    @cached_property
    def friend(self):
        """A contact, online."""
        node = self.make("-node.service-insecure")
        key = self.requested_by(node)
        self.api.call("ContactRequestAccept", contact_pk=key)
        self.private = contact_group(self.node, key)
        assert contact_group(node, self.account) == self.private
        return node

    def befriended(self):
        assert self.friend
        return self.private

    @cached_property
    def group(self):
        return self.api.call("MultiMemberGroupCreate").group_pk

    @cached_property
    def closed(self):
        key = self.api.call("MultiMemberGroupCreate").group_pk
        self.api.call("DeactivateGroup", group_pk=key)
        return key

    @cached_property
    def shared(self):
        """A group of the node's, which the friend joined."""
        key = self.api.call("MultiMemberGroupCreate").group_pk
        invite(self.node, key, self.friend)
        wait_for("the friend among the members",
                 lambda: len(self.members(key)) == 2)
        return key

    @cached_property
    def foreign(self):
        """A group of the friend's, which the node joined."""
        key = self.friend.api.call("MultiMemberGroupCreate").group_pk
        invite(self.friend, key, self.node)
        wait_for("both members", lambda: len(self.members(key)) == 2)
        return key

    @cached_property
    def relay(self):
        relay = self.ended(Relay(self.api))
        relay.envelopes = []
        push = relay.push

        def keep(envelope, receiver):
            relay.envelopes.append(envelope)
            push(envelope, receiver)
        relay.push = keep
        return relay

    @cached_property
    def exchange(self):
        return self.ended(Exchange())

    @cached_property
    def mute(self):
        return self.ended(Mute())

    @staticmethod
    def nobody():
        """An endpoint where nobody listens."""
        gone = Mute()
        gone.close()
        return gone.endpoint

    @cached_property
    def issuer(self):
        return Issuer()

    @cached_property
    def keeper(self):
        """A replication server."""
        server = Server(self.folder / "keeper", self.issuer).start()
        self.ends.append(server.end)
        return server

    # --- steps -------------------------------------------------------------

    def members(self, group):
        return {m.member_pk for m in self.api.call(
            "GroupInfo", group_pk=group).members}

    def me(self, group):
        return self.api.call("GroupInfo", group_pk=group).member_pk

    def friend_in(self, group):
        return (self.members(group) - {self.me(group)}).pop()

    def waiting(self, row):
        """The fields of the row's call without end."""
        if self.endless is None:
            self.endless = row.waits(self)
        return self.endless

    def asked(self):
        """The key of somebody who asks to be a contact, and then is gone."""
        asker = self.make()
        key = self.requested_by(asker)
        asker.stop()
        return key

    def requested_by(self, asker):
        """The key of the node, who asks to be a contact."""
        seed = self.api.call("ContactRequestEnable").public_rendezvous_seed
        key = asker.account
        asker.api.call(
            "ContactRequestSend",
            contact={"pk": self.account, "public_rendezvous_seed": seed,
                     "metadata": b"it is me"},
            addresses=[address_bytes(a) for a in self.node.info["swarm"]])
        wait_for("the request", lambda: key in [
            e.contact_pk for e in self.told(
                108, "AccountContactRequestReceived")])
        wait_for("the request to be known as delivered", lambda: [
            e for e in asker.api.events(key) if e.metadata.event_type == 107])
        return key

    def invitation(self):
        """Of a group of the friend's that the node is not in."""
        key = self.friend.api.call("MultiMemberGroupCreate").group_pk
        return as_fields(self.friend.api.call(
            "MultiMemberGroupInvitationCreate", group_pk=key).group)

    def told(self, number, name, group=None):
        """The events of a type in a log, as messages."""
        found = []
        for event in self.api.events(group or self.account):
            if event.metadata.event_type == number:
                found.append(self.api.message("berty.protocol.v1." + name))
                found[-1].ParseFromString(event.event)
        return found

    def prepare(self, data, **header):
        kind, stub = self.api.method("AttachmentPrepare")
        try:
            return stub(iter([kind(**header)] + [
                kind(block=data[at:at + 50000])
                for at in range(0, len(data), 50000)]),
                timeout=30).attachment_cid
        except grpc.RpcError as error:
            raise self.api.failure(error) from None

    def session(self, url):
        """A flow at that server, and where it leads back to."""
        reply = self.api.call("AuthServiceInitFlow", auth_url=url)
        state = parse_qs(urlsplit(reply.url).query)["state"][0]
        return f"berty://services-auth/?code=c&state={state}"

    def token(self, endpoint, service="rpl"):
        return give_token(self.node, self.issuer.token(service), endpoint,
                          service)

    def server(self):
        return {"server_key": self.relay.public,
                "service_addr": self.relay.address}

    def receiver(self, token=b"a phone"):
        return {"token_type": 3, "bundle_id": "test.app", "token": token}

    # --- what was written --------------------------------------------------

    def logs(self):
        known = [self.account]
        for name in ("private", "group", "shared", "foreign"):
            if name in self.__dict__:
                known.append(self.__dict__[name])
        return known

    def entries(self):
        """(log, type of entry, id) of all that a call has written."""
        found = []
        for log in self.logs():
            try:
                found += [(log, e.metadata.event_type, e.event_context.id)
                          for e in self.api.events(log)
                          if e.metadata.event_type not in BY_THEMSELVES]
                found += [(log, "message", m.event_context.id)
                          for m in self.api.messages(log)]
            except Failure as failure:
                assert failure.codes[0] == 1302, failure
        return found

    def written_since(self, before):
        before = set(before)
        return Counter(kind for log, kind, cid in self.entries()
                       if (log, kind, cid) not in before)

    def calls_under_way(self):
        """How many calls the server holds beside this one."""
        rows = self.api.call("SystemInfo").budgets
        return next(r.used for r in rows if r.name == "grpc.calls") - 1
