"""Chat completions: OpenAI's, and those of everybody who speaks them.

Comes in: bodies of `POST .../chat/completions` and their replies, or calls and stream events. Goes out: the other side.
"""

from playhead.wire.openai_chat._dialect import OpenAIChat

__all__ = ["OpenAIChat"]
