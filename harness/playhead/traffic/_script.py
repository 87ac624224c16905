"""From a cassette to a script: the recorded replies as steps that can be edited and played without the recording."""

from __future__ import annotations

import json
from typing import Any, cast

from playhead.exceptions import ScriptError
from playhead.models import (
    Response,
    Script,
    builtin_call,
    builtin_return,
    call,
    disconnect,
    error,
    finish,
    interleave,
    refusal,
    text,
    thinking,
    usage,
    wait,
)
from playhead.traffic._calls import Exchange, Source, read_exchanges

__all__ = ["read_script"]


def read_script(source: Source, *, timing: bool = False) -> Script:
    """A script of every model's reply in a cassette, in recorded order, with the recorded cuts.

    With `timing`, pauses as they were recorded. What a script cannot say (files, compactions) is left out; a cassette without
    calls of models is a `ScriptError`.
    """
    exchanges = [exchange for exchange in read_exchanges(source) if exchange.call is not None]
    if not exchanges:
        raise ScriptError("The cassette holds no call of a model.", "Scripts are made of the replies of models.")
    return Script(responses=[_response(exchange, timing) for exchange in exchanges])


_TELLING = frozenset({"retry-after", "retry-after-ms", "x-should-retry"})
"""Headers of errors by which clients decide what to do."""


def _response(exchange: Exchange, timing: bool) -> Response:
    recorded = exchange.interaction.response
    if exchange.error is not None and recorded.status >= 400:
        failure = exchange.error
        return Response(
            steps=[
                error(
                    max(400, min(recorded.status, 599)),
                    str(failure.get("message") or recorded.reason or "error"),
                    type=failure.get("type"),
                    code=None if failure.get("code") is None else str(failure["code"]),
                    headers={
                        name.lower(): values[0]
                        for name, values in recorded.headers.items()
                        if name.lower() in _TELLING and values
                    },
                )
            ]
        )
    steps = _Steps(timing)
    for event, at_ms in exchange.events:
        steps.feed(event, at_ms)
    made = steps.close()
    if exchange.refusal:
        made.append(refusal(exchange.refusal))
    response = exchange.response
    if response is not None and response.usage.has_values():
        counted = response.usage
        made.append(
            usage(
                input_tokens=counted.input_tokens,
                output_tokens=counted.output_tokens,
                cache_read_tokens=counted.cache_read_tokens,
                cache_write_tokens=counted.cache_write_tokens,
                details=dict(counted.details),
            )
        )
    if response is not None and response.finish_reason is not None:
        made.append(finish(response.finish_reason))
    if exchange.error is not None:
        made.append(error(500, str(exchange.error.get("message", "error")), type=exchange.error.get("type")))
    elif recorded.end in ("disconnected", "failed", "timeout"):
        made.append(disconnect())
    return Response(steps=made)


class _Steps:
    """Events of one reply in, steps out. Parts whose pieces come in turns are one `interleave`."""

    def __init__(self, timing: bool) -> None:
        self._timing = timing
        self._parts: dict[int, _Part] = {}
        self._order: list[Any] = []
        self._last_ms = 0.0

    def feed(self, event: Any, at_ms: float | None) -> None:
        pause: list[Any] = []
        if self._timing and at_ms is not None and at_ms > self._last_ms:
            pause = [wait((at_ms - self._last_ms) / 1000)]
            self._last_ms = at_ms
        if event.event_kind == "part_delta":
            part = self._parts[event.index]
            latest = next((p for p in reversed(self._order) if isinstance(p, _Part)), None)
            part.pieces += pause
            part.add(event.delta, goes_back=part is not latest)
            return
        self._order += pause
        if event.event_kind == "part_start":
            before = next((p for p in reversed(self._order) if isinstance(p, _Part)), None)
            part = self._parts[event.index] = _Part(
                event.part, new=before is not None and before.kind == event.part.part_kind
            )
            self._order.append(part)

    def close(self) -> list[Any]:
        """All steps."""
        steps: list[Any] = []
        group: list[Any] = []
        for item in self._order:
            step = item.step() if isinstance(item, _Part) else item
            if step is None:
                continue
            interleaved = isinstance(item, _Part) and item.interleaved
            if group and not (interleaved or (isinstance(item, _Part) and item.kind == "tool-call")):
                steps.append(interleave(*group) if len(group) > 1 else group[0])
                group = []
            if interleaved or group:
                group.append(step)
            else:
                steps.append(step)
        if group:
            steps.append(interleave(*group) if len(group) > 1 else group[0])
        return steps


class _Part:
    """One part and its pieces."""

    def __init__(self, part: Any, *, new: bool) -> None:
        self.part = part
        self.kind: str = part.part_kind
        self.new = new
        """Whether it follows a part of its kind, which it would go on with otherwise."""
        self.signature: str | None = getattr(part, "signature", None)
        self.name: str = getattr(part, "tool_name", "")
        self.interleaved = False
        self.pieces: list[Any] = []
        self.merged: dict[str, Any] | None = None
        if self.kind in ("text", "thinking"):
            self._piece(part.content)
        elif self.kind in ("tool-call", "builtin-tool-call"):
            self._args(part.args)

    def add(self, delta: Any, *, goes_back: bool) -> None:
        """More of it; `goes_back`: another part has begun since."""
        self.interleaved = self.interleaved or goes_back
        if delta.part_delta_kind == "tool_call":
            self.name += delta.tool_name_delta or ""
            self._args(delta.args_delta)
            return
        self._piece(delta.content_delta)
        self.signature = getattr(delta, "signature_delta", None) or self.signature

    def step(self) -> Any:
        """The step of a script; None for what a script cannot say."""
        if self.kind == "text":
            return text(*self.pieces, new_part=self.new) if self.pieces else None
        if self.kind == "thinking":
            if not self.pieces and not self.signature:
                return None
            given: dict[str, Any] = {"id": self.part.id, "provider_name": self.part.provider_name}
            return thinking(*self.pieces, signature=self.signature, new_part=self.new, **given)
        if self.kind == "tool-call":
            args: Any = self.merged if self.merged is not None else self.pieces
            return call(self.name, args or None, id=self.part.tool_call_id)
        if self.kind == "builtin-tool-call":
            return builtin_call(
                self.name, self._whole(), id=self.part.tool_call_id, provider_name=self.part.provider_name
            )
        if self.kind == "builtin-tool-return":
            content = json.loads(json.dumps(self.part.content, default=str))
            return builtin_return(self.name, content, id=self.part.tool_call_id, provider_name=self.part.provider_name)
        return None

    def _whole(self) -> dict[str, Any] | None:
        if self.merged is not None:
            return self.merged
        try:
            parsed = json.loads("".join(piece for piece in self.pieces if isinstance(piece, str)) or "null")
        except ValueError:
            return None
        return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None

    def _piece(self, content: str | None) -> None:
        if content:
            self.pieces.append(content)

    def _args(self, args: str | dict[str, Any] | None) -> None:
        if isinstance(args, dict):
            self.merged = {**(self.merged or {}), **args}
        elif args:
            self.pieces.append(args)
