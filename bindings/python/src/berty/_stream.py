"""A stream of replies."""
from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

    from ._calls import StreamCall

Reply = TypeVar("Reply")


class Stream(Generic[Reply]):
    """An asynchronous iterator of replies, and a context manager.

    The call is made at once.  A reader that is slow makes the node wait; it
    then keeps a position in the log, not replies.  The call ends when the
    stream is closed or forgotten: a `break` out of `async for` is enough.
    `async with` waits until the stream stands, so that what happens from then
    on is seen, and for its end.
    """

    def __init__(self, call: StreamCall,
                 parse: Callable[[bytes], Reply]) -> None:
        self._call = call
        self._parse = parse
        drop = weakref.finalize(self, call.context.drop_call, call.id)
        drop.atexit = False

    def __aiter__(self) -> Stream[Reply]:
        return self

    async def __anext__(self) -> Reply:
        try:
            return self._parse(await self._call.next())
        except BaseException:
            # The traceback shall not keep a stream that nobody else has.
            del self
            raise

    async def begun(self) -> None:
        """Wait until the stream stands: what happens from now on comes."""
        await self._call.begun()

    async def aclose(self) -> None:
        """Cancel the call, and wait for its end."""
        await self._call.close()

    async def __aenter__(self) -> Stream[Reply]:
        try:
            await self.begun()
        except BaseException:
            self._call.cancel()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None,
                        error: BaseException | None,
                        traceback: TracebackType | None) -> None:
        await self.aclose()
