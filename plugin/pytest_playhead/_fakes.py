"""Scripted models and providers for a test, which fails at its end if it did not use all of what they have."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from playhead.models import Model, ScriptedModel
from pytest_playhead._state import keep, passed

if TYPE_CHECKING:
    from playhead.server import RunningProvider

__all__ = ["models", "providers"]


def models(item: pytest.Item) -> Generator[Callable[..., ScriptedModel]]:
    """What the fixture `fake_model` yields: a maker of models."""
    made: list[ScriptedModel] = []

    def make(*responses: Any, **kwargs: Any) -> ScriptedModel:
        model = ScriptedModel(*responses, **kwargs)
        made.append(model)
        return model

    yield make
    _check_used(item, made)


def providers(item: pytest.Item) -> Generator[Callable[..., RunningProvider]]:
    """What the fixture `fake_provider` yields: a maker of servers."""
    from playhead.server import Provider, RunningProvider  # a model alone needs no server

    scripted: list[ScriptedModel] = []
    with ExitStack() as stack:

        def make(*responses: Any, port: int = 0, **kwargs: Any) -> RunningProvider:
            if len(responses) == 1 and isinstance(responses[0], Model):
                model = responses[0]
            else:
                model = ScriptedModel(*map(_as_script, responses))
            if isinstance(model, ScriptedModel):
                scripted.append(model)
            running = RunningProvider(Provider(model, **kwargs), port=port)
            stack.enter_context(running)
            keep(item, "provider", running)
            return running

        yield make
    _check_used(item, scripted)


def _check_used(item: pytest.Item, models: list[ScriptedModel]) -> None:
    """A test that passed asked for what its scripts have: no more, though somebody swallowed the error, and no less."""
    if passed(item):
        for model in models:
            function: Any = getattr(item, "function", None)
            for error in model.refused:
                trace = error.__traceback__
                if trace is None or trace.tb_frame.f_code is not getattr(function, "__code__", None):
                    raise error
            model.assert_used()


def _as_script(response: Any) -> Any:
    """A cassette, open or by its path, is played as a script."""
    if hasattr(response, "interactions") or isinstance(response, Path):
        from playhead.traffic import read_script

        return read_script(response)
    return response
