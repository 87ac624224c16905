"""Says why no recording fits: the nearest one, what differs in meaning, what was left out of account, what to do.

Nothing here is fast, and nothing here shows a secret: every text goes through the scrubber first.
"""

from __future__ import annotations

import difflib
import json
import os
from typing import TYPE_CHECKING, Any, cast

from playhead.cassette._body import NOT_JSON, json_value
from playhead.cassette._match import KeyMaker, Sent, split_uri
from playhead.cassette._scrub import Scrubber
from playhead.cassette._tape import Interaction, RecordedRequest

if TYPE_CHECKING:
    from playhead.cassette._player import Player

__all__ = ["explain"]


def explain(cassette: Player, sent: Sent, keys: KeyMaker, scrubber: Scrubber) -> tuple[str, str]:
    """Problem and remedy for a request that nothing in the cassette fits."""
    again = cassette.record_command
    label = cassette.label
    address = f"{sent.method} {scrubber.mask_text(scrubber.scrub_uri(sent.uri))}"
    items = cassette.interactions
    if not cassette.existed and not items:
        path = _shown(cassette.path)
        problem = (
            f"No recording for {label} ({path})." if label else f"No recording: {path} does not exist, or is empty."
        )
        first = f"The first request was {address}."
        if not again:
            return f"{problem} {first}", _RECORD
        # The command comes first here: whoever meets Playhead's first error reads its first line.
        return f"{problem} Record it: {again.replace('{mode}', 'once')}{_needs(sent.uri)}", first
    if not items:
        return f"No recording fits {address}: {_shown(cassette.path)} holds no interactions.", _again(again)
    comparable = cassette.comparable(sent)
    near = _candidates(items, sent, keys)
    twins = (
        []
        if cassette._custom_matchers
        else [number for number in near if _same(keys, comparable, cassette.comparable(items[number].request))]
    )
    lines = [f"No recording fits {address}"]
    if label:
        lines[0] += f" in {label}"
    lines[0] += "."
    lines.append(
        f"Cassette: {_shown(cassette.path)}, {len(items)} recorded, {len(items) - len(_left(cassette, items))} played."
    )
    if twins:
        times = "once" if len(twins) == 1 else f"{len(twins)} times"
        numbers = ", ".join(str(number + 1) for number in twins[:10])
        lines.append(f"The same request was recorded {times} (interaction {numbers}), and was played as often already.")
        remedy = "Does the code send it once more than when it was recorded, for example in a retry? "
        remedy += "allow_playback_repeats=True plays a recording any number of times. "
        return "\n".join(lines), remedy + _again(again)
    number, differing = _nearest(cassette, items, near, comparable, keys)
    shown = _masked(sent, scrubber)
    nearest = _masked(items[number].request, scrubber)
    state = "" if not cassette.was_played(number) else ", already played"
    lines.append(f"Nearest: interaction {number + 1}{state}, {nearest.method} {nearest.uri}")
    matching = [name for name in keys.match_on if name not in differing]
    lines.append(
        f"The same: {', '.join(matching) or 'nothing'}. Different: {', '.join(differing) or 'only identifiers'}."
    )
    for name in differing:
        lines += _difference(name, shown, nearest, keys)
    lines.append(_ignored(keys))
    if cassette._custom_matchers:
        lines.append(f"Custom matchers decide, too: {', '.join(cassette.match_on[len(keys.match_on) :])}.")
    return "\n".join(lines), _again(again)


def _again(command: str | None) -> str:
    if not command:
        return _RECORD_AGAIN
    return f"If the change is intended, record again: {command.replace('{mode}', 'rewrite')}"


