"""Chat completions: OpenAI's, and those of everybody who speaks them.

Comes in: bodies of `POST .../chat/completions` and their replies, or calls and stream events. Goes out: the other side.
"""

from playhead.wire.openai_chat._dialect import OpenAIChat
from playhead.wire.openai_chat._errors import error_in, read_error, write_error

__all__ = ["OpenAIChat", "error_in", "read_error", "write_error"]
