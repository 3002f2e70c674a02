/*
title = "One refresh token is used twice at the same time"
responsible = "client developer"
security = false
remedy = "Let one process, tab or thread of the client refresh at a time and share what it gets (a lock around the refresh, one token store). Where the server has it, allow a short overlap: Keycloak's Refresh Token Max Reuse, Okta's grace period, Auth0's Rotation Overlap Period, Ory Hydra's grace period."
references = ["https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2", "https://developer.okta.com/docs/guides/refresh-tokens/main/#grace-period-for-token-rotation", "https://auth0.com/docs/secure/tokens/refresh-tokens/refresh-token-rotation"]
evidence = "A refresh succeeds, and the same token comes again within ten seconds, before anyone could have stolen and used it. Where the log does not name the token, the same user or session of the client stands for it."
*/
SELECT
    source, client_id, cause, min(time) AS start, max(time) AS "end", count(*) AS failures,
    format('{} use{} refused of {}, {} from a refresh that succeeded', count(*), CASE WHEN count(*) = 1 THEN '' ELSE 's' END,
        CASE WHEN count(DISTINCT who) = 1 THEN 'one token or session' ELSE count(DISTINCT who) || ' tokens or sessions' END,
        CASE WHEN median(abs(epoch(time - near))) < 1 THEN 'less than a second' ELSE CAST(round(median(abs(epoch(time - near)))) AS INTEGER) || ' seconds' END) AS evidence
FROM refreshes
WHERE failed AND near IS NOT NULL AND cause IN ('grant.refresh_reused', 'grant.refresh_invalid', 'grant.refresh_revoked', 'grant.invalid_unspecified')
GROUP BY source, client_id, cause
