"""The command line as its users meet it: what it prints, and with which status it ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, Stream, write_file
from playhead.cli import main
from playhead.models import load_script

KEY = "sk-proj-" + "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5hJ7kL9nP1rS3"
REPLY = (
    'data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"role":"assistant","content":"It is"}}]}\n\n',
    'data: {"id":"c1","model":"m-1","choices":[{"index":0,"delta":{"content":" sunny"},"finish_reason":"stop"}]}\n\n',
    "data: [DONE]\n\n",
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["playhead", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return call


def cassette(path: Path, reply: Sequence[str] = REPLY, key: str = "") -> Path:
    body = {"model": "m-1", "stream": True, "messages": [{"role": "user", "content": "How is the weather?"}]}
    headers = {"content-type": ["application/json"]} | ({"authorization": [f"Bearer {key}"]} if key else {})
    request = RecordedRequest("POST", "https://api.openai.com/v1/chat/completions", headers, json.dumps(body).encode())
    stream = Stream(
        chunks=[len(piece) for piece in reply], at_ms=[400, 450, 460][: len(reply)], recorded_at="2026-01-01T00:00:00Z"
    )
    response = RecordedResponse(200, "OK", {"content-type": ["text/event-stream"]}, "".join(reply).encode(), stream)
    write_file(str(path), [Interaction(request, response)])
    return path


def test_show_prints_the_transcript_of_a_cassette(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("show", cassette(tmp_path / "a.yaml"))
    assert status == 0
    assert out.splitlines()[:3] == [
        "request 1  m-1",
        '  user      "How is the weather?"',
        '  text      "It is" | " sunny"',
    ]


def test_show_raw_prints_chunks_and_frames_with_their_times(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("show", "--raw", "--timing", cassette(tmp_path / "a.yaml"))
    assert status == 0
    assert f"  chunk 2, {len(REPLY[1])} bytes at 450 ms" in out
    assert "    data: [DONE]\\n\\n" in out


def test_show_json_is_for_machines(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("show", "--json", cassette(tmp_path / "a.yaml"))
    (interaction,) = json.loads(out)["interactions"]
    assert (status, interaction["chunks"], interaction["at_ms"]) == (0, [len(r) for r in REPLY], [400, 450, 460])


def test_a_broken_file_is_explained_without_a_traceback(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text("interactions:\n- request: {method: GET")
    status, out, err = run("show", path)
    assert (status, out) == (2, "")
    assert str(path) in err and "line" in err and "Traceback" not in err


def test_diff_says_what_changed_and_ends_with_one(run: Run, tmp_path: Path) -> None:
    old = cassette(tmp_path / "old.yaml")
    new = cassette(tmp_path / "new.yaml", [piece.replace("sunny", "grey") for piece in REPLY])
    status, out, _ = run("diff", old, new)
    assert status == 1
    assert '-  text      "It is" | " sunny"' in out and '+  text      "It is" | " grey"' in out


def test_diff_without_chunks_does_not_mind_where_text_was_cut(run: Run, tmp_path: Path) -> None:
    old = cassette(tmp_path / "old.yaml")
    one = REPLY[0].replace("It is", "It is sunny"), REPLY[1].replace(" sunny", ""), REPLY[2]
    new = cassette(tmp_path / "new.yaml", one)
    assert run("diff", old, new)[0] == 1
    assert run("diff", "--no-chunks", old, new)[:2] == (0, "The two recordings say the same.\n")


def test_check_finds_a_secret_and_never_prints_it(run: Run, tmp_path: Path) -> None:
    cassette(tmp_path / "leak.yaml", key=KEY)
    status, out, err = run("check", tmp_path)
    assert status == 1
    assert "leak.yaml" in out and "secret" in out
    assert KEY not in out + err


def test_what_is_no_secret_can_be_named(run: Run, tmp_path: Path) -> None:
    path = cassette(tmp_path / "leak.yaml", key=KEY)
    assert run("check", "--allow", KEY, tmp_path)[0] == 0
    assert run("scrub", "--allow", KEY, tmp_path)[0] == 0
    assert KEY in path.read_text()
    assert run("check", "--allow", "another", tmp_path)[0] == 1


def test_check_finds_recordings_that_are_too_old(run: Run, tmp_path: Path) -> None:
    cassette(tmp_path / "a.yaml")
    assert run("check", tmp_path)[0] == 0
    status, out, _ = run("check", "--max-age", "1", tmp_path)
    assert status == 1 and "age" in out


def test_check_ends_with_two_where_something_cannot_be_read(run: Run, tmp_path: Path) -> None:
    status, out, _ = run("check", tmp_path / "missing.yaml")
    assert status == 2 and "missing" in out


def test_scrub_masks_in_place_and_a_dry_run_does_not(run: Run, tmp_path: Path) -> None:
    path = cassette(tmp_path / "leak.yaml", key=KEY)
    before = path.read_bytes()
    assert run("scrub", "--dry-run", path)[0] == 0
    assert path.read_bytes() == before
    status, out, _ = run("scrub", path)
    assert status == 0 and "1 with secrets" in out
    assert KEY.encode() not in path.read_bytes()
    assert len(path.read_bytes()) == len(before)
    assert run("check", path)[0] == 0


def test_convert_makes_a_script_that_can_be_edited(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "weather.script.yaml"
    status, _, _ = run("convert", "--to", "script", cassette(tmp_path / "a.yaml"), target)
    assert status == 0
    assert "It is" in target.read_text() and load_script(target).responses


def test_convert_reads_foreign_cassettes_and_replaces_nothing_unasked(run: Run, tmp_path: Path) -> None:
    foreign = tmp_path / "vcr.yaml"
    foreign.write_text(
        "interactions:\n- request: {method: GET, uri: 'http://x/', body: null, headers: {}}\n"
        "  response: {status: {code: 200, message: OK}, headers: {}, body: {string: hello}}\nversion: 1\n"
    )
    target = tmp_path / "ours.yaml"
    assert run("convert", foreign, target)[0] == 0
    assert target.read_text().startswith("playhead: {format: 1")
    status, _, err = run("convert", foreign, target)
    assert status == 2 and "--force" in err


def test_convert_makes_a_cassette_of_a_script(run: Run, tmp_path: Path) -> None:
    script = tmp_path / "weather.script.yaml"
    script.write_text("responses:\n- [{text: [It is, ' sunny']}]\n")
    target = tmp_path / "weather.yaml"
    status, out, _ = run("convert", "--dialect", "anthropic-messages", script, target)
    assert (status, "anthropic-messages" in out) == (0, True)
    assert '"It is" | " sunny"' in run("show", target)[1]


def test_report_draws_a_page_of_all_recordings(run: Run, tmp_path: Path) -> None:
    cassette(tmp_path / "recordings" / "a.yaml")
    cassette(tmp_path / "recordings" / "b.yaml")
    page = tmp_path / "page.html"
    status, out, _ = run("report", "-o", page, tmp_path / "recordings")
    assert (status, "2 recordings" in out) == (0, True)
    html = page.read_text("utf-8")
    assert "It is" in html and "https://cdn" not in html and html.count("b.yaml") >= 1


def test_a_mistyped_command_is_answered_with_the_nearest(run: Run) -> None:
    status, _, err = run("shwo")
    assert status == 2 and "Did you mean 'show'?" in err


@pytest.mark.parametrize("command", ["demo", "show", "diff", "check", "scrub", "serve", "convert", "report"])
def test_the_help_of_each_command_teaches_by_example(run: Run, command: str) -> None:
    status, out, _ = run(command, "--help")
    assert status == 0 and f"playhead {command}" in out.split("Options:")[0].replace("Usage: ", "", 1)


def test_colours_are_left_out_where_no_color_is_set(tmp_path: Path) -> None:
    path = cassette(tmp_path / "a.yaml")
    program = "import sys; sys.argv = ['playhead', 'show', sys.argv[1]]; from playhead.cli import main; main()"
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, env=environment, check=True)
    assert b"\x1b[" not in done.stdout
    assert done.stdout.startswith(b"request 1  m-1")


def test_the_demo_records_and_replays_and_all_runs_agree(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "weather.yaml"
    status, out, err = run("demo", "--cassette", path)
    assert (status, err) == (0, "")
    assert "All three runs agree" in out
    assert "sk-demo" not in path.read_text()
