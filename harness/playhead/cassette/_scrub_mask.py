"""What a secret is replaced by: `scrubbed`, filled up with hyphens (or cut off) to the length of what it hides.

The same length keeps the cuts of a recorded body true. The characters are unreserved in URLs, harmless in headers, forms
and JSON strings, and no shape of a key begins with them, so a mask is never found again.
"""

from __future__ import annotations

import re

__all__ = [
    "PLACEHOLDER",
    "collapse",
    "is_mask",
    "is_placeholder",
    "looks_secret",
    "mask",
    "mask_number",
    "may_be_secret",
]

PLACEHOLDER = "scrubbed"


def mask(hidden: str) -> str:
    """A mask as long as `hidden`; line ends stay where they are, so that frames and header lines stay apart."""
    filled = PLACEHOLDER.ljust(len(hidden), "-")[: len(hidden)]
    if "\n" not in hidden and "\r" not in hidden:
        return filled
    return "".join(old if old in "\r\n" else new for old, new in zip(hidden, filled, strict=True))


def mask_number(hidden: str) -> str:
    """A JSON number as long as `hidden`, which is one: every digit a 1."""
    return re.sub(r"[0-9]", "1", hidden)


def is_mask(text: str) -> bool:
    """Whether `text` is what `mask` makes of any secret."""
    return text == mask(text)


def is_placeholder(text: str) -> bool:
    """Whether `text` stands where a secret was or would be (`REDACTED`, `<API_KEY>`, `your-api-key`, `***`), or is a mask."""
    return is_mask(text) or (len(text) <= 120 and _PLACEHOLDER.fullmatch(text) is not None)


def looks_secret(text: str) -> bool:
    """Whether a value under a doubtful name (`token`, `key`) is made like a credential: long, one word, letters and digits."""
    return _SECRET_LIKE.fullmatch(text) is not None and not is_placeholder(text)


def may_be_secret(text: str) -> bool:
    """The same, less strictly, where the name is nearly enough: one word that is no number, no plain word, no switch."""
    return _ONE_WORD.fullmatch(text) is not None and not is_placeholder(text) and not text.isalpha()


def collapse(text: str) -> str:
    """Masks of any length as the bare word, so that requests with keys of different lengths compare equal."""
    return _MASK.sub(PLACEHOLDER, text) if PLACEHOLDER in text else text


_MASK = re.compile(r"scrubbed-*")
_SECRET_LIKE = re.compile(r"(?=[^0-9]{0,4096}[0-9])(?=[^A-Za-z]{0,4096}[A-Za-z])[A-Za-z0-9+/=_.~%:|-]{12,65536}")
_ONE_WORD = re.compile(r"(?=[^A-Za-z]{0,4096}[A-Za-z])[^\s,;]{6,65536}")
# Only what nobody would choose as a credential: a weak password that is masked needlessly costs nothing, one that is
# taken for a placeholder leaks.
_PLACEHOLDER = re.compile(
    r"""(?ix)
    [\W_]* (?:redacted | filtered | dummy | scrubbed | placeholder | masked | removed | sanitized | omitted | unset | changeme
      | none | null | undefined | string | x{2,}) (?:[-_ ](?:value|key|token|secret|api[-_ ]?key))? [\W_]*
    | (?:your|insert)[-_ ][a-z_ -]{0,80}
    | <[^<>]*> | \$\{?\w+\}? | \{\{?[^{}]*\}?\} | %\w+%
    | [*.x•-]+ | playhead[-\w]*
    """
)
