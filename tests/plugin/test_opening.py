"""A marked test's cassette opens and closes when a fixture's would, though mostly none is set up for it."""

from __future__ import annotations

import pytest

from tests.plugin._project import Project

CASSETTE = """\
interactions:
- request: {body: null, headers: {}, method: GET, uri: 'http://example.org/get'}
  response:
    body: {string: taped}
    headers: {}
    status: {code: 200, message: OK}
version: 1
"""
TESTS = """
    import os
    import httpx
    import pytest

    URL = "http://example.org/get"

    def is_patched():
        return hasattr(httpx.HTTPTransport.handle_request, "__wrapped__")

    @pytest.fixture
    def asked():
        text = httpx.get(URL).text
        yield text
        assert "OPENAI_API_KEY" in os.environ, "closed before the fixtures were"

    @pytest.mark.cassette("one")
    def test_a_fixture_is_inside(asked, request):
        assert asked == "taped"
        assert "playhead_cassette" not in request.fixturenames, "it was opened by a fixture"

    @pytest.mark.cassette("one")
    def test_who_asks_late_gets_the_open_one(request):
        cassette = request.getfixturevalue("cassette")
        assert cassette is request.getfixturevalue("playhead_cassette") is request.node.funcargs["cassette"]
        assert httpx.get(URL).text == "taped"
        assert cassette.play_count == 1

    @pytest.mark.skip(reason="never")
    @pytest.mark.cassette("one")
    def test_skipped():
        pass

    class TestMethods:
        @pytest.mark.cassette("one")
        @pytest.mark.parametrize("number", [1, 2])
        def test_method(self, number):
            assert httpx.get(URL).text == "taped"

    def test_unmarked():
        assert not is_patched()
        assert "OPENAI_API_KEY" not in os.environ

    @pytest.mark.vcr("one.yaml")
    def test_vcr(request):
        assert httpx.get(URL).text == "taped"
        assert request.getfixturevalue("vcr").play_count == 1
        assert request.getfixturevalue("vcr") is request.node.funcargs["vcr"]

    def test_unmarked_again():
        assert not is_patched()
"""
WIDER = """
    import httpx
    import pytest
    from playhead.exceptions import UnmatchedRequest

    URL = "http://example.org/get"
    before = []

    def patched():
        return hasattr(httpx.HTTPTransport.handle_request, "__wrapped__")

    def setup_module():
        before.append(patched())

    @pytest.fixture(scope="module")
    def wide():
        before.append(patched())
        yield
        before.append(patched())

    @pytest.mark.cassette("one")
    def test_module_fixtures_come_before_the_cassette(wide, request):
        assert before == [False, False]
        assert "playhead_cassette" in request.fixturenames
        assert httpx.get(URL).text == "taped"
"""


def project_with(project: Project, **modules: str) -> dict[str, str]:
    for name, text in modules.items():
        project.write(f"{name}.py", text)
        project.write(f"cassettes/{name}/one.yaml", CASSETTE)
    return {"OPENAI_API_KEY": "", "PYTHONPATH": "."}


def test_a_cassette_is_open_from_the_first_fixture_to_the_last(project: Project) -> None:
    project_with(project, test_opening=TESTS)
    project.run("-k", "not late").check(passed=6, skipped=1).has("playhead: 4 replayed")
    project.run("-p", "no:randomly", "--setup-show", "-k", "skipped or Methods").check(passed=2, skipped=1).has(
        "SETUP    F playhead_cassette"
    )


def test_who_asks_late_gets_the_open_cassette(project: Project) -> None:
    project_with(project, test_opening=TESTS.replace('funcargs["cassette"]', 'funcargs["playhead_cassette"]'))
    project.run("-k", "late or vcr").check(passed=2)


def test_what_outlives_a_test_is_set_up_before_its_cassette_opens(project: Project) -> None:
    project_with(project, test_wider=WIDER)
    project.run().check(passed=1)


def test_a_test_that_is_run_again_has_a_new_cassette_each_time(project: Project) -> None:
    project_with(
        project,
        test_again="""
        import httpx
        import pytest

        tries = []

        @pytest.fixture
        def broken():
            if not tries:
                tries.append("setup")
                raise OSError("not yet")

        @pytest.mark.cassette("one", on_unplayed="fail")
        def test_flaky(broken):
            tries.append("call")
            assert httpx.get("http://example.org/get").text == "taped"
            assert len(tries) == 3

        @pytest.mark.vcr("one.yaml")
        def test_vcr():
            assert httpx.get("http://example.org/get").text == "taped"
        """,
    )
    project.write(
        "conftest.py",
        """
        from _pytest.runner import runtestprotocol

        def pytest_runtest_protocol(item, nextitem):
            for _ in range(2):
                item._initrequest()
                runtestprotocol(item, log=False, nextitem=nextitem)
            item._initrequest()
            for report in runtestprotocol(item, log=False, nextitem=nextitem):
                item.ihook.pytest_runtest_logreport(report=report)
            return True
        """,
    )
    project.run("-p", "no:randomly").check(passed=2)


def test_fixtures_that_a_suite_has_in_place_of_ours_are_asked_for(project: Project) -> None:
    project_with(
        project,
        test_replaced="""
        import httpx
        import pytest

        order = []

        @pytest.fixture
        def vcr_config():
            order.append("config")
            yield {"record_mode": "none"}
            order.append("config over")

        @pytest.fixture
        def default_cassette_name():
            return "one"

        @pytest.mark.vcr
        def test_vcr(request):
            assert "vcr" not in request.fixturenames
            assert httpx.get("http://example.org/get").text == "taped"
            assert order == ["config"]

        def test_unmarked():
            assert order == ["config", "config over"]
        """,
    )
    project.run("-p", "no:randomly").check(passed=2)
    project.run("-p", "no:randomly", "--disable-recording", "-k", "unmarked").check(failed=1)


def test_a_way_to_cut_that_is_none_is_refused_before_any_test(pytestconfig: pytest.Config):
    with pytest.raises(pytest.UsageError, match="choose one of whole, frames, bytes, random:SEED, hostile"):
        pytestconfig._parser.parse(["--rechunk=nonsense"])
