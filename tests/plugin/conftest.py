"""A project to write tests in, and a provider that answers every chat completion with two chunks."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from playhead.models import ScriptedModel
from playhead.script import response, text, usage
from playhead.server import Provider, RunningProvider
from tests.plugin._project import Project


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each of these tests starts pytest several times: on a busy machine that takes longer than the suite's limit."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(300))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project."""
    return Project(tmp_path)


@pytest.fixture(scope="module")
def provider() -> Generator[RunningProvider]:
    """Answers `It is sunny.` in three chunks, any number of times."""
    answer = response(text("It", " is", " sunny."), usage(input_tokens=5, output_tokens=3), times="any")
    with RunningProvider(Provider(ScriptedModel(answer))) as running:
        yield running
