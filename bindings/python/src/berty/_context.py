"""One context of the library for each event loop that has nodes.

The context runs inside the loop: its descriptor is a reader of the loop, its
timeout a timer.  Callbacks of C come from `turn` and `close_node` only; they
find their call by its number, so that C holds no pointer to a Python object
but the context's own handle.
"""
from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from ._error import check, new_error
from ._native import ffi, lib, text_of

log = logging.getLogger("berty")

_LEVELS = {
    lib.BERTY_LOG_DEBUG: logging.DEBUG,
    lib.BERTY_LOG_INFO: logging.INFO,
    lib.BERTY_LOG_WARN: logging.WARNING,
    lib.BERTY_LOG_ERROR: logging.ERROR,
}


class Handler(Protocol):
    """What happens to one call."""

    failure: BaseException | None

    def began(self) -> None: ...
    def replied(self, reply: bytes) -> bool: ...
    def writable(self) -> None: ...
    def ended(self, error: Any) -> None: ...


# --- callbacks ---------------------------------------------------------------

def _lost(kind: Any, error: Any, traceback: Any) -> None:
    # Not even the call is known any more: an interrupt, most likely.
    log.error("a callback failed", exc_info=(kind, error, traceback))


@ffi.callback("void(void *, berty_id)", onerror=_lost)
def _begin(user: Any, call: int) -> None:
    ffi.from_handle(user).tell(call, lambda handler: handler.began())


@ffi.callback("int(void *, berty_id, const void *, size_t)",
              error=lib.BERTY_ENOUGH, onerror=_lost)
def _reply(user: Any, call: int, data: Any, n: int) -> Any:
    reply = ffi.buffer(data, n)[:] if n else b""
    more = ffi.from_handle(user).tell(
        call, lambda handler: handler.replied(reply))
    return lib.BERTY_MORE if more else lib.BERTY_ENOUGH


@ffi.callback("void(void *, berty_id)", onerror=_lost)
def _writable(user: Any, call: int) -> None:
    ffi.from_handle(user).tell(call, lambda handler: handler.writable())


@ffi.callback("void(void *, berty_id, const struct berty_error *)",
              onerror=_lost)
def _end(user: Any, call: int, error: Any) -> None:
    ffi.from_handle(user).tell_end(call, error)


@ffi.callback("void(void *, enum berty_log_level, const char *, "
              "const char *)", onerror=_lost)
def _write_log(user: Any, level: int, module: Any, line: Any) -> None:
    logging.getLogger("berty." + text_of(module)).log(
        _LEVELS.get(level, logging.ERROR), "%s", text_of(line))


_handler = ffi.new("struct berty_handler *", {
    "size": ffi.sizeof("struct berty_handler"), "begin": _begin,
    "reply": _reply, "writable": _writable, "end": _end})


def _least_level() -> Any:
    wanted = log.getEffectiveLevel()
    return next((c for c, level in _LEVELS.items() if level >= wanted),
                lib.BERTY_LOG_ERROR)


# --- the context -------------------------------------------------------------

# Loops may go without a word, and shall not be held here.
_contexts: weakref.WeakKeyDictionary[
    asyncio.AbstractEventLoop, weakref.ref[Context]
] = weakref.WeakKeyDictionary()


def context_of(loop: asyncio.AbstractEventLoop) -> Context:
    """The loop's context; made if it has none.  Whoever opens no node in it
    calls `release`."""
    reference = _contexts.get(loop)
    context = reference() if reference is not None else None
    if context is None or context.c is None:
        context = Context(loop)
        _contexts[loop] = weakref.ref(context)
    return context


