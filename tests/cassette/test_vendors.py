"""Keys as their vendors make them, wherever a text can hold one; and what only looks like a key, which stays."""

from __future__ import annotations

import base64
import html
import json
import random
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

import pytest

from playhead.cassette import Scrubber

# Formats as `prefix{kind:length}`: filled with made-up characters, so that scanners find no key in this file.
_FORMATS = """
sk-{n:20}T3BlbkFJ{n:20} sk-proj-{w:74}T3BlbkFJ{w:74} sk-svcacct-{w:60} sk-admin-{w:60} sess-{n:40} ek_{x:32}
sk-ant-api03-{w:93}AA sk-ant-admin01-{w:93}AA sk-ant-oat01-{w:86}AA AIza{w:35} AQ.Ab8{w:48} GOCSPX-{w:28} ya29.{w:99}
1//0{w:60} gsk_{n:52} xai-{n:80} pplx-{n:48} hf_{n:34} r8_{n:37} tgp_v1_{w:43} fw_{n:24} csk-{l:48} sk-or-v1-{x:64}
sk-{x:32} sk-lf-{u} pk-lf-{u} lsv2_pt_{x:32}_{x:10} lsv2_sk_{x:32}_{x:10} wandb_v1_{w:70} pcsk_{n:6}_{n:63} tvly-{n:32}
tvly-dev-{n:32} fc-{x:32} sk_{x:48} pa-{w:43} jina_{x:32}{w:28} nvapi-{w:64} sk-helicone-{l:7}-{l:7}-{l:7}
pk-helicone-{l:7}-{l:7}-{l:7} llx-{n:48} vck_{n:56} vcp_{n:56} rpa_{c:36}{l:6} ak-{n:22} as-{n:22} {u}:{x:32} {x:32}.{n:16}
BSA{w:28} ydc-sk-{x:16}-{n:32} apify_api_{n:36} re_{n:8}_{n:24} napi_{l:64} e2b_{x:40} dtn_{x:64} m0-{n:40} z_1{w:60}.{w:50}
ctx7sk-{u} bb_live_{w:27} sk_car_{n:22} cpk_{x:32}.{x:32}.{n:32} rc_{x:64} flp_{n:44} v1.{w:150} pylf_v1_us_{n:44}
luma-{u}-{u} secret_app_{x:32}.{n:32} ghp_{n:36} gho_{n:36} ghs_{n:36} github_pat_{n:22}_{n:59} glpat-{w:20} glptt-{x:40}
glrt-{w:20} glcbt-64_{w:20} glft-{w:20} gloas-{x:64} glsoat-{w:20} glagent-{w:50} GR1348941{w:20}
xoxb-{d:12}-{d:13}-{n:24} xoxp-{d:12}-{d:12}-{d:13}-{x:32} xapp-1-A{c:10}-{d:13}-{x:64} xoxe.xoxp-1-{n:160} xoxd-{n:90}%2B{n:40}
https://hooks.slack.com/services/T{c:10}/B{c:10}/{n:24} sk_live_{n:24} rk_live_{n:99} sk_org_live_{n:40} whsec_{n:32}
SK{x:32} AC{x:32} SG.{w:22}.{w:43} npm_{n:36} pypi-AgEIcHlwaS5vcmc{w:150} dop_v1_{x:64} doo_v1_{x:64} dor_v1_{x:64}
shpat_{x:32} shpca_{x:32} shppa_{x:32} shpss_{x:32} {d:10}:AA{w:33} MT{n:24}.G{n:5}.{w:38}
https://discord.com/api/webhooks/{d:18}/{w:68} https://a.webhook.office.com/webhookb2/{u}@{u}/IncomingWebhook/{x:32}/{u}
{n:3}8Q~{w:34} {n:32}JQQJ99BAACYeBjFXJ3w3AAABACOG{n:24} {n:52}JQQJ99BAAAAAAAAAAAAASAZDO{n:4} AKIA{c:16} ASIA{c:16}
IQoJb3JpZ2luX2Vj{n:200} ABSK{n:90} bedrock-api-key-{n:120} hvs.{w:95} hvb.{w:140} {n:14}.atlasv1.{w:67} dp.pt.{n:43}
dp.st.dev.{n:43} dapi{x:32}-2 ATATT3xFfGF0{w:180} ATBB{n:32} lin_api_{n:40} lin_oauth_{x:64} secret_{n:43} ntn_{n:46}
pat{n:14}.{x:64} figd_{w:40} PMAK-{x:24}-{x:34} NRAK-{c:27} NRJS-{x:19} glsa_{n:32}_{x:8} glc_{n:60} eyJrIjoi{n:90}
sntrys_eyJpYXQiOjE2{n:60}_{n:43} sntryu_{x:64} pscale_tkn_{w:43} HRKU-{w:60} EAA{n:150} {x:32}-us12 key-{x:32}
sk.eyJ1Ijoi{n:60}.{w:22} sl.{w:130} sq0atp-{w:22} dckr_pat_{w:27} dckr_oat_{w:32} rubygems_{x:48} v1.0-{x:24}-{x:146}
nfp_{n:36} sbp_{x:40} sb_secret_{w:22}_{n:8} fm2_{n:200} fo1_{w:43} rnd_{n:32} phc_{n:43} pnu_{l:36} pul-{x:40} sha256~{w:43}
AGE-SECRET-KEY-1{c:58} LTAI{n:20} AKID{n:32} CFPAT-{w:43} duffel_test_{w:43} dt0c01.{c:24}.{c:64} EZAK{n:54}
FLWSECK_TEST-{x:32}-X ico-{n:32} oy2{l:43} access-production-{u} rdme_{l:70} xkeysib-{x:64}-{n:16} shippo_live_{x:40}
sgp_{x:40} sgp_{x:16}_{x:40} tfp_{w:59} ops_eyJ{w:250} esecret_{l:40} pat.{w:22}.{x:24}.{n:20} 4b1d{n:38} p8e-{l:32} y0_{w:55}
2/{d:16}/{d:16}:{x:32} SCW{c:17} ApiKey-{u} key_{x:64} sk-par-{n:40} tid={x:32};exp=1760000000;sku=x;8kp=1:{x:64}
AAAA{n:7}:APA91b{w:134} dG9rOj{n:40} AAAAAAAAAAAAAAAAAAAAA{n:60}%3D{n:40}
"""
FORMATS = _FORMATS.split()
_KINDS = {
    "n": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
    "l": "abcdefghijklmnopqrstuvwxyz0123456789",
    "c": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "x": "0123456789abcdef",
    "d": "123456789",
}


