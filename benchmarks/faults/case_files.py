"""Hostile and broken files: refused with an error that names the file, at once, without harm, and never replaced."""

from __future__ import annotations

import os
import re
import resource
import time
from pathlib import Path

from _kit import Server, Tool, always, case, look, whole

GOOD = """\
interactions:
- request:
    body: ''
    headers: {}
    method: POST
    uri: %s
  response:
    body: {string: 'hello'}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""


def refused(name: str, content: bytes | str, *, seconds: float = 15.0) -> None:
    """A case: neither replaying nor recording may touch the network, run code, take long, or change the file."""

    def attempt(tool: Tool, folder: Path, mode: str) -> None:
        file = folder / "one.yaml"
        data = content.encode() if isinstance(content, str) else content
        file.write_bytes(data)
        limit = 2_000_000_000
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
        os.chdir(folder)
        with Server(always(whole())) as server:
            start = time.perf_counter()
            said = ""
            try:
                with tool.use(file, mode):
                    look(server.url)
            except MemoryError as error:
                raise AssertionError("it took all the memory") from error
            except BaseException as error:
                said = f"{type(error).__name__}: {error}"
            assert time.perf_counter() - start < seconds, "it took too long"
            assert not (folder / "pwned").exists(), "code was run"
            assert file.read_bytes() == data, "the file was changed"
            assert not server.received or said, "it was taken for an empty cassette"
            assert said, "nothing was raised"
            assert "one.yaml" in said, f"the error does not name the file: {said[:150]}"

    case("files", f"{name}, replaying")(lambda tool, folder: attempt(tool, folder, "none"))
    case("files", f"{name}, recording")(lambda tool, folder: attempt(tool, folder, "new_episodes"))


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{b}: &{b} [{','.join(['*' + a] * 9)}]\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)
refused(
    "a tag that runs code",
    "interactions:\n- request: !!python/object/apply:os.system ['touch pwned']\n  response: {}\nversion: 1\n",
)
refused(
    "another tag that runs code",
    "interactions: !!python/object/new:subprocess.Popen [['touch', 'pwned']]\nversion: 1\n",
)
refused("an unknown tag", (GOOD % "http://x/").replace("'hello'", "!secret hello"))
refused("an alias bomb", LAUGHS + "interactions: *j\nversion: 1\n")
refused("deep nesting", "interactions: " + "[" * 50_000 + "]" * 50_000 + "\n")
refused("cut off in the middle", (GOOD % "http://x/")[:120])
refused("cut off in a string", (GOOD % "http://x/").replace("'hello'}", "'hello"))
refused("binary rubbish", bytes(range(256)) * 10)
refused("invalid UTF-8", (GOOD % "http://x/").encode().replace(b"hello", b"h\xff\xfello"))
refused("tabs", (GOOD % "http://x/").replace("    ", "\t"))
refused("a list at the top", "- request: {}\n  response: {}\n")
refused("a number at the top", "42\n")
refused("interactions that are none", "interactions: 5\nversion: 1\n")
refused("an interaction that is none", "interactions: [5]\nversion: 1\n")
refused(
    "no response", "interactions:\n- request: {method: GET, uri: 'http://x/', headers: {}, body: null}\nversion: 1\n"
)
refused("a status that is none", (GOOD % "http://x/").replace("code: 200", "code: fine"))
refused("headers that are none", (GOOD % "http://x/").replace("headers: {}\n    status", "headers: 7\n    status"))
refused("an unknown version of ours", "playhead: {format: 999, match_on: [method]}\ninteractions: []\nversion: 1\n")
refused("conflict markers", "<<<<<<< HEAD\n" + GOOD % "http://x/" + "=======\n>>>>>>> other\n")
refused("html", "<html><body>404</body></html>\n")
refused("json that is cut off", '{"interactions": [{"request": {"method": "GET"')
refused("a git lfs pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n")


@case("files", "a good file of VCR.py")
def good(tool: Tool, folder: Path) -> None:
    (folder / "one.yaml").write_text(GOOD % "http://127.0.0.1:9/x")
    with tool.replay(folder / "one.yaml"):
        assert look("http://127.0.0.1:9/x").body == b"hello"


@case("files", "dates, numbers and booleans as header values")
def yaml_types(tool: Tool, folder: Path) -> None:
    text = (GOOD % "http://127.0.0.1:9/x").replace(
        "headers: {}\n    status", "headers: {x-day: [2026-11-20], x-n: [5], x-b: [yes], x-s: plain}\n    status"
    )
    (folder / "one.yaml").write_text(text)
    with tool.replay(folder / "one.yaml"):
        view = look("http://127.0.0.1:9/x")
    assert view.body == b"hello"
    assert view.headers["x-s"] == "plain" and view.headers["x-n"] == "5"


@case("files", "100 MB")
def huge(tool: Tool, folder: Path) -> None:
    """It replays, or is refused by name; soon, in bounded memory."""
    file = folder / "one.yaml"
    body = ("data: " + "x" * 994 + "\n\n") * 100_000
    indented = "".join(f"        {line}\n" if line else "\n" for line in body.split("\n"))
    file.write_text((GOOD % "http://127.0.0.1:9/x").replace("{string: 'hello'}", "\n      string: |+\n" + indented))
    resource.setrlimit(resource.RLIMIT_AS, (3_000_000_000, resource.RLIM_INFINITY))
    start = time.perf_counter()
    try:
        with tool.replay(file):
            view = look("http://127.0.0.1:9/x", timeout=20)
        assert view.status == 200 and len(view.body) > 99_000_000
    except (AssertionError, MemoryError):
        raise
    except BaseException as error:
        assert "one.yaml" in str(error), f"the error does not name the file: {error}"
    assert time.perf_counter() - start < 20, "it took too long"


@case("files", "an empty file")
def empty(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    file.write_bytes(b"")
    with Server(always(whole(b'"new"'))) as server:
        with tool.use(file, "once"):
            assert look(server.url).body == b'"new"'
    with tool.replay(file):
        assert look(server.url).body == b'"new"'


@case("files", "a missing file, replaying")
def missing(tool: Tool, folder: Path) -> None:
    said = ""
    with Server(always(whole())) as server:
        try:
            with tool.replay(folder / "missing.yaml"):
                look(server.url)
        except BaseException as error:
            said = str(error)
        assert not server.received
    assert "missing.yaml" in said, said


@case("files", "a folder in its place")
def folder_instead(tool: Tool, folder: Path) -> None:
    (folder / "one.yaml").mkdir()
    said = ""
    with Server(always(whole())) as server:
        try:
            with tool.use(folder / "one.yaml", "once"):
                look(server.url)
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
    assert "one.yaml" in said, said or "nothing was raised"


@case("files", "a symbolic link")
def symlink(tool: Tool, folder: Path) -> None:
    (folder / "real").mkdir()
    (folder / "real" / "one.yaml").write_text(GOOD % "http://127.0.0.1:9/x")
    (folder / "one.yaml").symlink_to(folder / "real" / "one.yaml")
    with Server(always(whole(b'"new"'))) as server:
        with tool.use(folder / "one.yaml", "new_episodes"):
            look(server.url + "/new")
    assert (folder / "one.yaml").is_symlink(), "the link was replaced"
    assert "/new" in (folder / "real" / "one.yaml").read_text()


@case("files", "its permissions")
def permissions(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    file.write_text(GOOD % "http://127.0.0.1:9/x")
    file.chmod(0o640)
    with Server(always(whole(b'"new"'))) as server:
        with tool.use(file, "new_episodes"):
            look(server.url + "/new")
    assert "/new" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o640


@case("files", "the same recording twice gives the same bytes")
def stable(tool: Tool, folder: Path) -> None:
    with Server(always(whole(b'{"b": 1, "a": 2}', date="Fri, 20 Nov 2026 10:00:00 GMT"))) as server:
        for name in ("one.yaml", "two.yaml"):
            with tool.record(folder / name):
                look(server.url, json={"z": 1, "a": [1, 2]})
    one, two = ((folder / name).read_text() for name in ("one.yaml", "two.yaml"))
    undated = re.compile(r"(?m)^.*(?:recorded_at|at_ms|end_ms).*$")
    assert undated.sub("", one) == undated.sub("", two)


@case("files", "opening and closing changes nothing")
def untouched(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    text = "# by hand\n" + GOOD % "http://127.0.0.1:9/x"
    file.write_text(text)
    for mode in ("none", "once", "new_episodes"):
        with tool.use(file, mode):
            look("http://127.0.0.1:9/x")
    assert file.read_text() == text
