"""What the benchmarks share: cases in forked children, turns between columns, medians, ratios, cassettes to measure with.

Times are CPU time of the process that works: the machine may be shared. Columns of one table take turns, so that a ratio
within one run holds even where its milliseconds do not.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import json
import math
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

URL = "https://api.example.com/v1/chat/completions"
HEADERS = {"content-type": "application/json"}
KINDS = {"json": 500, "sse": 20_000, "long sse": 200_000}
"""Kinds of replies, and about how many bytes each has."""

Case = Callable[[], float | Mapping[str, float]]


def is_installed(*modules: str) -> bool:
    """Whether all of these can be imported here."""
    return all(importlib.util.find_spec(module.partition(".")[0]) is not None for module in modules)


def in_child(case: Case) -> dict[str, float]:
    """What `case` returns (a number is taken as `value`), run in a forked child: it begins as every other case does."""
    gc.collect()
    sys.stdout.flush()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        status = 1
        with contextlib.suppress(BaseException):
            try:
                found = case()
                result: object = dict(found) if isinstance(found, Mapping) else {"value": found}
                status = 0
            except BaseException as error:
                result = f"{type(error).__name__}: {error}"
            with os.fdopen(write, "w") as pipe:
                json.dump(result, pipe)
        os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    result = json.loads(said) if said else "it died"
    if not isinstance(result, dict):
        raise RuntimeError(f"a case failed: {result}")
    return result


def in_turns(
    columns: Mapping[str, Case], repeat: int, run: Callable[[Case], dict[str, float]] = in_child
) -> dict[str, dict[str, float]]:
    """The medians of each column. Every turn runs all of them; one that takes 5 s or more has only one turn."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in columns}
    for _ in range(repeat):
        for name, case in columns.items():
            earlier = found[name]
            if not earlier or earlier[0].get("value", 0) < 5:
                earlier.append(run(case))
    return {name: {key: statistics.median(one[key] for one in all) for key in all[0]} for name, all in found.items()}


def with_ratios(values: Mapping[str, float], ours: str = "playhead") -> dict[str, float]:
    """A row: the values by column, then what ours is of each other."""
    return {**values, **{f"{ours} / {name}": values[ours] / value for name, value in values.items() if name != ours}}


def slope(sizes: Sequence[float], values: Sequence[float]) -> float:
    """How the values grow with the sizes, as an exponent, from the first to the last."""
    return math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0])


# --------------------------------------------------------------------------- cassettes
def question(number: int) -> bytes:
    """The body of a request."""
    messages = [{"role": "user", "content": f"question number {number}"}]
    return json.dumps({"model": "m-1", "stream": True, "messages": messages}).encode()


def reply(kind: str, number: int) -> list[bytes]:
    """The chunks of a reply: one of JSON, or one for each event."""
    size = KINDS[kind]
    if kind == "json":
        words = f"answer {number}: " + "lorem ipsum dolor sit amet " * 14
        message = {"role": "assistant", "content": words}
        return [
            json.dumps({"id": f"r{number}", "object": "chat.completion", "choices": [{"message": message}]}).encode()
        ]
    chunks: list[bytes] = []
    length = 0
    while length < size:
        delta = {"index": 0, "delta": {"content": f" tokén{len(chunks)}"}, "finish_reason": None}
        event = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion.chunk",
            "created": 1754000000,
            "choices": [delta],
        }
        chunks.append(f"data: {json.dumps(event, ensure_ascii=len(chunks) % 10 != 0)}\n\n".encode())
        length += len(chunks[-1])
    return [*chunks, b"data: [DONE]\n\n"]


def write_vcr(path: Path, kind: str, count: int) -> None:
    """A cassette as VCR.py's own serializer writes it."""
    import yaml

    content_type = "application/json" if kind == "json" else "text/event-stream"
    interactions = [
        {
            "request": {
                "method": "POST",
                "uri": URL,
                "body": question(number).decode(),
                "headers": {name: [value] for name, value in {**HEADERS, "accept": "*/*"}.items()},
            },
            "response": {
                "status": {"code": 200, "message": "OK"},
                "headers": {"content-type": [content_type], "x-request-id": [f"req-{number}"]},
                "body": {"string": b"".join(reply(kind, number)).decode()},
            },
        }
        for number in range(count)
    ]
    dumper: Any = getattr(yaml, "CDumper", yaml.Dumper)
    path.write_text(yaml.dump({"interactions": interactions, "version": 1}, Dumper=dumper))


def write_own(path: Path, kind: str, count: int) -> None:
    """The same as Playhead records it: with the chunks and their times."""
    from playhead.cassette import write_file

    write_file(str(path), [interaction(kind, number) for number in range(count)])


def interaction(kind: str, number: int) -> Any:
    """One recording, as it is when it was just made."""
    from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream

    chunks = reply(kind, number)
    content_type = "application/json" if kind == "json" else "text/event-stream"
    stream = Stream(
        [len(chunk) for chunk in chunks],
        [300 + 12 * place for place in range(len(chunks))],
        recorded_at="2026-11-20T10:00:00Z",
    )
    sent = {name: [value] for name, value in {**HEADERS, "accept": "*/*"}.items()}
    headers = {"content-type": [content_type], "x-request-id": [f"req-{number}"]}
    request = RecordedRequest("POST", URL, sent, question(number))
    return Interaction(request, RecordedResponse(200, "OK", headers, b"".join(chunks), stream))