def filled(form: str) -> str:
    """A key of this format; always the same one."""
    chosen = random.Random(form)

    def some(match: re.Match[str]) -> str:
        kind, length = match["kind"], int(match["length"] or 0)
        if kind == "u":
            return "-".join("".join(chosen.choices(_KINDS["x"], k=part)) for part in (8, 4, 4, 4, 12))
        if kind == "w":  # ends as most do: a sign at the end is often cut off when somebody copies one
            middle = "".join(chosen.choices(_KINDS["n"] + "_-", k=length - 3))
            return f"A{middle}7z"
        return "".join(chosen.choices(_KINDS[kind], k=length - 2)) + {"d": "27", "c": "7Z"}.get(kind, "7a")

    return re.sub(r"\{(?P<kind>\w)(?::(?P<length>\d+))?\}", some, form)


KEYS = [filled(form) for form in FORMATS]
JSON = "application/json"


def whole(body: object, kind: str = JSON) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    return Scrubber().scrub_body(text.encode(), kind).decode()


def in_frames(key: str) -> str:
    pieces = ["It is "] + [key[start : start + 5] for start in range(0, len(key), 5)] + [", I think"]
    body = "".join(f"data: {json.dumps({'choices': [{'delta': {'content': piece}}]})}\n\n" for piece in pieces)
    clean = Scrubber().scrub_body(body.encode(), "text/event-stream", frames=True).decode()
    return "".join(json.loads(line[6:])["choices"][0]["delta"]["content"] for line in clean.splitlines() if line)


def in_base64(key: str) -> str:
    coded = json.loads(whole({"file": base64.b64encode(f"use {key} now".encode()).decode()}))["file"]
    return base64.b64decode(coded).decode("latin-1")


def entities(key: str) -> str:
    return "".join(sign if sign.isalnum() else f"&#{ord(sign)};" for sign in key)


PLACES: dict[str, Callable[[str], str]] = {
    "a JSON value": lambda key: whole({"x": key}),
    "free text": lambda key: whole({"messages": [{"role": "user", "content": f"Please use {key}, thanks"}]}),
    "a list": lambda key: whole([[1, key]]),
    "JSON in a JSON string": lambda key: whole({"a": json.dumps({"x": key})}),
    "an unknown header": lambda key: Scrubber().scrub_headers({"x-thing": key})["x-thing"][0],
    "a query": lambda key: unquote(Scrubber().scrub_uri(f"https://a.example/v1?x={quote(key, safe='')}&y=1")),
    "a path": lambda key: unquote(Scrubber().scrub_uri(f"https://a.example/v1/{quote(key, safe='')}/x")),
    "a form": lambda key: unquote(whole(f"x={quote(key, safe='')}&y=2", "application/x-www-form-urlencoded")),
    "multipart": lambda key: whole(
        f'--b0\r\nContent-Disposition: form-data; name="x"\r\n\r\n{key}\r\n--b0--\r\n',
        "multipart/form-data; boundary=b0",
    ),
    "HTML": lambda key: html.unescape(whole(f"<p>{entities(key)}</p>", "text/html")),
    "an error": lambda key: Scrubber().mask_text(f"ValueError: cannot use {key}: it was revoked"),
    "a repr": lambda key: Scrubber().mask_text(repr({"x": [key]})),
    "pieces of a stream": in_frames,
    "Base64": in_base64,
}


