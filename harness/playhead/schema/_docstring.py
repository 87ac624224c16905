"""What a docstring says of a function and of its parameters, by way of griffe.

Three styles: Google, NumPy and Sphinx. `auto` looks for the marks of Sphinx first, then Google, then NumPy (a Sphinx
field is the least likely to be there by accident), and takes Google where there are none.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from inspect import Signature
from typing import Any, Literal, TypeAlias

DocstringFormat: TypeAlias = Literal["google", "numpy", "sphinx", "auto"]
"""The style of a docstring; `auto` recognises it."""


def read_docstring(
    function: Callable[..., Any], signature: Signature, docstring_format: DocstringFormat
) -> tuple[str | None, dict[str, str]]:
    """The description of `function`, and those of its parameters by name.

    The description is the text before the first section. Where the docstring describes what is returned, both are
    wrapped in tags: `<summary>...</summary>` and `<returns>...</returns>`.
    """
    text: str | None = function.__doc__
    if text is None:
        return None, {}
    # The parser looks parameters up in the function it belongs to; a signature is all it needs of it.
    from griffe import Docstring, DocstringSectionKind, Function, Parameters
    from griffe import Parameter as GriffeParameter

    style = _recognise(text) if docstring_format == "auto" else docstring_format
    owner = Function(
        name=getattr(function, "__name__", "function"),
        parameters=Parameters(*(GriffeParameter(name) for name in signature.parameters)),
    )
    docstring = Docstring(text, lineno=1, parser=style, parent=owner)
    options: dict[str, Any] = {"returns_named_value": False, "returns_multiple_items": False}
    with _quiet():
        sections = docstring.parse(style, **(options if style == "google" else {}))

    parameters: dict[str, str] = {}
    for section in sections:
        if section.kind is DocstringSectionKind.parameters:
            parameters = {item.name: item.description for item in section.value}
            break
    description = ""
    for section in sections:
        if section.kind is DocstringSectionKind.text:
            description = section.value
            break
    for section in sections:
        if section.kind is DocstringSectionKind.returns:
            item = section.value[0]
            kind = f"<type>{item.annotation}</type>\n" if item.annotation else ""
            returns = f"<returns>\n{kind}<description>{item.description}</description>\n</returns>"
            description = f"<summary>{description}</summary>\n{returns}" if description else returns
            break
    return description, parameters


def _recognise(text: str) -> Literal["google", "numpy", "sphinx"]:
    for style, mark in _MARKS.items():
        if mark.search(text):
            return style
    return "google"


@contextmanager
def _quiet() -> Generator[None]:
    """griffe warns of what it finds unusual; nobody asked for a review here."""
    logger = logging.getLogger("griffe")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _marks(form: str, *words: str, ignore_case: bool = True) -> re.Pattern[str]:
    return re.compile(form.replace("WORDS", "|".join(words)), re.IGNORECASE if ignore_case else 0)


# A mark never stands in the first line, which is the summary, and a Sphinx field is a whole line.
_MARKS: dict[Literal["google", "numpy", "sphinx"], re.Pattern[str]] = {
    "sphinx": _marks(
        r"\n[ \t]*:(?:WORDS)(?:[ \t]+\w+)*:(?:[ \t]+.+)?\n",
        *("param", "parameter", "arg", "argument", "key", "keyword", "type"),
        *("var", "ivar", "cvar", "vartype", "returns", "return", "rtype"),
        *("raises", "raise", "except", "exception"),
        ignore_case=False,
    ),
    "google": _marks(
        r"\n[ \t]*(?:WORDS):(?:[ \t]+.+)?\n[ \t]+.+",
        *("args", "arguments", "params", "parameters", "keyword args", "keyword arguments", "other args"),
        *("other arguments", "other params", "other parameters", "raises", "exceptions", "returns", "yields"),
        *("receives", "attributes", "functions", "methods", "classes", "modules", "warns", "warnings"),
    ),
    "numpy": _marks(
        r"\n[ \t]*(?:WORDS)\n[ \t]*---+\n",
        *("parameters", "other parameters", "returns", "yields", "receives", "raises", "warns", "attributes"),
        *("deprecated", "functions", "methods", "classes", "modules"),
    ),
}
