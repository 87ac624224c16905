"""Scripts in files: YAML (or JSON, which is YAML) in, a `Script` out, with errors that name file, line and nearest key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from playhead.exceptions import ScriptError
from playhead.models._script import Condition, Response, Script
from playhead.models._script_steps import STEPS, Strict

__all__ = ["dump_script", "load_script", "parse_script", "script_schema"]

_SIZE_BYTES_MAX = 20_000_000
_NODES_MAX = 2_000_000
_LARGE = 100_000  # characters from which on libyaml's parser pays; its messages say less
_SEE = "See docs/scripts.md for the keys of each step."


def load_script(path: str | PathLike[str]) -> Script:
    """The script in a YAML file.

    `ScriptError` names file, line and the nearest valid key; `FileNotFoundError` where there is no file.
    """
    file = Path(path)
    if file.stat().st_size > _SIZE_BYTES_MAX:
        raise ScriptError(f"{path}: a script of {file.stat().st_size} bytes is too large", "Split it into several.")
    try:
        source = file.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScriptError(f"{path}: not UTF-8 at byte {error.start}", "Save the file as UTF-8.") from None
    return parse_script(source, name=str(path))


def parse_script(source: str, *, name: str = "script") -> Script:
    """The script in YAML text. `name` stands for the file in errors, which are `ScriptError`s."""
    import yaml

    try:
        loader = _loader(len(source) > _LARGE)(source)
        try:
            root = loader.get_single_node()
            _check_nodes(root, name)
            data: Any = None if root is None else loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ScriptError(f"{name}{line}: not YAML: {error.problem or error}", _SEE) from None
    except (yaml.YAMLError, ValueError) as error:
        raise ScriptError(f"{name}: not YAML: {error}", _SEE) from None
    except RecursionError:
        raise ScriptError(f"{name}: nested too deeply", _SEE) from None
    if data is None:
        raise ScriptError(f"{name}: the script is empty", "Write a list of `responses`; see docs/scripts.md.")
    prefix = 0
    if isinstance(data, list):
        data, prefix = {"responses": data}, 1  # pyright: ignore[reportUnknownVariableType]
    try:
        return Script.model_validate(data)
    except ValidationError as error:
        found = [_explain(name, root, details, prefix) for details in error.errors(include_url=False)]
        raise ScriptError("\n".join(dict.fromkeys(found)), _SEE) from None


def dump_script(script: Script) -> str:
    """The script as YAML text that `parse_script` reads back."""
    import yaml

    return yaml.safe_dump(script.model_dump(), sort_keys=False, allow_unicode=True, width=100)


def script_schema() -> dict[str, Any]:
    """The JSON schema of script files, for editors. A file may also be the list of `responses` alone."""
    schema = Script.model_json_schema()
    definitions = schema.pop("$defs")
    properties, required = schema["properties"], schema["required"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Playhead script",
        "description": "What a fake model answers, response by response.",
        "anyOf": [
            properties["responses"],
            {"type": "object", "properties": properties, "required": required, "additionalProperties": False},
        ],
        "$defs": definitions,
    }


# --------------------------------------------------------------------------- YAML
@cache
def _loader(large: bool) -> Any:
    """PyYAML's safe loader, but for dates (they are text) and characters that JSON writes as two escapes."""
    import yaml

    base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if large else yaml.SafeLoader

    class Loader(base):
        def construct_scalar(self, node: Any) -> Any:
            value: Any = base.construct_scalar(self, node)
            if type(value) is str and _SURROGATES.search(value):
                value = _PAIRS.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), value)
                if _SURROGATES.search(value):
                    raise yaml.constructor.ConstructorError(
                        None, None, "half of a character (a lone surrogate)", node.start_mark
                    )
            return value

    Loader.yaml_implicit_resolvers = {
        first: [row for row in rows if row[0] != "tag:yaml.org,2002:timestamp"]
        for first, rows in base.yaml_implicit_resolvers.items()
    }
    return Loader


