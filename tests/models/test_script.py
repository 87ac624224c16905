"""Scripts: what a fake model answers, in Python and in YAML."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.exceptions import ModelHTTPError, ScriptError, ScriptExhausted, ScriptUnused
from playhead.messages import (
    ModelRequest,
    ModelRequestParameters,
    ModelResponse,
    OutputObjectDefinition,
    StreamEvent,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolDefinition,
    ToolReturnPart,
    UserPromptPart,
)
from playhead.models import ScriptedDisconnect, ScriptedModel
from playhead.script import (
    Script,
    call,
    comment,
    disconnect,
    dump_script,
    error,
    finish,
    interleave,
    load_script,
    output,
    parse_script,
    refusal,
    response,
    script_schema,
    text,
    thinking,
    usage,
    wait,
)
from playhead.stream import violations
from playhead.usage import RequestUsage

PLAIN = ModelRequestParameters()
WITH_OUTPUT_TOOL = ModelRequestParameters(
    output_tools=[
        ToolDefinition(
            name="final_result_City", parameters_json_schema={"properties": {"city": {}}, "required": ["city"]}
        ),
        ToolDefinition(
            name="final_result_Box", parameters_json_schema={"properties": {"size": {}}, "required": ["size"]}
        ),
        ToolDefinition(name="final_result_int", parameters_json_schema={"properties": {"response": {}}}),
    ],
    allow_text_output=False,
)


def prompt(text: str) -> list[Any]:
    return [ModelRequest(parts=[UserPromptPart(text)])]


def stream(
    model: ScriptedModel, messages: list[Any] | None = None, parameters: ModelRequestParameters = PLAIN
) -> tuple[list[StreamEvent], ModelResponse]:
    async def run() -> tuple[list[StreamEvent], ModelResponse]:
        async with model.request_stream(messages or prompt("hello"), None, parameters) as reply:
            return [event async for event in reply], reply.get()

    return asyncio.run(run())


def test_text_comes_in_the_pieces_the_author_cut() -> None:
    events, reply = stream(ScriptedModel([text("It is", " sunny")]))
    assert [e.event_kind for e in events] == ["part_start", "part_delta", "part_end", "response_meta"]
    assert (reply.parts, reply.finish_reason) == ([TextPart("It is sunny")], "stop")


def test_a_call_is_cut_where_the_author_says_and_may_be_broken_json() -> None:
    events, reply = stream(ScriptedModel([call("f", args=['{"ci', 'ty": "Pa'], id="c1")]))
    assert [e.delta.args_delta for e in events if e.event_kind == "part_delta"] == ['{"ci', 'ty": "Pa']
    assert (reply.parts, reply.finish_reason) == ([ToolCallPart("f", '{"city": "Pa', "c1")], "tool_call")


def test_calls_can_be_interleaved_piece_by_piece() -> None:
    events, reply = stream(ScriptedModel([interleave(call("f", {"a": 1}, chunks=2), call("g", {"b": 2}, chunks=2))]))
    assert violations(events) == []
    assert [e.index for e in events if e.event_kind == "part_delta"] == [0, 1, 0, 1]
    assert reply.parts == [ToolCallPart("f", '{"a": 1}', "call_1_1"), ToolCallPart("g", '{"b": 2}', "call_1_2")]


@pytest.mark.parametrize(
    ("value", "name", "args"),
    [
        ({"city": "Paris"}, "final_result_City", '{"city": "Paris"}'),
        ({"size": 3}, "final_result_Box", '{"size": 3}'),
        (42, "final_result_int", '{"response": 42}'),
    ],
)
def test_a_structured_answer_calls_the_output_tool_it_fits(value: Any, name: str, args: str) -> None:
    _, reply = stream(ScriptedModel([output(value, chunks=4)]), parameters=WITH_OUTPUT_TOOL)
    assert reply.parts == [ToolCallPart(name, args, "call_1_1")]


def test_a_structured_answer_is_json_text_where_the_agent_wants_text() -> None:
    parameters = ModelRequestParameters(output_mode="native", output_object=OutputObjectDefinition({"type": "object"}))
    _, reply = stream(ScriptedModel([output({"a": ["b", "c"]}, chunks=3)]), parameters=parameters)
    assert reply.parts == [TextPart('{"a": ["b", "c"]}')]


def test_thinking_usage_refusals_and_finish_reasons_are_played() -> None:
    _, reply = stream(
        ScriptedModel(
            [thinking("Hm", ".", signature="s"), usage(input_tokens=9, output_tokens=2), refusal("No"), comment()]
        )
    )
    assert reply.parts == [ThinkingPart("Hm.", signature="s")]
    assert reply.usage == RequestUsage(input_tokens=9, output_tokens=2)
    assert (reply.provider_details, reply.finish_reason) == ({"refusal": "No"}, "content_filter")
    _, reply = stream(ScriptedModel([text("It is"), finish("length")]))
    assert reply.finish_reason == "length"


async def test_an_open_stream_says_why_the_model_stopped_as_soon_as_it_knows() -> None:
    model = ScriptedModel([text("It is"), refusal("No")])
    async with model.request_stream(prompt("hello"), None, PLAIN) as reply:
        assert (reply.finish_reason, reply.provider_details, reply.provider_response_id) == (None, None, None)
        async for _ in reply:
            pass
        whole = reply.get()
        assert (reply.finish_reason, reply.provider_details) == ("content_filter", {"refusal": "No"})
        assert (whole.finish_reason, whole.provider_details) == (reply.finish_reason, reply.provider_details)


def test_the_same_script_twice_gives_the_same_events() -> None:
    steps = [text("a", "b"), interleave(call("f", {"x": 1}, chunks=3), call("g")), wait(0)]
    assert stream(ScriptedModel(steps))[0] == stream(ScriptedModel(steps))[0]


def test_a_response_is_chosen_by_what_was_asked() -> None:
    model = ScriptedModel(
        response("about tools", when={"tool": "get_weather", "result": "21"}),
        response("about Paris", when="Paris", times=2),
        response("by function", when=lambda request: len(request.messages) > 5),
        "the rest",
    )
    assert stream(model, prompt("Tell me of Paris"))[1].text == "about Paris"
    returned = [ModelRequest(parts=[ToolReturnPart("get_weather", "21 degrees", "c1")])]
    assert stream(model, returned)[1].text == "about tools"
    assert stream(model, prompt("Paris again"))[1].text == "about Paris"
    assert stream(model, prompt("Paris, third time"))[1].text == "the rest"
    assert model.unused == [2]


def test_an_error_as_the_first_step_is_an_http_error_with_its_headers() -> None:
    with pytest.raises(ModelHTTPError) as caught:
        stream(ScriptedModel(error(429, "Slow down", type="rate_limit", headers={"retry-after": "2"})))
    assert (caught.value.status_code, caught.value.body) == (429, {"message": "Slow down", "type": "rate_limit"})
    assert getattr(caught.value, "headers", None) == {"retry-after": "2"}


def test_a_cut_connection_comes_where_the_script_has_it() -> None:
    async def run() -> list[StreamEvent]:
        seen: list[StreamEvent] = []
        with pytest.raises(ScriptedDisconnect):
            async with ScriptedModel([text("It is"), disconnect()]).request_stream(prompt("hi"), None, PLAIN) as reply:
                async for event in reply:
                    seen.append(event)
        return seen

    assert [event.event_kind for event in asyncio.run(run())] == ["part_start"]


def test_a_script_that_runs_out_says_which_request_has_no_response() -> None:
    model = ScriptedModel("one", response("two", when="Rome"))
    stream(model)
    with pytest.raises(ScriptExhausted) as caught:
        stream(model, prompt("and now?"))
    assert caught.value.problem.splitlines() == [
        "Request 2 has no response in the script: 'and now?'",
        "  response 1 went to request 1",
        "  response 2 does not fit: last 'Rome'",
    ]


def test_a_script_that_is_not_used_up_says_what_is_left() -> None:
    model = ScriptedModel("one", [call("f")])
    stream(model)
    with pytest.raises(ScriptUnused) as caught:
        model.assert_used()
    assert caught.value.problem.splitlines() == [
        "1 of 2 scripted responses were not used:",
        "  response 2: [{'call': {'name': 'f'}}]",
        "The model was asked once:",
        "  request 1: 'hello'",
    ]


EVERYTHING = """
responses:
  - It is sunny.
  - [{thinking: {chunks: [Let me], signature: abc}}, {call: {name: get_weather, args: {city: Paris}, chunks: 3}}]
  - when: {tool: get_weather}
    steps:
      - {text: [It is, " sunny."]}
      - {interleave: [{call: {name: f}}, {call: {name: g, args: ['{"a', '": 1}']}}]}
      - {builtin_call: {name: web_search, args: {q: x}}}
      - {builtin_return: {name: web_search, content: [1]}}
      - {output: {value: {a: 1}, chunks: 2}}
      - {usage: {input_tokens: 20, output_tokens: 4}}
      - {wait: 0.5}
      - {comment: still here}
      - {refusal: "no"}
      - {finish: length}
      - {disconnect: 10}
  - - {error: {status: 429, message: slow, headers: {retry-after: "1"}}}
