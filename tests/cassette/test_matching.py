"""Which recording answers a request, and what is said when none does."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, use_cassette, write_file
from playhead.exceptions import CassetteError, UnmatchedRequest
from tests.cassette._server import Received, Server, json_reply

URL = "https://api.example.com/v1/chat"


def made(body: Any, answer: Any, uri: str = URL, **headers: str) -> Interaction:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {
        "content-type": ["application/json"],
        **{name.replace("_", "-"): [value] for name, value in headers.items()},
    }
    reply = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return Interaction(
        RecordedRequest("POST", uri, sent, content),
        RecordedResponse(200, "OK", {"content-type": ["application/json"]}, reply),
    )


def post(body: Any, url: str = URL, **more: Any) -> Any:
    if isinstance(body, bytes):
        return httpx.post(url, content=body, **more).json()
    return httpx.post(url, json=body, **more).json()


@pytest.mark.parametrize(
    "body",
    [b'{"a":1,"b":[1,2]}', b'{ "b" : [1, 2],\n "a" : 1 }', b'{"b":[1.0,2],"a":1.0}', b'{"\\u0061":1,"b":[1,2]}'],
)
def test_a_json_body_matches_by_meaning(tape: Path, body: bytes) -> None:
    write_file(str(tape), [made({"a": 1, "b": [1, 2]}, "yes")])
    with use_cassette(tape):
        assert post(body) == "yes"


@pytest.mark.parametrize(
    "body", [b'{"a":1,"b":[2,1]}', b'{"a":"1","b":[1,2]}', b'{"a":true,"b":[1,2]}', b'{"a":1}', b"[]", b""]
)
def test_another_meaning_does_not_match(tape: Path, body: bytes) -> None:
    write_file(str(tape), [made({"a": 1, "b": [1, 2]}, "yes")])
    with use_cassette(tape), pytest.raises(UnmatchedRequest):
        post(body)


@pytest.mark.parametrize(
    ("url", "matches"),
    [
        ("https://api.example.com/v1?b=2&a=1", True),
        ("https://API.example.com:443/v1?a=1&b=2", True),
        ("https://api.example.com/v1?a=1", False),
        ("https://api.example.com/v2?a=1&b=2", False),
        ("http://api.example.com/v1?a=1&b=2", False),
        ("https://api.example.com:444/v1?a=1&b=2", False),
        ("https://api.example.org/v1?a=1&b=2", False),
    ],
)
def test_origin_path_and_query_count(tape: Path, url: str, matches: bool) -> None:
    write_file(str(tape), [made({}, "yes", "https://api.example.com/v1?a=1&b=2")])
    with use_cassette(tape):
        if matches:
            assert post({}, url) == "yes"
        else:
            with pytest.raises(UnmatchedRequest):
                post({}, url)


def test_identical_requests_replay_in_recorded_order_and_each_once(tape: Path) -> None:
    write_file(str(tape), [made({"q": 1}, number) for number in range(3)])
    with use_cassette(tape) as cassette:
        assert [post({"q": 1}) for _ in range(3)] == [0, 1, 2]
        assert (cassette.play_count, cassette.all_played, cassette.unplayed) == (3, True, [])
        with pytest.raises(UnmatchedRequest, match="was played as often already"):
            post({"q": 1})


def test_playback_repeats_give_the_last_one_again(tape: Path) -> None:
    write_file(str(tape), [made({"q": 1}, number) for number in range(2)])
    with use_cassette(tape, allow_playback_repeats=True):
        assert [post({"q": 1}) for _ in range(4)] == [0, 1, 1, 1]


def test_requests_in_any_order_find_their_own_recordings(tape: Path) -> None:
    write_file(str(tape), [made({"q": number}, number) for number in range(50)])
    with use_cassette(tape) as cassette, ThreadPoolExecutor(8) as pool:
        order = [number * 7 % 50 for number in range(50)]
        assert list(pool.map(lambda number: post({"q": number}), order)) == order
        assert cassette.all_played


def test_a_request_with_another_key_still_matches(server: Server, tape: Path) -> None:
    def ask(key: str) -> Any:
        return httpx.post(
            f"{server.url}/v1?key={key}",
            json={"api_key": key, "text": "hello"},
            headers={"authorization": f"Bearer {key}"},
        ).json()

    server.replies["/v1"] = json_reply({"ok": True})
    with use_cassette(tape, "once") as cassette:
        ask("sk-proj-Ab3dEf6hIj9lMn2pQr5tUv8xYz1B4cD7eF0gH3iJ6kL9")
    assert b"sk-proj" not in tape.read_bytes()
    assert sum(cassette.masked.values()) >= 3
    with use_cassette(tape):
        assert ask("sk-another-and-much-longer-key-1234567890abcdefghijklmnopqrstuvwxyz") == {"ok": True}
    with use_cassette(tape):
        assert ask("short") == {"ok": True}


# -- generated values


def test_listed_fields_are_ignored_wherever_the_path_says(tape: Path) -> None:
    write_file(
        str(tape),
        [made({"text": "hi", "metadata": {"trace_id": "a", "user": "u"}, "items": [{"at": 1}, {"at": 2}]}, 1)],
    )
    sent = {"text": "hi", "metadata": {"trace_id": "b", "user": "u"}, "items": [{"at": 8}, {"at": 9}]}
    with use_cassette(tape, ignore_json_paths=["items[*].at"]):
        assert post(sent) == 1
    with use_cassette(tape, ignore_json_paths=["**.at"]):
        assert post(sent) == 1
    with use_cassette(tape, ignore_json_paths=["$.items[0].at"]), pytest.raises(UnmatchedRequest):
        post(sent)
    with use_cassette(tape), pytest.raises(UnmatchedRequest):
        post(sent)


def test_an_id_that_a_replayed_response_contained_is_mapped_in_later_turns(tape: Path) -> None:
    def turn(call: str) -> dict[str, Any]:
        return {
            "messages": [
                {"role": "assistant", "tool_calls": [{"id": call}]},
                {"role": "tool", "tool_call_id": call, "content": "sunny"},
            ]
        }

    # The first turn was recorded again, with a new id; the second one is the old one.
    write_file(str(tape), [made({"q": 1}, {"id": "call_new_22222"}), made(turn("call_old_11111"), "two")])
    with use_cassette(tape):
        call = post({"q": 1})["id"]
        assert post(turn(call)) == "two"


def test_ids_that_the_client_makes_anew_match_if_they_are_used_alike(tape: Path) -> None:
    def turn(one: str, other: str) -> dict[str, Any]:
        return {"messages": [{"tool_call_id": one}, {"tool_call_id": other}, {"tool_call_id": one, "content": "x"}]}

    write_file(str(tape), [made(turn("pyd_ai_a1b2c3", "pyd_ai_d4e5f6"), 1)])
    with use_cassette(tape):
        assert post(turn("pyd_ai_99aa88", "pyd_ai_77bb66")) == 1
    with use_cassette(tape), pytest.raises(UnmatchedRequest):
        post(turn("pyd_ai_99aa88", "pyd_ai_99aa88"))  # two calls became one


@pytest.mark.parametrize("place", ["content", "text", "arguments", "city"])
def test_a_text_that_looks_like_an_id_is_never_taken_for_one(tape: Path, place: str) -> None:
    write_file(str(tape), [made({place: "order_12345"}, 1)])
    with use_cassette(tape), pytest.raises(UnmatchedRequest):
        post({place: "order_67890"})


def test_a_multipart_boundary_does_not_count(server: Server, tape: Path) -> None:
    server.replies["/files"] = json_reply({"id": "file"})

    def upload(content: bytes) -> Any:
        return httpx.post(server.url + "/files", files={"file": ("a.txt", content)}, data={"purpose": "x"}).json()

    with use_cassette(tape, "once"):
        upload(b"hello")
    with use_cassette(tape):
        assert upload(b"hello") == {"id": "file"}
    with use_cassette(tape), pytest.raises(UnmatchedRequest):
        upload(b"other")


# -- rules


def test_the_header_remembers_the_rule(server: Server, tape: Path) -> None:
    server.replies["/v1"] = json_reply(1)
    with use_cassette(tape, "once", match_on=["method", "path"]):
        post({"q": 1}, server.url + "/v1")
    assert tape.read_text().startswith("playhead: {format: 1, match_on: [method, path]}\n")
    with use_cassette(tape) as cassette:
        assert post({"q": 2}, server.url + "/v1") == 1
        assert cassette.match_on == ("method", "path")


def test_custom_matchers_are_functions_of_two_requests(server: Server, tape: Path) -> None:
    def same_length(one: Any, other: Any) -> bool:
        return len(one.body) == len(other.body)

    server.replies["/v1"] = lambda request: json_reply(len(request.body))
    with use_cassette(tape, "once", match_on=["method", same_length]):
        post(b'{"q":123}', server.url + "/v1")
        post(b'{"q":1234}', server.url + "/v1")
    with use_cassette(tape, match_on=["method", same_length]):
        assert post(b'{"q":9999}', server.url + "/v1") == 10
    with use_cassette(tape, match_on=["method"], additional_matchers=[same_length]), pytest.raises(UnmatchedRequest):
        post(b'{"q":99999}', server.url + "/v1")


def test_an_unknown_matcher_is_named(tape: Path) -> None:
    with (
        pytest.raises(CassetteError, match="no matcher is called 'boddy'"),
        use_cassette(tape, "once", match_on=["boddy"]),
    ):
        pass


def test_a_foreign_file_keeps_vcrs_rules(tape: Path) -> None:
    tape.write_text(
        "interactions:\n- request: {body: '{\"q\": 1}', headers: {}, method: POST, uri: 'https://api.example.com/v1/chat'}\n"
        "  response: {body: {string: '1'}, headers: {}, status: {code: 200, message: OK}}\nversion: 1\n"
    )
    with use_cassette(tape) as cassette:
        assert post({"q": "something else"}) == 1
        assert cassette.match_on == ("method", "scheme", "host", "port", "path", "query")
    with use_cassette(tape, match_on=["method", "body"]), pytest.raises(UnmatchedRequest):
        post({"q": "something else"})


# -- mismatches


def test_a_mismatch_explains_itself(tape: Path) -> None:
    weather = {
        "model": "m-1",
        "messages": [{"role": "user", "content": "Paris?"}],
        "api_key": "sk-test-1234567890abcdef",
    }
    write_file(str(tape), [made({"model": "m-9"}, 0), made(weather, 1)])
    changed = {**weather, "messages": [{"role": "user", "content": "Rome?"}, {"role": "user", "content": "!"}]}
    command = "pytest test_app.py::test_it --record-mode=rewrite"
    with use_cassette(tape, record_command=command, label="test_it"), pytest.raises(UnmatchedRequest) as caught:
        post({**changed, "api_key": "sk-other-0987654321fedcba"})
    assert (
        str(caught.value)
        == f"""\
