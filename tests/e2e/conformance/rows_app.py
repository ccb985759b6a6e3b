"""What apps write and read, and files."""
import grpc

from conftest import wait_for
from row import (FILE, NOTHING_MORE, READ, group_pk, is_entry, not_open, plain,
                 refuse, row, writes_again)
from scene import NO_CID

# --- what apps write and read ------------------------------------------------


def app_refusals():
    return not_open(1306, payload=b"x") + (
        refuse("an attachment that is no CID", 1002, 104, lambda s: group_pk(
            s.group, attachment_cids=[b"nonsense"])),
        refuse("an attachment that is not here", 1002, 400, lambda s:
               group_pk(s.group, attachment_cids=[NO_CID])),
    )


def request_app(s):
    s.attachment = s.prepare(b"a file")
    return group_pk(s.group, payload=b"said", attachment_cids=[s.attachment])


def check_metadata(s, reply):
    assert is_entry(reply.cid)
    s.api.call("ActivateGroup", group_pk=s.group)
    event, = [e for e in s.api.events(s.group)
              if e.event_context.id == s.first.cid]
    said = s.api.message("berty.protocol.v1.AppMetadata")
    said.ParseFromString(event.event)
    assert said.message == b"said"
    assert list(event.event_context.attachment_cids) == [s.attachment]
    assert event.event_context.group_pk == s.group


row("AppMetadataSend", *app_refusals(),
    request=request_app, check=check_metadata, writes=[1001],
    again=writes_again(1001), lasts=check_metadata)


def check_message(s, reply):
    assert is_entry(reply.cid)
    s.api.call("ActivateGroup", group_pk=s.group)
    event, = [m for m in s.api.messages(s.group)
              if m.event_context.id == s.first.cid]
    assert event.message == b"said"
    assert list(event.event_context.attachment_cids) == [s.attachment]
    own = s.api.call("GroupInfo", group_pk=s.group).device_pk
    assert event.headers.device_pk == own


row("AppMessageSend", *app_refusals(),
    refuse("more than 1 MiB", 100, 100, lambda s: group_pk(
        s.group, payload=bytes((1 << 20) + 1))),
    request=request_app, check=check_message, writes=["message"],
    again=writes_again("message"), lasts=check_message)


def list_refusals(name):
    def some(s):
        """The first and the last id of a log."""
        for text in (b"a", b"b"):
            s.api.call("AppMessageSend", group_pk=s.group, payload=text)
        found = list(s.api.stream(name, group_pk=s.group, until_now=True))
        return [e.event_context.id for e in (found[0], found[-1])]

    def with_ids(**options):
        def make(s):
            first, last = some(s)
            ids = {"first": first, "last": last,
                   "other": first[:-1] + bytes([first[-1] ^ 1])}
            return group_pk(s.group, **{
                k: ids.get(v, v) if isinstance(v, str) else v
                for k, v in options.items()})
        return make

    def options(**fields):
        return lambda s: group_pk(s.group, **fields)

    return not_open(1302, until_now=True) + (
        refuse("both since", 100, 100, with_ids(
            since_id="first", since_now=True)),
        refuse("both until", 100, 100, with_ids(
            until_id="last", until_now=True)),
        refuse("from now until now", 100, 100, options(
            since_now=True, until_now=True)),
        refuse("from now until an id", 100, 100, with_ids(
            since_now=True, until_id="last")),
        refuse("what is to come, reversed", 100, 100, options(
            reverse_order=True)),
        refuse("from an id on, reversed", 100, 100, with_ids(
            since_id="first", reverse_order=True)),
        refuse("from an id that is not there", 101, 101, with_ids(
            since_id="other", until_now=True)),
        refuse("until an id that is not there", 101, 101, with_ids(
            until_id="other")),
        refuse("from nonsense on", 101, 101, with_ids(
            since_id=b"nonsense")),
        refuse("backwards", 101, 101, with_ids(
            since_id="last", until_id="first")),
    )


def begins_as_first(s, reply):
    assert plain(reply)[:len(s.first)] == plain(s.first)


