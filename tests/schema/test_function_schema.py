"""Functions as tools see them: what cannot be said in a table of schemas."""

import asyncio
import contextvars
import functools
import threading
from typing import Any

import pytest
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from playhead.context import RunContext
from playhead.exceptions import UserError
from playhead.messages import ToolReturn
from playhead.schema import (
    FunctionSchema,
    check_object_json_schema,
    function_schema,
    is_async_callable,
    takes_run_context,
)
from playhead.usage import RunUsage

CONTEXT: RunContext[Any] = RunContext(deps=None, model=None, usage=RunUsage())
name_of_caller: contextvars.ContextVar[str] = contextvars.ContextVar("name_of_caller", default="nobody")


async def call(schema: FunctionSchema, args: str) -> Any:
    return await schema.call(schema.validator.validate_json(args), CONTEXT)


async def test_arguments_reach_parameters_of_all_kinds() -> None:
    def function(a: int, /, b: str, *rest: float, c: bool = True, **more: int) -> Any:
        return a, b, rest, c, more

    schema = function_schema(function)
    assert await call(schema, '{"a": 1, "b": "x", "rest": [1.5, 2], "z": 3}') == (1, "x", (1.5, 2.0), True, {"z": 3})


async def test_a_positional_parameter_before_variadic_ones_is_given_once() -> None:
    def function(a: int = 1, *rest: int) -> Any:
        return a, rest

    assert await call(function_schema(function), '{"rest": [5]}') == (1, (5,))
    assert await call(function_schema(function), '{"a": 2, "rest": [5]}') == (2, (5,))


async def test_mutable_defaults_are_not_shared_between_calls() -> None:
    def function(items: list[int] = []) -> list[int]:  # noqa: B006
        items.append(len(items))
        return items

    schema = function_schema(function)
    assert await call(schema, "{}") == [0]
    assert await call(schema, "{}") == [0]


async def test_defaults_may_be_given_by_field() -> None:
    def function(a: int = Field(default=3, gt=1), b: list[int] = Field(default_factory=list)) -> Any:  # noqa: B008
        return a, b

    assert await call(function_schema(function), "{}") == (3, [])


async def test_a_single_model_is_passed_as_the_model() -> None:
    class City(BaseModel):
        name: str

    def function(ctx: RunContext[None], city: City) -> Any:
        return ctx is CONTEXT, city

    schema = function_schema(function)
    assert schema.single_arg_name == "city"
    assert await call(schema, '{"name": "Paris"}') == (True, City(name="Paris"))


async def test_sync_functions_run_in_a_thread_with_the_callers_context_variables() -> None:
    def function() -> tuple[bool, str]:
        return threading.current_thread() is threading.main_thread(), name_of_caller.get()

    token = name_of_caller.set("me")
    try:
        assert await call(function_schema(function), "{}") == (False, "me")
    finally:
        name_of_caller.reset(token)


async def test_callable_objects_methods_and_partials_are_functions_too() -> None:
    class Adder:
        def __call__(self, a: int) -> int:
            return a + 1

        async def method(self, ctx: RunContext[None], a: int) -> int:
            return a + 2

    def add(a: int, b: int) -> int:
        return a + b

    assert await call(function_schema(Adder()), '{"a": 1}') == 2
    assert await call(function_schema(Adder().method), '{"a": 1}') == 3
    assert await call(function_schema(functools.partial(add, b=10)), '{"a": 1}') == 11


def test_async_callables_are_recognised_in_all_their_forms() -> None:
    async def function() -> None: ...

    class Callable:
        async def __call__(self) -> None: ...

    assert is_async_callable(function)
    assert is_async_callable(functools.partial(function))
    assert is_async_callable(Callable())
    assert not is_async_callable(print)


def test_the_context_is_found_by_its_annotation() -> None:
    def subscripted(ctx: RunContext[int], a: int) -> None: ...
    def bare(ctx: RunContext, a: int) -> None: ...  # type: ignore[type-arg]
    def quoted(ctx: "RunContext[int]", a: int) -> None: ...
    def second(a: int, ctx: RunContext[int]) -> None: ...

    assert [takes_run_context(function) for function in (subscripted, bare, quoted, second, print)] == [
        True,
        True,
        True,
        False,
        False,
    ]


def test_all_errors_of_a_signature_are_told_at_once() -> None:
    def function(a: int, ctx: RunContext[int], b: str) -> None:
        """Do.

        Args:
            a: known
        """

    with pytest.raises(UserError) as raised:
        function_schema(function, takes_ctx=True, require_parameter_descriptions=True)
    assert str(raised.value).splitlines()[1:] == [
        "  the first parameter of a tool with a context is annotated `RunContext[...]`",
        "  a `RunContext` comes first, before the tool's own parameters",
        "  Missing parameter descriptions for b",
    ]


def test_the_description_of_a_variadic_parameter_counts() -> None:
    def function(*values: int, **options: str) -> None:
        """Do.

        Args:
            *values: numbers
            **options: options
        """

    assert function_schema(function, require_parameter_descriptions=True).description == "Do."


def test_a_schema_that_is_a_reference_becomes_the_object_it_refers_to() -> None:
    schema = {
        "$ref": "#/$defs/A",
        "$defs": {"A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}}}, "B": {"type": "integer"}},
    }
    assert check_object_json_schema(schema) == {
        "type": "object",
        "properties": {"b": {"$ref": "#/$defs/B"}},
        "$defs": {"B": {"type": "integer"}},
    }
    with pytest.raises(UserError, match="which it does not define"):
        check_object_json_schema({"$ref": "#/$defs/C"})
    with pytest.raises(UserError, match="The JSON schema is not an object's"):
        check_object_json_schema({"type": "array"})


def test_texts_below_the_fields_of_dataclasses_and_typed_dicts_are_descriptions() -> None:
    class Score(TypedDict):
        points: int
        """How many."""

    def one(score: Score) -> None: ...
    def two(score: Score, extra: int) -> None: ...

    described = {"points": {"type": "integer", "description": "How many."}}
    assert function_schema(one).json_schema["properties"] == described
    assert function_schema(two).json_schema["$defs"]["Score"]["properties"] == described


def test_what_a_function_returns_has_a_schema_too() -> None:
    class Anything: ...

    def plain() -> list[int]: ...  # type: ignore[empty-body]
    def wrapped() -> ToolReturn[int]: ...  # type: ignore[empty-body]
    def bare() -> ToolReturn: ...  # type: ignore[empty-body]
    def silent(): ...  # type: ignore[no-untyped-def]
    def odd() -> Anything: ...  # type: ignore[empty-body]

    assert function_schema(plain).return_schema == {"type": "array", "items": {"type": "integer"}}
    assert function_schema(wrapped).return_schema == {"type": "integer"}
    assert function_schema(bare).return_schema == function_schema(silent).return_schema == {}
    with pytest.warns(UserWarning, match="pydantic has no JSON schema for what 'odd' returns"):
        assert function_schema(odd).return_schema == {}


async def test_many_functions_can_wait_at_the_same_time() -> None:
    meeting = threading.Barrier(20, timeout=50)
    schema = function_schema(lambda: meeting.wait() >= 0, takes_ctx=False)
    assert await asyncio.gather(*(call(schema, "{}") for _ in range(20))) == [True] * 20
