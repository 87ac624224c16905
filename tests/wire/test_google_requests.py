"""What is sent to Google: what the reference and the official SDK send, and back again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from playhead.exceptions import DecodeError, UserError
from playhead.messages import (
    BinaryContent,
    DocumentUrl,
    ImageUrl,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UploadedFile,
    UserPromptPart,
    VideoUrl,
)
from playhead.models.google import GoogleModel
from playhead.wire import DIALECTS, ModelCall, WireRequest
from playhead.wire.google_generate import GoogleGenerate
from tests.wire._recorded import TOOLS, recorded, written

DIALECT = GoogleGenerate()
RECORDED = recorded("google")
SENT_BY_US_ALONE = {"extra", "top_k"}
"""The reference passes over these settings; see docs/dialects.md."""


@pytest.mark.parametrize("key", [key for key in RECORDED if key.split(" @ ")[0] not in SENT_BY_US_ALONE])
def test_a_request_is_what_the_reference_sent(key: str):
    expected, request = RECORDED[key], written("google", key)
    assert json.loads(request.body) == expected["body"]
    assert expected["url"] == "https://generativelanguage.googleapis.com" + request.path


def test_settings_that_the_reference_passes_over_are_sent():
    assert json.loads(written("google", "top_k @ gemini-2.5-flash").body)["generationConfig"]["topK"] == 3
    assert json.loads(written("google", "extra @ gemini-2.5-flash").body)["zz"] == {"y": 1}


@pytest.mark.parametrize("key", RECORDED)
def test_a_request_that_was_read_is_written_the_same(key: str):
    request = written("google", key, stream=True)
    assert DIALECT.write_request(DIALECT.read_request(request)) == request


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("key", [key for key in RECORDED if "gemini-2.5-flash" in key])
def test_the_official_sdk_sends_the_same_json(key: str, stream: bool):
    genai = pytest.importorskip("google.genai")
    transport = pytest.importorskip("httpx2")
    request = written("google", key, stream=stream)
    sent: list[Any] = []

    def keep(got: Any) -> Any:
        sent.append(got)
        return transport.Response(418, json={"error": {"code": 418, "message": "", "status": "X"}})

    http = transport.Client(transport=transport.MockTransport(keep))
    options = genai.types.HttpOptions(httpx_client=http, api_version="v1beta")
    client = genai.Client(api_key="key", http_options=options)
    body = json.loads(request.body)
    body.pop("zz", None)  # the SDK has no field for what `extra_body` adds
    call: Any = client.models.generate_content_stream if stream else client.models.generate_content
    with pytest.raises(genai.errors.APIError):
        list(call(model="gemini-2.5-flash", contents=body["contents"], config=_config(body)))
    [got] = sent
    assert _camel(json.loads(got.content)) == _camel(body)
    assert str(got.url).removeprefix("https://generativelanguage.googleapis.com") == request.path


def _config(body: dict[str, Any]) -> dict[str, Any]:
    """The SDK's configuration that asks for this body."""
    outside = {"systemInstruction", "safetySettings", "cachedContent", "tools", "toolConfig"}
    config = {name: value for name, value in body.items() if name in outside}
    return config | body.get("generationConfig", {})


def _camel(value: Any) -> Any:
    """In one spelling: the SDK mixes two, and the API takes both."""
    if isinstance(value, dict):
        return {
            key if "_" not in key else key.split("_")[0] + "".join(word.title() for word in key.split("_")[1:]): item
            if key in ("args", "response", "parameters_json_schema", "responseJsonSchema")
            else _camel(item)
            for key, item in value.items()
        }
    return [_camel(item) for item in value] if isinstance(value, list) else value


def sent(*messages: Any, model: str = "gemini-2.5-flash", **settings: Any) -> dict[str, Any]:
    return json.loads(DIALECT.write_request(ModelCall(model, list(messages), settings)).body)  # type: ignore[arg-type]


