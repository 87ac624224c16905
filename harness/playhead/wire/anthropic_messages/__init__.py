"""The Messages format of Anthropic: https://docs.claude.com/en/api/messages and .../streaming.

Comes in: bodies of `/v1/messages` and their replies, or calls and stream events. Goes out: the other side of it.
"""

from playhead.wire.anthropic_messages._dialect import AnthropicMessages

__all__ = ["AnthropicMessages"]
