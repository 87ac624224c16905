"""What a project says about secrets, and what comes of a scrubbed request and response."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from playhead.cassette._scrub_fields import Found, json_strings
from playhead.cassette._scrub_mask import is_placeholder, looks_secret
from playhead.cassette._scrub_names import normalised

__all__ = [
    "Headers",
    "Rules",
    "ScrubbedRequest",
    "ScrubbedResponse",
    "environment_secrets",
    "names_pattern",
    "own_fields",
]

Headers = Mapping[str, str | Sequence[str]]
"""Header names with their value, or with all their values."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a project adds to the defaults, and what it takes from them."""

    headers: tuple[str, ...] = ()
    """More headers whose values are secret. Names are compared without case, hyphens and underscores, here and below."""
    query_parameters: tuple[str, ...] = ()
    """More query parameters and form fields whose values are secret."""
    fields: tuple[str, ...] = ()
    """More fields of JSON bodies, at any depth, whose values are secret."""
    patterns: tuple[str | re.Pattern[str], ...] = ()
    """More shapes, as regular expressions; where one has a group `secret`, only that is masked."""
    values: tuple[str, ...] = ()
    """Secrets as they are, wherever they stand."""
    allow: tuple[str | re.Pattern[str], ...] = ()
    """What is no secret: names of headers, parameters or fields, names of rules, values, or compiled patterns of values."""


class ScrubbedRequest(NamedTuple):
    """A request that may be written down."""

    method: str
    uri: str
    headers: dict[str, list[str]]
    body: bytes | None


class ScrubbedResponse(NamedTuple):
    """A response that may be written down: body and chunks as long as they were."""

    status: int
    headers: dict[str, list[str]]
    body: bytes
    chunks: list[bytes]


def environment_secrets(environment: Mapping[str, str]) -> list[str]:
    """The credentials among environment variables, by their names: what `Scrubber(learn=...)` should look for."""
    return [
        value
        for name, value in environment.items()
        if _SECRET_VARIABLE.search(name) and looks_secret(value) and not value.startswith(("/", "."))
    ]


def names_pattern(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """Where a value stands under one of these names in JSON; None for no names."""
    plain = [normalised(name) for name in names if normalised(name)]
    if not plain:
        return None
    spelled = "|".join("[-_. ]?".join(map(re.escape, name)) for name in plain)
    return re.compile(
        rf"""(?P<escape>\\*)(?P<quote>["'])(?P<name>{spelled})(?P=escape)(?P=quote)\s{{0,40}}:\s{{0,40}}""",
        re.IGNORECASE,
    )


def own_fields(text: str, names: re.Pattern[str]) -> Iterator[Found]:
    """The strings and numbers under the names of such a pattern."""
    for match in names.finditer(text):
        for start, end in json_strings(text, match.end(), match["escape"]):
            if not is_placeholder(text[start:end]):
                yield match["name"], start, end
        number = _NUMBER.match(text, match.end())
        if number is not None:
            yield match["name"], number.start(), number.end()


_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]*")
_SECRET_VARIABLE = re.compile(r"(?i)(?:key|token|secret|password|passwd|credentials?)(?:_?[0-9a-z]{0,4})?$")
