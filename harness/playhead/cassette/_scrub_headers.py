"""What the values of headers hold: types and codings of bodies, credentials, cookies."""

from __future__ import annotations

import base64
import re
from typing import cast
from urllib.parse import unquote

from playhead.cassette._scrub_fields import value_start
from playhead.cassette._scrub_mask import may_be_secret
from playhead.cassette._scrub_paint import Hit
from playhead.cassette._scrub_rules import Headers

__all__ = [
    "COOKIES",
    "USERINFO",
    "coding_of",
    "content_type_of",
    "cookie_hits",
    "cookies_of",
    "credentials_of",
    "passwords_in",
    "passwords_of",
    "values_of",
]

COOKIES = frozenset(("cookie", "setcookie"))
"""The headers that hold cookies, without hyphens."""

USERINFO = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://(?P<user>[^/?#@:\s]*)(?::(?P<password>[^/?#\s]*))?@")
"""User and password in a URL."""


def values_of(values: object) -> list[str]:
    """The values of a header, also where a foreign file holds bytes, numbers or nothing."""
    if values is None:
        return []
    items = cast("list[object]", values) if isinstance(values, list | tuple) else [values]
    return [item.decode("latin-1") if isinstance(item, bytes) else str(item) for item in items]


def credentials_of(value: str) -> list[str]:
    """What may be repeated of the value of an authorization header: it, or its words and parameters behind the scheme."""
    value = value[value_start(value) :]
    _, *words = _BETWEEN_WORDS.split(value)
    return [
        value,
        *(word for word in words if "=" not in word),
        *(m["value"] for m in _TELLING_PARAMETER.finditer(value)),
    ]


def cookies_of(value: str) -> list[str]:
    """The values of the cookies."""
    return [match["value"] for match in _COOKIE.finditer(value)]


def passwords_of(value: str) -> list[str]:
    """The password in the credentials of the scheme `Basic`, and both as they are joined there."""
    match = _BASIC.fullmatch(value)
    try:
        plain = "" if match is None else base64.b64decode(match["coded"], validate=True).decode()
    except ValueError:
        return []
    return [word for word in (plain.partition(":")[2], plain) if len(word) >= 8 and may_be_secret(word)]


def passwords_in(uri: str) -> list[str]:
    """The password of a URL."""
    match = USERINFO.search(uri)
    word = "" if match is None else unquote(match["password"] or "")
    return [word] if len(word) >= 8 and may_be_secret(word) else []


def content_type_of(headers: Headers) -> str:
    """The content-type, or nothing."""
    return _first(headers, "content-type")


def coding_of(headers: Headers) -> str:
    """The content-encoding, or nothing."""
    return _first(headers, "content-encoding")


def _first(headers: Headers, wanted: str) -> str:
    for name, values in headers.items():
        if name.lower() == wanted:
            return next(iter(values_of(values)), "")
    return ""


def cookie_hits(value: str, label: str, *, attributes: bool) -> list[Hit]:
    """The values of all cookies; with `attributes`, as a server sets them, their attributes stay."""
    hits = [
        Hit(label, [match.span("value")])
        for match in _COOKIE.finditer(value)
        if match["value"] and not (attributes and match["name"].lower() in _COOKIE_ATTRIBUTES)
    ]
    return hits or [Hit(label, [(0, len(value))])]


# Several cookies may be folded into one header, with commas.
_COOKIE = re.compile(r"(?:^|[;,])\s*(?P<name>[^=;,\s]+)=(?P<value>[^;,]*)")
_COOKIE_ATTRIBUTES = frozenset(("expires", "max-age", "domain", "path", "samesite", "priority", "version", "comment"))
_BASIC = re.compile(r"(?i)\s*basic\s+(?P<coded>[A-Za-z0-9+/]{8,4096}={0,2})\s*")
_BETWEEN_WORDS = re.compile(r"[\s,;]+")
_TELLING_PARAMETER = re.compile(
    r"""(?i)(?<![\w-])(?:mac|auth|key|response|(?:\w+_)?(?:token|signature|secret|credential|password))=["']?(?P<value>[^\s"',;]{8,4096})"""
)
