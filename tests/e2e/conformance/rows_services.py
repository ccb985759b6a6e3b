"""Tokens, replication, pushes, and the view of the system."""
from conftest import wait_for
from row import (NOTHING_MORE, READ, Refusal, group_pk, not_open, refuse,
                 refused_again, row, writes_again)
from scene import NO_CID, SEED, SHORT, STRANGER
from test_push import box

# --- services and their tokens -----------------------------------------------

TOKEN = {"access_token": "t", "services": {"rpl": "a:1"}}


def tokens(s):
    return list(s.api.stream("ServicesTokenList"))


def check_token(s, _):
    token, = tokens(s)
    assert token.service.token == "t" and token.service.expiration == -1
    assert [(x.service_type, x.service_endpoint) for x in
            token.service.supported_services] == [("rpl", "a:1")]


row("DebugAuthServiceSetToken",
    refuse("no token", 100, 100, authentication_url="http://a"),
    request=lambda s: {"token": TOKEN, "authentication_url": "http://a"},
    check=check_token, writes=[401], again=refused_again(100, 100),
    lasts=check_token)


def check_system(s, reply):
    assert reply.process.pid == s.node.process.pid
    assert reply.process.version and reply.process.started_at > 0
    log = reply.orbitdb.account_metadata
    assert log.progress == log.maximum == len(s.api.events(s.account))


row("SystemInfo", check=check_system, again=NOTHING_MORE, lasts=check_system)


def check_flow(s, reply):
    assert reply.url.startswith(
        s.exchange.url + "/authorize?response_type=code&client_id=berty"
        "&redirect_uri=berty%3A%2F%2Fservices-auth%2F&state=")
    assert "&code_challenge_method=S256" in reply.url
    assert not reply.secure_url
    assert s.api.call("AuthServiceInitFlow",
                      auth_url="https://a.example/").secure_url


row("AuthServiceInitFlow",
    *(refuse(f"an address like {url!r}", 4009, 4009, auth_url=url)
      for url in ("", "ftp://a", "https://", "a.example")),
    request=lambda s: {"auth_url": s.exchange.url}, check=check_flow,
    again=NOTHING_MORE)


def callback(**answer):
    def make(s):
        url = s.session(s.exchange.url)
        if "answer" in answer:
            s.exchange.answer = answer["answer"]
        return {"callback_url": answer.get("url", url).replace(
            "STATE", url.rpartition("=")[2])}
    return make


def request_complete(s):
    return {"callback_url": s.session(s.exchange.url)}


def check_complete(s, reply):
    token = tokens(s)[0]
    assert token.token_id == s.first.token_id
    assert token.service.authentication_url == s.exchange.url


def without_server(s):
    return {"callback_url": s.session("http://" + s.nobody())}


BACK = "berty://services-auth/?"
row("AuthServiceCompleteFlow",
    Refusal("no address", (), {"callback_url": "no address\x01"}),
    refuse("an error", 4004, 4004, callback(
        url=BACK + "error=e&error_description=d")),
    refuse("another state", 4002, 4002, callback(
        url=BACK + "code=c&state=other")),
    refuse("an error of the server", 4003, 4003, callback(
        answer=(500, "{}"))),
    refuse("no token in the answer", 4003, 4003, callback(
        answer=(200, "{}"))),
    refuse("no services in the answer", 4003, 4003, callback(
        answer=(200, '{"access_token":"a"}'))),
    refuse("no JSON", 104, 104, callback(answer=(200, "no JSON"))),
    refuse("the same token again", 100, 100, callback(
        answer=(200, '{"access_token":"t","services":{"rpl":"a:1"}}'))),
    refuse("no server", 106, 106, without_server),
    request=request_complete, check=check_complete, writes=[401],
    again=refused_again(4001, 4001), lasts=None,
    waits=lambda s: {"callback_url": s.session("http://" + s.mute.endpoint)})


def request_tokens(s):
    for name in ("a", "b"):
        s.api.call("DebugAuthServiceSetToken", authentication_url="http://x",
                   token=dict(TOKEN, access_token=name))
    return {}


def check_tokens(s, reply):
    assert {t.service.token for t in reply} == {"a", "b"}
    assert len({t.token_id for t in reply}) == 2


