"""More than the kit's catalogue has: outputs of every kind, deferred calls, toolsets, history processors, hostile validators.

`install(kit's harness, its catalogue, package)` makes them available by name, in the reference's process and in ours. A
scenario that uses these names is in the kit's format otherwise. `OUTPUTS` and `TOOLS` say what a model may send for each.
"""

import enum
import importlib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator
from typing_extensions import TypedDict

CITY = {"name": "Paris", "population": 2161}
BOX = {"width": 1, "height": 2, "depth": 3, "units": "cm"}
SCHEMA = {
    "type": "object",
    "title": "Person",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name"],
}

# As in `draw.py`: for each output, what a model may send, the good value first, by output tool (None: as text).
OUTPUTS: dict[str, dict[str | None, list[Any]]] = {
    "native:[City,Box]": {
        None: [
            {"result": {"kind": "City", "data": CITY}},
            {"result": {"kind": "Box", "data": BOX}},
            {"result": {"kind": "Box", "data": {}}},
            {"result": {"kind": "Cat", "data": {}}},
            CITY,
        ]
    },
    "native:describe": {None: [CITY, {"name": 1}]},
    "native:retrying": {None: [{"name": "Bonn"}, {"name": "bad"}, {}]},
    "prompted:[City,Box]": {
        None: [{"result": {"kind": "City", "data": CITY}}, {"result": {"kind": "Box", "data": []}}]
    },
    "prompted:City,template": {None: [CITY, {"name": "x", "population": "many"}]},
    "prompted:City,no template": {None: [CITY, []]},
    "prompted:list[str]": {None: [{"response": ["a", "bc"]}, ["a"], {"response": [1]}]},
    "prompted:int": {None: [{"response": 3}, 3, "x"]},
    "[tool:City,text]": {"report_city": [CITY, {}]},
    "[City,text]": {"final_result": [CITY, {}]},
    "text:async": {},
    "text:ctx": {},
    "text:raises": {},
    "[describe,check]": {"final_result_describe": [CITY, {}], "final_result_check": [{"city": CITY}, CITY, {}]},
    "fn:retrying": {"final_result": [{"name": "Bonn"}, {"name": "bad"}, {}]},
    "fn:raises": {"final_result": [{"name": "Bonn"}, {"name": "bad"}]},
    "fn:ctx only": {"final_result": [{}, {"x": 1}]},
    "fn:two": {"final_result": [{"a": 1, "b": ["x"]}, {"a": "1"}, {"b": 2}]},
    "fn:list": {"final_result": [{"cities": [CITY, CITY]}, {"cities": [{}]}, {"cities": []}]},
    "fn:none": {"final_result": [CITY]},
    "[City,Deferred]": {"final_result": [CITY, {}]},
    "[str,Deferred]": {},
    "Literal": {"final_result": [{"response": "red"}, {"response": "pink"}, {}]},
    "Colour": {"final_result": [{"response": "green"}, {"response": "gre"}]},
    "Strict": {"final_result": [{"code": "ABC", "tags": ["x", "y"]}, {"code": "abc", "tags": []}, {"code": "A"}]},
    "Nested": {
        "final_result": [
            {"head": {"name": "a", "kids": [{"name": "b", "kids": []}]}, "by_name": {"x": CITY}, "at": "2024-02-29"},
            {"head": {"name": "a", "kids": [{}]}},
            {"head": {"name": "a", "kids": []}, "by_name": {}, "at": None},
        ]
    },
    "Union": {
        "final_result": [
            {"response": {"kind": "cat", "lives": 9}},
            {"response": {"kind": "dog", "name": "Rex"}},
            {"response": {}},
        ]
    },
    "tagged": {
        "final_result_Cat": [{"kind": "cat", "lives": 9}],
        "final_result_Dog": [{"kind": "dog", "name": "R"}, {}],
    },
    "tuple": {"final_result": [{"response": [1, "a"]}, {"response": [1]}]},
    "set[int]": {"final_result": [{"response": [1, 2, 2]}, {"response": ["x"]}]},
    "Any": {"final_result": [{"response": {"a": [1]}}, {"response": None}, {}]},
    "dict": {"final_result": [{"a": 1}, {}, {"response": {"a": 1}}]},
    "float|None": {"final_result_float": [{"response": 1.5}], "final_result_NoneType": [{"response": None}]},
    "bytes": {"final_result": [{"response": "abc"}, {"response": 1}]},
    "structured": {"final_result": [{"name": "Ann", "age": 3}, {"name": 1}, {}]},
    "tool:strict,described": {"box": [BOX, {}]},
    "[int,str,list[str]]": {"final_result_int": [{"response": 1}], "final_result_list": [{"response": ["a"]}]},
    "Aliased": {"final_result": [{"fullName": "Ann Lee", "n": 1}, {"full_name": "Ann", "n": 1}, {"fullName": "A"}]},
    "total=False": {"final_result": [{"a": 1, "b": ["x", "y"]}, {"b": ["x", 1]}, {}]},
}
TOOLS: dict[str, list[Any]] = {
    "hidden_later": [{"x": 1}, {}],
    "renamed_by_prepare": [{"x": 1}],
    "external": [{"q": "bees"}, {}, {"q": 1}],
    "defers": [{"x": 1}, {"x": "y"}],
    "needs_approval": [{"x": 1}, {"y": 1}],
    "asks_approval": [{"x": 1}, {"x": 20}],
    "args_checked": [{"x": 1}, {"x": -1}, {"x": "no"}],
    "one_model": [CITY, {"city": CITY}, {"name": "x"}],
    "by_keyword": [{"a": 1, "b": 2}, {"a": "x"}, {}],
    "choices": [{"colour": "red", "n": 3}, {"colour": "pink"}, {"colour": "red", "n": 30}],
    "rich_list": [{"topic": "bees"}],
    "returns_many": [{}],
    "raises_key": [{}],
    "retry_two": [{"x": 1}, {"x": "a"}],
    "spends": [{}],
    "says_ctx": [{}],
    "defaults": [{}, {"a": 2}, {"c": None}, {"d": 1}],
    "seq_two": [{"x": 1}],
    "waits": [{"ms": 3}, {"ms": 40}],
    "gives_file": [{}],
    "pre_add": [{"a": 1, "b": 2}, {"a": "z"}],
    "second": [{"x": "1"}, {}],
    "wrapped": [{"x": 3}],
}
IN_TOOLSETS = {"pre_add", "second", "external", "wrapped"}
DEFERRING = {"external", "defers", "needs_approval", "asks_approval"}
PROCESSORS = ["last_three", "drop_system", "note", "async_same", "rewrite"]
VALIDATORS = ["not_partial", "raise_partial", "count", "by_ctx", "second_try", "swallow"]
PREPARERS = ["hide_first", "second_step_only", "none", "described", "strict"]
OUTPUT_PREPARERS = ["late_output", "described_output"]


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    GREEN = "green"


