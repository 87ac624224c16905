"""Planted bugs in consumers of pieces: parsers, decoders, renderers. Each had users once; see its address."""

from __future__ import annotations

import asyncio
import base64
import codecs
import contextlib
import gzip
import json
import re
import zlib
from collections.abc import AsyncIterable, Iterable
from typing import Any

CHAT = (
    'data: {"choices":[{"delta":{"content":"caf\u00e9 \U0001f600"}}]}\n\n'
    'data: {"choices":[{"delta":{"content":" \\ud83d\\ude00 12.5"}}]}\n\n'
    "data: [DONE]\n\n"
).encode()
WINDOWS = b'data: {"a":\r\ndata: 1}\r\n\r\ndata: {"a":2}\r\n\r\n'
NDJSON = '{"response":"na\u00efve","done":false}\n{"response":"!","done":true}\n'.encode()
ESCAPES = b'data: {"t":"\\ud83d\\ude00 ok"}\n\n'
MEMBERS = gzip.compress(b"hello ", mtime=0) + gzip.compress(b"world", mtime=0)
NAMED = b'event: delta\ndata: {"t":"a"}\n\n: ping\n\nevent: stop\ndata: {"t":"b"}\n\n'


ARGUMENTS = b'{"city": "M\\u00fcnchen", "below": -12.5, "ok": true}'
OBJECTS = b'[{"text": "a }{"},{"text": "b"}]'


def utf8_by_chunk(chunks: Iterable[bytes]) -> str:
    """Each chunk is decoded by itself."""
    return "".join(chunk.decode("utf-8", "replace") for chunk in chunks)


def utf8_strict_by_chunk(chunks: Iterable[bytes]) -> str:
    """The same, but it raises."""
    return "".join(chunk.decode() for chunk in chunks)


def decoder_anew(chunks: Iterable[bytes]) -> str:
    """An incremental decoder, but a new one for each chunk, so that what it holds back is lost."""
    return "".join(codecs.getincrementaldecoder("utf-8")("replace").decode(chunk) for chunk in chunks)


def json_by_chunk(chunks: Iterable[bytes]) -> list[Any]:
    """A chunk is taken for whole lines."""
    found: list[Any] = []
    for chunk in chunks:
        for line in chunk.split(b"\n"):
            if line.startswith(b"data: {"):
                found.append(json.loads(line[6:]))
    return found


def json_that_is_skipped(chunks: Iterable[bytes]) -> list[Any]:
    """What cannot be parsed is passed over, so a frame in two chunks is lost without a word."""
    found: list[Any] = []
    for chunk in chunks:
        for line in chunk.split(b"\n"):
            try:
                found.append(json.loads(line.removeprefix(b"data: ")))
            except ValueError:
                continue
    return found


