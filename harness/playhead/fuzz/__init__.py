"""Property-based fuzzing of streams: any script, any cut, any fault, shrunk to a case one can read.

Comes in: consumers, agents, recordings. Goes out: a failure with the smallest case that shows it.
"""

from playhead.fuzz._agent import agent, replay
from playhead.fuzz._chunkings import chunkings, cuts
from playhead.fuzz._drive import DRIVERS, Driver, run_script
from playhead.fuzz._faults import FAULTS, Fault, FaultKind, FaultyPieces, faults
from playhead.fuzz._invariants import (
    INVARIANTS,
    Invariant,
    InvariantViolation,
    calls_have_one_result,
    check,
    deltas_add_up,
    indexes_grow,
    messages_are_what_was_streamed,
    messages_pair_calls_with_results,
    output_is_the_last_partial,
    partials_never_contradict_the_end,
    starts_and_ends_nest,
    usage_adds_up,
)
from playhead.fuzz._json import args_text, json_for, json_values, nearly_json_for
from playhead.fuzz._machine import machine
from playhead.fuzz._play import RunAborted
from playhead.fuzz._reducer import ReducerDifference, assert_reducer
from playhead.fuzz._scripts import Arguments, parameters_of, responses_for, scripts
from playhead.fuzz._split import SplitDifference, assert_split_invariant
from playhead.fuzz._wire import WireReply, histories, streams, wire

__all__ = [
    "Arguments",
    "DRIVERS",
    "Driver",
    "FAULTS",
    "Fault",
    "FaultKind",
    "FaultyPieces",
    "INVARIANTS",
    "Invariant",
    "InvariantViolation",
    "ReducerDifference",
    "RunAborted",
    "SplitDifference",
    "WireReply",
    "agent",
    "args_text",
    "assert_reducer",
    "assert_split_invariant",
    "calls_have_one_result",
    "check",
    "chunkings",
    "cuts",
    "deltas_add_up",
    "faults",
    "histories",
    "indexes_grow",
    "json_for",
    "json_values",
    "machine",
    "messages_are_what_was_streamed",
    "messages_pair_calls_with_results",
    "nearly_json_for",
    "output_is_the_last_partial",
    "parameters_of",
    "partials_never_contradict_the_end",
    "replay",
    "responses_for",
    "run_script",
    "scripts",
    "starts_and_ends_nest",
    "streams",
    "usage_adds_up",
    "wire",
]
