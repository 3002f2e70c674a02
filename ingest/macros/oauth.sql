-- OAuth vocabulary: endpoints by their paths, challenges, error bodies, tokens.

-- The endpoint that a path is, in the terms of RFC 8414 metadata; `api` for anything else.
-- Known paths: RFC 8414 and OpenID Connect Discovery; Keycloak, Okta, Entra ID, Auth0, Ory Hydra, Ping,
-- ForgeRock, WSO2, Duende, Spring Authorization Server, Cognito, Dex, node oidc-provider, Authentik,
-- Authelia, Zitadel, Django OAuth Toolkit, Doorkeeper, GitHub, Google, Salesforce, Apinto.
CREATE MACRO endpoint_of_lower(path) AS
    CASE
        WHEN contains(path, '/.well-known/openid-configuration')
            OR contains(path, '/.well-known/oauth-authorization-server')
            OR contains(path, '/.well-known/oauth-protected-resource')
            OR contains(path, '/.well-known/uma2-configuration') THEN 'discovery'
        WHEN regexp_matches(path, '(/jwks|/jwks\.json|/jwks_uri|/openid-connect/certs|/oauth2?/v[0-9]+/(keys|certs)|/discovery/(v2\.0/)?keys|/oauth2?/(jwks|keys|certs)|/oidc/keys|/discovery/keys|^/keys|/publickeys|/dex/keys|/connect/jwk_uri|/\.well-known/(jwks|keys))$') THEN 'jwks'
        WHEN regexp_matches(path, '/(introspect|introspection|introspect\.oauth2|check_token|tokeninfo)$') THEN 'introspection'
        WHEN regexp_matches(path, '/(revoke|revocation|revoke_token|revoke_token\.oauth2|revoke-token)$') THEN 'revocation'
        WHEN regexp_matches(path, '/(userinfo|userinfo\.openid|user_info)$') THEN 'userinfo'
        WHEN regexp_matches(path, '/(device_authorization|device-authorization|deviceauthorization|devicecode|device_authz\.oauth2)$|/oauth2?/(v[0-9.]+/)?device(/auth|/code|/authorize)?$|/openid-connect/auth/device$|/device/code$|/connect/device(authorization|code)?$') THEN 'device_authorization'
        WHEN regexp_matches(path, '(/par|/par/request|/par\.oauth2|/pushed-authorization-request|/pushed_authorization_request)$') THEN 'pushed_authorization_request'
        WHEN regexp_matches(path, '/clients-registrations/|/(oauth2?|oidc|connect|openid-connect)/(v[0-9.]+/)?(register|registration|clients)(/|$)|/(reg|dcr)$') THEN 'registration'
        WHEN regexp_matches(path, '/(end_session|endsession|end-session|session/end|idp/init_logout\.openid|startslo\.ping)$|/(oauth2?|oidc|openid-connect|connect|v2|v2\.0|sessions|session)/(v[0-9.]+/)?logout$') THEN 'end_session'
        WHEN regexp_matches(path, '/(token|access_token|token\.oauth2|accesstoken|oauth-token|gettoken)$') THEN 'token'
        WHEN regexp_matches(path, '/(authorize|authorization|authorization\.oauth2|oauth-authorize)$|/(oauth2?|openid-connect|oidc|dex|o|as|connect|idp)/(v[0-9.]+/)?auth$|^/auth$|/o/oauth2/(v2/)?auth$|/login-actions/|/oauth2/callback$|/authorize/(resume|callback|consent)') THEN 'authorization'
        ELSE 'api'
    END;

-- The same for any request target. Macros repeat their argument wherever they use it, so where there
-- are many paths, work out the bare lower-case path first (as ingest/finish.sql does).
CREATE MACRO endpoint_of(path) AS CASE WHEN path IS NOT NULL THEN
    endpoint_of_lower(lower(rtrim(bare_path(path), '/'))) END;