_SURROGATES = re.compile("[\ud800-\udfff]")
_PAIRS = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def _check_nodes(root: Any, name: str) -> None:
    """Refuses keys that come twice, aliases that contain themselves, and aliases that unfold without end."""
    import yaml

    weights: dict[int, int] = {}
    open_nodes: set[int] = set()

    def weigh(node: Any) -> int:
        key = id(node)
        if key in weights:
            return weights[key]
        line = node.start_mark.line + 1
        if key in open_nodes:
            raise ScriptError(f"{name}:{line}: an alias that contains itself", "Write it out.")
        open_nodes.add(key)
        weight = 1
        if isinstance(node, yaml.SequenceNode):
            weight += sum(map(weigh, node.value))
        elif isinstance(node, yaml.MappingNode):
            seen: set[Any] = set()
            for inner, value in node.value:
                if isinstance(inner, yaml.ScalarNode) and inner.value != "<<":
                    if inner.value in seen:
                        raise ScriptError(
                            f"{name}:{inner.start_mark.line + 1}: the key {inner.value!r} comes twice", "Keep one."
                        )
                    seen.add(inner.value)
                weight += weigh(inner) + weigh(value)
        if weight > _NODES_MAX:
            raise ScriptError(f"{name}:{line}: its aliases unfold to more than {_NODES_MAX:,} values", "Write less.")
        open_nodes.discard(key)
        weights[key] = weight
        return weight

    if root is not None:
        weigh(root)


# --------------------------------------------------------------------------- errors
def _explain(name: str, root: Any, details: ErrorDetails, prefix: int) -> str:
    location = _without_tags([item for item in details["loc"]][prefix:])
    line = _line(root, location)
    where = f"{name}:{line}" if line else name
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        key = str(location[-1])
        message = f"unknown key {key!r}{_nearest(key, _known_keys(location[:-1], prefix))}"
    elif details["type"] == "union_tag_invalid":
        context: dict[str, Any] = details.get("ctx") or {}
        key = str(context["tag"])
        # A response that is no list may have meant one of its own keys.
        known = [*STEPS, *Response.model_fields] if location[-2:] == ["steps", 0] else list(STEPS)
        message = f"unknown step {key!r}{_nearest(key, known)}"
    elif details["type"] == "union_tag_not_found":
        message = f"a step is a string or a mapping with one key, the step's name; this is {_brief(details['input'])}"
    elif details["type"] == "missing":
        message = f"{location[-1]!r} is missing"
    elif location and location[-1] in ("text", "thinking", "refusal") and details["type"] != "string_type":
        message = f"{location[-1]!r} is text or a list of its pieces; this is {_brief(details['input'])}"
    elif details["input"] is None and location:
        message = f"{location[-1]!r} has no value: {message[0].lower()}{message[1:]}"
    elif details["type"] in ("model_type", "model_attributes_type", "dict_type", "list_type"):
        message = f"{message.partition(' or instance')[0]}; this is {_brief(details['input'])}"
    path = ".".join(str(item) for item in location)
    return f"{where}: {path}: {message}" if path else f"{where}: {message}"


def _nearest(key: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(key, known, 1, 0.5)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}" if known else ""


def _known_keys(location: Sequence[str | int], prefix: int) -> list[str]:
    """The keys of the mapping at `location`."""
    last = next((item for item in reversed(location) if isinstance(item, str)), "responses" if prefix else "")
    kind: Any = {"": Script, "when": Condition, "responses": Response}.get(last)
    if kind is None and last in STEPS:
        kind = STEPS[last].model_fields[last].annotation
        if isinstance(kind, type) and not issubclass(kind, Strict):
            kind = STEPS[last]
    fields = getattr(kind, "model_fields", None)
    return list(fields) if fields else []


def _without_tags(location: Sequence[str | int]) -> list[str | int]:
    """Pydantic names the variant of a union after the index; what the author wrote has it once."""
    kept: list[str | int] = []
    for item in location:
        if kept and (kept[-1] == item or (kept[-1] == "when" and item in ("condition", "predicate"))):
            continue
        if item == "constrained-int" or (kept and kept[-1] == "args" and item in ("object", "pieces", "json")):
            continue
        if kept and isinstance(kept[-1], int) and item in ("text", "wait") and len(kept) >= 2 and kept[-2] in _PIECES:
            continue
        kept.append(item)
    return kept


_PIECES = frozenset({"args", "chunks", "refusal"})


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