def left_of(key: str, text: str) -> Iterator[str]:
    """Eight characters of the last third, which no prefix or host is in: where a mask begins differs by format."""
    for start in range(len(key) * 2 // 3, len(key) - 7):
        if key[start : start + 8] in text:
            yield key[start : start + 8]


@pytest.mark.parametrize("place", PLACES)
def test_keys_of_known_vendors_are_masked(place: str) -> None:
    kept = [form for form, key in zip(FORMATS, KEYS, strict=True) if any(left_of(unquote(key), PLACES[place](key)))]
    assert kept == []


def test_the_secret_beside_an_id_of_aws_is_masked_where_nothing_names_it() -> None:
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "zEXAMPLEKEY"[1:]
    assert secret not in whole({"content": f"{'AK'}IAIOSFODNN7EXAMPLE and {secret}, please"})
    listed = f"Access key ID,Secret access key\n{'AK'}IAIOSFODNN7EXAMPLE,{secret}\n"
    assert secret not in whole(listed, "text/csv")
    assert "3b18e512dba79e4c8300dd08aeb37f8e728b8dad" in whole(
        {"id": "AK" + "IAIOSFODNN7EXAMPLE", "sha1": "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"}
    )


_IDS = """chatcmpl-{n:29} cmpl-{n:29} msg_{n:24} msg_bdrk_{n:24} toolu_{n:24} toolu_bdrk_{n:24} srvtoolu_{n:24} call_{n:24} req_{n:24}
file-{n:24} asst_{n:24} thread_{n:24} run_{n:24} batch_{n:24} modr-{n:29} ftjob-{n:24} container_{n:24} session_{n:24} item_{n:21}
resp_{x:50} rs_{x:50} msg_{x:50} fc_{x:50} ws_{x:50} mcp_{x:50} mcpr_{x:50} ci_{x:50} cntr_{x:50} ig_{x:50} vs_{x:32} call_{x:32}
gen-1747{d:8}-{n:20} chatcmpl-tool-{x:32} lc_run--{u} run--{u} {u} {x:32} {x:40} {x:64} {x:128} sha256:{x:64} 00-{x:32}-{x:16}-01
fp_{x:10} {x:16}-FRA W/"{x:32}" gpt-4o-2024-08-06 us.anthropic.claude-3-5-haiku-20241022-v1:0 ft:gpt-4o-mini:acme::{n:8}
task-force-on-risk-adjusted-returns-2024 re_match_something_here key_value_store_of_things v1.2.3-beta.4 AC/DC sk-SK dp.pt
"""
IDS = _IDS.split()


@pytest.mark.parametrize("form", IDS)
def test_ids_hashes_and_words_stay(form: str) -> None:
    scrubber, text = Scrubber(), filled(form)
    for document in ({"id": text}, {"content": f"see {text}, please"}, {"tool_call_id": text, "data": [text]}):
        body = json.dumps(document).encode()
        assert scrubber.scrub_body(body, JSON, frames=True) == body
    assert scrubber.scrub_headers({"x-request-id": text})["x-request-id"] == [text]
    uri = f"https://a.example/v1/{quote(text)}?id={quote(text)}"
    assert scrubber.scrub_uri(uri) == uri
    assert scrubber.report == {}


@pytest.mark.parametrize("size", [30, 60, 90, 128, 300, 20_000])
def test_pictures_and_other_data_in_base64_stay(size: int) -> None:
    data = base64.b64encode(random.Random(size).randbytes(size)).decode()
    for document in ({"data": data}, {"image_url": {"url": f"data:image/png;base64,{data}"}}, {"content": data}):
        body = json.dumps(document).encode()
        assert Scrubber().scrub_body(body, JSON, frames=True) == body


PLAIN = "q7Rr2mT9xW4zK8vB1nC6"  # like no vendor's: only its name tells


@pytest.mark.parametrize(
    "text",
    [
        f'pwd = "{PLAIN}"',
        f"first=1\nDB_PASS={PLAIN}\n",
        f"passphrase={PLAIN}",
        f"session_id: {PLAIN}",
        f"jwt={PLAIN}",
        f"csrf={PLAIN}",
        f"connection_string={PLAIN}",
        f"password_confirmation={PLAIN}",
        f"[('api_key', '{PLAIN}'), ('x', 1)]",
        f"('token', '{PLAIN}')",
        json.dumps({"sshKey": PLAIN}),
        json.dumps({"csrf": PLAIN}),
        json.dumps({"password_confirmation": PLAIN}),
        json.dumps({"api_key_2": PLAIN}),
        json.dumps({"recovery_code": PLAIN}),
        f"https://a.example/x;jsessionid={PLAIN}",
        f"https://a.example/x?SAMLResponse={PLAIN}",
        f"https://hooks.zapier.com/hooks/catch/123456/{PLAIN}/",
    ],
)
def test_names_that_tell_are_known_however_a_text_assigns_them(text: str) -> None:
    assert PLAIN not in whole({"content": text})
    assert PLAIN not in Scrubber().mask_text(text)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"required": ["api_key", "user_name_2024"], "license": "CC-BY-NC-SA-4.0"}),
        json.dumps(
            {"password_policy": "at least 12 letters", "session": "the 3rd session", "passed": "yes-2024-11-20"}
        ),
        "otp: 123456 was shown, bypass=nothing-special, the session: a-long-one",
        "('session', 'morning')",
    ],
)
def test_words_under_such_names_stay(text: str) -> None:
    assert whole(text) == text


