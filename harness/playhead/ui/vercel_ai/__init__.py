"""The Vercel AI SDK (https://ai-sdk.dev): an agent behind its data stream protocol.

The types of requests and responses are in `playhead.ui.vercel_ai.request_types` and `.response_types`.
"""

from playhead.ui.vercel_ai._adapter import VercelAIAdapter
from playhead.ui.vercel_ai._events import VercelAIEventStream

__all__ = ["VercelAIAdapter", "VercelAIEventStream"]
