"""What a recorder does to a stream while it records: first chunk, whole stream, chunks, cancellation.

    python benchmarks/recording.py [stream burst cancel] [--repeat N] [--frames N] [--gap MS]

A server of server-sent events runs in a process of its own on 127.0.0.1. `stream` reads frames that come some milliseconds
apart, as from a model: milliseconds by the wall clock to the first chunk and to the last. `burst` reads many frames sent
at once: CPU milliseconds of the client, the recorder's whole work for a chunk, and what closing (masking, saving) adds.
`cancel` cancels the reading task after a third, and says how long that took, whether the server saw it, and what is kept.
Columns take turns; `none` is the client without a recorder. Budgets: at most 1.2 x `none` to the first chunk and for the
whole stream, and as many chunks.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import re
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import _measure as measuring
import httpx

import playhead

GROUPS = ("stream", "burst", "cancel")
TLS = ssl.create_default_context()  # once: it takes longer than a short stream


# --------------------------------------------------------------------------- the recorders
def recorders() -> dict[str, Callable[[Path], Any]]:
    """The columns: what opens a cassette for recording, of those installed here."""
    found: dict[str, Callable[[Path], Any]] = {
        "none": lambda path: contextlib.nullcontext(),
        "playhead": lambda path: playhead.use_cassette(path, record_mode="all"),
    }
    if measuring.is_installed("cassetter"):
        import cassetter

        found["cassetter"] = lambda path: cassetter.use_cassette(str(path), record_mode="all")
    import vcr

    found["VCR.py"] = lambda path: vcr.VCR(record_mode="all").use_cassette(str(path))
    return found


# --------------------------------------------------------------------------- the server
class Server:
    """Sends `/FRAMES/GAP` as chunked events, and tells at `/state` how the last stream went."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            if length := re.search(rb"content-length: (\d+)", head.lower()):
                await reader.readexactly(int(length[1]))
            if path == "/state":
                said = json.dumps(self.state).encode()
                writer.write(
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(said), said)
                )
            else:
                await self.stream(writer, *map(float, path.strip("/").split("/")))
            await writer.drain()
        writer.close()

    async def stream(self, writer: asyncio.StreamWriter, frames: float, gap_ms: float) -> None:
        """A reply of so many frames."""
        self.state = {"sent": 0, "hung up": False}
        head = b"content-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\n" + head)
        try:
            for number in range(int(frames)):
                frame = b'data: {"number": %d, "delta": " a token and some more of it"}\n\n' % number
                writer.write(b"%x\r\n%s\r\n" % (len(frame), frame))
                if gap_ms or number % 16 == 15:
                    await writer.drain()
                self.state["sent"] += 1
                if gap_ms:
                    await asyncio.sleep(gap_ms / 1e3)
            writer.write(b"0\r\n\r\n")
            await writer.drain()
        except ConnectionError:
            self.state["hung up"] = True


