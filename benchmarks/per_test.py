"""What a replayed test costs: suites of tests that send one request each, by recorder.

    python benchmarks/per_test.py [--tests N] [--repeat N]

Each suite is run by pytest in a process of its own, with one test and with many; the difference, divided, is the CPU time
of one test. Suites have one cassette for all tests, or one for each, as is usual (`own files`). Beside them stand
`MockTransport` (httpx with a reply in memory), the same mounted in a client that is made as every recorded client is (with
a transport that could send, and the environment's proxies), and a test without any HTTP. Budget: 0.2 ms above MockTransport.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import _measure as measuring
from startup import cpu_of

SUITE = """\
import ssl

import httpx
import pytest

TLS = ssl.create_default_context()


@pytest.mark.parametrize("number", range({tests}))
{mark}
def test_one(number):
    with httpx.Client({transport}, verify=TLS) as client:
        response = client.post({url!r}, content={body!r}, headers={headers!r})
    assert response.status_code == 200
    assert b"answer 0" in response.content
"""
EMPTY = """\
import pytest


@pytest.mark.parametrize("number", range({tests}))
def test_one(number):
    assert True
"""
MOCKED = "httpx.MockTransport(lambda request: httpx.Response(200, content={body!r}))"


def measure(tests: int = 300, repeat: int = 5, only: Sequence[str] = ()) -> dict[str, dict[str, float]]:
    """A row: milliseconds of CPU for each test by suite, and how far each is above MockTransport."""
    floor = "MockTransport"
    with tempfile.TemporaryDirectory() as top:
        suites: dict[str, tuple[list[str], Path, Path]] = {}
        for name, (plugins, mark, own_files, ours) in SUITES.items():
            if measuring.is_installed(*plugins) and (not only or name in (floor, *only)):
                made = [_suite(Path(top), name, count, mark, own_files, ours) for count in (1, tests)]
                suites[name] = (plugins, made[0], made[1])

        def run(plugins: list[str], folder: Path) -> float:
            named = [word for plugin in plugins for word in ("-p", plugin)]
            return cpu_of([sys.executable, "-m", "pytest", "-q", "-x", *named], str(folder))

        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in suites}
        for turn in range(repeat + 1):
            for name, (plugins, one, many) in suites.items():
                seconds = run(plugins, one), run(plugins, many)
                if turn:  # the first one compiles
                    taken[name].append(seconds)
    values = {name: _per_test(seconds, tests) for name, seconds in taken.items()}
    above = {f"{name} above {floor}": value - values[floor] for name, value in values.items() if name != floor}
    return {"milliseconds of CPU": values, f"above {floor}": above}


def _per_test(seconds: list[tuple[float, float]], tests: int) -> float:
    """From the medians of both sizes: a difference of two noisy numbers is taken once, and not averaged."""
    from statistics import median

    return (median(many for _, many in seconds) - median(one for one, _ in seconds)) / (tests - 1) * 1e3


def _suite(top: Path, name: str, count: int, mark: str, own_files: bool, ours: bool) -> Path:
    folder = top / f"{name}-{count}".replace(" ", "_").replace(",", "")
    cassettes = folder / "cassettes" / "test_many"
    cassettes.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    write = measuring.write_own if ours else measuring.write_vcr
    if own_files:
        for number in range(count):
            write(cassettes / f"test_one[{number}].yaml", "json", 1)
    elif mark:
        write(cassettes / "one.yaml", "json", 1)
    answer = MOCKED.format(body=measuring.reply("json", 0)[0])
    text = (EMPTY if name == "no HTTP" else SUITE).format(
        tests=count,
        mark=f"@pytest.mark.{mark.format(path=str(cassettes / 'one.yaml'))}" if mark else "",
        transport="transport=None"
        if mark
        else f"mounts={{'https://': {answer}}}"
        if "real" in name
        else f"transport={answer}",
        url=measuring.URL,
        body=measuring.question(0),
        headers=measuring.HEADERS,
    )
    (folder / "test_many.py").write_text(text)
    return folder


# Plugins, mark, a file for each test, and whether files are ours.
SUITES: dict[str, tuple[list[str], str, bool, bool]] = {
    "MockTransport": ([], "", False, False),
    "MockTransport in a real client": ([], "", False, False),
    "no HTTP": ([], "", False, False),
    "playhead": (["pytest_playhead"], 'cassette("one")', False, True),
    "playhead, own files": (["pytest_playhead"], "cassette", True, True),
    "playhead, mark vcr": (["pytest_playhead"], "vcr({path!r})", False, False),
    "pytest-recording": (["pytest_recording.plugin"], "vcr({path!r})", False, False),
    "pytest-recording, own files": (["pytest_recording.plugin"], "vcr", True, False),
    "cassetter": (["cassetter.pytest_plugin"], "vcr({path!r})", False, False),
    "cassetter, own files": (["cassetter.pytest_plugin"], "vcr", True, False),
}


def main() -> None:
    """Measure, and show it."""
    parser = argparse.ArgumentParser(description="What a replayed test costs.")
    parser.add_argument("--tests", type=int, default=300)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=SUITES, default=[])
    args = parser.parse_args()
    for name, row in measure(args.tests, args.repeat, args.only).items():
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)


if __name__ == "__main__":
    main()
