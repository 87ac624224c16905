"""Secrets stay out of what is printed: messages, tracebacks, logs, reports, kept failures, and what the commands show."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest
import requests

import playhead
from playhead.cli import main
from playhead.exceptions import CassetteError, CassetteUnreadable, UnmatchedRequest, UnplayedError
from tests.cassette._server import Server, json_reply, reply

# Made up, and put together at run time, so that scanners do not take them for real ones.
KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"
PASSWORD = "correct-horse-battery"
SECRETS = (KEY, GOOGLE, PLAIN, PASSWORD)


def sends(url: str) -> None:
    httpx.post(
        f"{url}?key={GOOGLE}",
        json={"api_key": PLAIN, "password": PASSWORD, "text": f"it is {KEY}"},
        headers={"authorization": f"Bearer {KEY}"},
    )


def test_an_open_cassette_shows_none_while_it_records(server: Server, tape: Path) -> None:
    server.replies["*"] = json_reply({"token": PLAIN, "echo": KEY})
    with playhead.use_cassette(tape, "once") as cassette:
        sends(server.url)
        shown = repr([cassette, cassette.interactions, cassette.requests, cassette.responses, cassette.data])
    assert [secret for secret in SECRETS if secret in shown] == []


def test_what_verify_finds_shows_none(server: Server, tape: Path) -> None:
    server.replies["*"] = json_reply({"a": 1})
    with playhead.use_cassette(tape, "once"):
        sends(server.url)
    server.replies["*"] = json_reply({"b": KEY})
    with pytest.raises(CassetteError) as refused, playhead.use_cassette(tape, "verify"):
        sends(server.url)
        sends(f"{server.url}/{KEY}")
    assert "/v1" not in str(refused.value) and "interaction 1" in str(refused.value)
    assert [secret for secret in SECRETS if secret in str(refused.value)] == []


def test_a_mismatch_by_vcrs_rules_shows_none(tmp_path: Path) -> None:
    import vcr

    from playhead.cassette import use_vcr_cassette

    owner: Any = vcr.VCR
    for send in (httpx.post, requests.post):
        with (
            pytest.raises(Exception) as refused,
            use_vcr_cassette(owner(record_mode="none"), str(tmp_path / "tape.yaml")),
        ):
            send(f"http://127.0.0.1:9/?key={GOOGLE}", headers={"x-api-key": PLAIN})
        assert "127.0.0.1" in str(refused.value)
        assert [secret for secret in SECRETS if secret in str(refused.value)] == []


def foreign(path: Path) -> Path:
    path.write_text(
        dedent(f"""
        interactions:
        - request:
            body: '{{"api_key": "{PLAIN}", "messages": [{{"role": "user", "content": "{KEY}"}}]}}'
            headers: {{authorization: ['Bearer {KEY}']}}
            method: POST
            uri: https://api.example.com/v1?key={GOOGLE}
          response:
            body: {{string: '{{"text": "it is {KEY}", "password": "{PASSWORD}"}}'}}
            headers: {{set-cookie: ['s={PLAIN}'], content-type: [application/json]}}
            status: {{code: 401, message: 'Wrong key {KEY}'}}
        version: 1
        """)
    )
    return path


@pytest.mark.parametrize(
    "command", [["show"], ["show", "--raw"], ["show", "--json"], ["show", "--timing"]], ids=" ".join
)
def test_the_commands_show_none_of_an_old_recording(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["playhead", *command, str(foreign(tmp_path / "old.yaml"))])
    with pytest.raises(SystemExit) as ended:
        main()
    shown = capsys.readouterr().out
    assert ended.value.code == 0 and "api.example.com" in shown
    assert [secret for secret in SECRETS if secret in shown] == []


def test_a_scrubbed_recording_has_none_in_its_reason(tmp_path: Path) -> None:
    from playhead.cassette import scrub_paths

    old = foreign(tmp_path / "old.yaml")
    scrub_paths([old])
    assert [secret for secret in SECRETS if secret in old.read_text()] == []
    assert "Wrong key scrubbed" in old.read_text()


def test_a_mismatch_with_an_old_recording_shows_none(tmp_path: Path) -> None:
    with pytest.raises(UnmatchedRequest) as refused, playhead.use_cassette(foreign(tmp_path / "old.yaml")):
        httpx.post("https://api.example.com/v2", json={"messages": []})
    assert [secret for secret in SECRETS if secret in str(refused.value)] == []


def test_the_refusal_of_a_broken_recording_shows_no_piece_of_one(tmp_path: Path) -> None:
    old = foreign(tmp_path / "old.yaml")
    old.write_text(old.read_text().replace("method: POST", f"method: [Bearer {KEY}]"))
    with pytest.raises(CassetteUnreadable) as refused, playhead.use_cassette(old):
        pass
    assert KEY[:20] not in str(refused.value)


def test_the_error_of_a_failed_request_is_kept_without_any(server: Server, tape: Path) -> None:
    server.replies["*"] = [b"HTTP/1.1 200 OK\r\n" + f"x bad {KEY}: 1\r\n\r\n".encode()]
    with playhead.use_cassette(tape, "once"), pytest.raises(httpx.RemoteProtocolError):
        httpx.get(server.url)
    server.replies["*"] = reply(b"", status=f"401 Wrong key {KEY}")
    with playhead.use_cassette(tape, "new_episodes"):
        httpx.get(f"{server.url}/two")
    assert KEY not in tape.read_text()


def test_a_request_on_its_way_shows_none_in_a_debugger() -> None:
    from playhead.cassette._match import Sent

    sent = Sent("POST", f"https://u:{PASSWORD}@x.example/{KEY}?key={GOOGLE}", {"x-api-key": PLAIN}, PASSWORD.encode())
    assert repr(sent) == "<Sent POST x.example, 21 bytes>"


def test_what_was_not_played_of_an_old_recording_of_ours_is_shown_without_any(server: Server, tape: Path) -> None:
    with playhead.use_cassette(tape, "once"):
        httpx.get(f"{server.url}/one?key=1")
    tape.write_text(tape.read_text().replace("/one?key=1", f"/{KEY}?key={GOOGLE}"))
    with pytest.raises(UnplayedError) as refused, playhead.use_cassette(tape, on_unplayed="fail"):
        pass
    assert [secret for secret in SECRETS if secret in str(refused.value)] == []
