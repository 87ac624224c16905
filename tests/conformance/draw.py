"""Scenarios drawn at random: outputs, tools, validators, scripts cut anywhere, histories, ways to run.

`draw_scenario` takes anything with the methods of `random.Random`, so a seed repeats a scenario, and Hypothesis shrinks.
Half of the scenarios use only what the kit's catalogue has; the other half what `wider.py` adds to it, too.
"""

from __future__ import annotations

from random import Random
from typing import Any

import wider  # pyright: ignore[reportMissingImports]  # beside this file, which is on the path
from draw_replies import (  # pyright: ignore[reportMissingImports]
    TOOLS,
    VALUES,
    answer,
    response,
    weighted,
)

VALIDATORS = ["retry_times", "upper", "mark", "reject_bad", "explode"]


def draw_scenario(rnd: Random, name: str = "drawn") -> dict[str, Any]:
    """A scenario in the kit's format, without `expected`."""
    wide = rnd.random() < 0.5
    outputs, known = sorted(VALUES), sorted(TOOLS)
    if wide:
        outputs = outputs if rnd.random() < 0.3 else sorted(wider.OUTPUTS)
        known = sorted([*TOOLS, *wider.TOOLS]) if rnd.random() < 0.3 else sorted(wider.TOOLS)
    output = rnd.choice(outputs)
    tools = rnd.sample(known, rnd.choice([0, 0, 1, 2, 3]))
    agent = _agent(rnd, output, tools, wide)
    script = [response(rnd, output, tools) for _ in range(rnd.choice([1, 2, 3, 4]))]
    script.append(answer(rnd, output))
    turns = [_turn(rnd, 0, tools, outputs)]
    if rnd.random() < (0.35 if wide else 0.25) and not _leaves_early(turns[0]["drive"]):
        turns.append(_turn(rnd, 1, tools, outputs))
    return {
        "format": 1,
        "id": name,
        "group": "drawn",
        "title": name,
        "agent": agent,
        "script": script,
        "turns": turns,
        "capture": ["tool_defs"],
    }


def _leaves_early(drive: dict[str, Any]) -> bool:
    """How much of the script the reference uses up after that is its own affair."""
    if drive["mode"] == "cancel":
        return True
    return any(key in drive for key in ("take", "stop_at", "handler_take"))


def _agent(rnd: Random, output: str, tools: list[str], wide: bool) -> dict[str, Any]:
    agent: dict[str, Any] = {"output": output}
    if tools:
        agent["tools"] = [_tool(rnd, tool) for tool in tools]
    if rnd.random() < 0.3:
        agent["end_strategy"] = rnd.choice(["early", "graceful", "exhaustive"])
    if rnd.random() < 0.3:
        agent["retries"] = rnd.choice([0, 1, 2, 3])
    if rnd.random() < 0.2:
        agent["output_retries"] = rnd.choice([0, 1, 2, 3])
    if rnd.random() < 0.04:
        agent["tool_timeout"] = rnd.choice([0.02, 5])
    if rnd.random() < 0.25:
        some = [*VALIDATORS, *wider.VALIDATORS] if wide else VALIDATORS
        agent["output_validators"] = [
            {"name": item, "times": rnd.choice([1, 2])} if item == "retry_times" else item
            for item in rnd.sample(some, rnd.choice([1, 1, 2]))
        ]
    if rnd.random() < 0.1:
        agent["instructions"] = rnd.choice(["Be brief.", ["Be brief.", "Be kind."]])
    if rnd.random() < 0.1:
        agent["instruction_functions"] = rnd.sample(["today", "user", "step", "silent"], 2)
    if rnd.random() < 0.1:
        agent["system_prompt"] = rnd.choice(["You are a bot.", ["One.", "Two."]])
    if rnd.random() < 0.1:
        agent["system_prompt_functions"] = [rnd.choice(["today", "user", {"name": "silent", "dynamic": True}])]
    if rnd.random() < 0.1:
        agent["deps"] = {"user": "Ada"}
    if wide:
        _more(rnd, agent, tools)
    return agent


