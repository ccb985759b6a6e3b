"""The instance, and contacts."""
import io
import tarfile

from conftest import Failure, address_bytes, wait_for
from row import (FILE, NOTHING_MORE, READ, contact_pk, group_pk, not_open,
                 of_type, refuse, refused_again, row, same_as_first,
                 writes_again)
from scene import NO_POINT, SEED, SHORT, STRANGER, STRANGERS

# --- instance ----------------------------------------------------------------


def archive(pieces):
    assert pieces and all(0 < len(p.exported_data) <= 4096 for p in pieces)
    data = b"".join(p.exported_data for p in pieces)
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert all(m.isfile() and m.mode == 0o600 for m in tar)
        return {m.name: tar.extractfile(m).read() for m in tar}


def check_archive(s, reply):
    files = archive(reply)
    names = list(files)
    assert names[:2] == ["account.key", "account_proof.key"]
    assert all(len(files[n]) == 68 for n in names[:2])
    assert sum(n.startswith("heads/") for n in names) == 3
    # The groups that are closed, too.
    assert sum(n.startswith("entries/") for n in names) > 10
    assert not any(n.startswith("blocks/") for n in names)
    s.prepare(FILE)
    more = archive(list(s.api.stream("InstanceExportData",
                                     attachments=True)))
    assert sum(n.startswith("attachments/") for n in more) == 1
    assert any(n.startswith("blocks/") for n in more)


def lasting_archive(s, reply):
    old = archive(s.first)
    new = archive(reply)
    assert all(new[n] == old[n] for n in old if not n.startswith("heads/"))


row("InstanceExportData",
    request=lambda s: {} if s.group and s.closed else None,
    check=check_archive, again=READ, lasts=lasting_archive)


def check_configuration(s, reply):
    assert len(reply.account_pk) == len(reply.device_pk) == 32
    assert reply.account_group_pk == reply.account_pk != reply.device_pk
    assert reply.peer_id.startswith("12D3Koo")
    assert reply.listeners
    for name in ("ble", "wifi_p2p", "mdns", "relay"):
        assert getattr(reply, name + "_enabled") != 0, name
    assert not reply.HasField("device_push_token")


row("InstanceGetConfiguration", check=check_configuration, again=READ,
    lasts=check_configuration)


# --- contacts ----------------------------------------------------------------


def enabled(s):
    return s.api.call("ContactRequestReference")


def check_reference(s, reply):
    assert len(reply.public_rendezvous_seed) == 32 and reply.enabled


row("ContactRequestReference",
    request=lambda s: {} if s.api.call(
        "ContactRequestEnable") is not None else None,
    check=check_reference, again=READ, lasts=same_as_first)


def check_disabled(s, _):
    assert not enabled(s).enabled


def request_disable(s):
    s.api.call("ContactRequestEnable")
    return {}


row("ContactRequestDisable", request=request_disable, check=check_disabled,
    writes=[103], again=NOTHING_MORE, lasts=check_disabled)


def request_enable(s):
    s.api.call("ContactRequestEnable")
    s.api.call("ContactRequestDisable")
    return {}


def check_enabled(s, reply):
    now = enabled(s)
    assert now.enabled and len(now.public_rendezvous_seed) == 32
    assert now.public_rendezvous_seed == s.first.public_rendezvous_seed
    assert now.public_rendezvous_seed == reply.public_rendezvous_seed


row("ContactRequestEnable", request=request_enable, check=check_enabled,
    writes=[104], again=READ, lasts=check_enabled)


def check_reset(s, reply):
    assert len(reply.public_rendezvous_seed) == 32
    assert enabled(s).public_rendezvous_seed == reply.public_rendezvous_seed


def lasting_reset(s, _):
    newest = s.told(105, "AccountContactRequestReferenceReset")[-1]
    assert enabled(s).public_rendezvous_seed == newest.public_rendezvous_seed
    assert newest.public_rendezvous_seed != s.first.public_rendezvous_seed


row("ContactRequestResetReference", check=check_reset, writes=[105],
    again=writes_again(105), lasts=lasting_reset)


def contact(pk=STRANGER, seed=SEED):
    return {"contact": {"pk": pk, "public_rendezvous_seed": seed}}


def request_send(s):
    s.asked_node = s.make()
    seed = s.asked_node.api.call("ContactRequestEnable").public_rendezvous_seed
    fields = contact(s.asked_node.account, seed)
    fields["contact"]["metadata"] = b"asked"
    fields["own_metadata"] = b"asker"
    fields["addresses"] = [address_bytes(a) for a in s.asked_node.info["swarm"]]
    s.asked_pk = s.asked_node.account
    s.asked_node.stop()
    return fields


def check_send(s, _):
    told = s.told(106, "AccountContactRequestEnqueued")[-1]
    assert told.contact.pk == s.asked_pk
    assert told.contact.metadata == b"asked"
    assert told.own_metadata == b"asker"


