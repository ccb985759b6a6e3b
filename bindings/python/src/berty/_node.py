"""A node: its life, and what the calls alone do not give."""
from __future__ import annotations

import asyncio
import ipaddress
import os
import warnings
import weakref
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

from . import types
from ._codes import ErrorCode
from ._context import Context, context_of
from ._error import Error
from ._link import ADDRESSES_MAX, Link, LinkKind
from ._native import ffi
from ._service import Service
from ._talk import Talk


class Node(Service):
    """A node on a store, as long as `async with` lasts; and all the calls of
    the service as methods.

    store: the store's folder, made if it is not there; None: in memory.
    key: the 32 bytes that the store is sealed with, or a function that
        returns them; None: the file `store.key` in the folder.
    network: "berty", "berty-v1", "wesh", or several; the first is a new
        account's own.
    listeners: multiaddrs where other nodes connect: "/ip4/0.0.0.0/tcp/0".
    static_peers: multiaddrs of peers to keep connected.
    security: "noise", "tls" or both; None: both.
    by_hand: known groups are opened by calls only.
    local_network: find nodes in the local network, and be found there.
    restore: a file with the archive of an account (InstanceExportData) that a
        store without one begins with.
    restore_passphrase: of the archive, if it is sealed.
    attachment_max: bytes of one attachment; 0: 4 GiB.
    attachment_cache: bytes of all attachments that were fetched and are not
        pinned; 0: 1 GiB.
    """

    def __init__(self, store: str | os.PathLike[str] | None = None, *,
                 key: bytes | Callable[[], bytes] | None = None,
                 network: str | Iterable[str] = "berty",
                 listeners: Iterable[str] = (),
                 static_peers: Iterable[str] = (),
                 security: str | None = None,
                 by_hand: bool = False,
                 local_network: bool = False,
                 restore: str | os.PathLike[str] | None = None,
                 restore_passphrase: str | None = None,
                 attachment_max: int = 0,
                 attachment_cache: int = 0) -> None:
        self.store = None if store is None else os.fspath(store)
        self._key = key
        self._texts = {
            "networks": network if isinstance(network, str)
            else ",".join(network),
            "security": security,
            "restore": None if restore is None else os.fspath(restore),
            "restore_passphrase": restore_passphrase,
        }
        self._lists = {"listeners": tuple(listeners),
                       "static_peers": tuple(static_peers)}
        self._flags = {"by_hand": by_hand, "local_network": local_network,
                       "attachment_max": attachment_max,
                       "attachment_cache": attachment_cache}
        self._open: tuple[Context, int] | None = None
        self._finalizer: weakref.finalize[..., Node] | None = None

    # --- life

    async def __aenter__(self) -> Node:
        await self.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None,
                        error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        await self.close()

    async def open(self) -> None:
        """Open it in the running event loop.  Error: DB_OPEN (not a store, a
        wrong key, open elsewhere), DB_MIGRATE, STREAM_READ (an address),
        INVALID_INPUT."""
        if self._open is not None:
            raise Error([ErrorCode.INVALID_INPUT], "the node is open")
        context = context_of(asyncio.get_running_loop())
        try:
            node = self._open_in(context)
        finally:
            context.release()
        self._open = context, node
        self._finalizer = weakref.finalize(self, _forgotten, context, node,
                                           str(self.store))

    def _open_in(self, context: Context) -> int:
        config = ffi.new("struct berty_node_config *", self._flags)
        config.size = ffi.sizeof(config[0])
        kept = []  # what the configuration points to

        def text(value: str | bytes) -> Any:
            data = os.fsencode(value)
            if b"\0" in data:
                raise ValueError(f"a text with a NUL: {value!r}")
            kept.append(ffi.new("char[]", data))
            return kept[-1]

        for name, value in self._texts.items():
            if value is not None:
                setattr(config, name, text(value))
        for name, values in self._lists.items():
            kept.append(ffi.new("const char *[]",
                                [*map(text, values), ffi.NULL]))
            setattr(config, name, kept[-1])
        if self.store is not None:
            config.folder = text(self.store)
        secret = ffi.NULL if self._key is None else _key_of(self._key)
        config.key = secret
        try:
            return context.open_node(config)
        finally:
            if secret != ffi.NULL:
                ffi.buffer(secret)[:] = bytes(len(secret))

    async def close(self) -> None:
        """Close it.  Changes under way are brought to their end; calls that
        are open end with BRIDGE_NOT_RUNNING.  Closing twice is fine."""
        if self._open is None:
            return
        context, node = self._open
        context.check_loop()
        self._open = None
        if self._finalizer is not None:
            self._finalizer.detach()
        context.close_node(node)
        await asyncio.sleep(0)  # whoever waits for a call hears of its end

    def _context(self) -> tuple[Context, int]:
        if self._open is None:
            raise Error([ErrorCode.BRIDGE_NOT_RUNNING], "the node is closed")
        return self._open

    # --- conversations

    def talk(self, *, new: bool = False) -> Talk:
        """All conversations in one stream of Asked, Opened and Said, from
        their beginning or with `new` from now on, until the node is closed."""
        return Talk(self, new)

    # --- links

    async def contact_link(self, name: str = "") -> Link:
        """What others need to ask us for contact, with our addresses; takes
        contact requests from now on."""
        me = await self.InstanceGetConfiguration()
        us = await self.ContactRequestEnable()
        return Link.to_contact(me.account_pk, us.public_rendezvous_seed, name,
                               addresses=_reachable(me), network=us.network)

    async def group_link(self, group_pk: bytes, name: str = "") -> Link:
        """What others need to join a group; it holds the group's secret."""
        me = await self.InstanceGetConfiguration()
        us = await self.MultiMemberGroupInvitationCreate(group_pk=group_pk)
        return Link.to_group(us.group, name, addresses=_reachable(me),
                             network=us.network)

    async def request_contact(self, link: Link | str,
                              own_metadata: bytes = b"") -> bytes:
        """Ask whoever made the link to become our contact; the account."""
        contact = _link(link, LinkKind.CONTACT)
        assert contact.contact is not None
        await self.ContactRequestSend(
            contact=types.ShareableContact(
                pk=contact.contact.account_pk,
                public_rendezvous_seed=contact.contact.seed),
            own_metadata=own_metadata, addresses=contact.addresses,
            network=contact.network)
        return contact.contact.account_pk

    async def join_group(self, link: Link | str) -> bytes:
        """Become a member of the link's group, and open it; the group."""
        invitation = _link(link, LinkKind.GROUP)
        assert invitation.group is not None
        group_pk = invitation.group.public_key
        await self.MultiMemberGroupJoin(
            group=invitation.group.message(), addresses=invitation.addresses,
            network=invitation.network)
        await self.ActivateGroup(group_pk=group_pk)
        return group_pk


