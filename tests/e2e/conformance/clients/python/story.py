"""The story of two people, told by a client that protoc made.

    story.py ALICE BOB      the addresses of the two nodes

Nothing in it is known of the nodes but what Berty's proto files say.
"""
import sys
import time

import grpc
from google.rpc import status_pb2

from berty.errcode import errcode_pb2
from berty.protocol.v1 import protocoltypes_pb2 as types
from berty.protocol.v1 import protocoltypes_pb2_grpc as services

FILE = bytes(range(256)) * 1000
WAIT = 60


def until(events, wanted):
    """The first of a stream's events that is wanted; the stream ends."""
    for event in events:
        found = wanted(event)
        if found:
            events.cancel()
            return found
    raise AssertionError("the stream ended")


class Person:
    def __init__(self, name, address):
        self.name = name.encode()
        self.api = services.ProtocolServiceStub(
            grpc.insecure_channel(address))
        self.config = self.api.InstanceGetConfiguration(
            types.InstanceGetConfiguration.Request())
        self.account = self.config.account_pk

    def metadata(self, group, number, kind):
        """The first event of a type, now or later."""
        def wanted(event):
            if event.metadata.event_type == number:
                return kind.FromString(event.event)
            return None
        return until(self.api.GroupMetadataList(
            types.GroupMetadataList.Request(group_pk=group), timeout=WAIT),
            wanted)

    def message(self, group, text):
        return until(self.api.GroupMessageList(
            types.GroupMessageList.Request(group_pk=group), timeout=WAIT),
            lambda event: event if event.message == text else None)

    def say(self, group, text, **more):
        return self.api.AppMessageSend(types.AppMessageSend.Request(
            group_pk=group, payload=text, **more)).cid

    def activate(self, group):
        self.api.ActivateGroup(types.ActivateGroup.Request(group_pk=group))

    def knows(self, other, group):
        """Until the other's device gave its key to this member."""
        own = self.api.GroupInfo(types.GroupInfo.Request(group_pk=group))
        theirs = other.api.GroupInfo(types.GroupInfo.Request(group_pk=group))

        def wanted(event):
            if event.metadata.event_type != \
                    types.EventTypeGroupDeviceSecretAdded:
                return None
            given = types.GroupAddDeviceSecret.FromString(event.event)
            return (given.device_pk, given.dest_member_pk) == (
                theirs.device_pk, own.member_pk)
        until(self.api.GroupMetadataList(types.GroupMetadataList.Request(
            group_pk=group), timeout=WAIT), wanted)


def become_contacts(alice, bob):
    seed = alice.api.ContactRequestResetReference(
        types.ContactRequestResetReference.Request()).public_rendezvous_seed
    alice.api.ContactRequestEnable(types.ContactRequestEnable.Request())
    bob.api.ContactRequestSend(types.ContactRequestSend.Request(
        contact=types.ShareableContact(
            pk=alice.account, public_rendezvous_seed=seed,
            metadata=alice.name), own_metadata=bob.name))
    request = alice.metadata(
        alice.account, types.EventTypeAccountContactRequestIncomingReceived,
        types.AccountContactRequestReceived)
    assert request.contact_pk == bob.account
    assert request.contact_metadata == bob.name
    alice.api.ContactRequestAccept(types.ContactRequestAccept.Request(
        contact_pk=bob.account))
    bob.metadata(bob.account,
                 types.EventTypeAccountContactRequestOutgoingSent,
                 types.AccountContactRequestSent)
    groups = [p.api.GroupInfo(types.GroupInfo.Request(
        contact_pk=other.account)).group
        for p, other in ((alice, bob), (bob, alice))]
    assert groups[0] == groups[1]
    assert groups[0].group_type == types.GroupTypeContact
    return groups[0].public_key


def talk(alice, bob, group):
    for person in (alice, bob):
        person.activate(group)
    alice.knows(bob, group)
    bob.knows(alice, group)
    live = alice.api.GroupMessageList(types.GroupMessageList.Request(
        group_pk=group, since_now=True), timeout=WAIT)
    live.initial_metadata()
    cid = bob.say(group, b"hello alice")
    assert until(live, lambda e: e.event_context.id) == cid
    cid = alice.say(group, b"hello bob")
    assert bob.message(group, b"hello bob").event_context.id == cid
    listed = list(bob.api.GroupMessageList(types.GroupMessageList.Request(
        group_pk=group, until_now=True)))
    assert {e.message for e in listed} == {b"hello alice", b"hello bob"}


def make_a_group(alice, bob):
    group = alice.api.MultiMemberGroupCreate(
        types.MultiMemberGroupCreate.Request()).group_pk
    alice.api.AppMetadataSend(types.AppMetadataSend.Request(
        group_pk=group, payload=b"Hikers"))
    invitation = alice.api.MultiMemberGroupInvitationCreate(
        types.MultiMemberGroupInvitationCreate.Request(
            group_pk=group)).group
    bob.api.MultiMemberGroupJoin(types.MultiMemberGroupJoin.Request(
        group=invitation))
    bob.activate(group)
    name = bob.metadata(group, types.EventTypeGroupMetadataPayloadSent,
                        types.AppMetadata)
    assert name.message == b"Hikers"
    talk(alice, bob, group)


def send_a_file(alice, bob, group):
    def pieces():
        yield types.AttachmentPrepare.Request()
        for at in range(0, len(FILE), 50000):
            yield types.AttachmentPrepare.Request(block=FILE[at:at + 50000])
    cid = alice.api.AttachmentPrepare(pieces()).attachment_cid
    alice.say(group, b"a file", attachment_cids=[cid])
    event = bob.message(group, b"a file")
    assert list(event.event_context.attachment_cids) == [cid]
    assert b"".join(r.block for r in bob.api.AttachmentRetrieve(
        types.AttachmentRetrieve.Request(attachment_cid=cid),
        timeout=WAIT)) == FILE


def fail(alice):
    """The code is in the details, as of Go."""
    try:
        alice.api.GroupInfo(types.GroupInfo.Request())
    except grpc.RpcError as error:
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = status_pb2.Status.FromString(details)
        found = errcode_pb2.ErrDetails()
        assert status.details[0].Unpack(found)
        assert list(found.codes) == [errcode_pb2.ErrInvalidInput]
        return
    raise AssertionError("no group is a group")


def main():
    alice, bob = (Person(n, a) for n, a in zip(("alice", "bob"),
                                               sys.argv[1:]))
    began = time.monotonic()
    group = become_contacts(alice, bob)
    talk(alice, bob, group)
    make_a_group(alice, bob)
    send_a_file(alice, bob, group)
    fail(alice)
    print(f"the story is told, in {time.monotonic() - began:.1f} s")


main()
