"""Lints and cleans cassettes: what `playhead check` and `playhead scrub` do.

    report = check_paths(["tests/cassettes"], older_than_days=180)
    for finding in report.findings: print(finding)
    sys.exit(report.exit_code)

Folders are searched for YAML files that are cassettes; a file that is named is looked at in any case. All dialects that
Playhead reads are checked, and cleaned in their own dialect: where possible by writing masks over the secrets in the
text of the file, which then differs in nothing else.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal, cast

from playhead import clock
from playhead.cassette._emit import emit_file
from playhead.cassette._format import CassetteFile, read_cassette
from playhead.cassette._match import DEFAULT_MATCH_ON
from playhead.cassette._scrub import Rules, Scrubber
from playhead.cassette._store import dump_foreign, write_data
from playhead.cassette._tape import Headers, Interaction, RecordedRequest, RecordedResponse
from playhead.cassette._yaml import item_offsets
from playhead.exceptions import CassetteError, CassetteUnreadable, CassetteVersionError

__all__ = ["CheckReport", "Finding", "FindingKind", "ScrubReport", "check_paths", "find_cassettes", "scrub_paths"]

FindingKind = Literal["secret", "age", "version", "unreadable", "missing"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be, and where. It never holds the secret itself."""

    path: str
    kind: FindingKind
    problem: str
    remedy: str = ""
    interaction: int | None = None
    """Counted from 1; None where the file as a whole is meant."""
    line: int | None = None
    """In the file, counted from 1, as near as it can be told."""
    rule: str | None = None
    """For a secret: the rule that found it, as the summary and `allow` name it."""

    def __str__(self) -> str:
        where = self.path if self.line is None else f"{self.path}:{self.line}"
        which = "" if self.interaction is None else f" (interaction {self.interaction})"
        return f"{where}: {self.kind}: {self.problem}{which}"


@dataclass(slots=True)
class CheckReport:
    """What `check_paths` found."""

    files: int = 0
    interactions: int = 0
    findings: list[Finding] = field(default_factory=list[Finding])

    @property
    def exit_code(self) -> int:
        """0: nothing to say. 1: findings. 2: something could not be checked."""
        kinds = {finding.kind for finding in self.findings}
        return 2 if kinds & {"version", "unreadable", "missing"} else 1 if kinds else 0


@dataclass(slots=True)
class ScrubReport:
    """What `scrub_paths` did."""

    files: int = 0
    changed: list[str] = field(default_factory=list[str])
    masks: dict[str, int] = field(default_factory=dict[str, int])
    """How many masks were set, by rule."""
    findings: list[Finding] = field(default_factory=list[Finding])
    """Files that could not be read or saved; they are as they were."""

    @property
    def exit_code(self) -> int:
        """0: every file is clean now, whether it was changed or not. 2: some could not be read or saved."""
        return 2 if self.findings else 0


def check_paths(
    paths: Iterable[str | os.PathLike[str]],
    *,
    rules: Rules | None = None,
    older_than_days: float | None = None,
    known: Iterable[str] = (),
    on_file: Callable[[str], None] | None = None,
) -> CheckReport:
    """Looks at cassettes for secrets, unknown versions, files that cannot be read, and recordings that are too old.

    `rules` are the project's own about secrets, `known` credentials as they are. The age of a recording is what the
    file says about it (`recorded_at`, or the header `date` of the reply); one that says nothing has no age. `on_file`
    is told each file before it is read. Never raises for what is in a file.
    """
    report = CheckReport()
    learned = list(known)
    for path in find_cassettes(paths, report.findings):
        if on_file is not None:
            on_file(path)
        report.files += 1
        read = _read(path, report.findings)
        if read is None:
            continue
        data, file = read
        lines = _Lines(data.decode("utf-8", "replace"))
        report.interactions += len(file.interactions)
        scrubber = Scrubber(rules, learn=learned)
        for number, interaction in enumerate(file.interactions):
            report.findings += _secrets(path, lines, number, interaction, scrubber)
            if older_than_days is not None:
                report.findings += _age(path, lines, number, interaction, older_than_days)
    return report


