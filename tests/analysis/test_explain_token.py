"""A token that is pasted, alone or between the lines of an exchange: what is wrong with it, and nothing of its secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.explain import explain

NOW = datetime(2026, 3, 2, 12, 0, 0, tzinfo=UTC)
_AT = int(NOW.timestamp())
_ISSUER, _AUDIENCE = "https://id.example.com", "https://api.example.com"
_HEADER = {"alg": "RS256", "kid": "key-1", "typ": "at+jwt"}
_CLAIMS = {
    "iss": _ISSUER,
    "aud": _AUDIENCE,
    "iat": _AT - 60,
    "exp": _AT + 3600,
    "sub": "someone",
    "scope": "orders",
}
_SIGNATURE = "c2VjcmV0LXNpZ25hdHVyZS1vZi10aGUtdG9rZW4"


def _part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def _token(header: Mapping[str, Any] | None = None, signature: str = _SIGNATURE, **claims: Any) -> str:
    told = {name: value for name, value in {**_CLAIMS, **claims}.items() if value is not None}
    return f"{_part({**_HEADER, **(header or {})})}.{_part(told)}.{signature}"


def _causes(text: str) -> list[str]:
    return [one.cause for one in explain(text, issuer=_ISSUER, audience=_AUDIENCE, now=NOW)]


@pytest.mark.parametrize(
    ("token", "causes", "says"),
    [
        (_token(exp=_AT - 7200), ["token.expired"], "2 hours ago"),
        (_token(exp=_AT), ["token.expired"], "0 seconds ago"),
        (_token(nbf=_AT + 3600), ["token.not_yet_valid"], "nbf lies 1 hour in the future"),
        (_token(iat=_AT + 90), ["infra.clock_skew"], "iat lies 1 minute in the future"),
        (_token(exp="tomorrow"), ["token.claim_invalid"], "exp is no time"),
        (_token(iss=_ISSUER + "/"), ["token.wrong_issuer"], "the slash at the end"),
        (_token(iss="http://id.example.com"), ["token.wrong_issuer"], "http and https"),
        (_token(iss="https://other.example.com"), ["token.wrong_issuer"], "https://other.example.com"),
        (_token(aud=["a", "HTTPS://API.example.com"]), ["token.wrong_audience"], "capital letters"),
        (_token(aud=None), ["token.wrong_audience"], "aud is null"),
        (_token({"alg": "none"}, signature=""), ["token.bad_signature.alg_not_allowed"], "not signed"),
        (_token({"alg": "HS256"}), ["token.bad_signature.alg_not_allowed"], "a shared secret"),
        (_token(signature=""), ["token.malformed"], "signature is missing"),
        (_token(typ="Refresh"), ["token.wrong_type"], "no access token"),
        (_token({"typ": "JWT"}, at_hash="x"), ["token.wrong_type"], "an ID token"),
        (_token()[:110], ["token.malformed"], "its claims cannot be read"),
        (_part({"alg": "RSA-OAEP"}) + ".a.b.c.d", ["token.invalid_unspecified"], "encrypted"),
        (_token({"typ": "dpop+jwt"}, jti="1", htm="GET"), ["token.dpop_proof_invalid"], "lacks htu"),
        (
            _token({"typ": "dpop+jwt"}, jti="1", htm="GET", htu=_AUDIENCE, iat=_AT - 3600),
            ["token.dpop_proof_invalid"],
            "1 hour ago",
        ),
        (_token(exp=_AT - 60, aud="b"), ["token.expired", "token.wrong_audience"], "1 minute ago"),
        (
            _token(),
            ["token.invalid_unspecified"],
            "Nothing in the token explains a refusal: it expires in 1 hour",
        ),
    ],
)
@pytest.mark.parametrize("around", ["{}", "Authorization: Bearer {}", ' "{}"\n', "DPoP {}"])
def test_a_token_tells_what_is_wrong_with_it(token: str, causes: list[str], says: str, around: str) -> None:
    text = around.format(token)
    assert _causes(text) == causes
    assert says in (explain(text, issuer=_ISSUER, audience=_AUDIENCE, now=NOW)[0].says or "")


def test_a_doubled_scheme_is_told_first() -> None:
    assert _causes(f"Authorization: Bearer Bearer {_token(exp=_AT - 60)}") == [
        "token.malformed",
        "token.expired",
    ]


def test_without_issuer_and_audience_nobody_asks_for_them() -> None:
    token = _token(iss="https://other.example.com", aud="b", exp=_AT - 60)
    assert [one.cause for one in explain(token, now=NOW)] == ["token.expired"]


def _exchange(token: str, challenge: str) -> str:
    return (
        f"> GET /orders HTTP/2\n> authorization: Bearer {token}\n>\n< HTTP/2 401\n"
        f"< www-authenticate: Bearer {challenge}\n<\n"
    )


def test_what_the_server_says_comes_first_and_the_token_confirms_it() -> None:
    text = _exchange(_token(exp=_AT - 7200), 'error="invalid_token", error_description="The token expired"')
    (only,) = explain(text, issuer=_ISSUER, audience=_AUDIENCE, now=NOW)
    assert only.cause == "token.expired"
    assert only.rule is not None
    assert "2 hours ago" in (only.says or "")


def test_a_token_that_contradicts_the_server_is_told() -> None:
    text = _exchange(_token(), 'error="invalid_token", error_description="The token expired"')
    (only,) = explain(text, issuer=_ISSUER, audience=_AUDIENCE, now=NOW)
    assert only.cause == "token.expired"
    assert "it expires in 1 hour" in (only.says or "")


def test_what_else_is_wrong_with_the_token_follows() -> None:
    text = _exchange(_token(aud="b"), 'error="insufficient_scope", scope="orders:write"')
    assert _causes(text) == ["policy.insufficient_scope", "token.wrong_audience"]


@settings(max_examples=60, deadline=None)
@given(
    before=st.text(max_size=40),
    after=st.text(max_size=40),
    header=st.dictionaries(
        st.sampled_from(["alg", "typ", "kid", "crit"]), st.none() | st.text() | st.integers(), max_size=3
    ),
    claims=st.dictionaries(
        st.sampled_from(["iss", "aud", "exp", "nbf", "iat", "typ", "azp", "scope"]),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=20)
        | st.lists(st.integers(), max_size=2),
        max_size=5,
    ),
)
def test_nothing_of_a_signature_is_told_and_nothing_breaks_it(
    before: str, after: str, header: dict[str, Any], claims: dict[str, Any]
) -> None:
    token = f"{_part(header)}.{_part(claims)}.{_SIGNATURE}"
    told = json.dumps([asdict(one) for one in explain(f"{before} {token} {after}", issuer=_ISSUER, now=NOW)])
    assert not [
        _SIGNATURE[at : at + 12] for at in range(len(_SIGNATURE) - 11) if _SIGNATURE[at : at + 12] in told
    ]
