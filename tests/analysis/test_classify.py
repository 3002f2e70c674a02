"""Verdicts: neighbours told apart, evidence in its order, published lists, every sample's causes."""

from __future__ import annotations

import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import classify as classify_module
from analysis.classify import classify
from analysis.rules import load_rules
from ingest import load_sources
from ingest.needles import needles
from ingest.unwrap import load_envelopes
from tests.analysis.verdicts import SIGNATURES, Verdict, failure, verdict, verdicts

SAMPLES = Path(__file__).parents[2] / "sample_logs"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"

NEIGHBOURS: list[tuple[dict[str, Any], str]] = [
    # client credentials
    (failure("entra", error_code="AADSTS7000222"), "client_auth.secret_expired"),
    (failure("entra", error_code="AADSTS7000215"), "client_auth.secret_invalid"),
    (failure("entra", error_code="AADSTS7000218"), "client_auth.missing_credentials"),
    (failure("entra", error_code="AADSTS700016"), "client_auth.unknown_client"),
    (failure("entra", error_code="AADSTS7000112"), "client_auth.client_disabled"),
    (failure("entra", error_code="AADSTS700024"), "client_auth.assertion_expired"),
    (failure("entra", error_code="AADSTS700027"), "client_auth.assertion_bad_signature"),
    (failure("okta", error_code="invalid_client_secret"), "client_auth.secret_invalid"),
    (failure("okta", error_code="invalid_client_id"), "client_auth.unknown_client"),
    (failure("okta", error_code="client_assertion_already_used"), "client_auth.assertion_replayed"),
    (failure(error_description="The client secret has expired"), "client_auth.secret_expired"),
    (failure(error_description="Invalid client secret provided."), "client_auth.secret_invalid"),
    (failure(error_description="Client authentication failed"), "client_auth.failed_unspecified"),
    (failure(error="invalid_client"), "client_auth.failed_unspecified"),
    # refresh tokens
    (
        failure("entra", error_code="AADSTS700082", grant_type="refresh_token"),
        "grant.refresh_expired",
    ),
    (failure("entra", error_code="AADSTS50173"), "grant.revoked_by_security_event"),
    (
        failure(
            "keycloak",
            endpoint="token",
            grant_type="refresh_token",
            error_code="invalid_token",
            error_description="Maximum allowed refresh token reuse exceeded",
        ),
        "grant.refresh_reused",
    ),
    (
        failure(
            "keycloak",
            endpoint="token",
            grant_type="refresh_token",
            error_code="invalid_token",
            error_description="Token is not active",
        ),
        "grant.refresh_expired",
    ),
    (
        failure(
            "keycloak",
            endpoint="token",
            grant_type="refresh_token",
            error_code="invalid_token",
            error_description="Stale token",
        ),
        "grant.revoked_by_security_event",
    ),
    (
        failure(
            "keycloak",
            endpoint="token",
            grant_type="refresh_token",
            error_code="invalid_token",
            error_description="Session not active",
        ),
        "grant.session_ended",
    ),
    (
        failure("keycloak", endpoint="token", grant_type="refresh_token", error_code="invalid_token"),
        "grant.refresh_invalid",
    ),
    (failure("keycloak", endpoint="userinfo", error_code="invalid_token"), "token.invalid_unspecified"),
    (failure("okta", error_code="app.oauth2.as.token.detect_reuse"), "grant.refresh_reused"),
    (failure(error_description="Refresh token was already used"), "grant.refresh_reused"),
    (failure(error_description="refresh token is expired"), "grant.refresh_expired"),
    (failure(error_description="The refresh token has been revoked"), "grant.refresh_revoked"),
    (failure(error_description="Unknown refresh token"), "grant.refresh_invalid"),
    # codes
    (failure("entra", error_code="AADSTS54005"), "grant.code_reused"),
    (
        failure("entra", error_code="AADSTS70008", grant_type="authorization_code"),
        "grant.code_expired",
    ),
    (failure("entra", error_code="AADSTS70008", grant_type="refresh_token"), "grant.refresh_expired"),
    (failure("keycloak", endpoint="token", error_code="expired_code"), "grant.code_expired"),
    (failure("keycloak", endpoint="authorization", error_code="expired_code"), "session.lost"),
    (failure("keycloak", endpoint="token", error_code="invalid_code"), "grant.code_invalid"),
    (
        failure("keycloak", endpoint="token", error_code="invalid_redirect_uri"),
        "grant.redirect_uri_mismatch",
    ),
    (
        failure("keycloak", endpoint="authorization", error_code="invalid_redirect_uri"),
        "request.redirect_uri_mismatch",
    ),
    (failure("keycloak", error_code="pkce_verification_failed"), "grant.pkce_failed"),
    (
        failure(
            "keycloak",
            endpoint="authorization",
            error_code="invalid_request",
            error_description="Missing parameter: code_challenge_method",
        ),
        "request.pkce_required",
    ),
    (failure(error_description="code_verifier does not match code_challenge"), "grant.pkce_failed"),
    (failure(error_description="This authorization code has already been used"), "grant.code_reused"),
    (failure(error_description="Authorization code expired"), "grant.code_expired"),
    # standard errors, refined by endpoint and grant
    (failure(error="invalid_grant", grant_type="refresh_token"), "grant.refresh_invalid"),
    (failure(error="invalid_grant", grant_type="authorization_code"), "grant.code_invalid"),
    (failure(error="invalid_grant", grant_type="password"), "user.bad_credentials"),
    (failure(error="invalid_grant", grant_type=DEVICE), "grant.device_code_invalid"),
    (failure(error="invalid_grant", grant_type=JWT_BEARER), "grant.assertion_invalid"),
    (failure(error="invalid_grant"), "grant.invalid_unspecified"),
    (failure(error="access_denied", endpoint="authorization"), "consent.denied"),
    (failure(error="access_denied", endpoint="token", grant_type=DEVICE), "consent.denied"),
    (failure(error="access_denied", endpoint="api"), "policy.access_denied_unspecified"),
    (failure(error="expired_token", endpoint="token"), "grant.device_code_expired"),
    (failure(error="expired_token", endpoint="api"), "token.expired"),
    (failure(error="invalid_redirect_uri", endpoint="registration"), "request.registration_invalid"),
    (failure(error="invalid_redirect_uri", endpoint="authorization"), "request.redirect_uri_mismatch"),
    (failure(error="insufficient_scope", endpoint="api", status=403), "policy.insufficient_scope"),
    (failure(error="authorization_pending"), "protocol.authorization_pending"),
    # tokens at gateways
    (failure("envoy", error_description="Jwt is expired"), "token.expired"),
    (failure("envoy", error_description="Jwt not yet valid"), "token.not_yet_valid"),
    (failure("envoy", error_description="Jwt verification fails"), "token.bad_signature.mismatch"),
    (
        failure("envoy", error_description="Jwks doesn't have key to match kid or alg from Jwt"),
        "token.bad_signature.unknown_key",
    ),
    (
        failure("envoy", error_description="Jwks remote fetch is failed"),
        "infra.metadata_unavailable",
    ),
    (
        failure("envoy", error_description="Jwks RSA [n] or [e] field is missing or has a parse error"),
        "infra.jwks_invalid",
    ),
    (failure("envoy", error_code="flag:UF,URX", status=503), "server.unavailable"),
    (failure("envoy", error_code="flag:UAEX", status=403), "policy.access_denied_unspecified"),
    (failure("apinto", error_description="[jwt] error: token is expired"), "token.expired"),
    (
        failure("apinto", error_description="Bad token; [jwt_auth] Invalid alg"),
        "token.bad_signature.alg_not_allowed",
    ),
    (failure("apinto", error_description="the app(a1b2) is disabled"), "client_auth.client_disabled"),
    (failure("apinto", status=403, error_description="Forbidden"), "policy.subscription_inactive"),
    (failure("nginx", status=495), "client_auth.certificate_invalid"),
    (failure("nginx", status=499), "infra.client_disconnected"),
    # messages of libraries and other gateways
    (failure(error_description="jwt malformed"), "token.malformed"),
    (failure(error_description="The token expired at 2026-03-02T02:15:04Z"), "token.expired"),
    (failure(error_description="An expired token was presented"), "token.expired"),
    (failure(error_description="token issued in the future"), "token.not_yet_valid"),
    (failure(error_description="invalid signature"), "token.bad_signature.mismatch"),
    (failure(error_description="no key found for kid 'k1'"), "token.bad_signature.unknown_key"),
    (
        failure(error_description="Unsupported signing algorithm HS256"),
        "token.bad_signature.alg_not_allowed",
    ),
    (failure(error_description="The iss claim is not valid"), "token.wrong_issuer"),
    (failure(error_description="The audience 'x' is not accepted"), "token.wrong_audience"),
    (failure(error_description="missing required claim: tenant"), "token.claim_invalid"),
    (failure(error_description="No bearer token found in the request"), "token.missing"),
    (failure(error_description="Token has been revoked"), "token.revoked"),
    (failure(error_description="Token is inactive"), "token.inactive"),
    (failure(error_description="DPoP proof has already been used"), "token.replayed"),
    (failure(error_description="CSRF token mismatch"), "session.state_mismatch"),
    (failure(error_description="redirect_uri mismatch"), "request.redirect_uri_mismatch"),
    (
        failure(error_description="redirect_uri mismatch", endpoint="token"),
        "grant.redirect_uri_mismatch",
    ),
    (failure(error_description="Missing parameter: grant_type"), "request.missing_parameter"),
    (failure(error_description="failed to fetch jwks: timeout"), "infra.metadata_unavailable"),
    (failure(error_description="introspection endpoint timed out"), "infra.introspection_failed"),
    (failure(error_description="API rate limit exceeded"), "rate.limited"),
    (failure(error_description="Quota for this plan is used up"), "rate.quota_exceeded"),
    # statuses alone
    (failure(status=401, endpoint="api"), "unknown.status_only_401"),
    (failure(status=403, endpoint="api"), "unknown.status_only_403"),
    (failure(status=400, endpoint="token"), "unknown.status_only_token_endpoint"),
    (failure(status=401, endpoint="token"), "unknown.status_only_token_endpoint"),
    (failure(status=400, endpoint="authorization"), "unknown.status_only_authorization_endpoint"),
    (failure(status=401, endpoint="introspection"), "client_auth.failed_unspecified"),
    (failure(status=404, endpoint="token"), "request.wrong_tenant_or_endpoint"),
    (failure(status=404, endpoint="api"), "request.resource_not_found"),
    (failure(status=405, endpoint="token"), "request.malformed"),
    (failure(status=429, endpoint="token"), "rate.limited"),
    (failure(status=500, endpoint="token"), "server.internal_error"),
    (failure(status=503, endpoint="token"), "server.unavailable"),
    (failure(status=503, endpoint="jwks"), "infra.metadata_unavailable"),
    (failure(status=507, endpoint="token"), "server.internal_error"),
    # nothing that a rule knows
    (failure("okta", error_description="a message nobody has seen"), "unknown.unclassified"),
    (failure("keycloak", error_code="brand_new_error"), "unknown.unclassified"),
    (failure(status=418, endpoint="api"), "unknown.unclassified"),
    (failure(), "unknown.unclassified"),
]