class TestWhatIsSent:
    def test_a_seal_that_came_with_a_thought_goes_back_on_the_part_after_it(self):
        reply = ModelResponse(
            [ThinkingPart("hm", signature="c2ln", provider_name="google-gla"), TextPart("a"), TextPart("b")],
            provider_name="google-gla",
        )
        parts = sent(ModelRequest.user_text_prompt("x"), reply)["contents"][1]["parts"]
        assert parts == [{"text": "hm", "thought": True}, {"text": "a", "thoughtSignature": "c2ln"}, {"text": "b"}]

    def test_seals_of_other_providers_stay_at_home(self):
        part = ToolCallPart("f", {}, "c1", provider_name="openai", provider_details={"thought_signature": "c2ln"})
        parts = sent(ModelRequest.user_text_prompt("x"), ModelResponse([part]))["contents"][1]["parts"]
        assert parts[0]["thoughtSignature"] != "c2ln"

    def test_a_url_is_sent_as_one_to_google_cloud_and_fetched_for_the_gemini_api(self):
        for item in (ImageUrl("https://x.org/a.png"), DocumentUrl("https://x.org/a.pdf")):
            assert DIALECT.needs_download(item, "google-gla")
            assert not DIALECT.needs_download(item, "google-vertex")
        assert not DIALECT.needs_download(VideoUrl("https://youtu.be/abc"), "google-gla")
        assert not DIALECT.needs_download(
            ImageUrl("https://generativelanguage.googleapis.com/v1beta/files/1"), "google-gla"
        )
        assert DIALECT.needs_download(ImageUrl("https://x.org/a.png", force_download=True), "google-vertex")

    def test_a_video_keeps_what_is_said_of_its_frames(self):
        item = BinaryContent(b"v", media_type="video/mp4", vendor_metadata={"fps": 2})
        body = sent(ModelRequest([UserPromptPart([item])]))
        assert body["contents"][0]["parts"] == [
            {"inlineData": {"data": "dg==", "mimeType": "video/mp4"}, "videoMetadata": {"fps": 2}}
        ]

    def test_a_file_in_a_result_stands_inside_of_it_for_the_newest_models_and_beside_it_for_others(self):
        result = ToolReturnPart("f", ["see", BinaryContent(b"p", media_type="image/png")], "c1")
        [new] = sent(ModelRequest([result]), model="gemini-3-pro")["contents"]
        assert new["parts"][0]["functionResponse"]["parts"][0]["inline_data"]["data"] == "cA=="
        old = sent(ModelRequest([result]))["contents"]
        assert [list(part) for content in old for part in content["parts"]] == [
            ["functionResponse"],
            ["text"],
            ["inlineData"],
        ]

    @pytest.mark.parametrize(
        ("setting", "config"),
        [
            ("none", {"mode": "NONE"}),
            ("auto", {"mode": "AUTO"}),
            ("required", {"mode": "ANY", "allowedFunctionNames": ["get_weather", "plain"]}),
            (["plain"], {"mode": "ANY", "allowedFunctionNames": ["plain"]}),
        ],
    )
    def test_the_choice_among_tools_can_be_set(self, setting: Any, config: dict[str, Any]):
        call = DIALECT.read_request(written("google", "tools_auto @ gemini-2.5-flash"))
        call.settings["tool_choice"] = setting
        body = json.loads(DIALECT.write_request(call).body)
        assert body["toolConfig"] == {"functionCallingConfig": config}

    def test_a_file_of_another_provider_is_refused_in_words(self):
        with pytest.raises(UserError, match="upload it there"):
            sent(ModelRequest([UserPromptPart([UploadedFile("f", "openai")])]))

    def test_native_output_beside_function_tools_is_refused_by_the_model(self):
        parameters = TOOLS.ModelRequestParameters(
            output_mode="native",
            output_object=TOOLS.OutputObjectDefinition({"type": "object"}),
            function_tools=[TOOLS.ToolDefinition(name="f")],
        )
        with pytest.raises(UserError, match="NativeOutput"):
            GoogleModel("gemini-2.5-flash").prepare_request(None, parameters)


class TestWhatIsRead:
    def test_both_spellings_are_read(self):
        snake = {
            "contents": [
                {"role": "user", "parts": [{"inline_data": {"mime_type": "image/png", "data": "cA=="}}]},
                {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"a_b": 1}}}]},
            ],
            "system_instruction": {"parts": [{"text": "s"}]},
            "generation_config": {"max_output_tokens": 5},
        }
        call = DIALECT.read_request(WireRequest("/v1beta/models/m:generateContent", json.dumps(snake).encode()))
        assert call.settings.get("max_tokens") == 5
        assert call.messages[0].parts[0].content == "s"  # type: ignore[union-attr]
        assert call.messages[1].parts[0].args == {"a_b": 1}  # type: ignore[union-attr]

    def test_a_result_without_an_id_answers_the_first_open_call_of_its_name(self):
        calls = [{"functionCall": {"name": "f", "args": {}, "id": f"c{n}"}} for n in range(2)]
        results = [{"functionResponse": {"name": "f", "response": {"return_value": n}}} for n in range(2)]
        body = {"contents": [{"role": "model", "parts": calls}, {"role": "user", "parts": results}]}
        call = DIALECT.read_request(
            WireRequest("/v1/models/m:streamGenerateContent?alt=sse", json.dumps(body).encode())
        )
        assert call.stream
        assert [(part.tool_call_id, part.content) for part in call.messages[1].parts] == [("c0", 0), ("c1", 1)]  # type: ignore[union-attr]

    def test_schemas_of_the_older_form_are_read_as_json_schema(self):
        declaration = {"name": "f", "parameters": {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}}
        body = {"contents": "hi", "tools": [{"functionDeclarations": [declaration]}]}
        call = DIALECT.read_request(WireRequest("/v1beta/models/m:generateContent", json.dumps(body).encode()))
        assert call.parameters.function_tools[0].parameters_json_schema == {
            "type": "object",
            "properties": {"a": {"type": "string"}},
        }

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1beta/models/m:generateContent", b""),
            ("/v1beta/models/m:generateContent", b"{}"),
            ("/v1beta/models/m:generateContent", b'{"contents": [{"role": "assistant"}]}'),
            ("/v1/chat/completions", b'{"contents": []}'),
        ],
    )
    def test_what_is_no_request_is_refused_in_words(self, path: str, body: bytes):
        with pytest.raises(DecodeError) as caught:
            DIALECT.read_request(WireRequest(path, body))
        assert caught.value.remedy


def test_only_calls_of_models_are_recognised():
    cloud = "https://us-central1-aiplatform.googleapis.com/v1beta1/projects/p/locations/l/publishers/google/models/"
    for url, expected in (
        ("https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent", True),
        ("/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse", True),
        (cloud + "gemini-2.5-pro:streamGenerateContent?alt=sse", True),
        ("/v1beta/tunedModels/mine:generateContent", True),
        ("/v1beta/models/gemini-2.5-flash:countTokens", False),
        ("/v1beta/models/gemini-2.5-flash:embedContent", False),
        ("/v1beta/models", False),
    ):
        assert DIALECT.recognises("POST", url, {}, b"") is expected, url
    assert DIALECTS["google-generate"].name == DIALECT.name
