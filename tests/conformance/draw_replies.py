"""What a model says in drawn scenarios: parts cut anywhere, good arguments and bad ones, one after the other or interleaved."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import wider  # pyright: ignore[reportMissingImports]  # beside this file, which is on the path

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
    "slow": [{"label": "a", "ms": 1}, {"label": "b", "ms": 40}],
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


def weighted(rnd: Random, items: list[str], weights: list[float]) -> str:
    """One of `items`; those of no weight never. The first is the simplest, where Hypothesis shrinks."""
    point = rnd.random() * sum(weights)
    for item, weight in zip(items, weights, strict=True):
        point -= weight
        if point < 0:
            return item
    return next(item for item, weight in zip(items, weights, strict=True) if weight)


# --------------------------------------------------------------------------- what the model says
def answer(rnd: Random, output: str) -> dict[str, Any]:
    """A response that is likely to be a good output."""
    values = _values(output)
    if not values or rnd.random() < 0.1:
        return {"chunks": _chunks(rnd, [_text(rnd, rnd.choice(TEXTS))])}
    tool = rnd.choice(sorted(values, key=str))
    value = values[tool][0]
    if tool is None:
        return {"chunks": _chunks(rnd, [_text(rnd, json.dumps(value))])}
    return {"chunks": _chunks(rnd, [call(rnd, tool, value, 0)])}


def _values(output: str) -> dict[str | None, list[Any]]:
    return VALUES[output] if output in VALUES else wider.OUTPUTS[output]


def response(rnd: Random, output: str, tools: list[str]) -> dict[str, Any]:
    """A response of any kind: text, thinking, calls good and bad, native tools, errors, nothing at all."""
    if rnd.random() < 0.01:
        return {"chunks": []}
    parts: list[list[dict[str, Any]]] = []
    for index in range(rnd.choice([1, 1, 1, 2, 2, 3])):
        kind = weighted(
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
            values = TOOLS[tool] if tool in TOOLS else wider.TOOLS[tool]
            parts.append(call(rnd, tool, values[0] if rnd.random() < 0.7 else rnd.choice(values), index))
        elif kind == "output":
            known = _values(output)
            if not known:
                parts.append(_text(rnd, rnd.choice(TEXTS)))
                continue
            name = rnd.choice(sorted(known, key=str))
            value = rnd.choice(known[name])
            if name is None:
                parts.append(_text(rnd, json.dumps(value)))
            else:
                parts.append(call(rnd, name, value, index))
        elif kind == "unknown":
            parts.append(call(rnd, "nope", {"x": 1}, index))
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
    content = rnd.choice(["Hm. Let me see.", "So"])
    pieces = [{"index": index, "content": piece} for piece in _cut(rnd, content) if piece or rnd.random() < 0.1]
    if rnd.random() < 0.4:
        rnd.choice([pieces[0], pieces[-1]])["signature"] = "sig"
    if rnd.random() < 0.2:
        pieces.append({"index": index, "signature": "late"})
    return [{"thinking": [piece]} for piece in pieces]


def call(rnd: Random, name: str, args: Any, index: int) -> list[dict[str, Any]]:
    """The deltas of a call. Some models send the name in pieces, or what it is called by later, or the same id twice."""
    first: dict[str, Any] = {"index": index, "name": name}
    if rnd.random() < 0.8 or name in wider.DEFERRING:
        first["id"] = f"{name[:2]}{index}" if rnd.random() < 0.97 else "same"
    if rnd.random() < 0.1:
        deltas = [{**first, "args": args}]
        return [{"tool_calls": [delta]} for delta in (_odd(rnd, deltas) if rnd.random() < 0.1 else deltas)]
    text = json.dumps(args, separators=rnd.choice([(",", ":"), (", ", ": ")]))
    if args == {} and rnd.random() < 0.5:
        text = rnd.choice(["", "{}"])
    if rnd.random() < 0.05:
        text = text[: len(text) // 2]
    pieces = _cut(rnd, text)
    if rnd.random() < 0.5:
        first["args"] = pieces.pop(0)
    deltas = [first, *({"index": index, "args": piece} for piece in pieces)]
    if rnd.random() < 0.06:
        deltas = _odd(rnd, deltas)
    return [{"tool_calls": [delta]} for delta in deltas]


def _odd(rnd: Random, deltas: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same call, told in an unusual way."""
    first, rest = deltas[0], deltas[1:]
    index, name = first["index"], first["name"]
    way = rnd.choice(["name in pieces", "late name", "late id", "id again", "other id", "no name", "mixed"])
    if way == "name in pieces":
        place = rnd.randint(0, len(name))
        return [{**first, "name": name[:place]}, {"index": index, "name": name[place:]}, *rest]
    if way == "late name":
        del first["name"]
        return [first, *rest, {"index": index, "name": name}]
    if way == "late id":
        first.pop("id", None)
        return [first, *rest, {"index": index, "id": f"late{index}"}]
    if way == "id again" and "id" in first:
        return [first, *({**delta, "id": first["id"]} for delta in rest)]
    if way == "other id":
        return [first, *rest, {"index": index, "id": "other"}]
    if way == "no name":
        del first["name"]
        return [first, *rest]
    if way == "mixed":
        return [first, *rest, {"index": index, "args": {"more": 1}}]
    return deltas


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
    """The pieces of all parts, one part after the other or interleaved; some of them in one chunk, some late."""
    chunks: list[dict[str, Any]] = []
    if rnd.random() < 0.85:
        chunks = [chunk for part in parts for chunk in part]
    else:
        queues = [list(part) for part in parts if part]
        while queues:
            queue = rnd.choice(queues)
            chunks.append(queue.pop(0))
            queues = [queue for queue in queues if queue]
    if rnd.random() < 0.05:
        chunks = _joined(rnd, chunks)
    if chunks and rnd.random() < 0.02:
        chunks.insert(rnd.randrange(len(chunks)), {"wait_ms": 1})
    return chunks


def _joined(rnd: Random, chunks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neighbours of one kind in one chunk, as a model sends them that has much to say; each index once in a chunk."""
    joined: list[dict[str, Any]] = []
    for chunk in chunks:
        kind = next(iter(chunk))
        if joined and kind in joined[-1] and kind in ("thinking", "tool_calls", "builtin") and rnd.random() < 0.7:
            both = [*joined[-1][kind], *chunk[kind]]
            if len({item["index"] for item in both}) == len(both):
                joined[-1] = {kind: both}
                continue
        joined.append(chunk)
    return joined