class Context:
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.nodes: set[int] = set()
        self._calls: dict[int, Handler] = {}
        self._raised: BaseException | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._when = 0.0  # it rings, by the loop's clock
        self._handle: Any = ffi.new_handle(self)
        config = ffi.new("struct berty_config *", {
            "size": ffi.sizeof("struct berty_config"),
            "log": {"least": _least_level(), "write": _write_log,
                    "user": ffi.NULL}})
        made, err = ffi.new("struct berty **"), new_error()
        check(lib.berty_new(config, made, err), err)
        self.c: Any = made[0]
        self._fd = lib.berty_fd(self.c)
        loop.add_reader(self._fd, self.turn)

    # --- the loop

    def turn(self) -> None:
        if self.c is None:
            return
        lib.berty_turn(self.c)
        self.arm()
        self._raise()

    def _rang(self) -> None:
        self._timer = None
        self.turn()

    def arm(self) -> None:
        """Have the loop come back in time.  Ringing early does no harm, so a
        timer is only ever replaced by an earlier one."""
        if self.loop.is_closed():
            return
        ms = lib.berty_timeout_ms(self.c)
        if ms < 0:
            return
        when = self.loop.time() + ms / 1000
        if self._timer is not None:
            if self._when <= when:
                return
            self._timer.cancel()
        self._timer = self.loop.call_at(when, self._rang)
        self._when = when

    def _raise(self) -> None:
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised

    def check_loop(self) -> None:
        """C belongs to whoever runs the loop, while there is one."""
        if asyncio.get_running_loop() is not self.loop and \
                not self.loop.is_closed():
            raise RuntimeError("the node belongs to another event loop")

    # --- nodes

    def open_node(self, config: Any) -> int:
        node, err = ffi.new("berty_id *"), new_error()
        check(lib.berty_open(self.c, config, node, err), err)
        self.nodes.add(node[0])
        self.arm()
        return int(node[0])

    def close_node(self, node: int) -> None:
        if node not in self.nodes:
            return
        self.nodes.discard(node)
        lib.berty_close(self.c, node)
        if self.nodes:
            self.arm()
        self.release()
        self._raise()

    def release(self) -> None:
        """Free the context unless it has a node."""
        if self.nodes or self.c is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.loop.is_closed():
            self.loop.remove_reader(self._fd)
        c, self.c = self.c, None
        lib.berty_free(c)
        self._handle = None

    def drop_node(self, node: int) -> None:
        """Close a node that was forgotten; from wherever the garbage is
        collected, which may be inside a callback or on another thread."""
        self._later(self.close_node, node)

    def _later(self, function: Callable[[int], None], number: int) -> None:
        if self.loop.is_running():
            self.loop.call_soon_threadsafe(function, number)
        else:
            function(number)

    # --- calls

    def begin(self, node: int, method: str, request: bytes,
              handler: Handler) -> int:
        self.check_loop()
        call = ffi.new("berty_id *")
        check(lib.berty_call(self.c, node, method.encode(), request,
                             len(request), _handler, self._handle, call))
        self._calls[call[0]] = handler
        self.arm()
        return int(call[0])

    def send(self, call: int, message: bytes) -> int:
        rc: int = lib.berty_call_send(self.c, call, message, len(message))
        self.arm()
        return rc

    def close_send(self, call: int) -> None:
        lib.berty_call_close_send(self.c, call)
        self.arm()

    def resume(self, call: int) -> None:
        if call in self._calls:
            lib.berty_call_resume(self.c, call)
            self.arm()

    def cancel(self, call: int) -> None:
        if call in self._calls:
            lib.berty_call_cancel(self.c, call)
            self.arm()

    def drop_call(self, call: int) -> None:
        """Cancel a call that was forgotten; as drop_node."""
        if call in self._calls:
            self._later(self.cancel, call)

    # --- what callbacks do

    def tell(self, call: int, what: Callable[[Handler], object]) -> object:
        """Tell a call's handler; nothing that it raises reaches C."""
        handler = self._calls.get(call)
        if handler is None:
            return None
        try:
            return what(handler)
        except BaseException as error:
            self._fail(call, handler, error)
            return None

    def tell_end(self, call: int, error: Any) -> None:
        handler = self._calls.pop(call, None)
        if handler is None:
            return
        try:
            handler.ended(error)
        except BaseException as raised:
            self._fail(call, handler, raised)

    def _fail(self, call: int, handler: Handler, error: BaseException) -> None:
        handler.failure = error
        if isinstance(error, Exception):
            log.error("a callback failed; its call ends", exc_info=error)
        else:
            self._raised = error
        lib.berty_call_cancel(self.c, call)