def _forgotten(context: Context, node: int, store: str) -> None:
    warnings.warn(f"a berty.Node on {store} was never closed",
                  ResourceWarning, stacklevel=2)
    context.drop_node(node)


def _key_of(key: bytes | Callable[[], bytes]) -> Any:
    given = key() if callable(key) else key
    if len(given) != 32:
        raise ValueError("a store's key has 32 bytes")
    return ffi.new("uint8_t[32]", bytes(given))


def _link(link: Link | str, kind: LinkKind) -> Link:
    if isinstance(link, str):
        link = Link.read(link)
    if link.kind != kind or not link.valid:
        raise Error([ErrorCode.INVALID_INPUT],
                    f"this is no link of a {kind.name.lower()}")
    return link


def _reach(address: str) -> int:
    """How far an address reaches: 2 the world, 1 this network, 0 this
    machine."""
    parts = address.split("/")
    if len(parts) < 3 or parts[1] not in ("ip4", "ip6"):
        return 2
    ip = ipaddress.ip_address(parts[2])
    if ip.is_loopback:
        return 0
    return 1 if ip.is_private or ip.is_link_local else 2


def _reachable(me: types.InstanceGetConfiguration.Reply) -> list[str]:
    """Our addresses, the farthest first; those of this machine alone only
    when there are no others."""
    order = sorted(me.listeners, key=_reach, reverse=True)
    chosen = [a for a in order if _reach(a) > 0] or order
    return [a if "/p2p/" in a else f"{a}/p2p/{me.peer_id}"
            for a in chosen[:ADDRESSES_MAX]]
