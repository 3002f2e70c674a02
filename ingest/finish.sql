-- From what a source read to events: one row per record, in the columns of lake/schema.py, but not yet
-- redacted (ingest/redaction.py does that, for each distinct value once) and not yet signed.
-- `parsed` is the source's SELECT with every column that it may give, NULL where it gives none.
-- Rows whose `ignored` or `quarantined` is set (or whose time is NULL) are no events.
WITH parsed AS MATERIALIZED (
    SELECT *, split_part(path, '?', 1) AS bare,
        CASE WHEN contains(path, '?') THEN substr(path, strpos(path, '?') + 1) END AS query
    FROM ({parsed})
),
-- Paths repeat, and routes more so: routes are worked out once for each path, endpoints for each route.
routes AS MATERIALIZED (
    SELECT bare, route_of(plain) AS route, getvariable('own_endpoints')[plain] AS own_endpoint
    FROM (SELECT bare, rtrim(bare_path(bare), '/') AS plain
          FROM (SELECT DISTINCT bare FROM parsed WHERE bare IS NOT NULL))
),
paths AS (
    SELECT bare, route, coalesce(own_endpoint, standard) AS endpoint
    FROM routes JOIN (
        SELECT route, endpoint_of_lower(lower(route)) AS standard FROM (SELECT DISTINCT route FROM routes)
    ) USING (route)
),
opened AS (
    SELECT parsed.* EXCLUDE (endpoint, route, bare, jwt),
        coalesce(parsed.endpoint,
            CASE WHEN contains(query, 'response_type=') AND contains(query, 'client_id=') THEN 'authorization' END,
            paths.endpoint) AS endpoint,
        coalesce(parsed.route, paths.route) AS route,
        CASE WHEN parsed.jwt IS NOT NULL THEN parsed.jwt
             WHEN contains(query, 'access_token=eyJ') THEN query_param(query, 'access_token') END AS jwt,
        CASE WHEN body[1] = '{{' THEN error_body(body) END AS said,
        CASE WHEN parsed.challenge IS NOT NULL THEN challenge(parsed.challenge) END AS challenged
    FROM parsed LEFT JOIN paths USING (bare)
),
read AS (
    SELECT * EXCLUDE (client_id, user_name, login, redirect_uri, response_type, scope, grant_type, error, error_description),
        CASE WHEN jwt IS NOT NULL THEN jwt_header(jwt) END AS head,
        CASE WHEN jwt IS NOT NULL THEN jwt_claims(jwt) END AS claims,
        coalesce(client_id, CASE WHEN contains(query, 'client_id=') THEN query_param(query, 'client_id') END,
            CASE WHEN endpoint <> 'api' THEN login END) AS client_id,
        coalesce(user_name, CASE WHEN endpoint = 'api' OR endpoint IS NULL THEN login END) AS user_name,
        coalesce(redirect_uri, CASE WHEN contains(query, 'redirect_uri=') THEN query_param(query, 'redirect_uri') END) AS redirect_uri,
        coalesce(response_type, CASE WHEN contains(query, 'response_type=') THEN query_param(query, 'response_type') END) AS response_type,
        coalesce(scope, CASE WHEN contains(query, 'scope=') THEN query_param(query, 'scope') END, challenged.scope) AS scope,
        coalesce(grant_type, CASE WHEN contains(query, 'grant_type=') THEN query_param(query, 'grant_type') END) AS grant_type,
        coalesce(error, said.error, challenged.error,
            CASE WHEN contains(query, 'error=') AND endpoint <> 'api' THEN query_param(query, 'error') END) AS error,
        coalesce(error_description, said.error_description, challenged.error_description,
            CASE WHEN contains(query, 'error_description=') AND endpoint <> 'api'
                 THEN query_param(query, 'error_description') END) AS error_description
    FROM opened
),
judged AS (
    SELECT * EXCLUDE (outcome, client_id, token_issuer, token_audience, kid),
        coalesce(client_id, claims.azp, claims.client_id, claims.cid, claims.appid) AS client_id,
        coalesce(token_issuer, claims.iss) AS token_issuer,
        coalesce(token_audience, audience_text(claims.aud)) AS token_audience,
        coalesce(kid, head.kid) AS kid,
        CASE WHEN claims IS NULL AND head IS NULL THEN NULL
             WHEN lower(head.alg) = 'none' THEN 'why401.jwt_alg_none'
             WHEN claims.exp <= epoch(time) THEN 'why401.jwt_expired'
             WHEN claims.nbf > epoch(time) THEN 'why401.jwt_not_yet_valid' END AS token_fault,
        coalesce(outcome, CASE
            WHEN endpoint <> 'api' AND (status >= 400 OR error IS NOT NULL) THEN 'failure'
            WHEN status IN (401, 403, 429) THEN 'failure'
            WHEN parsed_challenge IS NOT NULL AND status >= 400 THEN 'failure'
            WHEN status >= 400 THEN 'other'
            WHEN status IS NULL AND error IS NOT NULL THEN 'failure'
            ELSE 'success' END) AS outcome
    FROM (SELECT * EXCLUDE (challenge), challenge AS parsed_challenge FROM read)
)
SELECT
    time,
    CAST(time AS DATE) AS date,
    instance, tenant, event_id, request_id, trace_id, session_id,
    client_id, client_name,
    CASE WHEN user_id IS NOT NULL THEN user_id
         WHEN user_name IS NULL OR getvariable('plain_users') THEN user_name
         ELSE keyed_id('u_', user_name) END AS user_id,
    client_ip, user_agent, endpoint, route, method, status, upstream_status, answered_by, duration_ms,
    grant_type, response_type, scope,
    CASE WHEN redirect_uri IS NOT NULL THEN plain_uri(redirect_uri) END AS redirect_uri,
    kid, token_issuer, token_audience,
    CASE WHEN credential IS NOT NULL THEN keyed_id('c_', credential)
         WHEN claims.jti IS NOT NULL THEN keyed_id('c_', claims.jti) END AS credential_id,
    outcome,
    CASE WHEN outcome <> 'success' THEN error END AS error,
    CASE WHEN outcome <> 'success' THEN
        coalesce(error_code, CASE WHEN outcome = 'failure' AND status IN (401, 403) THEN token_fault END)
    END AS error_code,
    CASE WHEN outcome <> 'success' THEN nullif(trim(error_description), '') END AS error_description,
    "offset",
    ignored,
    CASE WHEN ignored IS NOT NULL THEN NULL
         WHEN quarantined IS NOT NULL THEN quarantined
         WHEN time IS NULL THEN 'no time'
         WHEN time < TIMESTAMP '1990-01-01' OR time > TIMESTAMP '2100-01-01' THEN 'time out of range'
    END AS quarantined
FROM judged