def lasting_send(s, _):
    """Who was away gets it from the node that was killed."""
    s.asked_node.start()
    received = wait_for("the request", lambda: [
        e for e in s.asked_node.api.events(s.asked_node.account)
        if e.metadata.event_type == 108])[0]
    told = s.asked_node.api.message("berty.protocol.v1."
                               "AccountContactRequestReceived")
    told.ParseFromString(received.event)
    assert (told.contact_pk, told.contact_metadata) == (s.account, b"asker")


def blocked(s, key=STRANGERS[0]):
    s.api.call("ContactBlock", contact_pk=key)
    return key


row("ContactRequestSend",
    refuse("no contact", 100, 100),
    refuse("a short seed", 1002, 100, contact(seed=SHORT)),
    refuse("no seed", 1002, 100, contact(seed=b"")),
    refuse("no key", 1002, 100, contact(pk=b"")),
    refuse("a short key", 1002, 104, contact(pk=SHORT)),
    refuse("a key that is no point", 1002, 104, contact(pk=NO_POINT)),
    refuse("the own account", 1002, 1200, lambda s: contact(s.account)),
    refuse("a contact already", 1002, 1201, lambda s: contact(
        s.friend.account)),
    refuse("one who is blocked", 1002, 1202, lambda s: contact(blocked(s))),
    request=request_send, check=check_send, writes=[106],
    again=writes_again(106), lasts=lasting_send)


BAD_CONTACTS = (
    refuse("no key", 104, 104),
    refuse("a short key", 104, 104, contact_pk(SHORT)),
    refuse("a key that is no point", 104, 104, contact_pk(NO_POINT)),
)
NOT_RECEIVED = (
    refuse("a stranger", 1002, 100, contact_pk(STRANGERS[1])),
    refuse("a contact already", 1002, 100, lambda s: contact_pk(
        s.friend.account)),
    refuse("the own account", 1002, 100, lambda s: contact_pk(s.account)),
)


def request_from_somebody(s):
    s.other = s.asked()
    return contact_pk(s.other)


def listed(s):
    return {g.contact_pk: g.group_pk
            for g in s.api.groups().values() if g.contact_pk}


def check_accept(s, _):
    told, = [e for e in s.told(110, "AccountContactRequestAccepted")
             if e.contact_pk == s.other]
    group = s.api.call("GroupInfo", contact_pk=s.other).group
    assert group.group_type == 2
    assert told.group_pk == group.public_key
    assert listed(s)[s.other] == group.public_key
    s.api.call("ActivateGroup", group_pk=group.public_key)


row("ContactRequestAccept", *BAD_CONTACTS, *NOT_RECEIVED,
    request=request_from_somebody, check=check_accept, writes=[110],
    again=refused_again(1002, 100), lasts=check_accept)


def check_discard(s, _):
    told = s.told(109, "AccountContactRequestDiscarded")[-1]
    assert told.contact_pk == s.other and s.other not in listed(s)


row("ContactRequestDiscard", *BAD_CONTACTS, *NOT_RECEIVED,
    request=request_from_somebody, check=check_discard, writes=[109],
    again=refused_again(1002, 100), lasts=check_discard)


def refused_to_send(s, key, last):
    try:
        s.api.call("ContactRequestSend", **contact(key))
    except Failure as failure:
        return failure.codes[-1] == last
    return False


def check_block(s, _):
    assert refused_to_send(s, STRANGERS[2], 1202)


row("ContactBlock", *BAD_CONTACTS,
    refuse("the own account", 1002, 100, lambda s: contact_pk(s.account)),
    request=lambda s: contact_pk(STRANGERS[2]), check=check_block,
    writes=[111], again=refused_again(1002, 100), lasts=check_block)

def check_unblock(s, _):
    told = s.told(112, "AccountContactUnblocked")[-1]
    assert told.contact_pk == STRANGERS[2]


row("ContactUnblock", *BAD_CONTACTS,
    refuse("a stranger", 1002, 100, contact_pk(STRANGERS[1])),
    refuse("a contact", 1002, 100, lambda s: contact_pk(s.friend.account)),
    request=lambda s: contact_pk(blocked(s, STRANGERS[2])),
    check=check_unblock, writes=[112], again=refused_again(1002, 100),
    lasts=lambda s, _: s.api.call("ContactRequestSend",
                                  **contact(STRANGERS[2])))


def check_alias(s, _):
    told, = s.told(201, "ContactAddAliasKey", s.private)
    assert len(told.alias_pk) == 32


row("ContactAliasKeySend",
    *not_open(1306), *of_type(1002, 1305, "account", "group"),
    request=lambda s: group_pk(s.befriended()),
    check=check_alias, writes=[201], again=NOTHING_MORE, lasts=check_alias)
