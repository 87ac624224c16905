"""Bodies that unfold to too much are kept as they came, and large ones are looked through quickly and as well."""

from __future__ import annotations

import base64
import gzip
import importlib
import random
import zlib
from pathlib import Path

import httpx
import pytest

from playhead.cassette import Scrubber, _body, read_file, use_cassette
from playhead.cassette._scrub_views import shortened
from tests.cassette._server import Server, reply


def packed(coding: str, data: bytes) -> bytes:
    if coding == "gzip":
        return gzip.compress(data, mtime=0)
    if coding == "deflate":
        return zlib.compress(data)
    module = pytest.importorskip({"br": "brotli", "zstd": "zstandard"}[coding])
    return importlib.import_module(module.__name__).compress(data)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br"])
def test_what_unfolds_to_too_much_is_not_unfolded(coding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_body, "DECODED_BYTES_MAX", 100_000)
    for size, fits in ((90_000, True), (2_000_000, False)):
        data = b"\0" * size
        for name in coding.split(", "):
            data = packed(name, data)
        decoded = _body.decode_chunks([data[:10], data[10:]], coding, whole=True)
        assert (decoded is not None) is fits
        assert decoded is None or b"".join(decoded) == b"\0" * size


def test_a_client_that_reads_raw_gets_such_a_body_as_it_came(
    server: Server, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_body, "DECODED_BYTES_MAX", 100_000)
    bomb = packed("gzip", b"\0" * 1_000_000)
    server.replies["*"] = reply(bomb, headers={"content-encoding": "gzip"})

    def raw() -> bytes:
        with httpx.stream("GET", server.url, trust_env=False) as response:
            return b"".join(response.iter_raw())

    with use_cassette(tape, "once"):
        assert raw() == bomb
    assert read_file(str(tape)).interactions[0].response.header("content-encoding") == "gzip"
    with use_cassette(tape):
        assert raw() == bomb


KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
BLOB = base64.b64encode(random.Random(7).randbytes(90_000)).decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f'{{"api_key": "{KEY}", "data": "', '"}'),
        ('{"data": "', f'", "api_key": "{KEY}"}}'),
        ('{"data": "', f'", "text": "the key is {KEY}, use it"}}'),
        ('{"data": "', f'"}}\nAuthorization: Bearer {KEY}\n'),
        (f"{KEY} ", ""),
        ("", f" {KEY}"),
    ],
)
def test_keys_beside_large_data_are_found_and_the_data_stays(before: str, after: str) -> None:
    text = before + BLOB + after
    assert shortened(text) is not None
    assert Scrubber().scrub_body(text.encode()).decode() == text.replace(KEY, "scrubbed".ljust(len(KEY), "-"))


def test_large_data_that_is_a_secret_itself_is_masked_from_end_to_end() -> None:
    text = f'{{"password": "{BLOB}", "data": "{BLOB}"}}'
    clean = Scrubber().scrub_body(text.encode()).decode()
    assert clean == text.replace(f'"password": "{BLOB}', f'"password": "{"scrubbed".ljust(len(BLOB), "-")}')


def test_a_key_in_the_text_that_large_data_holds_is_found() -> None:
    text = base64.b64encode(("words " * 20_000 + KEY + " words" * 20_000).encode()).decode()
    clean = Scrubber().scrub_body(f'{{"data": "{text}"}}'.encode()).decode()[10:-2]
    assert len(clean) == len(text)
    assert KEY not in base64.b64decode(clean).decode()