def scrub_paths(
    paths: Iterable[str | os.PathLike[str]],
    *,
    rules: Rules | None = None,
    known: Iterable[str] = (),
    dry_run: bool = False,
    on_file: Callable[[str], None] | None = None,
) -> ScrubReport:
    """Masks the secrets in cassettes, in place and atomically; with `dry_run`, only says what it would do.

    Chunks, times and the dialect of a file stay as they are. What cannot be read or saved is reported, and untouched.
    """
    report = ScrubReport()
    masks: Counter[str] = Counter()
    learned = list(known)
    for path in find_cassettes(paths, report.findings):
        if on_file is not None:
            on_file(path)
        report.files += 1
        read = _read(path, report.findings)
        if read is None:
            continue
        data, file = read
        scrubber = Scrubber(rules, learn=learned)
        clean = [_scrubbed(interaction, scrubber) for interaction in file.interactions]
        if clean == file.interactions:
            continue
        try:
            written = _text_of(path, data, file, clean)
            if not dry_run:
                write_data(path, written)
        except CassetteError as error:
            report.findings.append(Finding(path, "unreadable", error.problem, error.remedy))
            continue
        report.changed.append(path)
        masks.update(scrubber.report)
    report.masks = dict(sorted(masks.items()))
    return report


def find_cassettes(paths: Iterable[str | os.PathLike[str]], findings: list[Finding]) -> Iterator[str]:
    """The cassettes among `paths`, each once, in order: files as they are named, and those below folders."""
    seen: set[str] = set()
    for given in paths:
        path = os.fspath(given)
        if os.path.isdir(path):
            names = (
                os.path.join(folder, name)
                for folder, names in _walk(path)
                for name in sorted(names)
                if name.endswith((".yaml", ".yml")) and not name.startswith(".") and _looks_like_cassette(folder, name)
            )
        elif os.path.lexists(path):
            names = iter((path,))
        else:
            findings.append(Finding(path, "missing", "there is no such file or folder", "Check the path."))
            continue
        for name in names:
            real = os.path.realpath(name)
            if real not in seen:
                seen.add(real)
                yield name


def _walk(path: str) -> Iterator[tuple[str, list[str]]]:
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _SKIPPED)
        yield folder, names


def _looks_like_cassette(folder: str, name: str) -> bool:
    """Whether a YAML file is one of ours or of another recorder, also where it is broken: by its first bytes and keys."""
    try:
        with open(os.path.join(folder, name), "rb") as file:
            head = file.read(200_000)
    except OSError:
        return True  # reported when it is read
    return _CASSETTE.search(head) is not None


def _read(path: str, findings: list[Finding]) -> tuple[bytes, CassetteFile] | None:
    try:
        with open(path, "rb") as opened:
            data = opened.read()
        if not data.strip():
            return data, CassetteFile("playhead", None)
        return data, read_cassette(data, path)
    except (CassetteVersionError, CassetteUnreadable) as error:
        kind: FindingKind = "version" if isinstance(error, CassetteVersionError) else "unreadable"
        line = _LINE.search(error.problem)
        findings.append(
            Finding(path, kind, error.problem, error.remedy, line=int(line[1]) if line is not None else None)
        )
    except (OSError, RecursionError, MemoryError) as error:
        findings.append(Finding(path, "unreadable", f"cannot be read: {error}", "Check the file and its permissions."))
    return None