@cache
def _neighbours() -> list[Verdict]:
    return verdicts([given for given, _ in NEIGHBOURS])


@pytest.mark.parametrize("place", range(len(NEIGHBOURS)))
def test_neighbours_are_told_apart(place: int) -> None:
    given, cause = NEIGHBOURS[place]
    got = _neighbours()[place]
    assert got.cause == cause, f"{given} by {got.rule}"


def test_a_code_goes_before_a_message() -> None:
    got = verdict("entra", error_code="AADSTS7000222", error_description="token is expired")
    assert got.rule == "entra.csv:error_code=AADSTS7000222"
    assert got.confidence == "high"


def test_a_message_goes_before_the_standard_error() -> None:
    got = verdict(error="invalid_request", error_description="The token has been revoked")
    assert got.cause == "token.revoked"
    assert "_standard.csv:error=invalid_request" in got.considered


def test_the_standard_error_goes_before_the_status() -> None:
    got = verdict(error="invalid_token", status=401, endpoint="api")
    assert got.cause == "token.invalid_unspecified"
    assert "_standard.csv:status=401" in got.considered


def test_a_code_that_says_little_gives_way_to_what_says_more() -> None:
    bare = verdict("envoy", error_code="jwt_authn_access_denied", status=401)
    told = verdict(
        "envoy", error_code="jwt_authn_access_denied", error_description="Jwt is missing", status=401
    )
    assert (bare.cause, bare.confidence) == ("token.invalid_unspecified", "low")
    assert (told.cause, told.confidence) == ("token.missing", "high")


