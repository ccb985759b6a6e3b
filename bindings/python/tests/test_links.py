"""Links: what is written is read."""
import asyncio
import dataclasses

import berty
import pytest
from berty import ErrorCode, Link, LinkKind, types

PK, SEED = bytes(range(32)), bytes(range(32, 64))
ADDRESS = ("/ip4/192.0.2.1/tcp/4001/p2p/"
           "12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp")


def contact(**more):
    return Link.to_contact(PK, SEED, "Zoë", addresses=[ADDRESS], **more)


def test_a_contact_link_is_read_as_it_was_written():
    for form in ("web", "internal"):
        link = contact(network="wesh")
        assert link.valid
        assert Link.read(link.write(form)) == link


def test_a_link_in_the_default_network_names_none():
    assert contact(network="berty").network == ""


def test_a_group_link_is_read_as_it_was_written():
    group = types.Group(public_key=PK, secret=SEED, secret_sig=bytes(64),
                        group_type=types.GroupTypeMultiMember,
                        sign_pub=PK)
    link = Link.to_group(group, "friends", addresses=[ADDRESS])
    again = Link.read(link.write())
    assert again.group.name == "friends"
    assert again.group.secret == SEED
    assert again.group.message().public_key == PK
    assert SEED.hex() not in repr(again)
    assert repr(SEED) not in repr(again)


def test_a_message_link_is_read_as_it_was_written():
    link = Link.to_message("0", "AAAA", "bafy")
    assert Link.read(link.write()).message == link.message


def test_a_sealed_link_opens_with_its_passphrase_only():
    sealed = contact().seal("open sesame", checksum=4)
    assert sealed.kind == LinkKind.ENCRYPTED
    assert sealed.encrypted.account_pk != PK
    closed = Link.read(sealed.write())
    assert closed.kind == LinkKind.ENCRYPTED and closed.contact is None
    assert Link.read(sealed.write(), "open sesame").contact.account_pk == PK
    with pytest.raises(berty.Error) as failed:
        Link.read(sealed.write(), "open says me")
    assert failed.value.code == \
        ErrorCode.MESSENGER_DEEP_LINK_INVALID_PASSPHRASE


async def test_a_link_is_opened_beside_the_loop():
    sealed = contact().seal(b"word").write()
    assert (await asyncio.to_thread(Link.read, sealed, b"word")).contact


def test_what_is_no_link_is_refused():
    for text in ("", "https://example.org/", "BERTY://PB/x", "\0"):
        with pytest.raises(berty.Error):
            Link.read(text)
    with pytest.raises(berty.Error):
        Link.to_contact(PK, SEED, addresses=["not an address"])
    with pytest.raises(berty.Error) as failed:
        Link.to_contact(PK, SEED, addresses=[ADDRESS] * 9)
    assert failed.value.code == ErrorCode.INVALID_RANGE


def test_a_link_that_lacks_its_keys_is_not_valid():
    link = dataclasses.replace(
        contact(), contact=berty.LinkContact(b"", b"", "nobody"))
    assert not link.valid
    with pytest.raises(berty.Error):
        link.write()


async def test_a_node_takes_only_links_of_the_right_kind():
    async with berty.Node() as node:
        with pytest.raises(berty.Error) as failed:
            await node.join_group(contact())
        assert failed.value.code == ErrorCode.INVALID_INPUT
