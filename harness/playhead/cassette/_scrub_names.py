"""Names under which credentials and accounts travel: headers, query parameters, and fields of JSON, forms and XML.

Names are compared without case, hyphens, underscores, dots and spaces: `X-Api-Key`, `x_api_key` and `xApiKey` are one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

__all__ = [
    "is_account_header",
    "OPAQUE",
    "Strength",
    "field_strength",
    "header_strength",
    "normalised",
    "query_strength",
]

Strength = Literal["secret", "maybe", "no"]
"""`secret`: whatever the value is; `maybe`: when it is made like a credential; `no`: the name says nothing."""


def normalised(name: str) -> str:
    """`name` as the tables below spell it."""
    return _SEPARATORS.sub("", name).lower()


@lru_cache(maxsize=4096)
def header_strength(name: str) -> Strength:
    """What the name of a header says about its value."""
    plain = normalised(name)
    if plain in _HARMLESS_HEADERS or plain.endswith("tokens") or "ratelimit" in plain:
        return "no"
    if plain in _SECRET_HEADERS or _SECRET_HEADER.search(plain):
        return "secret"
    return "maybe" if _MAYBE_HEADER.search(plain) and not _is_paging(name) else "no"


@lru_cache(maxsize=4096)
def query_strength(name: str) -> Strength:
    """What the name of a query parameter or of a form field says about its value."""
    plain = normalised(name)
    if plain in _SECRET_QUERY or _SECRET_FIELD.search(plain):
        return "secret"
    if _is_paging(name):
        return "no"
    if plain.endswith(("token", "secret", "signature")):
        return "secret"
    return "maybe" if plain in _MAYBE_QUERY or plain.endswith("key") else "no"


@lru_cache(maxsize=4096)
def field_strength(name: str) -> Strength:
    """What the name of a JSON field, an XML element or an assignment says about its value."""
    plain = normalised(name)
    if plain in OPAQUE:
        return "no"
    if plain in _SECRET_FIELDS or _SECRET_FIELD.search(plain):
        return "secret"
    if _is_paging(name):
        return "no"
    return "maybe" if plain in _MAYBE_FIELDS or _MAYBE_FIELD.search(plain) else "no"


def _is_paging(name: str) -> bool:
    return not _PAGING.isdisjoint(word.lower() for word in _NAME_WORD.findall(name))


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SEPARATORS = re.compile(r"[-_. \[\]]+")  # brackets: user[api_key], as forms write what is nested
_NAME_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")

OPAQUE = _words(
    """signature thoughtsignature thoughtsignatures reasoningsignature encryptedcontent encryptedindex encryptedstdout
    encryptedreasoning encryptedfunctionoutput encryptedcodeexecutionresult redactedthinking redactedcontent b64json
    signaturedelta inlinedata reasoningencryptedcontent"""
)
"""Fields whose values are checked by the provider byte for byte: never searched for shapes."""


def is_account_header(name: str) -> bool:
    """Whether a header says on whose account a request runs: no credential, but nobody else's business."""
    plain = normalised(name)
    return plain in _ACCOUNT_HEADERS or _ACCOUNT_HEADER.search(plain) is not None


_ACCOUNT_HEADER = re.compile(
    r"organi[sz]ation|^(?:x)?org(?:id|slug|name)?$|account(?:id|name|email|number)?$|tenant(?:id)?$|workspace(?:id)?$|customer(?:id)?$"
    r"|(?:^x|openai|goog|user)project(?:id)?$|user(?:id|name|email|principal)$|email(?:address)?$|principal(?:name|id)?$|billto$"
)
_ACCOUNT_HEADERS = _words(
    """openaiorganization openaiproject anthropicorganizationid xgooguserproject chatgptaccountid xaccountid accountid
    xorganizationid xorgid orgid organizationid xrequestaccount requestaccount xaccount account xprojectid projectid
    xamznaccountid xmsclientprincipal xmsclientprincipalname xmsclientprincipalid xuseremail xforwardedemail
    xforwardeduser xauthrequestemail xauthrequestuser xuserid xtenantid xworkspaceid xcustomerid xsubscriptionid
    xgoogauthenticateduseremail xgoogauthenticateduserid cfaccessauthenticateduseremail from mistralorganization
    groqorganization xgroqorganization xopenaiorganization huggingfaceuser xbillto"""
)

