"""Suites written for pytest-recording run with Playhead in its place: marks, fixtures, options, hook and tolerance."""

from __future__ import annotations

import pytest

from tests.plugin._project import Project

CASSETTE = """\
version: 1
interactions:
- request:
    body: null
    headers: {{}}
    method: GET
    uri: http://example.org{path}
  response:
    body: {{string: '{body}'}}
    headers: {{}}
    status: {{code: 200, message: OK}}
"""


def cassette(path: str, body: str) -> str:
    return CASSETTE.format(path=path, body=body)


def test_a_suite_replays_with_everything_that_pytest_recording_has(project: Project) -> None:
    project.write(
        "pytest.ini",
        """
        [pytest]
        filterwarnings = error
        addopts = --strict-markers --import-mode=importlib
        asyncio_mode = auto
        asyncio_default_fixture_loop_scope = function
        """,
    )
    project.write(
        "conftest.py",
        """
        import pytest
        import vcr.stubs.httpx_stubs
        from vcr.stubs import httpx_stubs

        opened = []

        def pytest_recording_configure(config, vcr):
            assert config.getoption("record_mode") is None
            assert config.getoption("--record-mode") is None
            opened.append(vcr)
            vcr.register_matcher("loose", lambda one, other: one.path == other.path)
            vcr.register_serializer("yaml", vcr.serializers["yaml"])

        @pytest.fixture(scope="module")
        def vcr_config(vcr_cassette_dir):
            assert vcr_cassette_dir.endswith("test_suite")
            return {"filter_headers": ["authorization", ("x-key", "MASKED")], "decode_compressed_response": True}
        """,
    )
    folder = "cassettes/test_suite"
    for name in ("test_plain", "TestClass.test_method[a-b]", "test_async", "test_hooks", "named", "test_counts"):
        project.write(f"{folder}/{name}.yaml", cassette("/get", "plain"))
    project.write(f"{folder}/test_several.yaml", cassette("/get", "first"))
    project.write(f"{folder}/extra.yaml", cassette("/extra", "second"))
    absolute = project.write("elsewhere/third.yaml", cassette("/third", "third"))
    project.write(f"{folder}/test_loose.yaml", cassette("/get?recorded=1", "loose"))
    project.write(
        "test_suite.py",
        f"""
        import aiohttp
        import botocore.awsrequest
        import httpx
        import httpx2
        import pytest
        import requests
        import vcr.errors

        URL = "http://example.org/get"

        def test_unmarked(vcr, record_mode, disable_recording, vcr_markers, allowed_hosts, default_cassette_name):
            assert vcr is None
            assert (record_mode, disable_recording, vcr_markers, allowed_hosts) == ("none", False, [], None)
            assert default_cassette_name == "test_unmarked"

        @pytest.mark.vcr
        def test_plain(vcr):
            assert httpx.get(URL).text == "plain"
            assert (vcr.play_count, vcr.all_played, len(vcr), len(vcr.requests), len(vcr.responses)) == (1, True, 1, 1, 1)
            assert vcr.play_counts == {{0: 1}}
            assert vcr.record_mode.value == "none"
            with pytest.raises(vcr_error):  # each recording plays once
                httpx.get(URL)

        vcr_error = vcr.errors.CannotOverwriteExistingCassetteException

        @pytest.mark.vcr
        def test_counts():
            assert httpx2.get(URL).text == "plain"

        class TestClass:
            @pytest.mark.vcr
            @pytest.mark.parametrize("name", ["a/b"])
            def test_method(self, name):
                assert requests.get(URL).text == "plain"

        @pytest.mark.vcr
        async def test_async():
            async with aiohttp.ClientSession() as session:
                async with session.get(URL) as response:
                    assert await response.text() == "plain"

        @pytest.mark.vcr({str(absolute)!r})
        @pytest.mark.vcr("extra.yaml")
        def test_several():
            got = [httpx.get(f"http://example.org/{{path}}").text for path in ("third", "extra", "get")]
            assert got == ["third", "second", "first"]

        @pytest.mark.default_cassette("named.yaml")
        @pytest.mark.vcr
        def test_named(default_cassette_name):
            assert default_cassette_name == "named.yaml"
            assert httpx.get(URL).text == "plain"

        @pytest.mark.vcr(match_on=["loose"])
        def test_loose():
            assert httpx.get("http://example.org/get?now=2").text == "loose"

        seen = []

        @pytest.mark.vcr(before_record_request=lambda request: seen.append(request) or request, ignore_hosts=["localhost"])
        def test_hooks():
            assert httpx.get(URL).text == "plain"
            assert seen

        @pytest.mark.vcr
        def test_missing():
            with pytest.raises(vcr_error):
                httpx.get(URL)

        @pytest.mark.vcr("long.yaml")
        @pytest.mark.parametrize("text", ["x"], ids=["x" * 300])
        def test_long(text, vcr):
            assert len(vcr._path.rpartition("/")[2]) <= 255
            assert "..." in vcr._path

        @pytest.mark.vcr
        def test_without_mark_of_ours(request):
            assert "playhead_cassette" not in request.fixturenames
        """,
    )
    project.run("-q").check(passed=12).has("playhead: 10 replayed")
    project.run("-q", "--rechunk=bytes").check(passed=12)
    project.run("-q", "--disable-recording", "-k", "unmarked").check(failed=1)  # it asserts the fixture's False


