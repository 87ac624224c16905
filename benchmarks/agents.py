"""The runtime beside its floor and its peers: events, partial outputs, tool rounds, short runs.

    python benchmarks/agents.py [events structured tools short] [--repeat N] [--reference PYTHON]

Every case runs in a process of its own and reports its CPU time; the columns of one table take turns, so ratios within a
run hold on a busy machine. Columns: `bare` is a generator over a generator that makes one small object for each event,
which a thin runtime cannot go below; `playhead`; `pydantic-ai` as installed beside it, and of the interpreter that
`--reference` names (`make conformance` makes one). Adapters speak to all runtimes alike: only the import differs.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from typing_extensions import TypedDict

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / ".venv-reference" / "bin" / "python"
SIZES = {
    "events": [1_000, 10_000, 100_000],
    "structured": [10_000, 100_000, 400_000],
    "tools": [10, 100, 1_000],
    "short": [200],
}
BUDGETS = {"run_stream_events": 3.5}  # times `bare` at 10,000 events; 3 for the others


class Item(BaseModel):
    """One of a list."""

    id: int
    name: str
    score: float
    tags: list[str]


class Report(BaseModel):
    """A list as a model."""

    title: str
    items: list[Item]


class ItemDict(TypedDict):
    """One of a list."""

    id: int
    name: str
    score: float
    tags: list[str]


class ReportDict(TypedDict, total=False):
    """A list as a dictionary."""

    title: str
    items: list[ItemDict]


class Answer(BaseModel):
    """A short answer."""

    text: str


OUTPUT_TYPES: dict[str, Any] = {"model": Report, "typeddict": ReportDict, "answer": Answer}


# --------------------------------------------------------------------------- what is measured, for any runtime
def piece(number: int) -> str:
    """A word of a long reply."""
    return f"tok{number % 10} "


@dataclass
class Piece:
    """What `bare` makes for each event."""

    content: str
    index: int = 0
    kind: str = "delta"


async def bare(count: int) -> int:
    """A generator over a generator, one new object an event."""

    async def model() -> AsyncIterator[str]:
        for number in range(count):
            yield piece(number)

    async def runtime() -> AsyncIterator[Piece]:
        pieces: list[str] = []
        async for text in model():
            pieces.append(text)
            yield Piece(text)
        "".join(pieces)

    seen = 0
    async for _ in runtime():
        seen += 1
    return seen


class Runtime:
    """A runtime under the names that Playhead and PydanticAI share."""

    def __init__(self, package: str) -> None:
        self.top = importlib.import_module(package)
        self.function = importlib.import_module(f"{package}.models.function")
        self.messages = importlib.import_module(f"{package}.messages")
        self.test = importlib.import_module(f"{package}.models.test")

    def talker(self, count: int) -> Any:
        """An agent whose model streams `count` words."""

        async def stream(messages: Any, info: Any) -> AsyncIterator[str]:
            for number in range(count):
                yield piece(number)

        return self.top.Agent(self.function.FunctionModel(stream_function=stream))

    async def run_stream_events(self, count: int) -> int:
        """All events, as one stream."""
        opened = self.talker(count).run_stream_events("hi")
        seen = 0
        if hasattr(opened, "__aenter__"):
            async with opened as events:
                async for _ in events:
                    seen += 1
        else:
            async for _ in opened:
                seen += 1
        return seen

    async def stream_text(self, count: int) -> int:
        """Text deltas."""
        seen = 0
        async with self.talker(count).run_stream("hi") as result:
            async for _ in result.stream_text(delta=True, debounce_by=None):
                seen += 1
        return seen

    async def handler(self, count: int) -> int:
        """All events, given to a handler."""
        seen = 0

        async def handle(ctx: Any, events: Any) -> None:
            nonlocal seen
            async for _ in events:
                seen += 1

        await self.talker(count).run("hi", event_stream_handler=handle)
        return seen

    async def nodes(self, count: int) -> int:
        """The events of the model's node."""
        seen = 0
        async with self.talker(count).iter("hi") as run:
            async for node in run:
                if self.top.Agent.is_model_request_node(node):
                    async with node.stream(run.ctx) as events:
                        async for _ in events:
                            seen += 1
        return seen

    async def structured(self, size: int, kind: str) -> int:
        """Every partial output of a growing list of objects, in pieces of eight characters."""
        text = document(size)

        async def stream(messages: Any, info: Any) -> AsyncIterator[Any]:
            call = self.function.DeltaToolCall
            yield {0: call(name=info.output_tools[0].name, json_args="", tool_call_id="c1")}
            for start in range(0, len(text), 8):
                yield {0: call(json_args=text[start : start + 8])}

        agent = self.top.Agent(self.function.FunctionModel(stream_function=stream), output_type=OUTPUT_TYPES[kind])
        seen, latest = 0, None
        async with agent.run_stream("hi") as result:
            async for output in result.stream_output(debounce_by=None):
                seen, latest = seen + 1, output
        whole = latest.model_dump() if kind == "model" and latest is not None else latest
        assert whole == json.loads(text)
        return seen

    async def tools(self, rounds: int) -> int:
        """Rounds of one tool call each, not streamed."""
        asked = 0

        async def answer(messages: Any, info: Any) -> Any:
            nonlocal asked
            asked += 1
            part = self.messages
            if asked <= rounds:
                return part.ModelResponse(parts=[part.ToolCallPart("lookup", {"x": asked}, tool_call_id=f"c{asked}")])
            return part.ModelResponse(parts=[part.TextPart("done")])

        agent = self.top.Agent(self.function.FunctionModel(answer))
        called = 0

        @agent.tool_plain
        async def lookup(x: int) -> str:
            nonlocal called
            called += 1
            return f"result {x}"

        await agent.run("hi", usage_limits=self.top.UsageLimits(request_limit=None))
        return called

    async def short(self, times: int) -> int:
        """Runs as a test suite makes them: an agent with a tool and an output type is built, and run once."""
        kind = OUTPUT_TYPES["answer"]

        def tool(x: int) -> str:
            """A tool."""
            return str(x)

        for _ in range(times):
            await self.top.Agent(self.test.TestModel(), tools=[tool], output_type=kind).run("hi")
        return times


