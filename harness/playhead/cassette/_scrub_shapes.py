"""Values that are made like keys, wherever they stand in a text.

Each row of `SHAPES` is a family of credentials: the literals that a member starts with or contains (looked for first,
because that is fast) and the pattern of the whole. No pattern can look at a character more than a few times.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from playhead.cassette._scrub_mask import is_mask
from playhead.cassette._scrub_vendors import ANCHORED, VENDORS

__all__ = ["RULES", "SHAPES", "Shape", "find_shapes"]


class Shape(NamedTuple):
    """One family of credentials.

    `starts` are the literals a member begins with, `within` literals that it holds somewhere; `pattern` has a group
    `secret` where not all of the match is one; `confirms` has the last word about what was found.
    """

    rule: str
    starts: tuple[str, ...]
    within: tuple[str, ...]
    pattern: re.Pattern[str]
    confirms: Callable[[str], bool] | None


def find_shapes(text: str) -> Iterator[tuple[str, int, int]]:
    """(rule, start, end) of everything in `text` that is made like a credential."""
    if len(text) >= _ANCHORED_MIN:
        yield from _anchored(text)
    places = _places(text)
    if not places:
        return
    for number in sorted(places):
        shape = SHAPES[number]
        for match in _matches(shape, text, places[number]):
            start, end = match.span("secret" if "secret" in shape.pattern.groupindex else 0)
            found = text[start:end]
            if (shape.confirms is None or shape.confirms(found)) and not is_mask(found):
                yield shape.rule, start, end


def _places(text: str) -> dict[int, list[int]]:
    """By shape, where its members may begin, ascending; -1 for anywhere."""
    places: dict[int, list[int]] = {}
    for trigger in _TRIGGERS:
        for separator in trigger.finditer(text):
            end = separator.end()
            for length in _HEAD_LENGTHS:
                if length > end:
                    break
                for literal, number in _BY_HEAD.get(text[max(0, end - length) : end], ()):
                    start = end - length
                    if len(literal) == length or text.startswith(literal, start):
                        places.setdefault(number, []).append(start)
    for rare, literals in _OTHERS.items():
        if rare in text:
            for literal, number, starts in literals:
                position = text.find(literal)
                if not starts and position >= 0:
                    places.setdefault(number, []).append(-1)
                    continue
                while position >= 0:
                    places.setdefault(number, []).append(position)
                    position = text.find(literal, position + len(literal))
    return places


def _matches(shape: Shape, text: str, places: list[int]) -> Iterator[re.Match[str]]:
    if -1 in places:
        yield from shape.pattern.finditer(text)
    after = 0
    for position in sorted(places):
        if position < after:
            continue
        match = shape.pattern.match(text, position) if _is_border(text, position) else None
        if match is not None:
            after = match.end()
            yield match
        elif shape.rule == "jwt":
            # What failed here fails at each later start within the same word: without the jump, a long word of many
            # starts would be read again from each of them.
            word = _WORD.match(text, position)
            after = word.end() if word is not None else position


def _anchored(text: str) -> Iterator[tuple[str, int, int]]:
    for rule, before, anchor in _ANCHORED:
        for match in anchor.finditer(text):
            head = before.search(text, max(0, match.start() - _BEFORE_MAX), match.start())
            if head is not None:
                yield rule, head.start(), match.end()


def _is_border(text: str, position: int) -> bool:
    """Whether a key may begin here: no letter or digit before it, unless that belongs to an escape (`\\n`, `\\u000a`)."""
    before = text[position - 1 : position]
    return (
        not before.isalnum()
        or not before.isascii()
        or _ESCAPE_BEFORE.search(text[max(0, position - 6) : position]) is not None
    )


def _is_basic(encoded: str) -> bool:
    try:
        plain = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False
    return b":" in plain and plain.isascii() and plain.decode("ascii").isprintable()


def _has_digit_or_capital(text: str) -> bool:
    return not text.islower() or any(character.isdigit() for character in text)


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_mixed(text: str) -> bool:
    return _has_digit(text) and not text.islower() and not text.isupper()


def _shape(
    rule: str, starts: str, pattern: str, confirms: Callable[[str], bool] | None = None, *, within: str = ""
) -> Shape:
    return Shape(rule, tuple(starts.split()), tuple(within.split()), re.compile(pattern), confirms)


_W = r"[A-Za-z0-9_-]"
_WORD = re.compile(f"{_W}*")
_ESCAPE_BEFORE = re.compile(r"\\(?:[nrtbf]|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2})\Z")

SHAPES: tuple[Shape, ...] = (
    _shape(
        "openai-key",
        "sk-",
        rf"sk-(?:proj|svcacct|admin|ant|or|lf|None)-{_W}{{8,}}|sk-{_W}{{16,}}",
        _has_digit_or_capital,
    ),
    _shape("openai-session", "sess- ek_", r"sess-[A-Za-z0-9]{30,}|ek_[A-Za-z0-9]{24,}"),
    _shape("google-key", "AIza AQ. GOCSPX-", rf"AIza{_W}{{30,}}|AQ\.{_W}{{30,}}|GOCSPX-{_W}{{16,}}"),
    _shape("google-token", "ya29. 1//0", r"ya29\.[A-Za-z0-9_.-]{16,}|1//0[A-Za-z0-9_-]{20,}"),
    _shape(
        "aws-key-id", "AKIA ASIA ABIA ACCA AROA AIDA", r"(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[0-9A-Z]{16}(?![0-9A-Za-z])"
    ),
    _shape(
        "aws-secret",  # beside its id, where nothing else tells
        "AKIA ASIA",
        r"(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])[\s\S]{1,80}?(?<![A-Za-z0-9/+=])(?P<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])",
        _is_mixed,
    ),
    _shape(
        "aws-token",
        "IQoJb3JpZ2lu FwoGZXIvYXdz ABSK bedrock-api-key-",
        r"(?:IQoJb3JpZ2lu|FwoGZXIvYXdz|ABSK|bedrock-api-key-)[A-Za-z0-9+/]{20,}={0,2}",
    ),
    _shape(
        "github-token",
        "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
        r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}",
    ),
    _shape("gitlab-token", "glpat- gldt- glrt- glptt-", rf"gl(?:pat|dt|rt|ptt)-{_W}{{16,}}"),
    _shape(
        "zapier-webhook",
        "",
        r"hooks\.zapier\.com/hooks/(?:catch|standard)/(?P<secret>[A-Za-z0-9/]{8,})",
        within="hooks.zapier.com/",
    ),
    _shape(
        "teams-webhook",
        "",
        r"webhook\.office\.com/webhookb2/(?P<secret>[^\s\"'<>\\]{20,})",
        within=".webhook.office.com/",
    ),
    _shape(
        "slack-token",
        "xoxa- xoxb- xoxp- xoxr- xoxs- xoxe- xoxo- xoxc- xoxd- xapp-",
        r"(?:xox[abceoprsd](?:\.xox[bp])?|xapp)-[A-Za-z0-9%./+-]{10,}",
    ),
    _shape(
        "slack-webhook",
        "",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(?P<secret>[A-Za-z0-9_/-]{20,})",
        within="hooks.slack.com/",
    ),
    _shape("huggingface-token", "hf_ api_org_", r"hf_[A-Za-z0-9]{16,}|api_org_[A-Za-z0-9]{30,}", _has_digit_or_capital),
    _shape("groq-key", "gsk_", r"gsk_[A-Za-z0-9]{16,}"),
    _shape("replicate-key", "r8_", r"r8_[A-Za-z0-9]{16,}"),
    _shape("xai-key", "xai-", r"xai-[A-Za-z0-9]{20,}"),
    _shape("perplexity-key", "pplx-", r"pplx-[A-Za-z0-9]{20,}"),
    _shape("cerebras-key", "csk-", r"csk-[a-z0-9]{20,}", _has_digit),
    _shape("fireworks-key", "fw_", r"fw_[A-Za-z0-9]{20,}", _has_digit_or_capital),
    _shape("nvidia-key", "nvapi-", rf"nvapi-{_W}{{20,}}"),
    _shape("tavily-key", "tvly-", rf"tvly-{_W}{{16,}}"),
    _shape(
        "observability-key",
        "lsv2_ pylf_v pk-lf- ls__",
        rf"lsv2_(?:pt|sk)_{_W}{{16,}}|pylf_v[0-9]+_{_W}{{16,}}|pk-lf-{_W}{{16,}}|ls__[a-f0-9]{{32}}",
    ),
    *(_shape("vendor-key", start, re.escape(start) + f"(?:{rest})", _has_digit_or_capital) for start, rest in VENDORS),
    _shape("notion-token", "secret_", r"secret_[A-Za-z0-9]{40,50}(?![0-9A-Za-z])", _has_digit),
    _shape("elevenlabs-key", "sk_", r"sk_[a-f0-9]{40,}(?![0-9A-Za-z])", _has_digit),
    _shape("mailgun-key", "key-", r"key-[a-f0-9]{32}(?![0-9A-Za-z])", _has_digit),
    _shape("stripe-key", "", r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{16,}", within="_live_ _test_"),
    _shape("webhook-secret", "whsec_", r"whsec_[A-Za-z0-9+/=]{16,}"),
    _shape("sendgrid-key", "SG.", rf"SG\.{_W}{{16,64}}\.{_W}{{16,}}"),
    _shape("package-token", "npm_ pypi-", rf"npm_[A-Za-z0-9]{{30,}}|pypi-{_W}{{40,}}"),
    _shape("twilio-key", "SK", r"SK[0-9a-f]{32}(?![0-9A-Za-z])"),
    _shape("telegram-token", "", rf"[0-9]{{8,10}}:AA{_W}{{32,}}", within=":AA"),
    _shape("age-key", "AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{30,}"),
    _shape("jwt", "eyJ", rf"eyJ{_W}{{6,65536}}\.{_W}{{6,65536}}(?:\.{_W}*){{1,3}}"),
    _shape(
        "private-key",
        "-----BEGIN",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:(?!-----)[^\"'<>{}]){0,100000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    _shape(
        "bearer",
        "",
        r"(?:[Bb]earer|BEARER)(?:\s|\\[nt]|\+|%20){1,4}(?P<secret>[A-Za-z0-9._~+/-]{12,}={0,2})",
        lambda value: _has_digit(value) or (not value.islower() and len(value) >= 20),
        within="earer EARER",
    ),
    _shape(
        "basic", "", r"(?:[Bb]asic|BASIC)[ \t]{1,4}(?P<secret>[A-Za-z0-9+/]{8,}={0,2})", _is_basic, within="asic ASIC"
    ),
    _shape("okta-token", "", rf"SSWS[ \t]{{1,4}}(?P<secret>{_W}{{20,}})", within="SSWS "),
    _shape(
        "aws-signature",
        "",
        r"AWS4-HMAC-SHA256[ ,]{1,4}(?P<secret>Credential=[^\"\r\n\\]{16,400}Signature=[0-9a-f]{16,})",
        within="Signature=",
    ),
    _shape(
        "discord-webhook",
        "",
        r"discord(?:app)?\.com/api/webhooks/[0-9]{6,32}/(?P<secret>[A-Za-z0-9_-]{20,})",
        within="/api/webhooks/",
    ),
    _shape("websocket-key", "", r"insecure-api-key\.(?P<secret>[^\s,;\"']{6,})", within="insecure-api-key."),
    _shape("url-password", "", r"://(?P<secret>[^\s/?#@:\"'<>\\]{0,256}:[^\s/?#@\"'<>\\]{1,256})@", within="://"),
    _shape("url-password", "", r"://(?P<secret>[^\s/?#@:\"'<>\\]{8,256})@[A-Za-z0-9.-]+\.", within="://"),
    _shape(
        "account-id",
        "org- proj_ AC",
        r"org-[A-Za-z0-9]{20,}|proj_[A-Za-z0-9]{20,}|AC[0-9a-f]{32}(?![0-9A-Za-z])",
        _has_digit_or_capital,
    ),
)

RULES = tuple(dict.fromkeys(shape.rule for shape in SHAPES))
"""The names under which the summary counts masks by shape."""

_ANCHORED = tuple((rule, re.compile(rf"(?:{before})\Z"), re.compile(anchor)) for rule, before, anchor in ANCHORED)
_ANCHORED_MIN = 36  # the shortest of them
_BEFORE_MAX = 60


def _head(literal: str) -> str | None:
    """The part of a literal up to its last hyphen or underscore, to look behind from there; None where it has none."""
    end = max(literal.rfind("-"), literal.rfind("_")) + 1
    return literal[:end] or None


# One pass for all literals with a hyphen or underscore: these are rare, the letters before them are not.
_BY_HEAD: dict[str, list[tuple[str, int]]] = {}
# With the character of each that is rarest: where that is missing, it need not be looked for.
_RAREST = "JQZXKVWYUGPNOLRCDFHBMESTIA=:/~9876543210.jqzxkvwygpbfumcdlhrsnioate -_"
_OTHERS: dict[str, list[tuple[str, int, bool]]] = {}
for _number, _one in enumerate(SHAPES):
    for _literal in _one.starts + _one.within:
        _begin = _head(_literal) if _literal in _one.starts else None
        if _begin is None:
            _rest = (_literal, _number, _literal in _one.starts)
            _OTHERS.setdefault(min(_literal, key=_RAREST.index), []).append(_rest)
        else:
            _BY_HEAD.setdefault(_begin, []).append((_literal, _number))
_HEAD_LENGTHS = sorted({len(head) for head in _BY_HEAD})


def _triggers() -> Iterator[re.Pattern[str]]:
    """Where a head ends: a pattern for each separator, which looks at the one letter before it first."""
    for separator in "-_":
        by_letter: dict[str, list[str]] = {}
        for head in _BY_HEAD:
            if head[-1] == separator:
                by_letter.setdefault(head[-2], []).append(f"(?<={re.escape(head)})")
        letters = "".join(map(re.escape, by_letter))
        choices = "|".join(
            f"(?<={re.escape(letter)}{separator})(?:{'|'.join(heads)})" for letter, heads in by_letter.items()
        )
        yield re.compile(f"{separator}(?<=[{letters}]{separator})(?:{choices})")


_TRIGGERS = tuple(_triggers())