def test_what_the_server_said_goes_before_what_stood_in_the_token() -> None:
    seen = verdict(error_code="why401.jwt_expired", status=401, endpoint="api")
    told = verdict(error_code="why401.jwt_expired", error_description="audience is not accepted", status=401)
    vague = verdict(error_code="why401.jwt_expired", error="invalid_token", status=401, endpoint="api")
    assert seen.cause == vague.cause == "token.expired"
    assert told.cause == "token.wrong_audience"


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("why401.jwt_expired", "token.expired"),
        ("why401.jwt_not_yet_valid", "token.not_yet_valid"),
        ("why401.jwt_alg_none", "token.bad_signature.alg_not_allowed"),
    ],
)
def test_codes_of_our_own(code: str, cause: str) -> None:
    assert verdict(error_code=code, status=401, endpoint="api").cause == cause


def test_a_code_with_a_vendors_mark_means_the_same_everywhere() -> None:
    passed_on = verdict("nginx", error="invalid_client", error_description="AADSTS7000222: The keys.")
    longest = verdict("nginx", error="invalid_client", error_description="AADSTS70022204: No match.")
    as_error = verdict("nginx", error="E0000069", status=403)
    foreign = verdict("nginx", error_code="user_temporarily_disabled")
    assert passed_on.cause == "client_auth.secret_expired"
    assert longest.cause == "client_auth.federated_trust_mismatch"
    assert as_error.cause == "user.locked"
    assert foreign.cause == "unknown.unclassified"


