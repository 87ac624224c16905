"""`@fuzz.agent`: sound agents raise no alarm, under faults too; failures are small, kept, and can be run again."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, seed, settings
from pydantic import BaseModel

from playhead import Agent, ModelRetry, NativeOutput, PromptedOutput, RunContext, ToolOutput, fuzz
from playhead.exceptions import ModelHTTPError, UnmatchedRequest, UserError
from playhead.fuzz._smaller import smallest_failure
from playhead.models import Script, ScriptedModel, as_response, builtin_call, call, text, thinking
from playhead.transcript import Transcript

pytest_plugins = ["pytester"]


class Forecast(BaseModel):
    city: str
    celsius: int
    tips: list[str] = []


def equip(agent: Any) -> Any:
    @agent.tool_plain
    async def get_weather(city: str, days: int = 1) -> str:
        """A forecast."""
        await asyncio.sleep(days % 7)
        return f"{city}: sunny"

    @agent.tool_plain
    def add(a: int, b: int) -> int:
        """A sum."""
        if a < 0:
            raise ModelRetry("Not below zero.")
        return a + b

    return agent


SOUND: dict[str, Any] = {
    "text": lambda: equip(Agent()),
    "tool output": lambda: equip(Agent(output_type=Forecast)),
    "several outputs": lambda: equip(
        Agent(output_type=[ToolOutput(Forecast), ToolOutput(list[int], name="numbers"), str])
    ),
    "native": lambda: Agent(output_type=NativeOutput(Forecast)),
    "prompted": lambda: Agent(output_type=PromptedOutput(Forecast)),
}


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_agent_raises_no_alarm_whatever_fails(name: str) -> None:
    @fuzz.agent(SOUND[name](), faults=True, max_examples=max(8, settings().max_examples // 5))
    def holds(run: Transcript) -> None:
        assert run.error or run.has_output

    holds()


def test_scripts_use_what_the_agent_has_and_nothing_else() -> None:
    agent = equip(Agent(output_type=Forecast))

    @settings(max_examples=30)
    @given(fuzz.scripts(agent))
    def known(script: Script) -> None:
        for response in script.responses:
            for step in response.model_dump()["steps"] if isinstance(response.model_dump(), dict) else []:
                assert "call" not in step or step["call"]["name"] in ("get_weather", "add", "final_result")

    known()
    names = {tool.name for tool in fuzz.parameters_of(agent).function_tools}
    assert names == {"get_weather", "add"}


def test_a_failure_shows_its_script_in_both_ways_and_can_be_run_again() -> None:
    agent: Any = Agent()

    @agent.tool_plain
    def divide(a: int, b: int) -> float:
        return a / b

    @fuzz.agent(agent, max_examples=50)
    def test() -> None:
        pass

    with pytest.raises(ZeroDivisionError) as caught:
        test()
    python, yaml, again = caught.value.__notes__[:3]
    assert "ScriptedModel(\n    [call('divide', ['{\"a\": 0, \"b\": 0}'])]," in python
    assert "responses:\n- - call:\n      name: divide" in yaml
    with pytest.raises(ZeroDivisionError):
        eval(again.removeprefix("Run it again: "), {"playhead": __import__("playhead.fuzz"), "agent": agent})


def test_a_script_that_is_shown_in_python_is_that_script() -> None:
    from playhead import script as words
    from playhead.fuzz._play import notes_of

    said = [text("a", "b"), thinking("c"), thinking("d", signature="s"), words.refusal("e"), call("f", ["{", "}"])]
    script = Script(responses=[as_response(said), as_response([words.interleave(call("g", {"x": 1}), call("h"))])])
    shown = notes_of(script)[0].partition("\n")[2]
    model = eval(shown, {**vars(words), "ScriptedModel": ScriptedModel})
    assert model.script == script


def test_what_is_no_exception_is_shrunk_as_well() -> None:
    agent: Any = Agent()

    @agent.tool_plain
    def ask(question: str) -> str:
        raise UnmatchedRequest("no recording fits", "record one")

    @fuzz.agent(agent, max_examples=30)
    def test() -> None:
        pass

    with pytest.raises(fuzz.RunAborted, match="UnmatchedRequest") as caught:
        test()
    assert "[call('ask', ['{\"question\": \"\"}'])]" in caught.value.__notes__[0]


def test_errors_of_a_tool_may_be_allowed_and_dependencies_made_anew() -> None:
    agent: Any = Agent(deps_type=list)

    @agent.tool
    def note(ctx: RunContext[list[str]], word: str) -> int:
        ctx.deps.append(word)
        if len(ctx.deps) > 2:
            raise KeyError(word)
        return len(ctx.deps)

    @fuzz.agent(agent, allowed=(KeyError,), fresh=lambda: {"deps": []}, max_examples=15)
    def test() -> None:
        pass

    test()


def test_a_judge_sees_each_run_and_is_shrunk() -> None:
    @fuzz.agent(Agent(), max_examples=60)
    def test(run: Transcript) -> None:
        assert run.error or "é" not in str(run.output)

    with pytest.raises(AssertionError) as caught:
        test()
    assert "ScriptedModel(\n    'é'," in "\n".join(caught.value.__notes__)


def test_a_fault_is_part_of_the_script_that_a_failure_shows() -> None:
    @fuzz.agent(Agent(), faults=["http_error"], max_examples=60)
    def test(run: Transcript) -> None:
        assert not isinstance(run.error, ModelHTTPError)

    with pytest.raises(AssertionError) as caught:
        test()
    assert "[error(message=" in "\n".join(caught.value.__notes__)


def test_cases_are_scripts_files_cassettes_and_texts(tmp_path: Path) -> None:
    from playhead.script import dump_script
    from playhead.traffic import write_cassette

    script = Script(responses=[{"steps": [text("Hello")]}])  # type: ignore[list-item]
    (tmp_path / "case.script.yaml").write_text(dump_script(script))
    write_cassette(script, tmp_path / "case.yaml")
    for case in (script, tmp_path / "case.script.yaml", str(tmp_path / "case.yaml")):
        seen: list[Any] = []
        fuzz.replay(Agent(), case, judge=lambda run, seen=seen: seen.append(run.output))
        assert seen == ["Hello"] * 3
    with pytest.raises(Exception, match="neither a file nor a case"):
        fuzz.replay(Agent(), "nothing")


def test_a_case_goes_above_the_test_it_is_of_and_is_played_first() -> None:
    seen: list[str] = []
    script = Script(responses=[as_response("Hello")])

    @fuzz.replay(script)
    @fuzz.agent(Agent(), max_examples=1, drivers=["events"])
    def test(run: Transcript) -> None:
        seen.append(str(run.output))

    test()
    assert seen[0] == "Hello" and len(seen) > 1
    with pytest.raises(UserError, match=r"goes above `@fuzz.agent"):
        fuzz.replay(script)(lambda: None)


def test_a_case_and_its_consumer_are_replayed_in_either_order() -> None:
    body = "é".encode()
    for arguments in ((lambda chunks: [chunk.decode("utf-8", "replace") for chunk in chunks], body),):
        with pytest.raises(fuzz.SplitDifference):
            fuzz.replay(*arguments)
    seen: list[Any] = []
    fuzz.replay(Script(responses=[as_response("Hi")]), Agent(), judge=lambda run: seen.append(run.output))
    assert seen == ["Hi"] * 3


def test_what_is_no_agent_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(UserError, match=r"@fuzz.agent\(my_agent, max_examples=200\) above the test"):
        fuzz.agent(lambda run: None)


def test_a_judge_may_be_async() -> None:
    @fuzz.agent(Agent(), max_examples=20)
    async def test(run: Transcript) -> None:
        await asyncio.sleep(0)
        assert run.error

    with pytest.raises(AssertionError) as caught:
        test()
    script: Script = vars(caught.value)["script"]
    assert [len(response.steps) for response in script.responses] == [1]


def test_the_smallest_scripts_come_first_and_the_last_tool_before_the_others() -> None:
    connected: dict[str, str] = {}
    agent: Any = Agent()

    @agent.tool_plain
    def connect(host: str) -> str:
        connected["host"] = host
        return "connected"

    @agent.tool_plain
    def query(text: str) -> str:
        return connected["host"] + text

    @fuzz.agent(agent)
    def test() -> None:
        pass

    with pytest.raises(KeyError) as caught:  # once only: whoever draws first has connected before
        test()
    assert "[call('query', ['{\"text\": \"\"}'])],\n    'It is'," in caught.value.__notes__[0]


class Day(BaseModel):
    when: datetime | None = None
    hot: float = 0
    note: str = "none"


def test_what_is_still_being_written_may_change_or_be_gone_for_a_while() -> None:
    """A date that has begun, an exponent, a default: sound agents say less there, and take nothing back."""
    said = [
        '{"response":[{"note":"so","when":"2000-',
        '01-01T00:00","hot":3',
        "e",
        '2},{"hot":1',
        "e",
        '1,"note":"h',
        'i"}]}',
    ]
    script = Script(
        responses=[as_response([call("final_result", said)]), as_response([call("final_result", '{"response":[]}')])]
    )
    fuzz.run_script(Agent(output_type=list[Day]), script)


def test_a_text_that_a_tool_of_the_provider_follows_was_no_output_yet() -> None:
    searched = [text("Let me ", "look."), builtin_call("web_search", args={"query": "bees"})]
    script = Script(responses=[as_response(searched), as_response([text("Three.")])])
    fuzz.run_script(Agent(), script)
    fuzz.run_script(Agent(), Script(responses=[as_response([*searched, text("Three.")])]))


def test_a_validator_that_adds_to_a_list_takes_back_what_it_added() -> None:
    agent: Any = Agent(output_type=Forecast)

    @agent.output_validator
    def sign(output: Forecast) -> Forecast:
        output.tips.append("-- the weather office")
        return output

    @fuzz.agent(agent, max_examples=1)
    def test() -> None:
        pass

    with pytest.raises(fuzz.InvariantViolation, match="partials_never_contradict_the_end"):
        test()


async def test_events_of_a_run_can_be_checked_as_they_are() -> None:
    model = ScriptedModel([text("Hel", "lo")])
    events = [event async for event in Agent(model).run_stream_events("Hi")]
    fuzz.check(events)
    with pytest.raises(fuzz.InvariantViolation):
        fuzz.check([event for event in events if event.event_kind != "part_delta"])
    with pytest.raises(UserError, match=r"not at int. Take it with `run = await playhead.capture_run"):
        fuzz.check(3)  # type: ignore[arg-type]


def test_invariants_name_what_is_broken() -> None:
    assert {"deltas_add_up", "usage_adds_up", "messages_pair_calls_with_results"} <= set(fuzz.INVARIANTS)
    assert all(function.__doc__ for function in fuzz.INVARIANTS.values())


PROJECT = """
from playhead import Agent, fuzz

