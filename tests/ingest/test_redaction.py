"""No secret gets past redaction, wherever and however it is written; what is none stays readable."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import Engine, Settings
from ingest.redaction import redacted
from tests.helpers import Workshop

ENGINE = Engine(Settings("a key of tests"))
_NAMES = (
    "access_token", "refresh_token", "id_token", "client_secret", "client_assertion", "code",
    "code_verifier", "password", "device_code", "state", "assertion", "SAMLResponse", "api_key", "token",
)  # fmt: skip
_secret = st.text(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~", min_size=12, max_size=80
).map(lambda text: "s3" + text)
_WAYS: dict[str, Callable[[str, str], str]] = {
    "query": lambda name, secret: f"GET /cb?x=1&{name}={secret}&y=2 HTTP/1.1",
    "upper": lambda name, secret: f"/cb?{name.upper()}={secret}",
    "form": lambda name, secret: f"grant_type=x&{name}={secret}",
    "nested": lambda name, secret: "/login?next=" + quote(f"https://app.example.com/cb?{name}={secret}&a=b", safe=""),
    "twice": lambda name, secret: "u=" + quote("n=" + quote(f"https://a.example.com/?{name}={secret}", safe=""), safe=""),
    "json": lambda name, secret: json.dumps({"a": 1, name: secret, "b": 2}),
    "json in json": lambda name, secret: json.dumps({"body": json.dumps({name: secret})}),
    "prose": lambda name, secret: f"refused: {name}: {secret} is not known",
}  # fmt: skip


@pytest.mark.parametrize("way", _WAYS)
@given(name=st.sampled_from(_NAMES), secret=_secret)
def test_no_value_of_a_secret_parameter_stays(way: str, name: str, secret: str) -> None:
    assert secret not in ENGINE.redact(_WAYS[way](name, secret))


_JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {_JWT}",
        f"authorization=Bearer+{_JWT}&Host=api.example.com",
        f"Accept=%2A%2F%2A&Authorization=Bearer+{_JWT}&Cookie=sid%3D" + "a" * 20,
        f"[jwt] get user error:{_JWT},err is: [jwt_auth] token expired",
        f"token {_JWT[:60]} was cut",
        "Authorization: Basic YmlsbGluZy1iYXRjaDpzM2NyM3Q=",
        "Basic YmlsbGluZy1iYXRjaDpzM2NyM3Q=",
        "Cookie: session=YmlsbGluZy1iYXRjaDpzM2NyM3Q; theme=YmlsbGluZy1iYXRjaDpzM2NyM3Q",
        "postgres://app:YmlsbGluZy1iYXRjaDpzM2NyM3Q@db.example.com/x",
        "DPoP YmlsbGluZy1iYXRjaDpzM2NyM3QYmlsbGluZy1iYXRjaDpzM2NyM3Q",
    ],
)
def test_credentials_go_whole(text: str) -> None:
    left = ENGINE.redact(text)
    assert "YmlsbGluZy1i" not in left
    assert "eyJ" not in left
    assert "c2lnbmF0dXJl" not in left


@pytest.mark.parametrize(
    "text",
    [
        'Bearer realm="api", error="invalid_token", error_description="The access token expired"',
        "AADSTS7000222: The provided client secret keys are expired.",
        "PKCE verification failed: Invalid code verifier",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "Jwks doesn't have key to match kid or alg from Jwt",
        "missing or invalid token",
        "/realms/shop/protocol/openid-connect/token",
        "7fee0b7c-3a5c-4f5e-9d5f-0d3c1f6a7b11",
        "invalid_client_credentials",
        "Error code: 50126",
        "failed to get token: oauth2: cannot fetch token: 400 Bad Request",
        "failed to verify signature: x509: certificate has expired",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert ENGINE.redact(text) == text


_ids = st.text("0123456789abcdef-", min_size=1, max_size=36)
_values = st.none() | st.sampled_from(["", "-", "é", "basic Q2xpZW50OnMzY3IzdA", _JWT, "code=s3cr3tcode"]) | _ids | (
    st.builds(lambda way, name, secret: _WAYS[way](name, secret), st.sampled_from(sorted(_WAYS)), st.sampled_from(_NAMES), _secret)
)  # fmt: skip


@given(columns=st.lists(st.lists(_values, min_size=4, max_size=4), min_size=2, max_size=3))
def test_a_column_is_cleaned_like_each_of_its_values(columns: list[list[str | None]]) -> None:
    limits = dict(zip(("tenant", "user_agent", "method"), (256, 400, 20), strict=True))
    named = dict(zip(limits, columns, strict=False))
    stored = redacted(
        ENGINE._statements, {name: pa.array(column, pa.string()) for name, column in named.items()}
    )
    for name, values in named.items():
        expected = [ENGINE.redact(value)[: limits[name]] or None if value else None for value in values]
        assert stored[name].to_pylist() == expected


@pytest.mark.parametrize(
    "name",
    [
        "9b36d8c0db59eff5038aea7a417d73e6" * 2,
        "123456789012-abcdefghijklmnopqrstuvwxyz012345.apps.example.com",
        "3MVG9" + "Fa4K" * 20,
        "https://login.example.com/realms/shop/clients/" + "Ab3d" * 10,
        "urn:example:client:" + "Ab3d" * 10,
    ],
)
def test_a_public_identifier_stays_readable(name: str) -> None:
    assert _stored("client_id", name) == _stored("token_audience", name) == _stored("kid", name) == name


@pytest.mark.parametrize(
    "text", [_JWT, f"https://app:{'Ab3d' * 10}@example.com/", f"client_secret={'Ab3d' * 10}", "Bearer " + "Ab3d" * 10]
)  # fmt: skip
def test_a_secret_in_the_place_of_an_identifier_becomes_a_fingerprint(text: str) -> None:
    assert _stored("client_id", text).startswith("i_")


def _stored(column: str, text: str) -> str:
    return str(redacted(ENGINE._statements, {column: pa.array([text])})[column].to_pylist()[0])


def test_ids_that_look_like_secrets_stay_apart(workshop: Workshop) -> None:
    """A long request id is stored as a fingerprint, so that it still joins one request and no other."""
    first, second = "7f3a" * 14, "8e4b" * 14
    workshop.formats = {"nginx": ["$remote_addr [$time_local] $status $request_uri $request_id"]}
    workshop.write(
        "a.log",
        "".join(
            f"192.0.2.7 [02/Mar/2026:02:15:04 +0000] 401 /orders {request_id}\n"
            for request_id in (first, second, first)
        ),
    )
    workshop.ingest()
    ids = [row["request_id"] for row in workshop.events("request_id")]
    assert ids[0] == ids[2] != ids[1]
    assert all(found.startswith("i_") and first not in found for found in ids)
