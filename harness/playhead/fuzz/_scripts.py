"""Strategies for scripts: what a model might answer to an agent, with the agent's own tools and outputs and nothing else.

What an agent has is asked of the agent itself: it runs once against a model that notes the request's parameters and
stops. So a Playhead agent and a pydantic-ai agent are asked alike, and prepared or dynamic tools are seen as they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, NoReturn, TypeAlias, cast

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from playhead.fuzz._json import ample, args_texts, hostile_texts, json_for, nearly_json_for
from playhead.fuzz._loop import LoopRunner
from playhead.messages import ModelMessage, ModelRequestParameters, ModelSettings, ToolDefinition
from playhead.models import (
    Model,
    Script,
    ScriptedModel,
    as_response,
    builtin_call,
    builtin_return,
    call,
    finish,
    interleave,
    refusal,
    text,
    thinking,
    usage,
)

__all__ = ["Arguments", "parameters_of", "responses_for", "scripts", "sliced_scripts", "small_scripts"]

Arguments: TypeAlias = Literal["valid", "nearly", "hostile"]
"""How the arguments of calls relate to their schemas: they fit, they almost fit, or they may be no JSON at all."""

_SAID = (
    *("It is", " sunny", "\n", "é", "👩‍👩‍👧", "naïve", " 21°", "", "a\n- b", '{"', "data: "),
    *("**b** `c`", "```py\nx\n```", "<think>so</think>", "[a](b)"),
)
_words = st.sampled_from(_SAID)


def _cut(texts: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """A text in pieces, cut anywhere; shrinks to one piece. Places are drawn beside the text: that is quicker, and shrinks
    better, than places that depend on it."""

    def pieces(drawn: tuple[str, list[int]]) -> list[str]:
        whole, places = drawn
        cuts = sorted({1 + place % (len(whole) - 1) for place in places}) if len(whole) > 1 else []
        return [whole[start:end] for start, end in pairwise([0, *cuts, len(whole)])]

    return st.tuples(texts, st.lists(st.integers(0, 99), max_size=6)).map(pieces)


def _sayings(words: st.SearchStrategy[str]) -> st.SearchStrategy[list[str]]:
    """Texts in pieces: a piece is a word, or what a cut leaves of one, as tokenizers and networks do."""
    whole = st.lists(words, min_size=1, max_size=4)
    return whole | _cut(whole.map("".join))


_pieces = _sayings(_words | st.text(st.characters(codec="utf-8"), max_size=8))
_answer_pieces = _sayings(st.sampled_from([word for word in _SAID if word]))


class _Asked(BaseException):
    """Ends the run that only asks; a `BaseException`, so that no agent retries it."""


class _Probe(Model):
    """Notes what it is asked with, and stops."""

    def __init__(self) -> None:
        super().__init__(
            profile=ScriptedModel().profile
        )  # what will play the scripts, and supports every way to answer
        self.parameters: ModelRequestParameters | None = None

    @property
    def model_name(self) -> str:
        return "probe"

    @property
    def system(self) -> str:
        return "playhead"

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> NoReturn:
        self.parameters = model_request_parameters
        raise _Asked

    def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,
    ) -> NoReturn:
        self.parameters = model_request_parameters  # asked so by agents that have a handler of events
        raise _Asked


def parameters_of(agent: Any, **run_kwargs: Any) -> ModelRequestParameters:
    """The tools and outputs that `agent` offers its model in a run with `run_kwargs` (such as `deps`)."""
    probe = _Probe()
    model: Any = probe
    if any(kind.__module__.partition(".")[0] == "pydantic_ai" for kind in type(agent).__mro__):
        from playhead.integrations.pydantic_ai import as_model

        model = as_model(probe)

    async def ask() -> None:
        try:
            await agent.run("What can you do?", model=model, **run_kwargs)
        except (_Asked, asyncio.CancelledError):
            pass

    with LoopRunner() as loop:
        loop.run(ask())
    if probe.parameters is None:
        raise RuntimeError(f"{agent!r} finished without asking its model, so its tools are not known.")
    return probe.parameters


def scripts(
    agent: Any,
    *,
    arguments: Sequence[Arguments] = ("valid", "nearly", "hostile"),
    rounds: int = 3,
    refusals: bool = True,
    **run_kwargs: Any,
) -> st.SearchStrategy[Script]:
    """Scripts that a model of `agent` might play: rounds of calls (also parallel and interleaved), then an answer.

    `arguments` says how the arguments of calls relate to their schemas, `rounds` how often tools are called at most.
    After the answer come further ones, so that a run that asks again (a retry) finds a response. `run_kwargs` are those
    of the agent's runs, as far as its tools depend on them.
    """
    parameters = parameters_of(agent, **run_kwargs)
    found = _scripts_for(parameters, arguments, rounds, refusals)
    if "valid" in arguments and len(arguments) > 1:
        # Where any call may be wrong, few runs get far; so every second script is one without a wrong call.
        return _scripts_for(parameters, ("valid",), rounds, False) | found
    return found


_TOOLS_MAX = 6


def small_scripts(agent: Any, **run_kwargs: Any) -> list[Script]:
    """The scripts to try before any is drawn: each tool once, twice at the same time, and in two rounds, with the smallest
    valid arguments, and once with ample ones; and answers, small and ample, in pieces. Most bugs need no more, and what
    fails here can be read as it is.

    The tools that were given last come first, because they are those that may count on the others.
    """
    parameters = parameters_of(agent, **run_kwargs)
    answer = _smallest(responses_for(parameters, arguments=("valid",), refusals=False))
    if answer is None:
        return []
    tools = parameters.function_tools[: -_TOOLS_MAX - 1 : -1]
    calls = [_smallest(_call(tool, ("valid",))) for tool in tools]
    calls = [one for one in calls if one is not None]
    rounds: list[list[list[Any]]] = [
        *([[one]] for one in calls),
        [],
        *([[one, one]] for one in calls),
        *([[one], [one]] for one in calls),
        *([[call(tool.name, [said])]] for tool in tools if (said := _ample_text(tool.parameters_json_schema))),
    ]
    played = [[*turns, answer] for turns in rounds]
    for tool in parameters.output_tools[:_TOOLS_MAX]:
        if said := _ample_text(tool.parameters_json_schema):
            played.append([[call(tool.name, _in_pieces(said))], answer])
    if parameters.output_object is not None and (said := _ample_text(parameters.output_object.json_schema)):
        played.append([[text(*_in_pieces(said))], answer])
    return [Script(responses=[as_response(steps) for steps in turns]) for turns in played]


def _ample_text(schema: Any) -> str:
    try:
        return json.dumps(ample(schema))
    except LookupError:
        return ""


def _in_pieces(said: str) -> list[str]:
    """Pieces of five characters: few enough to be read, small enough to end anywhere."""
    return [said[start : start + 5] for start in range(0, len(said), 5)]


def sliced_scripts(agent: Any, **run_kwargs: Any) -> list[Script]:
    """Scripts to try on what reads events, before any is drawn: texts, thoughts and calls that come letter by letter, texts
    cut near their ends, and two calls whose letters take turns."""
    parameters = parameters_of(agent, **run_kwargs)
    answer = _smallest(responses_for(parameters, arguments=("valid",), refusals=False))
    if answer is None:
        return []
    calls = [_smallest(_call(tool, ("valid",))) for tool in parameters.function_tools[:2]]
    slow = [call(one.call.name, list(one.call.args[0])) for one in calls if one is not None and one.call.args]
    turns: list[list[list[Any]]] = [[[one], answer] for one in slow]
    turns += [[[interleave(one, one)], answer] for one in slow]
    turns += [[[text("It", " is"), one, text("so", "")], answer] for one in slow]
    turns.append([[*(_by_letters(step) for step in answer)]])
    turns.append([[thinking("So", "", " so", signature="c2ln"), *answer]])
    if parameters.allow_text_output:
        words = [word for word in _SAID if len(word) > 1]
        said = [text(*pieces) for word in words for pieces in (word, (word[:1], word[1:]), (word[:-1], word[-1:]))]
        plain = parameters.output_object is None
        turns += [[[step, *(() if plain else answer)]] for step in said]
        turns.append(
            [[text("It", "", " is", " is"), thinking("So"), text("\n", "\n", "so"), *(() if plain else answer)]]
        )
    return [Script(responses=[as_response(steps) for steps in one]) for one in turns]


def _by_letters(step: Any) -> Any:
    if hasattr(step, "call"):
        return call(step.call.name, list("".join(step.call.args)))
    return text(*"".join(step.text.chunks)) if hasattr(step, "text") else step


def _smallest(strategy: st.SearchStrategy[Any]) -> Any:
    """What a strategy shrinks to: Hypothesis begins with it. None for one that draws nothing at first."""
    first = settings(
        database=None,
        deadline=None,
        derandomize=True,
        max_examples=1,
        phases=[Phase.generate],
        suppress_health_check=cast("list[HealthCheck]", list(HealthCheck)),
    )
    try:
        return find(strategy, lambda _: True, settings=first)
    except NoSuchExample:
        return None


def _scripts_for(
    parameters: ModelRequestParameters, arguments: Sequence[Arguments], rounds: int, refusals: bool
) -> st.SearchStrategy[Script]:
    answer = responses_for(parameters, arguments=arguments, final=True, refusals=refusals)
    turn = responses_for(parameters, arguments=arguments, final=False, refusals=False)
    # A run may ask again after each answer that is not accepted; what is valid is accepted at once.
    valid = responses_for(parameters, arguments=("valid",), final=True, refusals=False)
    turns = st.lists(turn, max_size=rounds) if parameters.function_tools else st.just([])
    return st.tuples(turns, st.lists(answer, max_size=2), valid).map(
        lambda drawn: Script(responses=[as_response(steps) for steps in (*drawn[0], *drawn[1], drawn[2])])
    )


def responses_for(
    parameters: ModelRequestParameters,
    *,
    arguments: Sequence[Arguments] = ("valid", "nearly", "hostile"),
    final: bool = True,
    refusals: bool = True,
) -> st.SearchStrategy[list[Any]]:
    """One response's steps: an answer (`final`), or calls of function tools."""
    heads = _heads() if parameters.allow_text_output or not final else st.just([])
    if final:
        body = _answers(parameters, arguments)
        if refusals:
            body = body | st.lists(_words, min_size=1, max_size=2).map(lambda pieces: [refusal(*pieces)])
    else:
        # Most models speak before they call; some go on after it.
        body = st.tuples(
            _calls(parameters.function_tools, arguments), st.lists(_texts() | _thoughts(), max_size=1)
        ).map(lambda drawn: [*drawn[0], *drawn[1]])
    tails = st.lists(_usages(), max_size=1)
    ends = (
        st.sampled_from([[], [], [], [finish("length")], [finish("stop")]]) if "hostile" in arguments else st.just([])
    )
    return st.tuples(heads, body, tails, ends).map(lambda drawn: [step for steps in drawn for step in steps])