def test_what_the_hook_registers_and_assigns_decides_as_there(project: Project) -> None:
    project.write(
        "conftest.py",
        """
        import json

        def pytest_recording_configure(config, vcr):
            # The command line and the mark say nothing about it.
            vcr.record_mode = "once"

            class Pretty:
                deserialize = staticmethod(json.loads)
                serialize = staticmethod(lambda data: json.dumps(data, indent=2))

            class Shelf:
                @staticmethod
                def load_cassette(path, serializer):
                    assert path.endswith(".shelf")
                    from vcr.request import Request
                    answer = {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": b"shelved"}}
                    return [Request("GET", "http://example.org/shelf", None, {})], [answer]

                @staticmethod
                def save_cassette(path, data, serializer):
                    raise AssertionError("nothing is recorded")

            vcr.register_serializer("pretty", Pretty)
            vcr.register_serializer("shelf", Pretty)
            if vcr.path_transformer("x").endswith(".shelf"):
                vcr.register_persister(Shelf)
        """,
    )
    recording = (
        '{"version": 1, "interactions": [{"request": {"method": "GET", "uri": "http://example.org/%s", "body": null,'
        ' "headers": {}}, "response": {"status": {"code": 200, "message": "OK"}, "headers": {},'
        ' "body": {"string": "%s"}}}]}'
    )
    project.write("cassettes/test_hook/test_both_files_are_read_by_the_serializer.pretty", recording % ("a", "first"))
    project.write("cassettes/test_hook/more.pretty", recording % ("b", "second"))
    project.write(
        "test_hook.py",
        """
        import httpx
        import pytest

        @pytest.mark.vcr("more.pretty", serializer="pretty")
        def test_both_files_are_read_by_the_serializer(vcr):
            assert httpx.get("http://example.org/a").text == "first"
            assert httpx.get("http://example.org/b").text == "second"
            assert str(vcr.record_mode.value) == "once"

        @pytest.mark.vcr("not-in-this-format", serializer="shelf")
        def test_the_suites_persister_reads_what_it_wants():
            assert httpx.get("http://example.org/shelf").text == "shelved"

        @pytest.mark.vcr(record_mode="none")
        def test_the_mark_wins_over_the_hook(vcr):
            assert str(vcr.record_mode.value) == "none"
        """,
    )
    project.write("cassettes/test_hook/not-in-this-format", "{")
    project.run("-q").check(passed=3)


