"""Files in which something is wrong at every place: refused by name with a remedy, or read as they are; never changed."""

from __future__ import annotations

import codecs
import copy
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import yaml

import playhead
from playhead.cassette import read_file
from playhead.exceptions import CassetteUnreadable, PlayheadError
from tests.cassette._server import Server, chunked, json_reply

ADDRESS = "http://127.0.0.1:9/x"
FOREIGN = f"""interactions:
- request:
    body: ''
    headers: {{}}
    method: GET
    uri: {ADDRESS}
  response:
    body: {{string: 'h\u00e9llo'}}
    headers: {{}}
    status: {{code: 200, message: OK}}
version: 1
"""


@pytest.fixture
def ours(server: Server, tape: Path) -> bytes:
    """A file of ours with a stream, JSON and text beyond ASCII."""
    replies = iter([chunked([b'data: {"a": 1}\n\n', b"data: [DONE]\n\n"]), json_reply({"x": [1, 2], "t": "h\u00e9"})])
    server.replies["*"] = lambda received: next(replies)
    with playhead.use_cassette(tape, "once"):
        for body in ({"a": 1, "m": [{"r": "u"}]}, {"b": "h\u00e9"}):
            httpx.post(server.url, json=body)
    return tape.read_bytes()


def opened(path: Path, data: bytes) -> str:
    """`read`, or `refused` where that is said with the file's name and a remedy; anything else fails the test."""
    path.write_bytes(data)
    try:
        with playhead.use_cassette(path):
            pass
    except PlayheadError as error:
        assert path.name in str(error) and getattr(error, "remedy", None), error
        return "refused"
    finally:
        assert path.read_bytes() == data
    return "read"


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=pytest.mark.slow)])
def test_a_file_of_ours_cut_off_at_any_byte_is_refused(step: int, ours: bytes, tape: Path) -> None:
    sizes = [*range(1, len(ours) - 1, step), *range(len(ours) - 30, len(ours) - 1)]
    assert [size for size in sizes if opened(tape, ours[:size]) != "refused"] == []


def test_a_file_of_vcr_cut_off_within_a_line_or_an_interaction_is_refused(tape: Path) -> None:
    document = yaml.safe_dump(yaml.safe_load(FOREIGN)).encode()
    whole = document.index(b"version: 1")
    accepted = [size for size in range(1, len(document) - 1) if opened(tape, document[:size]) == "read"]
    # Between two interactions, and within the number of the version, nobody can tell.
    assert [
        size for size in accepted if document[:size].decode("utf-8", "ignore").rstrip()[-2:] != "OK" and size < whole
    ] == []


def test_a_file_of_vcr_that_somebody_wrote_without_a_version_is_read(tape: Path) -> None:
    assert opened(tape, FOREIGN.replace("version: 1\n", "").encode()) == "read"


WRONG: list[Any] = [
    None, True, 0, -1, 1.5, "", "text", "2026-01-01", [], [1], [[]], {}, {"a": 1}, b"\xff\x00", {"x": None}, 10**30, float("nan")
]  # fmt: skip


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield place
    if isinstance(value, dict):
        for key, item in cast("dict[str, Any]", value).items():
            yield from places(item, (*place, key))
    elif isinstance(value, list):
        for number, item in enumerate(cast("list[Any]", value)):
            yield from places(item, (*place, number))