def test_of_wrapped_codes_the_inner_one_counts() -> None:
    got = verdict(
        error="invalid_grant",
        error_description="AADSTS70002: Error validating credentials. AADSTS70008: The code expired.",
        grant_type="authorization_code",
    )
    assert got.cause == "grant.code_expired"


@pytest.mark.parametrize(
    ("description", "cause"),
    [
        ("AADSTS70000: The value for the 'code' parameter is not valid. The code has expired.", "grant.code_expired"),
        ("AADSTS70000: One or more scopes requested are unauthorized or expired.", "consent.required"),
        ("AADSTS70000: The input parameter 'redirect_uri' is not valid.", "grant.redirect_uri_mismatch"),
        ("AADSTS70001: Application with identifier 'a1' was not found in the directory b2", "client_auth.unknown_client"),
        ("AADSTS70002: The request body must contain the following parameter: 'client_secret'.", "client_auth.missing_credentials"),
        ("AADSTS90023: Cross-origin token redemption is permitted only for one type.", "request.origin_not_allowed"),
        ("AADSTS65005: Using application 'sync' fails: the organization is in an unmanaged state.", "policy.tenant_restricted"),
        ("AADB2C90288: UserJourney with id 'Refresh' does not exist in policy 'B2C_1A_x'.", "server.misconfigured"),
    ],
)  # fmt: skip
def test_a_code_of_many_causes_is_told_by_its_words_whoever_logs_it(description: str, cause: str) -> None:
    assert verdict("nginx", error="invalid_grant", error_description=description).cause == cause


def test_an_unlisted_code_tells_weakly_what_the_code_tells_that_it_extends() -> None:
    got = verdict("entra", error_code="AADSTS500119999")
    assert (got.cause, got.confidence) == ("request.redirect_uri_mismatch", "low")


def test_rules_of_one_source_do_not_reach_another() -> None:
    assert verdict("keycloak", error_description="invalid user").cause == "unknown.unclassified"
    assert verdict("apinto", error_description="invalid user").cause == "client_auth.unknown_client"


@pytest.mark.parametrize(
    "text", ["JWT IS EXPIRED", "  Jwt   is\nexpired. ", "Jwt is expired", "jwt is expired."]
)
def test_case_blanks_and_the_final_stop_do_not_matter(text: str) -> None:
    assert verdict("envoy", error_description=text).rule == "envoy.csv:error_description=Jwt is expired"


