"""Decode recorded provider traffic, and say where the result differs from a reference.

    python tests/corpus/run.py --corpus DIR --out DIR      writes <relative path>/<name>.actual.json for every cassette
                                                           that has a <name>.expected.json beside it
    python tests/corpus/run.py --corpus DIR --check        lists the differences instead, by kind

Both schemas are one: `ok`, `parts`, `finish_reason`, `raw_finish_reason`, `usage`, `provider_response_id`,
`model_name`, `refusal`, `error`, `events` for each interaction `n` that is a call of a model. Nothing of the expected
file is read for decoding: the dialect, the model's name and whether the reply is a stream come from the recording.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import sys
import zlib
from pathlib import Path
from typing import Any

import yaml

from playhead.exceptions import PlayheadError
from playhead.messages import (
    BuiltinToolCallPart,
    BuiltinToolReturnPart,
    CompactionPart,
    FilePart,
    ModelResponse,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    TextPart,
    TextPartDelta,
    ThinkingPart,
    ThinkingPartDelta,
    ToolCallPart,
    tool_return_ta,
)
from playhead.wire import provider_of, recognise

_GENERATED = "pyd_ai_"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads what old recorders wrote: tags of Python's own types stand for the plain value."""


def _plain(loader: Any, suffix: str, node: Any) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_mapping(node, deep=True)


_Loader.add_multi_constructor("tag:yaml.org,2002:python/", _plain)


