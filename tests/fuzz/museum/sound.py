"""Consumers without a bug: none of them may raise an alarm, at any cut, empty pieces included."""

from __future__ import annotations

import codecs
from collections.abc import AsyncIterable, Iterable
from typing import Any

from playhead.wire import FrameSplitter


def incremental(chunks: Iterable[bytes]) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return "".join(decoder.decode(chunk) for chunk in chunks) + decoder.decode(b"", final=True)


def frames(chunks: Iterable[bytes]) -> list[bytes]:
    buffer, found = b"", []
    for chunk in chunks:
        *ready, buffer = (buffer + chunk).split(b"\n\n")
        found += ready
    return [*found, buffer]


def lines(chunks: Iterable[bytes]) -> Iterable[Any]:
    rest = b""
    for chunk in chunks:
        *ready, rest = (rest + chunk).split(b"\n")
        for line in ready:
            if line.startswith(b"data: {"):
                yield line[6:]


async def gathered(chunks: AsyncIterable[bytes]) -> bytes:
    return b"".join([chunk async for chunk in chunks])


async def growing(chunks: AsyncIterable[bytes]) -> Any:
    decoder, rest = codecs.getincrementaldecoder("utf-8")("replace"), ""
    async for chunk in chunks:
        *ready, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in ready:
            yield line


def splitter(chunks: Iterable[bytes]) -> list[Any]:
    machine, found = FrameSplitter(), []
    for chunk in chunks:
        found += machine.feed(chunk)
    return [(frame.event, frame.data) for frame in found]


SOUND = [incremental, frames, lines, gathered, growing, splitter]
