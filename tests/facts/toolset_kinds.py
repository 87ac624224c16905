"""Toolsets: names, wrappers, lifecycles, dynamic ones, selectors."""

# ruff: noqa: B006, B008, B023, E701, E702, E731, F403, F405, F841, RUF100, SIM300
import asyncio
import warnings
from dataclasses import replace
from typing import Any


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

    def clean(x):
        return str(x)

    def ctx(step=1, **k):
        return RunContext(deps=None, model=None, usage=U.RunUsage(), run_step=step, **k)

    def call(n, a=None, i="id"):
        return M.ToolCallPart(n, a, i)

    async def show(label, coro):
        try:
            r = await coro
            say(label, "->", clean(repr(r)))
        except BaseException as e:
            say(label, "!!", type(e).__name__, clean(e)[:400])

    def sync(label, f):
        try:
            say(label, "->", clean(repr(f())))
        except BaseException as e:
            say(label, "!!", type(e).__name__, clean(e)[:400])

    async def names(ts, c=None):
        m = await TM(ts).for_run_step(c or ctx())
        return [
            (
                d.name,
                d.description,
                d.kind,
                d.metadata,
                d.defer_loading,
                d.include_return_schema,
                d.sequential,
                d.strict,
                d.timeout,
            )
            for d in m.tool_defs
        ]

    def mk(id=None, **k):
        ts = FunctionToolset(id=id, **k)

        @ts.tool_plain
        def add(a: int, b: int) -> int:
            "adds"
            return a + b

        @ts.tool
        def sub(ctx: RunContext, a: int, b: int) -> int:
            "subs"
            return a - b if ctx.tool_name != "zzz" else 0

        return ts

    async def main():
        ts = mk()
        await show("names", names(ts))
        await show(
            "defaults",
            names(
                mk(
                    strict=True,
                    sequential=True,
                    requires_approval=True,
                    metadata={"a": 1},
                    defer_loading=True,
                    include_return_schema=True,
                    timeout=3,
                    max_retries=7,
                )
            ),
        )
        sync("dup", lambda: ts.add_function(lambda a: a, name="add"))

        def plain(x: int):
            return x

        sync("ctor", lambda: list(FunctionToolset([plain, T.Tool(plain, name="q")]).tools))
        sync("ctor dup", lambda: FunctionToolset([plain, plain]))
        sync(
            "labels",
            lambda: (
                ts.label,
                mk("x").label,
                ts.prefixed("p").label,
                S.CombinedToolset([ts, mk("y")]).label,
                S.ExternalToolset([], id="e").label,
                ts.filtered(lambda c, d: True).label,
                ts.id,
                mk("x").id,
                ts.prefixed("p").id,
                S.CombinedToolset([ts]).id,
            ),
        )
        await show("prefixed", names(ts.prefixed("foo")))
        m = await TM(ts.prefixed("foo")).for_run_step(ctx())
        await show("call pre", m.handle_call(call("foo_add", {"a": 1, "b": 2})))
        await show("unk", m.handle_call(call("add", {"a": 1, "b": 2})))
        await show("renamed", names(ts.renamed({"plus": "add"})))
        m = await TM(ts.renamed({"plus": "add"})).for_run_step(ctx())
        await show("call ren", m.handle_call(call("plus", {"a": 1, "b": 2})))
        await show("sub", m.handle_call(call("sub", {"a": 1, "b": 2})))
        await show("filtered", names(ts.filtered(lambda c, d: d.name == "add")))

        async def af(c, d):
            return d.name == "sub"

        await show("afiltered", names(ts.filtered(af)))
        await show(
            "prepared",
            names(ts.prepared(lambda c, ds: [replace(d, description="X " + (d.description or "")) for d in ds])),
        )

        async def ap(c, ds):
            return ds[:1]

        await show("aprepared", names(ts.prepared(ap)))
        await show("prep none", names(ts.prepared(lambda c, ds: None)))
        await show("prep add", names(ts.prepared(lambda c, ds: [replace(d, name=d.name + "1") for d in ds])))
        await show("meta", names(ts.with_metadata(z=1)))
        await show("meta2", names(mk(metadata={"z": 0, "y": 1}).with_metadata(z=1)))
        await show("incl", names(ts.include_return_schemas()))
        await show("defer", names(ts.defer_loading()))
        await show("defer2", names(ts.defer_loading(["add"])))
        ar = ts.approval_required(lambda c, d, a: d.name == "add")
        m = await TM(ar).for_run_step(ctx())
        await show("appr add", m.handle_call(call("add", {"a": 1, "b": 2})))
        await show("appr sub", m.handle_call(call("sub", {"a": 1, "b": 2})))
        await show("appr add ok", m.handle_call(call("add", {"a": 1, "b": 2}), approved=True))
        await show("appr names", names(ts.approval_required()))
        c = S.CombinedToolset([ts.prefixed("a"), ts.prefixed("b")])
        await show("combined", names(c))
        m = await TM(c).for_run_step(ctx())
        await show("cc", m.handle_call(call("b_sub", {"a": 5, "b": 2})))
        await show("conflict", names(S.CombinedToolset([ts, mk("z")])))
        await show("conflict2", names(S.CombinedToolset([mk().prefixed("p"), mk("z").prefixed("p")])))
        await show("conflict3", names(S.CombinedToolset([ts, S.ExternalToolset([T.ToolDefinition(name="add")])])))
        # prepare per tool
        t2 = FunctionToolset()

        async def hide(c, d):
            return None

        def desc(c, d):
            return replace(d, description=f"step {c.run_step} {c.tool_name} {c.retry} {c.max_retries}", name="renamed")

        t2.add_function(plain, prepare=hide)
        t2.add_function(plain, name="p2", prepare=desc, retries=4)
        await show("prep each", names(t2))
        m = await TM(t2).for_run_step(ctx())
        await show("call renamed", m.handle_call(call("renamed", {"x": 1})))
        await show("call p2", m.handle_call(call("p2", {"x": 1})))
        t3 = FunctionToolset()
        t3.add_function(plain, name="a")
        t3.add_function(plain, name="b", prepare=lambda c, d: replace(d, name="a"))
        await show("prep conflict", names(t3))
        # instructions
        t4 = FunctionToolset(instructions="Use it.")

        @t4.instructions
        def dyn(ctx: RunContext):
            return f"step {ctx.run_step}"

        @t4.instructions
        async def dyn2():
            return None

        await show("instr", t4.get_instructions(ctx()))
        await show("instr none", ts.get_instructions(ctx()))
        await show("instr comb", S.CombinedToolset([t4, ts, t4.prefixed("x")]).get_instructions(ctx()))
        t5 = FunctionToolset(instructions=["A", lambda: "B", ""])
        await show("instr list", t5.get_instructions(ctx()))
        # visitor
        seen = []
        S.CombinedToolset([ts.prefixed("a"), mk("k"), S.ExternalToolset([], id="e")]).apply(
            lambda t: seen.append(t.label)
        )
        say(seen)
        r = S.CombinedToolset([ts.prefixed("a"), mk("k")]).visit_and_replace(
            lambda t: t.filtered(lambda c, d: d.name == "add")
        )
        await show("replaced", names(r))
        say(r.label)

        # lifecycle
        class L(S.WrapperToolset):
            async def __aenter__(self):
                log.append("enter")
                return await super().__aenter__()

            async def __aexit__(self, *a):
                log.append("exit")
                return await super().__aexit__(*a)

        log = []
        c = S.CombinedToolset([L(ts), L(mk()).prefixed("q")])
        async with c:
            async with c:
                log.append("in")
            log.append("out")
        say(log)
        log.clear()
        # dynamic
        n = [0]

        def dynf(c):
            n[0] += 1
            log.append(("make", c.run_step))
            return L(mk()).prefixed(f"s{c.run_step}") if c.run_step != 2 else None

        for per in (True, False):
            n[0] = 0
            log.clear()
            d = Dyn(dynf, per_run_step=per)
            async with d:
                pass
            d = await Dyn(dynf, per_run_step=per).for_run(ctx(0))
            async with d:
                m = TM(d)
                for st in (1, 2, 3):
                    m = await m.for_run_step(ctx(st))
                    say(per, st, [x.name for x in m.tool_defs], await d.get_instructions(ctx(st)))
                    m = await m.for_run_step(replace(m.ctx))
            say(log, n)
        d = Dyn(dynf)
        say(clean(d.label), d.id, await d.get_tools(ctx()))

        async def adyn(c):
            return mk()

        d = await Dyn(adyn).for_run(ctx(0))
        async with d:
            m = await TM(d).for_run_step(ctx(1))
            await show("adyn", m.handle_call(call("add", {"a": 1, "b": 1})))
        sel = T.matches_tool_selector
        td = T.ToolDefinition(name="x", metadata={"a": {"b": 1, "c": 2}, "l": [1]})
        for q in [
            "all",
            ["x"],
            ["y"],
            "x",
            ("x",),
            {"a": {"b": 1}},
            {"a": {"b": 2}},
            {"z": 1},
            {},
            {"l": [1]},
            lambda c, d: d.name == "x",
            {"a": {}},
        ]:
            await show(f"sel {q if not callable(q) else 'fn'}", sel(q, ctx(), td))

        async def aq(c, d):
            return True

        await show("asel", sel(aq, ctx(), td))
        await show("sel none", sel({"a": 1}, ctx(), T.ToolDefinition(name="q")))

    await main()
