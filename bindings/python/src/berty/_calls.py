"""Calls in flight, and how requests become calls."""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any, TypeVar

from google.protobuf.message import Message

from ._codes import ErrorCode
from ._context import Context
from ._error import Error, check, error_of
from ._native import ffi
from ._stream import Stream

Request = TypeVar("Request", bound=Message)
Reply = TypeVar("Reply", bound=Message)

Messages = AsyncIterable[Any] | Iterable[Any]

# What a stream keeps before it is told to wait: replies, or their bytes.
FULL = 64
FULL_BYTES = 1 << 20


class Call:
    """A call that C knows by its number.  It ends exactly once."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.id = 0
        self.failure: BaseException | None = None  # of a callback
        self.error: BaseException | None = None
        self.over = False
        self.started = False
        self.closing = False  # cancelled, and its end no failure
        self._waiters: set[asyncio.Future[None]] = set()

    def start(self, node: int, method: str, request: bytes) -> None:
        self.id = self.context.begin(node, method, request, self)

    def cancel(self) -> None:
        self.context.cancel(self.id)

    async def change(self) -> None:
        """Wait until something happens to the call."""
        waiter = self.context.loop.create_future()
        self._waiters.add(waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)

    def _changed(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def end(self) -> None:
        """Wait for the end; raise what it ended with."""
        while not self.over:
            await self.change()
        self.check()

    def check(self) -> None:
        if self.error is not None:
            raise self.error

    # --- the handler

    def began(self) -> None:
        self.started = True
        self._changed()

    def replied(self, reply: bytes) -> bool:
        raise NotImplementedError

    def writable(self) -> None:
        self._changed()

    def ended(self, error: Any) -> None:
        self.over = True
        if self.failure is not None:
            self.error = self.failure
        elif error != ffi.NULL and not self.closing:
            self.error = error_of(error)
        self._changed()


class UnaryCall(Call):
    """One reply."""

    reply: bytes | None = None

    def replied(self, reply: bytes) -> bool:
        self.reply = reply
        return True

    async def result(self) -> bytes:
        await self.end()
        if self.reply is None:
            raise Error([ErrorCode.INTERNAL], "the call has no reply")
        return self.reply


class StreamCall(Call):
    """Any number of replies, of which few are kept here: C holds a position
    in the log while nobody reads."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.queue: deque[bytes] = deque()
        self.held = 0  # bytes in it
        self.paused = False

    def replied(self, reply: bytes) -> bool:
        if self.closing:
            return False
        self.queue.append(reply)
        self.held += len(reply)
        self.paused = len(self.queue) >= FULL or self.held >= FULL_BYTES
        self._changed()
        return not self.paused

    async def next(self) -> bytes:
        while not self.queue:
            if self.over:
                self.check()
                raise StopAsyncIteration
            await self.change()
        reply = self.queue.popleft()
        self.held -= len(reply)
        if self.paused and len(self.queue) <= FULL // 2 and \
                self.held <= FULL_BYTES // 2:
            self.paused = False
            self.context.resume(self.id)
        return reply

    async def begun(self) -> None:
        """Wait until the stream stands, or has ended well."""
        while not self.started and not self.over:
            await self.change()
        if not self.started:
            self.check()

    async def close(self) -> None:
        self.closing = True
        self.queue.clear()
        self.held = 0
        self.cancel()
        while not self.over:
            await self.change()


Started = TypeVar("Started", bound=Call)


# --- sending -----------------------------------------------------------------

async def _each(messages: Messages) -> AsyncIterator[Any]:
    if isinstance(messages, AsyncIterable):
        async for message in messages:
            yield message
    else:
        for message in messages:
            yield message


async def _send_all(call: Call, kind: type[Message],
                    messages: Messages) -> None:
    """Feed a client stream, no faster than it takes what comes."""
    async for message in _each(messages):
        data = encode(kind, message)
        while (rc := call.context.send(call.id, data)) == \
                -ErrorCode.STREAM_WRITE:
            await call.change()
        if rc == -ErrorCode.NOT_FOUND:
            return  # it has ended, and says why
        check(rc)
    call.context.close_send(call.id)


async def _feed(call: Call, kind: type[Message],
                messages: Messages) -> None:
    """Send while the call lives; then see it end."""
    sending = asyncio.ensure_future(_send_all(call, kind, messages))
    ending = asyncio.ensure_future(call.end())
    try:
        await asyncio.wait({sending, ending},
                           return_when=asyncio.FIRST_COMPLETED)
        if sending.done() and not ending.done():
            sending.result()
        await ending
    finally:
        for task in (sending, ending):
            task.cancel()
        await asyncio.gather(sending, ending, return_exceptions=True)


# --- requests ----------------------------------------------------------------

def encode(kind: type[Message], message: object) -> bytes:
    if not isinstance(message, kind):
        raise TypeError(f"a {kind.DESCRIPTOR.full_name} is needed, not "
                        f"{type(message).__name__}")
    return message.SerializeToString()


def build(kind: type[Message], request: Message | None,
          fields: dict[str, Any]) -> bytes:
    """The request's bytes: of a message, or of fields, not both."""
    if request is None:
        request = kind(**{name: value for name, value in fields.items()
                          if value is not None})
    elif any(fields.values()):
        raise TypeError("give a request or its fields, not both")
    return encode(kind, request)


class Caller:
    """Makes calls; what the generated service stands on."""

    def _context(self) -> tuple[Context, int]:
        raise NotImplementedError

    def _start(self, kind: type[Started], method: str,
               request: bytes) -> Started:
        context, node = self._context()
        call = kind(context)
        call.start(node, method, request)
        return call

    async def _unary(self, method: str, kind: type[Request],
                     answer: type[Reply], request: Request | None,
                     fields: dict[str, Any]) -> Reply:
        call = self._start(UnaryCall, method, build(kind, request, fields))
        try:
            return answer.FromString(await call.result())
        finally:
            call.cancel()  # nothing, if it is over

    def _stream(self, method: str, kind: type[Request], answer: type[Reply],
                request: Request | None, fields: dict[str, Any]
                ) -> Stream[Reply]:
        return Stream(self._start(StreamCall, method,
                                  build(kind, request, fields)),
                      answer.FromString)

    async def _client_unary(self, method: str, kind: type[Request],
                            answer: type[Reply], requests: Messages) -> Reply:
        call = self._start(UnaryCall, method, b"")
        try:
            await _feed(call, kind, requests)
            return answer.FromString(await call.result())
        finally:
            call.cancel()