def _secrets(path: str, lines: _Lines, number: int, interaction: Interaction, scrubber: Scrubber) -> Iterator[Finding]:
    request, response = interaction.request, interaction.response
    scrubber.learn_request(request.uri, request.headers)

    def compare(part: str, old: str, clean: str) -> Iterator[Finding]:
        nonlocal counted
        found = Counter(scrubber.report) - counted
        counted += found
        if old != clean:
            rules = ", ".join(found) or "text"
            line = lines.of(number, _first_difference(old, clean))
            yield Finding(path, "secret", f"a secret in {part} ({rules})", _MASK, number + 1, line, rules)

    counted = Counter(scrubber.report)
    yield from compare("the request's URL", request.uri, scrubber.scrub_uri(request.uri))
    for side, headers in (("request", request.headers), ("response", response.headers)):
        for name, values in headers.items():
            clean = scrubber.scrub_headers({name: values})[name]
            yield from compare(f"the {side}'s header {name}", "\n".join(values), "\n".join(clean))
    decoded = b"".join(response.decoded_chunks)
    coding = response.header("content-encoding") if decoded == response.body else None
    bodies = (
        ("request's body", request.body or b"", request, request.header("content-encoding"), False),
        ("response's body", decoded, response, coding, True),
    )
    for part, body, side, coding, frames in bodies:
        unopened = sum(scrubber.unopened.values())
        clean_body = scrubber.scrub_body(body, side.header("content-type") or "", frames=frames, coding=coding or "")
        if sum(scrubber.unopened.values()) > unopened:
            problem = f"the {part} cannot be searched: its content-encoding {coding!r} cannot be undone here"
            remedy = "Install the package for it (brotli, zstandard), or record again without it."
            yield Finding(path, "unreadable", problem, remedy, number + 1, lines.of(number))
        if clean_body is not body:
            yield from compare(f"the {part}", body.decode("latin-1"), clean_body.decode("latin-1"))
    if response.error is not None:
        yield from compare("the stream's error", response.error[1], scrubber.mask_text(response.error[1]))


class _Lines:
    """Finds the line of something in an interaction."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._offsets: list[int] | None = None

    def of(self, number: int, hidden: str = "") -> int:
        """The line of `hidden` in the interaction `number` (from 0), or that on which the interaction begins."""
        if self._offsets is None:
            self._offsets = item_offsets(self.text)
        if number >= len(self._offsets):
            return 1
        start = self._offsets[number]
        end = self._offsets[number + 1] if number + 1 < len(self._offsets) else len(self.text)
        found = self.text.find(hidden, start, end) if len(hidden) >= 4 else -1
        return self.text.count("\n", 0, found if found >= 0 else start) + 1


def _first_difference(old: str, new: str) -> str:
    start = next((index for index, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    end = start
    while end < min(len(old), start + 24) and (end >= len(new) or old[end] != new[end]) and old[end] not in '\n\r\\"':
        end += 1
    return old[start:end]


def _age(path: str, lines: _Lines, number: int, interaction: Interaction, days_max: float) -> Iterator[Finding]:
    recorded = _recorded_at(interaction)
    if recorded is None:
        return
    days = (clock.now() - recorded).total_seconds() / 86_400
    if days > days_max:
        yield Finding(
            path,
            "age",
            f"recorded on {recorded:%Y-%m-%d}, {days:.0f} days ago; the limit is {days_max:g}",
            "Record it again (`pytest --record-mode=rewrite`), or raise the limit.",
            number + 1,
            lines.of(number),
        )


def _recorded_at(interaction: Interaction) -> datetime | None:
    stream, source = interaction.response.stream, interaction.source or {}
    said = (stream.recorded_at if stream is not None else None) or source.get("recorded_at")
    if isinstance(said, datetime):
        return said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    try:
        if said:
            moment = datetime.fromisoformat(str(said).replace("Z", "+00:00"))
        else:
            moment = parsedate_to_datetime(interaction.response.header("date") or "")
    except (ValueError, TypeError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _scrubbed(interaction: Interaction, scrubber: Scrubber) -> Interaction:
    clean = scrubber.scrub_interaction(interaction)
    if clean.request == interaction.request and clean.response == interaction.response:
        return interaction
    return Interaction(clean.request, clean.response, source=_with_values(interaction, clean.request, clean.response))


def _text_of(path: str, data: bytes, file: CassetteFile, clean: Sequence[Interaction]) -> bytes:
    """The text of the file with the clean interactions, in its dialect, as little changed as possible."""
    if file.dialect == "playhead":
        return emit_file(file.match_on or DEFAULT_MATCH_ON, clean)
    masked = _masked_in_place(data, file, clean)
    try:
        if masked is not None and read_cassette(masked, path).interactions == list(clean):
            return masked
    except CassetteError:
        pass  # the masks met something else; the file is laid out anew
    return dump_foreign(CassetteFile(file.dialect, file.match_on, list(clean), file.metadata))


def _masked_in_place(data: bytes, file: CassetteFile, clean: Sequence[Interaction]) -> bytes | None:
    """The file's text with every secret that stands there in one piece written over; None where one is too short for that."""
    for old, new in zip(file.interactions, clean, strict=True):
        for before, after in _pairs(old, new):
            if len(before) != len(after):
                return None
            for start, end in _differing(before, after):
                if end - start < 8:
                    return None
                data = data.replace(before[start:end], after[start:end])
    return data