def _more(rnd: Random, agent: dict[str, Any], tools: list[str]) -> None:
    """What `wider.py` knows of agents."""
    if rnd.random() < 0.15:
        agent["processors"] = rnd.sample(wider.PROCESSORS, rnd.choice([1, 1, 2]))
    if tools and rnd.random() < 0.15:
        agent["prepare"] = rnd.choice(wider.PREPARERS)
    if rnd.random() < 0.08:
        agent["prepare_output"] = rnd.choice(wider.OUTPUT_PREPARERS)
    if wider.IN_TOOLSETS & set(tools) and rnd.random() < 0.5:
        agent["combined"] = True
    if rnd.random() < 0.05:
        agent["model_settings"] = {"temperature": 0.5, "max_tokens": 100}


def _tool(rnd: Random, name: str) -> Any:
    spec: dict[str, Any] = {"name": name}
    if rnd.random() < 0.2:
        spec["retries"] = rnd.choice([0, 1, 2])
    if name in ("flaky", "flaky_ctx") and rnd.random() < 0.5:
        spec["fail_times"] = rnd.choice([0, 1, 2])
    if name in ("slow", "waits") and rnd.random() < 0.3:
        spec["timeout"] = rnd.choice([0.02, 5])
    return spec if len(spec) > 1 else name


# --------------------------------------------------------------------------- how it is run
def _turn(rnd: Random, number: int, tools: list[str], outputs: list[str]) -> dict[str, Any]:
    turn: dict[str, Any] = {"prompt": rnd.choice(["Hello", "Tell me of bees, please."])}
    if number:
        turn["history"] = "previous"
        if rnd.random() < 0.2:
            del turn["prompt"]
        if wider.DEFERRING & set(tools) and rnd.random() < 0.8:
            turn["answers"] = [
                rnd.choice(["true", "false", "denied", "changed", "retry", "return", "value", "value", "none"])
                for _ in range(rnd.choice([1, 2, 3]))
            ]
            if rnd.random() < 0.8:
                turn.pop("prompt", None)
    elif rnd.random() < 0.08:
        turn["history"] = _history(rnd, tools)
        if rnd.random() < 0.5:
            del turn["prompt"]
    if rnd.random() < 0.1:
        turn["usage_limits"] = rnd.choice(
            [
                {"request_limit": 1},
                {"request_limit": 2},
                {"tool_calls_limit": 1},
                {"tool_calls_limit": 0},
                {"output_tokens_limit": 5},
                {"output_tokens_limit": 20},
                {"total_tokens_limit": 70},
                {"input_tokens_limit": 60},
            ]
        )
    turn["drive"] = _drive(rnd)
    if rnd.random() < 0.05:
        turn["instructions"] = "In this run, rhyme."
    if rnd.random() < 0.05:
        turn["output"] = rnd.choice(outputs)
    if turn["drive"]["mode"].startswith("run_stream_sync"):
        turn.pop("instructions", None)
    return turn


