"""The file format: what is written is read back, by us in two ways, by VCR.py and by a plain YAML parser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import vcr.serialize
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from vcr.serializers import yamlserializer

from playhead.cassette import END_KINDS, Interaction, RecordedRequest, RecordedResponse, Stream, read_file, write_file
from playhead.cassette._body import lay_out_json
from playhead.cassette._emit import emit_file, emit_interaction
from playhead.cassette._format import _Reader, read_cassette
from playhead.cassette._lines import read_lines
from playhead.cassette._yaml import parse_yaml
from playhead.exceptions import CassetteNotFound, CassetteUnreadable, CassetteVersionError
from tests._shared import shared_files

HARD = "ab 0\n\t\r:#-\"'\\{}[],&*!|>%@`~?\u0085\u2028\u2029\ufeff\ufffe\u00a0é😀\x00\x1b\x7f\x80\x9f"


def utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


texts = st.text(alphabet=st.one_of(st.sampled_from(HARD), st.characters()), max_size=40).map(utf8)
lines = st.lists(texts, max_size=6).map("\n".join)
bodies = st.one_of(
    texts.map(str.encode),
    lines.map(str.encode),
    st.lists(texts, max_size=5).map(lambda parts: "\r\n".join(parts).encode()),
    st.binary(max_size=40),
    st.builds(lambda text, times: (text * times).encode(), texts, st.integers(0, 12)),
)
names = st.one_of(st.sampled_from(["content-type", "x-no", "no", "Y", "a:b", "x y"]), texts.filter(bool))
headers = st.dictionaries(names, st.lists(texts, min_size=1, max_size=3), max_size=3)
streams = st.builds(
    Stream,
    chunks=st.lists(st.integers(0, 10**6), max_size=4),
    at_ms=st.lists(st.integers(0, 10**6), max_size=4),
    end=st.sampled_from(sorted(END_KINDS)),
    error=st.none() | st.tuples(st.sampled_from(["ReadTimeout", "no", "a b"]), texts),
    end_ms=st.none() | st.integers(0, 10**6),
    encoding=st.sampled_from([None, "gzip", "gzip, br"]),
    http_version=st.sampled_from([None, "HTTP/2"]),
    recorded_at=st.sampled_from([None, "2026-11-20T10:00:00Z"]),
    header_encoding=st.sampled_from([None, None, "latin-1"]),
)
interactions = st.builds(
    Interaction,
    st.builds(
        RecordedRequest,
        st.sampled_from(["GET", "POST", "NO", "a b"]),
        st.one_of(st.sampled_from(["https://a.b/c?d=e", "http://x:", "https://x/ #a", "http://[::1]:80/{x}"]), texts),
        headers,
        st.none()
        | bodies
        | st.recursive(texts | st.integers() | st.floats(allow_nan=False), st.lists).map(
            lambda value: json.dumps([value]).encode()
        ),
    ),
    st.builds(
        RecordedResponse,
        st.integers(100, 999),
        st.one_of(st.sampled_from([None, "OK", "No", "Not Found", "I'm a teapot", ""]), texts),
        headers,
        bodies,
        st.none() | streams,
    ),
)

PLAIN = Interaction(
    RecordedRequest("POST", "https://api.example.com/v1", {"content-type": ["application/json"]}, b'{"a": 1}'),
    RecordedResponse(200, "OK", {"content-type": ["text/event-stream"]}, b"data: 1\n\n", Stream([4, 5], [1, 2])),
)


def by_yaml(data: bytes) -> list[Interaction]:
    document = parse_yaml(data, "file")
    return _Reader("file", data.decode()).ours(document, data).interactions


def same(one: Interaction, other: Interaction) -> bool:
    if one.request.body != other.request.body:
        assert json.loads(one.request.body or b"") == json.loads(other.request.body or b"")
    plain = [(item.request.method, item.request.uri, item.request.headers, item.response) for item in (one, other)]
    return plain[0] == plain[1]


@given(st.lists(interactions, max_size=3))
@example([PLAIN, PLAIN])
@example([])
def test_both_readers_give_back_what_was_written(written: list[Interaction]) -> None:
    data = emit_file(["method", "body"], written)
    read = by_yaml(data)
    assert all(same(one, other) for one, other in zip(written, read, strict=True))
    plain = read_lines(data)
    if plain is not None:
        assert plain == (["method", "body"], read)


@given(st.lists(interactions, max_size=2))
def test_vcr_reads_the_same_bytes(written: list[Interaction]) -> None:
    text = emit_file(["method"], written).decode()
    _, responses = vcr.serialize.deserialize(text, yamlserializer)[:2]
    assert [response["body"]["string"] for response in responses] == [item.response.body for item in written]


def test_the_line_reader_reads_what_recording_writes() -> None:
    plain = read_lines(emit_file(["method"], [PLAIN] * 3))
    assert plain is not None
    assert plain[1] == [PLAIN] * 3 or [item.response for item in plain[1]] == [PLAIN.response] * 3


EDITS = [
    (b"    method: POST", b"    method: POST # a note"),
    (b"    method: POST", b"    method: yes"),
    (b"    method: POST\n", b"    method: POST\n    note: x\n"),
    (b"code: 200", b"code: 0200"),
    (b"code: 200", b"code: '200'"),
    (b'"text/event-stream"', b"'text/event-stream'"),
    (b'"text/event-stream"', b"text/event-stream"),
    (b"chunks: [4, 5]", b"chunks: [4, -5]"),
    (b"chunks: [4, 5]", b"chunks: [4, 5"),
    (b"chunks: [4, 5]", b"chunks: [4,5]"),
    (b"        data: 1", b"       data: 1"),
    (b"        data: 1", b"         data: 1"),
    (b"        data: 1", b"\t\tdata: 1"),
    (b"        data: 1", b"        data: \x85 1"),
    (b"        data: 1", b"        data: \xc2\x85 1"),
    (b"        data: 1", b"        data: \xe2\x80\xa8 1"),
    (b"        data: 1\n", b"        data: 1\r\n"),
    (b"|2+", b"|2"),
    (b"|2+", b"|2-"),
    (b"|2+", b"|"),
    (b"|2+", b">2+"),
    (b"|2-\n      {", b"|2-\n       {"),
    (b"|2-\n", b"|2+\n"),
    (b"end: complete", b"end: exploded"),
    (b"end: complete\n", b"end: complete\n      encoding: gzip\n"),
    (b"\n    stream:\n", b"\n    stream:\n\n"),
    (b"  response:\n", b"  response: &a\n"),
    (b"version: 1\n", b"version: 1\nextra: 2\n"),
    (b"version: 1\n", b"version: 2\n"),
    (b"version: 1\n", b""),
    (b"interactions:\n", b"interactions:\n\n"),
    (b"format: 1", b"format: 2"),
    (b"format: 1", b"format: one"),
    (b"match_on: [method]", b"match_on: method"),
    (b"playhead: ", b"# hello\nplayhead: "),
    (b"playhead: ", b"\xef\xbb\xbfplayhead: "),
]


@pytest.mark.parametrize(("old", "new"), EDITS)
def test_a_file_edited_by_hand_means_the_same_to_both_readers(old: bytes, new: bytes) -> None:
    data = emit_file(["method"], [PLAIN, PLAIN])
    assert old in data
    edited = data.replace(old, new, 1)
    plain = read_lines(edited)
    try:
        expected = by_yaml(edited)
    except (CassetteUnreadable, CassetteVersionError):
        assert plain is None
    else:
        assert plain is None or plain[1] == expected


@given(st.data())
def test_a_file_with_bytes_changed_at_random_means_the_same_to_both_readers(data: st.DataObject) -> None:
    text = bytearray(emit_file(["method"], [PLAIN, data.draw(interactions)]))
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, len(text) - 1))
        text[position : position + data.draw(st.integers(0, 2))] = data.draw(
            st.sampled_from(
                [b" ", b"\n", b"-", b'"', b"\\", b"|", b"#", b": ", b"a", b"0", b"[", b"}", b"'", b"\t", b"&x "]
            )
        )
    edited = bytes(text)
    plain = read_lines(edited)
    if plain is not None:
        assert plain[1] == by_yaml(edited)


def test_a_cassette_looks_like_this_in_a_diff(tmp_path: Path) -> None:
    request = RecordedRequest(
        "POST",
        "https://api.example.com/v1/chat/completions",
        {"content-type": ["application/json"]},
        b'{"model":"m-1","n":1.50,"stop":[],"messages":[{"role":"user","content":"Gr\xc3\xbc\xc3\x9fe \\u2603"}]}',
    )
    stream = Stream([9, 14], [412, 433], recorded_at="2026-11-20T10:00:00Z", encoding="gzip")
    response = RecordedResponse(
        200, "OK", {"content-type": ["text/event-stream"]}, b"data: 1\n\ndata: [DONE]\n\n", stream
    )
    failed = RecordedResponse(599, "no response", {}, b"", Stream([], [], "failed", ("ConnectError", "refused"), 3))
    write_file(
        str(tmp_path / "tape.yaml"),
        [Interaction(request, response), Interaction(RecordedRequest("GET", "http://x/"), failed)],
    )
    assert (
        (tmp_path / "tape.yaml").read_text()
        == """\