def test_what_suites_import_of_the_package_is_there(project: Project) -> None:
    project.write("cassettes/test_own/test_of_its_own.yaml", cassette("/get", "recorded"))
    project.write(
        "conftest.py",
        """
        import pytest
        from pytest_recording._vcr import use_cassette

        @pytest.fixture(autouse=True)
        def vcr(request, vcr_markers, vcr_cassette_dir, record_mode, pytestconfig):
            if not vcr_markers:
                yield None
                return
            config = request.getfixturevalue("vcr_config")
            name = request.getfixturevalue("default_cassette_name")
            with use_cassette(name, vcr_cassette_dir, record_mode, vcr_markers, config, pytestconfig) as opened:
                yield opened
        """,
    )
    project.write(
        "test_own.py",
        """
        import httpx
        import pytest
        from pytest_recording.network import blocking_context
        from pytest_recording.plugin import record_mode
        from vcr.errors import CannotOverwriteExistingCassetteException

        @pytest.mark.vcr(match_on=["path"])
        def test_of_its_own(vcr):
            assert httpx.get("http://elsewhere.example/get").text == "recorded"
            with pytest.raises(CannotOverwriteExistingCassetteException):
                httpx.get("http://elsewhere.example/other")

        def test_without_a_mark(vcr, record_mode):
            assert vcr is None
            assert record_mode == "none"
            with blocking_context(allowed_hosts=["10.*"]), pytest.raises(RuntimeError, match="Network is disabled"):
                httpx.get("http://127.0.0.1:9/")

        def test_no_more_than_that():
            with pytest.raises(ImportError):
                from pytest_recording.network import unblock_socket
            with pytest.raises(ModuleNotFoundError):
                import pytest_recording.anything
        """,
    )
    project.run("-q").check(passed=3).has("playhead: 1 replayed")


def test_a_hook_sees_a_header_as_the_file_has_it(project: Project) -> None:
    project.write(
        "cassettes/test_links/test_next.yaml",
        cassette("/get", "recorded").replace(
            "headers: {}\n    status", "headers: {link: '<http://of.mine/2>', etag: ['1']}\n    status"
        ),
    )
    project.write(
        "test_links.py",
        """
        import httpx
        import pytest

        def hook(response):
            headers = response["headers"]
            assert headers["etag"] == ["1"]
            headers["link"] = headers["link"].replace("of.mine", "example.org")  # as it did when it was recorded
            return response

        @pytest.mark.vcr(before_record_response=hook)
        def test_next():
            assert httpx.get("http://example.org/get").headers["link"] == "<http://example.org/2>"
        """,
    )
    project.run("-q").check(passed=1)


def test_transports_of_ones_own_are_left_alone(project: Project) -> None:
    project.write("cassettes/test_fakes/test_a_fake.yaml", cassette("/get", "recorded"))
    project.write(
        "test_fakes.py",
        """
        import httpx
        import pytest

        class Fake(httpx.BaseTransport, httpx.AsyncBaseTransport):
            def handle_request(self, request):
                return httpx.Response(200, text="by the fake")

            async def handle_async_request(self, request):
                return httpx.Response(200, text="by the fake")

        class Wrapper(httpx.BaseTransport):
            def __init__(self):
                self.wrapped = httpx.HTTPTransport()

            def handle_request(self, request):
                return self.wrapped.handle_request(request)

            def close(self):
                self.wrapped.close()

        @pytest.mark.vcr
        async def test_a_fake():
            with httpx.Client(transport=Fake()) as client:
                assert client.get("http://elsewhere.example/").text == "by the fake"
            async with httpx.AsyncClient(transport=Fake()) as client:
                assert (await client.get("http://elsewhere.example/")).text == "by the fake"
            with httpx.Client(transport=Wrapper()) as client:
                assert client.get("http://example.org/get").text == "recorded"
        """,
    )
    project.run("-q").check(passed=1).has("playhead: 1 replayed")


