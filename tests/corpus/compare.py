"""Where what Playhead made of a recording differs from an expected file, by kind."""

from __future__ import annotations

from typing import Any

__all__ = ["differences", "event_differences"]


def differences(want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """Each difference as `kind: explanation`; an empty list where both agree."""
    if want["model_call"] != got["model_call"]:
        return [f"model_call: expected {want['model_call']}, got {got['model_call']}"]
    if not want["model_call"]:
        return []
    found = [
        f"{key}: expected {want.get(key)!r}, got {got.get(key)!r}"
        for key in ("wire", "streamed", "status", "ok")
        if want.get(key) != got.get(key)
    ]
    if not want["ok"] or not got["ok"]:
        if want["ok"] == got["ok"]:
            found += _errors(want["error"], got["error"])
            if "partial" in want:
                found += _replies(want["partial"], got.get("partial", {}), "partial ")
        elif not got["ok"]:
            found.append(f"error: got {got['error']}")
        else:
            found.append(f"error: expected {want['error']}")
        return found
    return found + _replies(want, got, "")


def event_differences(want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    """The first place where the events differ, after the concatenated content of each part."""
    wanted = [_plain(event) for event in want.get("events", ()) if event["e"] != "final_result"]
    gotten = [_plain(event) for event in got.get("events", ())]
    for n, (left, right) in enumerate(zip(wanted, gotten, strict=False)):
        if left != right:
            return [f"events: number {n}: expected {left}, got {right}"]
    if len(wanted) != len(gotten):
        return [
            f"events: expected {len(wanted)}, got {len(gotten)}: {(wanted + gotten)[min(len(wanted), len(gotten))]}"
        ]
    return []


def _replies(want: dict[str, Any], got: dict[str, Any], prefix: str) -> list[str]:
    found: list[str] = []
    left, right = want.get("parts", []), got.get("parts", [])
    if [part["part_kind"] for part in left] != [part["part_kind"] for part in right]:
        kinds = [[part["part_kind"] for part in parts] for parts in (left, right)]
        found.append(f"{prefix}part kinds: expected {kinds[0]}, got {kinds[1]}")
    else:
        for n, (expected, actual) in enumerate(zip(left, right, strict=True)):
            for key in expected.keys() | actual.keys():
                if expected.get(key) != actual.get(key):
                    shown = f"expected {_short(expected.get(key))}, got {_short(actual.get(key))}"
                    found.append(f"{prefix}{expected['part_kind']}.{key}: part {n}: {shown}")
    for key in (
        "finish_reason",
        "raw_finish_reason",
        "usage",
        "provider_response_id",
        "model_name",
        "refusal",
        "state",
    ):
        if want.get(key) != got.get(key):
            found.append(f"{prefix}{key}: expected {_short(want.get(key))}, got {_short(got.get(key))}")
    return found


def _errors(want: dict[str, Any], got: dict[str, Any]) -> list[str]:
    if want.get("status") != got.get("status"):
        return [f"error.status: expected {want.get('status')}, got {got.get('status')} ({want} / {got})"]
    return []


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    if event["e"] == "part_start":
        return {**event, "part": {key: value for key, value in event["part"].items() if key != "args"}}
    return event


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:100]}…{text[-40:]} ({len(text)})"
