"""Scripts in files: YAML (or JSON, which is YAML) in, a `Script` out, with errors that name file, line and nearest key."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from playhead.exceptions import ScriptError
from playhead.models._script import Script

__all__ = ["dump_script", "load_script", "parse_script", "script_schema"]

_SIZE_BYTES_MAX = 20_000_000


def load_script(path: str | PathLike[str]) -> Script:
    """The script in a YAML file.

    `ScriptError` names file, line and the nearest valid key; `FileNotFoundError` where there is no file.
    """
    file = Path(path)
    if file.stat().st_size > _SIZE_BYTES_MAX:
        raise ScriptError(f"{path}: a script of {file.stat().st_size} bytes is too large", "Split it into several.")
    try:
        source = file.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: not UTF-8 at byte {error.start}", "Save the file as UTF-8.") from None
    return parse_script(source, name=str(path))


def parse_script(source: str, *, name: str = "script") -> Script:
    """The script in YAML text. `name` stands for the file in errors, which are `ScriptError`s."""
    import yaml

    try:
        root = yaml.compose(source, Loader=yaml.SafeLoader)
        data = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ScriptError(f"{name}{line}: not YAML: {error.problem or error}", "See docs/scripts.md.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScriptError(f"{name}: not YAML: {error}", "See docs/scripts.md.") from None
    if isinstance(data, list):
        data, prefix = {"responses": data}, 1  # pyright: ignore[reportUnknownVariableType]
    else:
        prefix = 0
    if data is None:
        raise ScriptError(f"{name}: the script is empty", "Write a list of `responses`; see docs/scripts.md.")
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        found = [_explain(name, root, details, prefix) for details in error.errors(include_url=False)]
        raise ScriptError("\n".join(dict.fromkeys(found)), "See docs/scripts.md for the keys of each step.") from None


def dump_script(script: Script) -> str:
    """The script as YAML text that `parse_script` reads back."""
    import yaml

    return yaml.safe_dump(script.model_dump(), sort_keys=False, allow_unicode=True, width=100)


def script_schema() -> dict[str, Any]:
    """The JSON schema of script files, for editors."""
    schema = Script.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Playhead script", **schema}


def _explain(name: str, root: Any, details: ErrorDetails, prefix: int) -> str:
    location = [item for item in details["loc"]][prefix:]
    line = _line(root, location)
    where = f"{name}:{line}" if line else name
    message = details["msg"]
    if details["type"] == "extra_forbidden":
        key = str(location[-1])
        message = f"unknown key {key!r}{_nearest(key, _known_keys(location[:-1]))}"
    elif details["type"] == "union_tag_invalid":
        context: dict[str, Any] = details.get("ctx") or {}
        key = str(context["tag"])
        known = [tag.strip(" '") for tag in str(context["expected_tags"]).split(",")]
        message = f"unknown step {key!r}{_nearest(key, known)}"
    elif details["type"] == "union_tag_not_found":
        message = f"a step is a string or a mapping with one key, the step's name; this is {_brief(details['input'])}"
    elif details["type"] == "missing":
        message = f"{location[-1]!r} is missing"
    path = ".".join(str(item) for item in _without_tags(location))
    return f"{where}: {path}: {message}" if path else f"{where}: {message}"


def _nearest(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}" if known else ""


def _known_keys(location: Sequence[str | int]) -> list[str]:
    """The keys of the mapping at `location`, read from the JSON schema."""
    schema: Any = Script.model_json_schema()
    definitions = schema["$defs"]
    last = next((item for item in reversed(_without_tags(location)) if isinstance(item, str)), "")
    by_key = {
        "call": "CallBody",
        "thinking": "ThinkingBody",
        "output": "OutputBody",
        "usage": "UsageBody",
        "error": "ErrorBody",
        "disconnect": "DisconnectBody",
        "builtin_call": "BuiltinCallBody",
        "builtin_return": "BuiltinReturnBody",
        "when": "Condition",
        "responses": "Response",
    }
    if not location:
        return list(schema["properties"])
    if by_key.get(last) == "Response":
        return ["steps", "when", "times"]
    return list(definitions.get(by_key.get(last, ""), {}).get("properties", {}))


def _without_tags(location: Sequence[str | int]) -> list[str | int]:
    """Pydantic names the variant of a union after the index; what the author wrote has it once."""
    kept: list[str | int] = []
    for item in location:
        if kept and (kept[-1] == item or (kept[-1] == "when" and item in ("condition", "predicate"))):
            continue
        kept.append(item)
    return kept


def _line(root: Any, location: Sequence[str | int]) -> int | None:
    """The line (from 1) of what `location` names, or of the nearest thing around it."""
    import yaml

    node = root
    line: int | None = None if root is None else root.start_mark.line + 1
    for item in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(item, int) and item < len(node.value):
            node = node.value[item]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(item):
                    node, line = value, key.start_mark.line + 1
                    break
    return line


def _brief(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