def request_list(s):
    for i in range(3):
        s.api.call("AppMessageSend", group_pk=s.group, payload=b"%d" % i)
        s.api.call("AppMetadataSend", group_pk=s.group, payload=b"%d" % i)
    return group_pk(s.group, until_now=True)


def check_metadata_list(s, reply):
    types = [e.metadata.event_type for e in reply]
    assert types[-3:] == [1001] * 3 and {1, 2, 302} <= set(types)
    seen = set()
    for event in reply:
        assert event.event_context.group_pk == s.group
        assert set(event.event_context.parent_ids) <= seen
        assert event.event == event.metadata.payload
        seen.add(event.event_context.id)


def check_message_list(s, reply):
    assert [m.message for m in reply][:3] == [b"0", b"1", b"2"]
    assert [m.headers.counter for m in reply] == sorted(
        m.headers.counter for m in reply)


for list_name, check in (("GroupMetadataList", check_metadata_list),
                         ("GroupMessageList", check_message_list)):
    row(list_name, *list_refusals(list_name), request=request_list,
        check=check, again=READ, lasts=begins_as_first,
        waits=lambda s: group_pk(s.group))


# --- attachments -------------------------------------------------------------


def contents(s, cid):
    return b"".join(r.block for r in s.api.stream("AttachmentRetrieve",
                                                  attachment_cid=cid))


def check_prepare(s, reply):
    assert len(reply.attachment_cid) == 34
    assert reply.attachment_cid[:2] == b"\x12\x20"
    assert contents(s, s.first.attachment_cid) == FILE
    # In no cipher the same file is the same attachment.
    clear = s.prepare(FILE, disable_encryption=True)
    assert clear == s.prepare(FILE, disable_encryption=True)
    assert contents(s, clear) == FILE


def play_prepare(s, fields):
    kind = s.api.method("AttachmentPrepare")[0]
    pieces = fields.get("pieces", [{}, {"block": FILE[:1000]},
                                   {"block": FILE[1000:]}])
    stub = s.api.method("AttachmentPrepare")[1]
    try:
        return stub(iter([kind(**p) for p in pieces]), timeout=30)
    except grpc.RpcError as error:
        raise s.api.failure(error) from None


def lasting_prepare(s, reply):
    check_prepare(s, reply)
    # The same file again is another attachment, with another key.
    assert reply.attachment_cid != s.first.attachment_cid


row("AttachmentPrepare",
    refuse("no message", 115, 115, pieces=[]),
    refuse("a block in the header", 100, 100, pieces=[{"block": b"x"}]),
    play=play_prepare, check=check_prepare, again=NOTHING_MORE,
    lasts=lasting_prepare, waits=lambda s: {"pieces": None})


def check_retrieve(s, reply):
    assert all(len(r.block) <= 65520 for r in reply)
    assert b"".join(r.block for r in reply) == FILE
    assert contents(s, s.prepare(b"")) == b""


def request_retrieve(s):
    return {"attachment_cid": s.prepare(FILE)}


def nobody_has(s):
    """An attachment whose key is here, and whose blocks are nowhere."""
    node, group = s.friend, s.befriended()
    cid = _prepared_by(node, bytes(300000))
    wait_for("the friend's message", lambda: any(
        cid in m.event_context.attachment_cids
        for m in s.api.messages(group)) or (
        node.api.send(group, b"f", attachment_cids=[cid]) and False))
    node.stop()
    return {"attachment_cid": cid}


def _prepared_by(node, data):
    kind, stub = node.api.method("AttachmentPrepare")
    return stub(iter([kind(), kind(block=data)]), timeout=30).attachment_cid


row("AttachmentRetrieve",
    refuse("no CID", 104, 104),
    refuse("nonsense", 104, 104, attachment_cid=b"nonsense"),
    refuse("what is not here", 400, 400, attachment_cid=NO_CID),
    request=request_retrieve, check=check_retrieve, again=READ,
    lasts=check_retrieve, waits=nobody_has)
