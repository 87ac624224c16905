"""Secrets planted in places that are easy to forget: none is in the file, in no coding, and the file still replays."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote, urlencode

import httpx
import pytest
import yaml

import playhead
from tests.cassette._server import Server, chunked, json_reply, reply

# Made up, and put together at run time, so that scanners do not take them for real ones.
KEY = "sk-" + "proj-Ab3dEf6hIj9kLmN2pQrS_tUvWxYz0123456789-AbCdEfGhIj"
GOOGLE = "AI" + "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"
PLAIN = "q7Rr2mT9xW4zK8vB1nC6"
WORDS = "correct-horse-battery"
HEX = "0123456789abcdef" * 2
LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
PEM = f"-----BEGIN {'PRIVATE'} KEY-----\n{LINE}\n{LINE[::-1]}\n-----END {'PRIVATE'} KEY-----\n"
JWT = (
    "ey" + "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)


@dataclass
class Plant:
    """Secrets, and where they are."""

    secrets: tuple[str | bytes, ...]
    path: str = "/v1"
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: Any = field(default_factory=lambda: {"model": "m-1"})
    reply: Any = None


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def answered(*, text: str = "{}", **headers: str) -> list[Any]:
    return reply(text, headers={name.replace("_", "-"): value for name, value in headers.items()})


def part(head: str, content: bytes) -> Plant:
    body = b"--b0\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + content + b"\r\n--b0--\r\n"
    return Plant((), headers={"content-type": "multipart/form-data; boundary=b0"}, body=body)


def of_headers() -> Iterator[tuple[str, Plant]]:
    names = """x-api-key api-key x-goog-api-key Ocp-Apim-Subscription-Key X-Auth-Token X-Amz-Security-Token X-Vault-Token X-Gitlab-Token
    Private-Token X-CSRF-Token X-Client-Secret Helicone-Auth X-Portkey-Api-Key cf-aig-authorization X-Session-Token X-Hub-Signature-256
    X-Functions-Key DD-API-KEY X-Honeycomb-Team X-JFrog-Art-Api Langfuse-Secret-Key xi-api-key X-Sentry-Auth Token X-Forwarded-Access-Token
    X-Id-Token X-Signature CF-Access-Client-Secret x-wandb-api-key"""
    for name in names.split():
        yield f"header {name}", Plant((PLAIN,), headers={name: PLAIN})
    digest = f'Digest username="jane", realm="r", nonce="n", uri="/", response="{HEX}"'
    oauth = f'OAuth oauth_consumer_key="x", oauth_token="{PLAIN}", oauth_signature="{WORDS}"'
    for title, name, value, *secrets in (
        ("token", "Authorization", f"Token {HEX}", HEX),
        ("two spaces", "Authorization", f"Bearer  {PLAIN}", PLAIN),
        ("digest", "Authorization", digest, HEX),
        ("oauth 1", "Authorization", oauth, PLAIN, WORDS),
        ("a cookie without a name", "Cookie", PLAIN, PLAIN),
        ("a quoted cookie", "Cookie", f'sid="{PLAIN}"; x=1', PLAIN),
        ("JSON", "X-Context", json.dumps({"api_key": PLAIN}), PLAIN),
        ("Base64", "X-Context", b64(json.dumps({"api_key": KEY})), KEY),
        ("baggage", "baggage", f"user=1,api_key={PLAIN}", PLAIN),
        ("a websocket's protocol", "Sec-WebSocket-Protocol", f"realtime, openai-insecure-api-key.{KEY}", KEY),
        ("a link", "Link", f"<https://a.example/x?api_key={PLAIN}&p=2>; rel=next", PLAIN),
        ("an origin", "Origin", f"https://user:{WORDS}@x.example", WORDS),
    ):
        yield f"header with {title}", Plant(tuple(secrets), headers={name: value})


def of_addresses() -> Iterator[tuple[str, Plant]]:
    for name in [
        "key",
        "API_KEY",
        "auth[token]",
        "sig",
        "hapikey",
        "oauth_token",
        "X-Goog-Signature",
        "AWSAccessKeyId",
        "code_verifier",
    ]:
        yield f"query {name}", Plant((PLAIN,), path=f"/v1?x=1&{name}={PLAIN}&y=2")
    yield "query with an encoded name", Plant((PLAIN,), path=f"/v1?api%5Fkey={PLAIN}")
    yield "query with semicolons", Plant((PLAIN,), path=f"/v1?a=1;api_key={PLAIN}")
    yield "query with JSON", Plant((PLAIN,), path="/v1?q=" + quote(json.dumps({"api_key": PLAIN})))
    yield "query with an address", Plant((PLAIN,), path="/v1?next=" + quote(f"https://x/?api_key={PLAIN}", safe=""))
    yield "query with Base64", Plant((KEY,), path="/v1?q=" + quote(b64("token: " + KEY), safe=""))
    yield "path after token", Plant((PLAIN,), path=f"/token/{PLAIN}/x")
    yield "path after api_key", Plant((HEX,), path=f"/api_key/{HEX}/x")
    yield "path with a token", Plant((JWT[40:80],), path=f"/t/{JWT}/x")
    yield "path with a parameter", Plant((PLAIN,), path=f"/v1;api_key={PLAIN}/x")


def of_bodies() -> Iterator[tuple[str, Plant]]:
    for depth in (1, 3, 5):
        inner: Any = {"api_key": PLAIN, "t": f"it is {KEY}"}
        for _ in range(depth):
            inner = {"x": json.dumps(inner)}
        yield f"JSON {depth} deep", Plant((PLAIN, KEY), body=inner)
    every = "".join(f"\\u{ord(character):04x}" for character in KEY)
    yield "a key in escapes", Plant((KEY, every), body=f'{{"t": "{every}"}}'.encode())
    yield "a name in escapes", Plant((PLAIN,), body=f'{{"\\u0061pi_key": "{PLAIN}"}}'.encode())
    for title, text, *secrets in (
        ("Python", repr({"headers": {"Authorization": "Bearer " + PLAIN}, "api_key": PLAIN}), PLAIN),
        ("YAML", f"db:\n  password: {WORDS}\n  user: x", WORDS),
        ("TOML", f'[x]\napi_key = "{PLAIN}"', PLAIN),
        ("a shell", f"docker run -e POSTGRES_PASSWORD={WORDS} x", WORDS),
        ("a flag", f"tool --password {WORDS} --x", WORDS),
        ("curl -u", f"curl -u user:{WORDS} https://x.example", WORDS),
        ("curl --user", f"curl -sS --user 'user:{WORDS}' https://x.example", WORDS),
        ("ODBC", f"Server=db;Uid=sa;Pwd={WORDS};", WORDS),
        ("redis", f"redis://:{WORDS}@r:6379/0", WORDS),
        ("header lines", f"GET / HTTP/1.1\nX-Api-Key: {PLAIN}\nAccept: */*", PLAIN),
        ("a PEM block in one line", PEM.replace("\n", " "), LINE),
        ("a PEM block with CR LF", PEM.replace("\n", "\r\n"), LINE),
        ("a PEM block that breaks off", PEM[:60] + "\n" + LINE, LINE),
    ):
        yield f"text of {title}", Plant(tuple(secrets), body={"content": text})
    yield "GraphQL", Plant((WORDS,), body={"query": f'mutation {{ login(name: "a", password: "{WORDS}") {{ id }} }}'})
    xml = {"content-type": "text/xml"}
    for title, text in (
        ("an element", f"<a><Password>{WORDS}</Password></a>"),
        ("CDATA", f"<a><Password><![CDATA[{WORDS}]]></Password></a>"),
        ("an element with attributes", f'<a><w:Password Type="x#Text">{WORDS}</w:Password></a>'),
        ("an attribute", f'<a><auth password="{WORDS}" x="1"/></a>'),
    ):
        yield f"XML with {title}", Plant((WORDS,), headers=xml, body=text.encode())
    form = {"content-type": "application/x-www-form-urlencoded"}
    for title, secret, fields in (
        ("a password", WORDS, {"username": "j", "password": WORDS}),
        ("a code", PLAIN, {"grant_type": "authorization_code", "code": PLAIN}),
        ("what is nested", PLAIN, {"user[api_key]": PLAIN}),
        ("JSON", PLAIN, {"payload": json.dumps({"token": PLAIN, "api_key": PLAIN})}),
        ("a token of another", JWT[40:80], {"subject_token": JWT}),
    ):
        yield f"form with {title}", Plant((secret,), headers=form, body=urlencode(fields).encode())
    for title, secret, head, content in (
        ("a password", WORDS, 'name="password"', WORDS.encode()),
        ("a bare name", WORDS, "name=password", WORDS.encode()),
        ("the file first", WORDS, 'filename="x"; name="password"', WORDS.encode()),
        ("a JSON file", PLAIN, 'name="f"; filename="c.json"', json.dumps({"api_key": PLAIN}).encode()),
        (
            "Base64",
            KEY,
            'name="f"\r\nContent-Transfer-Encoding: base64',
            base64.encodebytes(f"KEY={KEY}\n".encode() * 3),
        ),
    ):
        planted = part(head, content)
        planted.secrets = (secret,)
        yield f"multipart with {title}", planted


def of_codings() -> Iterator[tuple[str, Plant]]:
    plain = f"OPENAI_API_KEY={KEY}".encode()
    for name, data in (("gzip", gzip.compress(plain, mtime=0)), ("deflate", zlib.compress(plain))):
        within = data[12:-10]
        coded = {"content-encoding": name, "content-type": "text/plain"}
        yield f"{name}, said", Plant((KEY, within), headers=coded, body=data)
        yield f"{name}, not said", Plant((KEY, within), headers={"content-type": "application/x"}, body=data)
        yield (
            f"{name} in Base64",
            Plant((KEY, base64.b64encode(data)[16:-12]), body={"d": base64.b64encode(data).decode()}),
        )
        yield f"{name} in the reply", Plant((KEY, within), reply=reply(data, headers={"content-encoding": name}))
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr(zipfile.ZipInfo("a.txt"), b"nothing here, nothing at all, " * 20, zipfile.ZIP_DEFLATED)
        opened.writestr(zipfile.ZipInfo(".env"), plain * 20, zipfile.ZIP_DEFLATED)
    for name, data in (
        ("a zip file", archive.getvalue()),
        ("bzip2", bz2.compress(plain)),
        ("xz", lzma.compress(plain)),
    ):
        within = base64.b64encode(data)
        yield f"{name} in Base64", Plant((KEY, within[len(within) // 4 : -40]), body={"d": within.decode()})
    text = f"token {KEY}"
    yield "Base64 of Base64", Plant((KEY, b64(text)[8:60]), body={"d": b64(b64(text))})
    yield "Base64 in a data address", Plant((KEY,), body={"url": "data:text/plain;base64," + b64(text)})
    yield (
        "Base64 in lines",
        Plant((KEY,), body={"d": base64.encodebytes((f"some text, key {KEY}, more. " * 3).encode()).decode()}),
    )
    yield (
        "Base64 for addresses",
        Plant((KEY,), body={"d": base64.urlsafe_b64encode(f'{{"k": "{KEY}"}}'.encode()).decode()}),
    )
    yield "Base64 of a private key", Plant((b64(PEM)[60:120],), body={"d": b64(PEM)})
    yield "hexadecimal digits", Plant((KEY.encode().hex(),), body={"d": KEY.encode().hex()})


def of_replies() -> Iterator[tuple[str, Plant]]:
    for name, value, secret in (
        ("location", f"https://x.example/cb#access_token={PLAIN}&token_type=bearer", PLAIN),
        ("location", f"/path/{KEY}/x", KEY),
        ("www_authenticate", f'Bearer error="invalid_token", error_description="token {KEY} expired"', KEY),
        ("refresh", f"0; url=https://x/?token={PLAIN}", PLAIN),
        ("x_amz_meta_password", WORDS, WORDS),
        ("set_cookie", f"sid={PLAIN}; Expires=Fri, 20 Nov 2026 10:00:00 GMT; Path=/", PLAIN),
        ("etag", f'"{KEY}"', KEY),
    ):
        yield f"reply header {name} {value[:12]}", Plant((secret,), reply=answered(**{name: value}))
    page = f'<input type="password" name="password" value="{WORDS}"><meta name="csrf-token" content="{PLAIN}">'
    yield "a page", Plant((WORDS, PLAIN), reply=answered(text=page, content_type="text/html"))
    yield "GraphQL's reply", Plant((PLAIN,), reply=json_reply({"data": {"login": {"token": PLAIN}}}))
    for title, text in (("a private key", PEM), ("a token", f"x {JWT} y")):
        pieces = [text[start : start + 17] for start in range(0, len(text), 17)]
        frames = [f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n".encode() for piece in pieces]
        yield f"{title} over frames", Plant(tuple(pieces[4:-4]), reply=chunked(frames))
    pieces = [KEY[start : start + 7] for start in range(0, len(KEY), 7)]
    document = [json.dumps({"choices": [{"delta": {"content": piece}}]}, indent=1) for piece in ["", *pieces, ""]]
    lines = ["".join(f"data: {line}\n" for line in text.split("\n")) + "\n" for text in document]
    yield (
        "a key over frames of several lines",
        Plant(tuple(pieces[:-1]), reply=chunked([line.encode() for line in lines])),
    )
    pieces = ["AI", "zaSyA1b2C3d", "4", "E5f6G7h8I9j0K1l2M3n4O5p6Q"]
    yield (
        "a key over plain frames, one a number",
        Plant((pieces[1], pieces[3]), reply=chunked([f"data: {piece}\n\n".encode() for piece in pieces])),
    )
    chunks = [f'data: {{"t": "{KEY[:20]}'.encode(), KEY[20:30].encode(), f'{KEY[30:]}"}}\n\n'.encode()]
    yield "a key over three chunks", Plant((KEY, KEY[20:30]), reply=chunked(chunks))


def of_shapes() -> Iterator[tuple[str, Plant]]:
    mixed, digits = "aB3dE5fG7hI9jK1lM2nO4pQ6rS8tU0vW", "a3b4c5d6" * 6
    for title, *parts in (
        ("square", "sq0csp-", mixed),
        ("postman", "PMAK-", digits[:24], "-", digits[:34]),
        ("grafana", "glsa_", mixed, "_a3b4c5d6"),
        ("sentry", "sntrys_", "eyJ", mixed, mixed),
        ("new relic", "NRAK-", "AB3DE5FG7HI9JK1LM2NO4PQ6RST"),
        ("planetscale", "pscale_tkn_", mixed),
        ("doppler", "dp.pt.", mixed),
        ("heroku", "HRKU-", mixed),
        ("anyscale", "esecret_", mixed),
        ("atlassian", "ATATT3x", "FfGF0", mixed),
        ("voyage", "pa-", mixed, mixed),
        ("notion", "secret_", mixed, mixed[:11]),
        ("elevenlabs", "sk_", digits),
        ("mailgun", "key-", HEX),
    ):
        secret = "".join(parts)
        yield f"shape {title}", Plant((secret,), reply=json_reply({"error": {"message": f"Incorrect: {secret}."}}))


PLANTS = dict(
    row for rows in (of_headers, of_addresses, of_bodies, of_codings, of_replies, of_shapes) for row in rows()
)


def texts(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for key, item in cast("dict[Any, Any]", value).items():
            yield from texts(key)
            yield from texts(item)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            yield from texts(item)
    elif isinstance(value, str):
        yield value.encode("utf-8", "surrogatepass")
    elif isinstance(value, bytes):
        yield value


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS)
def test_a_planted_secret_is_not_in_the_file_and_the_file_replays(plant: Plant, server: Server, tape: Path) -> None:
    server.replies["*"] = plant.reply or json_reply({"ok": True})
    content = plant.body if isinstance(plant.body, bytes) else json.dumps(plant.body).encode()
    headers = {"content-type": "application/json", **plant.headers}

    def send() -> int:
        with httpx.Client(trust_env=False, verify=False) as client:
            return client.post(server.url + plant.path, content=content, headers=headers).status_code

    with playhead.use_cassette(tape, "once"):
        assert send() == 200
    written = tape.read_bytes()
    flat = written.replace(b"\n", b"").replace(b" ", b"").replace(b"\\", b"")
    held = b"\n".join(texts(yaml.safe_load(written)))
    for secret in plant.secrets:
        plain = secret.encode() if isinstance(secret, str) else secret
        shifted = [base64.b64encode(b"x" * shift + plain)[4:-6] for shift in (1, 2)]
        forms = [
            plain,
            plain.hex().encode(),
            base64.b64encode(plain).rstrip(b"=")[:-2],
            *shifted,
            quote(plain, safe="").encode(),
        ]
        forms = [form for form in forms if len(form) > 6]  # a shorter one may be there by chance
        assert not [form for form in forms if form in flat or form in held or form in written], "it is in the file"
    with playhead.use_cassette(tape):
        assert send() == 200
