"""What is sent to Anthropic: what the reference and the official SDK send, and back again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playhead.exceptions import DecodeError, UserError
from playhead.messages import (
    AudioUrl,
    CachePoint,
    DocumentUrl,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
)
from playhead.wire import DIALECTS, ModelCall, WireRequest, provider_of, recognise
from tests.wire._recorded import recorded, written

DIALECT = DIALECTS["anthropic-messages"]
RECORDED = recorded("anthropic")


@pytest.mark.parametrize("key", RECORDED)
def test_a_request_is_what_the_reference_sent(key: str):
    expected, request = RECORDED[key], written("anthropic", key)
    assert json.loads(request.body) == expected["body"]
    assert expected["url"] == "https://api.anthropic.com" + request.path
    for name, value in expected["headers"].items():
        assert request.headers[name] == value
    assert ("anthropic-beta" in request.headers) == ("anthropic-beta" in expected["headers"])


@pytest.mark.parametrize("key", RECORDED)
def test_a_request_that_was_read_is_written_the_same(key: str):
    request = written("anthropic", key, stream=True)
    assert DIALECT.write_request(DIALECT.read_request(request)) == request


@pytest.mark.parametrize("key", [key for key in RECORDED if "claude-sonnet-4-5" in key and not key.startswith("extra")])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK knows by the calendar which models are old
def test_the_official_sdk_sends_the_same_json(key: str):
    anthropic = pytest.importorskip("anthropic")
    transport = pytest.importorskip("httpx2")
    request = written("anthropic", key)
    sent: list[Any] = []

    def keep(got: Any) -> Any:
        sent.append(got)
        return transport.Response(418, json={})

    client = anthropic.Anthropic(
        api_key="key", http_client=transport.Client(transport=transport.MockTransport(keep)), max_retries=0
    )
    fields = json.loads(request.body)
    # The SDK's newest versions have these among the rest of the body.
    sampling = {name: fields.pop(name) for name in ("temperature", "top_p", "top_k") if name in fields}
    betas = request.headers.get("anthropic-beta", "")
    with pytest.raises(anthropic.APIStatusError):
        client.beta.messages.create(**fields, betas=betas.split(",") if betas else [], extra_body=sampling)
    [got] = sent
    assert json.loads(got.content) == json.loads(request.body)
    # Newer versions of the SDK leave out the query `?beta=true`, which means the same.
    assert got.url.path == request.path.partition("?")[0]
    assert got.headers.get("anthropic-beta", "") == betas


def sent(*parts: Any, **settings: Any) -> dict[str, Any]:
    call = ModelCall("claude-sonnet-4-5", [ModelRequest(list(parts))], settings)  # type: ignore[arg-type]
    return json.loads(DIALECT.write_request(call).body)


def read(body: dict[str, Any], **headers: str) -> ModelCall:
    return DIALECT.read_request(WireRequest("/v1/messages", json.dumps(body).encode(), headers))


class TestWhatIsSent:
    def test_a_seal_goes_back_unharmed_and_reasoning_without_one_as_text(self):
        reply = ModelResponse(
            [
                ThinkingPart("a", signature="EqQBCgIYAg==+/", provider_name="anthropic"),
                ThinkingPart("b", provider_name="anthropic"),
            ]
        )
        body = json.loads(DIALECT.write_request(ModelCall("claude", [reply])).body)
        assert body["messages"][0]["content"] == [
            {"type": "thinking", "thinking": "a", "signature": "EqQBCgIYAg==+/"},
            {"type": "text", "text": "<thinking>\nb\n</thinking>"},
        ]

    def test_citations_of_a_search_go_back_and_those_of_documents_do_not(self):
        search = {
            "type": "web_search_result_location",
            "url": "u",
            "title": "t",
            "cited_text": "c",
            "encrypted_index": "e",
        }
        details = {"citations": [search, {"type": "char_location"}]}
        reply = ModelResponse([TextPart("x", provider_name="anthropic", provider_details=details)])
        body = json.loads(DIALECT.write_request(ModelCall("claude", [reply])).body)
        assert body["messages"][0]["content"] == [{"type": "text", "text": "x", "citations": [search]}]

    def test_a_failed_tool_says_so(self):
        body = sent(ToolReturnPart("f", "boom", "c1", outcome="failed"))
        assert body["messages"][0]["content"][0]["is_error"] is True

    @pytest.mark.parametrize(
        ("setting", "choice"),
        [
            ("none", {"type": "none"}),
            ("auto", {"type": "auto"}),
            ("required", {"type": "any"}),
            (["get_weather"], {"type": "tool", "name": "get_weather"}),
        ],
    )
    def test_the_choice_among_tools_can_be_set(self, setting: Any, choice: dict[str, Any]):
        request = written("anthropic", "tools_auto @ claude-sonnet-4-5")
        call = DIALECT.read_request(request)
        call.settings["tool_choice"] = setting
        assert json.loads(DIALECT.write_request(call).body)["tool_choice"] == choice

    def test_top_k_is_sent(self):
        assert sent(UserPromptPart("x"), top_k=3)["top_k"] == 3

    def test_a_model_without_sampling_gets_no_temperature_from_anywhere(self):
        settings: Any = {"temperature": 1.0, "extra_body": {"top_p": 0.5, "x": 1}}
        call = ModelCall("claude-opus-4-7", [ModelRequest.user_text_prompt("x")], settings)
        body = json.loads(DIALECT.write_request(call).body)
        assert "temperature" not in body
        assert "top_p" not in body
        assert body["x"] == 1

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (AudioUrl("https://x.org/a.mp3"), "AudioUrl"),
            (CachePoint(), "cannot come first"),
            (DocumentUrl("https://x.org/a.txt"), "has to be downloaded"),
            (UploadedFile("f", "openai", media_type="image/png"), "upload it there"),  # type: ignore[call-arg]
            (UploadedFile("f", "anthropic", media_type="audio/wav"), "only pictures and documents"),  # type: ignore[call-arg]
        ],
    )
    def test_what_the_format_cannot_have_is_refused_in_words(self, content: Any, message: str):
        with pytest.raises(UserError, match=message):
            sent(UserPromptPart([content]))


class TestWhatIsRead:
    def test_plain_strings_of_other_clients_are_read(self):
        call = read(
            {
                "model": "m",
                "max_tokens": 9,
                "system": "Be brief.",
                "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
            }
        )
        assert [part.content for part in call.messages[0].parts if isinstance(part, SystemPromptPart)] == ["Be brief."]
        assert call.messages[1].parts[0].content == "Ho"  # type: ignore[union-attr]
        assert call.settings.get("max_tokens") == 9
        assert not call.stream

    def test_a_result_has_the_name_of_the_call_it_answers(self):
        block = {"type": "tool_use", "id": "c1", "name": "f", "input": {"a": 1}}
        error = {
            "type": "tool_result",
            "tool_use_id": "c1",
            "content": "No.\n\nFix the errors and try again.",
            "is_error": True,
        }
        call = read(
            {
                "model": "m",
                "messages": [{"role": "assistant", "content": [block]}, {"role": "user", "content": [error]}],
            }
        )
        part = call.messages[1].parts[0]
        assert isinstance(part, RetryPromptPart)
        assert (part.tool_name, part.content) == ("f", "No.")

    def test_instructions_are_told_from_the_system_prompt_by_being_blocks(self):
        system = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        call = read({"model": "m", "system": system, "messages": [{"role": "user", "content": "x"}]})
        assert [part.content for part in call.parameters.instruction_parts or []] == ["a", "b"]
        assert call.messages[0].instructions == "a\n\nb"  # type: ignore[union-attr]

    def test_an_output_tool_is_known_by_its_name_and_by_standing_last(self):
        tools = [{"name": name, "input_schema": {"type": "object"}} for name in ("f", "final_result")]
        call = read(
            {"model": "m", "messages": [], "tools": tools, "tool_choice": {"type": "any"}},
        )
        assert [tool.name for tool in call.parameters.function_tools] == ["f"]
        assert [tool.name for tool in call.parameters.output_tools] == ["final_result"]
        assert (call.parameters.output_mode, call.parameters.allow_text_output) == ("tool", False)

    def test_tools_of_the_providers_own_stay_as_they_are(self):
        tool = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
        call = read({"model": "m", "messages": [], "tools": [tool]})
        assert json.loads(DIALECT.write_request(call).body)["tools"] == [tool]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"[]",
            b"{}",
            b'{"model": "m"}',
            b'{"messages": [], "model": 5}',
            b'{"model":"m","messages":[{"role":"x"}]}',
        ],
    )
    def test_what_is_no_request_is_refused_in_words(self, body: bytes):
        with pytest.raises(DecodeError) as caught:
            DIALECT.read_request(WireRequest("/v1/messages", body))
        assert caught.value.remedy


def test_only_calls_of_models_are_recognised():
    for url, expected in (
        ("https://api.anthropic.com/v1/messages?beta=true", True),
        ("/v1/messages", True),
        ("https://proxy.example/anthropic/v1/messages/", True),
        ("https://api.anthropic.com/v1/messages/count_tokens", False),
        ("https://api.anthropic.com/v1/messages/batches", False),
        ("https://api.openai.com/v1/threads/t/messages", False),
    ):
        assert DIALECT.recognises("POST", url, {}, b"") is expected, url
    assert not DIALECT.recognises("GET", "/v1/messages", {}, b"")


CLOUD = "https://us-east5-aiplatform.googleapis.com/v1/projects/p/locations/us-east5/publishers/anthropic/models/"


@pytest.mark.parametrize(("verb", "streamed"), [("rawPredict", False), ("streamRawPredict", True)])
def test_on_google_cloud_the_path_names_the_model(verb: str, streamed: bool):
    url = f"{CLOUD}claude-sonnet-4@20250514:{verb}"
    body = (
        b'{"anthropic_version": "vertex-2023-10-16", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}'
    )
    assert recognise("POST", url, {}, body) is DIALECTS["anthropic-messages"]
    call = DIALECTS["anthropic-messages"].read_request(WireRequest(path=url, body=body))
    assert (call.model, call.stream) == ("claude-sonnet-4@20250514", streamed)
    assert call.extra == {"anthropic_version": "vertex-2023-10-16"}


def test_counting_tokens_on_google_cloud_is_no_call():
    assert recognise("POST", f"{CLOUD}count-tokens:rawPredict", {}, b"{}") is None


@pytest.mark.parametrize(
    "host", ["aiplatform.googleapis.com", "europe-west1-aiplatform.googleapis.com", "aiplatform.eu.rep.googleapis.com"]
)
def test_google_cloud_is_known_by_its_host_in_every_region(host: str):
    assert provider_of(f"https://{host}/v1/projects/p") == "google-vertex"
    assert provider_of("https://storage.googleapis.com/b/aiplatform") is None