def test_recording_follows_the_marks_and_blocking_the_command_line(project: Project, provider: object) -> None:
    project.write(
        "test_modes.py",
        """
        import os
        import httpx
        import pytest

        URL = os.environ["PROVIDER"] + "/models"

        @pytest.fixture
        def vcr_config():
            return {"record_mode": "once", "filter_headers": ["authorization"]}

        @pytest.mark.vcr
        def test_config_records():
            httpx.get(URL, headers={"authorization": "Bearer secret-of-mine"})

        @pytest.mark.vcr(record_mode="none")
        def test_mark_wins():
            with pytest.raises(Exception, match="(?i)record[ _]mode.*none"):
                httpx.get(URL)

        @pytest.mark.block_network
        def test_blocked():
            with pytest.raises(RuntimeError, match=r"^Network is disabled for host '127.0.0.1'$"):
                httpx.get(URL)

        @pytest.mark.block_network(allowed_hosts=["127.0.*"])
        def test_allowed():
            httpx.get(URL)

        @pytest.mark.block_network
        @pytest.mark.vcr("shared")
        def test_blocked_but_records():
            httpx.get(URL)

        @pytest.mark.block_network
        def test_own_servers_stay_reachable(fake_provider):
            from playhead.script import response
            httpx.get(fake_provider(response("x", times="any")).openai_url + "/models").raise_for_status()

        @pytest.mark.block_network
        async def test_event_loops_work():
            import asyncio
            await asyncio.to_thread(lambda: None)

        @pytest.mark.block_network(hosts=[])
        def test_typo():
            pass
        """,
    )
    url = provider.openai_url  # type: ignore[attr-defined]
    first = project.run("-q", PROVIDER=url)
    first.check(passed=7, error=1).has("Invalid arguments to `block_network`")
    text = project.read("cassettes/test_modes/test_config_records.yaml")
    assert "secret-of-mine" not in text
    assert "\nversion: 1\n" in text
    # The whole suite without network: what was recorded is replayed, by VCR.py's own rules.
    blocked = project.run(
        "-q", "--block-network", "--allowed-hosts=192.*", "-k", "not allowed and not typo", PROVIDER=url
    )
    blocked.check(passed=6)
    project.run("-q", "--block-network", "--record-mode=all", "-k", "records", PROVIDER=url).check(passed=2)


@pytest.mark.slow
def test_plain_vcr_replays_what_was_recorded(project: Project, provider: object) -> None:
    project.write(
        "test_both.py",
        """
        import os
        import httpx
        import pytest

        @pytest.mark.vcr
        def test_models():
            assert httpx.get(os.environ["PROVIDER"] + "/models").status_code == 200
        """,
    )
    url = provider.openai_url  # type: ignore[attr-defined]
    project.run("-q", "--record-mode=once", PROVIDER=url).check(passed=1)
    project.write(
        "replay.py",
        """
        import sys, vcr, httpx
        with vcr.use_cassette("cassettes/test_both/test_models.yaml", record_mode="none"):
            assert httpx.get(sys.argv[1] + "/models").status_code == 200
        """,
    )
    import subprocess
    import sys

    subprocess.run([sys.executable, "replay.py", url], cwd=project.folder, check=True)


def test_a_suite_may_require_pytest_recording_and_parametrize_its_fixtures(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nrequired_plugins = pytest-recording>=0.13\n")
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.fixture
        def vcr_cassette_dir(request):
            return str(request.path.parent / "tapes" / getattr(request, "param", "none"))
        """,
    )
    for name in "ab":
        project.write(f"tapes/{name}/test_by_mark[1-{name}].yaml", cassette("/get", name))
        project.write(f"tapes/none/test_by_fixture[{name}].yaml", cassette("/get", name))
    project.write(
        "test_by_mark.py",
        """
        import httpx
        import pytest

        @pytest.mark.vcr
        @pytest.mark.parametrize("vcr_cassette_dir", ["a", "b"], indirect=True)
        @pytest.mark.parametrize("number", [1])
        def test_by_mark(number, request):
            assert httpx.get("http://example.org/get").text == request.node.callspec.params["vcr_cassette_dir"]
        """,
    )
    project.write(
        "test_by_fixture.py",
        """
        import httpx
        import pytest

        @pytest.fixture(params=["a", "b"])
        def vcr_config(request):
            return {"match_on": ["path"]}

        @pytest.mark.vcr
        def test_by_fixture(request):
            assert request.node.name.endswith(f"[{httpx.get('http://example.org/get').text}]")
        """,
    )
    project.run("-v").check(passed=4).lacks("plugins: recording")
    project.write("pytest.ini", "[pytest]\nrequired_plugins = pytest-recording>=99\n")
    project.run().has("Missing required plugins: pytest-recording>=99")
