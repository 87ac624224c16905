"""The Responses API of OpenAI, and of those who speak it.

Comes in: bodies of `POST .../responses` and their replies, or calls and stream events. Goes out: the other side.
"""

from playhead.wire.openai_responses._dialect import OpenAIResponses

__all__ = ["OpenAIResponses"]
