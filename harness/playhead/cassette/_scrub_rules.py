"""What a project says about secrets, and what comes of a scrubbed request and response."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from playhead.cassette._scrub_mask import looks_secret

__all__ = ["Headers", "Rules", "ScrubbedRequest", "ScrubbedResponse", "environment_secrets"]

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


_SECRET_VARIABLE = re.compile(r"(?i)(?:key|token|secret|password|passwd|credentials?)(?:_?[0-9a-z]{0,4})?$")
