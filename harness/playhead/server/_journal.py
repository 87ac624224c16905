"""The journal: what a provider was asked, and assertions on it that show everything when they fail."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from playhead.models import seen_by_conditions, show_request
from playhead.wire import REQUEST_FIELDS, ModelCall

__all__ = ["Journal", "ProviderRequest", "warnings_of"]


@dataclass(slots=True)
class ProviderRequest:
    """A request as the provider got it.

    `call` is what the dialect made of it (None where it could not), `warnings` what a real provider would not have known,
    `status` what was answered, `end` how the reply ended.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    dialect: str | None = None
    call: ModelCall | None = None
    status: int = 0
    warnings: list[str] = field(default_factory=list[str])
    end: Literal["open", "complete", "cut", "error", "closed_by_client"] = "open"
    sent_bytes: int = 0

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def complete(self) -> bool:
        """Whether the reply went out to its end."""
        return self.end == "complete"

    @property
    def seen(self) -> Mapping[str, str]:
        """The texts of the request: `last` message, `user` prompt, `system`, name of the latest `tool` and its `result`."""
        if self.call is None:
            return {}
        return seen_by_conditions(self.call.messages, self.call.parameters)

    def __repr__(self) -> str:
        model = f" {self.call.model}" if self.call else ""
        return f"<{self.method} {self.path}{model} -> {self.status}>"


class Journal(list[ProviderRequest]):
    """Requests in the order in which they came."""

    def asked(self, pattern: str | None = None, **conditions: Any) -> list[ProviderRequest]:
        """The requests that fit all conditions; see `assert_asked`."""
        if unknown := conditions.keys() - _CONDITIONS:
            raise TypeError(
                f"unknown condition {', '.join(sorted(unknown))}; known are {', '.join(sorted(_CONDITIONS))}"
            )
        if pattern is not None:
            conditions["last"] = pattern
        return [entry for entry in self if all(_fits(entry, name, want) for name, want in conditions.items())]

    def assert_asked(self, pattern: str | None = None, *, times: int | None = None, **conditions: Any) -> None:
        """Fails unless a request (or exactly `times` of them) fits all conditions, and shows what was asked instead.

        `pattern` is searched for in the last message. `last`, `user`, `system` and `result` (of the latest tool) are regular
        expressions; `tool` (whose result came), `offers` (a tool that the model may call), `model`, `dialect`, `stream` and
        `status` are compared.
        """
        found = self.asked(pattern, **conditions)
        if (times is None and found) or len(found) == times:
            return
        if pattern is not None:
            conditions = {"last": pattern, **conditions}
        wanted = ", ".join(f"{name}={want!r}" for name, want in conditions.items()) or "anything"
        expected = "a request" if times is None else f"{times} request{'' if times == 1 else 's'}"
        asked = f"It was asked {len(self)} times:\n{self.show()}" if self else "It was not asked at all."
        raise AssertionError(f"The provider expected {expected} with {wanted}, and got {len(found)}. {asked}")

    def assert_not_asked(self, pattern: str | None = None, **conditions: Any) -> None:
        """Fails if a request fits all conditions."""
        self.assert_asked(pattern, times=0, **conditions)

    def assert_no_warnings(self) -> None:
        """Fails if a request had something that a real provider would not have known."""
        if any(entry.warnings for entry in self):
            found = [f"  request {n + 1}: {w}" for n, entry in enumerate(self) for w in entry.warnings]
            raise AssertionError("Requests had what the provider does not know:\n" + "\n".join(found))

    def show(self) -> str:
        """A line for each request."""
        return "\n".join(f"  request {n + 1}: {_show(entry)}" for n, entry in enumerate(self))


def _show(entry: ProviderRequest) -> str:
    if entry.call is None:
        return f"{entry.method} {entry.path} -> {entry.status}"
    streamed = "streamed" if entry.call.stream else "whole"
    asked = show_request(entry.call.messages, entry.call.parameters)
    return f"{entry.dialect} {entry.call.model} ({streamed}) -> {entry.status}: {asked}"


def _fits(entry: ProviderRequest, name: str, want: Any) -> bool:
    if name in ("dialect", "status"):
        return getattr(entry, name) == want
    call = entry.call
    if call is None:
        return False
    match name:
        case "model":
            return call.model == want
        case "stream":
            return call.stream is want
        case "offers":
            return want in call.parameters.tool_defs
        case "tool":
            return entry.seen["tool"] == want
        case _:
            return re.search(want, entry.seen[name]) is not None


_CONDITIONS = frozenset({"dialect", "last", "model", "offers", "result", "status", "stream", "system", "tool", "user"})


def warnings_of(dialect: str, body: bytes) -> list[str]:
    """What the provider's reference does not know of in a request: unknown fields, and fields of another type."""
    fields = REQUEST_FIELDS.get(dialect)
    try:
        value: Any = json.loads(body)
    except ValueError:
        return []
    if fields is None or not isinstance(value, dict):
        return []
    found: list[str] = []
    asked = cast("dict[str, Any]", value)
    for name, content in asked.items():
        kinds = fields.get(name) or fields.get(_camel(name))
        if kinds is None:
            found.append(f"{dialect} has no field {name!r}{_nearest(name, fields)}")
        elif (
            content is not None
            and _kind(content) not in kinds
            and not (_kind(content) == "integer" and "number" in kinds)
        ):
            found.append(f"{dialect} wants {name!r} to be {kinds.replace(' ', ' or ')}, not {_kind(content)}")
    return found


def _camel(name: str) -> str:
    """Google's servers take both spellings."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _kind(value: Any) -> str:
    return _KINDS.get(cast("type[Any]", type(value)), "null")


_KINDS: dict[type[Any], str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    list: "array",
    dict: "object",
}