agent = Agent()

@agent.tool_plain
def divide(a: int, b: int) -> float:
    return a / b

@fuzz.agent(agent, max_examples=50)
def test_agent(run):
    pass

def test_parser():
    fuzz.assert_split_invariant(lambda chunks: [chunk.decode("utf-8", "replace") for chunk in chunks][0][:3], "né".encode())
"""


def test_pytest_keeps_failures_as_cassettes_that_fail_again(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PROJECT)
    pytester.runpytest_inprocess(
        "-q",
        "--playhead-save-failures=kept",
        "-p",
        "no:cacheprovider",
        "-o",
        "asyncio_default_fixture_loop_scope=function",
    ).assert_outcomes(failed=2)
    names = sorted(path.name for path in (pytester.path / "kept").iterdir())
    assert [name.rpartition("--")[2] for name in names if "py" in name], names
    (cassette,) = (pytester.path / "kept").glob("*test_agent.fuzz.yaml")
    (split,) = (pytester.path / "kept").glob("*test_parser.split.yaml")
    space: dict[str, Any] = {}
    exec(PROJECT.partition("@fuzz.agent")[0], space)
    with pytest.raises(ZeroDivisionError):
        fuzz.replay(space["agent"], cassette)
    with pytest.raises(fuzz.SplitDifference):
        fuzz.assert_split_invariant(lambda chunks: next(c.decode("utf-8", "replace") for c in chunks)[:3], split)


def test_the_same_seed_gives_the_same_run() -> None:
    agent = equip(Agent())
    script = Script(responses=[{"steps": [call("get_weather", {"city": "Paris", "days": 3})]}, {"steps": [text("So")]}])  # type: ignore[list-item]
    seen: list[str] = []
    for _ in range(2):
        fuzz.run_script(agent, script, drivers=["events"], judge=lambda run: seen.append(run.render(times=True)))
    assert seen[0] == seen[1]


def test_steps_that_only_fail_together_are_left_out_together() -> None:
    def run(script: Script) -> None:
        # Each reply needs as many steps before its call as the other: leaving out one step alone never fails.
        places = [
            [number for number, step in enumerate(response.steps) if "call" in step.model_dump()]
            for response in script.responses[:2]
        ]
        if len(places) == 2 and places[0] == places[1] != []:
            raise AssertionError([len(response.steps) for response in script.responses])

    script = Script(responses=[[text("a"), text("b"), call("add")], [text("c"), text("d"), call("add")], ["done"]])
    assert str(smallest_failure(script, AssertionError("the first"), run)) == "[1, 1, 1]"
    assert str(smallest_failure(Script(responses=["done"]), AssertionError("the first"), run)) == "the first"


def test_an_agent_that_leaves_something_to_chance_is_told_so_in_a_few_steps() -> None:
    import random

    agent: Any = Agent()

    @agent.tool_plain
    async def fetch(url: str) -> float:
        return random.random()

    @fuzz.agent(agent, max_examples=20)
    def drive() -> None:
        pass

    with pytest.raises(fuzz.InvariantViolation) as caught:
        seed(3)(drive)()
    assert caught.value.name in ("streamed_and_whole_runs_agree", "the_same_script_gives_the_same_run")


def test_an_agent_with_a_handler_of_events_is_driven_like_any_other() -> None:
    seen: list[str] = []

    async def handler(ctx: RunContext[Any], events: Any) -> None:
        async for event in events:
            seen.append(event.event_kind)

    @fuzz.agent(equip(Agent(event_stream_handler=handler)), max_examples=5)
    def drive(run: Transcript) -> None:
        assert run.error or run.has_output

    drive()
    assert "part_start" in seen


def test_seeds_and_settings_on_top_of_the_decorator_count() -> None:
    def runs(number: int) -> list[str]:
        found: list[str] = []

        @seed(number)
        @fuzz.agent(Agent(), max_examples=5, drivers=["events"])
        def drive(run: Transcript) -> None:
            found.append(str(run))

        drive()
        return found

    assert runs(11) == runs(11) != runs(12)


def test_a_result_without_its_call_is_no_history() -> None:
    agent: Any = Agent(history_processors=[lambda messages: messages[-3:]])

    @agent.tool_plain
    def look_up(key: str) -> str:
        return key

    script = Script(responses=[[call("look_up", {"key": "a"})], [call("look_up", {"key": "b"})], ["done"]])
    with pytest.raises(fuzz.InvariantViolation, match="the reply that called for it is not"):
        fuzz.run_script(agent, script)
