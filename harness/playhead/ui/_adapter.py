"""From a protocol's request to a run of an agent, and back as the protocol's events.

A subclass says how a request is read (`build_run_input`), which messages, tools, state and tool results are in it, and
which `UIEventStream` writes the answer. Everything else is the same for all protocols.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import KW_ONLY, Field, dataclass
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, Self, cast, runtime_checkable

from pydantic import BaseModel, ValidationError
from typing_extensions import TypeVar

from playhead.context import AgentDepsT
from playhead.exceptions import UserError
from playhead.messages import DeferredToolResults, ModelMessage, ModelSettings
from playhead.models import Model
from playhead.output import OutputDataT, OutputSpec
from playhead.runtime import AbstractAgent
from playhead.tools import AbstractToolset, DeferredToolRequests
from playhead.ui._stream import EventT, NativeEvent, OnCompleteFunc, RunInputT, UIEventStream
from playhead.usage import RunUsage, UsageLimits

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response, StreamingResponse

__all__ = ["StateDeps", "StateHandler", "UIAdapter"]

MessageT = TypeVar("MessageT")
StateT = TypeVar("StateT", bound=BaseModel)


@runtime_checkable
class StateHandler(Protocol):
    """Dependencies that take the state a browser sends: a dataclass with a settable `state`."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def state(self) -> Any:
        """The state of the run."""
        ...

    @state.setter
    def state(self, state: Any) -> None: ...


@dataclass
class StateDeps(Generic[StateT]):
    """Dependencies that consist of a browser's state, validated by the model that `state` is of."""

    state: StateT