class Strict(BaseModel):
    """With rules."""

    code: Annotated[str, Field(pattern="^[A-Z]+$", min_length=2, description="Big letters.")]
    tags: list[str] = Field(min_length=1)

    @field_validator("tags")
    @classmethod
    def no_bad(cls, tags: list[str]) -> list[str]:
        if "bad" in tags:
            raise ValueError("bad tag")
        return [tag.upper() for tag in tags]


class Node(BaseModel):
    name: str
    kids: list["Node"] = []


class Place(BaseModel):
    name: str
    population: int


class Nested(BaseModel):
    """A tree, and more."""

    head: Node
    by_name: dict[str, Place] = {}
    at: str | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Aliased(BaseModel):
    full_name: str = Field(alias="fullName")
    n: int


class Loose(TypedDict, total=False):
    a: int
    b: list[str]


def install(harness: Any, catalogue: Any, package: str) -> None:
    """Teach the kit these names."""
    api: Any = importlib.import_module(package)
    kit = {name: getattr(catalogue, name) for name in ("make_output", "add_tool", "add_validator", "make_agent")}
    city, box = catalogue.City, catalogue.Box

    def make_output(_: Any, name: str, log: Any) -> Any:
        if name not in OUTPUTS:
            return kit["make_output"](_, name, log)
        return _output(api, name, log, city, box)

    def add_tool(_: Any, agent: Any, spec: dict[str, Any], log: Any) -> None:
        if spec["name"] not in TOOLS:
            kit["add_tool"](_, agent, spec, log)
        elif spec["name"] not in IN_TOOLSETS:
            _add_tool(api, agent, spec, log)

    def add_validator(_: Any, agent: Any, spec: dict[str, Any], log: Any) -> None:
        if spec["name"] not in VALIDATORS:
            kit["add_validator"](_, agent, spec, log)
        else:
            _add_validator(api, agent, spec, log)

    def make_agent(bound: Any, spec: dict[str, Any], model: Any, log: Any) -> Any:
        more = _agent_options(api, spec, log)
        made = bound.Agent
        bound.Agent = lambda *args, **kwargs: made(*args, **kwargs, **more)
        try:
            return kit["make_agent"](bound, spec, model, log)
        finally:
            bound.Agent = made

    for function in (make_output, add_tool, add_validator, make_agent):
        setattr(catalogue, function.__name__, function)

    run_args = harness.Runner.run_args

    def with_more(runner: Any, turn: dict[str, Any]) -> Any:
        args, kwargs = run_args(runner, turn)
        if turn.get("answers"):
            kwargs["deferred_tool_results"] = _answers(api, runner.previous, turn["answers"])
        if turn.get("content"):
            args = ([turn["prompt"], api.ImageUrl("https://example.com/a.png"), "and more"],)
        if turn.get("model_settings"):
            kwargs["model_settings"] = turn["model_settings"]
        return args, kwargs

    harness.Runner.run_args = with_more


