"""Record modes, options, hooks and filters; opening as a context manager and as a decorator."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
import vcr
from vcr.errors import CannotOverwriteExistingCassetteException

import playhead
from playhead.cassette import Cassette, keep_patched, read_file, use_cassette, use_vcr_cassette, watch
from playhead.exceptions import CassetteError, UnmatchedRequest, UnplayedError
from tests.cassette._server import Server, chunked, json_reply, reply


@pytest.fixture
def counting(server: Server) -> Server:
    """Answers with how many requests there have been."""
    server.replies["*"] = lambda request: json_reply({"n": len(server.requests)})
    return server


def ask(server: Server, question: str = "a", path: str = "/v1") -> int:
    return httpx.post(server.url + path, json={"q": question}).json()["n"]


def questions(tape: Path) -> list[str]:
    return [json.loads(item.request.body or b"")["q"] for item in read_file(str(tape)).interactions]


def test_none_never_touches_the_network_and_writes_nothing(counting: Server, tape: Path) -> None:
    with use_cassette(tape), pytest.raises(UnmatchedRequest):
        ask(counting)
    assert not counting.requests
    assert not tape.exists()


def test_once_records_a_new_file_and_protects_an_old_one(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once") as cassette:
        assert ask(counting) == 1
        assert ask(counting) == 2
        assert (len(cassette), cassette.play_count, len(cassette.recorded)) == (2, 0, 2)
    with use_cassette(tape, "once"):
        assert [ask(counting), ask(counting)] == [1, 2]
        with pytest.raises(UnmatchedRequest):
            ask(counting, "new")
    assert len(counting.requests) == 2


def test_new_episodes_plays_the_old_and_adds_the_new(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        ask(counting, "a")
    before = tape.read_text().removesuffix("version: 1\n")
    with use_cassette(tape, "new_episodes"):
        assert ask(counting, "a") == 1
        assert ask(counting, "b") == 2
        assert ask(counting, "b") == 3  # what was recorded just now is no recording to play
    assert tape.read_text().startswith(before)
    assert questions(tape) == ["a", "b", "b"]


def test_all_replaces_what_was_sent_again_and_keeps_the_rest(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        for question in "abc":
            ask(counting, question)
    with use_cassette(tape, "all"):
        assert ask(counting, "b") == 4
    assert questions(tape) == ["a", "c", "b"]


def test_rewrite_replaces_the_file(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        for question in "abc":
            ask(counting, question)
    with use_cassette(tape, "rewrite") as cassette:
        assert ask(counting, "b") == 4
        assert cassette.record_mode == "rewrite"
    assert questions(tape) == ["b"]


@pytest.mark.parametrize("mode", ["all", "rewrite"])
def test_a_failed_run_replaces_nothing(counting: Server, tape: Path, mode: str) -> None:
    with use_cassette(tape, "once"):
        ask(counting, "a")
        ask(counting, "b")
    before = tape.read_bytes()
    with pytest.raises(ZeroDivisionError), use_cassette(tape, mode):
        ask(counting, "a")
        raise ZeroDivisionError
    assert tape.read_bytes() == before


def test_a_failed_first_run_keeps_what_it_recorded_unless_told_otherwise(counting: Server, tape: Path) -> None:
    with pytest.raises(ZeroDivisionError), use_cassette(tape, "once", record_on_exception=False):
        ask(counting, "a")
        raise ZeroDivisionError
    assert not tape.exists()
    with pytest.raises(ZeroDivisionError), use_cassette(tape, "once"):
        ask(counting, "a")
        raise ZeroDivisionError
    assert questions(tape) == ["a"]


def test_rewrite_without_a_request_keeps_the_old_file(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        ask(counting, "a")
    with use_cassette(tape, "rewrite"):
        pass
    assert questions(tape) == ["a"]


# -- verify


def test_verify_goes_live_compares_shapes_and_writes_nothing(server: Server, tape: Path) -> None:
    server.replies["/v1"] = chunked([b'data: {"id": 1, "delta": "a"}\n\n', b"data: [DONE]\n\n"])
    with use_cassette(tape, "once"):
        httpx.post(server.url + "/v1")
    before = tape.read_bytes()
    server.replies["/v1"] = chunked([b'data: {"id": 7, "delta": "other words"}\n\n'] * 3 + [b"data: [DONE]\n\n"])
    with use_cassette(tape, "verify"):
        assert "other words" in httpx.post(server.url + "/v1").text
    server.replies["/v1"] = chunked([b'data: {"id": 7, "finish": "stop"}\n\n'])
    with pytest.raises(CassetteError, match="new: finish"), use_cassette(tape, "verify"):
        httpx.post(server.url + "/v1")
    with pytest.raises(CassetteError, match="no recording fits"), use_cassette(tape, "verify"):
        httpx.post(server.url + "/v2")
    assert tape.read_bytes() == before


def test_verify_takes_a_comparison_that_knows_more(server: Server, tape: Path) -> None:
    asked: list[str] = []

    def compare(recorded: Any, live: Any, how: str) -> str | None:
        asked.append(how)
        return None if recorded.response.body == live.response.body else f"{live.response.body!r} is new"

    server.replies["/v1"] = reply(b"one")
    with use_cassette(tape, "once"):
        httpx.post(server.url + "/v1")
    with use_cassette(tape, "verify", compare=compare):
        httpx.post(server.url + "/v1")
    server.replies["/v1"] = reply(b"two")
    with (
        pytest.raises(CassetteError, match="b'two' is new"),
        use_cassette(tape, "verify", compare=compare, verify="text"),
    ):
        httpx.post(server.url + "/v1")
    assert asked == ["shape", "text"]


# -- opening


def test_unplayed_interactions_fail_where_that_is_asked_for(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        ask(counting, "a")
        ask(counting, "b")
    with pytest.raises(UnplayedError, match="1 of 2 recorded interactions were not played"):
        with use_cassette(tape, on_unplayed="fail"):
            ask(counting, "a")
    with pytest.warns(UserWarning, match="1 of 2"), use_cassette(tape, on_unplayed="warn"):
        ask(counting, "b")
    with use_cassette(tape) as cassette:
        ask(counting, "b")
        assert [item.request.body for item in cassette.unplayed] == [cassette.interactions[0].request.body]
    with pytest.raises(KeyError), use_cassette(tape, on_unplayed="fail"):
        raise KeyError  # the run's own error comes first


def test_a_cassette_opens_around_functions_of_every_kind(counting: Server, tape: Path) -> None:
    @use_cassette(tape, "once")
    def plain(question: str) -> int:
        """Says."""
        return ask(counting, question)

    @use_cassette(tape)
    async def waiting(question: str) -> int:
        await asyncio.sleep(0)
        return ask(counting, question)

    @use_cassette(tape)
    def generating(question: str) -> Any:
        yield ask(counting, question)

    @use_cassette(tape)
    async def generating_slowly(question: str) -> Any:
        yield ask(counting, question)

    async def collect() -> list[int]:
        return [item async for item in generating_slowly("a")]

    assert (plain("a"), plain("a")) == (1, 1)
    assert (plain.__name__, plain.__doc__) == ("plain", "Says.")
    assert asyncio.run(waiting("a")) == 1
    assert list(generating("a")) == [1]
    assert asyncio.run(collect()) == [1]


def test_a_decorator_can_hand_the_cassette_over(counting: Server, tape: Path) -> None:
    @use_cassette(tape, "once", inject_cassette=True)
    def plain(cassette: Cassette, question: str) -> int:
        ask(counting, question)
        return len(cassette)

    assert plain("a") == 1


def test_a_decorator_names_the_file_after_the_function(counting: Server, tmp_path: Path) -> None:
    @use_cassette(record_mode="once", cassette_library_dir=str(tmp_path))
    def test_something() -> None:
        ask(counting)

    test_something()
    assert [path.name for path in tmp_path.iterdir()] == [
        "test_a_decorator_names_the_file_after_the_function.test_something.yaml"
    ]


async def test_a_cassette_opens_in_async_code_without_blocking_the_loop(counting: Server, tape: Path) -> None:
    async with use_cassette(tape, "once"):
        async with httpx.AsyncClient() as client:
            assert (await client.post(counting.url + "/v1", json={"q": "a"})).json() == {"n": 1}
    async with use_cassette(tape) as cassette:
        async with httpx.AsyncClient() as client:
            assert (await client.post(counting.url + "/v1", json={"q": "a"})).json() == {"n": 1}
    assert cassette.all_played


def test_saving_again_by_vcrs_name_gives_the_same_file(counting: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        ask(counting)
    before = (tape.read_bytes(), tape.stat().st_ino)
    with use_cassette(tape) as cassette:
        cassette._save()
        assert (tape.read_bytes(), tape.stat().st_ino) == before
        cassette._save(force=True)
        assert tape.read_bytes() == before[0]
        assert tape.stat().st_ino != before[1]


def test_modes_of_vcr_are_modes(counting: Server, tape: Path) -> None:
    with use_cassette(tape, vcr.mode.ONCE):
        ask(counting)
    with use_cassette(tape, vcr.mode.NONE) as cassette:
        assert ask(counting) == 1
    assert cassette.record_mode == "none"


def test_vcrs_option_for_failed_runs_counts(counting: Server, tape: Path) -> None:
    with pytest.raises(ZeroDivisionError), use_vcr_cassette(vcr.VCR(record_on_exception=False), str(tape)):
        ask(counting)
        raise ZeroDivisionError
    assert not tape.exists()
    with pytest.raises(ZeroDivisionError), use_vcr_cassette(vcr.VCR(), str(tape), record_on_exception=False):
        ask(counting)
        raise ZeroDivisionError
    assert not tape.exists()


def test_an_unknown_option_names_the_nearest_one(tape: Path) -> None:
    with pytest.raises(
        TypeError, match=r"unknown option 'filter_header' for a cassette; did you mean filter_headers\?"
    ):
        use_cassette(tape, filter_header=["x"])
    with pytest.raises(ValueError, match=r"record_mode='onec' is unknown \(did you mean 'once'\?\)"):
        use_cassette(tape, "onec")
    with pytest.raises(ValueError, match="rechunk"):
        use_cassette(tape, rechunk="tiny")
    with pytest.raises(TypeError, match=r"write filter_headers=\['x'\]"):
        use_cassette(tape, filter_headers="x")
    with pytest.raises(ValueError, match="speed=0"):
        use_cassette(tape, speed=0)
    with pytest.raises(ValueError, match="not a JSON path"):
        use_cassette(tape, ignore_json_paths=["a..[b"])


def test_a_cassette_is_opened_once_at_a_time(tape: Path) -> None:
    opened = use_cassette(tape, "once")
    with opened, pytest.raises(RuntimeError, match="open already"):
        opened.__enter__()
    with opened:
        pass


def test_the_public_name_is_the_same_function() -> None:
    assert playhead.use_cassette is use_cassette


def test_watchers_see_each_cassette_that_closes(counting: Server, tape: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    stop = watch(lambda cassette: seen.append((cassette.path, len(cassette.recorded), cassette.play_count)))
    try:
        with use_cassette(tape, "once"):
            ask(counting)
        with use_cassette(tape):
            ask(counting)
    finally:
        stop()
    with use_cassette(tape):
        ask(counting)
    assert seen == [(str(tape), 1, 0), (str(tape), 0, 1)]


# -- keys


def said_by_a_child(name: str) -> str:
    """What a process that is started now finds in its environment."""
    return subprocess.run(["/bin/sh", "-c", f'printf "%s" "${name}"'], capture_output=True, text=True).stdout


def test_a_key_that_was_set_or_deleted_meanwhile_stays_so(tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("GROQ_API_KEY", raising=False)
    end = keep_patched()
    try:
        with use_cassette(tape):
            os.environ["OPENAI_API_KEY"] = "mine"
            del os.environ["GROQ_API_KEY"]
            assert "GROQ_API_KEY" not in os.environ
        assert (os.environ.get("OPENAI_API_KEY"), os.environ.get("GROQ_API_KEY")) == ("mine", None)
        with use_cassette(tape):
            assert os.environ["OPENAI_API_KEY"] == "mine"
            assert os.environ["GROQ_API_KEY"].startswith("playhead-")
        assert "GROQ_API_KEY" not in os.environ
    finally:
        end()
        os.environ.pop("OPENAI_API_KEY", None)
    assert said_by_a_child("GROQ_API_KEY") == said_by_a_child("OPENAI_API_KEY") == ""


def test_replaying_needs_no_key_and_leaves_the_environment_as_it_was(
    counting: Server, tape: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "mine")
    before = dict(os.environ)
    with use_cassette(tape):
        assert os.environ["OPENAI_API_KEY"].startswith("playhead-")
        assert os.environ["ANTHROPIC_API_KEY"] == "mine"
        with use_cassette(tape):
            pass
        assert os.environ["OPENAI_API_KEY"].startswith("playhead-")
        assert said_by_a_child("OPENAI_API_KEY").startswith("playhead-")
    assert dict(os.environ) == before
    assert said_by_a_child("OPENAI_API_KEY") == ""
    with use_cassette(tape, "once"):
        assert dict(os.environ) == before
    with use_cassette(tape, replay_keys=["MY_KEY"]):
        assert os.environ["MY_KEY"].startswith("playhead-")
        assert "OPENAI_API_KEY" not in os.environ


# -- hooks and filters, with VCR.py's names


def test_filters_remove_or_replace(counting: Server, tape: Path) -> None:
    with use_cassette(
        tape,
        "once",
        filter_headers=["x-trace", ("x-account", "ACCOUNT")],
        filter_query_parameters=["session"],
        match_on=["method", "path", "query"],
    ):
        httpx.get(counting.url + "/v1?session=1&a=2", headers={"x-trace": "t", "x-account": "me"})
    request = read_file(str(tape)).interactions[0].request
    assert request.uri == counting.url + "/v1?a=2"
    assert request.header("x-trace") is None
    assert request.header("x-account") == "ACCOUNT"
    with use_cassette(tape, filter_query_parameters=["session"]):
        assert httpx.get(counting.url + "/v1?session=9&a=2").json() == {"n": 1}


def test_ignored_hosts_go_to_the_network_and_are_not_kept(counting: Server, tape: Path) -> None:
    with use_cassette(tape, ignore_localhost=True):
        assert ask(counting) == 1
    with use_cassette(tape, ignore_hosts=["127.0.0.1"]):
        assert ask(counting) == 2
    with use_cassette(tape, ignore_hosts=[re.compile(r"127\..*")]):
        assert ask(counting) == 3
    with use_cassette(tape, "once", ignore_localhost=True):
        assert ask(counting) == 4
    assert not tape.exists()


def test_hooks_change_or_drop_what_is_kept(counting: Server, tape: Path) -> None:
    def request_hook(request: Any) -> Any:
        if request.path == "/private":
            return None
        request.headers["x-seen"] = "yes"
        return request

    def response_hook(response: dict[str, Any]) -> dict[str, Any] | None:
        if b'"n": 2' in response["body"]["string"]:
            return None
        response["body"]["string"] = b'{"n": 99}'
        return response

    with use_cassette(tape, "once", before_record_request=request_hook, before_record_response=response_hook):
        assert ask(counting, "a") == 1
        assert ask(counting, "b") == 2
        assert ask(counting, "c", "/private") == 3
    interactions = read_file(str(tape)).interactions
    assert len(interactions) == 1
    assert interactions[0].request.header("x-seen") == "yes"
    assert interactions[0].response.chunks == [b'{"n": 99}']
    with use_cassette(tape):
        assert ask(counting, "a") == 99


def test_before_playback_changes_what_is_played(counting: Server, tape: Path) -> None:
    def hook(response: dict[str, Any]) -> dict[str, Any]:
        response["body"]["string"] = response["body"]["string"].replace(b"1", b"77")
        return response

    with use_cassette(tape, "once"):
        ask(counting)
    before = tape.read_bytes()
    with use_cassette(tape, before_playback=hook):
        assert ask(counting) == 77
    assert tape.read_bytes() == before


def test_other_serializers_and_persisters_are_vcrs(counting: Server, tmp_path: Path) -> None:
    owner = vcr.VCR(serializer="json")
    path = str(tmp_path / "tape.json")
    with use_vcr_cassette(owner, path, record_mode="once"):
        assert ask(counting) == 1
    assert json.loads(Path(path).read_text())["interactions"][0]["response"]["body"]["string"] == '{"n": 1}'
    with use_vcr_cassette(owner, path, record_mode="none") as cassette:
        assert ask(counting) == 1
        assert cassette.all_played
    with owner.use_cassette(path, record_mode="none"):
        assert ask(counting) == 1
    with use_vcr_cassette(owner, path, options={}, record_mode="rewrite") as cassette:
        assert ask(counting, "b") == 2
    assert len(cassette.interactions) == 1
    assert 'n\\": 2' in Path(path).read_text()


# -- VCR.py's rules


def test_under_vcrs_rules_a_mismatch_is_vcrs_error(counting: Server, tape: Path) -> None:
    owner = vcr.VCR(match_on=["method", "uri", "body"])
    with use_vcr_cassette(owner, str(tape), record_mode="once") as cassette:
        assert ask(counting, "a") == 1
        assert cassette.responses[0]["body"]["string"] == b'{"n": 1}'
        assert cassette.requests[0].method == "POST"
    with use_vcr_cassette(owner, str(tape), record_mode="none") as cassette:
        assert ask(counting, "a") == 1
        assert isinstance(cassette, vcr.cassette.Cassette)
        with pytest.raises(CannotOverwriteExistingCassetteException, match=r"no recorded interaction matches"):
            ask(counting, "b")


def test_under_vcrs_rules_its_options_and_assigned_hooks_count(counting: Server, tape: Path) -> None:
    owner = vcr.VCR()
    owner.register_matcher("length", lambda one, other: len(one.uri) == len(other.uri))
    owner.before_record_request = lambda request: None if request.path == "/skip" else request
    with use_vcr_cassette(owner, str(tape), record_mode="once", match_on=["method", "length"]):
        ask(counting, "a", "/one")
        ask(counting, "b", "/skip")
    assert len(read_file(str(tape)).interactions) == 1
    with use_vcr_cassette(owner, str(tape), record_mode="none", match_on=["method", "length"]):
        assert ask(counting, "x", "/two") == 1


def test_further_files_are_played_and_not_written(counting: Server, tmp_path: Path) -> None:
    for name in "ab":
        with use_cassette(tmp_path / f"{name}.yaml", "once"):
            ask(counting, name, f"/{name}")
    before = (tmp_path / "b.yaml").read_bytes()
    owner = vcr.VCR()
    with use_vcr_cassette(owner, str(tmp_path / "a.yaml"), more=[str(tmp_path / "b.yaml")], record_mode="new_episodes"):
        assert [ask(counting, "a", "/a"), ask(counting, "b", "/b"), ask(counting, "c", "/c")] == [1, 2, 3]
    assert (tmp_path / "b.yaml").read_bytes() == before
    assert questions(tmp_path / "a.yaml") == ["a", "c"]


def test_stubs_of_vcr_stay_patchable(counting: Server, tape: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from vcr.request import Request
    from vcr.stubs import httpx_stubs

    def replaced(request: Any, body: bytes, **more: Any) -> Request:
        return Request(request.method, str(request.url), b"replaced", dict(request.headers))

    monkeypatch.setattr(httpx_stubs, "_make_vcr_request", replaced)
    with use_vcr_cassette(vcr.VCR(), str(tape), record_mode="once"):
        ask(counting)
    assert read_file(str(tape)).interactions[0].request.body == b"replaced"


def test_compressed_recordings_of_vcr_are_decoded_where_that_is_asked_for(tape: Path) -> None:
    import base64
    import gzip

    packed = base64.b64encode(gzip.compress(b"hello", mtime=0)).decode()
    tape.write_text(
        "interactions:\n- request: {body: null, headers: {}, method: GET, uri: 'https://x/'}\n"
        f"  response:\n    body: {{string: !!binary {packed}}}\n    headers: {{content-encoding: [gzip]}}\n"
        "    status: {code: 200, message: OK}\nversion: 1\n"
    )
    with use_vcr_cassette(vcr.VCR(), str(tape), record_mode="none", decode_compressed_response=True) as cassette:
        assert cassette.responses[0]["body"]["string"] == b"hello"
        assert httpx.get("https://x/").text == "hello"
    with use_vcr_cassette(vcr.VCR(), str(tape), record_mode="none") as cassette:
        assert gzip.decompress(cassette.responses[0]["body"]["string"]) == b"hello"
        assert httpx.get("https://x/").text == "hello"
    assert read_file(str(tape)).interactions[0].response.decoded_chunks == [b"hello"]


def test_vcrs_log_shows_no_key(server: Server, tape: Path, caplog: pytest.LogCaptureFixture) -> None:
    key = "sk-proj-Ab3dEf6hIj9lMn2pQr5tUv8xYz1B4cD7eF0gH3iJ6kL9"
    with caplog.at_level("DEBUG", "vcr"), use_vcr_cassette(vcr.VCR(), str(tape), record_mode="once"):
        httpx.get(f"{server.url}/v1?api_key={key}")
        import requests

        requests.get(f"{server.url}/v2?api_key={key}", timeout=5)
    assert any(record.name.startswith("vcr.") for record in caplog.records)
    assert not any(key in record.getMessage() for record in caplog.records if record.name.startswith("vcr."))
