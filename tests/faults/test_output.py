"""What pytest prints and keeps of a failing suite shows no secret, however much of it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Made up, and put together at run time, so that scanners do not take them for real ones.
KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"
PASSWORD = "correct-horse-battery"
SECRETS = (KEY, GOOGLE, PLAIN, PASSWORD)

SUITE = """
import os

import httpx
import pytest
import requests

URL = "http://127.0.0.1:9"


def ask(password, send=httpx.post):
    headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "x-api-key": os.environ["MY_OWN"]}
    print("asking with", headers)
    return send(URL + "/v1", json={"password": password}, headers=headers, params={"key": os.environ["GOOGLE_API_KEY"]})


@pytest.mark.parametrize("number", [1, 2])
def test_by_hand(number, tmp_path):
    import playhead

    with playhead.use_cassette(tmp_path / "tape.yaml"):
        ask(os.environ["MY_PASSWORD"])


@pytest.mark.cassette
def test_unmatched():
    ask(os.environ["MY_PASSWORD"])


@pytest.mark.cassette
def test_unmatched_through_requests():
    ask(os.environ["MY_PASSWORD"], requests.post)


@pytest.mark.cassette(record_mode="once")
def test_refused():
    ask(os.environ["MY_PASSWORD"])


@pytest.mark.cassette(record_mode="once")
def test_that_fails_later(playhead_cassette):
    with pytest.raises(httpx.ConnectError):
        ask(os.environ["MY_PASSWORD"])
    interactions = playhead_cassette.interactions
    assert os.environ["OPENAI_API_KEY"] == "another"


@pytest.mark.vcr
def test_by_the_rules_of_vcr():
    ask(os.environ["MY_PASSWORD"])


@pytest.mark.cassette
def test_that_swallows():
    swallow()


def swallow():
    try:
        ask(os.environ["MY_PASSWORD"])
    except BaseException:
        pass
"""


@pytest.mark.parametrize(
    "options",
    [
        ("--showlocals", "--full-trace"),
        pytest.param(("--showlocals", "-vv", "--tb=long"), marks=pytest.mark.slow),
        pytest.param(("--tb=native", "-ra"), marks=pytest.mark.slow),
        pytest.param(("--tb=line", "--log-level=DEBUG"), marks=pytest.mark.slow),
        pytest.param(("-n", "2", "--showlocals"), marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_the_output_of_a_failing_suite_shows_none(options: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "test_suite.py").write_text(SUITE)
    secrets = {"OPENAI_API_KEY": KEY, "GOOGLE_API_KEY": GOOGLE, "MY_OWN": PLAIN, "MY_PASSWORD": PASSWORD}
    kept = ("--junitxml=junit.xml", "--playhead-report=report.html", "--playhead-save-failures=failures")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options, *kept],
        cwd=tmp_path,
        env={**os.environ, **secrets},
        capture_output=True,
        text=True,
    )
    assert "7 failed, 1 passed, 1 error" in ran.stdout, ran.stdout + ran.stderr
    assert [secret for secret in SECRETS if secret in ran.stdout + ran.stderr] == []
    assert "scrubbed" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) < 2_000, "line ends were lost"
    written = [path for path in tmp_path.rglob("*") if path.suffix in (".xml", ".html", ".yaml", ".transcript")]
    assert {path.suffix for path in written} == {".xml", ".html", ".yaml", ".transcript"}
    for path in written:
        assert [secret for secret in SECRETS if secret in path.read_text()] == [], path
