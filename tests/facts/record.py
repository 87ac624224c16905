"""Facts about the reference: what it makes of many inputs, kept in `reference.json`, and compared with Playhead.

    REFERENCE tests/facts/record.py            # with an interpreter that has pydantic-ai-slim 1.85.1: write the file
    REFERENCE tests/facts/record.py --check    # the same, but only say whether the file still holds

The suite compares Playhead with the file (`test_facts.py`), so that it needs no second environment.
"""

import importlib
import json
import logging
import sys
import warnings
from pathlib import Path
from typing import Any

import pydantic

ROOMS = ["calls", "docstrings", "message_values", "output_texts", "output_types", "signatures", "toolset_kinds"]
FILE = Path(__file__).with_name("reference.json")
PYDANTIC = ".".join(pydantic.VERSION.split(".")[:2])


def facts(package: str, room: str) -> dict[str, Any]:
    """The facts of a room, as JSON gives them back."""
    if __package__:
        module, load = (
            importlib.import_module(f"{__package__}.{room}"),
            importlib.import_module(f"{__package__}.api").load,
        )
    else:
        sys.path.insert(0, str(Path(__file__).parents[2]))
        module, load = importlib.import_module(f"tests.facts.{room}"), importlib.import_module("tests.facts.api").load
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return json.loads(json.dumps(module.facts(load(package))))


def main() -> int:
    """Write or check the file."""
    logging.disable()
    found = {room: facts("pydantic_ai", room) for room in ROOMS}
    if "--check" not in sys.argv:
        text = ",\n".join(
            json.dumps(room) + ": {\n" + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in of.items()) + "\n}"
            for room, of in found.items()
        )
        FILE.write_text(f'{{\n"pydantic": {json.dumps(PYDANTIC)},\n{text}\n}}\n', "utf-8")
        print(f"{sum(map(len, found.values()))} facts written")
        return 0
    kept = json.loads(FILE.read_text("utf-8"))
    wrong = [
        (room, key)
        for room in ROOMS
        for key in found[room].keys() | kept[room].keys()
        if found[room].get(key) != kept[room].get(key)
    ]
    for room, key in wrong[:20]:
        print(f"{room}: {key}\n  file: {kept[room].get(key)}\n  now:  {found[room].get(key)}")
    print(f"{sum(map(len, found.values()))} facts, {len(wrong)} of them not as in the file")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
