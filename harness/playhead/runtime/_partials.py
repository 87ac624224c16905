"""What `stream_output` yields between the beginning of an output and its end."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from playhead.exceptions import ModelRetry, UnexpectedModelBehavior


class Partials:
    """Looks at a reply that grows: `look` gives the output as far as it has come, or `NOTHING` new."""

    NOTHING: Any = object()

    def __init__(self, stream: Any, *, progressive: bool) -> None:
        self._stream = stream
        self._progressive = progressive
        self._last: Any = None

    async def look(self) -> Any:
        """The output for the state of the reply now; what does not validate yet is nothing."""
        response = self._stream.response
        if self._last is not None and self._last == response.parts:
            return self.NOTHING
        self._last = response.parts
        try:
            return await self._stream.validate_response_output(response, allow_partial=True)
        except (ValidationError, ModelRetry):
            return self.NOTHING
        except UnexpectedModelBehavior:
            return self.NOTHING
