"""The door to AG-UI by functions: `run_ag_ui` and `handle_ag_ui_request`, over `playhead.ui.ag_ui.AGUIAdapter`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from playhead.runtime import AbstractAgent
from playhead.ui import SSE_CONTENT_TYPE, OnCompleteFunc, StateDeps, StateHandler
from playhead.ui.ag_ui import DEFAULT_AG_UI_VERSION, AGUIAdapter

if TYPE_CHECKING:
    from ag_ui.core import BaseEvent, RunAgentInput
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = [
    "AGUIAdapter",
    "OnCompleteFunc",
    "SSE_CONTENT_TYPE",
    "StateDeps",
    "StateHandler",
    "handle_ag_ui_request",
    "run_ag_ui",
]


async def handle_ag_ui_request(
    agent: AbstractAgent[Any, Any],
    request: Request,
    *,
    ag_ui_version: str = DEFAULT_AG_UI_VERSION,
    preserve_file_data: bool = False,
    on_complete: OnCompleteFunc[BaseEvent] | None = None,
    **run_kwargs: Any,
) -> Response:
    """Answer a Starlette (or FastAPI) request: `AGUIAdapter.dispatch_request`. `run_kwargs` are those of `Agent.run`."""
    return await AGUIAdapter[Any, Any].dispatch_request(
        request,
        agent=agent,
        ag_ui_version=ag_ui_version,
        preserve_file_data=preserve_file_data,
        on_complete=on_complete,
        **run_kwargs,
    )


def run_ag_ui(
    agent: AbstractAgent[Any, Any],
    run_input: RunAgentInput,
    accept: str = SSE_CONTENT_TYPE,
    *,
    ag_ui_version: str = DEFAULT_AG_UI_VERSION,
    preserve_file_data: bool = False,
    on_complete: OnCompleteFunc[BaseEvent] | None = None,
    **run_kwargs: Any,
) -> AsyncIterator[str]:
    """Run the agent on an AG-UI input; gives AG-UI's events as written for `accept`. Closing it cancels the run.
    `run_kwargs` are those of `Agent.run`."""
    adapter = AGUIAdapter[Any, Any](
        agent, run_input, accept=accept, ag_ui_version=ag_ui_version, preserve_file_data=preserve_file_data
    )
    return adapter.encode_stream(adapter.run_stream(on_complete=on_complete, **run_kwargs))