def changed(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    if not place:
        return new
    value = copy.deepcopy(value)
    at: Any = value
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = new
    return value


@pytest.mark.slow
@pytest.mark.parametrize("foreign", [False, True], ids=["ours", "of-vcr"])
def test_a_wrong_type_anywhere_is_refused_or_read_and_crashes_nothing(foreign: bool, ours: bytes, tape: Path) -> None:
    document = yaml.safe_load(FOREIGN if foreign else ours)
    document["interactions"] = document["interactions"][:1]
    outcomes = {"read": 0, "refused": 0}
    for place in places(document):
        for wrong in WRONG:
            data = yaml.safe_dump(changed(document, place, wrong), sort_keys=False).encode()
            outcome = opened(tape, data)
            outcomes[outcome] += 1
            if outcome == "read":
                plays(tape)
    assert outcomes["refused"] > 100


def plays(tape: Path) -> None:
    for item in read_file(str(tape)).interactions:
        try:
            with playhead.use_cassette(tape, on_unplayed="ignore"), httpx.Client(verify=False) as client:
                client.request(item.request.method or "GET", item.request.uri or ADDRESS, content=item.request.body)
        except (PlayheadError, playhead.exceptions.UnmatchedRequest, httpx.HTTPError, httpx.InvalidURL):
            pass


OTHERWISE: dict[str, tuple[Callable[[str], bytes], str]] = {
    "BOM": (lambda text: codecs.BOM_UTF8 + text.encode(), "read"),
    "UTF-16": (lambda text: text.encode("utf-16"), "read"),
    "UTF-16 without a mark": (lambda text: text.encode("utf-16-le"), "refused"),
    "UTF-32": (lambda text: text.encode("utf-32"), "refused"),
    "Latin-1": (lambda text: text.encode("latin-1"), "refused"),
    "NUL within": (lambda text: text.replace("llo", "l\0lo").encode(), "refused"),
    "NUL at the end": (lambda text: text.encode() + b"\0" * 50, "refused"),
    "CR LF": (lambda text: text.replace("\n", "\r\n").encode(), "read"),
    "CR": (lambda text: text.replace("\n", "\r").encode(), "read"),
    "a second document": (lambda text: text.encode() + b"---\nfoo: 1\n", "refused"),
    "a directive": (lambda text: b"%YAML 1.2\n---\n" + text.encode(), "read"),
    "a directive of the future": (lambda text: b"%YAML 9.9\n---\n" + text.encode(), "refused"),
    "interactions twice": (lambda text: text.replace("version", "interactions: []\nversion").encode(), "refused"),
    "a method twice": (lambda text: text.replace("    method: GET", "    method: GET\n    method: PUT").encode(), "refused"),
    "a bell": (lambda text: text.replace("llo", "l\x07lo").encode(), "refused"),
    "half a surrogate": (lambda text: text.replace("'h\u00e9llo'", '"\\ud800"').encode(), "refused"),
    "a merge key": (lambda text: ("x: &x {a: 1}\n" + text.replace("headers: {}", "headers: {<<: *x}", 1)).encode(), "read"),
    "an unknown alias": (lambda text: text.replace("OK", "*nope").encode(), "refused"),
    "only a comment": (lambda text: b"# nothing\n", "refused"),
    "null": (lambda text: b"null\n", "refused"),
    "{}": (lambda text: b"{}", "refused"),
    "a conflict within": (lambda text: text.replace("    method: GET", "<<<<<<< a\n    method: GET\n=======\n>>>>>>> b").encode(), "refused"),
    "a Python name": (lambda text: text.replace("OK", "!!python/name:os.system ''").encode(), "refused"),
    "a set": (lambda text: text.replace("headers: {}", "headers: !!set {a}", 1).encode(), "refused"),
    "an octal status": (lambda text: text.replace("200", "0o310").encode(), "refused"),
    "a status of 5,000 digits": (lambda text: text.replace("200", "9" * 5000).encode(), "refused"),
    "status true": (lambda text: text.replace("200", "true").encode(), "refused"),
    "400 brackets": (lambda text: ("a: " + "[" * 400 + "]" * 400 + "\n" + text).encode(), "read"),
    "100,000 brackets": (lambda text: ("a: " + "[" * 100_000 + "]" * 100_000 + "\n" + text).encode(), "refused"),
    "100,000 open brackets": (lambda text: ("a: " + "[" * 100_000).encode(), "refused"),
    "20,000 hyphens": (lambda text: ("a:\n" + "- " * 20_000 + "x\n").encode(), "refused"),
    "1,500 levels": (lambda text: "".join("  " * level + "a:\n" for level in range(1_500)).encode(), "refused"),
    "a body of 100,000 brackets": (lambda text: text.replace("h\u00e9llo", "[" * 100_000).encode(), "read"),
    "a long key": (lambda text: ("k" * 200_000 + ": 1\n" + text).encode(), "refused"),
    "an archive": (lambda text: b"PK\x03\x04" + bytes(range(256)), "refused"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "outcome"), OTHERWISE.values(), ids=OTHERWISE)
def test_a_file_that_was_written_otherwise(make: Callable[[str], bytes], outcome: str, tape: Path) -> None:
    data = make(FOREIGN)
    assert opened(tape, data) == outcome
    if outcome == "read" and b"[[" not in data:
        with playhead.use_cassette(tape), httpx.Client(verify=False) as client:
            assert client.get(ADDRESS).content == "h\u00e9llo".encode()


def bombs() -> Iterator[tuple[str, str]]:
    names = list(zip("abcdefgh", "bcdefghi", strict=True))
    maps = "a: &a {k: x}\n" + "".join(
        f"{new}: &{new} {{{', '.join(f'k{number}: *{old}' for number in range(10))}}}\n" for old, new in names
    )
    yield "of mappings", maps + FOREIGN
    item = "{request: {method: GET, uri: *s, headers: {}, body: *s}, response: {status: {code: 200, message: OK}, headers: {}, body: {string: *s}}}"
    yield "of texts", f"s: &s '{'x' * 50_000}'\ninteractions: [{', '.join([item] * 1_000)}]\nversion: 1\n"


@pytest.mark.parametrize("text", dict(bombs()).values(), ids=dict(bombs()))
def test_aliases_that_unfold_to_more_than_a_file_could_hold_are_refused(text: str, tape: Path) -> None:
    tape.write_text(text)
    with pytest.raises(CassetteUnreadable, match="unfold"), playhead.use_cassette(tape):
        pass


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("mode", ["none", "once"])
def test_a_named_pipe_is_refused_and_not_waited_for(mode: str, tape: Path) -> None:
    os.mkfifo(tape)
    program = f"import playhead\nwith playhead.use_cassette({str(tape)!r}, {mode!r}): pass"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30)
    assert "tape.yaml is not a file" in ran.stderr


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/full"])
@pytest.mark.parametrize("mode", ["none", "once"])
def test_a_device_is_refused(path: str, mode: str) -> None:
    if not os.path.exists(path):
        pytest.skip(f"this system has no {path}")
    with pytest.raises(CassetteUnreadable, match=path), playhead.use_cassette(path, mode):
        pass


@pytest.mark.parametrize("mode", ["none", "once", "new_episodes", "all"])
def test_links_that_lead_in_a_circle_are_refused(mode: str, tape: Path) -> None:
    other = tape.with_name("other.yaml")
    tape.symlink_to(other)
    other.symlink_to(tape)
    with pytest.raises(CassetteUnreadable, match="tape"), playhead.use_cassette(tape, mode):
        pass


def test_a_link_to_nothing_is_filled(server: Server, tape: Path) -> None:
    target = tape.parent / "below" / "real.yaml"
    tape.symlink_to(target)
    with playhead.use_cassette(tape, "once"):
        httpx.get(server.url)
    assert tape.is_symlink() and len(read_file(str(target)).interactions) == 1


def test_a_header_without_matchers_means_the_default_ones(ours: bytes, tape: Path) -> None:
    uri = cast(str, yaml.safe_load(ours)["interactions"][0]["request"]["uri"])
    for header in (b"playhead: {format: 1}", b"playhead: {format: 1, match_on: []}"):
        tape.write_bytes(header + ours[ours.index(b"\n") :])
        with pytest.raises(playhead.exceptions.UnmatchedRequest), playhead.use_cassette(tape):
            httpx.post(uri, json={"another": "body"})
