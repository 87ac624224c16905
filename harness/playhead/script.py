"""The door to scripts: what a fake model answers, in Python (`text("It is", " sunny")`) or YAML (`load_script`)."""

from playhead.models import (
    Script,
    builtin_call,
    builtin_return,
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

__all__ = [
    "Script",
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

if __name__ == "__main__":
    import json

    print(json.dumps(script_schema(), indent=1))
