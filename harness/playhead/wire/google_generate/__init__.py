"""Google's `generateContent`: https://ai.google.dev/api/generate-content, and the same on Google Cloud.

Comes in: bodies of `...:generateContent` and `...:streamGenerateContent` and their replies, or calls and stream events.
Goes out: the other side of it.
"""

from playhead.wire.google_generate._dialect import GoogleGenerate

__all__ = ["GoogleGenerate"]