@dataclass
class UIAdapter(ABC, Generic[RunInputT, MessageT, EventT, AgentDepsT, OutputDataT]):
    """One request of a protocol, for one agent."""

    agent: AbstractAgent[AgentDepsT, OutputDataT]
    run_input: RunInputT
    _: KW_ONLY
    accept: str | None = None
    """The request's `Accept` header."""

    # ----------------------------------------------------------------- what a protocol says
    @classmethod
    @abstractmethod
    def build_run_input(cls, body: bytes) -> RunInputT:
        """The request's body, validated. `pydantic.ValidationError` for what is not the protocol."""

    @classmethod
    @abstractmethod
    def load_messages(cls, messages: Sequence[MessageT]) -> list[ModelMessage]:
        """The protocol's messages as ours."""

    @classmethod
    def dump_messages(cls, messages: Sequence[ModelMessage]) -> list[MessageT]:
        """Our messages as the protocol's."""
        raise NotImplementedError(f"{cls.__name__} writes no messages")

    @abstractmethod
    def build_event_stream(self) -> UIEventStream[RunInputT, EventT, AgentDepsT, OutputDataT]:
        """The machine that writes the answer."""

    @cached_property
    @abstractmethod
    def messages(self) -> list[ModelMessage]:
        """The request's messages, as ours."""

    @cached_property
    def toolset(self) -> AbstractToolset[AgentDepsT] | None:
        """The tools that the browser runs."""
        return None

    @cached_property
    def state(self) -> dict[str, Any] | None:
        """The browser's state."""
        return None

    @cached_property
    def deferred_tool_results(self) -> DeferredToolResults | None:
        """Results and approvals of earlier calls."""
        return None

    # ----------------------------------------------------------------- what all protocols share
    @classmethod
    async def from_request(
        cls, request: Request, *, agent: AbstractAgent[AgentDepsT, OutputDataT], **kwargs: Any
    ) -> Self:
        """The adapter for a Starlette request. `kwargs` go to the adapter. Raises what `build_run_input` raises."""
        run_input = cls.build_run_input(await request.body())
        return cls(agent=agent, run_input=run_input, accept=request.headers.get("accept"), **kwargs)

    def transform_stream(
        self, stream: AsyncIterator[NativeEvent], on_complete: OnCompleteFunc[EventT] | None = None
    ) -> AsyncGenerator[EventT]:
        """The protocol's events for an agent's."""
        return self.build_event_stream().transform_stream(stream, on_complete=on_complete)

    def encode_stream(self, stream: AsyncIterator[EventT]) -> AsyncGenerator[str]:
        """The protocol's events as it writes them for the request's `Accept` header."""
        return self.build_event_stream().encode_stream(stream)

    def streaming_response(self, stream: AsyncIterator[EventT]) -> StreamingResponse:
        """A Starlette response that streams the protocol's events; a client that goes away cancels the run."""
        return self.build_event_stream().streaming_response(stream)

    def run_stream_native(
        self,
        *,
        output_type: OutputSpec[Any] | None = None,
        message_history: Sequence[ModelMessage] | None = None,
        deferred_tool_results: DeferredToolResults | None = None,
        model: Model | str | None = None,
        instructions: Any = None,
        deps: Any = None,
        model_settings: ModelSettings | None = None,
        usage_limits: UsageLimits | None = None,
        usage: RunUsage | None = None,
        metadata: Any = None,
        infer_name: bool = True,
        toolsets: Sequence[AbstractToolset[AgentDepsT]] | None = None,
        builtin_tools: Sequence[Any] | None = None,
    ) -> AsyncIterator[NativeEvent]:
        """Run the agent with what the request holds, and stream the agent's own events.

        `message_history` comes before the request's messages. The arguments are those of `Agent.run_stream_events`.
        """
        if self.toolset is not None:
            # Calls of the browser's tools end the run: their results come with the next request.
            wanted: Any = cast("Any", self.agent).output_type if output_type is None else output_type
            output_type = cast("OutputSpec[Any]", [wanted, DeferredToolRequests])
            toolsets = [*(toolsets or ()), self.toolset]
        self._hand_over_state(deps)
        return self.agent.run_stream_events(
            output_type=cast("Any", output_type),
            message_history=[*(message_history or ()), *self.messages],
            deferred_tool_results=self.deferred_tool_results
            if deferred_tool_results is None
            else deferred_tool_results,
            model=model,
            instructions=instructions,
            deps=deps,
            model_settings=model_settings,
            usage_limits=usage_limits,
            usage=usage,
            metadata=metadata,
            infer_name=infer_name,
            toolsets=toolsets,
            builtin_tools=builtin_tools,
        )

    def run_stream(
        self,
        *,
        output_type: OutputSpec[Any] | None = None,
        message_history: Sequence[ModelMessage] | None = None,
        deferred_tool_results: DeferredToolResults | None = None,
        model: Model | str | None = None,
        instructions: Any = None,
        deps: Any = None,
        model_settings: ModelSettings | None = None,
        usage_limits: UsageLimits | None = None,
        usage: RunUsage | None = None,
        metadata: Any = None,
        infer_name: bool = True,
        toolsets: Sequence[AbstractToolset[AgentDepsT]] | None = None,
        builtin_tools: Sequence[Any] | None = None,
        on_complete: OnCompleteFunc[EventT] | None = None,
    ) -> AsyncGenerator[EventT]:
        """Run the agent and stream the protocol's events. The arguments are those of `run_stream_native`; `on_complete` is
        given the result of a run that ended well."""
        events = self.run_stream_native(
            output_type=output_type,
            message_history=message_history,
            deferred_tool_results=deferred_tool_results,
            model=model,
            instructions=instructions,
            deps=deps,
            model_settings=model_settings,
            usage_limits=usage_limits,
            usage=usage,
            metadata=metadata,
            infer_name=infer_name,
            toolsets=toolsets,
            builtin_tools=builtin_tools,
        )
        return self.transform_stream(events, on_complete=on_complete)

    @classmethod
    async def dispatch_request(
        cls,
        request: Request,
        *,
        agent: AbstractAgent[Any, Any],
        on_complete: OnCompleteFunc[EventT] | None = None,
        message_history: Sequence[ModelMessage] | None = None,
        deferred_tool_results: DeferredToolResults | None = None,
        model: Model | str | None = None,
        instructions: Any = None,
        deps: Any = None,
        output_type: OutputSpec[Any] | None = None,
        model_settings: ModelSettings | None = None,
        usage_limits: UsageLimits | None = None,
        usage: RunUsage | None = None,
        metadata: Any = None,
        infer_name: bool = True,
        toolsets: Sequence[AbstractToolset[Any]] | None = None,
        builtin_tools: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> Response:
        """Answer a Starlette request: run the agent, stream the protocol's events. A body that is not the protocol's is
        answered with 422 and pydantic's errors. `kwargs` go to `from_request`."""
        try:
            from starlette.responses import Response
        except ImportError as error:
            raise UserError("dispatch_request needs Starlette. Install it: pip install 'playhead[server]'") from error
        try:
            adapter = await cls.from_request(request, agent=agent, **kwargs)
        except ValidationError as error:
            return Response(error.json(), HTTPStatus.UNPROCESSABLE_ENTITY, media_type="application/json")
        events = adapter.run_stream(
            on_complete=on_complete,
            message_history=message_history,
            deferred_tool_results=deferred_tool_results,
            model=model,
            instructions=instructions,
            deps=deps,
            output_type=output_type,
            model_settings=model_settings,
            usage_limits=usage_limits,
            usage=usage,
            metadata=metadata,
            infer_name=infer_name,
            toolsets=toolsets,
            builtin_tools=builtin_tools,
        )
        return adapter.streaming_response(events)

    def _hand_over_state(self, deps: Any) -> None:
        """The browser's state goes into the dependencies, in the form that they hold it in."""
        sent: Any = self.state or {}
        if isinstance(deps, StateHandler):
            held: Any = deps.state
            deps.state = held.__class__.model_validate(sent) if isinstance(held, BaseModel) else sent
        elif sent:
            warnings.warn(
                f"The browser sent state, but `deps` ({type(deps).__name__}) has no place for it: it is ignored. "
                "Pass `deps=StateDeps(...)`, or a dataclass with a `state` that can be set.",
                UserWarning,
                stacklevel=3,
            )
