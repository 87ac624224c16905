"""Drawn scenarios on the reference and on Playhead, side by side. Needs an interpreter with the reference.

`make conformance` makes one in `.venv-reference`; `PLAYHEAD_REFERENCE` may name another.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Generator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests._shared import shared

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent
pytestmark = pytest.mark.slow


def _load(name: str) -> Any:
    if str(HERE) not in sys.path:
        sys.path.append(str(HERE))  # its modules are scripts, which find each other beside themselves
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", HERE / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


draw_scenario = _load("draw").draw_scenario


@pytest.fixture(scope="module")
def both() -> Generator[Any]:
    reference = Path(os.environ.get("PLAYHEAD_REFERENCE") or ROOT / ".venv-reference" / "bin" / "python")
    if not reference.exists():
        pytest.skip("needs an interpreter with pydantic-ai-slim 1.85.1: `make conformance` makes one")
    runtimes = _load("differential").Differential(shared("conformance"), str(reference))
    yield runtimes
    runtimes.close()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(rnd=st.randoms(use_true_random=False))
def test_a_drawn_scenario_gives_the_same_trace_on_both(both: Any, rnd: Random) -> None:
    scenario = draw_scenario(rnd)
    found, reason = both.difference(scenario)
    if found is not None and reason is None:
        found, reason = both.difference(scenario)  # results of concurrent tools come in any order: look twice
    assert found is None or reason is not None, f"{found}\n{json.dumps(scenario)}"


def test_a_drawn_scenario_depends_on_its_seed_alone() -> None:
    assert draw_scenario(Random(7)) == draw_scenario(Random(7))
    assert draw_scenario(Random(7)) != draw_scenario(Random(8))
