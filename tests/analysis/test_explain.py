"""explain: whatever shape one failure has in a person's hands."""

from __future__ import annotations

import json

import pytest

from analysis.errors import AnalysisError
from analysis.explain import explain

ENTRA_BODY = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: Invalid client secret provided. Ensure that it is the value."
    "\r\nTrace ID: 00000000-0000-0000-0000-000000000000\r\nTimestamp: 2026-03-02 02:15:04Z",
    "error_codes": [7000215],
    "timestamp": "2026-03-02 02:15:04Z",
    "error_uri": "https://login.example.com/error?code=7000215",
}
GOOGLE_BODY = {
    "error": {
        "code": 401,
        "message": "Request had invalid authentication credentials.",
        "status": "UNAUTHENTICATED",
        "details": [{"reason": "ACCESS_TOKEN_EXPIRED", "domain": "googleapis.example.com"}],
    }
}
OKTA_BODY = {
    "errorCode": "E0000011",
    "errorSummary": "Invalid token provided",
    "errorLink": "E0000011",
    "errorId": "oaeFAKE",
    "errorCauses": [],
}
APIGEE_BODY = {
    "fault": {
        "faultstring": "Invalid Access Token",
        "detail": {"errorcode": "keymanagement.service.invalid_access_token"},
    }
}

