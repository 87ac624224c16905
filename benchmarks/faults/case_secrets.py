"""Secrets planted in the traffic of a recording: none may be in the file."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from _kit import Server, Tool, always, case, look, stream, whole

# Made up, and put together at run time, so that scanners do not take them for real ones.
OPENAI = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
ANTHROPIC = "sk-" + "ant-api03-Zz9yXx8wVv7uTt6sRr5qPp4oNn3mMl2kKj1iHh0gFfEeDdCc-BbAa"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
AWS_ID = "AK" + "IAIOSFODNN7EXAMPLE"
AWS_SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"
GITHUB = "gh" + "p_16C7e42F292c6912E7710c838347Ae178B4a"
SLACK = "xo" + "xb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"
YA29 = "ya" + "29.a0AfH6SMBx1y2z3-AbCdEfGhIjKlMnOpQrStUvWxYz_0123456789"
JWT = (
    "ey" + "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"
PASSWORD = "correct-horse-battery"
ORGANISATION = "org-Ab3dEf6hIj9kLmN2pQrStUvW"
PEM_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PEM = f"-----BEGIN {'PRIVATE'} KEY-----\n{PEM_LINE}\n{PEM_LINE[::-1]}\n-----END {'PRIVATE'} KEY-----\n"
SIGNATURE = "5d672d79c15b13162d9279b0855cfba6" * 2


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def plant(
    name: str,
    *secrets: str | bytes,
    path: str = "/v1/chat/completions",
    headers: dict[str, str] | None = None,
    body: bytes | dict[str, Any] | None = None,
    reply: list[Any] | Callable[[], list[Any]] | None = None,
    userinfo: str = "",
    kinds: tuple[str, ...] = ("httpx",),
    fails: bool = False,
) -> None:
    """A case that records one exchange, and looks for the secrets in the file, as they are and in Base64."""

    @case("secrets", name)
    def run(tool: Tool, folder: Path) -> None:
        steps = reply() if callable(reply) else reply
        content = body if isinstance(body, bytes) else json.dumps(body or {"model": "m-1"}).encode()
        for library in kinds:
            file = folder / f"{library}.yaml"
            with Server(always(steps or whole(b'{"ok": true}'))) as server:
                url = server.url.replace("://", f"://{userinfo}@") if userinfo else server.url
                with tool.record(file):
                    view = look(
                        url + path, library, content=content, headers=headers or {"content-type": "application/json"}
                    )
                assert fails or view.status is not None, view.error
            written = file.read_bytes() if file.exists() or not fails else b""
            assert fails or b"m-1" in written or b"scrub" in written.lower() or len(written) > 100, (
                "nothing was recorded"
            )
            for secret in secrets:
                needle = secret.encode() if isinstance(secret, str) else secret
                flat = written.replace(b"\n", b"").replace(b" ", b"")
                for form in (needle, base64.b64encode(needle).rstrip(b"=")[:-2]):
                    assert form not in written and form.replace(b" ", b"") not in flat, "the secret is in the file"


def header(name: str, key: str, value: str, *secrets: str) -> None:
    plant(name, *(secrets or (value,)), headers={"content-type": "application/json", key: value})


header("authorization bearer", "Authorization", f"Bearer {OPENAI}", OPENAI)
header("authorization of no known shape", "authorization", f"Bearer {PLAIN}", PLAIN)
header("authorization basic", "Authorization", f"Basic {b64('user:' + PASSWORD)}", b64("user:" + PASSWORD), PASSWORD)
header("proxy-authorization", "Proxy-Authorization", f"Basic {b64('u:' + PASSWORD)}", b64("u:" + PASSWORD))
header("x-api-key, oddly cased", "X-aPi-KeY", ANTHROPIC)
header("azure api-key", "api-key", "0123456789abcdef0123456789abcdef")
header("x-goog-api-key", "x-goog-api-key", GOOGLE)
header("subscription key", "Ocp-Apim-Subscription-Key", "f3b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3")
header("an unknown telling header", "X-Acme-Gateway-Token", PLAIN)
header("an unknown secret header", "X-Internal-Client-Secret", PASSWORD)
header("a key in any header", "x-forwarded-thing", f"key={OPENAI}", OPENAI)
header("cookie", "Cookie", f"theme=dark; session={PLAIN}", PLAIN)
header("openai-organization", "OpenAI-Organization", ORGANISATION)
header("openai-project", "OpenAI-Project", "proj_Ab3dEf6hIj9kLmN2pQrStUvW")
header("account header", "X-User-Email", "jane.doe@example.com")
header("aws session token", "X-Amz-Security-Token", "IQoJb3JpZ2luX2VjEAAaCXVzLWVhc3QtMSJHMEUCIQDx")
header(
    "aws signature",
    "Authorization",
    f"AWS4-HMAC-SHA256 Credential={AWS_ID}/20261120/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature={SIGNATURE}",
    AWS_ID,
    SIGNATURE,
)
header("a referer with a key", "Referer", f"https://app.example.com/?api_key={PLAIN}", PLAIN)

plant("set-cookie", PLAIN, reply=whole(set_cookie=f"__cf_bm={PLAIN}; path=/; HttpOnly"))
plant(
    "a redirect",
    PLAIN,
    reply=whole(b"", "303 See Other", location=f"https://storage.example.com/f?X-Amz-Signature={PLAIN}&x=1"),
)
plant("an organisation in the reply", "acme-corp-4x7k2m9q", reply=whole(openai_organization="acme-corp-4x7k2m9q"))

plant("?key=", GOOGLE, path=f"/v1beta/models/g:generateContent?alt=sse&key={GOOGLE}")
plant("?api_key=", PLAIN, path=f"/v1?api_key={PLAIN}&x=1")
plant("?access_token=", PLAIN, path=f"/v1?x=1&access_token={PLAIN}")
plant("azure sas", PLAIN, path=f"/c/b?sv=2024&sig={quote('aB3+' + PLAIN + '=', safe='')}")
plant("aws presigned", AWS_ID, SIGNATURE, path=f"/k?X-Amz-Credential={AWS_ID}%2F2026&X-Amz-Signature={SIGNATURE}")
plant("user and password in the URL", PASSWORD, userinfo=f"jane:{PASSWORD}")
plant("a key in the path", OPENAI, path=f"/{OPENAI}/v1/chat")
plant(
    "a hook's path",
    "XXXXabcdXXXXabcdXXXXabcd",
    reply=whole('{"hook": "https://hooks.slack.com/services/T0/B0/XXXXabcdXXXXabcdXXXXabcd"}'),
)

plant("a field", PLAIN, body={"model": "m-1", "api_key": PLAIN})
plant("camel-cased fields", PLAIN, PASSWORD, body={"apiKey": PLAIN, "clientSecret": PASSWORD})
plant("a nested field", PASSWORD, body={"a": [{"b": {"password": PASSWORD}}]})
plant("a number as password", "81726354", body={"password": 81726354})
plant(
    "headers of an mcp server",
    PLAIN,
    body={"tools": [{"type": "mcp", "headers": {"Authorization": f"Bearer {PLAIN}"}}]},
)
plant("json in a json string", PASSWORD, body={"arguments": json.dumps({"password": PASSWORD})})
plant("json in json in json", PASSWORD, body={"a": json.dumps({"b": json.dumps({"client_secret": PASSWORD})})})
plant("a key in a prompt", OPENAI, body={"messages": [{"role": "user", "content": f"my key is {OPENAI}, use it"}]})
plant(
    "a json-escaped key",
    OPENAI,
    OPENAI.replace("-", "\\u002d"),
    OPENAI[8:30],
    body=json.dumps({"t": OPENAI}).replace("-", "\\u002d").encode(),
)
plant(
    "an environment in a prompt",
    AWS_SECRET,
    AWS_ID,
    body={"content": f"export AWS_SECRET_ACCESS_KEY={AWS_SECRET}\nexport AWS_ACCESS_KEY_ID={AWS_ID}"},
)
plant("a curl command", PLAIN, body={"content": f"curl -H 'x-api-key: {PLAIN}' https://api.example.com"})
plant("a database URL", PASSWORD, body={"content": f"postgres://app:{PASSWORD}@db.internal:5432/app"})
plant(
    "a service account", PEM_LINE, PLAIN, body={"type": "service_account", "private_key_id": PLAIN, "private_key": PEM}
)
plant("a pem block in text", PEM_LINE, body={"content": f"Here:\n{PEM}"})
plant(
    "a form",
    PASSWORD,
    body=urlencode({"grant_type": "client_credentials", "client_secret": PASSWORD}).encode(),
    headers={"content-type": "application/x-www-form-urlencoded"},
)
plant(
    "a refresh token",
    PLAIN,
    body=urlencode({"grant_type": "refresh_token", "refresh_token": PLAIN}).encode(),
    headers={"content-type": "application/x-www-form-urlencoded"},
)
plant(
    "a jwt assertion",
    JWT[40:80],
    body=urlencode({"assertion": JWT}).encode(),
    headers={"content-type": "application/x-www-form-urlencoded"},
)
plant(
    "multipart",
    PLAIN,
    body=f'--b0\r\nContent-Disposition: form-data; name="api_key"\r\n\r\n{PLAIN}\r\n--b0--\r\n'.encode(),
    headers={"content-type": "multipart/form-data; boundary=b0"},
)
PACKED = gzip.compress(f"OPENAI_API_KEY={OPENAI}".encode(), mtime=0)
plant(
    "gzip in multipart",
    PACKED[12:-8],
    body=b'--b0\r\nContent-Disposition: form-data; name="f"; filename="f.gz"\r\n\r\n' + PACKED + b"\r\n--b0--\r\n",
    headers={"content-type": "multipart/form-data; boundary=b0"},
)
plant(
    "a gzipped request", PACKED[12:-8], body=PACKED, headers={"content-encoding": "gzip", "content-type": "text/plain"}
)
plant("base64 in a request", OPENAI, b64(f"token: {OPENAI}")[12:60], body={"data": b64(f"token: {OPENAI}")})
plant(
    "base64 of a json file",
    b64(json.dumps({"x": 1, "private_key": PEM}))[60:140],
    body={"file_data": b64(json.dumps({"x": 1, "private_key": PEM}))},
)

plant(
    "an oauth reply",
    PLAIN,
    PASSWORD,
    JWT[40:80],
    reply=whole(json.dumps({"access_token": PLAIN, "refresh_token": PASSWORD, "id_token": JWT})),
)
plant("a google token", YA29, reply=whole(json.dumps({"token": YA29})))
plant(
    "an sts reply",
    AWS_ID,
    AWS_SECRET,
    reply=whole(
        f"<R><AccessKeyId>{AWS_ID}</AccessKeyId><SecretAccessKey>{AWS_SECRET}</SecretAccessKey></R>",
        content_type="text/xml",
    ),
)
plant(
    "an error text",
    OPENAI,
    reply=whole(json.dumps({"error": {"message": f"Incorrect API key provided: {OPENAI}."}}), "401 Unauthorized"),
)
plant(
    "an organisation in an error text",
    ORGANISATION,
    reply=whole(
        json.dumps({"error": {"message": f"Rate limit reached in organization {ORGANISATION}"}}),
        "429 Too Many Requests",
    ),
)
plant(
    "the key of the request, echoed",
    PLAIN,
    headers={"x-api-key": PLAIN},
    reply=whole(json.dumps({"error": f"unknown key {PLAIN}"}), "401 Unauthorized"),
)
plant("github and slack", GITHUB, SLACK, reply=whole(json.dumps({"text": f"{GITHUB} {SLACK}"})))
plant(
    "a gzipped reply",
    OPENAI,
    reply=whole(gzip.compress(json.dumps({"text": OPENAI}).encode(), mtime=0), content_encoding="gzip"),
)
plant(
    "a deflated reply",
    OPENAI,
    reply=whole(zlib.compress(json.dumps({"text": OPENAI}).encode()), content_encoding="deflate"),
)


def frames(pieces: list[str]) -> list[bytes]:
    return [f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n".encode() for piece in pieces]


def sliced(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


SPLIT = sliced("the key is " + OPENAI + ", ok", 9)
plant("a stream", OPENAI, reply=stream(frames(["It is ", OPENAI, " indeed"])))
plant(
    "a stream, the key split over chunks",
    OPENAI,
    reply=stream([b'data: {"t": "' + OPENAI[:20].encode(), OPENAI[20:].encode() + b'"}\n\n']),
)
plant("a stream, the key split over frames", *SPLIT[3:-2], reply=stream(frames(SPLIT)))
plant(
    "a stream, tool arguments in pieces",
    *sliced(json.dumps({"password": PASSWORD}), 9)[2:-1],
    reply=stream(
        [
            f"data: {json.dumps({'delta': {'partial_json': piece}})}\n\n".encode()
            for piece in sliced(json.dumps({"password": PASSWORD}), 9)
        ]
    ),
)
plant(
    "a gzipped stream",
    OPENAI,
    reply=whole(
        gzip.compress(b"".join(frames(["a", OPENAI])), mtime=0),
        content_encoding="gzip",
        content_type="text/event-stream",
    ),
)
plant(
    "an error event",
    ANTHROPIC,
    reply=stream([f'event: error\ndata: {{"message": "bad key {ANTHROPIC}"}}\n\n'.encode()]),
)
plant(
    "the text of an error",
    OPENAI,
    reply=[b"HTTP/1.1 200 OK\r\nbad header " + OPENAI.encode() + b"\r\n\r\n"],
    fails=True,
)
plant("the reason of a status", OPENAI, reply=whole(b"{}", f"401 Wrong key {OPENAI}"))
plant("lines of json", *SPLIT[3:-2], reply=stream([json.dumps({"content": piece}).encode() + b"\n" for piece in SPLIT]))
plant(
    "through httpx2", OPENAI, headers={"authorization": f"Bearer {OPENAI}"}, body={"api_key": OPENAI}, kinds=("httpx2",)
)


@case("secrets", "through requests")
def through_requests(tool: Tool, folder: Path) -> None:
    import requests

    with Server(always(whole(json.dumps({"text": OPENAI})))) as server, tool.record(folder / "one.yaml"):
        requests.post(
            server.url + f"/x?key={GOOGLE}",
            json={"api_key": PLAIN},
            headers={"authorization": f"Bearer {OPENAI}"},
            timeout=5,
        )
    written = (folder / "one.yaml").read_text()
    assert "/x" in written
    assert not any(secret in written for secret in (OPENAI, GOOGLE, PLAIN))


@case("secrets", "a masked file replays for another key")
def another_key(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        with tool.record(file):
            look(f"{server.url}/v1?key={GOOGLE}", json={"model": "m-1"}, headers={"authorization": f"Bearer {OPENAI}"})
    assert GOOGLE not in file.read_text() and OPENAI not in file.read_text(), "not masked"
    with tool.replay(file):
        assert (
            look(f"{server.url}/v1?key={PLAIN}", json={"model": "m-1"}, headers={"authorization": "Bearer x"}).status
            == 200
        )


@case("secrets", "the message of a mismatch")
def mismatch_message(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    with Server(always(whole())) as server:
        with tool.record(file):
            look(f"{server.url}/v1?key={GOOGLE}", json={"a": 1}, headers={"authorization": f"Bearer {OPENAI}"})
    try:
        with tool.replay(file):
            look(
                f"{server.url}/v2?key={GOOGLE}",
                json={"a": 1, "api_key": PLAIN},
                headers={"authorization": f"Bearer {OPENAI}"},
            )
    except BaseException as error:
        shown = str(error)
        assert not any(secret in shown for secret in (OPENAI, GOOGLE, PLAIN)), "the message shows a secret"
        return
    raise AssertionError("nothing was raised")


@case("secrets", "signatures stay byte for byte")
def signatures(tool: Tool, folder: Path) -> None:
    file = folder / "one.yaml"
    body = json.dumps(
        {
            "content": [{"thinking": "", "signature": f"EqQBCkYIBhgC+{OPENAI}=="}],
            "encrypted_content": "gAAAAABo" + "QUJD" * 80,
        }
    ).encode()
    with Server(always(whole(body))) as server:
        with tool.record(file):
            look(server.url, json={"a": 1})
    with tool.replay(file):
        assert look(server.url, json={"a": 1}).body == body