def document(size: int) -> str:
    """JSON of about `size` characters: a report with a list of items."""
    items: list[Any] = []
    length = 40
    while length < size or not items:
        number = len(items)
        items.append(
            {"id": number, "name": f"item number {number}", "score": number / 7, "tags": ["red", f"t{number % 13}"]}
        )
        length += len(json.dumps(items[-1])) + 2
    return json.dumps({"title": "a report", "items": items})


# --------------------------------------------------------------------------- one case in this process
def cases(package: str) -> dict[str, Callable[[int], Any]]:
    """What can be measured of a runtime, by name."""
    if package == "bare":
        return {"bare": bare}
    runtime = Runtime(package)
    return {
        "run_stream_events": runtime.run_stream_events,
        "stream_text": runtime.stream_text,
        "handler": runtime.handler,
        "iter": runtime.nodes,
        "model": lambda size: runtime.structured(size, "model"),
        "typeddict": lambda size: runtime.structured(size, "typeddict"),
        "tool rounds": runtime.tools,
        "build and run": runtime.short,
    }


def worker(package: str, case: str, size: int) -> None:
    """Measure one case, and print its CPU seconds and what it was handed."""
    measured = cases(package)[case]
    asyncio.run(measured(min(size, 20)))  # imports and caches
    start = time.process_time()
    seen = asyncio.run(measured(size))
    print(json.dumps({"cpu_s": time.process_time() - start, "seen": seen}))


# --------------------------------------------------------------------------- all columns, in turns
GROUPS = {
    "events": ["run_stream_events", "stream_text", "handler", "iter"],
    "structured": ["model", "typeddict"],
    "tools": ["tool rounds"],
    "short": ["build and run"],
}


def measure(groups: list[str] | None = None, repeat: int = 5, reference: Path = REFERENCE) -> dict[str, Any]:
    """Rows by group: for each case and size the medians of each column, and their ratios."""
    columns = {"playhead": (sys.executable, "playhead")}
    if importlib.util.find_spec("pydantic_ai") is not None:
        columns["pydantic-ai (installed)"] = (sys.executable, "pydantic_ai")
    if reference.exists():
        columns["pydantic-ai 1.85.1"] = (str(reference), "pydantic_ai")
    rows: dict[str, Any] = {}
    for group in groups or list(GROUPS):
        for case in GROUPS[group]:
            slow: set[str] = set()
            for size in SIZES[group]:
                taken: dict[str, list[float]] = {}
                for number in range(repeat):
                    for column, (python, package) in [*columns.items(), ("bare", (sys.executable, "bare"))]:
                        if column == "bare" and group != "events":
                            continue
                        if column in slow or (number and taken[column][0] > 2):
                            continue  # once is enough for a slow case, and its larger sizes are left out
                        seconds = _ask(python, package, "bare" if column == "bare" else case, size)
                        taken.setdefault(column, []).append(seconds)
                row = {column: statistics.median(values) for column, values in taken.items()}
                slow |= {column for column, seconds in row.items() if seconds > 5}
                for column in row.keys() - {"playhead"}:
                    row[f"playhead / {column}"] = row["playhead"] / row[column]
                rows[f"{group}: {case}, {size}"] = row
                show({f"{group}: {case}, {size}": row})
            first, last = SIZES[group][0], SIZES[group][-1]
            if first != last:
                small, large = (rows[f"{group}: {case}, {size}"]["playhead"] for size in (first, last))
                rows[f"{group}: {case}, {last}"]["slope"] = math.log(large / small) / math.log(last / first)
    return rows


def _ask(python: str, package: str, case: str, size: int) -> float:
    command = [python, __file__, "--worker", package, case, str(size)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True, timeout=600)
    return float(json.loads(done.stdout)["cpu_s"])


def show(rows: dict[str, Any]) -> None:
    """The rows as tables: CPU milliseconds, then ratios."""
    for name, row in rows.items():
        times = ", ".join(
            f"{key} {value * 1e3:.2f} ms" for key, value in row.items() if "/" not in key and key != "slope"
        )
        ratios = ", ".join(f"{key} {value:.3g}" for key, value in row.items() if "/" in key or key == "slope")
        print(f"{name}: {times}; {ratios}", flush=True)


def main() -> None:
    """Measure what was asked for, and show it."""
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2], sys.argv[3], int(sys.argv[4]))
        return
    parser = argparse.ArgumentParser(description="The runtime beside its floor and its peers.")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], default=list(GROUPS))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--reference", type=Path, default=REFERENCE)
    args = parser.parse_args()
    for name, row in measure(args.groups, args.repeat, args.reference).items():
        if "slope" in row:
            print(f"{name}: slope {row['slope']:.3f}")


if __name__ == "__main__":
    main()
