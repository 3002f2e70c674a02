/*
title = "One refresh token is used twice at the same time"
responsible = "client developer"
security = false
remedy = "Let one process, tab or thread of the client refresh at a time and share what it gets (a lock around the refresh, one token store). Where the server has it, allow a short overlap: Keycloak's Refresh Token Max Reuse, Okta's grace period, Auth0's Rotation Overlap Period, Ory Hydra's grace period."
references = ["https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2", "https://developer.okta.com/docs/guides/refresh-tokens/main/#grace-period-for-token-rotation", "https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation"]
evidence = "A refresh succeeds, and the same token comes again within ten seconds, before anyone could have stolen and used it. Where the log does not name the token, the same user or session of the client stands for it."
*/
WITH refreshes AS (
    SELECT source, client_id, time, failed, cause, coalesce(credential_id, session_id, user_id) AS who, client_ip
    FROM seen
    WHERE grant_type = 'refresh_token' OR cause LIKE 'grant.refresh%'
),
again AS (
    SELECT
        source, client_id, time, failed, cause, who, client_ip,
        max(CASE WHEN NOT failed THEN time END) OVER (PARTITION BY source, client_id, who ORDER BY time RANGE BETWEEN INTERVAL 10 SECOND PRECEDING AND INTERVAL 1 SECOND FOLLOWING) AS success
    FROM refreshes
    WHERE who IS NOT NULL
)
SELECT
    source, client_id, cause, min(time) AS start, max(time) AS "end", count(*) AS failures,
    format('{} use{} refused of {}, {} from a refresh that succeeded', count(*), CASE WHEN count(*) = 1 THEN '' ELSE 's' END,
        CASE WHEN count(DISTINCT who) = 1 THEN 'one token or session' ELSE count(DISTINCT who) || ' tokens or sessions' END,
        CASE WHEN median(abs(epoch(time - success))) < 1 THEN 'less than a second' ELSE CAST(round(median(abs(epoch(time - success)))) AS INTEGER) || ' seconds' END) AS evidence
FROM again
WHERE failed AND success IS NOT NULL AND cause IN ('grant.refresh_reused', 'grant.refresh_invalid', 'grant.refresh_revoked', 'grant.invalid_unspecified')
GROUP BY source, client_id, cause
