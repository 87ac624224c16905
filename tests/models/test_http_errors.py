"""Error statuses whose body is a reply in truth, and those whose body is none."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from playhead.exceptions import ModelHTTPError
from playhead.messages import ModelRequest, ModelRequestParameters
from playhead.models import HttpModel

HELLO: Any = [ModelRequest.user_text_prompt("Hello")]
FAILED_CALL = {
    "error": {"code": "tool_use_failed", "message": "m", "failed_generation": '{"name": "f", "arguments": {"x": 1}}'}
}
FILTERED = {"error": {"code": "content_filter", "message": "m", "innererror": {"content_filter_result": {"hate": {}}}}}


def answering(body: Any) -> HttpModel:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    client = httpx.AsyncClient(transport=httpx.MockTransport(lambda request: httpx.Response(400, content=content)))
    return HttpModel("openai-chat", "m", provider="groq", api_key="k", http_client=client)


async def test_a_call_that_the_provider_refused_is_a_reply_streamed_and_whole():
    reply = await answering(FAILED_CALL).request(HELLO, None, ModelRequestParameters())
    assert [(call.tool_name, call.args) for call in reply.tool_calls] == [("f", {"x": 1})]
    assert reply.finish_reason == "error"
    async with answering(FAILED_CALL).request_stream(HELLO, None, ModelRequestParameters()) as stream:
        async for _ in stream:
            pass
    assert [(call.tool_name, call.args) for call in stream.get().tool_calls] == [("f", {"x": 1})]


async def test_a_filtered_prompt_is_a_reply_that_was_filtered():
    reply = await answering(FILTERED).request(HELLO, None, ModelRequestParameters())
    assert (list(reply.parts), reply.finish_reason) == ([], "content_filter")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "no", "code": "invalid_request"}},
        {"message": "no"},
        {"detail": "no"},
        {"choices": []},
        b"<html>Bad Gateway</html>",
        b"",
    ],
)
async def test_other_errors_stay_errors(body: Any):
    with pytest.raises(ModelHTTPError) as caught:
        await answering(body).request(HELLO, None, ModelRequestParameters())
    assert caught.value.status_code == 400
