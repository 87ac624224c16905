"""Text that fits a format or a regular expression, drawn from numbers. No chance: the same draws give the same text."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from importlib import import_module
from typing import Any, Protocol

__all__ = ["FORMATS", "Draws", "text_like", "word"]

# The parser of `re` itself, under the name it has since Python 3.11; there is no public one.
_parser: Any = import_module("re._parser")


class Draws(Protocol):
    """Where numbers come from."""

    def below(self, count: int) -> int:
        """A number from 0 to `count - 1`."""
        ...


_WORDS = [
    "amber",
    "basil",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbor",
    "indigo",
    "juniper",
    "kelp",
    "lagoon",
    "meadow",
    "nectar",
    "orchid",
    "pebble",
    "quartz",
    "river",
    "summit",
    "tundra",
    "umber",
    "violet",
    "willow",
    "yarrow",
    "zephyr",
    "Zürich",
    "naïve",
    "東京",
    "☔",
]
_REPEATS_MORE = 3
_PRINTABLE = string.ascii_letters + string.digits + " _-.,"


def word(draws: Draws) -> str:
    """A word; now and then one beyond ASCII."""
    return _WORDS[draws.below(len(_WORDS))]


def text_like(pattern: str, draws: Draws, *, most: bool = False) -> str:
    """Text that a regular expression is meant to find. With `most`, optional repetitions are taken more often.

    Conditions that look around, and references back to alternatives not taken, are passed over: whoever asks checks the
    result. `re.error` for what is no regular expression.
    """
    groups: dict[int, str] = {}

    def choose(options: list[str]) -> str:
        return options[draws.below(len(options))] if options else ""

    def many(tokens: Any) -> str:
        return "".join(one(op, value) for op, value in tokens)

    def one(op: Any, value: Any) -> str:
        name = str(op)
        match name:
            case "LITERAL":
                return chr(value)
            case "NOT_LITERAL":
                return choose([c for c in _PRINTABLE if ord(c) != value])
            case "ANY":
                return choose(list(_PRINTABLE))
            case "IN":
                return choose(_members(value))
            case "BRANCH":
                return many(value[1][draws.below(len(value[1]))])
            case "SUBPATTERN":
                found = many(value[3])
                groups[value[0]] = found
                return found
            case "ATOMIC_GROUP":
                return many(value)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                low, high, inner = value
                room = min(int(high), low + _REPEATS_MORE * (20 if most else 1)) - low
                count = low + (draws.below(room + 1) if room else 0)
                return "".join(many(inner) for _ in range(count))
            case "GROUPREF":
                return groups.get(value, "")
            case "CATEGORY":
                return choose(_CATEGORIES[str(value)])
            case _:
                return ""  # positions, and conditions that look around

    return many(_parser.parse(pattern))


def _members(items: Any) -> list[str]:
    """The characters of a class like `[a-z_]`."""
    negated = False
    found: list[str] = []
    for op, value in items:
        match str(op):
            case "NEGATE":
                negated = True
            case "LITERAL":
                found.append(chr(value))
            case "RANGE":
                low, high = value
                found += [chr(code) for code in range(low, min(high, low + 200) + 1) if not 0xD800 <= code < 0xE000]
            case "CATEGORY":
                found += _CATEGORIES[str(value)]
            case _:
                pass
    if negated:
        excluded = re.compile("[" + "".join(re.escape(c) for c in found) + "]") if found else None
        return [c for c in _PRINTABLE if excluded is None or not excluded.match(c)]
    return found


_CATEGORIES = {
    "CATEGORY_DIGIT": list(string.digits),
    "CATEGORY_NOT_DIGIT": list(string.ascii_letters),
    "CATEGORY_SPACE": [" "],
    "CATEGORY_NOT_SPACE": list(string.ascii_letters),
    "CATEGORY_WORD": [*string.ascii_letters, *string.digits, "_"],
    "CATEGORY_NOT_WORD": list(" -.,"),
}


def _digits(draws: Draws, count: int, alphabet: str = string.digits) -> str:
    return "".join(alphabet[draws.below(len(alphabet))] for _ in range(count))


def _date(draws: Draws) -> str:
    return f"{2000 + draws.below(50):04d}-{1 + draws.below(12):02d}-{1 + draws.below(28):02d}"


def _time(draws: Draws) -> str:
    return f"{draws.below(24):02d}:{draws.below(60):02d}:{draws.below(60):02d}"


def _uuid(draws: Draws) -> str:
    x = _digits(draws, 31, "0123456789abcdef")
    return f"{x[:8]}-{x[8:12]}-4{x[12:15]}-{'89ab'[draws.below(4)]}{x[15:18]}-{x[18:30]}"


def _ascii(draws: Draws) -> str:
    return _WORDS[draws.below(20)]


def _ipv6(draws: Draws) -> str:
    return ":".join(_digits(draws, 4, "123456789abcdef") for _ in range(8))


def _url(draws: Draws) -> str:
    return f"https://{_ascii(draws)}.example.com/{_ascii(draws)}"


def _email(draws: Draws) -> str:
    return f"{_ascii(draws)}@example.com"


FORMATS: dict[str, Callable[[Draws], str]] = {
    "base64": lambda d: "cGxheWhlYWQ=",
    "base64url": lambda d: "cGxheWhlYWQ=",
    "binary": _ascii,
    "byte": lambda d: "cGxheWhlYWQ=",
    "color": lambda d: "#" + _digits(d, 6, "0123456789abcdef"),
    "date": _date,
    "date-time": lambda d: f"{_date(d)}T{_time(d)}Z",
    "decimal": lambda d: f"{d.below(1000)}.{d.below(10)}",
    "directory-path": lambda d: "/tmp",
    "duration": lambda d: f"PT{1 + d.below(90)}M",
    "email": _email,
    "hostname": lambda d: f"{_ascii(d)}.example.com",
    "idn-email": _email,
    "idn-hostname": lambda d: f"{_ascii(d)}.example.com",
    "ipv4": lambda d: f"192.0.2.{d.below(256)}",
    "ipv4interface": lambda d: f"192.0.2.{d.below(256)}/32",
    "ipv4network": lambda d: f"192.0.2.{d.below(256)}/32",
    "ipv6": _ipv6,
    "ipv6interface": lambda d: f"{_ipv6(d)}/128",
    "ipv6network": lambda d: f"{_ipv6(d)}/128",
    "ipvanyaddress": lambda d: f"192.0.2.{d.below(256)}",
    "ipvanyinterface": lambda d: f"192.0.2.{d.below(256)}/32",
    "ipvanynetwork": lambda d: f"192.0.2.{d.below(256)}/32",
    "iri": _url,
    "iri-reference": _url,
    "json-pointer": lambda d: f"/{_ascii(d)}/{d.below(9)}",
    "json-string": lambda d: str(d.below(100)),
    "multi-host-uri": lambda d: f"postgres://{_ascii(d)}@a.example.com:5432,b.example.com:5432/{_ascii(d)}",
    "name-email": lambda d: f"{_ascii(d)} <{_email(d)}>",
    "password": lambda d: f"{_ascii(d)}-{d.below(1000)}",
    "path": lambda d: f"/tmp/{_ascii(d)}.txt",
    "regex": lambda d: f"^{_ascii(d)}$",
    "relative-json-pointer": lambda d: f"{d.below(3)}/{_ascii(d)}",
    "time": lambda d: f"{_time(d)}Z",
    "uri": _url,
    "uri-reference": _url,
    "uri-template": lambda d: f"https://example.com/{{{_ascii(d)}}}",
    "uuid": _uuid,
    "uuid4": _uuid,
}
"""Text for each format of JSON Schema, and those that pydantic adds."""
