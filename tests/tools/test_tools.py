"""Tools and their manager: what a table of calls cannot say."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from playhead.context import RunContext
from playhead.exceptions import ApprovalRequired, ModelRetry, ToolRetryError, UnexpectedModelBehavior, UserError
from playhead.messages import ToolCallPart, ToolDefinition
from playhead.tools import (
    CombinedToolset,
    DeferredToolset,
    DynamicToolset,
    ExternalToolset,
    FunctionToolset,
    Tool,
    ToolManager,
    WrapperToolset,
)
from playhead.usage import RunUsage


def context(step: int = 1, **fields: Any) -> RunContext[Any]:
    return RunContext(deps=None, model=None, usage=RunUsage(), run_step=step, **fields)


async def manager(*functions: Any, **options: Any) -> ToolManager[Any]:
    return await ToolManager(FunctionToolset(list(functions), **options)).for_run_step(context())


def call(name: str, args: str = "{}") -> ToolCallPart:
    return ToolCallPart(name, args, "call")


# --------------------------------------------------------------------------- calls
async def test_a_tools_own_timeout_error_is_its_own() -> None:
    async def ask() -> None:
        raise TimeoutError("the database")

    with pytest.raises(TimeoutError, match="the database"):
        await (await manager(ask, timeout=5)).handle_call(call("ask"))


async def test_a_blocking_tool_does_not_outlast_its_time() -> None:
    over = threading.Event()

    def wait() -> None:
        over.wait(50)

    with pytest.raises(ToolRetryError, match=r"Timed out after 0\.05 seconds\."):
        await (await manager(wait, timeout=0.05)).handle_call(call("wait"))
    over.set()


async def test_a_cancelled_call_is_cancelled_and_not_timed_out() -> None:
    async def wait() -> None:
        await asyncio.sleep(60)

    task = asyncio.create_task((await manager(wait, timeout=30)).handle_call(call("wait")))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_prompt_knows_its_cause() -> None:
    def refuse() -> None:
        raise ModelRetry("no")

    with pytest.raises(ToolRetryError) as raised:
        await (await manager(refuse)).handle_call(call("refuse"))
    assert raised.value.__cause__ == ModelRetry("no")
    assert raised.value.tool_retry.tool_name == "refuse"
    assert raised.value.tool_retry.tool_call_id == "call"


async def test_failures_count_by_step_and_are_forgotten_after_a_step_without() -> None:
    def check(x: int) -> int:
        return x

    one = await manager(check, max_retries=2)
    for _ in range(3):  # however often in one step
        await one.validate_tool_call(call("check"))
    two = await one.for_run_step(context(2))
    assert two.ctx is not None and two.ctx.retries == {"check": 1}
    await two.handle_call(call("check", '{"x": 1}'))
    three = await two.for_run_step(context(3))
    assert three.ctx is not None and three.ctx.retries == {}


async def test_the_last_retry_is_one_too_many() -> None:
    def check(x: int) -> int:
        return x

    one = await manager(check, max_retries=1)
    await one.validate_tool_call(call("check"))
    two = await one.for_run_step(context(2))
    with pytest.raises(UnexpectedModelBehavior, match="Tool 'check' exceeded max retries count of 1"):
        await two.validate_tool_call(call("check"))


async def test_only_function_tools_that_return_are_counted() -> None:
    def work(x: int = 1) -> int:
        if x < 0:
            raise ModelRetry("no")
        return x

    known = await manager(work)
    await known.handle_call(call("work"))
    with pytest.raises(ToolRetryError):
        await known.handle_call(call("work", '{"x": -1}'))
    assert known.ctx is not None and known.ctx.usage == RunUsage(tool_calls=1)


async def test_external_tools_are_never_called() -> None:
    known = await ToolManager(ExternalToolset([ToolDefinition(name="far")])).for_run_step(context())
    assert (await known.validate_tool_call(call("far"))).args_valid
    with pytest.raises(RuntimeError, match="its result comes from outside of the run"):
        await known.handle_call(call("far"))


# --------------------------------------------------------------------------- toolsets
async def test_wrappers_have_their_say_however_deep_they_are() -> None:
    def pay(amount: int) -> int:
        return amount

    toolset = FunctionToolset([pay]).approval_required(lambda ctx, definition, args: args["amount"] > 10)
    known = await ToolManager(CombinedToolset([toolset.prefixed("shop").renamed({"buy": "shop_pay"})])).for_run_step(
        context()
    )
    assert await known.handle_call(call("buy", '{"amount": 5}')) == 5
    with pytest.raises(ApprovalRequired):
        await known.handle_call(call("buy", '{"amount": 50}'))
    assert await known.handle_call(call("buy", '{"amount": 50}'), approved=True) == 50


async def test_runs_that_share_a_toolset_share_what_it_opened() -> None:
    log: list[str] = []

    class Connection(WrapperToolset[Any]):
        async def __aenter__(self) -> "Connection":
            log.append("open")
            return self

        async def __aexit__(self, *args: Any) -> None:
            log.append("close")

    shared = CombinedToolset([Connection(FunctionToolset())])

    async def run() -> None:
        async with shared:
            await asyncio.sleep(0)

    await asyncio.gather(run(), run())
    assert log == ["open", "close"]


async def test_a_toolset_that_cannot_be_entered_leaves_the_others() -> None:
    log: list[str] = []

    class Logged(WrapperToolset[Any]):
        async def __aexit__(self, *args: Any) -> None:
            log.append("close")

    class Broken(WrapperToolset[Any]):
        async def __aenter__(self) -> "Broken":
            raise OSError("no server")

    with pytest.raises(OSError, match="no server"):
        async with CombinedToolset([Logged(FunctionToolset()), Broken(FunctionToolset())]):
            pass
    assert log == ["close"]


async def test_dynamic_toolsets_of_runs_at_the_same_time_do_not_meet() -> None:
    made: list[FunctionToolset[Any]] = []

    def make(ctx: RunContext[Any]) -> FunctionToolset[Any]:
        made.append(FunctionToolset(id=str(ctx.run_id)))
        return made[-1]

    dynamic = DynamicToolset(make)
    one, two = await dynamic.for_run(context()), await dynamic.for_run(context())
    await one.for_run_step(context(run_id="one"))
    await two.for_run_step(context(run_id="two"))
    assert [toolset.id for toolset in made] == ["one", "two"]
    assert one is not two


async def test_a_subclass_of_tool_may_prepare_itself() -> None:
    class Second(Tool[Any]):
        async def prepare_tool_def(self, ctx: RunContext[Any]) -> ToolDefinition | None:
            return await super().prepare_tool_def(ctx) if ctx.run_step == 2 else None

    def double(number: int) -> int:
        return 2 * number

    toolset = FunctionToolset([Second(double)])
    assert not await toolset.get_tools(context(1))
    assert list(await toolset.get_tools(context(2))) == ["double"]


async def test_a_tool_may_be_renamed_by_its_prepare_function_and_is_called_all_the_same() -> None:
    def work(x: int) -> int:
        return x

    toolset = FunctionToolset([Tool(work, prepare=lambda ctx, definition: replace(definition, name="labour"))])
    known = await ToolManager(toolset).for_run_step(context())
    assert await known.handle_call(call("labour", '{"x": 3}')) == 3


def test_two_tools_of_one_name_are_refused() -> None:
    toolset: FunctionToolset[Any] = FunctionToolset([Tool(lambda: 1, name="a")])
    with pytest.raises(UserError, match="There is a tool 'a' already"):
        toolset.add_function(lambda: 2, name="a")


def test_the_older_name_of_external_toolsets_warns() -> None:
    with pytest.warns(DeprecationWarning, match="ExternalToolset"):
        DeferredToolset([])


def test_decorators_give_the_function_back() -> None:
    toolset: FunctionToolset[Any] = FunctionToolset()

    @toolset.tool
    def one(ctx: RunContext[Any]) -> int:
        return 1

    @toolset.tool_plain(name="deux", retries=4, metadata={"a": 1})
    def two() -> int:
        return 2

    assert (one(context()), two()) == (1, 2)
    assert toolset.tools["deux"].max_retries == 4
    assert list(toolset.tools) == ["one", "deux"]
