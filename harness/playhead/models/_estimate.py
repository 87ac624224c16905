"""Estimates of usage for models that have no tokens to count: words, the same way each time.

A word is what lies between runs of white space and `" , . :`. Streams are counted when somebody asks, in one pass of the
regular expression over everything that has come since; histories remember what they counted of their beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from playhead.messages import (
    BinaryContent,
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    FilePart,
    ModelMessage,
    ModelRequest,
    RetryPromptPart,
    SystemPromptPart,
    TextContent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserContent,
    UserPromptPart,
)
from playhead.usage import RequestUsage

__all__ = ["BASE_INPUT_TOKENS", "HistoryEstimate", "WordCount", "estimate", "words"]

BASE_INPUT_TOKENS = 50
"""What every request is taken to cost before its first word."""

_SEPARATORS = re.compile(r'[\s",.:]+')
_BOUNDARY = "\0"
# A run of separators splits a piece in two, unless it is white space at the piece's edge, which is stripped first.
_SPLITS = re.compile(r'[\s",.:]*[",.:][\s",.:]*|(?<=[^\s",.:\0])\s+(?=[^\s",.:\0])')


def words(text: str) -> int:
    """How many words `text` has: none if it is empty, at least one otherwise."""
    return len(_SEPARATORS.split(text.strip())) if text else 0


class WordCount:
    """The words of a stream of pieces, each counted by itself. Adding is one append; counting looks at what is new."""

    __slots__ = ("_total", "add", "pieces")

    def __init__(self, total: int = 0) -> None:
        self._total = total
        self.pieces: list[str] = []
        self.add = self.pieces.append

    def total(self) -> int:
        """All words so far."""
        if self.pieces:
            pieces = [piece for piece in self.pieces if piece]
            joined = _BOUNDARY.join(pieces)
            if joined.count(_BOUNDARY) == len(pieces) - 1:
                self._total += len(pieces) + len(_SPLITS.findall(joined))
            else:  # a piece holds the character that marks boundaries here
                self._total += sum(map(words, pieces))
            self.pieces.clear()
        return self._total


class HistoryEstimate:
    """The estimate for a history that grows: what was counted of its beginning is not counted again."""

    def __init__(self) -> None:
        self._seen: list[ModelMessage] = []
        self._input = 0
        self._output = 0

    def of(self, messages: Sequence[ModelMessage]) -> RequestUsage:
        """The estimate for a request with `messages`."""
        known = len(self._seen)
        # Identity decides for messages that are the same objects, so the comparison costs next to nothing.
        if known and list(messages[:known]) == self._seen:
            new = messages[known:]
        else:
            self._seen, self._input, self._output, new = [], 0, 0, messages
        for message in new:
            if isinstance(message, ModelRequest):
                self._input += sum(_request_part_words(part) for part in message.parts)
            else:
                self._output += sum(_response_part_words(part) for part in message.parts)
        self._seen.extend(new)
        return RequestUsage(input_tokens=BASE_INPUT_TOKENS + self._input, output_tokens=self._output)


def estimate(messages: Iterable[ModelMessage]) -> RequestUsage:
    """Input: every word that was sent, and a base. Output: every word of every response, also of earlier ones."""
    return HistoryEstimate().of(list(messages))


def _request_part_words(part: object) -> int:
    match part:
        case SystemPromptPart(content=str(content)):
            return words(content)
        case UserPromptPart(content=content):
            return words(content) if isinstance(content, str) else sum(map(_user_content_words, content))
        case ToolReturnPart():
            return words(part.model_response_str())
        case RetryPromptPart():
            return words(part.model_response())
        case _:
            return 0


def _user_content_words(content: UserContent) -> int:
    match content:
        case str():
            return words(content)
        case TextContent(content=text):
            return words(text)
        case BinaryContent(data=data):
            return len(data)
        case _:
            return 0


def _response_part_words(part: object) -> int:
    match part:
        case TextPart(content=content) | ThinkingPart(content=content):
            return words(content)
        case ToolCallPart() | BuiltinToolCallPart():
            return 1 + words(part.args_as_json_str())
        case BuiltinToolReturnPart():
            return words(part.model_response_str())
        case FilePart(content=content):
            return len(content.data)
        case _:
            return 0
