"""The fixtures that are always there. `cassette` itself is in `_alias`, because other plugins may have one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_playhead._state import OPENED, STATE, keep

if TYPE_CHECKING:
    from playhead.models import ScriptedModel
    from playhead.server import RunningProvider
    from playhead.transcript import Transcript

__all__ = [
    "capture_run",
    "capture_run_sync",
    "capture_runs",
    "fake_model",
    "fake_provider",
    "playhead_cassette",
    "playhead_deterministic",
    "stream_snapshot",
    "virtual_clock",
]


@pytest.fixture
def playhead_cassette(request: pytest.FixtureRequest) -> Generator[Any]:
    """The test's cassette, open: as its mark `cassette` says, or as the bare mark would. None with `--disable-recording`.

    `assert playhead_cassette == stream_snapshot` compares the transcript of its traffic.
    """
    item, state = request.node, request.config.stash[STATE]
    if state.disabled:
        yield None
        return
    from pytest_playhead._cassettes import closing_with_test, prepared

    if (known := item.stash.get(OPENED, None)) is not None and known[0] == "playhead_cassette":  # by the mark
        yield known[1]
        return
    with closing_with_test(item, prepared(item, state)) as cassette:
        keep(item, "cassette", cassette)
        yield cassette


@pytest.fixture
def playhead_deterministic() -> Generator[None]:
    """The same ids and timestamps in each run, for this test."""
    from playhead import deterministic

    with deterministic():
        yield


@pytest.fixture
def capture_run(request: pytest.FixtureRequest, playhead_deterministic: None) -> Callable[..., Any]:
    """`await capture_run(agent, prompt, how="events", partials=True, ...)`: run an agent, get its transcript."""
    from playhead.transcript import capture_run

    async def capture(agent: Any, prompt: Any = None, **kwargs: Any) -> Transcript:
        run = await capture_run(agent, prompt, **kwargs)
        keep(request.node, "run", run)
        return run

    return capture


@pytest.fixture
def capture_run_sync(request: pytest.FixtureRequest, playhead_deterministic: None) -> Callable[..., Transcript]:
    """`capture_run_sync(agent, prompt, how="events", partials=True, ...)`: run an agent, get its transcript."""
    from playhead.transcript import capture_run_sync

    def capture(agent: Any, prompt: Any = None, **kwargs: Any) -> Transcript:
        run = capture_run_sync(agent, prompt, **kwargs)
        keep(request.node, "run", run)
        return run

    return capture


@pytest.fixture
def capture_runs(request: pytest.FixtureRequest, playhead_deterministic: None) -> Callable[..., Any]:
    """`with capture_runs(agent) as runs: ...`: a transcript of every run that an application makes in the block."""
    from contextlib import contextmanager

    from playhead.transcript import capture_runs

    @contextmanager
    def capture(*agents: Any) -> Generator[list[Transcript]]:
        with capture_runs(*agents) as runs:
            try:
                yield runs
            finally:
                for run in runs:
                    keep(request.node, "run", run)

    return capture


@pytest.fixture
def fake_model(request: pytest.FixtureRequest, playhead_deterministic: None) -> Generator[Callable[..., ScriptedModel]]:
    """`fake_model(*responses)`: a model that answers by a script. The test fails if it did not use all of it."""
    from pytest_playhead._fakes import models

    yield from models(request.node)


@pytest.fixture
def fake_provider(
    request: pytest.FixtureRequest, playhead_deterministic: None
) -> Generator[Callable[..., RunningProvider]]:
    """`fake_provider(*responses)`, or of a script, a model or a cassette: a provider on 127.0.0.1, in every dialect.

    It has `openai_url`, `anthropic_url` and `google_url`, ready for `base_url=`, and `requests`. The test fails if responses
    are left, or if more were asked for than there are.
    """
    from pytest_playhead._fakes import providers

    yield from providers(request.node)


@pytest.fixture
def stream_snapshot(request: pytest.FixtureRequest) -> Any:
    """A syrupy assertion for transcripts and their parts, kept in `__snapshots__/<module>.transcript`."""
    try:
        snapshot: Any = request.getfixturevalue("snapshot")
    except pytest.FixtureLookupError:
        snapshot = None
    if not hasattr(snapshot, "use_extension"):
        raise pytest.UsageError(
            "stream_snapshot needs syrupy's fixture `snapshot`, which is not there or not syrupy's. Load its plugin (-p syrupy), "
            "or remove the other fixture of this name."
        )
    from pytest_playhead._snapshot import TranscriptExtension

    return snapshot.use_extension(TranscriptExtension)


@pytest.fixture
def virtual_clock(request: pytest.FixtureRequest, playhead_deterministic: None) -> Generator[Any]:
    """The test's time jumps to the next thing to happen when everything waits."""
    from playhead.virtual import VirtualTimeError, virtual_time

    backend: Any = request.getfixturevalue("anyio_backend") if "anyio_backend" in request.fixturenames else "asyncio"
    if (backend if isinstance(backend, str) else backend[0]) == "trio":
        raise VirtualTimeError(
            "virtual_clock moves the time of asyncio's loops, and this test runs on trio",
            "for trio let anyio_backend return ('trio', {'clock': trio.testing.MockClock(autojump_threshold=0)}) instead",
        )
    with virtual_time() as clock:
        yield clock
