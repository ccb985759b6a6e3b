"""Nodes of the Berty protocol in asyncio.

    async with berty.Node("alice") as node:
        me = await node.InstanceGetConfiguration()
        async for event in node.GroupMetadataList(group_pk=me.account_pk):
            ...

The node runs inside the event loop, without threads.  Its calls are those of
berty.protocol.v1.ProtocolService; the messages are in `berty.types`.
"""
from . import types
from ._codes import ErrorCode
from ._error import Error
from ._link import (
    Link,
    LinkContact,
    LinkEncrypted,
    LinkGroup,
    LinkKind,
    LinkMessage,
)
from ._native import version
from ._node import Node
from ._push import PushMessage, push_open
from ._stream import Stream
from ._talk import Asked, Opened, Said, Talk

__version__ = version()
__all__ = [
    "Asked", "Error", "ErrorCode", "Link", "LinkContact", "LinkEncrypted",
    "LinkGroup", "LinkKind", "LinkMessage", "Node", "Opened", "PushMessage",
    "Said", "Stream", "Talk", "push_open", "types", "version",
]
