"""Tools that providers run: read back from data by their kind."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from playhead import builtin_tools
from playhead.builtin_tools import (
    BUILTIN_TOOL_TYPES,
    BUILTIN_TOOLS_REQUIRING_CONFIG,
    DEPRECATED_BUILTIN_TOOLS,
    SUPPORTED_BUILTIN_TOOLS,
    AbstractBuiltinTool,
    FileSearchTool,
    MCPServerTool,
    WebFetchTool,
    WebSearchTool,
)

ANY_TOOL: TypeAdapter[AbstractBuiltinTool] = TypeAdapter(AbstractBuiltinTool)


@pytest.mark.parametrize(
    "tool",
    [
        WebSearchTool(max_uses=2, user_location={"city": "Porto"}),
        WebFetchTool(allowed_domains=["example.com"]),
        FileSearchTool(file_store_ids=["f1"]),
        MCPServerTool(id="docs", url="https://example.com/mcp"),
    ],
    ids=lambda tool: tool.kind,
)
def test_data_become_the_tool_that_their_kind_names(tool: AbstractBuiltinTool) -> None:
    assert ANY_TOOL.validate_json(ANY_TOOL.dump_json(tool)) == tool
    assert ANY_TOOL.validate_python(tool) == tool


@pytest.mark.parametrize("data", [{"kind": "crystal_ball"}, {}, {"kind": "web_search", "max_uses": "many"}, 5])
def test_data_of_no_known_tool_are_refused(data: Any) -> None:
    with pytest.raises(ValidationError):
        ANY_TOOL.validate_python(data)


def test_old_data_are_read_with_a_warning_and_keep_their_kind() -> None:
    with pytest.warns(DeprecationWarning, match="its name is `WebFetchTool` now"):
        tool = ANY_TOOL.validate_python({"kind": "url_context", "max_uses": 5})
    assert isinstance(tool, WebFetchTool)
    assert ANY_TOOL.dump_python(tool)["kind"] == "url_context"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert type(ANY_TOOL.validate_python({"kind": "web_fetch"})) is WebFetchTool


def test_a_tool_of_ones_own_is_known_by_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin_tools, "BUILTIN_TOOL_TYPES", dict(BUILTIN_TOOL_TYPES))

    @dataclass(kw_only=True)
    class WeatherTool(AbstractBuiltinTool):
        city: str
        kind: str = "weather"

    @dataclass(kw_only=True)
    class CarefulSearchTool(WebSearchTool):
        pass

    either: TypeAdapter[AbstractBuiltinTool] = TypeAdapter(AbstractBuiltinTool)
    assert either.validate_python({"kind": "weather", "city": "Porto"}) == WeatherTool(city="Porto")
    assert type(either.validate_python({"kind": "web_search"})) is WebSearchTool


def test_every_kind_is_supported_or_deprecated() -> None:
    assert set(BUILTIN_TOOL_TYPES.values()) == SUPPORTED_BUILTIN_TOOLS | DEPRECATED_BUILTIN_TOOLS
    assert SUPPORTED_BUILTIN_TOOLS.isdisjoint(DEPRECATED_BUILTIN_TOOLS)
    assert BUILTIN_TOOLS_REQUIRING_CONFIG < SUPPORTED_BUILTIN_TOOLS
