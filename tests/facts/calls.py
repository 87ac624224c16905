"""Calls: how they are validated, run and counted."""

# ruff: noqa: B006, B008, B023, E701, E702, E731, F403, F405, F841, RUF100, SIM300
import asyncio
import warnings
from dataclasses import replace
from typing import Any

from pydantic import BaseModel


def facts(api: Any) -> dict[str, Any]:
    """What was seen, line by line."""
    from .api import words

    lines: list[str] = []

    def say(*values: object) -> None:
        lines.append(" ".join(words(value) for value in values))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asyncio.run(_look(api, say))
    found: dict[str, Any] = {}
    for number, line in enumerate(lines):
        label, arrow, rest = line.partition(" -> ") if " -> " in line else line.partition(" !! ")
        found[f"{label}" if arrow and label not in found else f"{number}"] = rest if arrow else line
    return found


async def _look(api: Any, say: Any) -> None:
    T, S, M, X, U, TM = api.tools, api.toolsets, api.messages, api.exceptions, api.usage, api.tool_manager.ToolManager
    RunContext, Tool, FunctionToolset, Dyn = api.RunContext, api.Tool, api.toolsets.FunctionToolset, api.DynamicToolset

    class City(BaseModel):
        name: str

    def clean(x):
        return str(x)

    def ctx(step=0, **k):
        return RunContext(deps=None, model=None, usage=U.RunUsage(), run_step=step, **k)

    def call(n, a=None, i="id"):
        return M.ToolCallPart(n, a, i)

    async def show(label, coro):
        try:
            r = await coro
            say(
                label,
                "->",
                clean(repr(r))
                if not hasattr(r, "args_valid")
                else (
                    "V",
                    r.args_valid,
                    r.validated_args,
                    clean(r.validation_error.tool_retry.content) if r.validation_error else None,
                    r.ctx.retry,
                    r.ctx.max_retries,
                    r.ctx.tool_name,
                ),
            )
        except BaseException as e:
            say(label, "!!", type(e).__name__, clean(e)[:300])

    async def main():
        ts = FunctionToolset()
        log = []

        @ts.tool_plain
        def add(a: int, b: int = 2) -> int:
            "adds"
            return a + b

        @ts.tool
        async def cx(ctx: RunContext, x: int):
            log.append(
                (
                    ctx.retry,
                    ctx.max_retries,
                    ctx.tool_name,
                    ctx.tool_call_id,
                    ctx.tool_call_approved,
                    ctx.tool_call_metadata,
                    ctx.partial_output,
                )
            )
            raise X.ModelRetry("again") if x < 0 else None

        @ts.tool_plain
        def boom():
            raise ValueError("boom")

        @ts.tool_plain
        def valerr():
            City.model_validate({})

        @ts.tool_plain
        def deferred():
            raise X.CallDeferred(metadata={"a": 1})

        @ts.tool_plain(requires_approval=True)
        def appr(x: int):
            return x

        @ts.tool_plain(retries=0)
        def zero(x: int):
            return x

        @ts.tool_plain(timeout=0.05)
        async def slow():
            await asyncio.sleep(1)

        def av(ctx, x):
            log.append(("av", x, ctx.tool_name)) or (_ for _ in ()).throw(X.ModelRetry("no")) if x == 3 else None

        @ts.tool_plain(args_validator=av)
        def checked(x: int):
            return x * 2

        @ts.tool_plain(sequential=True)
        def seq():
            return 1

        @ts.tool_plain
        def ret():
            return M.ToolReturn(1, content="x")

        async def aav(ctx, x):
            if x == 3:
                raise ValueError("av value")

        @ts.tool_plain(args_validator=aav)
        def checked2(x: int):
            return x

        m = TM(ts)
        try:
            m.tool_defs
        except Exception as e:
            say(type(e).__name__, e)
        try:
            m.get_tool_def("x")
        except Exception as e:
            say(type(e).__name__, e)
        await show("pre", m.handle_call(call("add", "{}")))
        m = await m.for_run_step(ctx(1))
        say([(d.name, d.kind, d.sequential, d.timeout) for d in m.tool_defs])
        for n, a in [
            ("add", '{"a":1}'),
            ("add", {"a": 1}),
            ("add", '{"a":"x"}'),
            ("add", ""),
            ("add", None),
            ("add", '{"a":1,"z":2}'),
            ("add", "[1]"),
            ("add", "{bad"),
            ("cx", '{"x":1}'),
            ("cx", '{"x":-1}'),
            ("boom", None),
            ("valerr", None),
            ("deferred", None),
            ("appr", '{"x":1}'),
            ("zero", '{"x":"q"}'),
            ("zero", '{"x":1}'),
            ("slow", None),
            ("checked", '{"x":2}'),
            ("checked", '{"x":3}'),
            ("checked2", '{"x":3}'),
            ("nope", "{}"),
            ("seq", None),
            ("ret", None),
        ]:
            await show(f"{n} {a!r}", m.handle_call(call(n, a)))
            await show(f"  v {n} {a!r}", m.validate_tool_call(call(n, a)))
            await show(f"  nowrap {n} {a!r}", m.handle_call(call(n, a), wrap_validation_errors=False))
            await show(
                f"  partial {n} {a!r}", m.handle_call(call(n, a), allow_partial=True, wrap_validation_errors=False)
            )
        say(sorted(m.failed_tools), m.ctx.usage)
        say(log)
        log.clear()
        m2 = await m.for_run_step(replace(m.ctx, run_step=1))
        say(m2 is m)
        m2 = await m.for_run_step(ctx(2))
        say(sorted(m2.ctx.retries.items()), m2.failed_tools)
        await show("second add", m2.handle_call(call("add", '{"a":"x"}')))
        await show("second cx", m2.handle_call(call("cx", '{"x":-1}')))
        await show("second nope", m2.handle_call(call("nope", "{}")))
        await show("second nope2", m2.handle_call(call("nope2", "{}")))
        await show("ok cx", m2.handle_call(call("cx", '{"x":1}'), approved=True, metadata={"m": 1}))
        await show("appr", m2.handle_call(call("appr", '{"x":1}'), approved=True))
        say(log)
        m3 = await m2.for_run_step(ctx(3))
        say(sorted(m3.ctx.retries.items()))
        say(m3.get_parallel_execution_mode([call("add")]), m3.get_parallel_execution_mode([call("add"), call("seq")]))
        with TM.sequential_tool_calls():
            say(m3.get_parallel_execution_mode([call("add")]))
        with TM.parallel_execution_mode("parallel_ordered_events"):
            say(m3.get_parallel_execution_mode([call("add")]), m3.get_parallel_execution_mode([call("seq")]))
        e = await TM(FunctionToolset()).for_run_step(ctx(1))
        await show("empty", e.handle_call(call("nope", "{}")))
        ext = await TM(
            S.ExternalToolset(
                [
                    T.ToolDefinition(
                        name="ex", parameters_json_schema={"type": "object", "properties": {"a": {"type": "integer"}}}
                    )
                ]
            )
        ).for_run_step(ctx(1))
        await show("ext", ext.handle_call(call("ex", '{"a":"x"}')))
        await show("extv", ext.validate_tool_call(call("ex", '{"a":"x"}')))
        await show("extv bad", ext.validate_tool_call(call("ex", "[1]")))
        await show("extv bad2", ext.validate_tool_call(call("ex", "{")))
        say([(d.name, d.kind) for d in ext.tool_defs])

    await main()
