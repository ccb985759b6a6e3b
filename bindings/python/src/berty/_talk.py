"""What a chat needs, as one stream: who asks, who is there, what is said."""
from __future__ import annotations

import asyncio
import weakref
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, NamedTuple

from . import types
from ._codes import ErrorCode
from ._error import Error

if TYPE_CHECKING:
    from ._node import Node

# Events that wait to be read; the node's streams wait when there are as many.
WAITING = 64


class Asked(NamedTuple):
    """Somebody asks to become a contact: answer with ContactRequestAccept or
    ContactRequestDiscard.  Also for who asked earlier and has no answer."""
    contact: bytes
    about: bytes


class Opened(NamedTuple):
    """A conversation is open: with a contact, or of a group (None)."""
    group: bytes
    contact: bytes | None


class Said(NamedTuple):
    """Something was said in a conversation, in its order."""
    group: bytes
    device: bytes
    mine: bool
    message: bytes
    id: bytes


Event = Asked | Opened | Said


class Talk:
    """All conversations of a node, as an asynchronous iterator; it ends when
    the node is closed.  Made by Node.talk."""

    def __init__(self, node: Node, new: bool) -> None:
        self._follower = _Follower(node, new)
        self._finalizer = weakref.finalize(self, self._follower.cancel)

    def __aiter__(self) -> Talk:
        return self

    async def __anext__(self) -> Event:
        self._follower.start()
        event = await self._follower.queue.get()
        if isinstance(event, BaseException):
            await self.aclose()
            if isinstance(event, Error) and \
                    event.code == ErrorCode.BRIDGE_NOT_RUNNING:
                raise StopAsyncIteration
            raise event
        return event

    async def __aenter__(self) -> Talk:
        return self

    async def __aexit__(self, *failed: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Follow no longer."""
        tasks = set(self._follower.tasks)
        self._finalizer()
        if tasks:
            await asyncio.wait(tasks)


class _Follower:
    """The tasks behind a Talk, which they do not hold."""

    def __init__(self, node: Node, new: bool) -> None:
        self.node = node
        self.new = new
        self.queue: asyncio.Queue[Event | BaseException] = \
            asyncio.Queue(WAITING)
        self.tasks: set[asyncio.Task[None]] = set()
        self.started = False

    def start(self) -> None:
        if not self.started:
            self.started = True
            self._spawn(self._account())

    def cancel(self) -> None:
        for task in self.tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guard(work))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:
            await self.queue.put(error)

    async def _account(self) -> None:
        """First the history, to know who waits and who is there; then what
        comes."""
        account = (await self.node.InstanceGetConfiguration()).account_group_pk
        newest: dict[bytes, types.GroupMetadataEvent] = {}
        last = b""
        async for event in self.node.GroupMetadataList(group_pk=account,
                                                       until_now=True):
            last = event.event_context.id
            if (subject := _subject(event)) is not None:
                newest[subject] = event
        for subject, event in newest.items():
            await self._act(subject, event)
        newest.clear()
        async for event in self.node.GroupMetadataList(group_pk=account,
                                                       since_id=last):
            subject = _subject(event)
            if event.event_context.id != last and subject is not None:
                await self._act(subject, event)

    async def _act(self, subject: bytes,
                   event: types.GroupMetadataEvent) -> None:
        kind = event.metadata.event_type
        if kind == types.EventTypeAccountContactRequestIncomingReceived:
            received = types.AccountContactRequestReceived.FromString(
                event.event)
            await self.queue.put(Asked(subject, received.contact_metadata))
        elif kind in _MET:
            self._spawn(self._converse(contact_pk=subject))
        elif kind == types.EventTypeAccountGroupJoined:
            self._spawn(self._converse(group_pk=subject))

    async def _converse(self, **whose: bytes) -> None:
        info = await self.node.GroupInfo(**whose)
        group = info.group.public_key
        await self.node.ActivateGroup(group_pk=group)
        await self.queue.put(Opened(group, whose.get("contact_pk")))
        async for event in self.node.GroupMessageList(group_pk=group,
                                                      since_now=self.new):
            device = event.headers.device_pk
            await self.queue.put(Said(group, device, device == info.device_pk,
                                      event.message, event.event_context.id))


_MET = (types.EventTypeAccountContactRequestOutgoingSent,
        types.EventTypeAccountContactRequestIncomingAccepted)

# What else tells how it stands with a contact.
_ABOUT_CONTACT = (
    *_MET,
    types.EventTypeAccountContactRequestIncomingReceived,
    types.EventTypeAccountContactRequestIncomingDiscarded,
    types.EventTypeAccountContactBlocked,
    types.EventTypeAccountContactUnblocked,
)


def _subject(event: types.GroupMetadataEvent) -> bytes | None:
    """The contact or group that an event of the account is about."""
    kind = event.metadata.event_type
    if kind in _ABOUT_CONTACT:
        return types.AccountContactRequestSent.FromString(
            event.event).contact_pk
    if kind == types.EventTypeAccountContactRequestOutgoingEnqueued:
        return types.AccountContactRequestEnqueued.FromString(
            event.event).contact.pk
    if kind == types.EventTypeAccountGroupJoined:
        return types.AccountGroupJoined.FromString(
            event.event).group.public_key
    if kind == types.EventTypeAccountGroupLeft:
        return types.AccountGroupLeft.FromString(event.event).group_pk
    return None