No recording fits POST {URL} in test_it.
Cassette: {tape}, 2 recorded, 0 played.
Nearest: interaction 2, POST {URL}
The same: method, origin, path, query. Different: body.
  messages[0].content: recorded "Paris?"
                            now "Rome?"
  messages[1]: only now     {{"role": "user", "content": "!"}}
Not compared: headers, order of keys, white space, secrets, metadata.request_id, metadata.run_id, metadata.session_id, \
metadata.span_id, metadata.thread_id, metadata.timestamp, metadata.trace_id.
If the change is intended, record again: {command}"""
    )


def test_a_missing_file_says_how_to_record_it(tape: Path) -> None:
    with use_cassette(tape, record_command="pytest x.py --record-mode=once", label="test_haiku"):
        with pytest.raises(UnmatchedRequest) as caught:
            post({})
    assert str(caught.value) == (
        f"No recording for test_haiku ({tape}). Record it: pytest x.py --record-mode=once\n"
        f"The first request was POST {URL}."
    )


def test_a_mismatch_shows_no_secret(tape: Path) -> None:
    write_file(str(tape), [made({"q": 1}, 1)])
    key = "sk-proj-Ab3dEf6hIj9lMn2pQr5tUv8xYz1B4cD7eF0gH3iJ6kL9"
    with use_cassette(tape), pytest.raises(UnmatchedRequest) as caught:
        post(
            {"q": 2, "password": "hunter2hunter2", "note": key},
            f"https://user:{key}@api.example.com/v1/chat?api_key={key}",
        )
    assert key not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_mismatch_is_no_exception_that_an_sdk_would_retry(tape: Path) -> None:
    import openai

    write_file(str(tape), [made({"q": 1}, 1)])
    with use_cassette(tape) as cassette:
        client = openai.OpenAI(base_url="https://api.example.com/v1")  # needs no key
        with pytest.raises(UnmatchedRequest):
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
        assert len(cassette.mismatches) == 1


def test_a_mismatch_that_somebody_swallowed_is_raised_when_the_cassette_closes(tape: Path) -> None:
    def careless() -> None:
        try:
            post({"q": 2})
        except BaseException:
            pass

    write_file(str(tape), [made({"q": 1}, 1)])
    with pytest.raises(UnmatchedRequest), use_cassette(tape):
        careless()
    with pytest.raises(UnmatchedRequest), use_cassette(tape):
        thread = threading.Thread(target=careless)
        thread.start()
        thread.join()


def test_a_mismatch_that_the_test_itself_expects_is_not_raised_again(tape: Path) -> None:
    write_file(str(tape), [made({"q": 1}, 1)])
    with use_cassette(tape) as cassette:
        with pytest.raises(UnmatchedRequest):
            post({"q": 2})
        assert len(cassette.mismatches) == 1


def test_a_request_is_found_among_thousands_without_looking_at_them(
    tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import playhead.cassette._match as matching

    write_file(str(tape), [made({"q": number}, number) for number in range(2_000)])
    with use_cassette(tape):
        assert post({"q": 1_999}) == 1_999
        asked: list[object] = []
        original = matching.KEYED["body"]
        monkeypatch.setitem(matching.KEYED, "body", lambda *given: asked.append(given) or original(*given))
        assert post({"q": 1_000}) == 1_000
        assert len(asked) <= 2


def test_concurrent_identical_requests_get_each_recording_once(tape: Path) -> None:
    write_file(str(tape), [made({"q": 1}, number) for number in range(40)])
    with use_cassette(tape), ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: post({"q": 1}), range(40))) == list(range(40))


def test_concurrent_recordings_are_kept_in_the_order_in_which_they_were_sent(server: Server, tape: Path) -> None:
    def slow_first(request: Received) -> list[Any]:
        return [0.2 if request.json["q"] == 0 else 0.0, *json_reply(request.json["q"])]

    server.replies["/v1"] = slow_first
    with use_cassette(tape, "once"), ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, {"q": 0}, server.url + "/v1")
        while not server.requests:
            pass
        assert post({"q": 1}, server.url + "/v1") == 1
        assert first.result() == 0
    with use_cassette(tape) as cassette:
        assert [json.loads(item.request.body or b"")["q"] for item in cassette.interactions] == [0, 1]