def _shown(path: str) -> str:
    """A path relative to the working directory, where it is below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith("..") else relative


def _needs(uri: str) -> str:
    """The key that the provider of a host asks for."""
    host = split_uri(uri).hostname or ""
    return next((f" (needs {key})" for part, key in _KEYS_OF_HOSTS if part in host), "")


_KEYS_OF_HOSTS = (
    ("openai.azure.com", "AZURE_OPENAI_API_KEY"),
    ("api.openai.com", "OPENAI_API_KEY"),
    ("anthropic.com", "ANTHROPIC_API_KEY"),
    ("generativelanguage.googleapis.com", "GEMINI_API_KEY"),
    ("groq.com", "GROQ_API_KEY"),
    ("mistral.ai", "MISTRAL_API_KEY"),
    ("deepseek.com", "DEEPSEEK_API_KEY"),
    ("openrouter.ai", "OPENROUTER_API_KEY"),
    ("cerebras.ai", "CEREBRAS_API_KEY"),
    ("cohere.com", "CO_API_KEY"),
    ("fireworks.ai", "FIREWORKS_API_KEY"),
    ("together.xyz", "TOGETHER_API_KEY"),
    ("huggingface.co", "HF_TOKEN"),
    ("moonshot", "MOONSHOTAI_API_KEY"),
    ("api.x.ai", "XAI_API_KEY"),
)


_RECORD = "Record it with record_mode='once'."
_RECORD_AGAIN = "If the change is intended, record again with record_mode='rewrite', or add to the file with record_mode='new_episodes'."


def _left(cassette: Player, items: list[Interaction]) -> list[int]:
    return [number for number in range(len(items)) if not cassette.was_played(number)]


def _masked(request: Sent | RecordedRequest, scrubber: Scrubber) -> RecordedRequest:
    content_type, coding = request.header("content-type"), request.header("content-encoding") or ""
    headers = {} if content_type is None else {"content-type": [content_type]}
    body = request.body
    return RecordedRequest(
        request.method,
        scrubber.comparable_uri(scrubber.scrub_uri(request.uri)),
        headers,
        None
        if body is None
        else scrubber.comparable_body(
            scrubber.scrub_body(body, content_type or "", coding=coding), content_type or "", coding=coding
        ),
    )


def _same(keys: KeyMaker, one: RecordedRequest, other: RecordedRequest) -> bool:
    return all(one_part == keys.parts(other)[name] for name, one_part in keys.parts(one).items() if name != "headers")


def _nearest(
    cassette: Player, items: list[Interaction], near: list[int], comparable: RecordedRequest, keys: KeyMaker
) -> tuple[int, list[str]]:
    """The number of the most similar recording and the names of the matchers that tell it apart."""
    wanted = keys.parts(comparable)
    best: tuple[float, int, list[str]] | None = None
    for number in near:
        parts = keys.parts(cassette.comparable(items[number].request))
        differing = [name for name in wanted if parts[name] != wanted[name]]
        score = float(len(wanted) - len(differing))
        if "body" in differing:
            score += _similarity(comparable.body, items[number].request.body)
        elif "path" in differing:
            score += difflib.SequenceMatcher(None, str(wanted["path"]), str(parts["path"])).ratio() / 2
        if best is None or score > best[0]:
            best = (score, number, differing)
    assert best is not None
    return best[1], best[2]


def _candidates(items: list[Interaction], sent: Sent, keys: KeyMaker) -> list[int]:
    """The recordings that are worth a close look: on a long tape, a close look at each would take minutes."""
    if len(items) <= _CLOSE_LOOKS:
        return list(range(len(items)))
    wanted = keys.parts(sent)
    size = len(sent.body or b"")

    def distance(number: int) -> tuple[int, int]:
        parts = keys.parts(items[number].request)
        return sum(parts[name] != wanted[name] for name in wanted), abs(len(items[number].request.body or b"") - size)

    return sorted(sorted(range(len(items)), key=distance)[:_CLOSE_LOOKS])


_CLOSE_LOOKS = 40


def _similarity(one: bytes | None, other: bytes | None) -> float:
    first, second = (one or b"")[:20_000], (other or b"")[:20_000]
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=True)
    return matcher.quick_ratio() * 0.99


def _difference(name: str, shown: RecordedRequest, nearest: RecordedRequest, keys: KeyMaker) -> list[str]:
    if name in ("body", "raw_body"):
        return _body_difference(shown.body, nearest.body, keys)
    if name == "headers":
        return []
    now, then = _part(name, shown), _part(name, nearest)
    return [f"  {name}: recorded {then}", f"  {' ' * len(name)}       now {now}"]


def _part(name: str, request: RecordedRequest) -> str:
    parts: Any = split_uri(request.uri)
    if name == "method":
        return request.method
    if name == "origin":
        return f"{parts.scheme}://{parts.netloc}"
    return str(
        {"path": parts.path, "query": parts.query, "host": parts.hostname, "scheme": parts.scheme}.get(
            name, request.uri
        )
    )


def _body_difference(now: bytes | None, then: bytes | None, keys: KeyMaker) -> list[str]:
    now_value, then_value = json_value(now), json_value(then)
    if now_value is NOT_JSON or then_value is NOT_JSON:
        return _text_difference(_lines(now), _lines(then))
    found: list[tuple[str, Any, Any]] = []
    _compare(keys.ignored.removed(then_value), keys.ignored.removed(now_value), "", found)
    lines: list[str] = []
    for place, recorded, present in found[:_PLACES]:
        lines += _place(place, recorded, present)
    if len(found) > _PLACES:
        lines.append(f"  and {len(found) - _PLACES} more places.")
    return lines


_ABSENT: Any = object()
_PLACES = 8
_WIDTH = 160


def _compare(then: Any, now: Any, place: str, found: list[tuple[str, Any, Any]]) -> None:
    change: tuple[str, Any, Any] = (place or "body", then, now)
    if isinstance(then, dict) and isinstance(now, dict):
        recorded, present = cast("dict[str, Any]", then), cast("dict[str, Any]", now)
        for key in [*recorded, *(key for key in present if key not in recorded)]:
            name = f"{place}.{key}" if place else key
            _compare(recorded.get(key, _ABSENT), present.get(key, _ABSENT), name, found)
    elif isinstance(then, list) and isinstance(now, list):
        olds, news = cast("list[Any]", then), cast("list[Any]", now)
        for number in range(max(len(olds), len(news))):
            old = olds[number] if number < len(olds) else _ABSENT
            new = news[number] if number < len(news) else _ABSENT
            _compare(old, new, f"{place}[{number}]", found)
    elif type(change[1]) is not type(change[2]) or then != now:
        found.append(change)


def _place(place: str, then: Any, now: Any) -> list[str]:
    if then is _ABSENT:
        return [f"  {place}: only now     {_short(now)}"]
    if now is _ABSENT:
        return [f"  {place}: only recorded {_short(then)}"]
    if isinstance(then, str) and isinstance(now, str) and ("\n" in then or "\n" in now):
        return [f"  {place}:", *_text_difference(now.splitlines(), then.splitlines())]
    start = 0
    if isinstance(then, str) and isinstance(now, str) and max(len(then), len(now)) > _WIDTH:
        start = max(
            next((i for i, (a, b) in enumerate(zip(then, now, strict=False)) if a != b), min(len(then), len(now))) - 40,
            0,
        )
    return [f"  {place}: recorded {_short(then, start)}", f"  {' ' * len(place)}       now {_short(now, start)}"]


def _short(value: Any, start: int = 0) -> str:
    if isinstance(value, str):
        piece = value[start : start + _WIDTH]
        before, after = "…" if start else "", "…" if len(value) > start + _WIDTH else ""
        return before + json.dumps(piece, ensure_ascii=False) + after
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDTH else text[:_WIDTH] + "…"


def _lines(body: bytes | None) -> list[str]:
    return (body or b"").decode("utf-8", "backslashreplace").splitlines()


def _text_difference(now: list[str], then: list[str]) -> list[str]:
    lines = list(difflib.unified_diff(then[:2000], now[:2000], "recorded", "now", lineterm="", n=1))
    shown = [f"  {line[:_WIDTH]}{'…' if len(line) > _WIDTH else ''}" for line in lines[2:22]]
    return shown + ([f"  and {len(lines) - 22} more lines."] if len(lines) > 22 else [])


def _ignored(keys: KeyMaker) -> str:
    left_out = ["headers"] if "headers" not in keys.match_on else []
    left_out += [name for name in ("query", "body") if name not in keys.match_on and "uri" not in keys.match_on]
    if "body" in keys.match_on:
        left_out += ["order of keys", "white space", "secrets", *keys.ignored.texts]
    return f"Not compared: {', '.join(left_out)}."
