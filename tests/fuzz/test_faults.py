"""Faults, bodies and histories that are drawn."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playhead import Agent, fuzz
from playhead.exceptions import AgentRunError
from playhead.fuzz import Fault
from playhead.messages import ModelResponse
from playhead.models import Script, ScriptedModel, as_response, dump_script, parse_script
from playhead.stream import fold, violations
from playhead.virtual import virtual_time
from playhead.wire import DIALECTS

PIECES = [b"data: 1\n\n", b"data: 2\n\n", b"data: [DONE]\n\n"]
BODY = b"".join(PIECES)


def read(pieces: Any) -> tuple[bytes, Exception | None]:
    found = b""
    try:
        for piece in pieces:
            found += piece
    except Exception as error:
        return found, error
    return found, None


def test_each_fault_does_to_a_body_what_its_name_says() -> None:
    assert read(Fault("truncation", at=12).in_body(PIECES)) == (BODY[:12], None)
    seen, error = read(Fault("disconnect", at=12).in_body(PIECES))
    assert seen == BODY[:12] and isinstance(error, httpx.RemoteProtocolError)
    assert read(Fault("stall", at=12).in_body(PIECES)) == (BODY, None)
    assert read(Fault("duplication", at=9).in_body(PIECES)) == (PIECES[0] + BODY, None)
    assert read(Fault("garbage", at=9, garbage="}").in_body(PIECES)) == (BODY[:9] + b"}" + BODY[9:], None)
    assert b"overloaded_error" in read(Fault("error_event", at=9).in_body(PIECES))[0]
    assert b"529" in read(Fault("http_error", status=529).in_body(PIECES))[0]


def test_a_stalled_body_waits_on_the_clock() -> None:
    async def collect() -> bytes:
        return b"".join([piece async for piece in Fault("stall", at=9, seconds=30).in_body(PIECES)])

    with virtual_time() as time:
        assert asyncio.run(collect()) == BODY
    assert time.elapsed == 30


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_bodies_are_what_their_events_say_and_faults_break_no_decoder(dialect: str) -> None:
    row = DIALECTS[dialect]

    @settings(max_examples=25)
    @given(fuzz.wire(dialect), fuzz.faults(), st.data())
    def holds(reply: fuzz.WireReply, fault: Fault, data: st.DataObject) -> None:
        pieces = data.draw(fuzz.chunkings(reply.body))
        decoder = row.decoder(streamed=True)
        events = [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()
        assert events == reply.events and not violations(events)
        decoder = row.decoder(streamed=True)
        try:
            for piece in fault.in_body(pieces, dialect=dialect):
                decoder.feed(piece)
            decoder.close()
        except (AgentRunError, httpx.TransportError):
            pass

    holds()


@given(fuzz.faults())
def test_a_fault_in_a_script_can_be_written_down_and_read_again(fault: Fault) -> None:
    script = Script(responses=[as_response("Hello"), as_response("Bye")])
    faulty = fault.in_script(script)
    assert parse_script(dump_script(faulty)) == faulty
    assert str(fault).startswith(fault.kind)


@given(fuzz.streams())
def test_streams_keep_the_grammar(events: list[Any]) -> None:
    assert violations(events) == []
    assert isinstance(fold(events).response(), ModelResponse)


@settings(max_examples=20)
@given(fuzz.histories())
def test_a_run_goes_on_from_a_drawn_history(history: list[Any]) -> None:
    result = Agent(ScriptedModel("Hello")).run_sync("Hi", message_history=history)
    assert result.output == "Hello" and len(result.new_messages()) == 2