def _history(rnd: Random, tools: list[str]) -> list[dict[str, Any]]:
    """Messages of an earlier conversation; it may end anywhere."""
    user = {"part_kind": "user-prompt", "content": "Once."}
    system = {"part_kind": "system-prompt", "content": "Old rules."}
    tool = rnd.choice([*tools, "get_weather"])
    args = rnd.choice({**TOOLS, **wider.TOOLS}[tool])
    asked = {"part_kind": "tool-call", "tool_name": tool, "args": args, "tool_call_id": "old1"}
    second = {**asked, "tool_call_id": "old2"}
    returned = {"part_kind": "tool-return", "tool_name": tool, "content": "Sunny", "tool_call_id": "old1"}
    refused = {"part_kind": "retry-prompt", "tool_name": tool, "content": "Wrong.", "tool_call_id": "old1"}
    said = {"part_kind": "text", "content": "Old answer."}
    thought = {"part_kind": "thinking", "content": "Old thought."}

    def request(*parts: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": "request", "parts": list(parts)}
        if rnd.random() < 0.2:
            found["instructions"] = "Old instructions."
        return found

    def reply(*parts: Any) -> dict[str, Any]:
        return {"kind": "response", "parts": list(parts), "model_name": "old"}

    first = request(*rnd.choice([[user], [system, user], [system]]))
    return rnd.choice(
        [
            [first],
            [first, reply(said)],
            [first, reply(thought, said), request(user)],
            [first, reply(asked)],
            [first, reply(said, asked, second)],
            [first, reply(asked), request(returned)],
            [first, reply(asked), request(refused)],
            [first, reply(asked), request(returned, user)],
            [first, reply(asked, second), request(returned)],
            [first, reply(asked), request(returned), reply(said)],
            [first, reply(thought)],
            [first, reply()],
            [first, first, reply(said), reply(said)],
            [reply(said)],
            [],
        ]
    )


def _drive(rnd: Random) -> dict[str, Any]:
    mode = weighted(
        rnd,
        [
            "run",
            "run_handler",
            "run_stream",
            "run_stream_handler",
            "run_stream_events",
            "iter",
            "run_stream_sync",
            "run_sync",
            "cancel",
            "run_sync_in_loop",
            "run_stream_sync_in_loop",
        ],
        [3, 1.5, 6, 1, 5, 2, 1, 0.5, 0.2, 0.03, 0.03],
    )
    drive: dict[str, Any] = {"mode": mode}
    if mode == "cancel":
        inner = _drive(rnd)
        while inner["mode"] == "cancel" or "sync" in inner["mode"] or _leaves_early(inner):
            inner = _drive(rnd)
        return {"mode": mode, "inner": inner, "after_chunks": rnd.choice([0, 1, 2, 4])}
    if mode in ("run_stream", "run_stream_handler", "run_stream_sync"):
        drive["steps"] = _steps(rnd, mode == "run_stream_sync")
    if mode in ("run_stream", "run_stream_handler") and rnd.random() < 0.1:
        drive["after"] = [{**step, "catch": True} for step in _steps(rnd, False)]
    if mode in ("run_handler", "run_stream_handler") and rnd.random() < 0.15:
        drive[rnd.choice(["handler_take", "handler_raise"])] = rnd.choice([1, 2, 4])
    if mode == "run_stream_events" and rnd.random() < 0.05:
        drive["take"] = rnd.choice([1, 2, 3, 5, 8])
    if mode == "iter":
        drive["stream"] = rnd.choice(["events", "model_events", "tool_events", "none", "steps"])
        if drive["stream"] == "steps":
            drive["steps"] = [{**step, "catch": True} for step in _steps(rnd, False)]
        if rnd.random() < 0.3:
            drive["advance"] = "next"
        elif rnd.random() < 0.1:
            drive["stop_at"] = rnd.choice(["UserPromptNode", "ModelRequestNode", "CallToolsNode"])
    return drive


def _steps(rnd: Random, sync: bool) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for _ in range(rnd.choice([1, 1, 1, 2, 3])):
        do = weighted(
            rnd,
            [
                "stream_text",
                "stream_output",
                "stream_responses",
                "get_output",
                "validate_response_output",
                "usage",
                "response",
                "all_messages",
                "new_messages",
                "is_complete",
                "raise",
            ],
            [4, 5, 2, 4, 0.5, 0.3, 0.3, 0.3, 0.3, 0.1, 0.1],
        )
        step: dict[str, Any] = {"do": do}
        if do == "stream_text":
            step["delta"] = rnd.random() < 0.5
        if do.startswith("stream_") and rnd.random() < 0.9:
            step["debounce_by"] = None
        if do == "validate_response_output":
            step["allow_partial"] = rnd.random() < 0.5
        if do.startswith("stream_") and rnd.random() < 0.1 and not sync:
            step["take"] = rnd.choice([1, 2])
            if rnd.random() < 0.3:
                step["close"] = "aclose"
        if rnd.random() < 0.5 and do != "raise":
            step["catch"] = True
        steps.append(step)
    return steps