-- A code in lower case when it is an error code of OAuth or OpenID Connect (IANA OAuth Extensions Error Registry);
-- NULL for a vendor's own.
CREATE MACRO oauth_error(code) AS CASE WHEN lower(code) IN (
        'invalid_request', 'invalid_client', 'invalid_grant', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope',
        'access_denied', 'unsupported_response_type', 'server_error', 'temporarily_unavailable', 'invalid_token',
        'insufficient_scope', 'unsupported_token_type', 'interaction_required', 'login_required',
        'account_selection_required', 'consent_required', 'invalid_request_uri', 'invalid_request_object',
        'request_not_supported', 'request_uri_not_supported', 'registration_not_supported', 'invalid_redirect_uri',
        'invalid_client_metadata', 'invalid_software_statement', 'unapproved_software_statement', 'authorization_pending',
        'slow_down', 'expired_token', 'invalid_target', 'invalid_dpop_proof', 'use_dpop_nonce', 'invalid_authorization_details',
        'insufficient_user_authentication', 'unmet_authentication_requirements', 'unknown_user_id', 'login_hint_required',
        'expired_login_hint_token', 'invalid_user_code', 'missing_user_code', 'invalid_binding_message', 'transaction_failed',
        'session_selection_required', 'need_info', 'request_denied', 'request_submitted', 'invalid_resource_id',
        'unsupported_method_type', 'unsupported_pop_key', 'incompatible_ace_profiles', 'use_attestation_challenge',
        'use_fresh_attestation', 'invalid_client_attestation', 'insufficient_authorization'
    ) THEN lower(code) END;

-- A parameter of a WWW-Authenticate value (RFC 9110 11.6.1, RFC 6750 3).
CREATE MACRO challenge_param(challenge, name) AS
    nullif(coalesce(
        nullif(regexp_extract(challenge, '(?i)(?:^|[\s,])' || name || '\s*=\s*"((?:[^"\\]|\\.)*)"', 1), ''),
        regexp_extract(challenge, '(?i)(?:^|[\s,])' || name || '\s*=\s*([^\s",]+)', 1)), '');

-- What a challenge says: error, error_description, scope.
CREATE MACRO challenge(www_authenticate) AS {
    'error': challenge_param(www_authenticate, 'error'),
    'error_description': challenge_param(www_authenticate, 'error_description'),
    'scope': challenge_param(www_authenticate, 'scope')
};

-- One of several keys of a JSON object in text; NULL when the text is no JSON.
CREATE MACRO json_text(body, path) AS TRY(json_extract_string(body, path));

