"""Real SDKs over real sockets: the same scripts, the same text, calls, usage and finish, each client's own exceptions."""

from __future__ import annotations

from typing import Any

import pytest

from playhead.models import ScriptedModel
from playhead.server import Provider, RunningProvider
from tests.server.clients import CLIENTS
from tests.server.stories import EXPECTED, check, faults, stories

# aiohttp's connector, which google-genai uses, is closed by its client only half.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
BY_CLIENT = pytest.mark.parametrize("kind", CLIENTS, ids=lambda kind: kind.name)


@BY_CLIENT
@pytest.mark.parametrize("way", ["whole", "streamed"])
def test_a_sync_client_sees_each_story_as_it_was_told(kind: Any, way: str) -> None:
    with RunningProvider(Provider(stories())) as provider:
        client = kind(provider)
        for number in range(len(EXPECTED)):
            check(client, number, getattr(client, way)(), streamed=way == "streamed")
        client.close()
        provider.assert_served()
    provider.assert_no_warnings()
    provider.assert_asked("Zürich", times=len(EXPECTED), dialect=kind.name, stream=way == "streamed", system="Be brief")


@BY_CLIENT
@pytest.mark.parametrize("way", ["whole_async", "streamed_async"])
async def test_an_async_client_sees_each_story_as_it_was_told(kind: Any, way: str) -> None:
    with RunningProvider(Provider(stories())) as provider:
        client = kind(provider)
        for number in range(len(EXPECTED)):
            check(client, number, await getattr(client, way)(), streamed=way == "streamed_async")
        await client.aclose()
        provider.assert_served()


@BY_CLIENT
def test_each_fault_is_the_client_s_own_exception(kind: Any) -> None:
    with RunningProvider(Provider(ScriptedModel(faults()))) as provider:
        client = kind(provider)
        with pytest.raises(kind.rate_limit) as limited:
            client.streamed()
        assert getattr(limited.value, "status_code", None) or getattr(limited.value, "code", None) == 429
        assert client.streamed().text == "It is sunny."
        with pytest.raises(kind.in_stream, match="Overloaded"):
            client.streamed()
        for _ in range(2):
            with pytest.raises(kind.cut):
                client.streamed()
        client.close()
        assert [entry.end for entry in provider.requests] == ["complete", "complete", "error", "cut", "cut"]
        assert provider.requests[-1].sent_bytes < 100


@BY_CLIENT
def test_a_client_that_asks_again_gets_what_comes_after_a_429(kind: Any) -> None:
    with RunningProvider(Provider(ScriptedModel(*faults().responses[:2]))) as provider:
        client = kind(provider, retries=2)
        assert client.whole().text == "It is sunny."
        client.close()
        assert [entry.status for entry in provider.requests] == [429, 200]


@BY_CLIENT
def test_the_same_script_twice_gives_the_same_bytes(kind: Any) -> None:
    import httpx

    bodies: list[list[bytes]] = []
    with RunningProvider(Provider(stories())) as provider:
        client = kind(provider)
        for _ in EXPECTED:
            client.streamed()
        asked = [(entry.path, entry.query, entry.body, entry.headers) for entry in provider.requests]
        client.close()
    for _ in range(2):
        with RunningProvider(Provider(stories())) as provider, httpx.Client(base_url=provider.url) as http:
            bodies.append(
                [http.post(path, params=query, content=body, headers={"content-type": headers["content-type"]}).content
                 for path, query, body, headers in asked]
            )  # fmt: skip
    assert bodies[0] == bodies[1]
    assert all(bodies[0])