row("ServicesTokenList", request=request_tokens, check=check_tokens,
    again=READ, lasts=check_tokens)


def removed_token(s):
    token_id = s.token("127.0.0.1:1")
    client = s.node.client("berty.extension.v1.ExtensionService")
    client.call("ServicesTokenRemove", token_id=token_id)
    client.close()
    return token_id


def register(token):
    return lambda s: group_pk(s.group, token_id=token(s))


def check_register(s, _):
    s.api.call("ActivateGroup", group_pk=s.group)
    told = s.told(403, "GroupReplicating", s.group)[0]
    assert told.replication_server == s.keeper.endpoint
    assert s.api.call("GroupInfo", group_pk=s.group).replicating


row("ReplicationServiceRegisterGroup",
    *not_open(100, token_id="none"),
    refuse("no such token", 100, 4008, register(
        lambda s: "b0d5a3e8-5b0c-5a4e-8d2a-000000000000")),
    refuse("a token that was removed", 100, 100, register(removed_token)),
    refuse("a token for something else", 4102, 4102, register(
        lambda s: s.token("127.0.0.1:1", "psh"))),
    refuse("no server", 4101, 4101, register(
        lambda s: s.token(s.nobody()))),
    request=lambda s: group_pk(s.group, token_id=s.token(s.keeper.endpoint)),
    check=check_register, writes=[403], again=refused_again(4101, 2100),
    lasts=check_register,
    waits=lambda s: group_pk(s.group, token_id=s.token(s.mute.endpoint)))


def check_peers(s, reply):
    ids = [p.id for p in reply.peers]
    assert ids == sorted(ids)
    peer, = [p for p in reply.peers if p.id == s.friend.info["peer_id"]]
    assert peer.is_active and peer.direction != 0
    assert any(r.is_active and r.streams for r in peer.routes)


row("PeerList", request=lambda s: {} if s.friend else None, check=check_peers,
    again=NOTHING_MORE)


# --- push --------------------------------------------------------------------


def request_receive(s):
    """A push for a message that the node has already."""
    s.relay.share(s.node, s.befriended(), b"a phone")
    api = s.friend.api
    wait_for("the token at the friend's", lambda: [
        e for e in api.events(s.private) if e.metadata.event_type == 404])

    # Only a friend whose chain key has come can be read.
    wait_for("the friend's key", lambda: any(
        m.message == b"key" for m in s.api.messages(s.private)) or (
        api.send(s.private, b"key") and False))
    cid = api.send(s.private, b"pushed")
    api.call("PushSend", cid=cid, group_public_key=s.private)
    return {"payload": s.relay.pushed[-1][1]}


def check_receive(s, reply):
    clear = s.api.message("berty.protocol.v1.EncryptedMessage")
    clear.ParseFromString(reply.cleartext)
    assert clear.plaintext == b"pushed"
    assert reply.group_public_key == s.private


def exposed(s, box):
    return {"payload": s.api.message(
        "berty.push.v1.PushExposedData", nonce=bytes(24),
        box=box).SerializeToString()}


def sealed_by_nobody(s):
    s.relay.register(s.node, b"a phone")
    return exposed(s, bytes(64))


def relayed(envelope):
    """What the relay would hand to the node of an envelope."""
    def make(s):
        s.relay.register(s.node, b"a phone")
        key = s.api.call("InstanceGetConfiguration"
                         ).device_push_token.recipient_public_key
        return exposed(s, box(envelope(s), bytes(24), key, s.relay.private))
    return make


ENVELOPE = "berty.push.v1.OutOfStoreMessageEnvelope"


def of_unknown_reference(s):
    return s.api.message(ENVELOPE, nonce=bytes(24), box=bytes(64),
                         group_reference=SEED).SerializeToString()


def changed_on_the_way(s):
    """A real push with another box in its envelope."""
    if not s.__dict__.get("fields"):
        s.fields = request_receive(s)
    last = s.relay.envelopes[-1]
    envelope = s.api.message(ENVELOPE)
    envelope.ParseFromString(last)
    envelope.box = envelope.box[:-1] + bytes([envelope.box[-1] ^ 1])
    return envelope.SerializeToString()