playhead: {format: 1, match_on: [method, origin, path, query, body]}
interactions:
- request:
    method: POST
    uri: https://api.example.com/v1/chat/completions
    headers:
      content-type: ["application/json"]
    body: |2-
      {
        "model": "m-1",
        "n": 1.50,
        "stop": [],
        "messages": [
          {
            "role": "user",
            "content": "Grüße \\u2603"
          }
        ]
      }
  response:
    status: {code: 200, message: OK}
    headers:
      content-type: ["text/event-stream"]
    body:
      string: |2+
        data: 1

        data: [DONE]

    stream:
      chunks: [9, 14]
      at_ms: [412, 433]
      end: complete
      encoding: "gzip"
      recorded_at: 2026-11-20T10:00:00Z
- request:
    method: GET
    uri: http://x/
    headers: {}
    body: null
  response:
    status: {code: 599, message: no response}
    headers: {}
    body:
      string: ''
    stream:
      chunks: []
      at_ms: []
      end: failed
      error: {type: ConnectError, message: "refused"}
      end_ms: 3
version: 1
"""
    )


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=12,
    ).filter(lambda value: isinstance(value, (dict, list))),
    st.booleans(),
)
def test_laying_out_json_keeps_its_meaning(value: object, ascii_only: bool) -> None:
    laid_out = lay_out_json(json.dumps(value, ensure_ascii=ascii_only).encode())
    assert laid_out is not None
    assert json.loads(laid_out) == value


@pytest.mark.parametrize(
    "body", [b'{"a":1,"a":2}', b'{"n":1.10000000000000000000001e400}', b'["\\ud800"]', b'{"a":12345678901234567890}']
)
def test_json_that_python_would_change_keeps_its_tokens(body: bytes) -> None:
    laid_out = lay_out_json(body)
    assert laid_out is not None
    assert b"".join(laid_out.split()) == body


@pytest.mark.parametrize("body", [b"", b"{", b"[1] x", b"hello", b'"text"', b"12", b"\xff", "{}".encode("utf-16")])
def test_what_is_no_json_object_or_array_is_kept_as_it_is(body: bytes) -> None:
    assert lay_out_json(body) is None


def test_the_same_recording_gives_the_same_bytes() -> None:
    assert emit_interaction(PLAIN) == emit_interaction(PLAIN)
    first = emit_file(["method"], [PLAIN])
    again = emit_file(["method"], read_cassette(first, "tape").interactions)
    assert again == first


def test_there_is_no_cassette_where_there_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CassetteNotFound) as caught:
        read_file(str(tmp_path / "nothing.yaml"))
    assert (
        str(caught.value)
        == f"There is no cassette at {tmp_path / 'nothing.yaml'}.\nRecord it first, or check the path."
    )


# -- other recorders' files

VCR_FILE = """\
interactions:
- request:
    body: '{"a": 1}'
    headers:
      accept: ['*/*']
      host: api.example.com
    method: POST
    uri: https://api.example.com/v1
  response:
    body:
      string: !!binary |
        /wD+
    headers:
      content-type: [text/plain]
    status:
      code: 200
      message: OK
