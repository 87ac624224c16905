"""Scenarios drawn at random from the kit's catalogue: outputs, tools, validators, scripts cut anywhere, ways to run.

`draw_scenario` takes anything with the methods of `random.Random`, so a seed repeats a scenario, and Hypothesis shrinks.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

CITIES = [{"name": "Paris", "population": 2161}, {"name": "Nowhere", "population": 1}, {"name": "X", "population": 0}]
BOXES = [{"width": 1, "height": 2, "depth": 3, "units": "cm"}]

# For each output: the values a model may send, good and bad, by output tool (None: as text).
VALUES: dict[str, dict[str | None, list[Any]]] = {
    "str": {},
    "int": {"final_result": [{"response": 7}, {"response": "12"}, {"response": "x"}, {}]},
    "bool": {"final_result": [{"response": True}, {"response": "no"}, {"response": 3}]},
    "City": {"final_result": [*CITIES, {"name": "Half"}, {}]},
    "Box": {"final_result": [*BOXES, {"width": 1}]},
    "Trip": {"final_result": [{"title": "T", "stops": CITIES}, {"title": "T", "stops": []}, {"stops": [{}]}]},
    "Point": {"final_result": [{"x": 1, "y": 2}, {"x": "1"}]},
    "Ticket": {"final_result": [{"code": "A1", "seats": [1, 2, 33]}, {"seats": []}, {"code": "B", "seats": ["x"]}]},
    "UserProfile": {
        "final_result": [{"name": "Ben", "dob": "1990-01-28", "bio": "Likes the chain"}, {}, {"dob": "yesterday"}]
    },
    "City|Box": {"final_result_City": CITIES, "final_result_Box": BOXES},
    "[City,Box]": {"final_result_City": CITIES, "final_result_Box": [*BOXES, {}]},
    "Box|str": {"final_result": BOXES},
    "[Box,str]": {"final_result": [*BOXES, {"width": "w"}]},
    "City|Box|str": {"final_result_City": CITIES, "final_result_Box": BOXES},
    "City|None": {"final_result_City": CITIES, "final_result_NoneType": [{"response": None}, {}]},
    "str|None": {},
    "list[str]": {
        "final_result": [{"response": ["a", "bc"]}, {"response": []}, {"response": '["q"]'}, {"response": 1}]
    },
    "list[City]": {"final_result": [{"response": CITIES}, {"response": [{}]}]},
    "dict[str,int]": {"final_result": [{"response": {"a": 1, "b": 22}}, {"response": {"a": "x"}}]},
    "list[str]|list[int]": {"final_result_list": [{"response": ["a"]}], "final_result_list_2": [{"response": [1, 22]}]},
    "tool:City": {"report_city": [*CITIES, {}]},
    "tool:City,retries=2": {"report_city": [*CITIES, {}]},
    "tool:City+Box": {"city": CITIES, "box": BOXES},
    "text_fn:split_words": {},
    "text_fn:short_only": {},
    "fn:describe_city": {"final_result": [*CITIES, {"name": 1}]},
    "fn:check_city": {"final_result": [*CITIES, {}]},
    "fn:describe_city|str": {"final_result": CITIES},
    "native:City": {None: [*CITIES, {}]},
    "prompted:City": {None: [*CITIES, {}]},
}
TOOLS: dict[str, list[Any]] = {
    "get_weather": [{"city": "Paris"}, {"town": "Paris"}, {}],
    "add": [{"a": 1, "b": 2}, {"a": "1", "b": "2"}, {"a": 1}, {"a": 1, "b": 2, "c": 3}],
    "flaky": [{"x": 1}, {"x": "y"}],
    "flaky_ctx": [{"x": 1}],
    "broken": [{}, {"x": 2}],
    "whoami": [{}, {"ctx": 1}],
    "get_forecast": [{"city": "Rome"}, {"city": "Rome", "days": 1, "unit": "f"}, {"city": "Rome", "unit": "k"}],
    "nothing": [{}],
    "ping": [{}, {"x": 1}],
    "rich": [{"topic": "bees"}],
    "seq": [{"label": "a"}, {"label": "b", "ms": 1}],
    "save_city": [{"city": CITIES[0]}, {"city": {}}, CITIES[0]],
    "make_city": [{"name": "Bonn"}],
}
TEXTS = [
    "Hello there, world.",
    "",
    " ",
    "bad",
    "A good answer: yes",
    "Größe 🙂 ok",
    "12",
    "a, b, c and some more words",
]
JSON_TEXTS = [
    json.dumps(CITIES[0]),
    '```json\n{"name": "Paris", "population": 3}\n```',
    '{"response": ["a"]}',
    '{"result": {"kind": "City", "data": {"name": "P", "population": 1}}}',
    "{}",
    "[1, 2",
]
VALIDATORS = ["retry_times", "upper", "mark", "reject_bad"]


def draw_scenario(rnd: Random, name: str = "drawn") -> dict[str, Any]:
    """A scenario in the kit's format, without `expected`."""
    output = rnd.choice(sorted(VALUES))
    tools = rnd.sample(sorted(TOOLS), rnd.choice([0, 0, 1, 2, 3]))
    agent: dict[str, Any] = {"output": output}
    if tools:
        agent["tools"] = [_tool(rnd, tool) for tool in tools]
    if rnd.random() < 0.3:
        agent["end_strategy"] = rnd.choice(["early", "graceful", "exhaustive"])
    if rnd.random() < 0.3:
        agent["retries"] = rnd.choice([0, 1, 2, 3])
    if rnd.random() < 0.2:
        agent["output_retries"] = rnd.choice([0, 1, 2, 3])
    if rnd.random() < 0.25:
        agent["output_validators"] = [
            {"name": item, "times": rnd.choice([1, 2])} if item == "retry_times" else item
            for item in rnd.sample(VALIDATORS, rnd.choice([1, 1, 2]))
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
    script = [_response(rnd, output, tools) for _ in range(rnd.choice([1, 2, 3, 4]))]
    script.append(_answer(rnd, output))
    turns = [_turn(rnd, number, output) for number in range(rnd.choice([1, 1, 1, 2]))]
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


def _weighted(rnd: Random, items: list[str], weights: list[float]) -> str:
    """One of `items`; those of no weight never. The first is the simplest, where Hypothesis shrinks."""
    point = rnd.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        point -= weight
        if point < 0:
            return item
    return next(item for item, weight in zip(items, weights, strict=True) if weight)


def _tool(rnd: Random, name: str) -> Any:
    spec: dict[str, Any] = {"name": name}
    if rnd.random() < 0.2:
        spec["retries"] = rnd.choice([0, 1, 2])
    if name in ("flaky", "flaky_ctx") and rnd.random() < 0.5:
        spec["fail_times"] = rnd.choice([0, 1, 2])
    return spec if len(spec) > 1 else name


# --------------------------------------------------------------------------- what the model says
def _answer(rnd: Random, output: str) -> dict[str, Any]:
    """A response that is likely to be a good output."""
    values = VALUES[output]
    if not values or rnd.random() < 0.1:
        return {"chunks": _chunks(rnd, [_text(rnd, rnd.choice(TEXTS))])}
    tool = rnd.choice(sorted(values, key=str))
    value = values[tool][0]
    if tool is None:
        return {"chunks": _chunks(rnd, [_text(rnd, json.dumps(value))])}
    return {"chunks": _chunks(rnd, [_call(rnd, tool, value, 0)])}


def _response(rnd: Random, output: str, tools: list[str]) -> dict[str, Any]:
    parts: list[list[dict[str, Any]]] = []
    for index in range(rnd.choice([1, 1, 1, 2, 2, 3])):
        kind = _weighted(
            rnd,
            ["text", "thinking", "tool", "output", "unknown", "builtin", "empty", "raise"],
            [3, 2, 5 if tools else 0, 5, 0.5, 0.7, 0.2, 0.1],
        )
        if kind == "text":
            parts.append(_text(rnd, rnd.choice(TEXTS if rnd.random() < 0.8 else JSON_TEXTS)))
        elif kind == "thinking":
            parts.append(_thinking(rnd, index))
        elif kind == "tool":
            tool = rnd.choice(tools)
            values = TOOLS[tool]
            parts.append(_call(rnd, tool, values[0] if rnd.random() < 0.7 else rnd.choice(values), index))
        elif kind == "output":
            known = VALUES[output]
            if not known:
                parts.append(_text(rnd, rnd.choice(TEXTS)))
                continue
            name = rnd.choice(sorted(known, key=str))
            value = rnd.choice(known[name])
            if name is None:
                parts.append(_text(rnd, json.dumps(value)))
            else:
                parts.append(_call(rnd, name, value, index))
        elif kind == "unknown":
            parts.append(_call(rnd, "nope", {"x": 1}, index))
        elif kind == "builtin":
            parts.append(_builtin(rnd, index))
        elif kind == "empty":
            parts.append([{"empty": True}])
        else:
            error = rnd.choice(["RuntimeError", "ValueError", "ConnectionError"])
            parts.append([{"raise": {"type": error, "message": "the model broke"}}])
    return {"chunks": _chunks(rnd, parts)}


def _cut(rnd: Random, text: str) -> list[str]:
    if not text:
        return [text]
    places = sorted(rnd.sample(range(len(text) + 1), min(len(text), rnd.choice([0, 1, 1, 2, 3, 5]))))
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


def _text(rnd: Random, text: str) -> list[dict[str, Any]]:
    return [{"text": piece} for piece in _cut(rnd, text)]


def _thinking(rnd: Random, index: int) -> list[dict[str, Any]]:
    pieces = [{"index": index, "content": piece} for piece in _cut(rnd, rnd.choice(["Hm. Let me see.", "So"])) if piece]
    if rnd.random() < 0.4:
        rnd.choice([pieces[0], pieces[-1]])["signature"] = "sig"
    if rnd.random() < 0.2:
        pieces.append({"index": index, "signature": "late"})
    return [{"thinking": [piece]} for piece in pieces]


def _call(rnd: Random, name: str, args: Any, index: int) -> list[dict[str, Any]]:
    first: dict[str, Any] = {"index": index, "name": name}
    if rnd.random() < 0.8:
        first["id"] = f"{name[:2]}{index}"
    if rnd.random() < 0.1:
        return [{"tool_calls": [{**first, "args": args}]}]
    text = json.dumps(args, separators=rnd.choice([(",", ":"), (", ", ": ")]))
    if args == {} and rnd.random() < 0.5:
        text = rnd.choice(["", "{}"])
    if rnd.random() < 0.05:
        text = text[: len(text) // 2]
    pieces = _cut(rnd, text)
    if rnd.random() < 0.5:
        first["args"] = pieces.pop(0)
    return [{"tool_calls": [first]}, *({"tool_calls": [{"index": index, "args": piece}]} for piece in pieces)]


def _builtin(rnd: Random, index: int) -> list[dict[str, Any]]:
    call_id = f"b{index}"
    call = {
        "index": 10 + index,
        "part_kind": "builtin-tool-call",
        "tool_name": "web_search",
        "args": rnd.choice(['{"q": "bees"}', {"q": "bees"}]),
        "tool_call_id": call_id,
        "provider_name": "function",
    }
    found = {
        "index": 20 + index,
        "part_kind": "builtin-tool-return",
        "tool_name": "web_search",
        "content": rnd.choice([{"n": 3}, "three"]),
        "tool_call_id": call_id,
        "provider_name": "function",
    }
    return [{"builtin": [call]}, {"builtin": [found]}]


def _chunks(rnd: Random, parts: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The pieces of all parts, one part after the other or interleaved."""
    if rnd.random() < 0.85:
        return [chunk for part in parts for chunk in part]
    queues = [list(part) for part in parts if part]
    chunks: list[dict[str, Any]] = []
    while queues:
        queue = rnd.choice(queues)
        chunks.append(queue.pop(0))
        queues = [queue for queue in queues if queue]
    return chunks


# --------------------------------------------------------------------------- how it is run
def _turn(rnd: Random, number: int, output: str) -> dict[str, Any]:
    turn: dict[str, Any] = {"prompt": rnd.choice(["Hello", "Tell me of bees, please."])}
    if number:
        turn["history"] = "previous"
        if rnd.random() < 0.2:
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
    if rnd.random() < 0.05 and turn["drive"]["mode"] != "run_stream_sync":
        turn["instructions"] = "In this run, rhyme."
    if rnd.random() < 0.05:
        turn["output"] = rnd.choice(sorted(VALUES))
    if turn["drive"]["mode"] in ("run_stream", "run_stream_handler", "run_stream_sync"):
        turn.pop("instructions", None)
    return turn


def _drive(rnd: Random) -> dict[str, Any]:
    mode = _weighted(
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
        ],
        [3, 1.5, 6, 1, 5, 2, 1, 0.5],
    )
    drive: dict[str, Any] = {"mode": mode}
    if mode in ("run_stream", "run_stream_handler", "run_stream_sync"):
        drive["steps"] = _steps(rnd, mode == "run_stream_sync")
    if mode in ("run_handler", "run_stream_handler") and rnd.random() < 0.15:
        drive[rnd.choice(["handler_take", "handler_raise"])] = rnd.choice([1, 2, 4])
    if mode == "iter":
        drive["stream"] = rnd.choice(["events", "model_events", "tool_events", "none", "steps"])
        if drive["stream"] == "steps":
            drive["steps"] = [{**step, "catch": True} for step in _steps(rnd, False)]
        if rnd.random() < 0.3:
            drive["advance"] = "next"
    return drive


def _steps(rnd: Random, sync: bool) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for _ in range(rnd.choice([1, 1, 1, 2, 3])):
        do = _weighted(
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
            ],
            [4, 5, 2, 4, 0.5, 0.3, 0.3, 0.3, 0.3],
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
        if rnd.random() < 0.5:
            step["catch"] = True
        steps.append(step)
    return steps
