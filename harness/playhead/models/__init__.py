"""Models: a request becomes a reply, or the events of a stream of one.

Comes in: messages, settings and request parameters. Goes out: `ModelResponse`, or stream events with their fold.
"""

from playhead.models._model import Model, StreamedResponse

__all__ = ["Model", "StreamedResponse"]
