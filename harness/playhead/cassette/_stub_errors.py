"""Failures of the clients that VCR.py patches: made again from the class name and the text that a file keeps.

The stubs raise them where the real connection did, below the client, which then wraps them as it does any other: urllib3
counts its tries and says so, requests makes a `ConnectionError` of it.
"""

from __future__ import annotations

import ast
import builtins
import http.client
import re
import socket
import ssl
import sys
from types import SimpleNamespace
from typing import Any

from playhead.cassette._tape import RecordedResponse
from playhead.cassette._vcr import to_vcr_response

__all__ = ["answer_for_stub", "failure_like"]


def answer_for_stub(response: RecordedResponse, *, aiohttp: bool) -> dict[str, Any]:
    """What a stub of VCR.py's gives its client, as VCR.py's dictionary. Raises the error that was recorded instead."""
    if response.is_failure and response.error is not None:
        raise failure_like(response.error, aiohttp=aiohttp)
    return to_vcr_response(response)


def failure_like(error: tuple[str, str], *, aiohttp: bool) -> Exception:
    """An exception of this name and text; where no library here has it, the nearest that the client knows.

    `aiohttp`: the client is that one, else one that stands on `http.client`.
    """
    name, text = error
    for module in _modules(aiohttp):
        cls: Any = getattr(module, name, None)
        if isinstance(cls, type) and issubclass(cls, Exception):
            made = _made(cls, text)
            if made is not None:
                return made
    if "Timeout" in name:
        return TimeoutError(text)
    return sys.modules["aiohttp"].ClientConnectionError(text) if aiohttp else ConnectionError(text)


def _modules(aiohttp: bool) -> list[Any]:
    # urllib3 has a `TimeoutError` of its own, which no connection raises.
    found = [sys.modules.get("aiohttp")] if aiohttp else [http.client, sys.modules.get("urllib3.exceptions")]
    return [module for module in (builtins, *found, socket, ssl) if module is not None]


def _made(cls: type[Exception], text: str) -> Exception | None:
    host = _CONNECTOR.fullmatch(text)
    if host is not None and hasattr(cls, "port"):
        key = SimpleNamespace(host=host["host"], port=int(host["port"]), ssl=host["ssl"] == "default" or host["ssl"])
        return _attempt(cls, key, OSError(0, host["why"]))
    if issubclass(cls, OSError):
        number = _NUMBERED.fullmatch(text)
        if number is not None:
            return _attempt(cls, int(number["number"]), number["text"])
        if issubclass(cls, ssl.SSLError):
            return _attempt(cls, 1, text)
    if cls.__name__ == "IncompleteRead":
        read = _INCOMPLETE.match(text)
        size = 0 if read is None else min(int(read["read"]), 10_000_000)
        left = None if read is None or read["left"] is None else int(read["left"])
        return _attempt(cls, bytes(size) if cls.__module__ == "http.client" else size, left)
    refused = _REFUSED.fullmatch(text)
    if refused is not None and cls.__module__.startswith("aiohttp"):
        asked = SimpleNamespace(real_url=ast.literal_eval(refused["url"]), method="", headers={})
        return _attempt(cls, asked, (), status=int(refused["status"]), message=ast.literal_eval(refused["message"]))
    made = _attempt(cls, text)
    if made is not None and str(made) == text:
        return made
    # One that is made of a connection or a pool, which are not there: its class and its text are what it is known by.
    try:
        made = cls.__new__(cls)
        made.args = (text,)
        return made if str(made) == text else None
    except Exception:  # its text needs what it was made of
        return None


def _attempt(cls: type[Exception], *arguments: Any, **named: Any) -> Exception | None:
    try:
        return cls(*arguments, **named)
    except Exception:  # whatever its constructor says of arguments that are none of its own
        return None


_NUMBERED = re.compile(r"\[Errno (?P<number>-?[0-9]{1,6})\] (?P<text>.*)", re.DOTALL)
_CONNECTOR = re.compile(
    r"Cannot connect to host (?P<host>.+):(?P<port>[0-9]{1,5}) ssl:(?P<ssl>.+?) \[(?P<why>.*)\]", re.DOTALL
)
_REFUSED = re.compile(
    r"""(?P<status>[0-9]{3}), message=(?P<message>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"), url=(?P<url>'[^'\\]*')"""
)
_INCOMPLETE = re.compile(
    r"IncompleteRead\((?P<read>[0-9]{1,18}) bytes read(?:, (?P<left>-?[0-9]{1,18}) more expected)?"
)