def _output(api: Any, name: str, log: Any, city: Any, box: Any) -> Any:
    def describe(name: str, population: int) -> str:
        """Describe a city."""
        return f"{name} has {population} people"

    def check(ctx: api.RunContext[Any], city: city) -> Any:
        log.validators.append({"fn": "check", "partial": ctx.partial_output, "retry": ctx.retry, "tool": ctx.tool_name})
        return city

    def retrying(ctx: api.RunContext[Any], name: str) -> str:
        """Say a name.

        Args:
            name: The name.
        """
        log.validators.append({"fn": "retrying", "partial": ctx.partial_output, "retry": ctx.retry, "name": name})
        if "bad" in name:
            raise api.ModelRetry("Not this name.")
        return name.upper()

    async def raises(name: str) -> str:
        if "bad" in name:
            raise KeyError(name)
        return name

    def ctx_only(ctx: api.RunContext[Any]) -> int:
        return ctx.run_step

    def two(a: int, b: list[str] | None = None) -> dict[str, Any]:
        return {"a": a, "b": b}

    def many(cities: list[city]) -> int:
        return len(cities)

    def nothing(city: city) -> None:
        log.validators.append({"fn": "nothing", "city": city.name})

    async def later(text: str) -> str:
        return f"<{text}>"

    def with_ctx(ctx: api.RunContext[Any], text: str) -> list[str]:
        log.validators.append({"fn": "with_ctx", "partial": ctx.partial_output, "retry": ctx.retry, "text": text})
        if not text.strip():
            raise api.ModelRetry("Say something.")
        return [text, str(ctx.run_step)]

    def breaks(text: str) -> str:
        if "bad" in text:
            raise ValueError("bad text")
        return text

    def words(text: str) -> list[str]:
        return text.split()

    table: dict[str, Any] = {
        "native:[City,Box]": lambda: api.NativeOutput([city, box], name="choice", description="City or box."),
        "native:describe": lambda: api.NativeOutput(describe),
        "native:retrying": lambda: api.NativeOutput(retrying, strict=True),
        "prompted:[City,Box]": lambda: api.PromptedOutput([city, box]),
        "prompted:City,template": lambda: api.PromptedOutput(city, name="C", template="Answer as {schema}, please."),
        "prompted:City,no template": lambda: api.PromptedOutput(city, template=False),
        "prompted:list[str]": lambda: api.PromptedOutput(list[str]),
        "prompted:int": lambda: api.PromptedOutput(int, description="A number."),
        "[tool:City,text]": lambda: [api.ToolOutput(city, name="report_city"), api.TextOutput(words)],
        "[City,text]": lambda: [city, api.TextOutput(with_ctx)],
        "text:async": lambda: api.TextOutput(later),
        "text:ctx": lambda: api.TextOutput(with_ctx),
        "text:raises": lambda: api.TextOutput(breaks),
        "[describe,check]": lambda: [describe, check],
        "fn:retrying": lambda: retrying,
        "fn:raises": lambda: raises,
        "fn:ctx only": lambda: ctx_only,
        "fn:two": lambda: two,
        "fn:list": lambda: many,
        "fn:none": lambda: nothing,
        "[City,Deferred]": lambda: [city, api.DeferredToolRequests],
        "[str,Deferred]": lambda: [str, api.DeferredToolRequests],
        "Literal": lambda: Literal["red", "green"],
        "Colour": lambda: Colour,
        "Strict": lambda: Strict,
        "Nested": lambda: Nested,
        "Union": lambda: Annotated[Cat | Dog, Field(discriminator="kind")],
        "tagged": lambda: [Cat, Dog],
        "tuple": lambda: tuple[int, str],
        "set[int]": lambda: set[int],
        "Any": lambda: Any,
        "dict": lambda: dict[str, Any],
        "float|None": lambda: float | None,
        "bytes": lambda: bytes,
        "structured": lambda: api.StructuredDict(SCHEMA, name="Person", description="A person."),
        "tool:strict,described": lambda: api.ToolOutput(
            box, name="box", description="A box.", strict=True, max_retries=3
        ),
        "[int,str,list[str]]": lambda: [int, str, list[str]],
        "Aliased": lambda: Aliased,
        "total=False": lambda: Loose,
    }
    return table[name]()


