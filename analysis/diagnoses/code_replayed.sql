/*
title = "An authorization code is redeemed twice"
responsible = "client developer"
security = true
remedy = "Within a few seconds it is the client: a callback that runs twice (a reload, React's strict mode, a link scanner, a retry after a timeout). Redeem the code once, behind a lock on its state. Later, or from another address, take it for a replay: the server should have revoked what the code gave."
references = ["https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2", "https://www.rfc-editor.org/rfc/rfc9700#section-2.1.1"]
evidence = "The same code succeeded before, by its fingerprint; or the server says that it was used, and the session or user succeeded before."
*/
WITH redeemed AS (
    SELECT source, client_id, time, failed, cause, credential_id, coalesce(session_id, user_id) AS who
    FROM seen
    WHERE grant_type = 'authorization_code' OR cause LIKE 'grant.code%'
),
again AS (
    SELECT
        *,
        max(CASE WHEN NOT failed THEN time END) OVER (PARTITION BY source, client_id, credential_id ORDER BY time) AS same_code,
        max(CASE WHEN NOT failed THEN time END) OVER (PARTITION BY source, client_id, who ORDER BY time) AS same_user
    FROM redeemed
),
found AS (
    SELECT *, coalesce(CASE WHEN credential_id IS NOT NULL THEN same_code END, CASE WHEN cause = 'grant.code_reused' AND who IS NOT NULL THEN same_user END) AS success
    FROM again
    WHERE failed AND cause IN ('grant.code_reused', 'grant.code_invalid', 'grant.invalid_unspecified')
)
SELECT
    source, client_id, cause, min(time) AS start, max(time) AS "end", count(*) AS failures,
    format('redeemed again {} after the first time, in the median', CASE WHEN median(epoch(time - success)) < 1 THEN 'within a second' ELSE CAST(round(median(epoch(time - success))) AS BIGINT) || ' seconds' END) AS evidence
FROM found
WHERE success IS NOT NULL AND (cause = 'grant.code_reused' OR time - success <= INTERVAL 60 SECOND)
GROUP BY source, client_id, cause
