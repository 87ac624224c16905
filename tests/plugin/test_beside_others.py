"""Where another plugin has the same option, mark or fixture, ours steps aside, whatever the load order.

Real recorders are tried by `matrix.py` (`nox -s plugins`); here are stand-ins with their names, which need no installation.
"""

from __future__ import annotations

import pytest

from tests.plugin._project import Project

CASSETTE = """\
version: 1
interactions:
- request: {body: null, headers: {}, method: GET, uri: 'http://example.org/get'}
  response: {body: {string: recorded}, headers: {}, status: {code: 200, message: OK}}
"""
RECORDING = """
    import pytest

    def pytest_addoption(parser):
        group = parser.getgroup("recording")
        group.addoption("--record-mode", default=None, choices=("once", "none"))
        group.addoption("--block-network", action="store_true")
        group.addoption("--allowed-hosts", default=None)
        group.addoption("--disable-recording", action="store_true")

    def pytest_configure(config):
        config.addinivalue_line("markers", "vcr: theirs")
        config.addinivalue_line("markers", "block_network: theirs")

    class Hooks:
        @staticmethod
        @pytest.hookspec
        def pytest_recording_configure(config, vcr): ...

    def pytest_addhooks(pluginmanager):
        pluginmanager.add_hookspecs(Hooks)

    @pytest.fixture(autouse=True)
    def vcr(request):
        return "theirs" if request.node.get_closest_marker("vcr") else None
"""
CASSETTER = """
    import pytest

    def pytest_addoption(parser):
        parser.getgroup("cassetter").addoption("--record-mode", dest="record_mode", default=None)

    def pytest_configure(config):
        config.addinivalue_line("markers", "vcr: theirs")

    @pytest.fixture(autouse=True)
    def cassette(request):
        return "theirs" if request.node.get_closest_marker("vcr") else None

    @pytest.fixture
    def vcr(cassette):
        return cassette
"""
TESTS = """
    import httpx
    import pytest

    @pytest.mark.cassette("get")
    def test_ours(playhead_cassette):
        assert httpx.get("http://example.org/get").text == "recorded"
        assert playhead_cassette.play_count == 1

    @pytest.mark.vcr
    def test_theirs(vcr):
        assert vcr == "theirs"

    def test_unmarked(vcr):
        assert vcr is None

    @pytest.mark.cassette
    @pytest.mark.vcr
    def test_both():
        pass
"""


@pytest.mark.parametrize(
    ("rival", "source", "first"),
    [
        ("pytest_recording.plugin", RECORDING, "ours"),
        ("pytest_recording.plugin", RECORDING, "theirs"),
        ("cassetter.pytest_plugin", CASSETTER, "ours"),
        ("cassetter.pytest_plugin", CASSETTER, "theirs"),
        # A plugin that nobody knows, and that comes later, cannot be seen.
        ("stranger", CASSETTER, "theirs"),
    ],
    ids=lambda value: value if len(value) < 40 else "",
)
def test_ours_steps_aside(project: Project, rival: str, source: str, first: str) -> None:
    project.write("pytest.ini", "[pytest]\naddopts = --strict-markers\nfilterwarnings = error\n")
    project.write(f"{rival.replace('.', '/')}.py", source)
    if "." in rival:
        project.write(f"{rival.split('.')[0]}/__init__.py", "")
    project.write("cassettes/test_beside/get.yaml", CASSETTE)
    project.write("test_beside.py", TESTS)
    plugins = ("pytest_playhead", rival) if first == "ours" else (rival, "pytest_playhead")
    options = ("--playhead-record-mode=none", "--record-mode=none")
    run = project.run("-q", *options, plugins=plugins, PYTHONPATH=".")
    run.check(passed=3, error=1).has(
        "test_beside.py::test_both has two recorders: the mark cassette (Playhead) and", "playhead: 1 replayed"
    )
