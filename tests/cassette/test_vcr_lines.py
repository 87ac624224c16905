"""Two readers for VCR.py's files: the fast one answers only where it says the same as the YAML parser."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vcr.serializers import yamlserializer

from playhead.cassette import Interaction, read_file, scrub_paths
from playhead.cassette import _format as format
from playhead.cassette._lines_vcr import read_vcr_lines
from playhead.exceptions import CassetteUnreadable, CassetteVersionError

SCALARS = [
    *("yes", "No", "~", "null", "NULL", "1", "0x1F", "0b1010", "1_000", "1e5", "1.5e+3", "-1", "+1", ".5", ".inf"),
    *("1:30", "1:30.5", "010", "08", "0b1.1.1", "0a-b", "0x1-2", "1.2.3", "30d82c", "12e03", "685_230.15", "=", "<<"),
    *(
        "<a>",
        "a: b",
        "a #b",
        "a#b",
        "a:b",
        "a:",
        "#a",
        "- a",
        "-a",
        "?a",
        "*a",
        "&a b",
        "!a",
        "!!str 1",
        "|",
        ">",
        "%a",
    ),
    *("2024-01-01", "2024-01-01T00:00:00Z", "{a: b}", "[a]", "a, b", "---", "...", "(a)", "/", "a\tb", "é", "a\u2028b"),
    *("'a''b'", "'a'b'", "'''", '"a"b', '"\\x41\\u00e9\\U0001F600"', '"\\ud83d"', '"\\U0000D83D"', '"\\U0000000a"'),
    *('"\\0\\a\\e\\v\\N\\_\\L\\P\\ "', '"\\/"', '"\\q"', '"\\\\x41"', '"\\\\\\x41"', '"a\\', "'a", "''", '""', ""),
    *(
        "a\n        b",
        "a\n        b: c",
        "a\n        #b",
        "a \n        b",
        "a\n\n        b",
        "a\n         b",
        "a\n    b",
    ),
    *(
        "'a\n        b'",
        "'a\n\n\n        b'",
        "'a \n        b'",
        "'a\n        '",
        "'\n\n        a'",
        "'a\n  \n        b'",
    ),
    *(
        '"a\n        b"',
        '"a\\\n        b"',
        '"a\\\n        \\ b"',
        '"a \n        b"',
        '"a\n\n        b"',
        '"a\\\\\n        b"',
    ),
    *(
        "!!binary |\n        YWJj",
        "!!binary |\n        YW=j",
        "!!binary |\n        YWJj\n         YWJj",
        "|-\n        a",
    ),
]
PLACES = ["body: {}", "      - {}", "method: {}", "uri: {}", "string: {}", "      {}:", "code: {}", "message: {}"]
LAYOUT = """\
interactions:
- request:
    body: 'a: 1'
    headers:
      accept:
      - '*/*'
    method: POST
    uri: https://api.example.com/v1
  response:
    body:
      string: hello
    headers:
      content-type:
      - text/plain
    status:
      code: 200
      message: OK
version: 1
"""


def by_yaml(data: bytes) -> list[Interaction] | None:
    """What the YAML parser makes of a file; None where it refuses it."""
    with mock.patch.object(format, "read_vcr_lines", return_value=None):
        try:
            return format.read_cassette(data, "a.yaml").interactions
        except (CassetteUnreadable, CassetteVersionError):
            return None


def said(item: Interaction) -> list[Any]:
    request, response = item.request, item.response
    sides = [request.method, request.uri, request.headers, request.body, response.status, response.reason]
    return [*sides, response.headers, response.body, response.stream, item.source]


def assert_same(data: bytes) -> bool:
    """Whether the fast reader answered; what it answers must be what YAML says, to the last type."""
    read = read_vcr_lines(data, "a.yaml")
    if read is not None:
        expected = by_yaml(data)
        assert expected is not None
        assert [repr(said(item)) for item in read] == [repr(said(item)) for item in expected]
    return read is not None


def test_the_layout_of_vcr_is_read_by_lines() -> None:
    assert assert_same(LAYOUT.encode())


@pytest.mark.parametrize("scalar", SCALARS)
def test_a_scalar_means_the_same_to_both_readers_wherever_it_stands(scalar: str) -> None:
    lines = LAYOUT.splitlines()
    for place in PLACES:
        before, _, after = place.partition("{}")
        number = next(number for number, line in enumerate(lines) if before in line and line.endswith(after))
        start = lines[number].index(before) + len(before)
        for text in {scalar, scalar.replace("\n        ", "\n      ")}:
            changed = [*lines[:number], lines[number][:start] + text + after, *lines[number + 1 :]]
            assert_same(("\n".join(changed) + "\n").encode())


words = st.sampled_from(
    ["a", "b:", "'", '"', "\\", "#", "-", "é", "😀", "{", "}", ",", "\n", "\n\n", "\t", "\x1b", "  ", "1"]
)
long_texts = st.lists(words, max_size=40).map(lambda parts: " ".join(parts))
texts = st.one_of(st.sampled_from(["", "null", "1", "1.2.3", "true", "application/json"]), long_texts)
headers = st.dictionaries(
    st.sampled_from(["accept", "X-Id", "date"]), st.lists(texts, min_size=1, max_size=2), max_size=2
)
bodies = st.one_of(texts, st.binary(max_size=100))
items = st.fixed_dictionaries(
    {
        "request": st.fixed_dictionaries(
            {
                "method": st.just("POST"),
                "uri": st.sampled_from(["https://a.b/c?d=e", "http://x/a b"]),
                "body": st.none() | bodies,
                "headers": headers,
            }
        ),
        "response": st.fixed_dictionaries(
            {
                "status": st.fixed_dictionaries({"code": st.just(200), "message": st.none() | texts}),
                "headers": headers,
                "body": st.fixed_dictionaries({"string": bodies}),
            }
        ),
    }
)


def serialized(recorded: list[dict[str, Any]]) -> bytes:
    return yamlserializer.serialize({"interactions": recorded, "version": 1}).encode()


@given(st.lists(items, max_size=2))
def test_what_vcr_writes_means_the_same_to_both_readers(recorded: list[dict[str, Any]]) -> None:
    assert_same(serialized(recorded))


@given(st.lists(items, min_size=1, max_size=1), st.data())
def test_bytes_that_were_changed_mean_the_same_to_both_readers(
    recorded: list[dict[str, Any]], data: st.DataObject
) -> None:
    text = bytearray(serialized(recorded))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(text) - 1))
        new = data.draw(
            st.sampled_from([b" ", b"\n", b"\n\n", b"-", b'"', b"\\", b"'", b"#", b": ", b"a", b"0", b"&x "])
        )
        text[position : position + data.draw(st.integers(0, 2))] = new
    assert_same(bytes(text))


def test_a_file_that_is_written_back_keeps_what_it_said(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(LAYOUT.replace("string: hello", "string: sk-ant-api03-abcdefghijklmnopqrstuvwxyz012345"))
    assert read_vcr_lines(file.read_bytes(), "a.yaml") is not None
    scrub_paths([str(file)])
    text = file.read_text()
    assert "abcdefghijklmnop" not in text
    assert "- '*/*'" in text
    assert read_file(str(file)).dialect == "vcr"
