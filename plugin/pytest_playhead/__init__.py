"""The pytest plugin of Playhead: options, marks, fixtures and the snapshot extension.

Loading it imports nothing but pytest. A test that uses nothing of it pays for one look at its marks.
"""

# Before all others, for what it does.
from pytest_playhead import _bytecode  # noqa: F401  # pyright: ignore[reportUnusedImport]
from pytest_playhead._fixtures import (
    capture_run,
    capture_run_sync,
    capture_runs,
    fake_model,
    fake_provider,
    playhead_cassette,
    playhead_deterministic,
    stream_snapshot,
    virtual_clock,
)
from pytest_playhead._plugin import (
    pytest_addoption,
    pytest_assertrepr_compare,
    pytest_collect_directory,
    pytest_collection_modifyitems,
    pytest_configure,
    pytest_generate_tests,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_sessionfinish,
    pytest_terminal_summary,
    pytest_testnodedown,
    pytest_unconfigure,
)

__all__ = [
    "capture_run",
    "capture_run_sync",
    "capture_runs",
    "fake_model",
    "fake_provider",
    "playhead_cassette",
    "playhead_deterministic",
    "pytest_addoption",
    "pytest_assertrepr_compare",
    "pytest_collect_directory",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_generate_tests",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_sessionfinish",
    "pytest_terminal_summary",
    "pytest_testnodedown",
    "pytest_unconfigure",
    "stream_snapshot",
    "virtual_clock",
]
