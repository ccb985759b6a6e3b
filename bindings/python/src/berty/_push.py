"""Pushes: what a notification carried, opened without a node."""
from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import Any

from ._error import check, new_error
from ._native import ffi, lib

__all__ = ["PushMessage", "push_open"]


@dataclasses.dataclass(frozen=True)
class PushMessage:
    """A message that a push carried, opened."""

    group: bytes
    device: bytes  # who sent it
    counter: int  # of the device's messages
    id: bytes  # its CID in the log; or empty
    message: bytes  # what AppMessageSend was given
    cleartext: bytes  # berty.protocol.v1.EncryptedMessage
    already_received: bool  # the node had it when it wrote its file


def push_open(store: str | os.PathLike[str], push: str | bytes, *,
              key: bytes | Callable[[], bytes] | None = None,
              wait: float = 2.0) -> PushMessage:
    """Open a push, whether a node runs on the store or not; nothing changes.

    store: the store's folder.
    push: berty.push.v1.PushExposedData in bytes, or the text of the
        notification's field `p`.
    key: as of Node.
    wait: seconds, for a node that writes just now.

    Error: INVALID_INPUT, NOT_FOUND (no file yet, or a group that is not
    known), PUSH_UNABLE_TO_DECRYPT (not for this device), CRYPTO_DECRYPT (too
    old), DB_OPEN.
    """
    config, err = ffi.new("struct berty_push_config *"), new_error()
    config.size = ffi.sizeof(config[0])
    folder = ffi.new("char[]", _text(os.fsencode(store)))
    config.folder = folder
    config.wait_ms = max(1, int(wait * 1000))
    secret = key() if callable(key) else key
    kept = None
    if secret is not None:
        if len(secret) != 32:
            raise ValueError("a key has 32 bytes")
        kept = ffi.new("uint8_t[32]", secret)
        config.key = kept
    opened = ffi.new("struct berty_push_message **")
    try:
        if isinstance(push, str):
            check(lib.berty_push_open_text(config, _text(push.encode()),
                                           opened, err), err)
        else:
            check(lib.berty_push_open(config, push, len(push), opened, err),
                  err)
        return _from_c(opened[0])
    finally:
        if kept is not None:
            ffi.buffer(kept)[:] = bytes(32)
        lib.berty_push_free(opened[0])


def _text(data: bytes) -> bytes:
    if b"\0" in data:
        raise ValueError(f"a text with a NUL: {data!r}")
    return data


def _from_c(c: Any) -> PushMessage:
    return PushMessage(
        ffi.buffer(c.group_pk)[:], ffi.buffer(c.device_pk)[:], c.counter,
        _bytes(c.cid, c.cid_size), _bytes(c.payload, c.payload_size),
        _bytes(c.cleartext, c.cleartext_size), bool(c.already_received))


def _bytes(p: Any, n: int) -> bytes:
    return ffi.buffer(p, n)[:] if n else b""
