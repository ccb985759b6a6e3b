"""The library itself: $BERTY_LIBRARY, the one in this package, or the
system's."""
import os
import pathlib
from typing import Any

from . import _ffi

__all__ = ["ffi", "lib", "libc", "text_of", "version"]

ffi: Any = _ffi.ffi

_NAME = "libberty.so.0"


def _path() -> str:
    bundled = pathlib.Path(__file__).parent / "_lib" / _NAME
    return os.environ.get("BERTY_LIBRARY") or (
        str(bundled) if bundled.exists() else _NAME)


lib: Any = ffi.dlopen(_path())
libc: Any = ffi.dlopen(None)


def text_of(pointer: Any) -> str:
    return bytes(ffi.string(pointer)).decode("utf-8", "replace")


def version() -> str:
    """The version of the library that runs."""
    return text_of(lib.berty_version())
