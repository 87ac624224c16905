"""Cassettes beside those of VCR.py and cassetter: load, save, open and close, find and replay.

    python benchmarks/cassettes.py [load save open replay] [--repeat N] [--kind KIND ...] [--count N ...]

Every recorder has a file of its own making with the same traffic: ours with chunks and times, VCR.py's as its serializer
writes it, cassetter's converted by itself (and, as another column, VCR.py's file read by it). Each case runs in a forked
child; tables are milliseconds of CPU, ratios are within one run. Budgets: load no slower than cassetter's of its own file,
save within 1.5 x, replay per request within 1.2 x and constant in the number of recordings, opening and closing 0.1 ms
beside reading the file.

`load` reads a file until it can be replayed from; what a recorder leaves for later (we leave bodies until they are asked
for, and so says `load, and look at all`) is in `replay`. `save` writes interactions that are in memory. `replay` sends
every recorded request once through httpx and reads the reply to its end; `floor` is httpx itself, with MockTransport.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import _measure as measuring
import httpx

import playhead
from playhead.cassette import read_file, write_file

KINDS = tuple(measuring.KINDS)
COUNTS = (1, 10, 100, 1000)
BYTES_MAX = 25_000_000  # of one cassette
MATCH_ON = ["method", "scheme", "host", "port", "path", "query", "body"]


# --------------------------------------------------------------------------- the recorders
class Ours:
    """Playhead, from a file of its own."""

    def __init__(self, path: Path, kind: str, count: int) -> None:
        self.path = path
        measuring.write_own(path, kind, count)

    def load(self) -> Any:
        """Reads the file."""
        return read_file(str(self.path)).interactions

    def look(self, loaded: Any) -> int:
        """Takes everything out of what was loaded."""
        return sum(len(one.request.body) + len(one.response.body) + len(one.response.headers) for one in loaded)

    def fresh(self, kind: str, count: int) -> Any:
        """Interactions that are in memory, and in no file yet."""
        return [measuring.interaction(kind, number) for number in range(count)]

    def save(self, interactions: Any) -> None:
        """Writes them."""
        write_file(str(self.path), interactions)

    def opened(self) -> Any:
        """A context in which httpx is replayed from the file."""
        return playhead.use_cassette(self.path)


class OursForeign(Ours):
    """Playhead, from a file of VCR.py's."""

    def __init__(self, path: Path, kind: str, count: int) -> None:
        self.path = path
        measuring.write_vcr(path, kind, count)

    def opened(self) -> Any:
        return playhead.use_cassette(self.path, match_on=MATCH_ON)


class Vcrpy(OursForeign):
    """VCR.py, with libyaml where PyYAML has it."""

    def load(self) -> Any:
        from vcr.cassette import Cassette
        from vcr.serializers import yamlserializer

        return Cassette.load(path=str(self.path), serializer=yamlserializer)

    def fresh(self, kind: str, count: int) -> Any:
        return self.load()

    def save(self, interactions: Any) -> None:
        interactions._save(force=True)

    def opened(self) -> Any:
        import vcr

        return vcr.VCR(record_mode="none", match_on=MATCH_ON).use_cassette(str(self.path))


class CassetterForeign(OursForeign):
    """Cassetter, from a file of VCR.py's."""

    def load(self) -> Any:
        loaded = self.config().cassette(str(self.path))
        loaded.load()
        return loaded

    def fresh(self, kind: str, count: int) -> Any:
        return self.load()

    def save(self, interactions: Any) -> None:
        interactions._dirty = True
        interactions.save()

    def opened(self) -> Any:
        return self.config().use_cassette(str(self.path))

    def config(self) -> Any:
        """Matching what ours matches by default."""
        import cassetter

        return cassetter.Cassetter(record_mode="none", match_on=["method", "uri", "body"])


class Cassetter(CassetterForeign):
    """Cassetter, from a file of its own."""

    def __init__(self, path: Path, kind: str, count: int) -> None:
        super().__init__(path, kind, count)
        self.save(self.load())


class Floor(OursForeign):
    """No recorder: httpx itself, with a reply in memory."""

    def __init__(self, path: Path, kind: str, count: int) -> None:
        body = b"".join(measuring.reply(kind, 0))
        self.transport = httpx.MockTransport(lambda request: httpx.Response(200, content=body))

    def opened(self) -> Any:
        return contextlib.nullcontext(self.transport)


