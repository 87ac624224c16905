"""Assertions in words. Each raises an `AssertionError` that shows the nearest miss, and returns nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from playhead.transcript._values import Values, quoted

if TYPE_CHECKING:
    from playhead.transcript._events import ToolCalled, ToolEvent

__all__ = ["Words"]

_MISSING = object()


class Words:
    """The words of a transcript."""

    if TYPE_CHECKING:
        error: BaseException | None

        @property
        def tool_events(self) -> list[ToolEvent]: ...
        @property
        def tool_calls(self) -> list[ToolCalled]: ...
        @property
        def text(self) -> str: ...
        @property
        def thinking(self) -> str: ...

    def assert_called(
        self, name: str, args: Mapping[str, Any] | None = None, /, *, times: int | None = None, **some: Any
    ) -> None:
        """The tool `name` was called: with exactly `args`, where given; with `some` among its arguments, where given.

        `times` is how often such a call has to be there; without it, at least once. Arguments may be anything that
        compares, such as the types of dirty-equals.
        """
        __tracebackhide__ = True
        fitting = [call for call in self.tool_calls if call.tool_name == name and _fits(call.args, args, some)]
        if fitting if times is None else len(fitting) == times:
            return
        if times == 0 and not fitting:
            return
        wanted = _call(name, args, some)
        if fitting:
            raise AssertionError(
                f"{wanted} was called {_times(len(fitting))}, not {_times(cast('int', times))}.\n{self._calls()}"
            )
        raise AssertionError(f"{wanted} was not called.\n{self._nearest(name, args, some)}")

    def assert_not_called(self, name: str, args: Mapping[str, Any] | None = None, /, **some: Any) -> None:
        """The tool `name` was not called; or not with `args`, or not with `some` among its arguments."""
        __tracebackhide__ = True
        for call in self.tool_calls:
            if call.tool_name == name and _fits(call.args, args, some):
                raise AssertionError(f"{_call(name, call.args, {})} was called ({call.call}).\n{self._calls()}")

    def assert_tools_in_order(self, *names: str, exactly: bool = False) -> None:
        """The tools were called in this order; others may come between, unless `exactly`."""
        __tracebackhide__ = True
        called = [call.tool_name for call in self.tool_calls]
        if exactly:
            if called != list(names):
                raise AssertionError(f"Tools were called in the order {_order(called)}, not {_order(names)}.")
            return
        position = 0
        for number, name in enumerate(names):
            if name not in called[position:]:
                before = f" after {_order(names[:number])}" if number else ""
                earlier = ", only before" if name in called else ""
                raise AssertionError(
                    f"{name} was not called{before}{earlier}. Tools were called in the order {_order(called)}."
                )
            position = called.index(name, position) + 1

    def assert_returned(self, name: str, content: Any = _MISSING, /) -> None:
        """The tool `name` returned; `content`, where given."""
        __tracebackhide__ = True
        found = [event for event in self.tool_events if event.kind == "result" and event.tool_name == name]
        if any(content is _MISSING or event.content == content for event in found):
            return
        values = Values()
        if found:
            returned = ", ".join(values.line(event.content) for event in found)
            raise AssertionError(f"{name} did not return {values.line(content)}. It returned {returned}.")
        raise AssertionError(f"{name} did not return.\n{self._calls()}")

    def assert_retried(self, name: str | None = None, /, *, times: int | None = None) -> None:
        """The model was asked to try again: about the tool `name`, where given; this many `times`, where given."""
        __tracebackhide__ = True
        found = [e for e in self.tool_events if e.kind == "retry" and (name is None or e.tool_name == name)]
        if found if times is None else len(found) == times:
            return
        about = f" about {name}" if name else ""
        count = _times(len(found)) if found else "never"
        wanted = f", not {_times(times)}" if times is not None else ""
        raise AssertionError(f"The model was {count} asked to try again{about}{wanted}.\n{self._calls()}")

    def assert_text_contains(self, *pieces: str) -> None:
        """All text that the model wrote contains each of `pieces`, also where a chunk ends inside of one."""
        __tracebackhide__ = True
        _contains("text", self.text, pieces)

    def assert_thinking_contains(self, *pieces: str) -> None:
        """All reasoning that the model showed contains each of `pieces`."""
        __tracebackhide__ = True
        _contains("reasoning", self.thinking, pieces)

    def assert_succeeded(self) -> None:
        """The run did not fail."""
        __tracebackhide__ = True
        if self.error is not None:
            raise AssertionError(f"The run failed with {Values().error(self.error)}\n{self._calls()}") from self.error

    def _calls(self) -> str:
        if not self.tool_calls:
            return "No tool was called."
        values = Values()
        lines: list[str] = []
        for event in self.tool_events:
            if event.kind == "call":
                lines.append(f"  {event.call}  {_call(event.tool_name, event.args, {}, values)}")
            elif event.kind == "result":
                lines.append(f"  {event.call}  returned {values.line(event.content)}")
            else:
                lines.append(f"  {event.call or event.tool_name or 'text'}  retry {values.line(event.content)}")
        return "What tools did:\n" + "\n".join(lines)

    def _nearest(self, name: str, args: Mapping[str, Any] | None, some: Mapping[str, Any]) -> str:
        same = [call for call in self.tool_calls if call.tool_name == name]
        if not same:
            return self._calls()
        wanted = {**(args or {}), **some}
        nearest = max(same, key=lambda call: _score(call.args, wanted))
        values = Values()
        lines = [f"Nearest: {nearest.call}  {_call(name, nearest.args, {}, values)}"]
        args_given: Any = nearest.args
        given = cast("Mapping[str, Any]", args_given if isinstance(args_given, Mapping) else {})
        for field, value in wanted.items():
            if field not in given:
                lines.append(f"  {field}: wanted {values.line(value)}, was not given")
            elif given[field] != value:
                lines.append(f"  {field}: wanted {values.line(value)}, was {values.line(given[field])}")
        if args is not None:
            lines.extend(
                f"  {field}: not wanted, was {values.line(given[field])}" for field in given if field not in wanted
            )
        return "\n".join(lines)


def _fits(given: Any, args: Mapping[str, Any] | None, some: Mapping[str, Any]) -> bool:
    if args is not None and not some:
        return bool(given == args)
    wanted = {**(args or {}), **some}
    if not wanted:
        return True
    if not isinstance(given, Mapping):
        return False
    fields = cast("Mapping[str, Any]", given)
    return all(name in fields and fields[name] == value for name, value in wanted.items())


def _score(given: Any, wanted: Mapping[str, Any]) -> tuple[int, int]:
    if not isinstance(given, Mapping):
        return (-1, 0)
    fields = cast("Mapping[str, Any]", given)
    same = sum(1 for name, value in wanted.items() if name in fields and fields[name] == value)
    return (same, sum(1 for name in wanted if name in fields) - len(fields.keys() - wanted.keys()))


def _call(name: str, args: Any, some: Mapping[str, Any], values: Values | None = None) -> str:
    values = values or Values()
    if isinstance(args, Mapping):
        return values.call(name, {**cast("Mapping[str, Any]", args), **some})
    if args is None:
        return f"{values.call(name, some)[:-1]}, …)" if some else name
    return f"{name} {values.line(args)}"


def _contains(what: str, text: str, pieces: tuple[str, ...]) -> None:
    __tracebackhide__ = True
    for piece in pieces:
        if piece in text:
            continue
        message = (
            f"The {what} does not contain {quoted(piece)}.\nIt is {quoted(text)}." if text else f"There is no {what}."
        )
        where = text.casefold().find(piece.casefold())
        if where >= 0:
            message += f"\nIt contains {quoted(text[where : where + len(piece)])}, which differs in case."
        elif " ".join(piece.split()) in " ".join(text.split()):
            message += "\nIt contains it with other white space."
        raise AssertionError(message)


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _order(names: Any) -> str:
    return " > ".join(names) if names else "(none)"