version: 1
"""
CASES = {
    "vcr": (VCR_FILE, b'{"a": 1}', b"\xff\x00\xfe"),
    "parsed_body": (
        "interactions:\n- request:\n    headers: {}\n    method: POST\n    parsed_body:\n      a: 1\n    uri: https://x/\n"
        "  response:\n    headers: {}\n    parsed_body: {b: [1, é]}\n    status: {code: 200, message: OK}\nversion: 1\n",
        b'{"a": 1}',
        json.dumps({"b": [1, "é"]}).encode(),
    ),
    "old httpx": (
        "interactions:\n- request:\n    body: ''\n    headers: {}\n    method: GET\n    uri: https://x/\n"
        "  response:\n    content: hello\n    headers: {}\n    http_version: HTTP/1.1\n    status_code: 200\nversion: 1\n",
        b"",
        b"hello",
    ),
    "base64": (
        "interactions:\n- request: {body: null, headers: {}, method: GET, uri: 'https://x/'}\n"
        "  response:\n    body: {base64_string: aGVsbG8=}\n    headers: {}\n    status: {code: 200, message: OK}\nversion: 1\n",
        None,
        b"hello",
    ),
    "python tags": (
        "interactions:\n- request:\n    body: !!python/unicode 'q=1'\n    headers: {}\n    method: !!python/str 'GET'\n    uri: https://x/\n"
        "  response:\n    body: {string: !!python/unicode 'hi'}\n    headers: {a: !!python/tuple [b]}\n    status: {code: 200, message: OK}\nversion: 1\n",
        b"q=1",
        b"hi",
    ),
    "aliases": (
        "interactions:\n- request: {body: null, headers: {}, method: GET, uri: 'https://x/'}\n"
        "  response: &r\n    body: {string: hello}\n    headers: {}\n    status: {code: 200, message: OK}\n"
        "- request: {body: null, headers: {}, method: GET, uri: 'https://x/'}\n  response: *r\nversion: 1\n",
        None,
        b"hello",
    ),
    "cassetter": (
        "version: 1\ninteractions:\n- request:\n    method: POST\n    uri: https://x/\n    headers: {}\n"
        "    body: {type: json, content: {a: 1}}\n  response:\n    status: 200\n    headers: {}\n"
        "    body: {type: text, content: hello}\n  recorded_at: 2026-01-01T00:00:00Z\n",
        b'{"a": 1}',
        b"hello",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_files_of_other_recorders_are_read_as_they_are(name: str) -> None:
    text, request_body, response_body = CASES[name]
    file = read_cassette(text.encode(), "tape.yaml")
    assert file.dialect == ("cassetter" if name == "cassetter" else "vcr")
    assert file.match_on is None
    assert file.interactions[0].request.body == request_body
    assert file.interactions[0].response.body == response_body
    assert file.interactions[0].response.status == 200


@pytest.mark.parametrize("path", shared_files("corpus", "*.yaml"), ids=lambda path: path.stem[:60])
def test_real_recordings_are_read_as_vcr_reads_them(path: Path) -> None:
    file = read_file(str(path))
    document = yaml.load(path.read_text(), yaml.CSafeLoader)
    assert len(file.interactions) == len(document["interactions"])
    for interaction, item in zip(file.interactions, document["interactions"], strict=True):
        assert interaction.request.uri == item["request"]["uri"]
        assert interaction.response.status == item["response"]["status"]["code"]
        if "parsed_body" in item["response"]:
            assert json.loads(interaction.response.body) == item["response"]["parsed_body"]
        else:
            string = item["response"]["body"]["string"]
            assert interaction.response.body == (string.encode() if isinstance(string, str) else string)


FOREIGN = "interactions:\n- request: {method: GET, uri: 'https://x/', headers: {}, body: null}\n  response: {status: {code: 200, message: OK}, headers: {}, body: {string: hi}}\n"


@pytest.mark.parametrize("version", ["2", "0", "1.5", "'two'", "[1]"])
def test_a_foreign_file_of_a_version_that_nobody_knows_is_refused(version: str) -> None:
    with pytest.raises(CassetteVersionError, match=r"tape\.yaml says `version: .*version 1 is known") as caught:
        read_cassette(f"{FOREIGN}version: {version}\n".encode(), "tape.yaml")
    assert "Update Playhead" in caught.value.remedy


@pytest.mark.parametrize("line", ["", "version: 1\n", "version: '1'\n", "version:\n"])
def test_a_foreign_file_of_version_one_or_of_none_is_read(line: str) -> None:
    assert read_cassette(f"{FOREIGN}{line}".encode(), "tape.yaml").dialect == "vcr"