def _add_tool(api: Any, agent: Any, spec: dict[str, Any], log: Any) -> None:
    options = {key: spec[key] for key in ("retries", "timeout") if key in spec}
    name = spec["name"]

    async def hide(ctx: Any, definition: Any) -> Any:
        return definition if ctx.run_step < 2 else None

    async def rename(ctx: Any, definition: Any) -> Any:
        definition.description = f"In step {ctx.run_step}, retry {ctx.retry}"
        return definition

    def positive(ctx: Any, x: int) -> None:
        if x < 0:
            raise api.ModelRetry("x must not be negative")

    def hidden_later(x: int) -> int:
        log.tool(name, x=x)
        return x

    def renamed_by_prepare(x: int) -> int:
        log.tool(name, x=x)
        return x

    def defers(x: int) -> int:
        log.tool(name, x=x)
        raise api.CallDeferred(metadata={"x": x})

    def needs_approval(x: int) -> int:
        log.tool(name, x=x)
        return x * 2

    def asks_approval(ctx: api.RunContext[Any], x: int) -> str:
        log.tool(name, x=x, approved=ctx.tool_call_approved)
        if not ctx.tool_call_approved and x < 10:
            raise api.ApprovalRequired(metadata={"why": "small"})
        return f"{x} approved={ctx.tool_call_approved}"

    def args_checked(x: int) -> int:
        log.tool(name, x=x)
        return x

    def one_model(place: Place) -> str:
        log.tool(name, name=place.name)
        return place.name

    def by_keyword(**numbers: int) -> int:
        log.tool(name, **numbers)
        return sum(numbers.values())

    def choices(colour: Colour, n: Annotated[int, Field(le=10)] = 1, *rest: int) -> Any:
        log.tool(name, colour=colour.value, n=n)
        return {"colour": colour, "n": n}

    def rich_list(topic: str) -> Any:
        log.tool(name, topic=topic)
        image = api.ImageUrl("https://example.com/b.png")
        return api.ToolReturn(return_value=[topic, 1], content=[f"See {topic}", image], metadata={"n": 1})

    def returns_many() -> list[Any]:
        log.tool(name)
        return ["a", Place(name="b", population=1), None, {"c": (1, 2)}]

    def raises_key() -> str:
        log.tool(name)
        raise KeyError("no such key")

    def retry_two(ctx: api.RunContext[Any], x: int) -> str:
        log.tool(name, x=x, retry=ctx.retry, last=ctx.last_attempt)
        if log.bump("retry_two") <= 2:
            raise api.ModelRetry(f"again, {ctx.retry}/{ctx.max_retries}")
        return "at last"

    async def spends(ctx: api.RunContext[Any]) -> dict[str, int]:
        log.tool(name)
        return {"requests": ctx.usage.requests, "calls": ctx.usage.tool_calls, "out": ctx.usage.output_tokens}

    async def says_ctx(ctx: api.RunContext[Any]) -> dict[str, Any]:
        log.tool(name)
        kinds = [[part.part_kind for part in message.parts] for message in ctx.messages]
        return {"prompt": str(ctx.prompt), "messages": kinds, "step": ctx.run_step, "retries": dict(ctx.retries)}

    def defaults(a: int = 1, *, b: str = "x", c: list[int] | None = None) -> list[Any]:
        log.tool(name, a=a, b=b)
        return [a, b, c]

    def seq_two(x: int) -> int:
        log.tool(name, x=x)
        return log.bump("seq_two")

    async def waits(ms: int) -> str:
        asyncio = importlib.import_module("asyncio")
        log.tool(name, ms=ms)
        await asyncio.sleep(ms / 1000)
        return f"waited {ms}"

    def gives_file() -> Any:
        log.tool(name)
        return api.BinaryContent(b"abc", media_type="image/png")

    functions = {
        function.__name__: function
        for function in (
            hidden_later, renamed_by_prepare, defers, needs_approval, asks_approval, args_checked, one_model,
            by_keyword, choices, rich_list, returns_many, raises_key, retry_two, spends, says_ctx, defaults, seq_two,
            waits, gives_file,
        )
    }  # fmt: skip
    more: dict[str, dict[str, Any]] = {
        "hidden_later": {"prepare": hide},
        "renamed_by_prepare": {"prepare": rename, "description": "Own words.", "metadata": {"a": 1}},
        "needs_approval": {"requires_approval": True},
        "args_checked": {"args_validator": positive},
        "seq_two": {"sequential": True},
        "retry_two": {"retries": 2},
    }
    takes_ctx = name in ("asks_approval", "retry_two", "spends", "says_ctx")
    register = agent.tool if takes_ctx else agent.tool_plain
    register(**{**more.get(name, {}), **options})(functions[name])