_SECRET_HEADERS = _words(
    """authorization proxyauthorization xapikey apikey xgoogapikey xauth xauthkey xauthtoken authtoken xaccesstoken
    xamzsecuritytoken xamzcontentsha256key ocpapimsubscriptionkey xfunctionskey xcsrftoken xxsrftoken xvaulttoken
    xgoogiapjwtassertion cfaccessjwtassertion cfaccessclientsecret xgitlabtoken privatetoken jobtoken
    xapitoken xapisecret xsecret xtoken token xkey xsessionid xsession xsessiontoken authentication
    xamznoidcdata xamznoidcaccesstoken dpop xhubsignature xhubsignature256 xslacksignature stripesignature
    xgoogencryptionkey xamzserversideencryptioncustomerkey xawsec2metadatatoken metadatatoken xmsauthtoken
    xmstokenaadaccesstoken xmstokenaadidtoken xmstokenaadrefreshtoken heliconeauth portkeyapikey xhoneycombteam honeycombteam
    xjfrogartapi xwpnonce"""
)
_HARMLESS_HEADERS = _words(
    """idempotencykey xidempotencykey surrogatekey cachekey xcachekey secwebsocketkey secwebsocketaccept wwwauthenticate
    proxyauthenticate authenticationinfo accesscontrolallowcredentials accesscontrolallowheaders
    accesscontrolexposeheaders accesscontrolrequestheaders secfetchsite authority signatureinput xauthor
    vary xaccelkey edgekey keepalive xkeywords publickeypins sectokenbinding tokenbinding xamznrequestid
    xcachetoken vnndkey etag"""
)
_SECRET_HEADER = re.compile(
    r"apikey|secret|passw|passphrase|credential|authoriz|bearer|authtoken|accesstoken|refreshtoken|idtoken|apitoken|sessiontoken"
    r"|securitytoken|privatekey|accesskey|secretkey|authkey|subscriptionkey|signingkey|licensekey|accountkey|jwt"
    r"|otp$|pwd$|^x?pass$|pincode|^xpin$|mfacode|samlresponse|appcheck"
)
_MAYBE_HEADER = re.compile(r"token|auth|session|signature|key$|cookie")

# Words of a name that make its key or token one of a list, a cache or a vocabulary.
_PAGING = _words(
    """page next prev previous continuation cursor sync max min num count stop start end bos eos pad unk tokens cache
    idempotency public partition primary foreign sort"""
)

_SECRET_QUERY = _words(
    """key apikey xapikey accesstoken authtoken token sig signature xamzsignature xamzcredential xamzsecuritytoken
    xgoogsignature xgoogcredential awsaccesskeyid googleaccessid subscriptionkey ocpapimsubscriptionkey auth authorization
    password passwd pwd pass secret clientsecret refreshtoken idtoken jwt assertion clientassertion codeverifier
    session sessionid sessiontoken credential credentials hmac xapitoken apitoken functionkey privatetoken
    jsessionid phpsessid aspsessionid sessid otp totp passcode pincode devicecode cookie connectionstring samlresponse
    csrf xsrf"""
)
_MAYBE_QUERY = _words("code state ticket sid bearer access k t pat mfa")

_SECRET_FIELDS = _words(
    """apikey apikeys xapikey xgoogapikey authorization proxyauthorization cookie setcookie bearer bearertoken password
    passwd passphrase pwd clientsecret secretkey secretaccesskey awssecretaccesskey awssessiontoken awsaccesskeyid
    accesskeyid privatekey privatekeyid accesstoken refreshtoken idtoken authtoken apitoken sessiontoken securitytoken
    oauthtoken connectionstring accountkey sharedaccesskey sharedaccesssignature subscriptionkey assertion
    clientassertion codeverifier signingkey encryptionkey webhooksecret ocpapimsubscriptionkey ephemeralkey
    xauthtoken xaccesstoken xamzsecuritytoken authenticationtoken authkey accesskey secretstring devicecode otp totp pw passcode pincode
    sshkey hmackey mfacode verificationcode recoverycode recoverycodes backupcode backupcodes securityanswer secretkeybase"""
)
_SECRET_FIELD = re.compile(
    r"(?:apikey|accesstoken|refreshtoken|idtoken|authtoken|apitoken|sessiontoken|securitytoken|bearertoken|oauthtoken"
    r"|clientsecret|apisecret|appsecret|secretkey|secretaccesskey|privatekey|password|passwd|passphrase|signingkey|webhooksecret"
    r"|(?:openai|anthropic|claude|google|gemini|azure|aws|bedrock|mistral|groq|cohere|huggingface|hf|openrouter|deepseek|stripe|github|gitlab"
    r"|slack|sendgrid|twilio|service|servicerole|anon|master|admin|encryption|license|account|server|client)key"
    r"|(?:db|database|user|admin|root|smtp|redis|mysql|postgres|login|basicauth)(?:pass|pw|pwd))$"
)
_MAYBE_FIELDS = _words(
    """token secret auth credential credentials jwt sig sas hmac session sessionid sessionkey pass apisecret signaturekey
    csrf xsrf pat mfa accesscode"""
)
# Numbered ones, and those that say more behind the telling word.
_MAYBE_FIELD = re.compile(
    r"(?:token|secret)$|password|passwd|(?:apikey|accesstoken|secretkey|privatekey|token|secret)[0-9]{1,3}$"
)