def recorders(*, floor: bool = False, foreign: bool = True) -> dict[str, Any]:
    """The columns: what is installed here."""
    found: dict[str, Any] = {"playhead": Ours}
    if measuring.is_installed("cassetter"):
        found["cassetter"] = Cassetter
    found["VCR.py"] = Vcrpy
    if foreign:
        found["playhead, VCR.py's file"] = OursForeign
        if measuring.is_installed("cassetter"):
            found["cassetter, VCR.py's file"] = CassetterForeign
    if floor:
        found["floor"] = Floor
    return found


# --------------------------------------------------------------------------- the cases
def load(recorder: Any, count: int, look: bool) -> float:
    """Seconds to read a file."""
    return _mean(lambda: recorder.look(recorder.load()) if look else recorder.load(), count)


def save(recorder: Any, kind: str, count: int) -> float:
    """Seconds to write one."""
    interactions = recorder.fresh(kind, count)
    return _mean(lambda: recorder.save(interactions), count)


def _mean(run: Callable[[], object], count: int) -> float:
    """Of so many times that a small file is not measured by its first time only."""
    times = max(2, 100 // count)
    run()
    start = time.process_time()
    for _ in range(times):
        run()
    return (time.process_time() - start) / times


def open_and_close(recorder: Any, times: int) -> dict[str, float]:
    """Seconds to open and close a cassette, and to read its file, each as a mean of `times`."""

    def opened() -> None:
        with recorder.opened():
            pass

    opening = reading = 0.0
    for number in range(times + 1):
        start = time.process_time()
        opened()
        between = time.process_time()
        recorder.load()
        if number:  # the first one of each is not like the others
            opening, reading = opening + between - start, reading + time.process_time() - between
    return {"value": opening / times, "beside reading": (opening - reading) / times}


def replay(recorder: Any, count: int) -> dict[str, float]:
    """Seconds a request, with all requests of the cassette, without (`value`) and with opening it."""
    sending = whole = 0.0
    for number in range(_rounds(count) + 1):
        start = time.process_time()
        with recorder.opened() as opened:
            transport = opened if isinstance(opened, httpx.MockTransport) else None
            with httpx.Client(transport=transport, verify=TLS) as client:
                begun = time.process_time()
                for question in _shuffled(count):
                    with client.stream("POST", measuring.URL, content=question, headers=measuring.HEADERS) as response:
                        size = sum(len(chunk) for chunk in response.iter_bytes())
                assert size > 100
                if number:
                    sending += time.process_time() - begun
        if number:
            whole += time.process_time() - start
    return {"value": sending / count / _rounds(count), "with opening": whole / count / _rounds(count)}


async def replay_async(recorder: Any, count: int) -> dict[str, float]:
    """The same with an async client."""
    sending = 0.0
    for number in range(_rounds(count) + 1):
        with recorder.opened() as opened:
            transport = opened if isinstance(opened, httpx.MockTransport) else None
            async with httpx.AsyncClient(transport=transport, verify=TLS) as client:
                begun = time.process_time()
                for question in _shuffled(count):
                    async with client.stream(
                        "POST", measuring.URL, content=question, headers=measuring.HEADERS
                    ) as response:
                        size = sum([len(chunk) async for chunk in response.aiter_bytes()])
                assert size > 100
                if number:
                    sending += time.process_time() - begun
    return {"value": sending / count / _rounds(count)}


def _rounds(count: int) -> int:
    return max(1, 50 // count)


def _shuffled(count: int) -> list[bytes]:
    """Every question once, in an order that no search from the front or from the last hit is good at."""
    step = 1 if count % 7 == 0 else 7
    return [measuring.question(number * step % count) for number in range(count)]


TLS = ssl.create_default_context()  # once: it takes longer than most replays


# --------------------------------------------------------------------------- all columns, in turns
def measure(
    groups: Sequence[str] = ("load", "save", "open", "replay"),
    kinds: Sequence[str] = KINDS,
    counts: Sequence[int] = COUNTS,
    repeat: int = 5,
    times: int = 200,
) -> dict[str, dict[str, float]]:
    """A row for each operation, kind and count: milliseconds by column, and ratios."""
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        _warm(Path(folder))
        for kind in kinds:
            fitting = [count for count in counts if count * measuring.KINDS[kind] <= BYTES_MAX]
            for group in groups:
                for count in [1] if group == "open" else fitting:
                    _GROUPS[group](rows, Path(folder), kind, count, repeat, times)
            if "replay" in groups and len(fitting) > 1:
                for name in ("replay", "replay, async"):
                    values = [rows[f"{name}: {kind}, {count}"]["playhead"] for count in (fitting[-2], fitting[-1])]
                    rows[f"{name}: {kind}, {fitting[-1]}"]["slope"] = measuring.slope(fitting[-2:], values)
    return rows


Rows = dict[str, dict[str, float]]


def _loads(rows: Rows, folder: Path, kind: str, count: int, repeat: int, times: int) -> None:
    made = _made(recorders(), folder, kind, count)
    cases: dict[str, Any] = {name: partial(load, one, count, False) for name, one in made.items()}
    cases["playhead, and look at all"] = partial(load, made["playhead"], count, True)
    _put(rows, f"load: {kind}, {count}", cases, repeat)


def _saves(rows: Rows, folder: Path, kind: str, count: int, repeat: int, times: int) -> None:
    made = _made(recorders(foreign=False), folder, kind, count)
    _put(rows, f"save: {kind}, {count}", {name: partial(save, one, kind, count) for name, one in made.items()}, repeat)


def _opens(rows: Rows, folder: Path, kind: str, count: int, repeat: int, times: int) -> None:
    made = _made(recorders(foreign=False), folder, kind, count)
    found = measuring.in_turns({name: partial(open_and_close, one, times) for name, one in made.items()}, repeat)
    name = f"open and close: {kind}, {count}"
    rows[name] = measuring.with_ratios({column: values["value"] * 1e3 for column, values in found.items()})
    rows[name] |= {f"{column}, beside reading": values["beside reading"] * 1e3 for column, values in found.items()}


def _replays(rows: Rows, folder: Path, kind: str, count: int, repeat: int, times: int) -> None:
    made = _made(recorders(floor=True), folder, kind, count)
    for name in ("replay", "replay, async"):
        # Who searches linearly would be at it for minutes.
        before = [row for key, row in rows.items() if key.startswith(f"{name}: {kind}, ")]
        slow = {column for column in made if before and before[-1].get(column, 1e9) > 4}
        run = _run_async if "async" in name else replay
        cases = {column: partial(run, one, count) for column, one in made.items() if column not in slow}
        found = measuring.in_turns(cases, repeat)
        rows[f"{name}: {kind}, {count}"] = _row(found, "value")
        if name == "replay":
            rows[f"replay with its opening: {kind}, {count}"] = _row(found, "with opening")


def _run_async(recorder: Any, count: int) -> dict[str, float]:
    return asyncio.run(replay_async(recorder, count))


_GROUPS: dict[str, Callable[[Rows, Path, str, int, int, int], None]] = {
    "load": _loads,
    "save": _saves,
    "open": _opens,
    "replay": _replays,
}


def _put(rows: Rows, name: str, cases: dict[str, Any], repeat: int) -> None:
    rows[name] = _row(measuring.in_turns(cases, repeat), "value")


def _row(found: dict[str, dict[str, float]], key: str) -> dict[str, float]:
    return measuring.with_ratios({column: values[key] * 1e3 for column, values in found.items()})


def _made(kinds: dict[str, Any], folder: Path, kind: str, count: int) -> dict[str, Any]:
    shutil.rmtree(folder / "files", ignore_errors=True)
    made: dict[str, Any] = {}
    for number, (name, recorder) in enumerate(kinds.items()):
        path = folder / "files" / str(number)
        path.mkdir(parents=True)
        made[name] = recorder(path / "cassette.yaml", kind, count)
    return made


def _warm(folder: Path) -> None:
    """Everything once, so that imports are done before the first child is made."""
    for one in _made(recorders(floor=True), folder, "json", 2).values():
        replay(one, 2)
        _run_async(one, 2)


def main() -> None:
    """Measure what was asked for, and show it."""
    parser = argparse.ArgumentParser(description="Cassettes beside those of VCR.py and cassetter.")
    parser.add_argument("groups", nargs="*", choices=[*_GROUPS, []], default=[])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--kind", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--count", nargs="+", type=int, default=COUNTS)
    args = parser.parse_args()
    for name, row in measure(args.groups or list(_GROUPS), args.kind, args.count, args.repeat).items():
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    sys.exit(main())
