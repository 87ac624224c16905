"""Linting and cleaning cassettes: what slipped in is found, named with its line, and masked without touching the rest."""

from __future__ import annotations

import json
import os
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from playhead.cassette import (
    Interaction,
    RecordedRequest,
    RecordedResponse,
    Rules,
    Stream,
    check_paths,
    read_file,
    scrub_paths,
    write_file,
)
from playhead.clock import FixedClock, use_clock
from tests._shared import shared

KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"


def interaction(
    content: str = "Hello",
    *,
    key: str = "scrubbed--------",
    uri: str = "https://api.example.com/v1/chat",
    recorded: str = "2026-11-01T00:00:00Z",
) -> Interaction:
    body = f'data: {{"text": "{content}"}}\n\ndata: [DONE]\n\n'.encode()
    return Interaction(
        RecordedRequest(
            "POST", uri, {"authorization": [f"Bearer {key}"], "content-type": ["application/json"]}, b'{"model": "m-1"}'
        ),
        RecordedResponse(
            200,
            "OK",
            {"content-type": ["text/event-stream"]},
            body,
            Stream([5, len(body) - 5], [1, 2], recorded_at=recorded),
        ),
    )


VCR = textwrap.dedent(
    f"""\
    interactions:
    - request:
        body: '{{"model":"m-1"}}'
        headers:
          Authorization:
          - Bearer {KEY}   # not by hand, please
          accept: ['*/*']
        method: POST
        uri: https://api.example.com/v1/chat?key={GOOGLE}
      response:
        body:
          string: '{{"ok": true}}'
        headers: {{Date: ['Fri, 02 Jan 2026 10:00:00 GMT']}}
        status: {{code: 200, message: OK}}
    - request:
        method: POST
        uri: https://api.example.com/v1/chat
        headers: {{}}
        parsed_body: {{note: "the key is {KEY}", n: [1, 2.5, null]}}
      response:
        parsed_body:
          api_key: {PLAIN}
          n: 1
        headers: {{}}
        status: {{code: 200, message: OK}}
    version: 1
    """
)

CASSETTER = textwrap.dedent(
    f"""\
    version: 1
    interactions:
    - request:
        method: POST
        uri: https://api.example.com/v1/chat
        headers: {{x-api-key: [{PLAIN}]}}
        body: {{type: json, content: {{password: abc}}}}
      response:
        status: 200
        headers: {{}}
        body: {{type: text, content: 'hello {KEY}'}}
      recorded_at: '2026-01-02T10:00:00Z'
    """
)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_a_clean_tree_has_no_findings(tmp_path: Path) -> None:
    write_file(str(tmp_path / "a" / "one.yaml"), [interaction()])
    write_file(str(tmp_path / "b.yaml"), [interaction(), interaction("again")])
    report = check_paths([tmp_path])
    assert (report.files, report.interactions, report.findings, report.exit_code) == (2, 3, [], 0)


def test_a_secret_is_found_with_its_place_and_never_shown(tmp_path: Path) -> None:
    path = tmp_path / "one.yaml"
    write_file(str(path), [interaction(), interaction(f"use {KEY}"), interaction(key=PLAIN)])
    report = check_paths([path])
    assert report.exit_code == 1
    assert [(finding.interaction, finding.rule) for finding in report.findings] == [
        (2, "openai-key"),
        (3, "authorization"),
    ]
    lines = path.read_text().splitlines()
    for finding, secret in zip(report.findings, (KEY, PLAIN), strict=True):
        assert finding.line is not None
        assert secret in lines[finding.line - 1]
        assert secret not in str(finding) + finding.remedy
        assert str(finding).startswith(f"{path}:{finding.line}: secret: a secret in the ")


def test_a_secret_split_over_frames_is_found(tmp_path: Path) -> None:
    body = "".join(
        f"data: {json.dumps({'delta': KEY[start : start + 7]})}\n\n" for start in range(0, len(KEY), 7)
    ).encode()
    recording = interaction()
    recording.response.body = body
    recording.response.stream = Stream([len(body)], [1])
    write_file(str(tmp_path / "one.yaml"), [recording])
    assert [finding.rule for finding in check_paths([tmp_path]).findings] == ["openai-key"]
    scrub_paths([tmp_path])
    assert check_paths([tmp_path]).findings == []