"""


def test_yaml_and_python_are_two_spellings_of_one_script(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text(EVERYTHING)
    script = load_script(path)
    assert script.responses[0] == Script.model_validate({"responses": [[text("It is sunny.")]]}).responses[0]
    assert script.responses[1].steps == [
        thinking("Let me", signature="abc"),
        call("get_weather", {"city": "Paris"}, chunks=3),
    ]
    assert parse_script(dump_script(script)) == script


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("- step: [hi]\n", "weather.yaml:1: 0.steps.0: unknown step 'step'; did you mean 'steps'?"),
        ("responses:\n  - hello\n  - - txt: hi\n", "weather.yaml:3: responses.1.steps.0: unknown step 'txt'; did you mean 'text'?"),
        ("- call: {name: f, arg: {}}", "weather.yaml:1: 0.steps.0.call.arg: unknown key 'arg'; did you mean 'args'?"),
        ("- usage:\n    input_tokens: many", "weather.yaml:2: 0.steps.0.usage.input_tokens: Input should be a valid integer, unable to parse string as an integer"),
        ("- when: {usr: x}\n  steps: [hi]", "weather.yaml:1: 0.when.usr: unknown key 'usr'; did you mean 'user'?"),
        ("- call: {args: {}}", "weather.yaml:1: 0.steps.0.call.name: 'name' is missing"),
        ("- [1]", "weather.yaml:1: 0.steps.0: a step is a string or a mapping with one key, the step's name; this is 1"),
        ("- a\n b: [", "weather.yaml:2: not YAML: mapping values are not allowed here"),
        ("", "weather.yaml: the script is empty"),
        ("- when: {user: '('}\n  steps: [hi]", "weather.yaml:1: 0.when.user: not a regular expression: missing ), unterminated subpattern at position 0"),
    ],
)  # fmt: skip
def test_an_error_in_a_script_names_file_line_and_nearest_key(source: str, problem: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(source, name="weather.yaml")
    assert caught.value.problem == problem


def test_a_tag_or_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScriptError, match="not YAML"):
        parse_script("- !!python/object/apply:os.system [ls]")
    path = tmp_path / "script.yaml"
    path.write_bytes(b"- \xff\xfe")
    with pytest.raises(ScriptError, match="not UTF-8 at byte 2"):
        load_script(path)


def test_the_published_schema_knows_every_step() -> None:
    steps = script_schema()["$defs"]
    assert {"TextStep", "CallStep", "DisconnectStep", "Response", "Condition"} <= set(steps)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_any_structured_answer_arrives_whole_however_it_is_cut(value: Any) -> None:
    from json import loads

    model = ScriptedModel([output(value, chunks=5)])
    _, reply = stream(model)
    assert loads(reply.text or "") == value


# --------------------------------------------------------------------------- pieces, pauses, parts
def kinds(steps: list[Any]) -> list[str]:
    return [part.part_kind for part in stream(ScriptedModel(steps))[1].parts]


def test_text_goes_on_over_pauses_usage_and_comments_but_not_over_other_parts() -> None:
    going_on = [text("It", " is"), wait(0), usage(output_tokens=2), comment(), text(" sunny")]
    _, reply = stream(ScriptedModel(going_on))
    assert reply.parts == [TextPart("It is sunny")]
    assert kinds([text("a"), call("f"), text("b")]) == ["text", "tool-call", "text"]
    assert kinds([text("a"), text("b", new_part=True)]) == ["text", "text"]
    assert kinds(["a", "b"]) == ["text"]
    assert kinds([thinking("a"), thinking("b", signature="s"), thinking("c")]) == ["thinking", "thinking"]


async def test_pauses_stand_between_pieces_and_the_pace_between_all_of_them() -> None:
    from playhead.virtual import virtual_time

    steps = response(text("a", wait(60), "b"), call("f", ['{"a', wait(30), '": 1}']), usage(output_tokens=1), pace=2)
    with virtual_time() as time:
        async with ScriptedModel(steps).request_stream(prompt("hi"), None, PLAIN) as reply:
            events = [event async for event in reply]
        assert 60 + 30 + 4 * 2 <= time.elapsed < 100
    assert violations(events) == []
    assert reply.get().parts == [TextPart("ab"), ToolCallPart("f", '{"a": 1}', "call_1_1")]


def test_usage_between_pieces_is_usage_per_chunk() -> None:
    events, reply = stream(ScriptedModel([text("a"), usage(output_tokens=1), text("b"), usage(output_tokens=2)]))
    counted = [event.usage.output_tokens for event in events if event.event_kind == "response_meta" and event.usage]
    assert (counted, reply.usage.output_tokens) == ([1, 2], 2)


def test_a_cut_connection_tells_what_had_come() -> None:
    with pytest.raises(ScriptedDisconnect) as caught:
        asyncio.run(ScriptedModel([text("It is"), disconnect(after_bytes=9)]).request(prompt("hi"), None, PLAIN))
    assert caught.value.after_bytes == 9
    assert caught.value.partial is not None
    assert caught.value.partial.parts == [TextPart("It is")]


def test_an_answer_is_wrapped_as_native_output_has_to_have_it() -> None:
    city = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    branch = {"type": "object", "properties": {"kind": {"const": "City"}, "data": city}, "required": ["kind", "data"]}
    schema = {"type": "object", "properties": {"result": {"anyOf": [branch]}}, "required": ["result"]}
    parameters = ModelRequestParameters(output_mode="native", output_object=OutputObjectDefinition(schema))
    _, reply = stream(ScriptedModel([output({"city": "Rome"})]), parameters=parameters)
    assert reply.parts == [TextPart('{"result": {"kind": "City", "data": {"city": "Rome"}}}')]


def test_an_output_tool_is_chosen_by_the_types_of_its_schema() -> None:
    def tool(name: str, kind: str) -> ToolDefinition:
        schema = {"type": "object", "properties": {"response": {"type": kind}}, "required": ["response"]}
        return ToolDefinition(name=name, parameters_json_schema=schema, outer_typed_dict_key="response")

    parameters = ModelRequestParameters(output_tools=[tool("a", "string"), tool("b", "integer"), tool("c", "array")])
    for value, name in (("x", "a"), (3, "b"), ([1], "c")):
        _, reply = stream(ScriptedModel([output(value)]), parameters=parameters)
        assert [part.tool_name for part in reply.tool_calls] == [name]


def test_one_model_is_asked_from_many_threads_at_once() -> None:
    from concurrent.futures import ThreadPoolExecutor

    model = ScriptedModel(*(str(n) for n in range(200)))
    with ThreadPoolExecutor(16) as threads:
        replies = list(threads.map(lambda _: stream(model)[1].text, range(200)))
    assert sorted(replies, key=lambda text: int(text or "")) == [str(n) for n in range(200)]
    model.assert_used()


def test_a_response_for_several_requests_that_was_asked_for_less_often_is_left() -> None:
    model = ScriptedModel(response("x", times=3))
    stream(model)
    with pytest.raises(ScriptUnused, match=r"response 1: \(used 1 of 3 times\)"):
        model.assert_used()


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("- when: x", "s.yaml:1: 0.steps: 'steps' is missing"),
        ("- call:", "s.yaml:1: 0.steps.0.call: 'call' has no value: input should be a valid dictionary or instance of CallBody"),
        ("- text: 3", "s.yaml:1: 0.steps.0.text: 'text' is text or a list of its pieces; this is 3"),
        ("- text: [a, {wait: -1}]", "s.yaml:1: 0.steps.0.text.chunks.1: Input should be greater than or equal to 0"),
        ("- steps: [a]\n  wen: b", "s.yaml:2: 0.wen: unknown key 'wen'; did you mean 'when'?"),
        ("respones: []", "s.yaml:1: responses: 'responses' is missing\ns.yaml:1: respones: unknown key 'respones'; did you mean 'responses'?"),
        ("- a\n- text: a\n  text: b", "s.yaml:3: the key 'text' comes twice"),
        ("- &a [*a]", "s.yaml:1: an alias that contains itself"),
        ('- "\\ud83d"', "s.yaml:1: not YAML: half of a character (a lone surrogate)"),
        ("- {finish: stopp}", "s.yaml:1: 0.steps.0.finish: Input should be 'stop', 'length', 'content_filter', 'tool_call' or 'error'"),
    ],
)  # fmt: skip
def test_what_is_unfinished_or_doubtful_in_a_script_is_said(source: str, problem: str) -> None:
    with pytest.raises(ScriptError) as caught:
        parse_script(source, name="s.yaml")
    assert caught.value.problem == problem


def test_aliases_that_unfold_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    with pytest.raises(ScriptError, match="its aliases unfold to more than"):
        parse_script("\n".join(lines))


def test_yaml_keeps_dates_as_text_and_takes_json_s_escapes() -> None:
    script = parse_script('["\\ud83d\\ude00 é", {"call": {"name": "f", "args": {"day": "x"}}}]')
    assert script.responses[0].steps == [text("😀 é")]
    assert parse_script("- call: {name: f, args: {day: 2026-01-01}}").responses[0].steps == [
        call("f", {"day": "2026-01-01"})
    ]


# --------------------------------------------------------------------------- the schema and the samples
SCRIPTS = Path(__file__).resolve().parents[2] / "fixtures" / "scripts"
SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "script.schema.json"


def test_the_published_schema_is_that_of_this_version() -> None:
    from json import loads

    published = loads(SCHEMA.read_text("utf-8"))
    assert published.keys() == script_schema().keys()
    assert published["$defs"].keys() == script_schema()["$defs"].keys(), (
        "write it again: python -m playhead.script > docs/script.schema.json"
    )


@pytest.mark.parametrize("path", sorted(SCRIPTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_samples_are_scripts_for_the_schema_and_for_us_and_come_back_from_yaml(path: Path) -> None:
    import jsonschema
    import yaml

    jsonschema.validate(yaml.safe_load(path.read_text("utf-8")), script_schema())
    script = load_script(path)
    assert parse_script(dump_script(script)) == script
    jsonschema.validate(yaml.safe_load(dump_script(script)), script_schema())


@pytest.mark.parametrize(
    "wrong", ["- txt: hi", "- text: 3", "- steps: [a]\n  wen: x", "- call: {name: f, arg: {}}", "- wait: -1"]
)
def test_what_we_refuse_the_schema_refuses(wrong: str) -> None:
    import jsonschema
    import yaml

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(wrong), script_schema())


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8)
PIECES = st.lists(TEXTS | st.builds(wait, st.floats(0, 9)), min_size=1, max_size=3)
STEPS = st.one_of(
    st.builds(lambda pieces, new: text(*pieces, new_part=new), PIECES, st.booleans()),
    st.builds(lambda pieces, sign: thinking(*pieces, signature=sign), PIECES, st.none() | TEXTS),
    st.builds(lambda args, n: call("f", args, chunks=n), st.dictionaries(TEXTS, st.integers() | TEXTS, max_size=2), st.integers(1, 4)),
    st.builds(lambda pieces: call("g", pieces, id="c"), st.lists(TEXTS, min_size=1, max_size=3)),
    st.builds(output, st.integers() | TEXTS | st.lists(TEXTS, max_size=2) | st.dictionaries(st.sampled_from(["value", "a"]), TEXTS)),
    st.builds(lambda n: usage(output_tokens=n), st.integers(0, 99)),
    st.builds(refusal, TEXTS), st.builds(comment, TEXTS), st.just(disconnect()), st.just(error(429, "x", headers={"a": "b"})),
)  # fmt: skip


@given(st.lists(st.builds(lambda steps, times, pace: response(*steps, times=times, pace=pace, when={"last": "x"}), st.lists(STEPS, max_size=4), st.integers(1, 3) | st.just("any"), st.sampled_from([0, 0.5])), max_size=3))  # fmt: skip
def test_any_script_comes_back_from_yaml(responses: list[Any]) -> None:
    script = Script(responses=responses)
    assert parse_script(dump_script(script)) == script
