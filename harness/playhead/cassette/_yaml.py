"""Parses the YAML of cassettes safely: no tags but `!!binary`, bounded in size, depth and what aliases unfold to.

PyYAML with libyaml where it is built in. Three things it does not guard against are checked before it runs: a file too
large to parse in reasonable time, nesting deep enough to overflow the C stack (which kills the process), and aliases
that unfold to more than the file could hold.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, cast

import yaml

from playhead.exceptions import CassetteUnreadable

__all__ = ["YAML_BYTES_MAX", "parse_yaml"]

YAML_BYTES_MAX = 64_000_000
"""A larger file is refused. Files in Playhead's own layout are read without a YAML parser and may be larger."""

DEPTH_MAX = 500
ALIAS_NODES_MAX = 200_000

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):
    """Dates stay text: a cassette's fields are strings, and `2026-01-01` in a body must come back as it was."""


def _without_dates() -> dict[str, list[tuple[str, Any]]]:
    resolvers = cast("dict[str, list[tuple[str, Any]]]", _Base.yaml_implicit_resolvers)
    unwanted = "tag:yaml.org,2002:timestamp"
    return {first: [row for row in rows if row[0] != unwanted] for first, rows in resolvers.items()}


_TAG = "tag:yaml.org,2002:"
_KEPT = ("null", "bool", "int", "float", "binary", "seq", "map", "str")
_Loader.yaml_implicit_resolvers = _without_dates()
_Loader.yaml_constructors = {
    tag: make for tag, make in _Base.yaml_constructors.items() if tag is None or tag in {_TAG + name for name in _KEPT}
}


def _binary(loader: Any, node: Any) -> bytes:
    """PyYAML skips what is no base64, so that a damaged body would come back shorter, or empty."""
    try:
        return b64decode("".join(loader.construct_scalar(node).split()), validate=True)
    except ValueError as error:
        raise yaml.constructor.ConstructorError(
            None, None, f"a !!binary that is not base64 ({error})", node.start_mark
        ) from error


_Loader.yaml_constructors[_TAG + "binary"] = _binary


class _VcrLoader(_Loader):
    """Also knows the harmless tags that VCR.py itself wrote and still reads: old strings, tuples and buffers."""


def _text(loader: Any, node: Any) -> Any:
    return loader.construct_scalar(node)


def _sequence(loader: Any, node: Any) -> Any:
    return loader.construct_sequence(node, deep=True)


def _buffer(loader: Any, node: Any) -> Any:
    state = loader.construct_mapping(node, deep=True).get("state") or [b""]
    return state[0] if state else b""


_VcrLoader.yaml_constructors = {
    **_Loader.yaml_constructors,
    f"{_TAG}python/str": _text,
    f"{_TAG}python/unicode": _text,
    f"{_TAG}python/tuple": _sequence,
    f"{_TAG}python/object/new:_io.BytesIO": _buffer,
}


def parse_yaml(data: bytes, path: str) -> Any:
    """The plain value of a cassette's YAML: dictionaries, lists, strings, bytes, numbers, booleans and None.

    Raises `CassetteUnreadable` that names the file, the interaction and the line.
    """
    if len(data) > YAML_BYTES_MAX:
        raise CassetteUnreadable(
            f"{path} has {len(data):,} bytes; Playhead parses YAML up to {YAML_BYTES_MAX:,}.",
            "Split the recording into several cassettes, or record it again with Playhead, whose own files may be larger.",
            path=path,
        )
    text = _decoded(data, path)
    if _may_nest_deeply(data):
        _check_depth(text, path)
    ours = text.startswith("playhead:")
    loader = (_Loader if ours else _VcrLoader)(text)
    try:
        node = loader.get_single_node()
        if node is not None and "&" in text and _ANCHOR.search(text):
            _check_aliases(node, path)
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, text, path)
        return None if node is None else loader.construct_document(node)
    except yaml.constructor.ConstructorError as error:
        raise _refused(path, text, error, "holds something that a recording never needs") from error
    except yaml.YAMLError as error:
        raise _refused(path, text, error, "is not valid YAML") from error
    except (ValueError, TypeError, RecursionError, OverflowError) as error:  # PyYAML lets some bad scalars through
        raise CassetteUnreadable(f"{path} cannot be read: {error}.", _REMEDY, path=path) from error
    finally:
        loader.dispose()


def item_offsets(text: str) -> list[int]:
    """Where in the text of a file its interactions begin, as far as a search can tell."""
    return [match.start() for match in _ITEM.finditer(text)]


def line_of(text: str, number: int) -> int:
    """The line (from 1) at which the interaction `number` (from 0) begins, as far as a search can tell."""
    starts = item_offsets(text)
    return text.count("\n", 0, starts[number]) + 1 if number < len(starts) else 1


def _decoded(data: bytes, path: str) -> str:
    encoding = "utf-8-sig"
    for mark, name in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            encoding = name
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CassetteUnreadable(
            f"{path}{_where(data.decode('utf-8', 'replace'), line)} is not {encoding.removesuffix('-sig').upper()}: "
            f"byte 0x{data[error.start]:02x}.",
            "Save the file as UTF-8, or restore it from version control.",
            path=path,
        ) from error


def _refused(path: str, text: str, error: yaml.YAMLError, what: str) -> CassetteUnreadable:
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or error).split("\n")[0]
    line = mark.line + 1 if mark is not None else None
    if line is None and isinstance(error, yaml.reader.ReaderError):
        line = text.count("\n", 0, int(error.position)) + 1
        problem = f"the character U+{ord(text[error.position]) if error.position < len(text) else 0:04X} is not allowed"
    return CassetteUnreadable(f"{path}{_where(text, line)} {what}: {problem}.", _REMEDY, path=path)


