"""Chat requests of the Vercel AI SDK (https://ai-sdk.dev/docs/ai-sdk-ui/transport), run by an agent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import TypeAdapter

from playhead.context import AgentDepsT
from playhead.messages import DeferredToolResults, ModelMessage, ToolDenied
from playhead.output import OutputDataT
from playhead.runtime import AbstractAgent
from playhead.ui._adapter import UIAdapter
from playhead.ui._stream import UIEventStream
from playhead.ui.vercel_ai._dump import MakeId, dump_messages, stable_id
from playhead.ui.vercel_ai._events import VercelAIEventStream
from playhead.ui.vercel_ai._load import approval_responses, load_messages
from playhead.ui.vercel_ai.request_types import RequestData, ToolApprovalResponded, UIMessage
from playhead.ui.vercel_ai.response_types import BaseChunk

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["VercelAIAdapter"]

_REQUEST: TypeAdapter[RequestData] = TypeAdapter(RequestData)


@dataclass
class VercelAIAdapter(UIAdapter[RequestData, UIMessage, BaseChunk, AgentDepsT, OutputDataT]):
    """One request of the Vercel AI SDK, for one agent.

    `sdk_version` is the SDK's major version: with 6, calls that need approval ask for it and take the answers.
    `server_message_id` is the id of the answer, for applications that store conversations on the server.
    """

    _: KW_ONLY
    sdk_version: Literal[5, 6] = 5
    server_message_id: str | None = None

    @classmethod
    def build_run_input(cls, body: bytes) -> RequestData:
        return _REQUEST.validate_json(body)

    @classmethod
    async def from_request(
        cls,
        request: Request,
        *,
        agent: AbstractAgent[AgentDepsT, OutputDataT],
        sdk_version: Literal[5, 6] = 5,
        server_message_id: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """The adapter for a Starlette request. `pydantic.ValidationError` for a body that is not the SDK's."""
        return await super().from_request(
            request, agent=agent, sdk_version=sdk_version, server_message_id=server_message_id, **kwargs
        )

    def build_event_stream(self) -> UIEventStream[RequestData, BaseChunk, AgentDepsT, OutputDataT]:
        return VercelAIEventStream(
            self.run_input, accept=self.accept, sdk_version=self.sdk_version, server_message_id=self.server_message_id
        )

    @classmethod
    def load_messages(cls, messages: Sequence[UIMessage]) -> list[ModelMessage]:
        return load_messages(messages)

    @classmethod
    def dump_messages(
        cls,
        messages: Sequence[ModelMessage],
        *,
        generate_message_id: MakeId | None = None,
        sdk_version: Literal[5, 6] = 5,
    ) -> list[UIMessage]:
        """Our messages as the SDK's.

        `generate_message_id` is given our message, the role (`system`, `user` or `assistant`) and the number of UI
        messages before it. Without it ids are made so that the same history has the same ones each time. A call
        without a result waits for approval with `sdk_version` 6, and is `input-available` with 5.
        """
        return dump_messages(messages, make_id=generate_message_id or stable_id, sdk_version=sdk_version)

    @cached_property
    def messages(self) -> list[ModelMessage]:
        return self.load_messages(self.run_input.messages)

    @cached_property
    def deferred_tool_results(self) -> DeferredToolResults | None:
        """What the request says about calls that waited for approval."""
        if self.sdk_version < 6:
            return None
        answers: dict[str, Any] = {
            call_id: _decision(answer) for call_id, answer in approval_responses(self.run_input.messages)
        }
        return DeferredToolResults(approvals=answers) if answers else None


def _decision(answer: ToolApprovalResponded) -> bool | ToolDenied:
    """An approval, or a denial with its reason where it has one."""
    if answer.reason and not answer.approved:
        return ToolDenied(answer.reason)
    return answer.approved
