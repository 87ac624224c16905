"""The mark and the fixture `cassette`: one project is recorded, replayed, changed and misused."""

from __future__ import annotations

from functools import partial

from playhead.server import RunningProvider
from tests.plugin._project import Project

APP = """
    import os
    import httpx

    def ask(question="Weather?", stream=True):
        headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"]}
        body = {"model": "gpt-5", "stream": stream, "messages": [{"role": "user", "content": question}]}
        url = os.environ["PROVIDER"] + "/chat/completions"
        with httpx.stream("POST", url, json=body, headers=headers) as reply:
            return list(reply.iter_bytes())
"""
KEY = "sk-proj-" + "a1B2c3D4" * 6


def test_a_project_is_recorded_and_replayed_without_network_and_key(
    project: Project, provider: RunningProvider
) -> None:
    project.write("app.py", APP)
    project.write(
        "test_app.py",
        """
        import asyncio
        import httpx
        import pytest
        from app import ask

        @pytest.mark.cassette
        def test_haiku():
            chunks = ask()
            assert b"sunny" in b"".join(chunks)
            assert len(chunks) >= 3

        def test_by_fixture(cassette):
            ask("by fixture")
            assert cassette.path.endswith("test_by_fixture.yaml")

        class TestClass:
            @pytest.mark.cassette
            @pytest.mark.parametrize("city", ["Paris", "a/b"])
            def test_cities(self, city, playhead_cassette):
                ask(city)
                assert len(playhead_cassette.interactions) == 1

        @pytest.mark.cassette("shared")
        @pytest.mark.parametrize("n", [1, 2])
        def test_shared(n):
            ask(f"shared {n}")

        @pytest.mark.cassette
        async def test_async():
            await asyncio.to_thread(ask, "thread")
            await asyncio.gather(*(asyncio.to_thread(ask, f"task {n}") for n in range(3)))

        @pytest.fixture
        def client(): # requests of function fixtures are the test's
            ask("from a fixture")
            yield
            ask("from a teardown")

        @pytest.mark.cassette
        def test_fixture_requests(client):
            pass
        """,
    )
    folder = project.folder / "cassettes" / "test_app"
    env = {"PROVIDER": provider.openai_url, "PYTHONPATH": "."}

    red = project.run("-q", "test_app.py::test_haiku", **env, OPENAI_API_KEY=KEY)
    red.check(failed=1).has(
        "No recording for test_haiku (cassettes/test_app/test_haiku.yaml). "
        "Record it: pytest test_app.py::test_haiku --record-mode=once"
    )
    assert not folder.exists()

    # `new_episodes`, because two tests share a file: the second finds one that is not its own.
    recorded = project.run("--record-mode=new_episodes", **env, OPENAI_API_KEY=KEY)
    recorded.check(passed=8).has("playhead: 12 recorded")
    assert sorted(path.name for path in folder.iterdir()) == [
        "TestClass.test_cities[Paris].yaml",
        "TestClass.test_cities[a-b].yaml",
        "shared.yaml",
        "test_async.yaml",
        "test_by_fixture.yaml",
        "test_fixture_requests.yaml",
        "test_haiku.yaml",
    ]
    assert not any(KEY in path.read_text("utf-8") for path in folder.iterdir())

    asked = len(provider.requests)
    replayed = project.run(**env)  # without a key: the placeholder is enough
    replayed.check(passed=8).has("playhead: 12 replayed\n")
    project.run("--rechunk=hostile", "-q", "--deselect", "test_app.py::test_haiku", **env).check(passed=7)
    assert len(provider.requests) == asked

    verified = project.run("-q", "--record-mode=verify", "-k", "haiku", **env, OPENAI_API_KEY=KEY)
    verified.check(passed=1)
    assert len(provider.requests) == asked + 1

    # Unused recordings fail a test that passed, and only that.
    source = project.read("test_app.py")
    project.write("test_app.py", source.replace("chunks = ask()", "return").replace('ask("by fixture")', "assert 0"))
    changed = project.run("-q", "-k", "haiku or by_fixture", **env)
    changed.check(passed=1, failed=1, error=1).has(
        "test_haiku.yaml: 1 of 1 recorded interactions were not played", "2 unplayed"
    )

    # Another request: the nearest recording, and a command that works as printed.
    project.write("test_app.py", source.replace("chunks = ask()", 'chunks = ask("Climate?")'))
    other = project.run("-q", "-k", "haiku", **env)
    other.check(failed=1).has(
        'recorded "Weather?"', 'now "Climate?"', "record again: pytest test_app.py::test_haiku --record-mode=rewrite"
    )
    project.run("test_app.py::test_haiku", "--record-mode=rewrite", **env, OPENAI_API_KEY=KEY).check(passed=1)
    assert "Climate?" in (folder / "test_haiku.yaml").read_text("utf-8")


