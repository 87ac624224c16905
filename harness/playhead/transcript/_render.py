"""A transcript as text: short, stable, and to be read in a diff without a manual.

    request 1  gpt-5-mini
      user      "What is the weather in Paris?"
      text      "Let me" | " look."
      call#1    get_weather  `{"ci` | `ty": "Paris"}`
      usage     51 in, 12 out
      finish    tool_call
    tools
      call#1    get_weather(city="Paris")
      call#1    returned "sunny"

A bar stands where one chunk ended and the next began; `=>` says what a chunk did to the partial output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from playhead.transcript._changes import changes
from playhead.transcript._events import ToolCalled, ToolRetried, ToolReturned
from playhead.transcript._pieces import Pieces, line
from playhead.transcript._transcript import Entry, Transcript, TranscriptRequest, is_retry
from playhead.transcript._values import Values, get, quoted, ticked

__all__ = ["render", "render_value", "usage_line"]

_SAYS = {"system-prompt": "system", "user-prompt": "user", "instruction": "system"}


def render(transcript: Transcript, *, times: bool = False, values: Values | None = None) -> str:
    """The lines of a transcript, with a line break at the end."""
    if transcript.runs:
        return _several(transcript, times=times)
    values = values or Values(transcript.labels.copy())
    lines: list[str] = []
    if transcript.title:
        lines.append(transcript.title)
    if transcript.history:
        lines.append(f"history     {transcript.history} message{'' if transcript.history == 1 else 's'} before")
    told: str | None = None
    for number, request in enumerate(transcript.requests, 1):
        lines.extend(_request(number, request, told, values, times))
        told = request.instructions or told
    lines.extend(transcript.notes)
    if transcript.error is not None:
        lines.append(f"error       {values.error(transcript.error)}")
    elif transcript.has_output:
        lines.append(f"output      {values.line(transcript.output)}")
    if used := usage_line(transcript.usage):
        lines.append(f"usage       {used}")
    if times and transcript.duration_ms is not None:
        lines.append(f"took        {transcript.duration_ms:.0f} ms")
    return "\n".join(lines) + "\n"


def render_value(value: object, values: Values) -> str:
    """Any part of a transcript, or any value at all: one line for each item of a list."""
    if isinstance(value, Transcript):
        values.labels = value.labels.copy()
        return render(value, values=values)
    if isinstance(value, str):
        return value if "\n" in value and value.strip() else quoted(value) + "\n"
    if isinstance(value, (list, tuple)) and value:
        items = cast("Sequence[Any]", value)
        return "".join(f"{_item(item, values)}\n" for item in items)
    value = cast("object", value)
    if get(value, "kind") in ("request", "response") and get(value, "parts") is not None:
        return _message(value, values) + "\n"
    if used := usage_line(value):
        return used + "\n"
    return values.line(value) + "\n"


def usage_line(usage: Any) -> str:
    """What a request or a run cost; empty where nothing was counted."""
    if get(usage, "input_tokens") is None or isinstance(usage, Mapping):
        return ""
    requests, calls = get(usage, "requests", 0), get(usage, "tool_calls")
    shown: list[str] = []
    if calls is not None:  # a run's
        shown.append(f"{requests} request{'' if requests == 1 else 's'}")
        if calls:
            shown.append(f"{calls} tool call{'' if calls == 1 else 's'}")
    if usage.input_tokens or usage.output_tokens:
        shown.append(f"{usage.input_tokens} in")
        shown.append(f"{usage.output_tokens} out")
    for name in (
        "cache_read_tokens",
        "cache_write_tokens",
        "input_audio_tokens",
        "cache_audio_read_tokens",
        "output_audio_tokens",
    ):
        if count := get(usage, name, 0):
            shown.append(f"{count} {name.removesuffix('_tokens').replace('_', ' ')}")
    details: Mapping[str, int] = get(usage, "details") or {}
    # Providers repeat their totals among the details.
    shown.extend(f"{count} {name}" for name, count in sorted(details.items()) if count and count != get(usage, name))
    return ", ".join(shown)


def _several(transcript: Transcript, *, times: bool) -> str:
    lines: list[str] = []
    for number, run in enumerate(transcript.runs, 1):
        if len(transcript.runs) > 1:
            lines.append(f"conversation {number} of {len(transcript.runs)}")
        lines.extend(render(run, times=times).splitlines())
        if len(transcript.runs) > 1:
            lines.append("")
    lines.extend(transcript.notes)
    if len(transcript.runs) > 1 and (used := usage_line(transcript.usage)):
        lines.append(f"usage of all  {used}")
    return "\n".join(lines).rstrip("\n") + "\n"


def _request(number: int, request: TranscriptRequest, told: str | None, values: Values, times: bool) -> list[str]:
    streamed = "" if request.streamed else "  (not streamed)"
    lines = [f"request {number}{'  ' + request.model_name if request.model_name else ''}{streamed}"]
    if request.instructions and request.instructions != told:
        lines.append(line("instructs", values.line(request.instructions)))
    for part in request.parts:
        lines.extend(_sent(part, values))
    lines.extend(_reply(request.entries, values, times))
    if request.refusal:
        lines.append(line("refusal", values.line(request.refusal)))
    if request.error is not None:
        lines.append(line("error", values.line(request.error)))
    if request.end != "complete":
        lines.append(line("ended", request.end))
    if used := usage_line(request.usage):
        lines.append(line("usage", used))
    if request.finish_reason:
        lines.append(line("finish", str(request.finish_reason)))
    handled = [shown for entry in request.handling if (shown := _handled(entry, values, times))]
    return [*lines, "tools", *handled] if handled else lines


def _sent(part: Any, values: Values) -> list[str]:
    kind, content = get(part, "part_kind"), get(part, "content")
    if kind in _SAYS:
        return [line(_SAYS[kind], values.line(content))]
    if kind in ("text", "thinking"):  # an earlier reply, sent along
        return [line("assistant" if kind == "text" else "thought", values.line(content))]
    if kind in ("tool-call", "builtin-tool-call"):
        return [line(values.labels.label("call", get(part, "tool_call_id")), _call(part, values))]
    if kind in ("tool-return", "builtin-tool-return"):
        return [line(values.labels.label("call", get(part, "tool_call_id")), f"returned {values.line(content)}")]
    return [line(str(kind), values.line(part))]


def _call(part: Any, values: Values) -> str:
    args = get(part, "args")
    name = get(part, "tool_name")
    return f"{name}  {ticked(args) if isinstance(args, str) else values.line(args)}" if args else str(name)


def _reply(entries: Sequence[Entry], values: Values, times: bool) -> list[str]:
    pieces = Pieces(values, times=times)
    last: Any = _NOTHING
    for entry in entries:
        if entry.kind == "partial":
            # Partial text is the text so far, which the line shows already.
            if not (isinstance(entry.value, str) and entry.value == pieces.text):
                shown = values.line(entry.value) if last is _NOTHING else changes(last, entry.value, values)
                if shown != "(no change)":
                    pieces.effect(shown)
            last = entry.value
        else:
            pieces.feed(entry.value, entry.at_ms)
    return pieces.close()


def _handled(entry: Entry, values: Values, times: bool) -> str | None:
    event = entry.value
    when = f"  @{entry.at_ms:.0f}" if times and entry.at_ms is not None else ""
    if isinstance(event, ToolCalled):
        if event.builtin:
            return None  # it stands in the reply
        label = event.call
        args = event.args
        if isinstance(args, Mapping):
            shown = values.call(event.tool_name, cast("Mapping[str, Any]", args))
        else:
            shown = f"{event.tool_name}  {ticked(str(args))}"
        return line(label, shown + ("  invalid" if event.valid is False else "") + when)
    if isinstance(event, ToolReturned):
        if event.builtin:
            return None
        label = event.call
        word = "returned" if event.outcome == "success" else event.outcome
        return line(label, f"{word} {values.line(event.content)}{when}")
    if isinstance(event, ToolRetried):
        label = event.call or "retry"
        told = _retry(event.content, values)
        return line(label, f"{'retry ' if event.call else ''}{told}{when}")
    kind = get(event, "event_kind")
    if kind in _SHOWN_AS_TOOLS:
        return None
    return line("event", values.line(event) + when)


_SHOWN_AS_TOOLS = {
    "function_tool_call",
    "function_tool_result",
    "output_tool_call",
    "output_tool_result",
    "builtin_tool_call",
    "builtin_tool_result",
}


def _retry(content: Any, values: Values) -> str:
    if not isinstance(content, list):
        return values.line(content)
    shown: list[str] = []
    for error in cast("list[Any]", content):
        where = ".".join(str(step) for step in get(error, "loc") or ()) or "value"
        shown.append(f"{where}: {values.line(get(error, 'msg'))} [{get(error, 'type')}]")
    return "; ".join(shown)


def _item(item: Any, values: Values) -> str:
    if isinstance(item, str):
        return quoted(values.labels.inside(item))
    if isinstance(item, (ToolCalled, ToolReturned, ToolRetried)):
        return (_handled(Entry("tool", item), values, False) or values.line(item)).strip()
    if get(item, "kind") in ("request", "response") and get(item, "parts") is not None:
        return _message(item, values)
    return values.line(item)


def _message(message: Any, values: Values) -> str:
    lines = [f"{get(message, 'kind')}{'  ' + get(message, 'model_name') if get(message, 'model_name') else ''}"]
    if told := get(message, "instructions"):
        lines.append(line("instructs", values.line(told)))
    for part in get(message, "parts") or ():
        if is_retry(part):
            label = values.labels.label("call", get(part, "tool_call_id")) if get(part, "tool_name") else "retry"
            lines.append(line(label, f"retry {_retry(get(part, 'content'), values)}"))
        elif get(part, "part_kind") == "text":
            lines.append(line("text", values.line(get(part, "content"))))
        elif get(part, "part_kind") == "thinking":
            lines.append(line("thinking", values.line(get(part, "content"))))
        else:
            lines.extend(_sent(part, values))
    if used := usage_line(get(message, "usage")):
        lines.append(line("usage", used))
    if finish := get(message, "finish_reason"):
        lines.append(line("finish", finish))
    return "\n".join(lines)


_NOTHING = object()
