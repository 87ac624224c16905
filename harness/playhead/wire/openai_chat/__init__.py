"""Chat completions: OpenAI's, and those of everybody who speaks them.

Comes in: bodies of `POST .../chat/completions` and their replies, or calls and stream events. Goes out: the other side.
"""

from playhead.wire.openai_chat._content import inlined_text, is_text_like, read_content
from playhead.wire.openai_chat._dialect import OpenAIChat
from playhead.wire.openai_chat._errors import error_in, read_error, write_error
from playhead.wire.openai_chat._read import Turns
from playhead.wire.openai_chat._tables import REASONING_FIELDS
from playhead.wire.openai_chat._write import chosen_tools, drop_sampling, effort_of, reasons

__all__ = [
    "OpenAIChat",
    "REASONING_FIELDS",
    "Turns",
    "chosen_tools",
    "drop_sampling",
    "effort_of",
    "error_in",
    "inlined_text",
    "is_text_like",
    "read_content",
    "read_error",
    "reasons",
    "write_error",
]