def test_what_cannot_be_meant_is_said(project: Project) -> None:
    project.write(
        "test_marks.py",
        """
        import pytest

        @pytest.mark.cassette(record_mod="once")
        def test_typo(): pass

        @pytest.mark.cassette(record_mode="onse")
        def test_value(): pass

        @pytest.mark.cassette("a", "b")
        def test_two_names(): pass

        @pytest.mark.cassette
        @pytest.mark.vcr
        def test_two_recorders(): pass

        @pytest.mark.cassette(match_on="body")
        def test_no_list(): pass
        """,
    )
    result = project.run("-q")
    result.check(error=5).has(
        "test_marks.py::test_typo: unknown option 'record_mod' for a cassette; did you mean record_mode?",
        "test_marks.py::test_value: record_mode='onse' is unknown (did you mean 'once'?)",
        "test_marks.py::test_two_names: the mark cassette takes one name, not 2",
        "test_marks.py::test_two_recorders has two recorders: the mark cassette (Playhead) and the mark vcr",
        "test_marks.py::test_no_list: match_on must be a list",
    )


def test_a_swallowed_mismatch_fails_the_test_and_an_expected_one_does_not(project: Project) -> None:
    project.write(
        "test_hidden.py",
        """
        import httpx
        import playhead
        import pytest

        def ask():
            httpx.get("https://api.anthropic.com/v1/models")

        def careless():
            try:
                ask()
            except BaseException:
                pass

        @pytest.mark.cassette
        def test_swallowed():
            careless()

        @pytest.mark.cassette
        def test_expected():
            with pytest.raises(playhead.UnmatchedRequest, match="needs ANTHROPIC_API_KEY"):
                ask()

        @pytest.mark.cassette
        @pytest.mark.xfail(strict=True)
        def test_failed_anyway():
            ask()
        """,
    )
    project.run("-q").check(passed=2, error=1, xfailed=1).has("No recording for test_swallowed")


def test_the_command_line_wins_over_the_mark_and_the_mark_over_ini(project: Project, provider: RunningProvider) -> None:
    project.write("app.py", APP)
    project.write(
        "pytest.ini",
        """
        [pytest]
        filterwarnings = error
        playhead_record_mode = new_episodes
        playhead_cassette_dir = tapes
        playhead_on_unplayed = ignore
        """,
    )
    project.write(
        "unit/test_modes.py",
        """
        import pytest
        from app import ask

        def test_ini(cassette):
            ask()
            assert cassette.record_mode == "new_episodes"

        @pytest.mark.cassette(record_mode="none")
        def test_mark(cassette):
            assert str(getattr(cassette.record_mode, "value", cassette.record_mode)) == "none"
        """,
    )
    env = {"PROVIDER": provider.openai_url, "PYTHONPATH": ".", "OPENAI_API_KEY": KEY}
    run = partial(project.run, plugins=("pytest_playhead",))
    run("-q", **env).check(passed=2)
    assert (project.folder / "tapes/unit/test_modes/test_ini.yaml").exists()
    overridden = run("-q", "--record-mode=none", "--playhead-record-mode=all", **env)
    overridden.check(failed=2).has("'new_episodes'", "== 'none'")