def test_recordings_older_than_the_limit_are_found(tmp_path: Path) -> None:
    write_file(str(tmp_path / "own.yaml"), [interaction(recorded="2025-01-01T00:00:00Z"), interaction()])
    written(tmp_path, "vcr.yaml", VCR.replace(KEY, "x").replace(GOOGLE, "x").replace(PLAIN, "x"))
    written(tmp_path, "z-cassetter.yaml", CASSETTER.replace(KEY, "x").replace(PLAIN, "x").replace("abc", "x"))
    with use_clock(FixedClock(datetime(2026, 11, 20, tzinfo=UTC))):
        report = check_paths([tmp_path], older_than_days=180)
        assert check_paths([tmp_path], older_than_days=10_000).findings == []
    found = [
        (Path(finding.path).name, finding.kind, finding.interaction)
        for finding in report.findings
        if finding.kind == "age"
    ]
    assert found == [("own.yaml", "age", 1), ("vcr.yaml", "age", 1), ("z-cassetter.yaml", "age", 1)]
    assert "recorded on 2025-01-01, 688 days ago; the limit is 180" in report.findings[0].problem


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("playhead: {format: 99, match_on: []}\ninteractions: []\nversion: 1\n", "version"),
        ("playhead: {format: 1, match_on: []}\ninteractions:\n- request:\n    method: GET\n", "unreadable"),
        ("interactions:\n- request: {method: GET, uri: [\n", "unreadable"),
        ("interactions:\n- request: !!python/object/apply:os.system [ls]\n", "unreadable"),
        ("interactions: 5\n", "unreadable"),
    ],
)
def test_what_cannot_be_read_is_found_and_never_changed(tmp_path: Path, text: str, kind: str) -> None:
    path = written(tmp_path, "one.yaml", text)
    report = check_paths([tmp_path])
    assert [finding.kind for finding in report.findings] == [kind]
    assert report.exit_code == 2
    cleaned = scrub_paths([tmp_path])
    assert cleaned.exit_code == 2
    assert path.read_text() == text


def test_other_yaml_files_and_hidden_folders_are_left_alone_but_a_named_file_is_not(tmp_path: Path) -> None:
    other = written(tmp_path, "compose.yaml", f"services: {{a: {KEY}}}\n")
    written(tmp_path, ".git/one.yaml", VCR)
    written(tmp_path, "node_modules/one.yaml", VCR)
    assert check_paths([tmp_path]).files == 0
    assert [finding.kind for finding in check_paths([other]).findings] == ["unreadable"]
    missing = check_paths([tmp_path / "nowhere"])
    assert (missing.findings[0].kind, missing.exit_code) == ("missing", 2)


def test_a_file_reached_twice_is_checked_once(tmp_path: Path) -> None:
    path = written(tmp_path, "one.yaml", VCR)
    os.symlink(path, tmp_path / "two.yaml")
    assert check_paths([tmp_path, path]).files == 1


def test_scrubbing_our_own_format_keeps_cuts_and_times(tmp_path: Path) -> None:
    path = str(tmp_path / "one.yaml")
    write_file(path, [interaction(f"use {KEY}", uri=f"https://u:{PLAIN}@api.example.com/?key={GOOGLE}"), interaction()])
    before = read_file(path).interactions
    report = scrub_paths([path])
    assert report.changed == [path]
    assert report.masks == {"key": 1, "openai-key": 1, "url-password": 1}
    assert report.exit_code == 0
    after = read_file(path).interactions
    assert after[1] == before[1]
    assert after[0].response.stream == before[0].response.stream
    assert [len(chunk) for chunk in after[0].response.chunks] == [len(chunk) for chunk in before[0].response.chunks]
    text = Path(path).read_text()
    assert not any(secret in text for secret in (KEY, PLAIN, GOOGLE))
    assert scrub_paths([path]).changed == []


def test_scrubbing_masks_the_error_of_a_stream(tmp_path: Path) -> None:
    path = str(tmp_path / "one.yaml")
    recording = interaction()
    recording.response.stream = Stream(
        [len(recording.response.body)], [1], "failed", ("ReadError", f"key {KEY} refused")
    )
    write_file(path, [recording])
    assert [finding.problem for finding in check_paths([path]).findings] == ["a secret in the stream's error (text)"]
    scrub_paths([path])
    assert KEY not in Path(path).read_text()
    assert check_paths([path]).findings == []


