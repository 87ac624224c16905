"""Playhead beside other plugins: every mixture of recorders, alone and with a crowd of others, in one small project.

    python tests/plugin/matrix.py [--quick] [--verbose]

Runs in the environment it is started in and takes from it what is installed; `nox -s plugins` installs all of it, with
pytest 8.4 and with the newest. A mixture is made by blocking what does not belong to it, so plugins load as they do for a
user: by their entry points. Where pytest does not start without Playhead, it need not start with it (two of the recorders
refuse each other).
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import subprocess
import sys
import tempfile
from importlib.metadata import distributions, version
from pathlib import Path
from textwrap import dedent

RECORDERS = {"recording": "pytest_recording", "cassetter": "cassetter", "vcr": "pytest_vcr"}
# Entry points of others, as pytest knows them.
CROWD = (
    "syrupy",
    "inline_snapshot",
    "asyncio",
    "anyio",
    "xdist",
    "xdist.looponfail",
    "pytest_httpx",
    "respx",
    "socket",
    "randomly",
)

CASSETTE = """\
version: 1
interactions:
- request: {body: null, headers: {}, method: GET, uri: 'http://example.org/get'}
  response: {body: {string: recorded}, headers: {}, status: {code: 200, message: OK}}
"""
PROJECT = {
    "pytest.ini": """
        [pytest]
        asyncio_mode = auto
        asyncio_default_fixture_loop_scope = function
        """,
    "cassettes/test_mix/test_cassette.yaml": CASSETTE,
    "cassettes/test_mix/test_playhead_cassette.yaml": CASSETTE,
    "cassettes/test_mix/test_vcr.yaml": CASSETTE,
    "cassettes/test_vcr.yaml": CASSETTE,  # pytest-vcr's place for it
    "cassettes/test_mix/test_async_cassette.yaml": CASSETTE,
    "cassettes/test_mix/test_alias.yaml": CASSETTE,
    "conftest.py": """
        import pytest

        def loaded(config, *names):
            return any(config.pluginmanager.has_plugin(name) for name in names)

        def pytest_collection_modifyitems(config, items):
            for item in items:
                for mark in item.iter_markers("needs"):
                    if not loaded(config, *mark.args):
                        item.add_marker(pytest.mark.skip(reason=f"without {mark.args[0]}"))
                for mark in item.iter_markers("without"):
                    if loaded(config, *mark.args):
                        item.add_marker(pytest.mark.skip(reason=f"with {mark.args[0]}"))

        def pytest_configure(config):
            config.addinivalue_line("markers", "needs(*plugins): only where one of them is loaded")
            config.addinivalue_line("markers", "without(*plugins): only where none of them is loaded")
        """,
    "test_mix.py": """
        import httpx
        import pytest

        URL = "http://example.org/get"
        needs, without = pytest.mark.needs, pytest.mark.without

        @needs("playhead")
        @pytest.mark.cassette
        def test_cassette():
            assert httpx.get(URL).text == "recorded"

        @needs("playhead")
        def test_playhead_cassette(playhead_cassette):
            assert httpx.get(URL).text == "recorded"
            assert type(playhead_cassette).__module__.startswith("playhead.")

        @needs("playhead")
        @without("cassetter")
        def test_alias(cassette):
            assert httpx.get(URL).text == "recorded"
            assert type(cassette).__module__.startswith("playhead.")

        @needs("cassetter")
        def test_cassette_is_cassetters(cassette):
            assert cassette is None or type(cassette).__module__.startswith("cassetter")

        @needs("playhead", "recording", "cassetter", "vcr")
        @pytest.mark.vcr
        def test_vcr():
            assert httpx.get(URL).text == "recorded"

        @needs("asyncio")
        @needs("playhead")
        @pytest.mark.cassette
        async def test_async_cassette():
            async with httpx.AsyncClient() as client:
                assert (await client.get(URL)).text == "recorded"

        @needs("playhead")
        def test_capture(fake_model, capture_run_sync):
            from playhead import Agent
            run = capture_run_sync(Agent(fake_model("hi")), "ho")
            assert run.text_deltas == ["hi"]

        @needs("playhead")
        @needs("syrupy")
        def test_stream_snapshot(fake_model, capture_run_sync, stream_snapshot):
            from playhead import Agent
            assert capture_run_sync(Agent(fake_model("hi")), "ho") == stream_snapshot

        @needs("syrupy")
        def test_syrupy(snapshot):
            assert {"a": 1} == snapshot

        @needs("inline_snapshot")
        def test_inline():
            from inline_snapshot import snapshot
            assert 1 + 1 == snapshot(2)

        @needs("pytest_httpx")
        def test_httpx_mock(httpx_mock):
            httpx_mock.add_response(url=URL, text="mocked")
            assert httpx.get(URL).text == "mocked"

        @needs("respx")
        def test_respx(respx_mock):
            respx_mock.get(URL).mock(return_value=httpx.Response(200, text="mocked"))
            assert httpx.get(URL).text == "mocked"

        @needs("socket")
        @needs("playhead")
        @pytest.mark.disable_socket
        @pytest.mark.cassette("test_cassette")
        def test_without_sockets():
            assert httpx.get(URL).text == "recorded"

        @needs("anyio")
        @pytest.mark.anyio
        async def test_anyio(anyio_backend_name):
            assert anyio_backend_name
        """,
    "test_two.py": """
        import pytest

        @pytest.mark.cassette
        @pytest.mark.vcr
        def test_two_recorders():
            pass
        """,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="each recorder alone, and none, with the crowd")
    parser.add_argument("--verbose", action="store_true", help="show the output of what fails")
    arguments = parser.parse_args()
    found = {point.name for dist in distributions() for point in dist.entry_points if point.group == "pytest11"}
    recorders = [name for name in RECORDERS if name in found]
    crowd = [name for name in CROWD if name in found]
    print(f"pytest {version('pytest')}; recorders: {', '.join(recorders) or 'none'}; others: {', '.join(crowd)}")
    failures = 0
    for size in range(len(recorders) + 1):
        for mixture in itertools.combinations(recorders, size):
            if arguments.quick and size > 1:
                continue
            for others in (crowd,) if arguments.quick else ((), ("syrupy", "asyncio"), crowd):
                failures += not mix(mixture, tuple(others), found, arguments.verbose)
    print("all mixtures work" if not failures else f"{failures} mixtures do not work")
    return 1 if failures else 0


def mix(recorders: tuple[str, ...], others: tuple[str, ...], found: set[str], verbose: bool) -> bool:
    """Run the project with this mixture, with and without Playhead; print a line."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in PROJECT.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text if name.endswith(".yaml") else dedent(text).lstrip("\n"), "utf-8")
        present = {*recorders, *others, "playhead"}
        blocked = sorted(({*RECORDERS, *CROWD} & found) - present)
        alone = run(folder, ["--co", "-q", "-p", "no:playhead"], blocked)
        starts = alone.returncode in (0, 5)
        first = run(
            folder, ["-q", "-rs", *(["--snapshot-update"] if "syrupy" in others else []), "test_mix.py"], blocked
        )
        results = [first]
        if "xdist" in others:
            results.append(run(folder, ["-q", "-n", "2", "test_mix.py"], blocked))
        two = run(folder, ["-q", "test_two.py"], blocked)
    ours = all(result.returncode == 0 for result in results) and "two recorders" in two.stdout
    good = ours if starts else True
    outcome = re.findall(r"^=* ?(\d+ (?:passed|failed|skipped|error).*?) in ", first.stdout, re.M)
    word = "ok" if ours else "fails" if starts else "does not start without Playhead either"
    print(
        f"  {' + '.join(recorders) or 'no recorder':40} {len(others):2} others  {word}: {outcome[-1] if outcome else first.returncode}"
    )
    if verbose and not good:
        for result in (*results, two):
            print(result.stdout[-6000:], result.stderr[-3000:])
    return good


def run(folder: str, arguments: list[str], blocked: list[str]) -> subprocess.CompletedProcess[str]:
    words = [word for name in blocked for word in ("-p", f"no:{name}")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


if __name__ == "__main__":
    sys.exit(main())
