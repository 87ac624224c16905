"""Text for output types of all kinds: what comes of it whole and as a part, with prompts and with bare errors."""

# ruff: noqa: B006, B008, B023, E701, E702, E731, F403, F405, F841, RUF100, SIM300
import asyncio
from dataclasses import dataclass
from datetime import date
from typing import *  # noqa: F403

import typing_extensions as te
from pydantic import BaseModel


def outputs(api: Any) -> dict[str, Any]:
    """Output types by name."""
    RunContext, ModelRetry = api.RunContext, api.exceptions.ModelRetry
    TextOutput, NativeOutput, StructuredDict = api.output.TextOutput, api.output.NativeOutput, api.output.StructuredDict

    class City(BaseModel):
        "A city."

        name: str
        pop: int

    class Box(BaseModel):
        w: int

    @dataclass
    class P:
        x: int
        y: int

    class TD(te.TypedDict, total=False):
        n: str
        d: date

    def fn(name: str, n: int) -> str:
        return name * n

    async def fn_raise(ctx: RunContext, name: str) -> str:
        raise ModelRetry("nope " + name)

    def fn_val(name: str) -> str:
        City.model_validate({})
        return ""

    def fn_city(c: City) -> str:
        return c.name

    def split(t: str):
        return t.split()

    def spl_raise(t: str) -> str:
        raise ModelRetry("no")

    def spl_ctx(ctx: RunContext, t: str):
        return [t, ctx.partial_output]

    SD = StructuredDict({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]})
    return dict(
        City=City,
        P=P,
        TD=TD,
        ints=list[int],
        int=int,
        str_=NativeOutput(str),
        u=[City, Box],
        u2=[City, list[int]],
        fn=fn,
        fnr=fn_raise,
        fnv=fn_val,
        fnc=fn_city,
        split=TextOutput(split),
        spc=TextOutput(spl_ctx),
        SD=SD,
        cities=list[City],
        opt=City | None,
        date_=date,
        nat=NativeOutput([City, fn]),
        sstr=str,
        d=dict[str, int],
        by=bytes,
    )


TEXTS = [
    "",
    "{}",
    "null",
    "[]",
    '{"name":"a","pop":1}',
    '{"name":"a","pop":1,"z":1}',
    '{"name":"a","pop":',
    '{"name":"ab',
    '```json\n{"name":"a","pop":1}\n```',
    'text ```json\n{"name":"a","pop":1}\n``` more',
    '```\n{"name":"a","pop":1}```',
    '```json\n{"name":"a","pop":1}',
    '  {"name":"a","pop":1} ',
    '{"response":[1,2]}',
    '{"response":"[1,2]"}',
    "[1,2]",
    '{"response":[1,2',
    '{"response":3}',
    '{"response":"3"}',
    '{"response":"abc"}',
    '{"response":"\\"abc\\""}',
    '{"response":"null"}',
    '{"response":null}',
    '{"result":{"kind":"City","data":{"name":"a","pop":1}}}',
    '{"result":{"kind":"Box","data":{"w":"x"}}}',
    '{"result":{"kind":"Nope","data":{}}}',
    '{"result":{"kind":"City","data":{"name":"a"',
    '{"result":{"kind":"City"',
    '{"result":{"ki',
    '{"result":{"kind":"list","data":{"response":[1,2]}}}',
    '{"result":{"kind":"list","data":[1]}}',
    '{"x":1,"y":2}',
    '{"n":"a","d":"2024-01-01"}',
    '{"n":"a","d":"2024-01',
    '{"name":"a","n":2}',
    '{"result":{"kind":"fn","data":{"name":"a","n":2}}}',
    '{"a":"x"}',
    '{"a":1',
    '{"response":[{"name":"a","pop":1},{"name":"b"',
    '{"response":"[{\\"name\\":\\"a\\",\\"pop\\":1}]"}',
    '{"response":"2024-01-01"}',
    "hello world",
    '{"response":"{\\"a\\":1}"}',
    '{"response":{"a":1}}',
    "true",
    "3",
    '"x"',
    '{"result":"x"}',
    '{"result":{"kind":"City","data":"{\\"name\\":\\"a\\",\\"pop\\":1}"}}',
    '{"name":"a","pop":"1"}',
    'before {"name":"a","pop":1} after',
    '```JSON\n{"name":"a","pop":1}\n```',
    '```json {"name":"a","pop":1} ```',
    '{"name":"```json\\n{}\\n```","pop":1}',
    '```json\n{"name":"a',
    '```json\n{"a":"x```y"}\n```\nafter',
    '```json\n{"a":1}\n```\n\n```json\n{"b":2}\n```',
    'a\n```js on\n{"a":1}\n```',
    '```\n\n{"a":1}\n```',
    '``` json\n{"a":1}\n```',
    '```json\n  {"a":1}\n```',
    ' ```json\n{"a":1}\n``` ',
    'x {"a":1} ```json\n{"b":1}```',
    '```json\n{"a":{"b":1}}\n``` {"z":1}',
    '```json\n{"a":1} // c\n```',
    '```json\n{"a":1}``',
]


def facts(api: Any) -> dict[str, Any]:
    """For each output type and text: the output, or the prompt for the model."""
    from .api import attempt, words

    context = api.RunContext(deps=None, model=None, usage=api.usage.RunUsage(), retry=1, max_retries=3)

    async def process(schema: Any, text: str, partial: bool, wrap: bool) -> Any:
        try:
            value = await schema.text_processor.process(
                text, run_context=context, allow_partial=partial, wrap_validation_errors=wrap
            )
        except api.exceptions.ToolRetryError as error:
            return {"prompt": words(error.tool_retry.content), "tool": error.tool_retry.tool_name}
        except ValueError as error:
            return {"invalid": error.title, "errors": words(error.errors(include_url=False))}  # type: ignore[attr-defined]
        return [type(value).__name__, words(repr(value))]

    async def all_of_them() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, spec in outputs(api).items():
            schema = api.OutputSchema.build(spec)
            for number, text in enumerate(TEXTS):
                for partial, wrap in ((False, True), (True, False)):  # as at the end, and while it streams
                    key = f"{name} {number}{' partial' if partial else ''}"
                    try:
                        found[key] = await process(schema, text, partial, wrap)
                    except Exception as error:
                        found[key] = {"raises": type(error).__name__, "words": words(error)[:300]}
        return found

    return attempt(lambda: asyncio.run(all_of_them()))
