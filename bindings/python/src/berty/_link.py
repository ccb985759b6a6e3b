"""The links that people hand each other."""
from __future__ import annotations

import dataclasses
import enum
import secrets
from collections.abc import Iterable
from typing import Any, Literal

from . import types
from ._codes import ErrorCode
from ._error import Error, check, new_error
from ._native import ffi, lib, libc, text_of

ADDRESSES_MAX: int = lib.BERTY_LINK_ADDRESSES_MAX


class LinkKind(enum.IntEnum):
    UNKNOWN = 0
    CONTACT = 1
    GROUP = 2
    ENCRYPTED = 3
    MESSAGE = 4


@dataclasses.dataclass(frozen=True)
class LinkContact:
    """Enough to send a contact request."""

    account_pk: bytes
    seed: bytes
    name: str = ""


@dataclasses.dataclass(frozen=True)
class LinkGroup:
    """Enough to join a group: the link is the group's secret."""

    public_key: bytes
    secret: bytes = dataclasses.field(repr=False)
    secret_sig: bytes
    group_type: int = 3
    sign_pub: bytes = b""
    link_key: bytes = dataclasses.field(default=b"", repr=False)
    link_key_sig: bytes = b""
    name: str = ""

    def message(self) -> types.Group:
        """As a request names it."""
        fields = dataclasses.asdict(self)
        del fields["name"]
        return types.Group(**fields)


@dataclasses.dataclass(frozen=True)
class LinkEncrypted:
    """A contact or group under a passphrase; type and name are in clear."""

    kind: int  # of the link inside
    nonce: bytes
    name: str = ""
    checksum: bytes = b""
    seed: bytes = b""
    account_pk: bytes = b""
    public_key: bytes = b""
    secret: bytes = b""
    secret_sig: bytes = b""
    group_type: int = 0
    sign_pub: bytes = b""
    link_key_sig: bytes = b""


@dataclasses.dataclass(frozen=True)
class LinkMessage:
    """A message of one of the accounts on this machine."""

    account_id: str
    group_pk: str  # base64url without padding
    message_id: str  # CID


@dataclasses.dataclass(frozen=True)
class Link:
    """A link taken apart.  The member that kind names is set, unless it was
    read from a link that lacks it."""

    kind: LinkKind | int
    contact: LinkContact | None = None
    group: LinkGroup | None = None
    encrypted: LinkEncrypted | None = None
    message: LinkMessage | None = None
    addresses: tuple[bytes, ...] = ()  # binary multiaddrs, the best first
    network: str = ""  # names, with commas

    # --- making one

    @classmethod
    def to_contact(cls, account_pk: bytes, seed: bytes, name: str = "", *,
                   addresses: Iterable[str | bytes] = (),
                   network: str = "") -> Link:
        """A link to an account.  Addresses are multiaddrs that end in
        /p2p/ID."""
        return cls(LinkKind.CONTACT, LinkContact(account_pk, seed, name),
                   addresses=_binary(addresses), network=_said(network))

    @classmethod
    def to_group(cls, group: types.Group, name: str = "", *,
                 addresses: Iterable[str | bytes] = (),
                 network: str = "") -> Link:
        """A link to a group, from its invitation."""
        return cls(LinkKind.GROUP, group=LinkGroup(
            group.public_key, group.secret, group.secret_sig,
            group.group_type, group.sign_pub, group.link_key,
            group.link_key_sig, name),
            addresses=_binary(addresses), network=_said(network))

    @classmethod
    def to_message(cls, account_id: str, group_pk: str,
                   message_id: str) -> Link:
        """A link to a message."""
        return cls(LinkKind.MESSAGE,
                   message=LinkMessage(account_id, group_pk, message_id))

    # --- reading and writing

    @classmethod
    def read(cls, text: str, passphrase: str | bytes | None = None) -> Link:
        """Read either form.  One under a passphrase is opened when it is
        given, else returned as it is; opening takes a good part of a second:
        `await asyncio.to_thread(berty.Link.read, text, passphrase)`.

        Error: INVALID_INPUT, MISSING_INPUT,
        MESSENGER_DEEP_LINK_INVALID_PASSPHRASE.
        """
        given, word, err = text.encode(), _passphrase(passphrase), new_error()
        with _Struct() as c:
            check(lib.berty_link_read(c, given, len(given), word, len(word),
                                      err), err)
            return _from_c(c)

    @property
    def valid(self) -> bool:
        """It has all that it takes to be used."""
        with _Struct() as c:
            kept = _to_c(self, c)
            return bool(lib.berty_link_valid(c) == 0 and kept is not None)

    def write(self, form: Literal["web", "internal"] = "web") -> str:
        """The link as a text: for messages, or the shorter one for QR codes.
        Error: MISSING_INPUT, INVALID_INPUT."""
        forms = {"web": lib.BERTY_LINK_WEB,
                 "internal": lib.BERTY_LINK_INTERNAL}
        text, err = ffi.new("char **"), new_error()
        with _Struct() as c:
            kept = _to_c(self, c)
            check(lib.berty_link_write(c, forms[form], text, err), err)
            del kept
        try:
            return text_of(text[0])
        finally:
            libc.free(text[0])

    def seal(self, passphrase: str | bytes, checksum: int = 1) -> Link:
        """The same under a passphrase; as slow as opening.  checksum: its
        length in bytes, 0 for none."""
        word, err = _passphrase(passphrase), new_error()
        with _Struct() as clear, _Struct() as sealed:
            kept = _to_c(self, clear)
            check(lib.berty_link_seal(
                sealed, clear, word, len(word), secrets.token_bytes(16),
                checksum, err), err)
            del kept
            return _from_c(sealed)