def _add_validator(api: Any, agent: Any, spec: dict[str, Any], log: Any) -> None:
    name = spec["name"]

    def note(ctx: Any, value: Any) -> None:
        entry = {"fn": name, "partial": ctx.partial_output, "retry": ctx.retry, "max": ctx.max_retries}
        log.validators.append({**entry, "type": type(value).__name__})

    def not_partial(ctx: api.RunContext[Any], output: Any) -> Any:
        note(ctx, output)
        if ctx.partial_output:
            raise api.ModelRetry("Only whole ones.")
        return output

    async def raise_partial(ctx: api.RunContext[Any], output: Any) -> Any:
        note(ctx, output)
        if ctx.partial_output and log.bump("raise_partial") == 2:
            raise ValueError("second partial")
        return output

    def count(ctx: api.RunContext[Any], output: Any) -> Any:
        note(ctx, output)
        return {"n": log.bump("count") if not ctx.partial_output else 0, "of": type(output).__name__}

    def by_ctx(ctx: api.RunContext[Any], output: Any) -> Any:
        log.validators.append(
            {
                "fn": name, "tool": ctx.tool_name, "id": bool(ctx.tool_call_id), "step": ctx.run_step,
                "requests": ctx.usage.requests, "messages": len(ctx.messages), "last": ctx.last_attempt,
            }
        )  # fmt: skip
        return output

    async def second_try(ctx: api.RunContext[Any], output: Any) -> Any:
        note(ctx, output)
        if ctx.retry < 1 and not ctx.partial_output:
            raise api.ModelRetry(f"try {ctx.retry} of {ctx.max_retries}")
        return output

    def swallow(output: Any) -> Any:
        return None

    functions = (not_partial, raise_partial, count, by_ctx, second_try, swallow)
    agent.output_validator(next(function for function in functions if function.__name__ == name))


def _agent_options(api: Any, spec: dict[str, Any], log: Any) -> dict[str, Any]:
    options: dict[str, Any] = {}
    names = {tool if isinstance(tool, str) else tool["name"] for tool in spec.get("tools", ())}
    if toolsets := [_toolset(api, name, log) for name in sorted(names & IN_TOOLSETS)]:
        options["toolsets"] = [api.CombinedToolset(toolsets)] if spec.get("combined") else toolsets
    if spec.get("processors"):
        options["history_processors"] = [_processor(api, name) for name in spec["processors"]]
    if spec.get("prepare"):
        options["prepare_tools"] = _preparer(spec["prepare"])
    if spec.get("prepare_output"):
        options["prepare_output_tools"] = _preparer(spec["prepare_output"])
    if spec.get("model_settings"):
        options["model_settings"] = spec["model_settings"]
    return options


