"""`fake_model` and `fake_provider`: used up, not more and not less; every dialect; scripts, models and cassettes."""

from __future__ import annotations

from pathlib import Path

from playhead.cassette import Interaction, RecordedRequest, RecordedResponse, write_file
from tests.plugin._project import Project

FRAME = '{"id": "c1", "object": "chat.completion.chunk", "model": "gpt-5", "choices": [{"index": 0, "delta": %s}]}'


def test_fakes_are_used_up_no_more_and_no_less(project: Project) -> None:
    body = "".join(f"data: {FRAME % delta}\n\n" for delta in ('{"content": "re"}', '{"content": "corded"}'))
    interaction = Interaction(
        RecordedRequest(
            "POST", "https://api.openai.com/v1/chat/completions", {}, b'{"model": "gpt-5", "messages": []}'
        ),
        RecordedResponse(200, "OK", {"content-type": ["text/event-stream"]}, (body + "data: [DONE]\n\n").encode()),
    )
    write_file(str(Path(project.folder, "tape.yaml")), [interaction])
    project.write("script.yaml", "responses:\n  - From a file.\n")
    project.write(
        "test_fakes.py",
        """
        from pathlib import Path
        import anthropic
        import openai
        import pytest
        from playhead import Agent, ScriptExhausted
        from playhead.models.function import FunctionModel
        from playhead.script import load_script

        HERE = Path(__file__).parent

        def test_unused(fake_model):
            fake_model("one", "two")

        def test_unused_but_failed_anyway(fake_model):
            fake_model("one")
            assert 0

        def test_used(fake_model):
            assert Agent(fake_model("one")).run_sync("x").output == "one"

        def test_exhausted_and_swallowed(fake_model):
            def careless(agent):
                try:
                    agent.run_sync("x")
                except Exception:
                    pass
            careless(Agent(fake_model()))

        def test_exhausted_and_expected(fake_model):
            with pytest.raises(ScriptExhausted):
                Agent(fake_model()).run_sync("x")

        def test_script_from_a_file(fake_model):
            assert Agent(fake_model(load_script(HERE / "script.yaml"))).run_sync("x").output == "From a file."

        def ask_openai(provider):
            client = openai.OpenAI(base_url=provider.openai_url, api_key="any")
            with client.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}], stream=True) as stream:
                text = "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
            client.close()
            return text

        def test_every_sdk(fake_provider):
            provider = fake_provider("for openai", "for anthropic")
            assert ask_openai(provider) == "for openai"
            with anthropic.Anthropic(base_url=provider.anthropic_url, api_key="any") as client:
                reply = client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "x"}])
            assert reply.content[0].text == "for anthropic"
            assert [request.dialect for request in provider.requests] == ["openai-chat", "anthropic-messages"]

        def test_a_model_and_a_cassette_behind_the_provider(fake_provider):
            model = FunctionModel(stream_function=stream)
            assert ask_openai(fake_provider(model)) == "made by a function"
            assert ask_openai(fake_provider(HERE / "tape.yaml")) == "recorded"

        async def stream(messages, info):
            yield "made by"
            yield " a function"

        def test_the_provider_is_not_asked(fake_provider):
            fake_provider("left over")
        """,
    )
    run = project.run("-q", "-W", "default")
    run.check(passed=8, failed=1, error=3).has(
        "2 of 2 scripted responses were not used",
        "ERROR test_fakes.py::test_exhausted_and_swallowed",
        "ERROR test_fakes.py::test_the_provider_is_not_asked",
        "ERROR test_fakes.py::test_unused -",
    )
