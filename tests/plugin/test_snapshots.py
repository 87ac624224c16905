"""`stream_snapshot`: syrupy's machinery, our text, a failure that points at one line."""

from __future__ import annotations

import re
from importlib.metadata import version
from importlib.util import find_spec

import pytest

from tests._ports import quiet_port
from tests.plugin._project import Project

TESTS = """
    import pytest
    from playhead import Agent
    from playhead.script import call, text, usage

    def run(fake_model, capture_run_sync, weather="sunny", **kwargs):
        agent = Agent(fake_model([text("Let me", " look."), call("get_weather", {"city": "Paris"}, chunks=2)], "It is " + weather))

        @agent.tool_plain
        def get_weather(city: str) -> str:
            return weather

        return capture_run_sync(agent, "Weather?", **kwargs)

    def test_run(fake_model, capture_run_sync, stream_snapshot):
        seen = run(fake_model, capture_run_sync)
        assert seen == stream_snapshot
        assert seen.text_deltas == stream_snapshot
        assert seen.tool_events == stream_snapshot(name="tools")
        assert seen.usage == stream_snapshot
        assert seen.partial_outputs == stream_snapshot
        assert seen.events == stream_snapshot
        assert seen.messages == stream_snapshot

    class TestClass:
        @pytest.mark.parametrize("weather", ["sunny", "rainy"])
        def test_weather(self, weather, fake_model, capture_run_sync, stream_snapshot):
            assert run(fake_model, capture_run_sync, weather) == stream_snapshot

    async def test_async(fake_model, capture_run, stream_snapshot):
        agent = Agent(fake_model("hi"))
        assert await capture_run(agent, "ho") == stream_snapshot
"""


def test_snapshots_are_written_compared_and_reported_unused(project: Project) -> None:
    project.write("test_runs.py", TESTS)
    missing = project.run("-q", "-k", "async")
    missing.check(failed=1).has("There is no snapshot yet. Write it: add --snapshot-update", 'user      "ho"')
    project.run("--snapshot-update").check(passed=4).has("10 snapshots generated")
    file = project.folder / "__snapshots__/test_runs.transcript"
    written = file.read_text("utf-8")
    assert written.startswith("# serializer version: 1\n")
    names = re.findall(r"# name: (.*)", written)
    assert len(names) == 10
    assert {"TestClass.test_weather[rainy]", "test_async", "test_run", "test_run.1", "test_run[tools]"} <= set(names)
    assert '    text      "Let me" | " look."\n' in written
    assert re.search(r"pyd_ai|2026-|T\d\d:", written) is None
    project.run("-q").check(passed=4).has("10 snapshots passed")
    project.run("-q", "-n", "2", plugins=("pytest_playhead", "syrupy", "pytest_asyncio.plugin", "xdist")).check(
        passed=4
    )
    assert file.read_text("utf-8") == written

    # One word of one tool's result changes: three snapshots of the run know it, and each says where.
    project.write(
        "test_runs.py",
        TESTS.replace('weather="sunny"', 'weather="foggy"').replace('"Let me", " look."', '"Let", " me look."'),
    )
    changed = project.run("-q", "test_runs.py::test_run")
    changed.check(failed=1).has(
        "First difference in request 1 (line 3):",
        '-   text      "Let me" | " look."',
        '+   text      "Let" | " me look."',
        "more lines after it differ",
        "--snapshot-update (with --record-mode=rewrite, if you record again)",
    )
    assert len(changed.text.splitlines()) < 80
    project.write("test_runs.py", TESTS.replace("assert seen.messages == stream_snapshot", "pass"))
    unused = project.run("-q")
    assert unused.code == 1
    unused.has("1 snapshot unused")


def test_cassettes_compare_as_transcripts_of_their_traffic(project: Project) -> None:
    project.write(
        "test_traffic.py",
        """
        import os
        import httpx
        import pytest

        def ask(url):
            body = {"model": "gpt-5", "stream": True, "stream_options": {"include_usage": True}, "messages": [{"role": "user", "content": "Weather?"}]}
            httpx.post(url + "/chat/completions", json=body).raise_for_status()

        def test_traffic(cassette, stream_snapshot, fake_provider):
            from playhead.script import text, usage
            if os.environ.get("RECORD"):
                provider = fake_provider([text("It is", " sunny"), usage(input_tokens=5, output_tokens=3)], port=int(os.environ["PORT"]))
            ask("http://127.0.0.1:" + os.environ["PORT"] + "/v1")
            assert cassette == stream_snapshot
        """,
    )
    port = str(quiet_port())
    project.run("--record-mode=once", "--snapshot-update", RECORD="1", PORT=port).check(passed=1)
    assert '    text      "It is" | " sunny"\n    usage     5 in, 3 out\n' in project.read(
        "__snapshots__/test_traffic.transcript"
    )
    project.run(PORT=port).check(passed=1)
    project.run("--rechunk=bytes", PORT=port).check(passed=1)


@pytest.mark.skipif(
    version("inline-snapshot").startswith("0.20.") and find_spec("black") is None,
    reason="inline-snapshot 0.20 (the last for pytest 8.2) needs black to write",
)
def test_transcripts_compare_with_plain_values_dirty_equals_and_inline_snapshots(project: Project) -> None:
    project.write(
        "test_plain.py",
        """
        from dirty_equals import Contains, IsList, IsPartialDict, IsStr
        from inline_snapshot import snapshot
        from playhead import Agent, ModelRetry
        from playhead.script import call
        from playhead.transcript import ToolCalled, ToolRetried, ToolReturned

        def test_values(fake_model, capture_run_sync):
            agent = Agent(fake_model(call("dice", {"sides": 7}), call("dice", {"sides": 6}), "You", ), retries=3)

            @agent.tool_plain
            def dice(sides: int) -> int:
                if sides != 6:
                    raise ModelRetry("Six sides!")
                return 4

            run = capture_run_sync(agent, "Roll.")
            assert run.text_deltas == ["You"] == snapshot()
            assert run.tool_events == snapshot()
            assert run.output == IsStr(regex="Y.*")
            assert run.tool_events[0].args == IsPartialDict(sides=7)
            assert [event.kind for event in run.tool_events] == Contains("retry")
            assert str(run) == run == snapshot()
            run.assert_called("dice", {"sides": 6})
            run.assert_tools_in_order("dice", "dice")

        def test_two_runs_differ(fake_model, capture_run_sync):
            one = capture_run_sync(Agent(fake_model("hello")), "x")
            two = capture_run_sync(Agent(fake_model("hullo")), "x")
            assert one == two
        """,
    )
    plugins = ("pytest_playhead", "syrupy", "pytest_asyncio.plugin", "inline_snapshot.pytest_plugin")
    written = project.run("-q", "--inline-snapshot=create,fix", "-k", "values", plugins=plugins)
    source = project.read("test_plain.py")
    assert "ToolCalled(tool_name='dice', args={'sides': 7})" in source, written.text
    assert "      call#2    dice(sides=6)\n" in source.replace("\\n", "\n").replace("  call", "      call"), source
    again = project.run("-q", plugins=plugins)
    again.check(passed=1, failed=1).has("- ", '"hello"', '"hullo"', "First difference in request 1")
