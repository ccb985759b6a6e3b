"""Errors of the library as exceptions."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._codes import ErrorCode
from ._native import ffi, lib, text_of


def _known(code: int) -> int:
    try:
        return ErrorCode(code)
    except ValueError:  # of a library that is newer
        return code


class Error(Exception):
    """What went wrong, as a chain of codes and a text for a person.

    codes[0] is the outermost: what the call could not do; codes[-1] is the
    cause.  `ErrorCode.DB_OPEN in error.codes` asks for one anywhere.
    """

    codes: tuple[int, ...]
    text: str

    def __init__(self, codes: Iterable[int], text: str = "") -> None:
        self.codes = tuple(_known(code) for code in codes)
        self.text = text
        super().__init__(self.codes, text)

    @property
    def code(self) -> int:
        """The outermost code, an ErrorCode if it is known."""
        return self.codes[0] if self.codes else ErrorCode.INTERNAL

    @property
    def name(self) -> str:
        """The outermost code's name on the wire: "ErrInvalidInput"."""
        return _name(self.code)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all codes."""
        return tuple(map(_name, self.codes))

    def __str__(self) -> str:
        parts = [f"{_name(code)}(#{int(code)})" for code in self.codes]
        return ": ".join(parts + [self.text] if self.text else parts)


def _name(code: int) -> str:
    return text_of(lib.berty_error_name(int(code)))


def error_of(c: Any) -> Error:
    """A struct berty_error as an exception."""
    return Error(list(c.code[0:c.n]), text_of(c.text))


def error_from(rc: int, c: Any = None) -> Error:
    """What a function answered, with its chain if it filled one in."""
    if c is not None and c.n > 0:
        return error_of(c)
    return Error([-rc])


def check(rc: int, c: Any = None) -> None:
    if rc < 0:
        raise error_from(rc, c)


def new_error() -> Any:
    return ffi.new("struct berty_error *")
