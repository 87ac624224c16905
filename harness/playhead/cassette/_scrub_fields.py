"""Values that stand under telling names, in whatever a body is written in: JSON at any depth of escaping, forms, multipart,
XML, URLs within text, assignments and header lines.

Nothing is parsed as a whole: bodies may be cut off, invalid, or text that only quotes such things. Each finder looks for
names first and stops where no name is telling.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from urllib.parse import unquote_plus

from playhead.cassette._scrub_mask import is_placeholder, looks_secret, may_be_secret
from playhead.cassette._scrub_names import OPAQUE, Strength, field_strength, header_strength, normalised, query_strength

__all__ = [
    "ARGUMENT_NAMES",
    "Found",
    "find_fields",
    "find_form",
    "json_strings",
    "opaque_spans",
    "outside",
    "value_start",
]

Found = tuple[str, int, int]
"""(the name under which it stood, start, end)"""


def find_fields(text: str, *, arguments: bool = False) -> Iterator[Found]:
    """Everything in `text` that stands under a telling name, whatever the text is written in.

    `arguments`: the text is the arguments of a tool call. A model can only repeat what it was told, so a plain word under
    `password` there is part of the story that a test tells, and a tool that got a mask instead would fail the replay.
    """
    lowered = text.replace("\u0130", "i").lower()  # the only letter that becomes longer
    if any(stem in lowered for stem in _STEMS):
        yield from _json_fields(text, arguments)
        if "</" in text:
            yield from _xml_elements(text)
        if "name=" in text and "<" in text:
            yield from _html_fields(text)
        if "form-data" in lowered:
            yield from _multipart_fields(text, lowered)
        yield from _assignments(text, lowered)
    if "=" in text and any(mark in text for mark in "?&;#"):
        yield from _url_parameters(text)
    if "curl " in lowered:
        for match in _CURL_USER.finditer(text):
            yield "curl-user", match.start("value"), match.end("value")


def find_form(text: str) -> Iterator[Found]:
    """Everything under a telling name in an URL-encoded form or the query of a URL."""
    exchange = "grant_type=" in text
    for match in _FORM_PAIR.finditer(text):
        name, start, end = unquote_plus(match["name"]), match.start("value"), match.end("value")
        strength = query_strength(name)
        if exchange and normalised(name) == "code":
            strength = "secret"
        if _tells(strength, unquote_plus(text[start:end])):
            yield name, start, end


def opaque_spans(text: str) -> list[tuple[int, int]]:
    """Where the values of opaque fields (signatures, encrypted content) lie, ascending."""
    if not any(stem in text for stem in ("ignature", "ncrypted", "redacted", "b64_json", "inline")):
        return []
    return [
        (start, end)
        for match in _JSON_NAME.finditer(text)
        if normalised(match["name"]) in OPAQUE
        for start, end in json_strings(text, match.end(), match["escape"])
    ]


def outside(found: list[Found], opaque: list[tuple[int, int]], text: str) -> list[Found]:
    """What is not part of an opaque value: of a signature, or of Base64 too long to be anything but data."""
    starts = [start for start, _ in opaque]
    kept: list[Found] = []
    for item in found:
        _, start, end = item
        index = bisect_right(starts, start) - 1
        if index >= 0 and end <= opaque[index][1]:
            continue
        before = text[max(0, start - _BLOB) : start]
        if len(before) == _BLOB and not before.rstrip(_BASE64_ALPHABET):
            continue
        kept.append(item)
    return kept


def value_start(value: str) -> int:
    """Where the credential begins in the value of an authorization header: behind the scheme, which is no secret."""
    match = _SCHEME.match(value)
    return 0 if match is None else match.end()


def _tells(strength: Strength, value: str) -> bool:
    if strength == "no" or not value or is_placeholder(value):
        return False
    return strength == "secret" or looks_secret(value)


def _tells_field(name: str, strength: Strength, value: str) -> bool:
    """For JSON: `token` is also a word of log probabilities, while what is called a secret is one unless it is a word."""
    return _tells(strength, value) or (strength == "maybe" and normalised(name) in _NEARLY and may_be_secret(value))


def _json_fields(text: str, arguments: bool) -> Iterator[Found]:
    if any(_strength(name) != "no" for name in set(_JSON_NAMES.findall(text))):
        for match in _JSON_NAME.finditer(text):
            name = match["name"]
            strength = _strength(name)
            if strength == "no":
                continue
            for start, end in json_strings(text, match.end(), match["escape"]):
                start += value_start(text[start:end])
                value = text[start:end]
                plain = value.isalpha() and (
                    arguments or _TOOL_ARGUMENTS.search(text, max(0, start - 400), start) is not None
                )
                if _tells_field(name, strength, value) and not plain:
                    yield name, start, end
            number = _JSON_NUMBER.match(text, match.end())
            if number is not None and strength == "secret":
                yield name, number.start(), number.end()
    if "value" in text:
        for match in _JSON_PAIR.finditer(text):
            for start, end in json_strings(text, match.end(), match["escape"]):
                start += value_start(text[start:end])
                if _tells(_strength(match["name"]), text[start:end]):
                    yield match["name"], start, end
        for match in _JSON_PAIR_REVERSED.finditer(text):
            if _tells(_strength(match["name"]), match["value"]):
                yield match["name"], match.start("value"), match.end("value")


def _strength(name: str) -> Strength:
    """JSON holds fields, and now and then the headers of other requests."""
    strength = field_strength(name)
    return strength if strength != "no" or name[:2].lower() != "x-" else header_strength(name)


def json_strings(text: str, position: int, escape: str) -> Iterator[tuple[int, int]]:
    """Where the string behind a name lies, or those of a list of strings; `escape` is what stands before its quotes."""
    quote = len(escape)
    in_list = text.startswith("[", position)
    if in_list:
        position = _SPACE.match(text, position + 1).end()  # type: ignore[union-attr]
    while True:
        opening = text[position : position + quote + 1]
        if len(opening) != quote + 1 or opening[:quote] != escape or opening[quote] not in "\"'":
            return
        start = position + quote + 1
        end = _string_end(text, start, quote, opening[quote])
        yield start, end
        position = end + quote + 1
        separator = _NEXT_IN_LIST.match(text, position)
        if not in_list or separator is None:
            return
        position = separator.end()


def _string_end(text: str, position: int, backslashes: int, quote: str) -> int:
    r"""The end of a string whose quotes are written with so many backslashes (1 for JSON in a JSON string, then 3, 7 ...).

    A quote ends it when the backslashes before it are that many, or that many and pairs of the next level (`\\\\\"`).
    A string that is cut off ends with the text, or with the line where no quote closes it in a megabyte.
    """
    limit = min(len(text), position + _STRING_MAX)
    found = position
    while True:
        found = text.find(quote, found, limit)
        if found < 0:
            line = _LINE_END.search(text, position, limit)
            return line.start() if line is not None else limit
        before = found
        while before > position and text[before - 1] == "\\":
            before -= 1
        if found - before < backslashes:
            return before  # the string around this one ends here
        if (found - before) % (2 * (backslashes + 1)) == backslashes:
            return found - backslashes
        found += 1


def _xml_elements(text: str) -> Iterator[Found]:
    for match in _XML.finditer(text):
        if _tells(field_strength(match["name"].rpartition(":")[2]), match["value"]):
            yield match["name"], match.start("value"), match.end("value")


def _html_fields(text: str) -> Iterator[Found]:
    for match in _HTML.finditer(text):
        strength = field_strength(match["name"])
        if _tells("secret" if strength == "maybe" else strength, match["value"]):
            yield match["name"], match.start("value"), match.end("value")


def _multipart_fields(text: str, lowered: str) -> Iterator[Found]:
    stop = -1
    for match in _DISPOSITION.finditer(lowered):
        name = match["name"]
        strength = query_strength(name)
        head = _HEAD_END.search(text, match.end(), match.end() + 512) if strength != "no" else None
        if head is None or head.end() <= stop:  # within the part before, a head is content
            continue
        end = _PART_END.search(text, head.end())
        stop = end.start() if end is not None else len(text)
        if _tells(strength, text[head.end() : stop]):
            yield name, head.end(), stop


def _assignments(text: str, lowered: str) -> Iterator[Found]:
    """`OPENAI_API_KEY=...`, `x-api-key: ...`, `--password ...` in commands, environments, logs and error messages."""
    if not any(stem in lowered for stem in _ASSIGNED):
        return
    stop = 0
    for match in _ASSIGNMENT.finditer(lowered):
        if match.start() < stop:  # within the value before
            continue
        begin = match.start()
        while begin > max(0, match.start() - 40) and (text[begin - 1].isalnum() or text[begin - 1] in "_-."):
            begin -= 1
        if begin < match.start() and text[begin] in "nrt" and text[begin - 1 : begin] == "\\":
            begin += 1  # a line end, escaped
        name = text[begin : match.end("stem")]
        value = _ASSIGNED_VALUE.match(text, match.end())
        if value is None or normalised(name) in OPAQUE:
            continue
        stop = value.end()
        strength: Strength = max(field_strength(name), header_strength(name), key=_ORDER.__getitem__)
        start, end = value.span("value")
        start += value_start(text[start:end])
        found = text[start:end]
        if strength == "secret":
            assigned = match["sign"].strip() in ("=", "=>", ":=") and not _CODE.search(found)
            mixed = _MIXED.match(found) is not None and "://" not in found
            strength = "secret" if len(found) >= 6 and (assigned or mixed) else "maybe"
        if _tells(strength, found):
            yield name, start, end
    for find, at_most in _OTHERWISE:
        for match in find(text, lowered):
            start = match.start("value")
            start += value_start(match["value"])
            named = max(field_strength(match["name"]), header_strength(match["name"]), key=_ORDER.__getitem__)
            if named != "no" and _tells(min(at_most, named, key=_ORDER.__getitem__), text[start : match.end("value")]):
                yield match["name"], start, match.end("value")


def _flags(text: str, lowered: str) -> Iterator[re.Match[str]]:
    return _FLAG.finditer(text)


def _said(text: str, lowered: str) -> Iterator[re.Match[str]]:
    """All matches of `_SAID`, found from the word in their middle: the pattern itself would be tried at every letter."""
    middles = sorted(
        match.start() for stem, pattern in _SAID_MIDDLES if stem in lowered for match in pattern.finditer(lowered)
    )
    stop = 0
    for middle in middles:
        for start in range(max(stop, middle - _SAID_BEFORE), middle + 1):
            match = _SAID.match(text, start)
            if match is not None:
                yield match
                stop = match.end()
                break


def _netrc(text: str, lowered: str) -> Iterator[re.Match[str]]:
    return _NETRC.finditer(text) if "login" in text and "password" in text else iter(())


def _paired(text: str, lowered: str) -> Iterator[re.Match[str]]:
    return _PAIRED.finditer(text) if "(" in text or "[" in text else iter(())


def _shown(text: str, lowered: str) -> Iterator[re.Match[str]]:
    return _PAIR_SHOWN.finditer(text) if "', " in text or '", ' in text else iter(())


def _url_parameters(text: str) -> Iterator[Found]:
    for match in _PARAMETER.finditer(text):
        name = match["name"]
        strength = query_strength(name)
        if strength == "secret" and normalised(name) in _DOUBTFUL_IN_TEXT:
            strength = "maybe"
        if _tells(strength, match["value"]):
            yield name, match.start("value"), match.end("value")


_BLOB = 200
_BASE64_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-"
_STRING_MAX = 1_000_000
_STEMS = (
    "key",
    "token",
    "secret",
    "pass",
    "pwd",
    '"pw',
    "otp",
    "pincode",
    "pin_code",
    "device_code",
    "sharedaccess",
    "auth",
    "credential",
    "cookie",
    "bearer",
    "private",
    "assertion",
    "verifier",
    "connection",
    "jwt",
    "hmac",
    "sess",
    "csrf",
    "xsrf",
    "mfa",
    '"pat"',
    "access_code",
    "accesscode",
    "verification",
    "recovery",
    "backup",
    "security",
)
_ASSIGNED = (
    "key",
    "secret",
    "pass",
    "pwd",
    "bearer",
    "session",
    "jwt",
    "csrf",
    "xsrf",
    "otp",
    "auth",
    "credential",
    "cookie",
    "token=",
    "token:",
    "token =",
    "token', ",
    "connection",
    "signature=",
    "sas=",
)
_ORDER: dict[Strength, int] = {"no": 0, "maybe": 1, "secret": 2}
_DOUBTFUL_IN_TEXT = frozenset(("key", "auth", "session", "credential", "credentials", "pass", "token", "sessionid"))

_NEARLY = frozenset(("secret", "auth", "credential", "credentials", "jwt", "pass", "hmac"))

_SPACE = re.compile(r"[ \t\r\n]*")
_LINE_END = re.compile(r"[\r\n]")
_SCHEME = re.compile(
    r"(?:bearer|basic|token|digest|apikey|key|negotiate|aws4-hmac-sha256|bot|ghs|hawk|dpop|sharedkey|sso-key)(?:[ \t]+|%20|\+)(?=\S)",
    re.IGNORECASE,
)
_JSON_NAMES = re.compile(r"""["']([\w.$ -]{2,64})\\*["']\s?:""", re.ASCII)
_JSON_NAME = re.compile(
    r"""(?P<escape>\\*)(?P<quote>["'])(?P<name>[\w.$ -]{2,64})(?P=escape)(?P=quote)[ \t\r\n]*:(?:[ \t\r\n+]|\\+[nrt])*""",  # + is a space where a form holds JSON
    re.ASCII,
)
_JSON_PAIR = re.compile(
    r"""(?P<escape>\\*)"(?:name|key|header|field|Name|Key)(?P=escape)"\s{0,40}:\s{0,40}(?P=escape)"(?P<name>[\w.-]{2,64})(?P=escape)"\s{0,40},"""
    r"""\s{0,40}(?P=escape)"[vV]alue(?P=escape)"\s{0,40}:\s{0,40}""",
    re.ASCII,
)
ARGUMENT_NAMES = ("args", "arguments", "input", "partial_json", "delta", "parsed_arguments")
"""Where the providers put the arguments of a tool call."""
_TOOL_ARGUMENTS = re.compile(
    rf"""["'](?:{"|".join(ARGUMENT_NAMES)})\\*["']\s{{0,40}}:\s{{0,40}}\\*["']?\{{[^{{}}]*\Z"""
)
_JSON_PAIR_REVERSED = re.compile(
    r"""(?P<escape>\\*)"[vV]alue(?P=escape)"\s{0,9}:\s{0,9}(?P=escape)"(?P<value>[^"\\]{1,4096})(?P=escape)"\s{0,40},\s{0,40}"""
    r"""(?P=escape)"(?:name|key|header|field|Name|Key)(?P=escape)"\s{0,9}:\s{0,9}(?P=escape)"(?P<name>[\w.-]{2,64})(?P=escape)\"""",
    re.ASCII,
)
_JSON_NUMBER = re.compile(r"-?[0-9][0-9.eE+-]{0,63}(?=[ \t\r\n]*[,}\]])")
_NEXT_IN_LIST = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_XML = re.compile(
    r"<(?P<name>[A-Za-z][\w:.-]{1,63})(?:\s[^<>]{0,400})?>(?:\s{0,40}<!\[CDATA\[)?(?P<value>[^<>]{1,4096}?)(?:\]\]>\s{0,40})?</(?P=name)>",
    re.ASCII,
)
# `<input name="password" value="...">`, `<meta name="csrf-token" content="...">`; in JSON the quotes are escaped.
_HTML = re.compile(
    r"""<(?:input|meta|param|button)\s[^<>]{0,400}?\bname=\\?["'](?P<name>[\w.\[\]-]{2,64})\\?["'][^<>]{0,200}?\b(?:value|content)=\\?["'](?P<value>[^"'<>\\]{4,4096})""",
    re.ASCII,
)
_DISPOSITION = re.compile(
    r"""content-disposition:[ \t]*form-data;[^\r\n]{0,200}?\bname="?(?P<name>[\w.\[\]-]{1,64})"?""", re.ASCII
)
_HEAD_END = re.compile(r"\r\n\r\n|\n\n")
_PART_END = re.compile(r"\r?\n--")
_FORM_PAIR = re.compile(r"(?:^|(?<=[&?;#]))(?P<name>[^=&?;#\s]{1,256})=(?P<value>[^&\s#]*)")
_PARAMETER = re.compile(
    r"""(?<=[?&;#])(?P<name>[A-Za-z][\w.%-]{0,39})=(?P<value>[^&\s"'<>\\#;,)\]}]{3,4096})""", re.ASCII
)
_ASSIGNMENT = re.compile(
    r"""(?P<stem>key|token|secret|password|passwd|passwort|pwd|signature|credentials?|auth|authorization|cookie|connection_?string|keyid|key_id|sas"""
    r"""|pass|passphrase|bearer|session|session_?id|sessionid|jwt|csrf|xsrf|otp|password_confirmation|api_?key_?[0-9])"""
    r"""(?P<sign>[ \t]{0,16}(?:=>|:=|=|:)[ \t]{0,2})"""  # debuggers and configurations align what they assign
)
_ASSIGNED_VALUE = re.compile(
    r"""\\{0,7}["'`]?(?P<value>(?:(?:bearer|basic|token)[ ])?[^\s"'`\\,;&<>(){}\[\]]{3,8192})""", re.IGNORECASE
)
# `--api-key VALUE`, "the API key is VALUE" and "API key provided: VALUE", lines of .netrc, and pairs as in a list of headers.
_VALUE = r"""[^\s"'`\\,;&<>(){}\[\]]"""
_FLAG = re.compile(
    rf"-(?<![^\s\"']-)-?(?P<name>[A-Za-z][\w-]{{2,40}})[ ]\\{{0,7}}[\"']?(?P<value>(?!-){_VALUE}{{4,4096}})"
)
_SAID = re.compile(
    rf"(?i:(?P<name>(?:api|access|secret|auth|private)?[ _-]?(?:key|token|secret|password|credentials?))[ ](?:is|was|provided|given|used|set to)"
    rf"[ ]?:?[ ]\\{{0,7}}[\"'`]?)(?P<value>{_VALUE}{{8,4096}})"
)
_SAID_BEFORE = len("private ")
_SAID_MIDDLES = tuple(
    (stem, re.compile(rf"{stem}{'s?' if stem == 'credential' else ''} (?:is|was|provided|given|used|set to)[ :]"))
    for stem in ("key", "token", "secret", "password", "credential")
)
_NETRC = re.compile(
    rf"login(?<!\wlogin)[ \t]{{1,9}}\S{{1,200}}[ \t\n]{{1,9}}(?P<name>password)[ \t]{{1,9}}(?P<value>{_VALUE}{{4,200}})"
)
_CURL_USER = re.compile(
    rf"\bcurl\b[^\n]{{0,400}}?[ ](?:-(?:u|U)|--(?:proxy-)?user)[ =]?\\{{0,7}}[\"']?[^\s:\"'\\]{{1,200}}:(?P<value>{_VALUE}{{4,400}})"
)
_PAIRED = re.compile(
    r"""[(\[]\s{0,9}b?\\{0,7}["'](?P<name>[A-Za-z]+(?:-[A-Za-z]+)+|[Aa]uthorization|[Cc]ookie)\\{0,7}["']\s{0,9},\s{0,9}"""
    r"""b?\\{0,7}["'](?P<value>(?:(?:[Bb]earer|[Bb]asic)[ ])?[^\s"'\\]{6,4096})\\{0,7}["']\s{0,9}[)\]]""",
    re.ASCII,
)
# The same with a name of another kind, as Python shows a list of pairs. In brackets, that is a list of names as well.
_PAIR_SHOWN = re.compile(
    rf"""\(\s{{0,9}}b?\\{{0,7}}["'](?P<name>[A-Za-z][\w.]{{2,63}})\\{{0,7}}["']\s{{0,9}},\s{{0,9}}"""
    rf"""b?\\{{0,7}}["'](?P<value>{_VALUE}{{6,4096}})\\{{0,7}}["']\s{{0,9}}\)""",
    re.ASCII,
)
_OTHERWISE: tuple[tuple[Callable[[str, str], Iterator[re.Match[str]]], Strength], ...] = (
    (_flags, "secret"),
    (_said, "maybe"),
    (_netrc, "secret"),
    (_paired, "secret"),
    (_shown, "maybe"),
)
_MIXED = re.compile(r"(?=[^0-9]*[0-9])(?=[^A-Za-z]*[A-Za-z])|[A-Za-z]+(?:-[A-Za-z]+)+\Z")
_CODE = re.compile(
    r"^(?:os\.|process\.|self\.|config\.|settings\.|env\.|getenv|None|True|False|str\b|input|[a-z_]+\.[a-z_.]+$)"
)
