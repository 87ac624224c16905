"""The house keeps its shape: doors, docstrings, sizes, and light front doors. The layers are import-linter's job."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = [
    str(path.relative_to(ROOT)) for folder in ("harness", "plugin") for path in sorted(ROOT.glob(f"{folder}/**/*.py"))
]
PUBLIC = [source for source in SOURCES if "/_" not in source.removesuffix("/__init__.py")]

# Rooms with doors of their own below them: each provider, protocol and guest has one, under the reference's names.
INNER_DOORS = re.compile(r"playhead\.(integrations|models|ui)\.[a-z]\w*")

# Modules longer than 500 lines, each with the reason why it is one page.
LONG = {
    "harness/playhead/__init__.py": "one table: the public names, each with its room",
    "harness/playhead/runtime/_ways.py": "six ways to run, each with its overloads",
    "harness/playhead/wire/anthropic_messages/_decoder.py": "one machine, a reader for each kind of event",
    "harness/playhead/wire/google_generate/_decoder.py": "one machine, a reader for each kind of part",
    "harness/playhead/wire/openai_chat/_decode.py": "one machine, a reader for each kind of delta",
    "harness/playhead/wire/openai_responses/_decode.py": "one machine, a reader for each kind of event",
}

# Neither `import playhead` nor loading the plugin may cost a suite that does not use them.
LIBRARY_STAYS_WITHOUT = [
    "hypothesis",
    "syrupy",
    "vcr",
    "pytest",
    "rich",
    "click",
    "starlette",
    "uvicorn",
    "pydantic_ai",
]
PLUGIN_STAYS_WITHOUT = ["hypothesis", "syrupy", "vcr", "yaml", "rich", "starlette", "uvicorn", "pydantic", "httpx"]


def module_name(source: str) -> str:
    return source.split("/", 1)[1].removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def test_other_rooms_are_entered_by_their_doors() -> None:
    graph = grimp.build_graph("playhead", "pytest_playhead", cache_dir=None)
    for importer in sorted(graph.modules):
        for imported in sorted(graph.find_modules_directly_imported_by(importer)):
            at_home = importer.split(".")[:2] == imported.split(".")[:2] or imported.startswith("pytest_playhead.")
            is_door = imported.count(".") < 2 or INNER_DOORS.fullmatch(imported)
            assert at_home or is_door, f"{importer} imports the drawer {imported}; import its room's door instead"


@pytest.mark.parametrize("source", SOURCES)
def test_every_module_says_what_it_is_for(source: str) -> None:
    assert ast.get_docstring(ast.parse((ROOT / source).read_text("utf-8"))), f"{source} needs a docstring"


@pytest.mark.parametrize("source", PUBLIC)
def test_every_door_lists_its_names_in_order(source: str) -> None:
    module = importlib.import_module(module_name(source))
    names = module.__all__
    assert list(names) == sorted(set(names)), f"sort `__all__` of {source} (as `sorted` does)"
    for name in names:
        assert getattr(module, name, None) is not None, f"`__all__` of {source} names {name}, which it does not have"


def test_modules_fit_on_a_page_or_say_why_not() -> None:
    lengths = {source: len((ROOT / source).read_text("utf-8").splitlines()) for source in SOURCES}
    long = {source: length for source, length in lengths.items() if length > 500}
    assert long.keys() <= LONG.keys(), "split these, or give the reason in LONG: " + str(
        {source: length for source, length in long.items() if source not in LONG}
    )
    assert LONG.keys() <= lengths.keys(), "gone, remove from LONG: " + str(LONG.keys() - lengths.keys())


@pytest.mark.parametrize(
    ("package", "guests"), [("playhead", LIBRARY_STAYS_WITHOUT), ("pytest_playhead", PLUGIN_STAYS_WITHOUT)]
)
def test_importing_is_light(package: str, guests: list[str]) -> None:
    code = f"import {package}, sys; print(*(name for name in {guests} if name in sys.modules))"
    if package == "pytest_playhead":
        code = f"import pytest; {code}"
    # -I: neither the folder nor the environment decides what is imported
    result = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "", f"`import {package}` loads {result.stdout.strip()}"
