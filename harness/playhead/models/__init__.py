"""Models: a request becomes a reply, or the events of a stream of one.

Comes in: messages, settings and request parameters. Goes out: `ModelResponse`, or stream events with their fold.
"""

from playhead.messages import ModelRequestParameters, ToolDefinition
from playhead.models._allow import check_allow_model_requests, override_allow_model_requests
from playhead.models._clients import (
    DEFAULT_HTTP_TIMEOUT,
    cached_async_http_client,  # pyright: ignore[reportDeprecated]
    create_async_http_client,
    get_user_agent,
)
from playhead.models._estimate import estimate
from playhead.models._http import HttpModel
from playhead.models._infer import infer_model, infer_model_profile, infer_provider, parse_model_id
from playhead.models._known import KnownModelName
from playhead.models._model import Model, StreamedResponse
from playhead.models._profile import DEFAULT_PROFILE, ModelProfile, ModelProfileSpec
from playhead.models._providers import PROVIDERS, Provider
from playhead.models._schema_model import SchemaModel
from playhead.models._script import Condition, Response, ResponseLike, Script, as_response
from playhead.models._script_file import dump_script, load_script, parse_script, script_schema
from playhead.models._script_match import ScriptedRequest, seen_by_conditions, show_request
from playhead.models._script_player import Player, ScriptedDisconnect, ScriptedError
from playhead.models._script_steps import DisconnectStep, Step
from playhead.models._script_words import (
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
from playhead.models._scripted import ScriptedModel
from playhead.models._transform import InlineDefsJsonSchemaTransformer, JsonSchema, JsonSchemaTransformer

__all__ = [
    "ALLOW_MODEL_REQUESTS",
    "Condition",
    "DEFAULT_HTTP_TIMEOUT",
    "DEFAULT_PROFILE",
    "DisconnectStep",
    "HttpModel",
    "InlineDefsJsonSchemaTransformer",
    "JsonSchema",
    "JsonSchemaTransformer",
    "KnownModelName",
    "Model",
    "ModelProfile",
    "ModelProfileSpec",
    "ModelRequestParameters",
    "PROVIDERS",
    "Player",
    "Provider",
    "Response",
    "ResponseLike",
    "SchemaModel",
    "Script",
    "ScriptedDisconnect",
    "ScriptedError",
    "ScriptedModel",
    "ScriptedRequest",
    "Step",
    "StreamedResponse",
    "ToolDefinition",
    "as_response",
    "builtin_call",
    "builtin_return",
    "cached_async_http_client",
    "call",
    "check_allow_model_requests",
    "comment",
    "create_async_http_client",
    "disconnect",
    "dump_script",
    "error",
    "estimate",
    "finish",
    "get_user_agent",
    "infer_model",
    "infer_model_profile",
    "infer_provider",
    "interleave",
    "load_script",
    "output",
    "override_allow_model_requests",
    "parse_model_id",
    "parse_script",
    "refusal",
    "response",
    "script_schema",
    "seen_by_conditions",
    "show_request",
    "text",
    "thinking",
    "usage",
    "wait",
]

ALLOW_MODEL_REQUESTS = True
"""Set this to False, and no model asks a provider; see `check_allow_model_requests`."""
