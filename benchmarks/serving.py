"""The server beside its peers: many clients stream at once from a server in a process of its own.

    python benchmarks/serving.py [--clients 200] [--chunks 1000] [--peers FOLDER]

Every client streams one chat completion over a connection of its own and checks it: all chunks, in order. Reported are
completions and chunks a second (wall clock, and the server's own CPU time), and the server's memory before and at its peak.
Servers take turns in one run. Peers (`fakellm`, `llmock`, `mockllm`, `ai-mock`) are taken where they are installed, in
this environment or in that of `--peers`; each is given the same text, in as many chunks as it makes of it, which differ:
`chunks` says how many came (some send a chunk for each character, and llmock says a text of its own). Memory and CPU are
those of the process that was started: mockllm and ai-mock work in a child of theirs.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Count, please."}], "stream": True}
HERE = Path(__file__).resolve().parents[1]


def measure(clients: int = 200, chunks: int = 1000, peers: str | None = None) -> dict[str, dict[str, Any]]:
    """A row for each server."""
    binaries = Path(peers or os.environ.get("PLAYHEAD_BENCH_PEERS", Path(sys.executable).parent))
    words = [f" word{n}" for n in range(chunks)]
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, command, path in _servers(Path(folder), binaries, words):
            found[name] = _one(name, command, path, clients, "".join(words), folder)
    first = found.get("playhead (uvicorn)") or next(iter(found.values()))
    for name, row in found.items():
        if row["complete"] == clients and not name.startswith("llmock"):
            row["its seconds / ours"] = round(row["seconds"] / first["seconds"], 2)
    return found


def _servers(folder: Path, binaries: Path, words: list[str]) -> list[tuple[str, Any, str]]:
    """Name, command for a port, and path of the API."""
    import json

    script = folder / "script.yaml"
    script.write_text(json.dumps({"responses": [{"times": "any", "when": ".", "steps": [{"text": words}]}]}))
    text = "".join(words)
    serve = [str(Path(sys.executable).parent / "playhead"), "serve", str(script), "--quiet", "--port"]
    found: list[tuple[str, Any, str]] = [
        ("playhead (uvicorn)", lambda port: [*serve, str(port)], "/v1/chat/completions"),
        ("playhead (small server)", lambda port: [*serve, str(port), "--small"], "/v1/chat/completions"),
    ]
    if (binaries / "fakellm").exists():
        fakellm = folder / "fakellm.yaml"
        fakellm.write_text(json.dumps({"version": 1, "rules": [{"name": "all", "when": {"messages_contain": "Count"}, "respond": {"content": text}}]}))  # fmt: skip
        found.append(("fakellm", lambda port: [str(binaries / "fakellm"), "serve", "--config", str(fakellm), "--port", str(port)], "/v1/chat/completions"))  # fmt: skip
    if (binaries / "mockllm").exists():
        mockllm = folder / "mockllm.yml"
        mockllm.write_text(json.dumps({"responses": {}, "defaults": {"unknown_response": text}, "settings": {"lag_enabled": False}}))  # fmt: skip
        found.append(("mockllm", lambda port: [str(binaries / "mockllm"), "start", "--responses", str(mockllm), "--port", str(port)], "/v1/chat/completions"))  # fmt: skip
    if (binaries / "ai-mock").exists():
        ai_mock = folder / "ai-mock.json"
        ai_mock.write_text(json.dumps({"responses": [{"type": "text", "input": "Count, please.", "output": text}]}))
        found.append(("ai-mock", lambda port: [str(binaries / "ai-mock"), "server", str(ai_mock), "-p", str(port)], "/openai/chat/completions"))  # fmt: skip
    if (binaries / "llmock").exists():
        found.append(("llmock (its own text)", lambda port: [str(binaries / "llmock"), "serve", "--port", str(port)], "/v1/chat/completions"))  # fmt: skip
    return found


def _one(name: str, command: Any, path: str, clients: int, text: str, folder: str) -> dict[str, Any]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {**os.environ, "PATH": f"{Path(command(port)[0]).parent}{os.pathsep}{os.environ['PATH']}"}
    process = subprocess.Popen(
        command(port), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder, env=environment
    )
    url = f"http://127.0.0.1:{port}"
    try:
        if not _answers(url):
            return {"complete": 0, "problem": "it did not start"}
        before = _memory(process.pid, "VmRSS")
        cpu = _cpu(process.pid)
        began = time.perf_counter()
        results = asyncio.run(_all(url + path, clients))
        took = time.perf_counter() - began
        counts = [chunks for chunks, _ in results]
        whole = [got for _, got in results if got == text or (name.startswith("llmock") and got)]
        return {
            "complete": len(whole),
            "seconds": round(took, 2),
            "completions/s": round(clients / took, 1),
            "chunks": sorted(counts)[len(counts) // 2],
            "chunks/s": round(sum(counts) / took),
            "server CPU seconds": round(_cpu(process.pid) - cpu, 2),
            "MB before": before,
            "MB at peak": _memory(process.pid, "VmHWM"),
        }
    finally:
        process.terminate()
        process.wait()


def _answers(url: str) -> bool:
    for _ in range(300):
        try:
            httpx.get(url, timeout=1)
            return True
        except httpx.HTTPError:
            time.sleep(0.1)
    return False


async def _all(url: str, clients: int) -> list[tuple[int, str]]:
    gate = asyncio.Event()
    tasks = [asyncio.ensure_future(_client(url, gate)) for _ in range(clients)]
    gate.set()
    return await asyncio.gather(*tasks)


async def _client(url: str, gate: asyncio.Event) -> tuple[int, str]:
    """A bare client, because any SDK would be slower than the servers: reads a stream, gives its chunks and text."""
    import json

    await gate.wait()
    host = httpx.URL(url)
    try:
        reader, writer = await asyncio.open_connection(host.host, host.port)
        body = json.dumps(ASK).encode()
        head = f"POST {host.path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer k\r\nconnection: close\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        data = await reader.read()
        writer.close()
    except OSError:
        return 0, ""
    frames = [line[6:] for line in data.split(b"\n") if line.startswith(b"data: {")]
    pieces: list[str] = []
    for frame in frames:
        try:
            choices = json.loads(frame)["choices"]
        except ValueError:
            return len(frames), ""
        pieces += [choices[0]["delta"].get("content") or ""] if choices else []
    return len(frames), "".join(pieces)


def _memory(pid: int, field: str) -> float:
    """Of the process and its children, in MB; Linux only, elsewhere nan."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return float("nan")
    return round(next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024, 1)


def _cpu(pid: int) -> float:
    try:
        parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The server beside its peers.")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--chunks", type=int, default=1000)
    parser.add_argument("--peers", metavar="FOLDER", help="the bin folder of the environment that has the peers")
    asked = parser.parse_args()
    for name, row in measure(asked.clients, asked.chunks, asked.peers).items():
        print(f"{name}: " + ", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
