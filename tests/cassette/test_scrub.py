"""Secrets planted wherever recorded traffic can carry them: none may be left, nothing else may change."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playhead.cassette._scrub import Rules, Scrubber, environment_secrets
from tests._cpu import cpu_seconds

# Made up, put together at run time: scanners that read this file shall not take them for real ones.
OPENAI = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
OLD_OPENAI = "sk-" + "Ab3dEf6hIj9kLmN2pQrStUvWxYz0123456789AbCdEfGhIjKl"
ANTHROPIC = "sk-" + "ant-api03-Zz9yXx8wVv7uTt6sRr5qPp4oNn3mMl2kKj1iHh0gFfEeDdCc-BbAa"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
AWS_ID = "AK" + "IAIOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
GITHUB = "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a"
SLACK = "xo" + "xb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"
GROQ = "gs" + "k_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8S9t0U1v2W3x4Y5z6"
HUGGINGFACE = "hf" + "_AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
REPLICATE = "r8" + "_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789a"
YA29 = "ya" + "29.a0AfH6SMBx1y2z3-AbCdEfGhIjKlMnOpQrStUvWxYz_0123456789"
JWT = (
    "ey" + "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
PEM_BODY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PEM = f"-----BEGIN {'PRIVATE'} KEY-----\n{PEM_BODY}\n{PEM_BODY[::-1]}\n-----END {'PRIVATE'} KEY-----\n"
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"  # made like no known key: only its place tells, or that it was seen there
PASSWORD = "correct-horse-battery"

JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
SSE = {"content-type": "text/event-stream; charset=utf-8"}


class Traffic(NamedTuple):
    """One exchange, with what must not be left of it."""

    secrets: tuple[str, ...]
    uri: str = "https://api.example.com/v1/chat/completions"
    request_headers: dict[str, str | list[str]] = JSON
    request: bytes = b'{"model": "m-1"}'
    response_headers: dict[str, str | list[str]] = JSON
    response: bytes = b'{"ok": true}'


def header(name: str, value: str, *secrets: str) -> Traffic:
    return Traffic(secrets or (value,), request_headers={**JSON, name: value})


def reply_header(name: str, value: str, *secrets: str) -> Traffic:
    return Traffic(secrets or (value,), response_headers={**JSON, name: value})


def uri(value: str, *secrets: str) -> Traffic:
    return Traffic(secrets, uri=value)


def sent(body: object, *secrets: str, headers: dict[str, str | list[str]] = JSON) -> Traffic:
    return Traffic(
        secrets, request=body if isinstance(body, bytes) else json.dumps(body).encode(), request_headers=headers
    )


def got(body: object, *secrets: str, headers: dict[str, str | list[str]] = JSON) -> Traffic:
    return Traffic(
        secrets, response=body if isinstance(body, bytes) else json.dumps(body).encode(), response_headers=headers
    )


def frames(pieces: list[str], frame: Callable[[str], object], *secrets: str, between: str = "\n\n") -> Traffic:
    body = "".join(f"data: {json.dumps(frame(piece))}{between}" for piece in pieces) + f"data: [DONE]{between}"
    return Traffic(secrets, response=body.encode(), response_headers=SSE)


def chat(piece: str) -> object:
    return {"id": "chatcmpl-1", "choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}


def tool(piece: str) -> object:
    return {
        "id": "c1",
        "choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}}],
    }


def anthropic(piece: str) -> object:
    return {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": piece}}


def google(piece: str) -> object:
    return {"candidates": [{"content": {"role": "model", "parts": [{"text": piece}]}, "index": 0}]}


def sliced(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def interleaved() -> Traffic:
    lines: list[str] = []
    for piece, other in zip(
        sliced(OPENAI, 6), sliced("the weather in Paris is sunny and warm, says the tool, today", 6), strict=False
    ):
        for index, arguments in ((0, piece), (1, other)):
            call = {"index": index, "function": {"arguments": arguments}}
            lines.append("data: " + json.dumps({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}) + "\n\n")
    return Traffic((OPENAI[14:50],), response="".join(lines).encode(), response_headers=SSE)


def multipart(name: str, value: str) -> Traffic:
    body = f'--b0\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n--b0--\r\n'
    return Traffic(
        (value,), request=body.encode(), request_headers={"content-type": "multipart/form-data; boundary=b0"}
    )


def multipart_file(content: bytes, *secrets: str) -> Traffic:
    body = (
        b'--b0\r\nContent-Disposition: form-data; name="file"; filename="f.bin"\r\n\r\n' + content + b"\r\n--b0--\r\n"
    )
    return Traffic(secrets, request=body, request_headers={"content-type": "multipart/form-data; boundary=b0"})


SIGV4 = f"AWS4-HMAC-SHA256 Credential={AWS_ID}/20261120/us-east-1/bedrock/aws4_request, SignedHeaders=host;x-amz-date, Signature={'5d672d79c15b13162d9279b0855cfba6' * 2}"
SERVICE_ACCOUNT = {
    "type": "service_account",
    "project_id": "p",
    "private_key_id": PLAIN,
    "private_key": PEM,
    "client_email": "a@p.iam.gserviceaccount.com",
}

PLANTED: dict[str, Traffic] = {
    # Request headers.
    "authorization bearer": header("Authorization", f"Bearer {OPENAI}", OPENAI),
    "authorization of no known shape": header("authorization", f"Bearer {PLAIN}", PLAIN),
    "authorization without a scheme": header("AUTHORIZATION", PLAIN),
    "authorization basic": header("Authorization", f"Basic {b64('user:' + PASSWORD)}", b64("user:" + PASSWORD)),
    "proxy-authorization": header("Proxy-Authorization", f"Basic {b64('u:' + PASSWORD)}", b64("u:" + PASSWORD)),
    "x-api-key, oddly cased": header("X-aPi-KeY", ANTHROPIC),
    "azure api-key": header("api-key", "0123456789abcdef0123456789abcdef"),
    "x-goog-api-key": header("x-goog-api-key", GOOGLE),
    "ocp-apim-subscription-key": header("Ocp-Apim-Subscription-Key", "f3b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3"),
    "an unknown header with a telling name": header("X-Acme-Gateway-Token", PLAIN),
    "an unknown secret header": header("X-Internal-Client-Secret", PASSWORD),
    "an unknown header with a shaped value": header("x-forwarded-thing", f"key={OPENAI}", OPENAI),
    "cookie": header("Cookie", f"theme=dark; session={PLAIN}", PLAIN),
    "openai-organization": header("OpenAI-Organization", "org-Ab3dEf6hIj9kLmN2pQrStUvW"),
    "openai-project": header("OpenAI-Project", "proj_Ab3dEf6hIj9kLmN2pQrStUvW"),
    "an account header": header("x-request-account", "acct-4711-0815"),
    "an account header with an e-mail address": header("X-User-Email", "jane.doe@example.com"),
    "an e-mail address in any header": header("x-contact", "Jane <jane.doe@example.com>", "jane.doe@example.com"),
    "aws session token": header("X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEAAaCXVzLWVhc3QtMSJHMEUCIQDx"),
    "aws signature": header("Authorization", SIGV4, AWS_ID, "5d672d79c15b13162d9279b0855cfba6"),
    "an unknown key without digits": header("X-Vendor-Key", "super-secret-vendor-value"),
    "an unknown token in letters": header("X-Gateway-Token", "supersecretgatewaytoken"),
    "an unknown account header": header("X-Acme-Account-Id", "acme-7781"),
    "a websocket's protocol": header("Sec-WebSocket-Protocol", f"realtime, openai-insecure-api-key.{PLAIN}, v1", PLAIN),
    "a referer with a key": header("Referer", f"https://app.example.com/?api_key={PLAIN}", PLAIN),
    # Response headers.
    "set-cookie": reply_header("Set-Cookie", f"__cf_bm={PLAIN}; path=/; HttpOnly", PLAIN),
    "several set-cookie": Traffic(
        (PLAIN, PASSWORD), response_headers={"set-cookie": [f"a={PLAIN}; path=/", f"b={PASSWORD}"]}
    ),
    "folded set-cookie": reply_header(
        "set-cookie",
        f"a=1234567; expires=Wed, 21 Oct 2026 07:28:00 GMT; path=/, sid={PLAIN}; HttpOnly",
        PLAIN,
        "1234567",
    ),
    "a redirect": reply_header("Location", f"https://storage.example.com/f?X-Amz-Signature={PLAIN}&x=1", PLAIN),
    "a redirect with user and password": reply_header("location", f"https://jane:{PASSWORD}@example.com/", PASSWORD),
    "an organisation in the reply": reply_header("openai-organization", "acme-corp-4x7k2m9q"),
    "anthropic-organization-id": reply_header("anthropic-organization-id", "1c3f5a77-9b2d-4e60-8f11-2a3b4c5d6e7f"),
    # URLs.
    "google ?key=": uri(
        f"https://generativelanguage.googleapis.com/v1beta/models/g:generateContent?alt=sse&key={GOOGLE}", GOOGLE
    ),
    "?api_key= of no known shape": uri(f"https://api.example.com/v1?api_key={PLAIN}&x=1", PLAIN),
    "?access_token=": uri(f"https://api.example.com/v1?x=1&access_token={PLAIN}#f", PLAIN),
    "a token in the fragment": uri(f"https://api.example.com/cb#access_token={PLAIN}&token_type=bearer", PLAIN),
    "azure sas": uri(f"https://a.blob.core.windows.net/c/b?sv=2024&sig={quote('aB3+' + PLAIN + '=', safe='')}", PLAIN),
    "aws presigned": uri(
        f"https://b.s3.amazonaws.com/k?X-Amz-Credential={AWS_ID}%2F20261120&X-Amz-Security-Token={PLAIN}&X-Amz-Signature=abc{PLAIN}",
        AWS_ID,
        PLAIN,
    ),
    "user and password": uri(f"https://jane:{PASSWORD}@api.example.com/v1", "jane", PASSWORD),
    "a password with odd characters": uri("https://jane:p%40ss:w0rd@api.example.com/v1", "p%40ss", "w0rd"),
    "a key in the path": uri(f"https://gateway.example.com/{OPENAI}/v1/chat", OPENAI),
    "a percent-encoded key in the path": uri(
        f"https://gateway.example.com/{OPENAI.replace('-', '%2D')}/v1", OPENAI.replace("-", "%2D"), OPENAI[8:30]
    ),
    "a slack hook": uri(
        "https://hooks.slack.com/services/" + "T00000000/B00000000/XXXXabcdXXXXabcdXXXXabcd", "XXXXabcdXXXXabcdXXXXabcd"
    ),
    "a websocket": uri(f"wss://api.example.com/v1/realtime?model=m&client_secret={PLAIN}", PLAIN),
    "a telegram bot": uri(
        "https://api.telegram.org/bot" + "123456789:AA" + "HdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1" + "/send",
        "HdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1",
    ),
    # Request bodies.
    "a field": sent({"model": "m", "api_key": PLAIN}, PLAIN),
    "a camel-cased field": sent({"apiKey": PLAIN, "clientSecret": PASSWORD}, PLAIN, PASSWORD),
    "a secret that is no word": sent(
        {"secret": "s3cr3t-thing", "credentials": "user_and_pass"}, "s3cr3t-thing", "user_and_pass"
    ),
    "a password in a text": sent({"content": "Login: jane, password: hunter2abc"}, "hunter2abc"),
    "a nested field": sent({"a": [{"b": {"password": PASSWORD}}]}, PASSWORD),
    "a field with a number": sent({"password": 81726354}, "81726354"),
    "a list of keys": sent({"api_keys": [PLAIN, PASSWORD]}, PLAIN, PASSWORD),
    "headers of an mcp server": sent(
        {"tools": [{"type": "mcp", "headers": {"Authorization": f"Bearer {PLAIN}"}}]}, PLAIN
    ),
    "x-headers of an mcp server": sent({"headers": {"X-Gateway-Token": PLAIN}}, PLAIN),
    "an mcp authorization": sent({"tools": [{"type": "mcp", "authorization": PLAIN}]}, PLAIN),
    "name and value": sent({"headers": [{"name": "X-Api-Key", "value": PLAIN}]}, PLAIN),
    "json in a json string": sent({"arguments": json.dumps({"password": PASSWORD, "n": 1})}, PASSWORD),
    "json in json in json": sent({"a": json.dumps({"b": json.dumps({"secret_key": PASSWORD})})}, PASSWORD),
    "a key in a prompt": sent({"messages": [{"role": "user", "content": f"my key is {OPENAI}, use it"}]}, OPENAI),
    "a key after a line break": sent(
        {"messages": [{"role": "user", "content": f"keys:\n{OPENAI}\n{GITHUB}"}]}, OPENAI, GITHUB
    ),
    "a json-escaped key": sent(
        json.dumps({"t": OPENAI}).replace("-", "\\u002d").encode(), OPENAI.replace("-", "\\u002d"), OPENAI[8:30]
    ),
    "an escaped field name": sent(b'{"api\\u005fkey": "' + PLAIN.encode() + b'"}', PLAIN),
    "an environment in a prompt": sent(
        {"content": f"export AWS_SECRET_ACCESS_KEY={AWS_SECRET}\nexport AWS_ACCESS_KEY_ID={AWS_ID}"}, AWS_SECRET, AWS_ID
    ),
    "a .env file with quotes": sent({"content": f'DB_PASSWORD="{PASSWORD}"\nDEBUG=1'}, PASSWORD),
    "a curl command": sent({"content": f"curl -H 'x-api-key: {PLAIN}' https://api.example.com"}, PLAIN),
    "a database URL": sent({"content": f"postgres://app:{PASSWORD}@db.internal:5432/app"}, PASSWORD),
    "a service account": sent(SERVICE_ACCOUNT, PLAIN, PEM_BODY, PEM_BODY[::-1]),
    "a pem block in text": sent({"content": f"Here:\n{PEM}"}, PEM_BODY, PEM_BODY[::-1]),
    "a pem block as text": sent(PEM.encode(), PEM_BODY, PEM_BODY[::-1], headers={"content-type": "text/plain"}),
    "a form": sent(
        urlencode({"grant_type": "client_credentials", "client_id": "c", "client_secret": PASSWORD}).encode(),
        PASSWORD,
        headers=FORM,
    ),
    "a form without its content type": sent(
        urlencode({"user": "u", "password": PASSWORD}).encode(), PASSWORD, headers={}
    ),
    "an authorization code": sent(
        urlencode({"grant_type": "authorization_code", "code": PLAIN, "code_verifier": PASSWORD}).encode(),
        PLAIN,
        PASSWORD,
        headers=FORM,
    ),
    "a refresh token": sent(
        urlencode({"grant_type": "refresh_token", "refresh_token": f"1//{PLAIN}"}).encode(), PLAIN, headers=FORM
    ),
    "a jwt assertion": sent(
        urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": JWT}).encode(),
        JWT[40:80],
        headers=FORM,
    ),
    "an encoded form value": sent(f"password={quote('ä ' + PASSWORD)}".encode(), PASSWORD, headers=FORM),
    "multipart": multipart("api_key", PLAIN),
    "a file in multipart": multipart_file(f"OPENAI_API_KEY={OPENAI}".encode(), OPENAI),
    "gzip in multipart": multipart_file(
        gzip.compress(f"key: {OPENAI}".encode(), mtime=0),
        gzip.compress(f"key: {OPENAI}".encode(), mtime=0)[12:].decode("latin-1"),
    ),
    "zlib in multipart": multipart_file(
        zlib.compress(f"key: {OPENAI}".encode()), zlib.compress(f"key: {OPENAI}".encode())[4:].decode("latin-1")
    ),
    "a gzipped request": sent(
        gzip.compress(json.dumps({"api_key": PLAIN}).encode(), mtime=0),
        gzip.compress(json.dumps({"api_key": PLAIN}).encode(), mtime=0)[12:].decode("latin-1"),
    ),
    "base64": sent({"data": b64(f"token: {OPENAI}")}, b64(f"token: {OPENAI}")[12:60]),
    "base64 of a json file": sent(
        {"file_data": "data:application/json;base64," + b64(json.dumps(SERVICE_ACCOUNT))},
        b64(json.dumps(SERVICE_ACCOUNT))[160:400],
    ),
    "base64 for URLs, without padding": sent(
        {"d": base64.urlsafe_b64encode(f"x=??>>{ANTHROPIC}".encode()).decode().rstrip("=")},
        base64.urlsafe_b64encode(f"x=??>>{ANTHROPIC}".encode()).decode()[12:60],
    ),
    "base64 in base64": sent({"d": b64(b64(f"my key {OPENAI}"))}, b64(b64(f"my key {OPENAI}"))[24:60]),
    "base64 of gzip": sent(
        {"d": base64.b64encode(gzip.compress(OPENAI.encode() * 3, mtime=0)).decode()},
        base64.b64encode(gzip.compress(OPENAI.encode() * 3, mtime=0)).decode()[20:60],
    ),
    "base64 with escaped slashes": sent(
        json.dumps({"d": b64("???" * 4 + OPENAI)}).replace("/", "\\/").encode(), b64("???" * 4 + OPENAI)[24:60]
    ),
    "folded base64": sent(
        {"d": "\n".join(sliced(b64("The key that I use is here: " + ANTHROPIC + " and so on, with more text"), 76))},
        *sliced(b64("The key that I use is here: " + ANTHROPIC), 76)[1:2],
    ),
    "folded base64 in a mail": sent(
        "\r\n".join(sliced(b64("x" * 40 + " " + ANTHROPIC + " and so on"), 64)).encode(),
        b64("x" * 40 + " " + ANTHROPIC)[64:110],
        headers={"content-type": "message/rfc822"},
    ),
    "hexadecimal digits": sent({"d": f"key: {OPENAI}".encode().hex()}, OPENAI.encode().hex()[8:60]),
    "html entities": sent(
        {"d": OPENAI.replace("-", "&#45;"), "e": f"&quot;api_key&quot;: &quot;{PLAIN}&quot;"}, OPENAI[8:30], PLAIN
    ),
    "percent-encoded json": sent({"d": quote(json.dumps({"api_key": PLAIN}))}, PLAIN),
    "percent-encoded twice": sent({"d": quote(quote(f"token/{OPENAI.replace('-', '%2d')}"))}, OPENAI[8:30]),
    # Response bodies.
    "an oauth reply": got(
        {"access_token": PLAIN, "refresh_token": PASSWORD, "id_token": JWT, "expires_in": 3600},
        PLAIN,
        PASSWORD,
        JWT[40:80],
    ),
    "a token exchange": got({"token": YA29}, YA29),
    "an sts reply in xml": got(
        f"<R><AccessKeyId>{AWS_ID}</AccessKeyId><SecretAccessKey>{AWS_SECRET}</SecretAccessKey><SessionToken>{PLAIN}</SessionToken></R>".encode(),
        AWS_ID,
        AWS_SECRET,
        PLAIN,
        headers={"content-type": "text/xml"},
    ),
    "an error text": got(
        {
            "error": {
                "message": f"Incorrect API key provided: {OPENAI}. You can find your API key at https://platform.openai.com."
            }
        },
        OPENAI,
    ),
    "an error text with a bearer": got({"error": f"bad header 'Authorization: Bearer {PLAIN}'"}, PLAIN),
    "an organisation in an error text": got(
        {"error": {"message": "Rate limit reached for m in organization org-Ab3dEf6hIj9kLmN2pQrStUvW on tokens"}},
        "org-Ab3dEf6hIj9kLmN2pQrStUvW",
    ),
    "an ephemeral key": got(
        {"client_secret": {"value": "ek" + "_68af296e8e408191a1120ab6383263c2", "expires_at": 1}},
        "68af296e8e408191a1120ab6383263c2",
    ),
    "html": got(
        f"<html><a href='https://x.example.com/?token={PLAIN}'>x</a></html>".encode(),
        PLAIN,
        headers={"content-type": "text/html"},
    ),
    "a signed picture URL": got({"url": f"https://img.example.com/p.png?se=2026&sig={PLAIN}%3D&sp=r"}, PLAIN),
    "all vendors at once": got(
        {"text": " ".join([OLD_OPENAI, GOOGLE, AWS_ID, GITHUB, SLACK, GROQ, HUGGINGFACE, REPLICATE, YA29])},
        OLD_OPENAI,
        GOOGLE,
        AWS_ID,
        GITHUB,
        SLACK,
        GROQ,
        HUGGINGFACE,
        REPLICATE,
        YA29,
    ),
    "a credential of the request, echoed": Traffic(
        (PLAIN,), request_headers={"x-api-key": PLAIN}, response=f'{{"error": "invalid key {PLAIN}"}}'.encode()
    ),
    "a credential of the URL, echoed": Traffic(
        (PLAIN,), uri=f"https://api.example.com/?key={PLAIN}", response=f'{{"error": "invalid key {PLAIN}"}}'.encode()
    ),
    # Streams.
    "one frame": frames(["It is ", OPENAI, " indeed"], chat, OPENAI),
    "split over two frames": frames(["key: " + OPENAI[:20], OPENAI[20:] + " ok"], chat, OPENAI[8:20], OPENAI[20:]),
    "split into characters": frames(list("the key is " + OPENAI + ", use it"), chat),
    "split over frames of another provider": frames(
        sliced("key " + ANTHROPIC, 7), anthropic, *sliced(ANTHROPIC[14:56], 7)[1:-1]
    ),
    "split over frames of a third provider": frames(
        sliced("key " + GOOGLE + ".", 5), google, *sliced("key " + GOOGLE, 5)[2:-1]
    ),
    "split over frames with CR LF": frames(
        sliced("key " + GITHUB, 9), chat, *sliced("key " + GITHUB, 9)[1:-1], between="\r\n\r\n"
    ),
    "tool arguments in pieces": frames(
        sliced(json.dumps({"user": "u", "password": PASSWORD}), 8),
        tool,
        *sliced(json.dumps({"user": "u", "password": PASSWORD}), 8)[4:-1],
    ),
    "interleaved tool arguments": interleaved(),
    "base64 in pieces": frames(sliced(b64("a key: " + OPENAI), 16), chat, *sliced(b64("a key: " + OPENAI), 16)[1:-1]),
    "escaped pieces": frames(sliced("kéy " + OPENAI, 11), chat, *sliced("kéy " + OPENAI, 11)[2:-1]),
    "plain data in pieces": got(
        "".join(f"data: {piece}\n\n" for piece in sliced("my key " + OPENAI, 12)).encode(),
        *sliced("my key " + OPENAI, 12)[2:-1],
        headers=SSE,
    ),
    "lines of json": got(
        "".join(json.dumps({"message": {"content": piece}}) + "\n" for piece in sliced("key " + OPENAI, 9)).encode(),
        *sliced("key " + OPENAI, 9)[2:-1],
        headers={"content-type": "application/x-ndjson"},
    ),
    "a list of json": got(
        json.dumps([google(piece) for piece in sliced("key " + OPENAI, 9)], indent=1).encode(),
        *sliced("key " + OPENAI, 9)[2:-1],
    ),
    "an error event": got(
        f'event: error\ndata: {{"error": {{"message": "bad key {ANTHROPIC}"}}}}\n\n'.encode(), ANTHROPIC, headers=SSE
    ),
    "a comment": got(f": debug {OPENAI}\n\ndata: 1\n\n".encode(), OPENAI, headers=SSE),
}


def scrubbed(traffic: Traffic, scrubber: Scrubber) -> str:
    """Everything that would be written down, joined."""
    request = scrubber.scrub_request("POST", traffic.uri, traffic.request_headers, traffic.request)
    response = scrubber.scrub_response(200, traffic.response_headers, traffic.response, sliced_bytes(traffic.response))
    assert len(request.body or b"") == len(traffic.request)
    assert len(response.body) == len(traffic.response)
    assert b"".join(response.chunks) == response.body
    assert [len(chunk) for chunk in response.chunks] == [len(chunk) for chunk in sliced_bytes(traffic.response)]
    for before, after in ((traffic.request_headers, request.headers), (traffic.response_headers, response.headers)):
        assert list(before) == list(after)
        assert [len(value) for value in before.values() if isinstance(value, str)] == [
            len(after[name][0]) for name, value in before.items() if isinstance(value, str)
        ]
    written = [
        request.uri,
        repr(request.headers),
        (request.body or b"").decode("latin-1"),
        repr(response.headers),
        response.body.decode("latin-1"),
    ]
    return "\n".join(written)


def sliced_bytes(body: bytes) -> list[bytes]:
    return [body[start : start + 11] for start in range(0, len(body), 11)]


@pytest.mark.parametrize("traffic", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_secret_is_masked_and_counted(traffic: Traffic) -> None:
    scrubber = Scrubber()
    written = scrubbed(traffic, scrubber)
    assert [secret for secret in traffic.secrets if secret in written] == []
    assert scrubber.masks > 0


@pytest.mark.parametrize("traffic", PLANTED.values(), ids=PLANTED.keys())
def test_masking_twice_changes_and_counts_nothing_more(traffic: Traffic) -> None:
    first = Scrubber()
    request = first.scrub_request("POST", traffic.uri, traffic.request_headers, traffic.request)
    response = first.scrub_response(200, traffic.response_headers, traffic.response)
    again = Scrubber()
    assert again.scrub_request(*request) == request
    assert again.scrub_response(response.status, response.headers, response.body) == response
    assert again.report == {}


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


@pytest.mark.parametrize("traffic", PLANTED.values(), ids=PLANTED.keys())
def test_what_was_valid_stays_valid(traffic: Traffic) -> None:
    scrubber = Scrubber()
    for body, headers in ((traffic.request, traffic.request_headers), (traffic.response, traffic.response_headers)):
        clean = scrubber.scrub_body(body, str(headers.get("content-type", "")), frames=True)
        if _is_text(body):  # packed bytes have no lines: one that is like a line end goes with the others
            assert clean.count(b"\n") == body.count(b"\n")
        if headers == JSON and body[:1] in b"{[":
            shape = re.sub(rb'"[^"]*"|[0-9]', b"", clean)
            json.loads(clean)
            assert shape.count(b"{") == re.sub(rb'"[^"]*"|[0-9]', b"", body).count(b"{")
        if headers == SSE:
            for line in clean.split(b"\n"):
                if line.startswith(b"data: {"):
                    json.loads(line[6:])


@pytest.mark.parametrize("character", ["split into characters"])
def test_of_a_key_split_into_characters_no_character_is_left(character: str) -> None:
    traffic = PLANTED[character]
    clean = Scrubber().scrub_body(traffic.response, frames=True).decode()
    joined = "".join(
        json.loads(line[6:])["choices"][0]["delta"]["content"]
        for line in clean.split("\n\n")
        if line.startswith("data: {")
    )
    assert joined == "the key is " + "scrubbed".ljust(len(OPENAI), "-") + ", use it"


def test_base64_stays_base64_of_the_masked_text() -> None:
    clean = json.loads(Scrubber().scrub_body(json.dumps({"data": b64(f"token: {OPENAI}, thanks")}).encode()))
    assert base64.b64decode(clean["data"]).decode() == "token: " + "scrubbed".ljust(len(OPENAI), "-") + ", thanks"


def test_the_scheme_of_a_credential_and_the_names_of_cookies_stay() -> None:
    clean = Scrubber().scrub_headers(
        {
            "authorization": f"Bearer {OPENAI}",
            "cookie": f"a={PLAIN}; b=xyz",
            "set-cookie": [f"sid={PLAIN}; Path=/; Secure"],
        }
    )
    assert clean["authorization"] == ["Bearer " + "scrubbed".ljust(len(OPENAI), "-")]
    assert clean["cookie"] == ["a=scrubbed------------; b=scr"]
    assert clean["set-cookie"] == ["sid=scrubbed------------; Path=/; Secure"]


HARMLESS: dict[str, Traffic] = {
    "usage and limits": got(
        {"usage": {"prompt_tokens": 81726354, "max_tokens": 100000, "total_tokens": 1}, "next_page_token": PLAIN}
    ),
    "log probabilities": got(
        {
            "logprobs": {
                "content": [{"token": "Hello", "logprob": -0.1, "bytes": [72]}, {"token": " world", "logprob": -1}]
            }
        }
    ),
    "a schema with telling names": sent(
        {
            "properties": {"password": {"type": "string", "format": "password"}, "api_key": {"type": "string"}},
            "required": ["password", "api_key"],
        }
    ),
    "ids": got(
        {
            "id": "chatcmpl-BMkz2h9KxL3vQ8wR5tY7uI1oP4aS6",
            "call_id": "call_Ab3dEf6hIj9kLmN2pQrStUvW",
            "id2": "toolu_01Ab3dEf6hIj9kLmN2pQrStU",
            "msg": "msg_01Ab3dEf6hIj9kLmN2pQrS",
        }
    ),
    "a prompt cache key": sent({"prompt_cache_key": "user-4711-conversation-0815"}),
    "a model about keys": got(
        {
            "content": "Set `api_key=os.environ['OPENAI_API_KEY']`, then `password: str`. Use your-api-key-here. Bearer authentication is required; basic knowledge suffices."
        }
    ),
    "css of scikit-learn": got(
        {
            "content": "#sk-container-id-toggleable { } .sk-estimator-doc-link-highlighted-text task-scheduler-with-a-long-name-of-words"
        }
    ),
    "error codes": got(
        {
            "error": {
                "code": "invalid_api_key",
                "message": "Missing bearer or basic authentication in header",
                "type": "authentication_error",
            }
        }
    ),
    "rate limit headers": Traffic(
        (),
        response_headers={
            "x-ratelimit-remaining-tokens": "149984",
            "anthropic-ratelimit-tokens-limit": "400000",
            "x-ratelimit-reset-tokens": "6ms",
            "www-authenticate": 'Bearer realm="x"',
        },
    ),
    "plumbing headers": Traffic(
        (),
        request_headers={
            "idempotency-key": "stainless-python-retry-4d1bd7c2-1f5c",
            "user-agent": "OpenAI/Python 1.99",
            "x-stainless-arch": "x64",
            "accept": "*/*",
        },
    ),
    "masked by the provider": got(
        {"error": {"message": "Incorrect API key provided: sk-proj-********************1234."}}
    ),
    "masked by hand": Traffic(
        (),
        request_headers={"authorization": "REDACTED", "x-api-key": "<API_KEY>", "api-key": "***"},
        request=b'{"api_key": "${API_KEY}", "password": "FILTERED"}',
    ),
    "a picture": got({"b64_json": base64.b64encode(bytes(range(256)) * 40).decode()}),
    "a signature that looks like a key": got(
        {"content": [{"type": "thinking", "thinking": "", "signature": f"EqQBCkYIBhgC+{OPENAI}+{GOOGLE}=="}]}
    ),
    "encrypted content that looks like a key": got(
        {"output": [{"type": "reasoning", "encrypted_content": f"gAAAAABo/{GITHUB}/{OPENAI}"}]}
    ),
    "a signature in pieces": frames(
        sliced(f"EqQBCkYIBhgC+{OPENAI}==", 9),
        lambda piece: {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "signature_delta", "signature": piece},
        },
    ),
    "a key shape within long base64": got({"data": "QUJD" * 60 + "/" + GOOGLE + "/" + "QUJD" * 60}),
    "placeholder URLs": uri(
        "https://api.example.com/v1/models/m-1:generateContent?alt=sse&page_token=abcDEF123456789&pageSize=10"
    ),
    "text with colons": sent(
        {"content": "Password: please choose one. Token: a word. Secret: none. key: value, auth: required"}
    ),
    "a password in the arguments of a tool call": frames(sliced('{"password": "mellon", "n": 1}', 5), tool),
    "the same in a whole reply": got(
        {
            "output": [{"type": "function_call", "arguments": '{"password":"mellon"}'}],
            "parts": [{"functionCall": {"args": {"password": "radiance"}}}],
        }
    ),
    "a thought signature": got(
        {"parts": [{"text": "", "thoughtSignature": "Ev8BCvwBAQw51sfWN9jLWNiJm8Z17Z/zppMkGlOyRVueQB2O2Cfu7+Hrd/PSdF7"}]}
    ),
    "python": sent(
        {
            "content": "def login(password: str, token: Optional[str] = None): return self.client.auth(token=token, secret=settings.secret)"
        }
    ),
}


@pytest.mark.parametrize("traffic", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_is_no_secret_stays_byte_for_byte(traffic: Traffic) -> None:
    scrubber = Scrubber()
    request = scrubber.scrub_request("POST", traffic.uri, traffic.request_headers, traffic.request)
    response = scrubber.scrub_response(200, traffic.response_headers, traffic.response)
    assert request.uri == traffic.uri
    assert request.body == traffic.request
    assert response.body == traffic.response
    assert request.headers == {name: [value] for name, value in traffic.request_headers.items()}
    assert response.headers == {name: [value] for name, value in traffic.response_headers.items()}
    assert scrubber.report == {}


OTHER_KEYS = [
    pytest.param(f"https://a.example/v1?key={GOOGLE}", f"https://a.example/v1?key={PLAIN}", id="query"),
    pytest.param(f"https://jane:{PASSWORD}@a.example/", "https://bob:x@a.example/", id="userinfo"),
    pytest.param(f"https://a.example/{OPENAI}/v1", f"https://a.example/{OLD_OPENAI}/v1", id="path"),
    pytest.param("https://a.example/?key=ab&x=1", "https://a.example/?key=abcdefghijkl&x=1", id="short key"),
]


@pytest.mark.parametrize(("recorded", "present"), OTHER_KEYS)
def test_a_url_with_another_key_still_matches_the_stored_one(recorded: str, present: str) -> None:
    stored = Scrubber().scrub_uri(recorded)
    assert Scrubber().comparable_uri(stored) == Scrubber().comparable_uri(present)
    assert Scrubber().comparable_uri(present) != Scrubber().comparable_uri("https://a.example/v2")


@pytest.mark.parametrize(
    ("recorded", "present"),
    [
        ({"api_key": PLAIN}, {"api_key": PASSWORD + "x"}),
        ({"api_key": "abc"}, {"api_key": PASSWORD}),
        ({"password": 12345}, {"password": 9}),
        ({"content": f"use {OPENAI} now"}, {"content": f"use {OLD_OPENAI} now"}),
        ({"arguments": json.dumps({"password": "abc1"})}, {"arguments": json.dumps({"password": "abcdefghijklmnop1"})}),
    ],
)
def test_a_body_with_another_key_still_matches_the_stored_one(recorded: object, present: object) -> None:
    stored = Scrubber().scrub_body(json.dumps(recorded).encode())
    assert Scrubber().comparable_body(stored) == Scrubber().comparable_body(json.dumps(present).encode())
    assert json.loads(Scrubber().comparable_body(stored)) != json.loads(b'{"content": "use another now"}')


def test_a_request_that_names_its_own_plain_key_matches_with_another_key() -> None:
    def request(key: str) -> tuple[str, str, dict[str, str], bytes]:
        return "POST", "https://a.example/", {"x-api-key": key}, json.dumps({"content": f"I am {key}"}).encode()

    stored = Scrubber().scrub_request(*request(PLAIN))
    assert PLAIN.encode() not in (stored.body or b"")
    assert (
        Scrubber().comparable_request(*stored)
        == Scrubber().comparable_request(*request("Zz88-yY77-xX66-wW55-vV44"))[:2]
        + Scrubber().comparable_request(*request(PLAIN))[2:]
    )


def test_rules_add_to_the_defaults() -> None:
    rules = Rules(
        headers=("X-Acme-Ref",),
        query_parameters=("ref",),
        fields=("acmeRef",),
        patterns=(r"ACME-\d{4}", r"id=(?P<secret>\d+)"),
        values=("plain words",),
    )
    scrubber = Scrubber(rules)
    clean = scrubber.scrub_request(
        "POST",
        "https://a.example/?ref=one&x=2",
        {"x-acme-ref": "two", "x-api-key": PLAIN},
        b'{"acme_ref": "three", "n": "ACME-1234 id=77 plain words"}',
    )
    assert clean.uri == "https://a.example/?ref=scr&x=2"
    assert clean.headers == {"x-acme-ref": ["scr"], "x-api-key": ["scrubbed------------"]}
    assert clean.body == b'{"acme_ref": "scrub", "n": "scrubbed- id=sc scrubbed---"}'
    assert scrubber.report == {"acme_ref": 1, "custom": 2, "known-value": 1, "ref": 1, "x-acme-ref": 1, "x-api-key": 1}


@pytest.mark.parametrize("allowed", ["openai-key", OPENAI, re.compile(r"Ab3dEf6")])
def test_exceptions_can_be_listed_by_rule_value_or_pattern(allowed: str | re.Pattern[str]) -> None:
    body = json.dumps({"content": f"{OPENAI} {GITHUB}"}).encode()
    scrubber = Scrubber(Rules(allow=(allowed,)))
    clean = scrubber.scrub_body(body).decode()
    assert OPENAI in clean
    assert GITHUB not in clean
    assert scrubber.report == {"github-token": 1}


def test_exceptions_can_be_listed_by_name() -> None:
    scrubber = Scrubber(Rules(allow=("X-Session-Token", "password", "key")))
    clean = scrubber.scrub_request(
        "POST", "https://a.example/?key=k1", {"x-session-token": PLAIN}, b'{"password": "p1", "api_key": "a1"}'
    )
    assert clean == (
        "POST",
        "https://a.example/?key=k1",
        {"x-session-token": [PLAIN]},
        b'{"password": "p1", "api_key": "sc"}',
    )


def test_messages_and_logs_are_masked_without_being_counted() -> None:
    scrubber = Scrubber(learn=[PLAIN])
    message = f"RemoteProtocolError: https://u:{PASSWORD}@a.example/?key={GOOGLE} said {PLAIN}: {OPENAI} — größer"
    clean = scrubber.mask_text(message)
    assert not any(secret in clean for secret in (PASSWORD, GOOGLE, PLAIN, OPENAI))
    assert len(clean) == len(message)
    assert clean.endswith(" — größer")
    assert scrubber.report == {}


def test_credentials_in_the_environment_are_known_by_the_names_of_their_variables() -> None:
    environment = {
        "ACME_API_KEY": PLAIN,
        "GITHUB_TOKEN": GITHUB,
        "HOME": "/home/jane-1234567",
        "EMPTY_KEY": "",
        "PATH_TOKEN": "word",
        "SECRET": "<none>",
    }
    assert environment_secrets(environment) == [PLAIN, GITHUB]


ADVERSARIAL = {
    "backslashes": b"\\",
    "escaped quotes": b'\\"',
    "starts of keys": b" sk-",
    "starts of tokens": b"-eyJ",
    "starts of key blocks": b"-----BEGIN " + b"PRIVATE KEY----- ",
    "names without values": b'"api_key":"',
    "names within values": b'"api_key":"\\"api_key\\":\\"',
    "parts without ends": b'content-disposition: form-data; name="password"\r\n\r\n',
    "open elements": b"<password>",
    "pairs of a form": b"password=a&",
    "URLs with passwords": b"://a:b@",
    "encoded encodings": b"%252525252d",
    "escapes": b"\\u002d",
    "starts of compressed streams": b"x\x9c",
    "tiny frames": b'data: {"a":"x"}\n\n',
    "frames with indexes": b'data: {"index":1,"t":"ab"}\n\n',
    "lists in lists": b"[",
    "assignments": b"password=",
    "e-mail addresses": b"a@",
    "base64": b64("hello world text!!").encode() + b" ",
}


@pytest.mark.parametrize("unit", ADVERSARIAL.values(), ids=ADVERSARIAL.keys())
def test_the_worst_bodies_take_time_in_proportion_to_their_length(unit: bytes) -> None:
    def seconds(size: int, tries: int) -> float:
        body = unit * (size // len(unit))
        return cpu_seconds(lambda: Scrubber().scrub_body(body, frames=True), tries=tries)

    assert seconds(150_000, 1) < 10 * 6 * seconds(15_000, 3) + 0.5  # a quadratic one would take a hundred times as long


def test_a_clean_stream_of_five_megabytes_is_scrubbed_quickly() -> None:
    frame = json.dumps(
        {"choices": [{"index": 0, "delta": {"content": " tokén"}, "finish_reason": None}]}, ensure_ascii=False
    )
    body = f"data: {frame}\n\n".encode() * 50_000
    clean: list[bytes] = []
    assert cpu_seconds(lambda: clean.append(Scrubber().scrub_body(body, frames=True)), tries=1) < 30
    assert clean == [body]


@given(st.binary(max_size=200))
def test_no_bytes_make_it_raise_or_change_a_length(body: bytes) -> None:
    scrubber = Scrubber()
    clean = scrubber.scrub_body(body, frames=True)
    assert len(clean) == len(body)
    assert Scrubber().scrub_body(clean, frames=True) == clean
    scrubber.comparable_body(body)


TRICKY = st.lists(
    st.sampled_from(
        [
            OPENAI,
            '{"',
            '"',
            "\\",
            '\\"',
            ": ",
            "api_key",
            "password",
            "=",
            "&",
            "data: ",
            "\n",
            "\n\n",
            "\r\n",
            "%2D",
            "\\u002d",
            "Bearer ",
            "[",
            "]",
            "}",
            ",",
            "scrubbed",
            "-",
            "\x1f\x8b\x08",
            "eyJ",
            ".",
            "://",
            "@",
            "é",
            b64(OPENAI),
        ]
    )
    | st.text(max_size=3),
    max_size=25,
)


@given(TRICKY)
def test_no_mixture_of_telling_pieces_makes_it_raise_or_masks_differently_the_second_time(pieces: list[str]) -> None:
    body = "".join(pieces).encode("utf-8", "surrogatepass")
    clean = Scrubber().scrub_body(body, frames=True)
    assert len(clean) == len(body)
    assert Scrubber().scrub_body(clean, frames=True) == clean
    text = "".join(pieces)
    assert len(Scrubber().mask_text(text)) == len(text)
    assert len(Scrubber().scrub_uri(text)) == len(text)
    Scrubber().scrub_headers({text: text})