def _toolset(api: Any, name: str, log: Any) -> Any:
    def add(a: int, b: int) -> int:
        """Add."""
        log.tool("add", a=a, b=b)
        return a + b

    def first(x: int) -> int:
        """The first."""
        log.tool("first", x=x)
        return x

    def dropped(x: int) -> int:
        return x

    if name == "pre_add":
        return api.FunctionToolset([add], max_retries=2).prefixed("pre")
    if name == "second":
        return (
            api.FunctionToolset([first, dropped])
            .filtered(lambda ctx, definition: definition.name != "dropped")
            .renamed({"second": "first"})
        )
    if name == "wrapped":

        class Wrapped(api.WrapperToolset):
            async def call_tool(self, name: str, tool_args: dict[str, Any], ctx: Any, tool: Any) -> Any:
                log.tool("around", name=name, retry=ctx.retry)
                return [await super().call_tool(name, tool_args, ctx, tool)]

        def wrapped(x: int) -> int:
            log.tool("wrapped", x=x)
            return x

        return Wrapped(api.FunctionToolset([wrapped]))
    schema = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
    return api.ExternalToolset([api.ToolDefinition(name="external", description="Far.", parameters_json_schema=schema)])


def _processor(api: Any, name: str) -> Any:
    def last_three(messages: list[Any]) -> list[Any]:
        return messages[-3:]

    def drop_system(ctx: api.RunContext[Any], messages: list[Any]) -> list[Any]:
        for message in messages:
            message.parts = [part for part in message.parts if part.part_kind != "system-prompt"]
        return messages

    def note(messages: list[Any]) -> list[Any]:
        first = api.ModelRequest(parts=[api.UserPromptPart("A note.")])
        return [first, *messages]

    async def async_same(messages: list[Any]) -> list[Any]:
        return messages

    async def rewrite(ctx: api.RunContext[Any], messages: list[Any]) -> list[Any]:
        if len(messages) < 3:
            return messages
        return [api.ModelRequest(parts=[api.UserPromptPart(f"Step {ctx.run_step}: {len(messages)}")]), *messages[2:]]

    return {function.__name__: function for function in (last_three, drop_system, note, async_same, rewrite)}[name]


def _preparer(name: str) -> Any:
    dataclasses = importlib.import_module("dataclasses")

    async def prepare(ctx: Any, definitions: list[Any]) -> Any:
        if name == "hide_first":
            return definitions[1:]
        if name in ("second_step_only", "late_output"):
            return definitions if ctx.run_step > 1 else []
        if name == "none":
            return None
        if name == "strict":
            return [dataclasses.replace(definition, strict=True) for definition in definitions]
        return [
            dataclasses.replace(definition, description=f"{definition.name}, {ctx.run_step}")
            for definition in definitions
        ]

    return prepare


def _answers(api: Any, messages: list[Any], answers: list[Any]) -> Any:
    """What became of the calls that were put off in the turn before: each gets the next of `answers`."""
    results = api.DeferredToolResults()
    called = [part for message in messages[-1:] for part in message.parts if part.part_kind == "tool-call"]
    if not called:
        called = [part for message in messages[-2:-1] for part in message.parts if part.part_kind == "tool-call"]
    made: dict[str, Any] = {
        "true": lambda: True,
        "false": lambda: False,
        "denied": lambda: api.ToolDenied("Not today."),
        "changed": lambda: api.ToolApproved(override_args={"x": 7}),
        "retry": lambda: api.ModelRetry("Ask again."),
        "return": lambda: api.ToolReturn(return_value="far away", content="More.", metadata={"m": 1}),
        "value": lambda: {"far": "away"},
    }
    for number, call in enumerate(called):
        kind = answers[number % len(answers)]
        if kind == "none":
            continue
        if call.tool_name in ("needs_approval", "asks_approval"):
            results.approvals[call.tool_call_id] = (
                made[kind]() if kind in ("true", "false", "denied", "changed") else True
            )
        elif call.tool_name in ("external", "defers"):
            results.calls[call.tool_call_id] = made[kind]() if kind in ("retry", "return", "value") else "far"
    return results
