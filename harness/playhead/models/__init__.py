"""Models: a request becomes a reply, or the events of a stream of one.

Comes in: messages, settings and request parameters. Goes out: `ModelResponse`, or stream events with their fold.
"""

from playhead.messages import ModelRequestParameters
from playhead.models._model import Model, StreamedResponse
from playhead.models._profile import DEFAULT_PROFILE, ModelProfile, ModelProfileSpec
from playhead.models._script import (
    Condition,
    Response,
    ResponseLike,
    Script,
    Step,
    as_response,
    builtin_call,
    builtin_return,
    call,
    comment,
    disconnect,
    error,
    finish,
    interleave,
    output,
    refusal,
    response,
    text,
    thinking,
    usage,
    wait,
)
from playhead.models._script_file import dump_script, load_script, parse_script, script_schema
from playhead.models._scripted import ScriptedDisconnect, ScriptedError, ScriptedModel, ScriptedRequest

__all__ = [
    "Condition",
    "DEFAULT_PROFILE",
    "Model",
    "ModelProfile",
    "ModelProfileSpec",
    "ModelRequestParameters",
    "Response",
    "ResponseLike",
    "Script",
    "ScriptedDisconnect",
    "ScriptedError",
    "ScriptedModel",
    "ScriptedRequest",
    "Step",
    "StreamedResponse",
    "as_response",
    "builtin_call",
    "builtin_return",
    "call",
    "comment",
    "disconnect",
    "dump_script",
    "error",
    "finish",
    "interleave",
    "load_script",
    "output",
    "parse_script",
    "refusal",
    "response",
    "script_schema",
    "text",
    "thinking",
    "usage",
    "wait",
]