def _pairs(old: Interaction, new: Interaction) -> Iterator[tuple[bytes, bytes]]:
    yield old.request.uri.encode(), new.request.uri.encode()
    for before, after in ((old.request.headers, new.request.headers), (old.response.headers, new.response.headers)):
        for name, values in before.items():
            yield "\n".join(values).encode(), "\n".join(after.get(name, [])).encode()
    yield old.request.body or b"", new.request.body or b""
    yield old.response.body, new.response.body


def _differing(old: bytes, new: bytes) -> Iterator[tuple[int, int]]:
    """Where masks were written, each as a whole: hyphens that were there before do not interrupt it."""
    if old == new:
        return
    position = 0
    for match in _MASKED.finditer(new):
        if match.start() < position or old[match.start() : match.end()] == match[0]:
            continue
        position = match.end()
        yield match.start(), match.end()


def _with_values(
    interaction: Interaction, request: RecordedRequest, response: RecordedResponse
) -> dict[str, Any] | None:
    """What the foreign file said, with the new values in the same places; None for a file of ours."""
    if interaction.source is None:
        return None
    item = cast("dict[str, Any]", _copy(interaction.source))
    sent, answer = item["request"], item["response"]
    sent["uri" if "uri" in sent else "url"] = request.uri
    _set_headers(sent, interaction.request.headers, request.headers)
    _set_headers(answer, interaction.response.headers, response.headers)
    if request.body != interaction.request.body:
        _set_body(sent, "body", request.body or b"")
    if response.body != interaction.response.body:
        _set_body(answer, "content" if "status_code" in answer else "body", response.body)
    if response.error is not None and isinstance(answer.get("stream"), dict):
        answer["stream"]["error"] = {"type": response.error[0], "message": response.error[1]}
    return item


def _copy(value: Any) -> Any:
    """A copy of plain mappings and lists; scalars are shared."""
    if isinstance(value, dict):
        return {name: _copy(item) for name, item in cast("dict[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_copy(item) for item in cast("list[Any]", value)]
    return value


def _set_headers(side: dict[str, Any], old: Headers, new: Headers) -> None:
    if old == new:
        return
    written = side.get("headers")
    single = isinstance(written, dict) and all(
        isinstance(value, str) for value in cast("dict[str, Any]", written).values()
    )
    side["headers"] = {name: values[0] if single and len(values) == 1 else values for name, values in new.items()}


def _set_body(side: dict[str, Any], key: str, body: bytes) -> None:
    if "parsed_body" in side:
        side["parsed_body"] = json.loads(body)
        return
    written = side.get(key)
    value = _like(written, body)
    if isinstance(written, dict):
        kept = cast("dict[str, Any]", written)
        if "type" in kept:
            kept["content"] = json.loads(body) if kept["type"] == "json" else _like(kept.get("content"), body)
            return
        kept.pop("base64_string", None)
        kept["string"] = _like(kept.get("string"), body)
        return
    side[key] = value


def _like(written: Any, body: bytes) -> str | bytes:
    if isinstance(written, bytes):
        return body
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


_MASK = "Mask it with `playhead scrub`, and revoke it if the file was ever pushed; what is no secret can be named with `--allow`."
_SKIPPED = frozenset(("node_modules", "__pycache__", "venv", "site-packages", "build", "dist"))
_CASSETTE = re.compile(rb"(?m)^(?:\"?playhead\"?:|\"?(?:http_|grpc_|ws_)?interactions\"?:)|^\{\s*\"interactions\"")
_LINE = re.compile(r"line ([0-9]+)")
_MASKED = re.compile(rb"scrubbed-*")