-- base64url without padding (RFC 7515 2) to text; NULL when it is none.
CREATE MACRO base64url_text(part) AS
    TRY(decode(from_base64(rpad(translate(part, '-_', '+/'), CAST((len(part) + 3) // 4 * 4 AS INTEGER), '='))));

-- The header and the claims of a compact JWT (RFC 7519), unverified; NULL when it is none.
CREATE MACRO jwt_header(token) AS
    TRY(from_json(base64url_text(split_part(token, '.', 1)), '{"alg":"VARCHAR","kid":"VARCHAR","typ":"VARCHAR"}'));
CREATE MACRO jwt_claims(token) AS
    TRY(from_json(base64url_text(split_part(token, '.', 2)),
        '{"iss":"VARCHAR","aud":"JSON","azp":"VARCHAR","client_id":"VARCHAR","cid":"VARCHAR","appid":"VARCHAR","sub":"VARCHAR","exp":"DOUBLE","nbf":"DOUBLE","jti":"VARCHAR"}'));

-- `aud` is a string or a list of strings.
CREATE MACRO audience_text(aud) AS
    CASE json_type(aud) WHEN 'VARCHAR' THEN aud ->> '$'
                        WHEN 'ARRAY' THEN array_to_string(CAST(aud AS VARCHAR[]), ' ') END;

-- What a JSON error body says: RFC 6749 5.2, and the nested or renamed forms that APIs use for the same.
CREATE MACRO error_of_body(b) AS {
    'error': CASE WHEN json_type(b.error) = 'VARCHAR' THEN b.error ->> '$'
                  WHEN json_type(b.error) = 'OBJECT' THEN
                    coalesce(b.error ->> '$.status', b.error ->> '$.type', b.error ->> '$.code')
                  ELSE b."errorCode" END,
    'error_description': coalesce(b.error_description, b."errorSummary",
        CASE WHEN json_type(b.error) = 'OBJECT' THEN b.error ->> '$.message' END, b.message, b.detail)
};
CREATE MACRO error_body(body) AS error_of_body(TRY(from_json(body,
    '{"error":"JSON","error_description":"VARCHAR","errorCode":"VARCHAR","errorSummary":"VARCHAR","message":"VARCHAR","detail":"VARCHAR"}')));

-- What an Authorization value holds: a bearer (or DPoP) JWT, or the user of Basic (RFC 7617).
CREATE MACRO bearer_jwt(authorization_value) AS
    nullif(regexp_extract(authorization_value, '(?i)^\s*(?:bearer|dpop)(?:\s|\+|%20)+(eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)', 1), '');
CREATE MACRO basic_user(authorization_value) AS
    nullif(split_part(base64url_text(rtrim(percent_decode(
        regexp_extract(authorization_value, '(?i)^\s*basic(?:\s|\+|%20)+([A-Za-z0-9+/_=%-]+)', 1)), '=')), ':', 1), '');

-- Whether a text tells of an OAuth failure: an error by its key or its code, a challenge, or the message of a library or a product.
CREATE MACRO tells_failure(text) AS regexp_matches(text, failures()) OR regexp_matches(text, product_messages());

-- The message of a library or a product in a text, without the class that carries it and the quotes around the name of a claim (what stands in quotes
-- makes no difference to a signature); NULL when there is none.
CREATE MACRO library_message(text) AS
    nullif(rtrim(regexp_replace(regexp_replace(coalesce(nullif(regexp_extract(text, library_messages()), ''), regexp_extract(text, product_messages())),
        '^[A-Za-z.:]+(?:Error|Exception|Failed|Timeout|Signature|Algorithm|Claim|Payload)(?:: |\([''"])', ''),
        '\\?["'']([a-z_]{2,15})\\?["'']', '\1', 'g'), ' .'), '');

-- The class of an exception that a library of OAuth or JWT throws; NULL when none is named.
CREATE MACRO library_class(text) AS nullif(regexp_extract(text, '\b' || library_classes() || '\b'), '');

-- A vendor's code that stands for itself in any text; NULL when there is none.
CREATE MACRO portable_code(text) AS nullif(regexp_extract(text, '\b(?:AADSTS[0-9]{5,8}|AADB2C[0-9]{5,6}|IDX[0-9]{5}|SRJWT07[0-9]{3})\b'), '');

-- A code of OAuth among some words, whatever stands between them; NULL when there is none.
CREATE MACRO named_code(text) AS oauth_error(nullif(regexp_extract(text, '(?:^|[ "])(' || telling_codes() || '|' || common_codes() || ')(?:[ "]|$)', 1), ''));

-- Whether an error of OAuth is surely one: its code is no word of other programs, or something stands beside it that tells of OAuth.
CREATE MACRO is_oauth_failure(error, beside) AS error IS NOT NULL AND (beside IS NOT NULL OR NOT regexp_full_match(error, common_codes()));

-- An OAuth error in a text, {error, odd, words}: of a body (JSON, also escaped or as a language prints it), of a challenge, or in one
-- of the forms of libraries: `oauth2: "code" "words"`, `(code) words`, `[code] words`, `OPError: code (words)`, `code: words`. `odd` is
-- a code that is none of OAuth.
CREATE MACRO error_by_key(text) AS {
    'code': regexp_extract(text, '\berror["'']?\s*(?:=>|=|:)\s*["'']?([a-z]+_[a-z_]+)\b', 1),
    'words': coalesce(nullif(regexp_extract(text, 'error_?[dD]escription["'']?\s*(?:=>|=|:)\s*"((?:[^"\\]|\\.)*)"', 1), ''),
        nullif(regexp_extract(text, 'error_?[dD]escription["'']?\s*(?:=>|=|:)\s*''((?:[^''\\]|\\.)*)''', 1), ''),
        form_decode(nullif(regexp_extract(text, 'error_?[dD]escription\s*[=:]\s*([^\s"''&,;]+)', 1), '')),
        regexp_extract(text, '\berror["'']?\s*(?:=>|=|:)\s*["'']?[a-z_]+["'']?(?::| \() ?([^"{}\n\r]+)', 1))};
CREATE MACRO error_by_itself(text) AS
    regexp_extract(text, '(?:^|[\s"''(\[,:!=])(' || telling_codes() || ')\b["'')\]]?(?:::? ?| "| \(| |$)([^"\n\r]*)', ['code', 'words']);
CREATE MACRO error_in(text) AS
    CASE WHEN regexp_matches(text, '\berror["'']?\s*(?:=>|=|:)\s*["'']?[a-z]+_[a-z_]+\b["'']?(?:[^: ]|:? |$)') THEN error_by_key(text)
         -- SASL OAUTHBEARER (RFC 7628 3.2.2)
         WHEN regexp_matches(text, '"status"\s*:\s*"' || telling_codes() || '"') THEN {'code': regexp_extract(text, '"status"\s*:\s*"([a-z_]+)"', 1), 'words': ''}
         ELSE error_by_itself(text) END;
CREATE MACRO told(found) AS {
    'error': oauth_error(found.code),
    'odd': CASE WHEN oauth_error(found.code) IS NULL THEN nullif(found.code, '') END,
    'words': nullif(trim(CASE WHEN ends_with(found.words, ')') AND NOT contains(found.words, '(') THEN rtrim(found.words, ')') ELSE found.words END), '')};
CREATE MACRO told_error(text) AS told(error_in(replace(text, '\"', '"')));