# --- C -----------------------------------------------------------------------

class _Struct:
    """A struct berty_link that is freed, with what it owns."""

    def __enter__(self) -> Any:
        self.c = ffi.new("struct berty_link *")
        return self.c

    def __exit__(self, *_: object) -> None:
        lib.berty_link_free(self.c)


def _passphrase(passphrase: str | bytes | None) -> bytes:
    if passphrase is None:
        return b""
    return (passphrase.encode() if isinstance(passphrase, str)
            else passphrase)


def _said(network: str) -> str:
    """Today's app names no network: neither does a link that means it."""
    return "" if network == "berty" else network


def _binary(addresses: Iterable[str | bytes]) -> tuple[bytes, ...]:
    found = []
    for address in addresses:
        if isinstance(address, str):
            with _Struct() as c:
                check(lib.berty_link_add_address(c, address.encode()))
                address = _bytes(c.addresses.at[0])
        found.append(address)
    if len(found) > ADDRESSES_MAX:
        raise Error([ErrorCode.INVALID_RANGE],
                    f"a link carries {ADDRESSES_MAX} addresses")
    return tuple(found)


def _bytes(c: Any) -> bytes:
    return ffi.buffer(c.p, c.n)[:] if c.n else b""


def _value(c: Any, kind: object) -> bytes | str | int:
    """A field of a struct as its dataclass has it; kind is the annotation."""
    if isinstance(c, int):
        return c
    return _bytes(c).decode("utf-8", "replace") if kind == "str" else \
        _bytes(c)


def _part(kind: Any, *parts: Any) -> Any:
    """A dataclass from the structs that have its fields between them."""
    if not parts[0].present:
        return None
    values = {}
    for field in dataclasses.fields(kind):
        c = next(p for p in parts if hasattr(p, field.name))
        values[field.name] = _value(getattr(c, field.name), field.type)
    return kind(**values)


def _from_c(c: Any) -> Link:
    kind = c.kind
    return Link(
        LinkKind(kind) if kind in LinkKind._value2member_map_ else kind,
        _part(LinkContact, c.contact),
        _part(LinkGroup, c.group, c.group.keys),
        _part(LinkEncrypted, c.encrypted),
        _part(LinkMessage, c.message),
        tuple(_bytes(c.addresses.at[i]) for i in range(c.addresses.n)),
        _bytes(c.network).decode("utf-8", "replace"))


def _put(kept: list[Any], c: Any, value: bytes | str) -> None:
    """Have a struct borrow bytes, which are kept."""
    data = value.encode() if isinstance(value, str) else value
    if data:
        kept.append(ffi.from_buffer(data))
        c.p, c.n = ffi.cast("unsigned char *", kept[-1]), len(data)


def _put_part(kept: list[Any], part: Any, *structs: Any) -> None:
    if part is None:
        return
    for c in structs:
        c.present = True
    for field in dataclasses.fields(part):
        c = next(s for s in structs if hasattr(s, field.name))
        value = getattr(part, field.name)
        if isinstance(value, int):
            setattr(c, field.name, value)
        else:
            _put(kept, getattr(c, field.name), value)


def _to_c(link: Link, c: Any) -> list[Any]:
    """Fill a struct in; what it borrows is in the list that is returned."""
    kept: list[Any] = []
    c.kind = int(link.kind)
    _put_part(kept, link.contact, c.contact)
    _put_part(kept, link.group, c.group, c.group.keys)
    _put_part(kept, link.encrypted, c.encrypted)
    _put_part(kept, link.message, c.message)
    if len(link.addresses) > ADDRESSES_MAX:
        raise Error([ErrorCode.INVALID_RANGE],
                    f"a link carries {ADDRESSES_MAX} addresses")
    for i, address in enumerate(link.addresses):
        _put(kept, c.addresses.at[i], address)
    c.addresses.n = len(link.addresses)
    _put(kept, c.network, link.network)
    return kept