def _where(text: str, line: int | None) -> str:
    if line is None:
        return ""
    position = 0
    for _ in range(line - 1):
        position = text.find("\n", position) + 1
        if position == 0:
            position = len(text)
            break
    number = sum(1 for _ in _ITEM.finditer(text, 0, position + 2))
    return f", line {line}" + (f" (interaction {number})" if number else "")


def _may_nest_deeply(data: bytes) -> bool:
    if _DEEP_INDENT.search(data) or (any(pair in data for pair in _PAIRS) and _COMPACT.search(data)):
        return True
    # What is left when pairs cancel out is nested, or in a text; then the events tell.
    brackets = data.translate(_BRACKETS, _NO_BRACKETS)
    for _ in range(DEPTH_MAX):
        if len(brackets) <= DEPTH_MAX:
            return False
        rest = brackets.replace(b"[]", b"")
        if len(rest) == len(brackets):
            break
        brackets = rest
    return True


def _check_depth(text: str, path: str) -> None:
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Base):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > DEPTH_MAX:
                    line = cast(Any, event).start_mark.line + 1
                    raise CassetteUnreadable(
                        f"{path}{_where(text, line)} nests more than {DEPTH_MAX} levels deep.", _REMEDY, path=path
                    )
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError as error:
        raise _refused(path, text, error, "is not valid YAML") from error


def _check_aliases(root: yaml.Node, path: str) -> None:
    """Counts what the nodes unfold to: an alias counts as all that it stands for, in values and in characters."""
    sizes: dict[int, int] = {}
    lengths: dict[int, int] = {}
    open_nodes: set[int] = set()
    stack: list[tuple[yaml.Node, bool]] = [(root, False)]
    while stack:
        node, done = stack.pop()
        key = id(node)
        if key in sizes:
            continue
        children = _children(node)
        if done:
            open_nodes.discard(key)
            sizes[key] = 1 + sum(sizes.get(id(child), 1) for child in children)
            own = len(cast(str, node.value)) if isinstance(node, yaml.ScalarNode) else 0
            lengths[key] = own + sum(lengths.get(id(child), 0) for child in children)
            continue
        if key in open_nodes:
            continue
        open_nodes.add(key)
        stack.append((node, True))
        for child in children:
            if id(child) in open_nodes:
                line = child.start_mark.line + 1
                raise CassetteUnreadable(f"{path}, line {line}: an alias that contains itself.", _REMEDY, path=path)
            stack.append((child, False))
    unfolded = (
        f"{sizes[id(root)]:,} values"
        if sizes[id(root)] > ALIAS_NODES_MAX + 10 * len(sizes)
        else f"{lengths[id(root)]:,} characters"
        if lengths[id(root)] > YAML_BYTES_MAX
        else None
    )
    if unfolded is not None:
        raise CassetteUnreadable(
            f"{path}: its aliases unfold to {unfolded}, which no recording does.", _REMEDY, path=path
        )


def _check_keys(root: yaml.MappingNode, text: str, path: str) -> None:
    """Refuses a key that stands twice in the document, an interaction, its request or its response.

    A YAML parser takes the last one: after a merge that went wrong, half of the recordings would be gone at the next save.
    In files of other recorders the same plain value may stand there twice: nothing is lost.
    """
    mappings: list[yaml.MappingNode] = [root]
    for key, value in _pairs(root):
        if key == "interactions" and isinstance(value, yaml.SequenceNode):
            for item in cast("list[yaml.Node]", value.value):
                if isinstance(item, yaml.MappingNode):
                    mappings.append(item)
                    mappings += [part for _, part in _pairs(item) if isinstance(part, yaml.MappingNode)]
    foreign = all(key != "playhead" for key, _ in _pairs(root))
    for mapping in mappings:
        seen: dict[str, yaml.Node] = {}
        for key, value in _pairs(mapping):
            if key in seen and not (foreign and _is_same_scalar(seen[key], value)):
                raise CassetteUnreadable(
                    f"{path}{_where(text, value.start_mark.line + 1)} holds the key {key!r} twice.",
                    "Look for a merge that left both sides in; keep one. Playhead never replaces a file it cannot read.",
                    path=path,
                )
            seen[key] = value


def _is_same_scalar(one: yaml.Node, other: yaml.Node) -> bool:
    """Such as the `version: 1` that a merge left at the end twice."""
    return (
        isinstance(one, yaml.ScalarNode)
        and isinstance(other, yaml.ScalarNode)
        and (one.tag, one.value) == (other.tag, other.value)
    )


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
        if isinstance(key, yaml.ScalarNode) and key.tag != f"{_TAG}merge":
            yield cast(str, key.value), value


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        return cast("list[yaml.Node]", node.value)
    if isinstance(node, yaml.MappingNode):
        return [child for pair in cast("list[tuple[yaml.Node, yaml.Node]]", node.value) for child in pair]
    return []


_REMEDY = "Restore the file from version control, or delete it and record again. Playhead never replaces a file it cannot read."
_ITEM = re.compile(r"(?m)^[ ]*- (?:request|response|recorded_at):|^- ")
_ANCHOR = re.compile(r"(?:^|[\s\[{,:-])&[^\s\[\]{},&=;]+(?=\s)")
_DEEP_INDENT = re.compile(rb"\n[ ]{400}")
_COMPACT = re.compile(rb"(?:[-?:] ){200}")
# A search for bytes is so much faster than one for a pattern that it goes first.
_PAIRS = tuple(f"{first} {second} ".encode() for first in "-?:" for second in "-?:")
_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS = bytes(code for code in range(256) if code not in b"[]{}")