def main(arguments: list[str] | None = None) -> int:
    """Run over a folder; 1 if `--check` finds differences, else 0."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--corpus", type=Path, required=True, help="folder with cassettes and *.expected.json")
    parser.add_argument("--out", type=Path, help="folder for *.actual.json")
    parser.add_argument("--check", action="store_true", help="list the differences from *.expected.json")
    parser.add_argument("--events", action="store_true", help="with --check: also where the events differ")
    parser.add_argument("--only", default="", help="only paths that contain this")
    options = parser.parse_args(arguments)
    if options.out is None and not options.check:
        parser.error("give --out DIR, --check, or both")
    failures = total = 0
    for expected_path in sorted(options.corpus.rglob("*.expected.json")):
        if options.only not in str(expected_path):
            continue
        cassette = cassette_of(expected_path)
        expected = json.loads(expected_path.read_text(encoding="utf-8"))
        numbers = [item["n"] for item in expected["interactions"]]
        actual = decode_cassette(cassette, numbers)
        if options.out is not None:
            relative = expected_path.relative_to(options.corpus)
            target = options.out / relative.with_name(relative.name.replace(".expected.json", ".actual.json"))
            target.parent.mkdir(parents=True, exist_ok=True)
            lines = ",\n".join(json.dumps(item, ensure_ascii=False) for item in actual)
            target.write_text(f'{{"schema": 1, "interactions": [\n{lines}\n]}}\n', encoding="utf-8")
        if options.check:
            from compare import differences, event_differences

            for want, got in zip(expected["interactions"], actual, strict=True):
                total += bool(want["model_call"])
                found = differences(want, got)
                if options.events and not found:
                    found = event_differences(want, got)
                failures += bool(found)
                for difference in found:
                    print(f"{expected_path.relative_to(options.corpus)} #{want['n']} {difference}")
    if options.check:
        print(f"{total - failures} of {total} model calls agree")
    return 1 if failures else 0


def cassette_of(expected_path: Path) -> Path:
    """The recording beside an expected file."""
    stem = expected_path.name.removesuffix(".expected.json")
    for suffix in (".yaml", ".yml", ".json", ".yaml.gz", ".yml.gz"):
        path = expected_path.with_name(stem + suffix)
        if path.exists():
            return path
    raise FileNotFoundError(f"no cassette beside {expected_path}")


def decode_cassette(path: Path, numbers: list[int] | None = None) -> list[dict[str, Any]]:
    """What Playhead makes of each interaction of a cassette (or of those with these numbers)."""
    interactions = load_cassette(path)["interactions"]
    chosen = range(len(interactions)) if numbers is None else numbers
    return [{"n": n, **decode_interaction(interactions[n])} for n in chosen]


def load_cassette(path: Path) -> dict[str, Any]:
    """A cassette as it lies on disk, compressed or not."""
    data = path.read_bytes()
    return yaml.load(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data, Loader=_Loader)


def decode_interaction(interaction: dict[str, Any]) -> dict[str, Any]:
    """What Playhead makes of one interaction."""
    request, response = interaction["request"], interaction["response"]
    headers = _headers(request.get("headers"))
    request_body = _body(request, headers)
    method, url = request.get("method", "GET"), request.get("uri") or request.get("url") or ""
    dialect = recognise(method, url, headers, request_body)
    if dialect is None:
        return {"model_call": False}
    response_headers = _headers(response.get("headers"))
    body = _body(response, response_headers)
    status = (
        response["status"]["code"] if isinstance(response.get("status"), dict) else response.get("status_code", 200)
    )
    asked = _json(request_body)
    model = asked.get("model") if isinstance(asked.get("model"), str) else _model_in(url)
    streamed = _is_stream(body, response_headers, url, asked)
    known = {"model_call": True, "wire": dialect.name, "streamed": streamed, "status": status, "model": model}
    if status >= 400 and (rescued := _reply_in_error(dialect, body, model, url)) is not None:
        fold = rescued
        fold.model_name = fold.model_name or model
        return {**known, "ok": True, **describe(fold, fold.response(), {})}
    if status >= 400:
        error = dialect.read_error(body)
        return {
            **known,
            "ok": False,
            "error": {"type": "ModelHTTPError", "message": error["message"], "status": status, "body": error["body"]},
        }
    # The reference was asked without tools: it leaves out calls of Anthropic's server tools, which a request that enables
    # none cannot cause. As an answer to the same call they are left out here, too.
    asked_without: Any = {"native_tools": frozenset()} if dialect.name == "anthropic-messages" else {}
    decoder = dialect.decoder(streamed=streamed, model=model, provider=provider_of(url), **asked_without)
    events: list[Any] = []
    try:
        events += decoder.feed(body)
        events += decoder.close()
    except PlayheadError as error:
        failure: dict[str, Any] | None = {"type": type(error).__name__, "message": str(error)}
    else:
        failure = _stream_error(decoder.fold.error)
    ids: dict[str, str] = {}
    reply = describe(decoder.fold, decoder.fold.response(), ids)
    if streamed or dialect.name == "google-generate":
        # Providers that do not name the model answer for the one that was asked for.
        reply["model_name"] = reply["model_name"] or model
    if streamed:
        reply["events"] = [shown for event in events if (shown := _event(event, ids)) is not None]
    if failure is not None:
        shown = {"events": reply.pop("events")} if streamed else {}
        return {**known, "ok": False, "error": failure, "partial": reply, **shown}
    return {**known, "ok": True, **reply}


def _reply_in_error(dialect: Any, body: bytes, model: str | None, url: str) -> Any:
    """The reply that an error body is: some providers tell so that a model called a tool wrongly, or was stopped."""
    decoder = dialect.decoder(streamed=False, model=model, provider=provider_of(url))
    try:
        decoder.feed(body)
        decoder.close()
    except PlayheadError:
        return None
    return decoder.fold if decoder.fold.error is None and decoder.fold.finish_reason is not None else None


def describe(fold: Any, response: ModelResponse, ids: dict[str, str]) -> dict[str, Any]:
    """A reply in the schema. `ids` collects the labels of ids that were made up."""
    usage = response.usage
    counts: dict[str, Any] = {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
    }
    for name in ("input_audio_tokens", "cache_audio_read_tokens", "output_audio_tokens"):
        if getattr(usage, name):
            counts[name] = getattr(usage, name)
    reply: dict[str, Any] = {
        "parts": [_part(part, ids) for part in response.parts],
        "finish_reason": response.finish_reason,
        "raw_finish_reason": fold.raw_finish_reason,
        "usage": {**counts, "details": usage.details},
        "provider_response_id": response.provider_response_id,
        "model_name": response.model_name,
    }
    if fold.refusal is not None:
        reply["refusal"] = fold.refusal
    if fold.state is not None:
        reply["state"] = fold.state
    return reply


# ---------------------------------------------------------------------------------------------- the recording
def _headers(headers: Any) -> dict[str, str]:
    pairs = headers.items() if isinstance(headers, dict) else headers or []
    return {name.lower(): value[0] if isinstance(value, list) and value else str(value) for name, value in pairs}


def _body(message: dict[str, Any], headers: dict[str, str]) -> bytes:
    if "parsed_body" in message:
        return json.dumps(message["parsed_body"]).encode()
    # `content` is where VCR.py kept the body of httpx's responses for some years.
    body = message.get("body", message.get("content"))
    if isinstance(body, dict):
        body = body.get("string", body.get("base64_string"))
    if body is None:
        return b""
    data = body.encode() if isinstance(body, str) else body
    if not isinstance(data, bytes):
        return json.dumps(data).encode()
    return _decompressed(data, headers.get("content-encoding", ""))


def _decompressed(data: bytes, encoding: str) -> bytes:
    """The body itself. Recorders that store it uncompressed often leave the header as it was."""
    if data[:2] == b"\x1f\x8b":
        return zlib.decompressobj(wbits=31).decompress(data)  # also where the end is missing
    try:
        if encoding == "deflate":
            return zlib.decompress(data)
        if encoding == "br":
            import brotli

            return brotli.decompress(data)
        if encoding == "zstd":
            import zstandard

            return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    except Exception:  # each of them has a class of its own for "this is not compressed"
        return data
    return data


def _json(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body) if body else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _model_in(url: str) -> str | None:
    """Google's and Azure's URLs name the model: `.../models/NAME:generateContent`, `.../deployments/NAME/chat/...`."""
    for before, after in (("/models/", ":"), ("/deployments/", "/")):
        if before in url:
            return url.rpartition(before)[2].partition(after)[0] or None
    return None


def _is_stream(body: bytes, headers: dict[str, str], url: str, asked: dict[str, Any]) -> bool:
    content_type = headers.get("content-type", "")
    if "event-stream" in content_type:
        return True
    if "json" in content_type and body.lstrip()[:1] in (b"{", b"["):
        return False
    start = body.lstrip()[:6]
    return start.startswith((b"data:", b"event:", b"id:", b":")) or bool(asked.get("stream")) or "alt=sse" in url


# ---------------------------------------------------------------------------------------------- the schema
def _label(call_id: str, ids: dict[str, str]) -> str:
    if not call_id.startswith(_GENERATED):
        return call_id
    return ids.setdefault(call_id, f"generated:{len(ids) + 1}")


def _part(part: Any, ids: dict[str, str]) -> dict[str, Any]:
    shown: dict[str, Any] = {"part_kind": part.part_kind}
    details = part.provider_details if hasattr(part, "provider_details") else None
    details = details or {}
    if isinstance(part, TextPart):
        shown["content"] = part.content
    elif isinstance(part, ThinkingPart):
        shown |= {"content": part.content, "signature": bool(part.signature)}
        if raw := details.get("raw_content"):
            shown["raw_content"] = "".join(raw)
    elif isinstance(part, (ToolCallPart, BuiltinToolCallPart)):
        shown |= {"tool_name": part.tool_name, **_args(part.args), "tool_call_id": _label(part.tool_call_id, ids)}
    elif isinstance(part, BuiltinToolReturnPart):
        shown |= {
            "tool_name": part.tool_name,
            "tool_call_id": _label(part.tool_call_id, ids),
            **_returned(part.content),
        }
    elif isinstance(part, FilePart):
        data = part.content.data
        shown |= {
            "media_type": part.content.media_type,
            "bytes": len(data),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    elif isinstance(part, CompactionPart):
        shown["content"] = part.content
    if getattr(part, "id", None) is not None:
        shown["id"] = part.id
    if details.get("thought_signature") and not isinstance(part, ThinkingPart):
        shown["signature"] = True
    return shown


def _args(args: str | dict[str, Any] | None) -> dict[str, Any]:
    if not isinstance(args, str):
        return {"args": args, "args_raw": None}
    try:
        return {"args": json.loads(args), "args_raw": args}
    except ValueError:
        return {"args": None, "args_raw": args, "args_invalid": True}


def _returned(content: Any) -> dict[str, Any]:
    value = tool_return_ta.dump_python(content, mode="json")
    text = json.dumps(value, sort_keys=True)
    if len(text) <= 2000:
        return {"content": value}
    return {"content_sha256": hashlib.sha256(text.encode()).hexdigest(), "content_chars": len(text)}


def _event(event: Any, ids: dict[str, str]) -> dict[str, Any] | None:
    if isinstance(event, PartStartEvent):
        part = _part(event.part, ids)
        # Arguments that have just begun are not invalid yet.
        part.pop("args_invalid", None)
        return {"e": "part_start", "i": event.index, "part": part}
    if isinstance(event, PartEndEvent):
        return {"e": "part_end", "i": event.index, "part_kind": event.part.part_kind}
    if not isinstance(event, PartDeltaEvent):
        return None
    delta = event.delta
    shown: dict[str, Any] = {"e": "part_delta", "i": event.index, "d": delta.part_delta_kind}
    if isinstance(delta, TextPartDelta):
        shown["v"] = delta.content_delta
    elif isinstance(delta, ThinkingPartDelta):
        if delta.content_delta is not None:
            shown["v"] = delta.content_delta
        if delta.signature_delta is not None:
            shown["signature"] = True
    else:
        if delta.args_delta is not None:
            shown["v"] = delta.args_delta
        if delta.tool_name_delta:
            shown["name"] = delta.tool_name_delta
        if delta.tool_call_id:
            shown["id"] = _label(delta.tool_call_id, ids)
    return shown


def _stream_error(error: dict[str, Any] | None) -> dict[str, Any] | None:
    if error is None:
        return None
    status = error.get("status")
    return {
        "type": "ModelHTTPError" if status else "ModelAPIError",
        "message": error.get("message"),
        "status": status,
        "body": error,
    }


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    raise SystemExit(main())