async def serve() -> None:
    """Serves until standard input ends; the port is printed first."""
    server = await asyncio.start_server(Server().handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.close()


@contextlib.contextmanager
def served() -> Iterator[str]:
    """A server in a process of its own: its URL."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()


# --------------------------------------------------------------------------- the client
async def read(url: str) -> dict[str, float]:
    """Reads a stream to its end: when the first and the last chunk came, how many, and the CPU time it took."""
    chunks: list[float] = []
    async with httpx.AsyncClient(verify=TLS, timeout=60, trust_env=False) as client:
        wall, cpu = time.perf_counter(), time.process_time()
        async with client.stream("POST", url, json={"stream": True}) as response:
            async for _ in response.aiter_bytes():
                chunks.append(time.perf_counter())
        used = time.process_time() - cpu
    first, last = ((moment - wall) * 1e3 for moment in (chunks[0], chunks[-1]))
    return {"first chunk": first, "whole": last, "cpu": used * 1e3, "chunks": len(chunks)}


async def cancel(url: str, after_s: float) -> float:
    """Milliseconds from cancelling a reading task to its end."""
    reading = asyncio.ensure_future(read(url))
    await asyncio.sleep(after_s)
    start = time.perf_counter()
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    return (time.perf_counter() - start) * 1e3


def recorded(open_recorder: Callable[[Path], Any], path: Path, url: str) -> dict[str, float]:
    """What the client saw, and the CPU milliseconds of opening and closing the recorder."""
    path.unlink(missing_ok=True)
    with contextlib.ExitStack() as stack:
        start = time.process_time()
        stack.enter_context(open_recorder(path))
        opening = time.process_time() - start
        seen = asyncio.run(read(url))
        start = time.process_time()
        stack.close()
        return {**seen, "open and close": (time.process_time() - start + opening) * 1e3}


# --------------------------------------------------------------------------- all columns, in turns
def measure(
    groups: Sequence[str] = GROUPS, repeat: int = 15, frames: int = 100, gap_ms: float = 5, burst: int = 5000
) -> dict[str, dict[str, Any]]:
    """Rows by what was measured: numbers by column, and ratios to `none`."""
    columns = recorders()
    rows: dict[str, dict[str, Any]] = {}
    with served() as server, tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cassette.yaml"
        for open_recorder in columns.values():
            recorded(open_recorder, path, f"{server}/3/0")  # imports
        for group, url in (("stream", f"{server}/{frames}/{gap_ms}"), ("burst", f"{server}/{burst}/0")):
            if group not in groups:
                continue
            found: dict[str, list[dict[str, float]]] = {name: [] for name in columns}
            for _ in range(repeat):
                for name, open_recorder in columns.items():
                    found[name].append(recorded(open_recorder, path, url))
            for what in _SHOWN[group]:
                medians = {name: statistics.median(one[what] for one in all) for name, all in found.items()}
                row: dict[str, Any] = dict(medians)
                if what != "open and close":
                    row |= {f"{name} / none": medians[name] / medians["none"] for name in columns if name != "none"}
                rows[f"{group}: {what}"] = row
        if "cancel" in groups:
            rows |= _cancelled(columns, server, path, frames, gap_ms)
    return rows


_SHOWN = {"stream": ("first chunk", "whole", "chunks"), "burst": ("cpu", "whole", "chunks", "open and close")}


def _cancelled(
    columns: dict[str, Callable[[Path], Any]], server: str, path: Path, frames: int, gap_ms: float
) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for name, open_recorder in columns.items():
        path.unlink(missing_ok=True)
        try:
            with open_recorder(path):
                took = asyncio.run(cancel(f"{server}/{frames}/{gap_ms}", frames * gap_ms / 3e3))
        except Exception as error:
            rows[f"cancel: {name}"] = {"raised": f"{type(error).__name__}: {error}"}
            continue
        state = _hung_up(server)
        kept = path.read_text().count("a token") if path.exists() else 0
        rows[f"cancel: {name}"] = {
            "milliseconds": took,
            "frames sent": state["sent"],
            "server saw it": "yes" if state["hung up"] else "no",
            "frames kept": kept,
        }
    return rows


def _hung_up(server: str) -> dict[str, Any]:
    """The server's state once it noticed, or a second later: it hears of a closed connection at its next frame or two."""
    state: dict[str, Any] = {}
    for _ in range(20):
        state = httpx.get(f"{server}/state", trust_env=False).json()
        if state["hung up"]:
            break
        time.sleep(0.05)
    return state


def main() -> None:
    """Measure what was asked for, and show it."""
    if sys.argv[1:] == ["--serve"]:
        asyncio.run(serve())
        return
    parser = argparse.ArgumentParser(description="What a recorder does to a stream while it records.")
    parser.add_argument("groups", nargs="*", choices=[*GROUPS, []], default=[])
    parser.add_argument("--repeat", type=int, default=15)
    parser.add_argument("--frames", type=int, default=100)
    parser.add_argument("--gap", type=float, default=5)
    args = parser.parse_args()
    rows = measure(args.groups or GROUPS, args.repeat, args.frames, args.gap)
    for name, row in rows.items():
        shown = [
            f"{key} {value:.4g}" if isinstance(value, (int, float)) else f"{key} {value}" for key, value in row.items()
        ]
        print(f"{name}: {', '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
