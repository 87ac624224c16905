"""Clients that VCR.py patches are recorded through it, into the same file, and found by the same rules."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import re
import socket
import ssl
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import httpx
import pytest
import requests
import urllib3
import vcr

from playhead.cassette import read_file, use_cassette, use_vcr_cassette
from playhead.cassette._stub_errors import failure_like
from playhead.exceptions import UnmatchedRequest
from tests.cassette._server import Server, json_reply, reply

Getter = Callable[[str], bytes]


def by_requests(url: str) -> bytes:
    return requests.get(url, timeout=5).content


def by_urllib3(url: str) -> bytes:
    with urllib3.PoolManager() as pool:
        return pool.request("GET", url).data


def by_urllib(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.read()


def by_http_client(url: str) -> bytes:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(host, timeout=5)
    connection.request("GET", f"/{path}")
    try:
        return connection.getresponse().read()
    finally:
        connection.close()


def by_aiohttp(url: str) -> bytes:
    async def run() -> bytes:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            return await response.read()

    return asyncio.run(run())


def by_botocore(url: str) -> bytes:
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    session = URLLib3Session()
    try:
        return session.send(AWSRequest("GET", url).prepare()).content
    finally:
        session.close()


def by_httpx(url: str) -> bytes:
    return httpx.get(url).content


GETTERS = [by_requests, by_urllib3, by_urllib, by_http_client, by_aiohttp, by_botocore]


@pytest.mark.parametrize("get", GETTERS)
def test_a_client_is_recorded_and_replayed(get: Getter, server: Server, tape: Path) -> None:
    server.replies["/v1"] = reply(b"hello")
    with use_cassette(tape, "once"):
        assert get(server.url + "/v1") == b"hello"
    with use_cassette(tape) as cassette:
        assert get(server.url + "/v1") == b"hello"
    assert cassette.all_played
    assert len(server.requests) == 1
    response = read_file(str(tape)).interactions[0].response
    assert (response.chunks, response.end) == ([b"hello"], "complete")
    assert response.header("content-length") is None


@pytest.mark.parametrize("get", GETTERS)
def test_a_mismatch_reaches_the_test(get: Getter, server: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        get(server.url + "/v1")
    with use_cassette(tape), pytest.raises(UnmatchedRequest, match="path"):
        get(server.url + "/v2")
    assert len(server.requests) == 1


@pytest.mark.parametrize("get", GETTERS)
def test_without_a_cassette_a_client_is_untouched(get: Getter, server: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        pass
    assert get(server.url + "/v1") == b"hello"
    assert len(server.requests) == 1


@pytest.mark.parametrize("get", GETTERS)
def test_a_compressed_reply_is_the_same_on_replay(get: Getter, server: Server, tape: Path) -> None:
    server.replies["/v1"] = reply(gzip.compress(b"hello" * 20, mtime=0), headers={"content-encoding": "gzip"})
    with use_cassette(tape, "once"):
        live = get(server.url + "/v1")
    with use_cassette(tape):
        replayed = get(server.url + "/v1")
    assert b"hello" * 20 in (live, gzip.decompress(live) if live[:2] == b"\x1f\x8b" else live)
    assert replayed == b"hello" * 20  # stored decoded: raw readers like http.client see it so
    assert httpx_reads(tape, server) == b"hello" * 20


def httpx_reads(tape: Path, server: Server) -> bytes:
    with use_cassette(tape):
        return by_httpx(server.url + "/v1")


def test_all_clients_share_one_file(server: Server, tape: Path) -> None:
    server.replies["*"] = lambda request: json_reply(len(server.requests))
    everybody = [by_httpx, *GETTERS]
    with use_cassette(tape, "once"):
        live = [get(server.url + "/v1") for get in everybody]
    with use_cassette(tape) as cassette:
        assert [get(server.url + "/v1") for get in everybody] == live
    assert cassette.all_played
    with use_cassette(tape):  # whoever asks
        assert [by_httpx(server.url + "/v1") for _ in everybody] == live


def test_recordings_of_different_clients_are_in_the_order_in_which_they_were_sent(server: Server, tape: Path) -> None:
    with use_cassette(tape, "once") as cassette:
        by_httpx(server.url + "/a")
        by_requests(server.url + "/b")
        by_httpx(server.url + "/c")
        expected = [server.url + path for path in ("/a", "/b", "/c")]
        assert [item.request.uri for item in cassette.interactions] == expected
        assert [request.uri for request in cassette.requests] == expected
    assert [item.request.uri for item in read_file(str(tape)).interactions] == expected


def test_what_another_client_recorded_replays_under_plain_vcr(server: Server, tape: Path) -> None:
    with use_cassette(tape, "once"):
        by_requests(server.url + "/v1")
    with vcr.use_cassette(str(tape), record_mode="none"):
        assert by_requests(server.url + "/v1") == b"hello"
    assert len(server.requests) == 1


def test_under_vcrs_rules_the_error_is_vcrs(server: Server, tape: Path) -> None:
    from vcr.errors import CannotOverwriteExistingCassetteException

    with use_vcr_cassette(vcr.VCR(), str(tape), record_mode="once"):
        by_requests(server.url + "/v1")
    with use_vcr_cassette(vcr.VCR(), str(tape), record_mode="none"):
        assert by_requests(server.url + "/v1") == b"hello"
        with pytest.raises(CannotOverwriteExistingCassetteException, match="path"):
            by_requests(server.url + "/v2")


def test_threads_with_a_cassette_each_never_reach_the_network(server: Server, tmp_path: Path) -> None:
    server.replies["*"] = lambda request: reply(request.path)

    def record(number: int) -> bytes:
        with use_cassette(tmp_path / f"{number}.yaml", "once"):
            return by_requests(f"{server.url}/{number}")

    def replay(number: int) -> bytes:
        with use_cassette(tmp_path / f"{number}.yaml"):
            return by_requests(f"{server.url}/{number}")

    expected = [f"/{number}".encode() for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(record, range(12))) == expected
        assert list(pool.map(replay, range(12))) == expected
    assert len(server.requests) == 12


def test_nothing_stays_patched(server: Server, tape: Path) -> None:
    targets = [
        (http.client, "HTTPConnection"),
        (http.client, "HTTPSConnection"),
        (urllib3.connectionpool.HTTPConnectionPool, "ConnectionCls"),
        (urllib3.connectionpool.HTTPSConnectionPool, "_get_conn"),
        (aiohttp.ClientSession, "_request"),
        (vcr.patch, "force_reset"),
    ]
    before = [getattr(target, name) for target, name in targets]
    with use_cassette(tape, "once"):
        during = [getattr(target, name) for target, name in targets]
        by_requests(server.url + "/v1")
    assert all(one is not other for one, other in zip(before, during, strict=True))
    assert [getattr(target, name) for target, name in targets] == before


def test_a_session_that_outlives_the_cassette_goes_on_working(server: Server, tape: Path) -> None:
    with requests.Session() as session:
        with use_cassette(tape, "once"):
            assert session.get(server.url + "/v1", timeout=5).content == b"hello"
        assert session.get(server.url + "/v1", timeout=5).content == b"hello"
        with use_cassette(tape):
            assert session.get(server.url + "/v1", timeout=5).content == b"hello"
    assert len(server.requests) == 2


def failure(get: Getter, url: str) -> tuple[str, str]:
    with pytest.raises(Exception) as caught:
        get(url)
    return type(caught.value).__name__, re.sub("0x[0-9a-f]+", "0x", str(caught.value))


RUBBISH = b"\0\1 nonsense\r\n\r\n"


@pytest.mark.parametrize("steps", [[], [RUBBISH]], ids=["nothing", "rubbish"])
@pytest.mark.parametrize("get", GETTERS)
def test_a_failure_is_recorded_and_replayed_as_it_was(
    get: Getter, steps: list[bytes], server: Server, tape: Path
) -> None:
    server.replies["/v1"] = steps
    url = server.url + "/v1"
    bare = failure(get, url)
    with use_cassette(tape, "once"):
        assert failure(get, url) == bare
    asked = len(server.requests)
    with use_cassette(tape) as cassette:
        assert failure(get, url) == bare
    assert cassette.all_played
    assert len(server.requests) == asked
    response = read_file(str(tape)).interactions[0].response
    assert (response.status, response.body, response.end) == (599, b"", "failed")


@pytest.mark.parametrize("get", [by_requests, by_urllib3, by_http_client, by_aiohttp, by_botocore])
def test_a_refused_connection_is_replayed_as_one(get: Getter, tape: Path) -> None:
    url = "http://127.0.0.1:9/v1"
    bare = failure(get, url)
    with use_cassette(tape, "once"):
        assert failure(get, url) == bare
    with use_cassette(tape):
        assert failure(get, url) == bare


@pytest.mark.parametrize("get", GETTERS)
def test_tries_that_failed_before_one_did_not_are_replayed_in_order(get: Getter, server: Server, tape: Path) -> None:
    answers = iter([[], reply(b"hello")])
    server.replies["/v1"] = lambda request: next(answers)

    def twice() -> bytes:
        try:
            return get(server.url + "/v1")
        except Exception:
            return get(server.url + "/v1")

    with use_cassette(tape, "once"):
        assert twice() == b"hello"
    with use_cassette(tape) as cassette:
        assert twice() == b"hello"
    assert cassette.all_played
    kept = [item.response.status for item in read_file(str(tape)).interactions]
    assert kept == ([200] if get is by_aiohttp else [599, 200])  # aiohttp tries again within one request


def test_by_vcrs_rules_a_failure_is_not_recorded(server: Server, tape: Path) -> None:
    server.replies["/v1"] = []
    with use_vcr_cassette(vcr.VCR(record_mode="new_episodes"), str(tape)) as cassette:
        failure(by_requests, server.url + "/v1")
        assert len(cassette) == 0


@pytest.mark.parametrize(("get", "kind"), [(by_requests, requests.ConnectionError), (by_aiohttp, aiohttp.ClientError)])
def test_what_httpx_recorded_is_a_failure_to_others_too(
    get: Getter, kind: type[Exception], server: Server, tape: Path
) -> None:
    with use_cassette(tape, "once", match_on=["uri"]), pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:9/v1", trust_env=False)
    with use_cassette(tape), pytest.raises(kind):
        get("http://127.0.0.1:9/v1")


@pytest.mark.parametrize(
    ("error", "aiohttp_too"),
    [
        (TimeoutError("timed out"), True),
        (ConnectionResetError(104, "Connection reset by peer"), True),
        (socket.gaierror(-2, "Name or service not known"), True),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), True),
        (http.client.IncompleteRead(b"12345", 45), False),
        (http.client.IncompleteRead(b"12345"), False),
        (http.client.RemoteDisconnected("Remote end closed connection without response"), False),
        (http.client.BadStatusLine("nonsense"), False),
        (urllib3.exceptions.NewConnectionError(urllib3.connection.HTTPConnection("a.example"), "refused"), False),
        (urllib3.exceptions.ProtocolError("Connection broken", ValueError("x")), False),
        (aiohttp.ServerDisconnectedError(), True),
        (aiohttp.ClientPayloadError("not whole"), True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_is_made_again_of_its_name_and_text(error: Exception, aiohttp_too: bool) -> None:
    made = failure_like((type(error).__name__, str(error)), aiohttp=aiohttp_too)
    assert type(made) is type(error)
    assert str(made) == str(error)


def test_an_error_of_nobody_is_the_nearest_that_the_client_knows() -> None:
    assert type(failure_like(("PoolTimeout", "x"), aiohttp=False)) is TimeoutError
    assert type(failure_like(("ConnectError", "x"), aiohttp=False)) is ConnectionError
    assert type(failure_like(("ConnectError", "x"), aiohttp=True)) is aiohttp.ClientConnectionError
    assert type(failure_like(("SystemExit", "x"), aiohttp=False)) is ConnectionError
