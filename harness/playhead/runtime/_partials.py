"""What `stream_output` yields between the beginning of an output and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from playhead.exceptions import ModelRetry, UnexpectedModelBehavior
from playhead.output import NOTHING, WHOLE, PartialOutput

if TYPE_CHECKING:
    from playhead.runtime._stream import AgentStream


class Partials:
    """Looks at a reply that grows: `look` gives the output as far as it has come, or `NOTHING` new.

    A reply whose shape allows it is read piece by piece (`playhead.output.PartialOutput`), so that a look costs no more
    the longer the reply gets; any other is validated from its beginning each time.
    """

    NOTHING: Any = NOTHING

    def __init__(self, stream: AgentStream[Any, Any], *, progressive: bool) -> None:
        self._stream = stream
        deps = stream.ctx.deps
        self._partial = PartialOutput(
            deps.output_schema,
            stream.fold,
            has_validators=bool(deps.output_validators),
            context=stream.ctx.run_context().validation_context,
            progressive=progressive,
        )

    async def look(self) -> Any:
        """The output for the state of the reply now; what does not validate yet is nothing."""
        final = self._stream.final_result_event
        assert final is not None
        value = self._partial.look(final.tool_name)
        if value is not WHOLE:
            return value
        try:
            return await self._stream.validate_response_output(self._stream.response, allow_partial=True)
        except (ValidationError, ModelRetry, UnexpectedModelBehavior):
            return NOTHING