def _heads() -> st.SearchStrategy[list[Any]]:
    """What comes before an answer or calls: thinking, text, or both in turn, after a tool that the provider runs."""
    said = _thoughts() | _texts()
    native = st.tuples(_words, st.lists(_thoughts(), max_size=1)).map(
        lambda drawn: [
            builtin_call("web_search", {"query": drawn[0]}),
            builtin_return("web_search", "found"),
            *drawn[1],
        ]
    )
    return st.one_of(st.just([]), said.map(lambda step: [step]), st.lists(said, min_size=2, max_size=3), native)


def _texts() -> st.SearchStrategy[Any]:
    return _pieces.map(lambda pieces: text(*pieces))


def _thoughts() -> st.SearchStrategy[Any]:
    return st.tuples(_pieces, st.none() | st.just("c2ln")).map(lambda drawn: thinking(*drawn[0], signature=drawn[1]))


def _usages() -> st.SearchStrategy[Any]:
    counts = st.integers(0, 99)
    return st.tuples(counts, counts).map(lambda drawn: usage(input_tokens=drawn[0], output_tokens=drawn[1]))


def _answers(parameters: ModelRequestParameters, arguments: Sequence[Arguments]) -> st.SearchStrategy[list[Any]]:
    options: list[st.SearchStrategy[list[Any]]] = []
    for tool in parameters.output_tools:
        options.append(_call(tool, arguments).map(lambda step: [step]))
    if parameters.output_object is not None:
        schema = parameters.output_object.json_schema
        options.append(_cut(_texts_of(schema, arguments)).map(lambda pieces: [text(*pieces)]))
    elif parameters.allow_text_output:
        options.append(_answer_pieces.map(lambda pieces: [text(*pieces)]))
    return st.one_of(options) if options else st.just([])


def _calls(tools: Sequence[ToolDefinition], arguments: Sequence[Arguments]) -> st.SearchStrategy[list[Any]]:
    one = st.sampled_from(tools).flatmap(lambda tool: _call(tool, arguments))
    several = st.lists(one, min_size=2, max_size=3)
    return st.lists(one, min_size=1, max_size=3) | several.map(lambda calls: [interleave(*calls)])


def _call(tool: ToolDefinition, arguments: Sequence[Arguments]) -> st.SearchStrategy[Any]:
    return _cut(_texts_of(tool.parameters_json_schema, arguments)).map(lambda drawn: call(tool.name, drawn))


def _texts_of(schema: Any, arguments: Sequence[Arguments]) -> st.SearchStrategy[str]:
    valid = args_texts(json_for(schema))
    ways: dict[str, st.SearchStrategy[str]] = {
        "valid": valid,
        "nearly": nearly_json_for(schema).map(json.dumps),
        "hostile": hostile_texts(valid),
    }
    return st.one_of([ways[name] for name in ways if name in arguments])