@pytest.mark.parametrize(
    "value",
    [
        f"HMAC-SHA256 {PLAIN}",
        f"OAuth {PLAIN}",
        f'MAC id="jane", ts="1", nonce="n", mac="{PLAIN}"',
        f"GenieKey {PLAIN}, and more",
    ],
)
def test_a_credential_of_any_scheme_is_known_again_when_a_server_repeats_it(value: str) -> None:
    scrubber = Scrubber()
    scrubber.scrub_request("GET", "https://a.example/v1/models/gpt-4o-2024-08-06", {"authorization": value}, None)
    reply = scrubber.scrub_body(json.dumps({"error": f"unknown: {PLAIN}", "uri": "/v1/models", "id": "jane"}).encode())
    assert PLAIN not in reply.decode()
    assert json.loads(reply)["uri"] == "/v1/models"
    uri = 'Digest username="jane.doe.2024", uri="/v1/models/gpt-4o", response="0123456789abcdef0123456789abcdef"'
    scrubber.learn_request("https://a.example/", {"authorization": uri})
    assert scrubber.mask_text("GET /v1/models/gpt-4o") == "GET /v1/models/gpt-4o"
    assert "0123456789abcdef" not in scrubber.mask_text("was 0123456789abcdef0123456789abcdef")


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


WORDS = "correct-horse-battery"
ASKED: dict[str, tuple[str, dict[str, str], bytes]] = {
    "a field": ("https://a.example/v1", {}, json.dumps({"api_key": PLAIN}).encode()),
    "a form": ("https://a.example/v1", {}, f"client_secret={PLAIN}&x=1".encode()),
    "a path": (f"https://a.example/token/{PLAIN}/x", {}, b""),
    "a cookie": ("https://a.example/v1", {"cookie": f"a=1; sid={PLAIN}"}, b""),
    "basic": ("https://a.example/v1", {"authorization": f"Basic {coded('jane:' + WORDS)}"}, b""),
    "userinfo": (f"https://jane:{WORDS}@a.example/v1", {}, b""),
}


@pytest.mark.parametrize("where", ASKED)
def test_what_a_request_held_is_known_again_in_the_reply(where: str) -> None:
    uri, headers, body = ASKED[where]
    scrubber = Scrubber()
    scrubber.scrub_request("POST", uri, headers, body)
    reply = json.dumps(
        {"error": f"nobody knows {PLAIN}" if PLAIN in uri + str(headers) + str(body) else WORDS}
    ).encode()
    for clean in (scrubber.scrub_response(401, {}, reply).body, scrubber.scrub_body(base64.b64encode(reply * 2))):
        assert PLAIN.encode() not in clean
        assert WORDS.encode() not in clean
        assert coded(reply.decode() * 2)[20:-20].encode() not in clean
    assert scrubber.mask_text(f"no {PLAIN}, no {WORDS}").count("scrubbed") == 1


def test_what_a_reply_names_once_is_masked_wherever_else_it_is_in_it() -> None:
    for body in ({"debug": f"issued {PLAIN}", "access_token": PLAIN}, {"access_token": PLAIN, "log": [f"x={PLAIN}"]}):
        assert PLAIN not in whole(body)
    reply = Scrubber().scrub_response(200, {"set-cookie": f"sid={PLAIN}; Path=/"}, f"sid is {PLAIN}".encode())
    assert PLAIN.encode() not in reply.body
