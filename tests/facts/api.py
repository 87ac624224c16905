"""Both packages under one set of names: `load("playhead")` or `load("pydantic_ai")`."""

import importlib
from types import SimpleNamespace
from typing import Any

MODULES = ["context", "exceptions", "messages", "output", "tools", "toolsets", "tool_manager", "usage"]


def load(package: str) -> Any:
    """The public names of the rooms that are compared, and the few that are not public in the reference."""
    api = SimpleNamespace(package=package)
    reference = package == "pydantic_ai"
    for name in MODULES:
        path = f"{package}.{name}"
        module = importlib.import_module("pydantic_ai.tools" if path == "pydantic_ai.context" else path)
        setattr(api, name, module)
    private = importlib.import_module("pydantic_ai._output") if reference else api.output
    api.OutputSchema = private.OutputSchema
    dynamic = importlib.import_module("pydantic_ai.toolsets._dynamic") if reference else api.tools
    api.DynamicToolset = dynamic.DynamicToolset
    api.RunContext = api.context.RunContext
    api.Tool = api.tools.Tool
    return api


def words(value: object) -> str:
    """`str(value)` without what differs by nature: package names, addresses, links with a version."""
    import re

    text = str(value).replace("pydantic_ai", "PACKAGE").replace("playhead", "PACKAGE")
    text = text.replace("typing_extensions.", "typing.")  # which of them it is depends on the Python
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"\n? *For further information visit \S+", "", text)
    return re.sub(r"\(tests\.facts\.|PACKAGE\.\S*?\.(?=[A-Z])", "", text) if "Error" in text else text


def attempt(make: Any) -> Any:
    """What `make()` gives, or the name and the words of what it raises."""
    try:
        return make()
    except Exception as error:
        return {"raises": type(error).__name__, "words": words(error)[:300]}