def test_code_and_message_that_contradict_each_other_are_told() -> None:
    got = verdict("keycloak", error_code="cookie_not_found", error_description="User disabled")
    assert (got.cause, got.confidence, got.conflict) == ("session.lost", "medium", "user.disabled")
    alone = verdict("keycloak", error_code="cookie_not_found", error_description="Cookie not found.")
    assert (alone.cause, alone.confidence, alone.conflict) == ("session.lost", "high", None)
    agreed = verdict("keycloak", error_code="user_disabled", error_description="User disabled")
    assert (agreed.cause, agreed.confidence, agreed.conflict) == ("user.disabled", "high", None)


def test_what_no_rule_explains_is_unclassified_without_a_rule() -> None:
    got = verdict("okta", error_description="a message nobody has seen")
    assert (got.confidence, got.rule, got.considered) == ("low", None, [])


def test_every_signature_gets_one_verdict_and_the_table_is_replaced() -> None:
    rows = [{"signature": -5, **failure(status=401)}, {"signature": 7, **failure(error="x")}]
    connection = duckdb.connect()
    connection.register("rows", pa.Table.from_pylist(rows, schema=SIGNATURES))
    connection.execute('CREATE TABLE "odd name" AS SELECT * FROM rows')
    for _ in range(2):
        classify(connection, "odd name", "verdicts")
    found = connection.execute("SELECT signature FROM verdicts ORDER BY signature").fetchall()
    assert found == [(-5,), (7,)]
    connection.execute('DELETE FROM "odd name"')
    classify(connection, "odd name", "verdicts")
    assert connection.execute("SELECT count(*) FROM verdicts").fetchall() == [(0,)]


def test_twenty_thousand_signatures_take_seconds() -> None:
    words = "the gateway refused a request of this client since its policy did not agree with it"
    failures = [
        failure("entra", error="invalid_client", error_code=f"AADSTS{50000 + at}")
        if at % 4 == 0
        else failure("nginx", status=401, endpoint="api", error_description=f"{words} {at}")
        for at in range(20_000)
    ]
    rows = [{"signature": at, **columns} for at, columns in enumerate(failures)]
    connection = duckdb.connect(config={"threads": 1})
    connection.register("rows", pa.Table.from_pylist(rows, schema=SIGNATURES))
    connection.execute("CREATE TABLE failures AS SELECT * FROM rows")
    begun = time.process_time()
    classify(connection, "failures", "verdicts")
    assert time.process_time() - begun < 6
    assert connection.execute("SELECT count(*) FROM verdicts").fetchall() == [(20_000,)]


def _compiled(pattern: str) -> re.Pattern[str] | None:
    """The expression as Python reads it; None where only RE2 does (flags in the middle)."""
    try:
        return re.compile(pattern, re.IGNORECASE | re.ASCII)
    except re.error:
        return None


_EXPRESSIONS = sorted(
    {rule.pattern for rule in load_rules() if rule.match == "regex"}
    | {
        pattern
        for one in (*load_sources().values(), *load_envelopes().values())
        for pattern in one.recognise.split("\n")
    }
)
_READ_BY_PYTHON = [compiled for pattern in _EXPRESSIONS if (compiled := _compiled(pattern)) is not None]


@settings(max_examples=300)
@given(data=st.data())
def test_what_a_regular_expression_needs_is_in_whatever_it_matches(data: st.DataObject) -> None:
    expression = data.draw(st.sampled_from(_READ_BY_PYTHON))
    text = data.draw(st.from_regex(expression, alphabet=st.characters(codec="ascii")))
    assert any(needle in text.lower() for needle in needles(expression.pattern)), expression.pattern


def test_nearly_all_expressions_are_tried_so() -> None:
    assert len(_READ_BY_PYTHON) > 0.99 * len(_EXPRESSIONS)


def test_few_words_get_the_verdicts_that_many_get(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is little text, only the expressions that may match it are asked."""
    failures = [given for given, _ in NEIGHBOURS]
    few = [verdicts([given])[0] for given in failures[::7]]
    monkeypatch.setattr(classify_module, "_LITTLE", 0)
    many = verdicts(failures)[::7]
    assert [(one.cause, one.rule, one.considered) for one in few] == [
        (one.cause, one.rule, one.considered) for one in many
    ]
