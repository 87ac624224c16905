"""Secrets in packed bodies: opened for a look where that can be done, bounded, and told where it cannot."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from playhead.cassette import (
    Interaction,
    RecordedRequest,
    RecordedResponse,
    check_paths,
    read_file,
    use_cassette,
    write_file,
)
from playhead.cassette import _scrub_packed as packed
from playhead.cassette._scrub import Scrubber
from tests.cassette._server import Server, json_reply

KEY = "sk-proj-abcdEFGH1234567890wxyz"
PLAIN = b'{"note": "' + b"hello " * 30 + f'", "api_key": "{KEY}"}}'.encode()
CLEAN = b'{"note": "' + b"hello " * 30 + b'"}'


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def brotli(data: bytes) -> bytes:
    return pytest.importorskip("brotli").compress(data, quality=4)


def zstandard(data: bytes) -> bytes:
    return pytest.importorskip("zstandard").ZstdCompressor().compress(data)


Pack = Callable[[bytes], bytes]


def gzipped(data: bytes) -> bytes:
    return gzip.compress(data, mtime=10)  # the same bytes each time, with one that looks like a line end


def twice(first: Pack, second: Pack) -> Pack:
    return lambda data: second(first(data))


CODINGS: list[tuple[str, Pack]] = [
    ("gzip", gzipped),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("br", brotli),
    ("BR", brotli),
    ("zstd", zstandard),
    ("gzip, br", twice(gzipped, brotli)),
    ("br, gzip", twice(brotli, gzipped)),
]


@pytest.mark.parametrize(("coding", "pack"), CODINGS)
def test_a_packed_body_that_holds_a_secret_is_masked_as_a_whole(coding: str, pack: Pack) -> None:
    headers = {"content-type": "application/json", "content-encoding": coding}
    body = pack(PLAIN)
    scrubber = Scrubber()
    for clean in (
        scrubber.scrub_request("POST", "https://x/", headers, body).body,
        scrubber.scrub_response(200, headers, body).body,
    ):
        assert clean is not None
        assert len(clean) == len(body)
        assert clean.startswith(b"scrubbed")
        assert KEY[3:].encode() not in clean
    assert scrubber.unopened == {}


@pytest.mark.parametrize("written", range(10, 14))
def test_bytes_that_look_like_line_ends_do_not_stay_in_a_packed_body(written: int) -> None:
    body = gzip.compress(PLAIN, mtime=written)  # the fifth byte of the file
    clean = Scrubber().scrub_response(200, {"content-encoding": "gzip"}, body).body
    assert clean == b"scrubbed".ljust(len(body), b"-")


@pytest.mark.parametrize(("coding", "pack"), CODINGS)
def test_a_packed_body_without_a_secret_stays_as_it_is(coding: str, pack: Pack) -> None:
    body = pack(CLEAN)
    scrubber = Scrubber()
    assert scrubber.scrub_request("POST", "https://x/", {"content-encoding": coding}, body).body == body
    assert scrubber.unopened == {}


def archive(compression: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        made.writestr("readme.txt", b"nothing here " * 20)
        made.writestr("settings.json", PLAIN)
    return file.getvalue()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(archive(zipfile.ZIP_DEFLATED), id="zip"),
        pytest.param(archive(zipfile.ZIP_STORED), id="zip, stored"),
        pytest.param(bz2.compress(PLAIN), id="bz2"),
        pytest.param(lzma.compress(PLAIN), id="xz"),
        pytest.param(b"--b\r\ncontent-type: application/zip\r\n\r\n" + archive(zipfile.ZIP_DEFLATED) + b"\r\n--b--", id="multipart"),
    ],
)  # fmt: skip
def test_a_file_in_an_archive_is_opened(body: bytes) -> None:
    clean = Scrubber().scrub_body(body)
    assert len(clean) == len(body)
    assert b"scrubbed" in clean
    try:
        with zipfile.ZipFile(io.BytesIO(clean[clean.find(b"PK\x03\x04") :])) as opened:
            left = opened.read("settings.json")
    except (zipfile.BadZipFile, zlib.error, KeyError):
        left = b""
    assert KEY.encode() not in left + clean


@pytest.mark.parametrize(("coding", "pack"), CODINGS)
def test_a_bomb_is_opened_only_so_far(coding: str, pack: Pack) -> None:
    bomb = pack(b"\0" * 30_000_000)
    tracemalloc.start()
    try:
        Scrubber().scrub_request("POST", "https://x/", {"content-encoding": coding}, bomb)
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()


def test_a_request_that_was_packed_and_masked_is_found_again_with_another_key(server: Server, tmp_path: Path) -> None:
    server.replies["*"] = lambda request: json_reply({"ok": True})
    pack = brotli
    headers = {"content-type": "application/json", "content-encoding": "br"}
    with use_cassette(tmp_path / "tape.yaml", "once"):
        httpx.post(server.url, content=pack(PLAIN), headers=headers)
    assert KEY.encode() not in (tmp_path / "tape.yaml").read_bytes()
    other = PLAIN.replace(KEY.encode(), b"sk-proj-ZYXWvuts0987654321abcd")
    with use_cassette(tmp_path / "tape.yaml"):
        assert httpx.post(server.url, content=pack(other), headers=headers).json() == {"ok": True}


def test_what_cannot_be_opened_is_told_when_it_is_saved_and_when_it_is_checked(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.replies["*"] = lambda request: json_reply({"ok": True})
    body = brotli(PLAIN)
    monkeypatch.setitem(packed._STEPS, "br", (lambda: None,))  # as where the package is missing
    tape = tmp_path / "tape.yaml"
    with pytest.warns(UserWarning, match=r"cannot be undone here \(br\)"), use_cassette(tape, "once"):
        httpx.post(server.url, content=body, headers={"content-encoding": "br"})
    assert read_file(str(tape)).interactions[0].request.body == body
    report = check_paths([tape])
    assert [(found.kind, found.interaction) for found in report.findings] == [("unreadable", 1)]
    assert "'br'" in report.findings[0].problem
    assert report.exit_code == 2


def test_text_under_a_coding_that_it_does_not_have_is_no_reason_to_warn(tmp_path: Path) -> None:
    request = RecordedRequest("POST", "https://x/", {"content-encoding": ["br"]}, CLEAN)
    write_file(str(tmp_path / "tape.yaml"), [Interaction(request, RecordedResponse(200, "OK", {}, b"yes"))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_paths([tmp_path / "tape.yaml"]).exit_code == 0