SHAPES = [
    # bare codes
    ("AADSTS7000222", "client_auth.secret_expired"),
    ("aadsts50011", "request.redirect_uri_mismatch"),
    ("E0000011", "token.invalid_unspecified"),
    ("IDX10223", "token.expired"),
    ("invalid_grant", "grant.invalid_unspecified"),
    ("access_denied", "consent.denied"),
    ("insufficient_scope", "policy.insufficient_scope"),
    ("user_temporarily_disabled", "user.locked"),
    ("pkce_verification_failed", "grant.pkce_failed"),
    ("`invalid_scope`", "request.invalid_scope"),
    # bodies
    (json.dumps(ENTRA_BODY), "client_auth.secret_invalid"),
    (json.dumps(ENTRA_BODY, indent=2), "client_auth.secret_invalid"),
    (json.dumps(GOOGLE_BODY), "token.expired"),
    (json.dumps(OKTA_BODY), "token.invalid_unspecified"),
    (json.dumps(APIGEE_BODY), "token.inactive"),
    ('{"error":"invalid_grant","error_description":"Token is not active"}', "grant.refresh_expired"),
    ('{"error":"invalid_grant","error_description":"Code was already redeemed."}', "grant.code_reused"),
    ('{"error":"unauthorized_client"}', "policy.grant_not_allowed"),
    ('{"message":"API rate limit exceeded"}', "rate.limited"),
    ('[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]', "token.expired"),
    ('Response body: {"error": "slow_down"} was received', "protocol.slow_down"),
    ('{"errors":[{"message":"Token has expired","extensions":{"code":"UNAUTHENTICATED"}}]}', "token.expired"),
    (
        "<oauth><error>invalid_client</error><error_description>Bad client credentials</error_description></oauth>",
        "client_auth.failed_unspecified",
    ),
    (
        "<s:Fault><faultcode>wsse:MessageExpired</faultcode><faultstring>Too late</faultstring></s:Fault>",
        "token.expired",
    ),
    (
        "<Code><Value>env:Sender</Value><Subcode><Value>wsse:InvalidSecurityToken</Value></Subcode></Code>"
        '<Reason><Text xml:lang="en">An invalid security token was provided</Text></Reason>',
        "token.invalid_unspecified",
    ),
    ("<Error>\n <Code>ExpiredTokenException</Code>\n <Message>too old</Message>\n</Error>", "token.expired"),
    ("<html><title>401</title><body><p>Jwt is expired</p></body></html>", "token.expired"),
    # challenges and raw responses
    (
        'WWW-Authenticate: Bearer error="invalid_token", error_description="The token expired"',
        "token.expired",
    ),
    ('Bearer realm="api", error="insufficient_scope", scope="orders:read"', "policy.insufficient_scope"),
    ('DPoP error="use_dpop_nonce", error_description="nonce required"', "protocol.use_nonce"),
    ('www-authenticate: Bearer realm="api"', "token.missing"),
    ("Bearer", "token.missing"),
    (
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n"
        'WWW-Authenticate: Bearer error="invalid_token", error_description="Jwt issuer is not configured"',
        "token.wrong_issuer",
    ),
    ('< HTTP/2 400\n< content-type: application/json\n\n{"error":"invalid_scope"}', "request.invalid_scope"),
    ("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n", "rate.limited"),
    ("429 Too Many Requests", "rate.limited"),
    ("503", "server.unavailable"),
    # parts of a log line
    (
        'type="LOGIN_ERROR", realmId="shop", clientId="web", error="invalid_user_credentials"',
        "user.bad_credentials",
    ),
    ('type=REFRESH_TOKEN_ERROR, error=invalid_token, reason="Token is not active"', "grant.refresh_expired"),
    ('level=error msg="failed to verify" error="oidc: token is expired"', "token.expired"),
    # callbacks
    (
        "https://app.example.com/cb?error=access_denied&error_description=The+user+cancelled&state=s",
        "consent.denied",
    ),
    ("https://app.example.com/cb#error=login_required&state=s", "protocol.login_required"),
    ("error=invalid_request&error_description=AADSTS90014%3A+missing", "request.missing_parameter"),
    # messages
    ("missing or invalid token", "token.invalid_unspecified"),
    ("the app(a1b2c3) is disabled", "client_auth.client_disabled"),
    ("Jwt is expired", "token.expired"),
    ("jwt_authn_access_denied{Jwt_issuer_is_not_configured}", "token.wrong_issuer"),
    ("Audiences_in_Jwt_are_not_allowed", "token.wrong_audience"),
    ("rbac_access_denied_matched_policy[none]", "policy.permission_denied"),
    ("RBAC: access denied", "policy.permission_denied"),
    ("rpc error: code = Unauthenticated desc = token is expired by 3m2s", "token.expired"),
    ("rpc error: code = Unauthenticated desc = bad", "token.invalid_unspecified"),
    ("grpc-status: 7", "policy.permission_denied"),
    ("PKCE verification failed", "grant.pkce_failed"),
    ('oauth2: "invalid_grant" "Token has been expired or revoked."', "grant.refresh_revoked"),
    (
        "shop.Login failed\njava.io.IOException: invalid_grant: Token has been expired or revoked.",
        "grant.refresh_revoked",
    ),
    ("AxiosError: Request failed with status code 401", "unknown.status_only_401"),
    ("Response status code does not indicate success: 403 (Forbidden).", "unknown.status_only_403"),
    ("invalid_grant: Token has been expired or revoked.", "grant.refresh_revoked"),
    ("jwt.exceptions.InvalidAudienceError: Audience doesn't match", "token.wrong_audience"),
    ("IDX10501: Signature validation failed. Unable to match key", "token.bad_signature.unknown_key"),
    (
        "Traceback (most recent call last):\n  File 'app.py'\njwt.exceptions.ImmatureSignatureError: "
        "The token is not yet valid (nbf)",
        "token.not_yet_valid",
    ),
    (
        "google.auth.exceptions.RefreshError: ('invalid_grant: Token has been expired or revoked.', ...)",
        "grant.refresh_revoked",
    ),
    (
        "Lcobucci\\JWT\\Validation\\RequiredConstraintsViolated: The token violates some mandatory constraints, "
        "details: - The token is expired",
        "token.expired",
    ),
    ("JWT::DecodeError: Not enough or too many segments", "token.malformed"),
    ("error: You must be logged in to the server (Unauthorized)", "token.invalid_unspecified"),
    (
        'couldn\'t fetch token - maybe token expired? - try refreshing with "rclone config reconnect drive:"',
        "grant.refresh_invalid",
    ),
    ("Authentication credentials were not provided.", "token.missing"),
]


