"""Streams that are recorded while the program reads them: whole, broken, closed before the end, or forgotten."""

import os
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any

from callscope.observability.reading import Chunks, Reading, chunks_like
from callscope.observability.recording import Recorded, Recording, within

_TAPPED_IN_PLACE = ("openai", "anthropic")
NOT_READ_TO_ITS_END = "not read to its end"


class StreamState:
    """What has been read of a stream, and whether it was recorded.

    Args:
        recording: the call.
        when_done: told how it ended.
        hides: whether a piece is kept from the program, as one that only we asked for.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        when_done: Callable[[Recorded, str | None, BaseException | None], None] | None = None,
        hides: Callable[[Any], bool] | None = None,
    ) -> None:
        self.recording = recording
        self.hides = hides or _nothing
        self._when_done = when_done
        self._chunks: Chunks | None = None
        self._process = os.getpid()
        recording.handle.open_streams.add(self)

    def feed(self, chunk: Any) -> None:
        """A piece has come. Never raises."""
        try:
            if self._chunks is None:
                self._chunks = chunks_like(chunk)
            if self._chunks is not None and self._chunks.feed(chunk):
                self.recording.first_token()
        except Exception:  # a shape that only looks like a known one must not break the program
            self._chunks = None

    def end(self, error: BaseException | None = None) -> None:
        """It was read to its end, or broke off."""
        self._finish(error, None)

    def abandon(self) -> None:
        """Nobody reads on."""
        self._finish(None, NOT_READ_TO_ITS_END)

    def _finish(self, error: BaseException | None, note: str | None) -> None:
        if self.recording.done is not None or os.getpid() != self._process:  # a fork's copy is the parent's to record
            return
        reading = self._reading()
        done = self.recording.finish(reading, error=error, note=note)
        if self._when_done is not None:
            self._when_done(done, None if reading is None else reading.text, error)

    def _reading(self) -> Reading | None:
        try:
            return None if self._chunks is None else self._chunks.reading()
        except Exception:  # as in `feed`
            return None


def _nothing(_: Any) -> bool:
    return False


class Tap:
    """An iterator that tells a `StreamState` what goes through it."""

    def __init__(self, iterator: Any, state: StreamState) -> None:
        self._iterator = iterator
        self._state = state

    def __iter__(self) -> "Tap":
        return self

    def __next__(self) -> Any:
        """The next piece that the program is to see."""
        while True:
            try:
                with within(self._state.recording):
                    chunk = next(self._iterator)
            except StopIteration:
                self._state.end()
                raise
            except BaseException as error:
                self._state.end(error)
                raise
            self._state.feed(chunk)
            if not self._state.hides(chunk):
                return chunk

    def close(self) -> None:
        """End the stream before its end."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            close()
        self._state.abandon()

    def __del__(self) -> None:
        self._state.abandon()


class AsyncTap:
    """The same for an asynchronous iterator."""

    def __init__(self, iterator: Any, state: StreamState) -> None:
        self._iterator = iterator
        self._state = state

    def __aiter__(self) -> "AsyncTap":
        return self

    async def __anext__(self) -> Any:
        """The next piece that the program is to see."""
        while True:
            try:
                with within(self._state.recording):
                    chunk = await anext(self._iterator)
            except StopAsyncIteration:
                self._state.end()
                raise
            except BaseException as error:
                self._state.end(error)
                raise
            self._state.feed(chunk)
            if not self._state.hides(chunk):
                return chunk

    async def aclose(self) -> None:
        """End the stream before its end."""
        for name in ("aclose", "close"):
            close = getattr(self._iterator, name, None)
            if close is not None:
                await close()
                break
        self._state.abandon()

    def __del__(self) -> None:
        self._state.abandon()


def is_stream(answer: Any) -> bool:
    """Whether an answer comes in pieces, to be iterated over."""
    kind = type(answer)  # a proxy's own attributes may raise anything
    return hasattr(kind, "__next__") or hasattr(kind, "__anext__")


def recorded(stream: Any, state: StreamState, *, asynchronous: bool) -> Any:
    """The stream, recorded as it is read.

    OpenAI's and Anthropic's own streams stay the objects that they are; another one is wrapped, and all that is not
    reading and closing is passed on to it.
    """
    tap = AsyncTap if asynchronous else Tap
    if type(stream).__module__.partition(".")[0] in _TAPPED_IN_PLACE and hasattr(stream, "_iterator"):
        stream._iterator = tap(stream._iterator, state)
        stream.close = _closing(type(stream).close, weakref.ref(stream), state, asynchronous=asynchronous)
        return stream
    return RecordedAsyncStream(stream, state) if asynchronous else RecordedStream(stream, state)


def _closing(close: Any, stream: "weakref.ref[Any]", state: StreamState, *, asynchronous: bool) -> Any:
    """The stream's `close`, which tells that it is over. It does not hold the stream, so that this can be forgotten."""

    def closed() -> None:
        close(stream())
        state.abandon()

    async def async_closed() -> None:
        await close(stream())
        state.abandon()

    return async_closed if asynchronous else closed


class RecordedStream:
    """A stream that a wrapped function returned. Apart from being recorded it is what the function returned."""

    def __init__(self, stream: Any, state: StreamState) -> None:
        self._stream = stream
        self._tap = Tap(iter(stream), state)

    def __iter__(self) -> "RecordedStream":
        return self

    def __next__(self) -> Any:
        return next(self._tap)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> "RecordedStream":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the stream before its end."""
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()
        self._tap.close()


class RecordedAsyncStream:
    """The same for an asynchronous stream."""

    def __init__(self, stream: Any, state: StreamState) -> None:
        self._stream = stream
        self._tap = AsyncTap(aiter(stream), state)

    def __aiter__(self) -> "RecordedAsyncStream":
        return self

    async def __anext__(self) -> Any:
        return await anext(self._tap)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> "RecordedAsyncStream":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the stream before its end."""
        for name in ("aclose", "close"):
            close = getattr(self._stream, name, None)
            if close is not None:
                await close()
                break
        await self._tap.aclose()

    close = aclose
