-- What a source read, and what its challenge, body, token and query say besides. One row per record;
-- ingest/finish.py makes events of it. It begins with the source's SELECT with every column that it may give,
-- NULL where it gives none.
WITH given AS (
    SELECT *, CASE WHEN contains(path, '?') THEN split_part(path, '?', 1) ELSE path END AS bare,
        CASE WHEN contains(path, '?') THEN substr(path, strpos(path, '?') + 1) END AS query
    FROM (SELECT * REPLACE (coalesce(time, local_time) AS time), time IS NULL AND local_time IS NOT NULL AS zoneless FROM ({given}))
),
opened AS (
    SELECT * REPLACE (
            coalesce(jwt, CASE WHEN contains(query, 'access_token=eyJ') THEN query_param(query, 'access_token') END) AS jwt),
        CASE WHEN body[1] = '{{' THEN error_body(body) END AS said,
        CASE WHEN challenge IS NOT NULL THEN challenge(challenge) END AS challenged
    FROM given
),
tokens AS (
    SELECT *,
        CASE WHEN jwt IS NOT NULL THEN jwt_header(jwt) END AS head,
        CASE WHEN jwt IS NOT NULL THEN jwt_claims(jwt) END AS claims
    FROM opened
)
SELECT
    time,
    zoneless,
    CAST(time AS DATE) AS date,
    kind, instance, tenant, event_id, request_id, trace_id, session_id,
    coalesce(client_id,
        CASE WHEN contains(query, 'client_id=') THEN query_param(query, 'client_id') END,
        claims.azp, claims.client_id, claims.cid, claims.appid) AS client_id,
    client_name, user_id, user_name, login, client_ip, user_agent,
    endpoint, bare,
    contains(query, 'response_type=') AND contains(query, 'client_id=') AS asks_authorization,
    route, method, status, upstream_status, answered_by, duration_ms,
    coalesce(grant_type, CASE WHEN contains(query, 'grant_type=') THEN query_param(query, 'grant_type') END) AS grant_type,
    coalesce(response_type, CASE WHEN contains(query, 'response_type=') THEN query_param(query, 'response_type') END) AS response_type,
    coalesce(scope, CASE WHEN contains(query, 'scope=') THEN query_param(query, 'scope') END, challenged.scope) AS scope,
    plain_uri(coalesce(redirect_uri, CASE WHEN contains(query, 'redirect_uri=') THEN query_param(query, 'redirect_uri') END)) AS redirect_uri,
    coalesce(kid, head.kid) AS kid,
    coalesce(token_issuer, claims.iss) AS token_issuer,
    coalesce(token_audience, CASE WHEN claims IS NOT NULL THEN audience_text(claims.aud) END) AS token_audience,
    coalesce(credential, claims.jti) AS credential,
    outcome,
    coalesce(error, said.error, challenged.error) AS error,
    CASE WHEN contains(query, 'error=') THEN query_param(query, 'error') END AS query_error,
    error_code,
    lower(head.alg) AS token_algorithm,
    claims.exp AS token_expires,
    claims.nbf AS token_begins,
    nullif(trim(coalesce(error_description, said.error_description, challenged.error_description)), '') AS error_description,
    CASE WHEN contains(query, 'error_description=') THEN query_param(query, 'error_description') END AS query_error_description,
    challenge IS NOT NULL AS has_challenge,
    CASE WHEN challenge IS NOT NULL THEN challenged.error IS NULL AND regexp_matches(challenge, '(?i)^\s*(bearer|dpop)\b') END AS bare_challenge,
    "offset",
    yearless,
    clock,
    ignored,
    CASE WHEN ignored IS NOT NULL THEN NULL
         WHEN quarantined IS NOT NULL THEN quarantined
         WHEN time IS NULL THEN 'no time'
         WHEN time < TIMESTAMP '1990-01-01' OR time > TIMESTAMP '2100-01-01' THEN 'time out of range' END AS quarantined
FROM tokens
