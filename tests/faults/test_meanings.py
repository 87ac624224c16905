"""Which requests are the same: pairs of a recorded and a present one that mean the same, or do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import playhead
from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, write_file
from playhead.exceptions import UnmatchedRequest

HOST = "http://127.0.0.1:9"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


def request(body: bytes, path: str = "/v1", kind: str = JSON) -> RecordedRequest:
    return RecordedRequest("POST", HOST + path, {"content-type": [kind]}, body)


def replies(tape: Path, recorded: list[RecordedRequest], present: list[RecordedRequest]) -> list[bytes] | None:
    """What the present requests get of the recorded ones, each of which has its number as reply; None for a mismatch."""
    write_file(
        str(tape),
        [
            Interaction(one, RecordedResponse(200, "OK", {}, f"reply {number}".encode()))
            for number, one in enumerate(recorded)
        ],
    )
    try:
        with playhead.use_cassette(tape), httpx.Client(trust_env=False, verify=False) as client:
            return [
                client.request(
                    one.method, one.uri, content=one.body, headers={"content-type": one.header("content-type") or ""}
                ).content
                for one in present
            ]
    except UnmatchedRequest:
        return None


def parts(boundary: str, value: str = "1", name: str = "a.txt") -> bytes:
    lines = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="k"\r\n\r\n{value}\r\n--{boundary}\r\n'
        f'Content-Disposition: form-data; name="f"; filename="{name}"\r\n\r\nhello\r\n--{boundary}--\r\n'
    )
    return lines.encode()


def multipart(boundary: str, **more: str) -> RecordedRequest:
    return request(parts(boundary.strip('"'), **more), kind=f"multipart/form-data; boundary={boundary}")


def of_json(one: str, other: str) -> tuple[RecordedRequest, RecordedRequest]:
    return request(one.encode()), request(other.encode())


def of_form(one: bytes, other: bytes) -> tuple[RecordedRequest, RecordedRequest]:
    return request(one, kind=FORM), request(other, kind=FORM)


def of_path(one: str, other: str) -> tuple[RecordedRequest, RecordedRequest]:
    return request(b"{}", one), request(b"{}", other)


SAME: dict[str, tuple[RecordedRequest, RecordedRequest]] = {
    "order, space, 2.0": of_json('{"a":1,"b":2}', '{ "b": 2.0,\n"a": 1 }'),
    "an escaped letter": of_json('{"a":"\\u00e9"}', '{"a":"é"}'),
    "an escaped pair": of_json('{"a":"\\ud83d\\ude00"}', '{"a":"😀"}'),
    "an escaped slash": of_json('{"a":"\\/"}', '{"a":"/"}'),
    "1e2": of_json('{"a":1e2}', '{"a":100}'),
    "0.10": of_json('{"a":0.1}', '{"a":0.10}'),
    "minus zero": of_json('{"a":-0.0}', '{"a":0}'),
    "NaN": of_json('{"a":NaN}', '{"a":NaN}'),
    "half a pair": of_json('{"a":"\\ud800"}', '{"a": "\\ud800"}'),
    "NUL": of_json('{"a":"\\u0000"}', '{"a": "\\u0000"}'),
    "a key given twice": of_json('{"a":1,"a":2}', '{"a":2}'),
    "a list": of_json("[1,2]", "[1, 2]"),
    "3,000 brackets": of_json("[" * 3_000 + "]" * 3_000, "[" * 3_000 + "]" * 3_000),
    "broken JSON": of_json("{bad", "{bad"),
    "JSON under another name": (request(b'{"a":1}', kind="text/plain"), request(b'{"a": 1}', kind="text/plain")),
    "UTF-16": (request('{"a":1}'.encode("utf-16")), request('{"a":1}'.encode("utf-16"))),
    "a form in another order": of_form(b"a=1&b=2", b"b=2&a=1"),
    "a form's spaces": of_form(b"a=x+y", b"a=x%20y"),
    "a query in another order": of_path("/v1?a=1&b=2", "/v1?b=2&a=1"),
    "a query's spaces": of_path("/v1?a=x+y", "/v1?a=x%20y"),
    "a query's tilde": of_path("/v1?a=%7E", "/v1?a=~"),
    "a query without a value": of_path("/v1?a", "/v1?a="),
    "an empty query": of_path("/v1?", "/v1"),
    "a fragment": of_path("/v1#f", "/v1"),
    "a path beyond ASCII": of_path("/%C3%BC", "/ü"),
    "another boundary": (multipart("b1"), multipart("b22222")),
    "a quoted boundary": (multipart('"q q"'), multipart("zz")),
}
OTHER: dict[str, tuple[RecordedRequest, RecordedRequest]] = {
    "0.1 and 0.2": of_json('{"a":0.1}', '{"a":0.2}'),
    "large numbers": of_json('{"a":12345678901234567890}', '{"a":12345678901234567891}'),
    "numbers past 2**53": of_json('{"a":9007199254740993}', '{"a":9007199254740992}'),
    "1 and true": of_json('{"a":1}', '{"a":true}'),
    "null and nothing": of_json('{"a":null}', "{}"),
    "a list and a mapping": of_json('{"a":[]}', '{"a":{}}'),
    "the order of a list": of_json('{"a":[1,2]}', '{"a":[2,1]}'),
    "a space in a text": of_json('{"a":"x"}', '{"a":"x "}'),
    "case in a text": of_json('{"a":"A"}', '{"a":"a"}'),
    "composed and not": of_json('{"a":"e\u0301"}', '{"a":"é"}'),
    "broken JSON": of_json("{bad", "{bad "),
    "nothing and an empty mapping": of_json("", "{}"),
    "another form": of_form(b"a=1", b"a=2"),
    "a query and none": of_path("/v1?a=1", "/v1"),
    "a slash at the end": of_path("/v1/", "/v1"),
    "an escaped slash": of_path("/a%2Fb", "/a/b"),
    "case in a path": of_path("/A", "/a"),
    "another field": (multipart("b1"), multipart("b2", value="2")),
    "another file": (multipart("b1"), multipart("b2", name="b.txt")),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_these_are_the_same(pair: tuple[RecordedRequest, RecordedRequest], tape: Path) -> None:
    assert replies(tape, [pair[0]], [pair[1]]) == [b"reply 0"]


@pytest.mark.parametrize("pair", OTHER.values(), ids=OTHER)
def test_these_are_not(pair: tuple[RecordedRequest, RecordedRequest], tape: Path) -> None:
    assert replies(tape, [pair[0]], [pair[1]]) is None


A, B, C, D, E = (f"call_{letter * 4}{number}" for number, letter in enumerate("abcde", 1111))


def turns(first: str, second: str, *, results: tuple[str, str] | None = None, later: str | None = None) -> list[Any]:
    """Three requests of an agent: a question, two parallel calls with their results, and one more call."""
    question = {"role": "user", "content": "hi"}
    calls = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": f'{{"x":{number}}}'}}
        for number, name in enumerate((first, second))
    ]
    answers = [
        {"role": "tool", "tool_call_id": name, "content": str(number)}
        for number, name in enumerate(results or (first, second))
    ]
    again = {"role": "tool", "tool_call_id": later or second, "content": "again"}
    talk = [question, {"role": "assistant", "tool_calls": calls}, *answers]
    return [{"messages": [question]}, {"messages": talk}, {"messages": [*talk, again]}]


TALKS: dict[str, tuple[list[Any], list[Any], bool]] = {
    "the same names": (turns(A, B), turns(A, B), True),
    "other names": (turns(A, B), turns(C, D), True),
    "names exchanged": (turns(A, B), turns(B, A), True),
    "names of another kind": (
        turns("toolu_01Aa", "toolu_01Bb"),
        turns("pyd_ai_0123456789abcdef", "pyd_ai_1123456789abcdef"),
        True,
    ),
    "results under the wrong call": (turns(A, B), turns(C, D, results=(D, C)), False),
    "one name for two": (turns(A, B), turns(C, C), False),
    "a name that changes later": (turns(A, B), turns(C, D, later=E), False),
}


@pytest.mark.parametrize(("recorded", "present", "fits"), TALKS.values(), ids=TALKS)
def test_names_of_calls_are_followed_from_turn_to_turn(
    recorded: list[Any], present: list[Any], fits: bool, tape: Path
) -> None:
    def coded(values: list[Any]) -> list[RecordedRequest]:
        return [request(json.dumps(value).encode()) for value in values]

    expected = [b"reply 0", b"reply 1", b"reply 2"] if fits else None
    assert replies(tape, coded(recorded), coded(present)) == expected


KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
SHORTER = "sk-" + "proj-Zz9yXx8wVv7uTt6sRr5q"
KEYED: dict[str, Callable[[str], RecordedRequest]] = {
    "a field": lambda key: request(json.dumps({"api_key": key}).encode()),
    "a text": lambda key: request(json.dumps({"content": f"use {key} now"}).encode()),
    "a form": lambda key: request(f"api_key={key}".encode(), kind=FORM),
    "a query": lambda key: request(b"{}", f"/v1?key={key}"),
    "a path": lambda key: request(b"{}", f"/v1/{key}/x"),
    "JSON in JSON": lambda key: request(json.dumps({"x": json.dumps({"password": key})}).encode()),
}


@pytest.mark.parametrize("make", KEYED.values(), ids=KEYED)
def test_a_masked_request_is_the_same_with_a_key_of_another_length(
    make: Callable[[str], RecordedRequest], tape: Path
) -> None:
    from playhead.cassette import Scrubber

    plain = make(KEY)
    masked = Scrubber().scrub_request(plain.method, plain.uri, plain.headers, plain.body)
    assert KEY.encode() not in (masked.body or b"") and KEY not in masked.uri
    recorded = RecordedRequest(masked.method, masked.uri, masked.headers, masked.body)
    assert replies(tape, [recorded], [make(SHORTER)]) == [b"reply 0"]