def crlf_by_chunk(chunks: Iterable[bytes]) -> list[bytes]:
    """Line ends are made alike chunk by chunk; between CR and LF that makes a blank line."""
    text = b"".join(chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n") for chunk in chunks)
    return [frame for frame in text.split(b"\n\n") if frame]


def crlf_missed(chunks: Iterable[bytes]) -> list[bytes]:
    """CR LF becomes LF chunk by chunk; one that is divided stays, and its frame does not end."""
    text = b"".join(chunk.replace(b"\r\n", b"\n") for chunk in chunks)
    return [frame for frame in text.split(b"\n\n") if frame]


def data_overwritten(chunks: Iterable[bytes]) -> list[bytes]:
    """The rest of a chunk, without a line end yet, takes the place of the rest before."""
    rest, found = b"", []
    for chunk in chunks:
        lines = (rest + chunk if b"\n" in chunk else chunk).split(b"\n")
        rest = lines.pop()
        found += [line for line in lines if line]
    return found


def prefix_at_the_beginning_of_a_chunk(chunks: Iterable[bytes]) -> bytes:
    """`data: ` is taken off the beginning of chunks."""
    return b"".join(chunk.removeprefix(b"data: ").removesuffix(b"\n\n") for chunk in chunks)


def done_in_one_chunk(chunks: Iterable[bytes]) -> bytes:
    """The end is only seen where it comes in one piece; what follows it is read otherwise."""
    text = b""
    for chunk in chunks:
        if b"[DONE]" in chunk:
            return text + chunk.partition(b"data: [DONE]")[0]
        text += chunk
    return text


def first_frame_of_a_chunk(chunks: Iterable[bytes]) -> list[bytes]:
    """When a chunk completes several frames, the first of them is handed on, and the others with the next chunk."""
    buffer, found = b"", []
    for chunk in chunks:
        buffer += chunk
        if b"\n\n" in buffer:
            frame, _, buffer = buffer.partition(b"\n\n")
            found.append(frame)
    return found


def last_frame_dropped(chunks: Iterable[bytes]) -> list[bytes]:
    """A chunk that ends in a frame's end is flushed; the buffer is emptied even where something is left in it."""
    buffer, found = b"", []
    for chunk in chunks:
        buffer += chunk
        if buffer.count(b"\n\n"):
            found += [frame for frame in buffer.split(b"\n\n")[:-1] if frame]
            buffer = b""
    return found


def event_name_forgotten(chunks: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """The name of an event is kept for the chunk only."""
    buffer, found = b"", []
    for chunk in chunks:
        name = b"message"
        *lines, buffer = (buffer + chunk).split(b"\n")
        for line in lines:
            if line.startswith(b"event: "):
                name = line[7:]
            elif line.startswith(b"data: "):
                found.append((name, line[6:]))
                name = b"message"
    return found


def comment_ends_the_chunk(chunks: Iterable[bytes]) -> list[bytes]:
    """A keep-alive comment at the beginning of a chunk: the whole chunk is passed over."""
    text = b"".join(b"" if chunk.startswith(b":") else chunk for chunk in chunks)
    return [line for line in text.split(b"\n") if line.startswith(b"data: ")]


def bom_in_the_first_chunk(chunks: Iterable[bytes]) -> bytes:
    """A byte order mark is only known whole."""
    pieces = list(chunks)
    return b"".join([pieces[0].removeprefix(codecs.BOM_UTF8), *pieces[1:]]) if pieces else b""


def ndjson_by_chunk(chunks: Iterable[bytes]) -> str:
    """Each chunk is a line."""
    return "".join(json.loads(line)["response"] for chunk in chunks for line in chunk.splitlines())


def universal_lines(chunks: Iterable[bytes]) -> list[str]:
    """`str.splitlines` on what is there: a CR at the end of a chunk is a line end, and so is the LF after it."""
    decoder, rest, found = codecs.getincrementaldecoder("utf-8")(), "", []
    for chunk in chunks:
        lines = (rest + decoder.decode(chunk)).splitlines(keepends=True)
        rest = lines.pop() if lines and not lines[-1].endswith(("\r", "\n")) else ""
        found += [line.rstrip("\r\n") for line in lines]
    return [*found, rest]


def stripped_chunks(chunks: Iterable[bytes]) -> bytes:
    """White space at the edges of chunks is taken for noise."""
    return b"".join(chunk.strip() for chunk in chunks)


def empty_chunk_ends(chunks: Iterable[bytes]) -> bytes:
    """An empty chunk is taken for the end."""
    text = b""
    for chunk in chunks:
        if not chunk:
            break
        text += chunk
    return text


def surrogates_apart(chunks: Iterable[bytes]) -> str:
    r"""Escapes are undone where they stand, so the halves of a pair stay apart (`\ud83d` | `\ude00`)."""
    text = b""
    shown = ""
    for chunk in chunks:
        text += chunk
        done = text.rfind(b"\\u")
        whole = len(text) if done < 0 or len(text) >= done + 6 else done
        ready, text = text[:whole], text[whole:]
        undone = re.sub(
            rb"(?:\\u[0-9a-f]{4})+", lambda match: json.loads(b'"%s"' % match[0]).encode("utf-8", "replace"), ready
        )
        shown += undone.decode("utf-8", "replace")
    return shown


async def first_chunk_peeked(chunks: AsyncIterable[bytes]) -> bytes:
    """The first chunk is looked at to tell an error from a stream, and then forgotten unless it is a whole frame."""
    text = b""
    first = True
    async for chunk in chunks:
        await asyncio.sleep(0)
        if first and not chunk.endswith(b"\n\n"):
            first = False
            continue
        text += chunk
    return text


def think_tags(chunks: Iterable[str]) -> str:
    """Tags are looked for in each piece of text."""
    return "".join(re.sub(r"</?think>", "|", chunk) for chunk in chunks)


def fences(chunks: Iterable[str]) -> list[bool]:
    """A code fence is only seen within one piece."""
    inside = False
    for chunk in chunks:
        if chunk.count("```") % 2:
            inside = not inside
    return [inside]


def last_three(chunks: Iterable[bytes]) -> bytes:
    """A window of a few chunks; a frame in more of them loses its beginning."""
    window: list[bytes] = []
    found = b""
    for chunk in chunks:
        window = [*window, chunk][-2:]
        if window[-1].endswith(b"\n\n"):
            found += b"".join(window)
            window = []
    return found


def frame_twice(chunks: Iterable[bytes]) -> list[bytes]:
    """After a frame the buffer is kept where the chunk ended with it: the frame is read again."""
    buffer, found = b"", []
    for chunk in chunks:
        buffer += chunk
        while b"\n\n" in buffer:
            frame, _, rest = buffer.partition(b"\n\n")
            found.append(frame)
            if not rest and chunk == b"\n":
                break
            buffer = rest
    return found


def what_is_cut_is_ignored(chunks: Iterable[bytes]) -> str:
    """Bytes that are no character yet are passed over without a word."""
    return "".join(chunk.decode("utf-8", "ignore") for chunk in chunks)


def comment_before_its_end(chunks: Iterable[bytes]) -> list[bytes]:
    """A buffer that begins with a colon is thrown away, though the comment goes on in the next chunk."""
    buffer, found = b"", []
    for chunk in chunks:
        buffer += chunk
        if buffer.startswith(b":"):
            buffer = buffer.partition(b"\n")[2]
            continue
        *lines, buffer = buffer.split(b"\n")
        found += [line for line in lines if line and not line.startswith(b":")]
    return found


def spaces_at_the_edges(chunks: Iterable[bytes]) -> str:
    """What waits for its line end is stripped before the next chunk is put behind it: words run together."""
    rest, found = "", []
    for chunk in chunks:
        *lines, rest = (rest.strip() + chunk.decode("latin-1")).split("\n")
        found += lines
    return "\n".join([*found, rest])


def closed(text: str) -> str:
    """JSON that breaks off, with what closes it."""
    open_ones, inside, escaped = "", False, False
    for character in text:
        if inside:
            inside = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            inside = True
        elif character in "{[":
            open_ones = ("}" if character == "{" else "]") + open_ones
        elif character in "}]":
            open_ones = open_ones[1:]
    return text + ('"' if inside else "") + open_ones


def closed_inside_an_escape(chunks: Iterable[bytes]) -> Any:
    """Arguments are closed and parsed as they come; an escape that breaks off ends the stream."""
    text, seen = "", None
    for chunk in chunks:
        text += chunk.decode()
        try:
            seen = json.loads(closed(text))
        except json.JSONDecodeError as error:
            if "escape" in error.msg:
                raise
    return seen


def numbers_as_they_begin(chunks: Iterable[bytes]) -> dict[str, Any]:
    """A field counts once it can be parsed: -12.5 stays -12, or -1."""
    text, fields = "", dict[str, Any]()
    for chunk in chunks:
        text += chunk.decode()
        with contextlib.suppress(json.JSONDecodeError):
            for name, value in json.loads(closed(text)).items():
                if not isinstance(value, str):
                    fields.setdefault(name, value)
    return fields


def quotes_by_chunk(chunks: Iterable[bytes]) -> list[str]:
    """Braces are counted, but for those inside a string; where a string began in an earlier chunk is not known."""
    depth, buffer, found = 0, "", []
    for chunk in chunks:
        inside = False
        for character in chunk.decode("latin-1"):
            inside ^= character == '"'
            buffer += character
            if not inside and character in "{}":
                depth += 1 if character == "{" else -1
                if not depth:
                    found.append(buffer)
                    buffer = ""
    return found


async def full_queue(chunks: AsyncIterable[bytes]) -> bytes:
    """A bounded queue between reader and writer; what does not fit is dropped."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(maxsize=2)

    async def read() -> None:
        async for chunk in chunks:
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(chunk)
        await queue.put(None)

    task = asyncio.ensure_future(read())
    found = b""
    while (chunk := await queue.get()) is not None:
        found += chunk
    await task
    return found


async def slowest_paints_last(chunks: AsyncIterable[bytes]) -> str:
    """Each state is painted in a task of its own; an early one that takes longer comes out on top."""
    shown, text, tasks = "", "", []

    async def paint(state: str) -> None:
        nonlocal shown
        await asyncio.sleep(0.001 / len(state))
        shown = state

    async for chunk in chunks:
        text += chunk.decode("latin-1")
        tasks.append(asyncio.create_task(paint(text)))
    await asyncio.gather(*tasks)
    return shown


async def last_look_too_early(chunks: AsyncIterable[bytes]) -> bytes:
    """A painter looks at the buffer at each turn, and stops when the stream has ended: before its last look."""
    found, shown, ended = b"", b"", False

    async def paint() -> None:
        nonlocal shown
        while not ended:
            shown = found
            await asyncio.sleep(0)

    painter = asyncio.ensure_future(paint())
    async for chunk in chunks:
        found += chunk
    ended = True
    await painter
    return shown or found


def colours(chunks: Iterable[str]) -> str:
    """Escape sequences of a terminal are taken out of each piece."""
    return "".join(re.sub(r"\x1b\[[0-9;]*m", "", chunk) for chunk in chunks)


def bold(chunks: Iterable[str]) -> str:
    """Markdown is rendered piece by piece."""
    return "".join(re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", chunk) for chunk in chunks)


def stop_word(chunks: Iterable[str]) -> str:
    """The word that ends a text is looked for in each piece."""
    text = ""
    for chunk in chunks:
        before, stop, _ = chunk.partition("STOP")
        text += before
        if stop:
            break
    return text


def base64_by_chunk(chunks: Iterable[bytes]) -> bytes:
    """Each piece of an encoded sound is decoded by itself."""
    return b"".join(base64.b64decode(chunk + b"=" * (-len(chunk) % 4)) for chunk in chunks)


def data_of_this_chunk(chunks: Iterable[bytes]) -> list[bytes]:
    """The lines of data of an event are collected anew in each chunk."""
    rest, found = b"", []
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\r\n")
        data: list[bytes] = []
        for line in lines:
            if line:
                data.append(line.removeprefix(b"data: "))
            elif data:
                found.append(b"\n".join(data))
                data = []
    return found


def one_member_in_a_chunk(chunks: Iterable[bytes]) -> bytes:
    """A second gzip member is only begun with a new chunk; what follows the first one in the same is left out."""
    inflate, found = zlib.decompressobj(31), b""
    for chunk in chunks:
        if inflate.eof:
            inflate = zlib.decompressobj(31)
        found += inflate.decompress(chunk)
    return found


def empty_chunk_forgets(chunks: Iterable[bytes]) -> list[bytes]:
    """An empty chunk takes the place of the line that is waiting for its end."""
    rest, found = b"", []
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n") if chunk else [b""]
        found += lines
    return [*found, rest]


# name, consumer, source, the thread it is modelled on
CONSUMERS: list[tuple[Any, bytes | str, str]] = [
    (utf8_by_chunk, CHAT, "https://github.com/sourcegraph/sourcegraph-public-snapshot/pull/50718"),
    (utf8_strict_by_chunk, CHAT, "https://github.com/vllm-project/vllm/pull/38732"),
    (decoder_anew, CHAT, "https://github.com/jawah/urllib3.future/issues/349"),
    (json_by_chunk, CHAT, "https://github.com/gramener/gramex/issues/777"),
    (json_that_is_skipped, CHAT, "https://github.com/mistralai/client-js/issues/18"),
    (crlf_by_chunk, WINDOWS, "https://github.com/rexxars/eventsource-parser/issues/17"),
    (crlf_missed, WINDOWS, "https://github.com/withastro/flue/issues/216"),
    (data_overwritten, CHAT, "https://github.com/XInTheDark/raycast-g4f/pull/212"),
    (prefix_at_the_beginning_of_a_chunk, CHAT, "https://github.com/iexg/IEX-API/issues/969"),
    (done_in_one_chunk, CHAT, "https://github.com/theopenco/llmgateway/pull/585"),
    (first_frame_of_a_chunk, CHAT, "https://github.com/MacPaw/OpenAI/pull/104"),
    (last_frame_dropped, CHAT, "https://github.com/agentjido/req_llm/issues/462"),
    (event_name_forgotten, NAMED, "https://github.com/SamSaffron/term-llm/pull/456"),
    (comment_ends_the_chunk, NAMED, "https://github.com/continuedev/continue/pull/13144"),
    (bom_in_the_first_chunk, codecs.BOM_UTF8 + CHAT, "https://github.com/openai/openai-python/pull/3819"),
    (ndjson_by_chunk, NDJSON, "https://github.com/PostHog/posthog/pull/44494"),
    (universal_lines, WINDOWS, "https://github.com/florimondmanca/httpx-sse/issues/34"),
    (stripped_chunks, CHAT, "https://github.com/docker/compose/pull/3789"),
    (empty_chunk_ends, CHAT, "https://github.com/rexxars/eventsource-parser/pull/41"),
    (surrogates_apart, ESCAPES, "https://github.com/elizaOS/eliza/issues/30904"),
    (first_chunk_peeked, CHAT, "https://github.com/vllm-project/aibrix/pull/2653"),
    (think_tags, "<think>so</think>sunny", "https://github.com/sgl-project/sglang/pull/30990"),
    (fences, "```py\nx\n```\n```\ny", "https://github.com/raullenchai/Rapid-MLX/pull/2106"),
    (last_three, CHAT, "https://github.com/LearningCircuit/local-deep-research/pull/6206"),
    (what_is_cut_is_ignored, CHAT, "https://github.com/braintrustdata/braintrust-sdk-javascript/pull/2091"),
    (comment_before_its_end, NAMED, "https://github.com/continuedev/continue/pull/13187"),
    (spaces_at_the_edges, CHAT, "https://github.com/huggingface/speech-to-speech/issues/480"),
    (closed_inside_an_escape, ARGUMENTS, "https://github.com/ggml-org/llama.cpp/pull/16526"),
    (numbers_as_they_begin, ARGUMENTS, "https://github.com/BoundaryML/baml/pull/1032"),
    (quotes_by_chunk, OBJECTS, "https://github.com/567-labs/instructor/pull/2339"),
    (full_queue, CHAT, "https://github.com/manthanguptaa/water/issues/64"),
    (slowest_paints_last, CHAT, "https://github.com/zhukunpenglinyutong/jetbrains-cc-gui/pull/814"),
    (last_look_too_early, CHAT, "https://github.com/inclusionAI/Avernet/pull/2057"),
    (colours, "\x1b[1;31mred\x1b[0m x", "https://github.com/github/copilot-cli/issues/2103"),
    (bold, "a **b** c", "https://github.com/Nomadcxx/opencode-cursor/pull/115"),
    (stop_word, "so STOP it", "https://github.com/mzau/mlx-knife/issues/68"),
    (base64_by_chunk, b"aGVsbG8gd29ybGQ=", "https://github.com/pillarjs/multiparty/issues/280"),
    (data_of_this_chunk, WINDOWS, "https://github.com/openresponses/openresponses/issues/56"),
    (one_member_in_a_chunk, MEMBERS, "https://github.com/aio-libs/aiohttp/pull/12674"),
    (empty_chunk_forgets, CHAT, "https://github.com/softwaremill/jox/pull/370"),
    (frame_twice, CHAT, "https://github.com/ChatGPTBox-dev/chatGPTBox/pull/1036"),
]


async def heartbeat(chunks: AsyncIterable[bytes]) -> bytes:
    """Whoever waits too long for a chunk sends a sign of life; the wait was cancelled, and with it the stream."""
    found, pieces = b"", aiter(chunks)
    while True:
        try:
            found += await asyncio.wait_for(anext(pieces), 0.5)
        except TimeoutError:
            continue
        except StopAsyncIteration:
            return found


# Consumers with timers, with the pauses to try.
TIMED: list[tuple[Any, bytes, list[float], str]] = [
    (heartbeat, CHAT, [0, 1, 20], "https://github.com/Kiln-AI/Kiln/pull/1435"),
]