@pytest.mark.parametrize(
    "text", [VCR, CASSETTER, json.dumps(yaml.safe_load(VCR))], ids=["vcr", "cassetter", "vcr as json"]
)
def test_scrubbing_a_foreign_file_keeps_its_dialect(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, "one.yaml", text)
    assert check_paths([path]).exit_code == 1
    report = scrub_paths([path])
    assert report.changed == [str(path)]
    clean = path.read_text()
    assert not any(secret in clean for secret in (KEY, PLAIN, GOOGLE, "abc"))
    assert check_paths([path]).findings == []
    before, after = yaml.safe_load(text), yaml.safe_load(clean)
    assert [list(item) for item in after["interactions"]] == [list(item) for item in before["interactions"]]
    assert after["interactions"][0]["response"]["status"] == before["interactions"][0]["response"]["status"]
    assert read_file(str(path)).dialect == ("cassetter" if text is CASSETTER else "vcr")


def test_masks_are_written_over_the_secrets_and_the_rest_of_a_foreign_file_stays_as_it_was(tmp_path: Path) -> None:
    path = written(tmp_path, "one.yaml", VCR)
    scrub_paths([path])
    clean = path.read_text()
    assert len(clean) == len(VCR)
    assert clean == VCR.replace(KEY, "scrubbed".ljust(len(KEY), "-")).replace(
        GOOGLE, "scrubbed".ljust(len(GOOGLE), "-")
    ).replace(PLAIN, "scrubbed".ljust(len(PLAIN), "-"))


def test_a_secret_in_a_compressed_reply_of_a_foreign_file_is_masked(tmp_path: Path) -> None:
    import gzip

    item = {
        "request": {"method": "GET", "uri": "https://a.example/", "headers": {}, "body": None},
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"content-encoding": ["gzip"], "content-type": ["application/json"]},
            "body": {"string": gzip.compress(json.dumps({"access_token": PLAIN, "n": 1}).encode(), mtime=0)},
        },
    }
    path = tmp_path / "one.yaml"
    path.write_text(yaml.safe_dump({"interactions": [item], "version": 1}))
    assert [finding.rule for finding in check_paths([path]).findings] == ["access_token"]
    scrub_paths([path])
    response = read_file(str(path)).interactions[0].response
    assert json.loads(response.body) == {"access_token": "scrubbed------------", "n": 1}
    assert response.header("content-encoding") is None


def test_a_dry_run_says_what_would_change_and_changes_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "one.yaml", VCR)
    report = scrub_paths([path], dry_run=True)
    assert report.changed == [str(path)]
    assert path.read_text() == VCR


def test_rules_of_the_project_hold_for_both(tmp_path: Path) -> None:
    path = str(tmp_path / "one.yaml")
    write_file(path, [interaction("ACME-1234 is fine, OTHER-5678 is not")])
    rules = Rules(patterns=(r"(?:ACME|OTHER)-\d{4}",), allow=("ACME-1234",))
    assert [finding.rule for finding in check_paths([path], rules=rules).findings] == ["custom"]
    assert scrub_paths([path], rules=rules).masks == {"custom": 1}
    assert b"ACME-1234 is fine, scrubbed-- is not" in read_file(path).interactions[0].response.body


def test_known_credentials_are_found_whatever_they_look_like(tmp_path: Path) -> None:
    write_file(str(tmp_path / "one.yaml"), [interaction(f"it is {PLAIN}")])
    assert check_paths([tmp_path]).findings == []
    assert [finding.rule for finding in check_paths([tmp_path], known=[PLAIN]).findings] == ["known-value"]


def test_a_file_that_cannot_be_saved_is_reported_and_stays(tmp_path: Path) -> None:
    path = written(tmp_path, "one.yaml", VCR)
    path.chmod(0o444)
    report = scrub_paths([path])
    assert report.exit_code == 2
    assert "read-only" in report.findings[0].problem
    assert path.read_text() == VCR


def test_progress_is_told_file_by_file(tmp_path: Path) -> None:
    written(tmp_path, "b.yaml", VCR)
    written(tmp_path, "a.yaml", VCR)
    seen: list[str] = []
    check_paths([tmp_path], on_file=seen.append)
    assert [Path(path).name for path in seen] == ["a.yaml", "b.yaml"]


def test_in_real_recordings_only_account_headers_and_cookies_are_found() -> None:
    report = check_paths(
        [
            shared("corpus/pydantic-ai/openai-chat"),
            shared("corpus/pydantic-ai/anthropic-messages"),
            shared("corpus/mirascope"),
        ]
    )
    assert report.files > 80
    assert {finding.rule for finding in report.findings} <= {"openai-organization", "openai-project", "cookie"}
    assert {finding.kind for finding in report.findings} <= {"secret"}
