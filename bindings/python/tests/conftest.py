"""Nodes in one process that reach each other over the loopback only.

Tests are coroutines, each in an event loop of its own.
"""
import asyncio
import gc
import inspect

import pytest

import berty
from berty import _context, types

SECONDS = 40
LOOPBACK = ["/ip4/127.0.0.1/tcp/0"]


def open_contexts():
    known = (reference() for reference in _context._contexts.values())
    return [c for c in known if c is not None and c.c is not None]


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    """Run a test that is a coroutine, and see that it leaves nothing."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = pyfuncitem._fixtureinfo.argnames
    given = {name: pyfuncitem.funcargs[name] for name in names}

    async def test():
        await asyncio.wait_for(pyfuncitem.obj(**given), 3 * SECONDS)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(test())
    gc.collect()
    assert not open_contexts()
    return True


def node(store=None, **more):
    return berty.Node(store, listeners=LOOPBACK, **more)


async def account(of):
    return (await of.InstanceGetConfiguration()).account_pk


async def first(stream, condition):
    """The first reply for which the condition holds."""
    async with asyncio.timeout(SECONDS):
        async for reply in stream:
            if condition(reply):
                return reply
    raise AssertionError("the stream ended without it")


async def befriend(a, b):
    """Make two nodes contacts; the group that both have opened."""
    b_pk = await a.request_contact((await b.contact_link("b")).write())
    a_pk = await account(a)
    await first(
        b.GroupMetadataList(group_pk=await account(b)), lambda e:
        e.metadata.event_type ==
        types.EventTypeAccountContactRequestIncomingReceived)
    await b.ContactRequestAccept(contact_pk=a_pk)
    await first(
        a.GroupMetadataList(group_pk=a_pk), lambda e:
        e.metadata.event_type ==
        types.EventTypeAccountContactRequestOutgoingSent)
    groups = set()
    for one, other in ((a, b_pk), (b, a_pk)):
        info = await one.GroupInfo(contact_pk=other)
        await one.ActivateGroup(group_pk=info.group.public_key)
        groups.add(info.group.public_key)
    (group,) = groups
    await has_key(a, b, group)
    await has_key(b, a, group)
    return group


async def has_key(reader, writer, group):
    """Wait until the reader can read what the writer says from now on."""
    member = (await reader.GroupInfo(group_pk=group)).member_pk
    device = (await writer.GroupInfo(group_pk=group)).device_pk

    def is_it(event):
        secret = types.GroupAddDeviceSecret()
        return (event.metadata.event_type ==
                types.EventTypeGroupDeviceSecretAdded and
                secret.ParseFromString(event.event) is not None and
                (secret.device_pk, secret.dest_member_pk) == (device, member))

    await first(reader.GroupMetadataList(group_pk=group), is_it)


async def says(a, b, group, text):
    """a says something; b hears it."""
    await a.AppMessageSend(group_pk=group, payload=text)
    await first(b.GroupMessageList(group_pk=group),
                lambda e: e.message == text)


async def new_group(of):
    group = (await of.MultiMemberGroupCreate()).group_pk
    await of.ActivateGroup(group_pk=group)
    return group