@pytest.mark.parametrize(("text", "cause"), SHAPES, ids=lambda value: value[:60])
def test_a_shape_is_understood(text: str, cause: str) -> None:
    assert explain(text)[0].cause == cause


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            '203.0.113.7 - - [02/Mar/2026:02:15:04 +0000] "GET /v1/me HTTP/1.1" 401 179 "-" "okhttp/4.12.0"',
            "unknown.status_only_401",
        ),
        (
            '203.0.113.7 - - [02/Mar/2026:02:15:04 +0000] "POST /oauth2/token HTTP/1.1" 429 0 "-" "curl/8.5.0"',
            "rate.limited",
        ),
        (
            '[2026-03-02T02:15:04.120Z] "GET /v1/me HTTP/1.1" 401 - jwt_authn_access_denied{Jwt_is_expired} - "-" '
            '0 28 0 - "203.0.113.7" "okhttp/4.12.0" "020e467a-c234-4a8f-b9f4-ca156ca06578" "api.example.com" "-" '
            "outbound|8080||me.example - 192.0.2.18:8443 203.0.113.7:51514 api.example.com -",
            "token.expired",
        ),
    ],
)
def test_a_log_line_is_understood(text: str, cause: str) -> None:
    assert [found.cause for found in explain(text)] == [cause]


def test_a_source_says_whose_words_they_are() -> None:
    everybody = [found.cause for found in explain("invalid token")]
    apinto = [found.cause for found in explain("invalid token", source="apinto")]
    assert everybody[0] == "token.invalid_unspecified"
    assert apinto == ["token.inactive"]


def test_an_unknown_source_is_refused() -> None:
    with pytest.raises(AnalysisError, match="no source 'acme'"):
        explain("invalid_grant", source="acme")


def test_all_distinct_causes_are_given_once() -> None:
    lines = [
        f'203.0.113.7 - - [02/Mar/2026:02:15:0{second} +0000] "POST /oauth2/token HTTP/1.1" {status} 0 "-" "curl"'
        for second, status in enumerate((503, 429, 503, 200, 429))
    ]
    causes = [found.cause for found in explain("\n".join(lines))]
    assert sorted(causes) == ["rate.limited", "server.unavailable"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hello world",
        "an error on line 450",
        "{",
        "[1, 2",
        '{"a": 1}',
        "[]",
        "\x00\x01",
        "é" * 100_000,
        "a" * 200_000,
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_says_nothing_is_unclassified(text: str) -> None:
    (found,) = explain(text)
    assert (found.cause, found.confidence, found.rule) == ("unknown.unclassified", "low", None)


def test_an_explanation_says_who_must_do_what() -> None:
    (found,) = explain("AADSTS7000222")
    assert found.family == "client_credentials"
    assert found.responsible == "client operator"
    assert found.retry == "never"
    assert found.confidence == "high"
    assert found.rule == "entra.csv:error_code=AADSTS7000222"
    assert "Create a new credential" in found.remedy
    assert found.normal is False
    assert found.reference.startswith("RFC ")


def test_nothing_of_the_text_comes_back() -> None:
    secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJmYWtlIn0.ZmFrZQ"
    texts = [
        f"https://app.example.com/cb?error=access_denied&code={secret}",
        f'{{"error":"invalid_token","error_description":"{secret} is expired"}}',
        f"Authorization: Bearer {secret}: token is expired",
        secret,
    ]
    for text in texts:
        assert secret not in repr(explain(text))


def test_normal_answers_are_marked() -> None:
    assert explain("authorization_pending")[0].normal is True
    assert explain("invalid_client")[0].normal is False


def test_what_names_no_more_than_a_family_names_what_it_could_be() -> None:
    vague = explain('{"error":"invalid_grant"}')[0]
    assert vague.cause == "grant.invalid_unspecified"
    assert {"grant.code_expired", "grant.code_reused", "grant.pkce_failed"} <= {
        other.cause for other in vague.could_be
    }
    assert all(other.evidence for other in vague.could_be)
    sure = explain("AADSTS7000222: The provided client secret keys are expired.")[0]
    assert sure.could_be == ()