row("PushReceive",
    refuse("nothing", 6002, 6003),
    refuse("a payload of nobody's", 6002, 6002, sealed_by_nobody),
    refuse("no envelope", 104, 104, relayed(lambda s: b"\xff")),
    refuse("an unknown reference", 404, 404, relayed(of_unknown_reference)),
    refuse("an envelope that was changed", 205, 205, relayed(
        changed_on_the_way)),
    refuse("a payload that is none", 6002, 6003, lambda s: {
        "payload": b"x"} if s.api.call(
            "PushSetServer", server=s.server()) is not None else None),
    request=request_receive, check=check_receive, again=NOTHING_MORE,
    lasts=check_receive)


def request_push(s):
    group = s.befriended()
    s.relay.share(s.friend, group, b"the friend's phone")
    wait_for("the token", lambda: s.told(404, "PushMemberTokenUpdate", group))
    return {"cid": s.api.send(group, b"pushed"), "group_public_key": group}


def check_push(s, reply):
    assert not reply.failures
    assert [len(m.devices_pks) for m in reply.group_members] == [1]
    assert s.relay.pushed[0][0] == b"the friend's phone"


def mute_relay(s):
    group = s.befriended()
    server = {"server_key": s.relay.public, "service_addr": s.mute.endpoint}
    s.friend.api.call("PushShareToken", group_pk=group, server=server,
                      receiver=s.receiver(b"elsewhere"))
    wait_for("the token", lambda: [
        t for t in s.told(404, "PushMemberTokenUpdate", group)
        if t.server.service_addr == s.mute.endpoint])
    return {"cid": s.api.send(group, b"in vain"), "group_public_key": group}


row("PushSend",
    refuse("an unknown group", 888, 888, cid=NO_CID,
           group_public_key=STRANGER),
    refuse("a closed group", 888, 888, lambda s: {
        "cid": NO_CID, "group_public_key": s.closed}),
    refuse("no CID", 100, 100, lambda s: {"group_public_key": s.group}),
    refuse("nonsense", 100, 100, lambda s: {
        "group_public_key": s.group, "cid": b"x"}),
    refuse("what is not in the log", 888, 100, lambda s: {
        "group_public_key": s.group,
        "cid": s.api.send(s.group, b"x")[:-1] + b"\0"}),
    request=request_push, check=check_push, again=READ, waits=mute_relay)


def request_share(s):
    return group_pk(s.group, server=s.server(), receiver=s.receiver())


def check_share(s, _):
    told = s.told(404, "PushMemberTokenUpdate", s.group)[0]
    assert told.server.service_addr == s.relay.address
    assert len(told.token) > 48


row("PushShareToken",
    *not_open(100),
    refuse("no server", 888, 100, lambda s: group_pk(
        s.group, receiver=s.receiver())),
    refuse("a server's short key", 888, 100, lambda s: group_pk(
        s.group, receiver=s.receiver(), server={
            "server_key": SHORT, "service_addr": "a:1"})),
    refuse("no receiver", 888, 100, lambda s: group_pk(
        s.group, server=s.server())),
    request=request_share, check=check_share, writes=[404],
    again=writes_again(404))


def check_device_token(s, _):
    told = s.api.call("InstanceGetConfiguration").device_push_token
    assert told.token == b"a phone" and told.bundle_id == "test.app"
    assert len(told.recipient_public_key) == 32
    assert any(told.recipient_public_key)


row("PushSetDeviceToken",
    refuse("nothing", 100, 100),
    refuse("no type", 100, 100, receiver={"token": b"x"}),
    request=lambda s: {"receiver": s.receiver()}, check=check_device_token,
    writes=[405], again=NOTHING_MORE, lasts=check_device_token)


def check_server(s, _):
    told = s.api.call("InstanceGetConfiguration").device_push_server
    assert told.server_key == s.relay.public
    assert told.service_addr == s.relay.address


row("PushSetServer",
    refuse("nothing", 100, 100),
    request=lambda s: {"server": s.server()}, check=check_server,
    writes=[406], again=NOTHING_MORE, lasts=check_server)
