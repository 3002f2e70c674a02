/*
title = "An authorization server lost its sessions"
responsible = "auth-server operator"
security = false
remedy = "Many users' refresh tokens and sessions ended at one moment: the server was restarted, failed over or its cache or database was cleared, without sessions that outlive it. Keep sessions in a store (Keycloak: persistent user sessions or an external Infinispan; others: their database), and let clients send the user to sign in when a refresh answers invalid_grant."
references = ["https://www.keycloak.org/server/caching", "https://www.rfc-editor.org/rfc/rfc6749#section-5.2"]
evidence = "In ten minutes at least ten users or sessions of one server end that way, ten times as many as in the hour before, and more than could refresh meanwhile."
*/
WITH ended AS (
    SELECT source, tenant, time, client_id, cause, coalesce(user_id, session_id, credential_id, client_ip) AS who
    FROM seen
    WHERE failed AND cause IN ('grant.session_ended', 'grant.refresh_invalid', 'session.lost', 'token.inactive')
),
windows AS (
    SELECT source, tenant, time_bucket(INTERVAL 10 MINUTE, time) AS bucket, min(time) AS start, max(time) AS "end", count(*) AS failures,
        count(DISTINCT who) AS users, count(DISTINCT client_id) AS clients, mode(cause) AS cause
    FROM ended
    GROUP BY source, tenant, bucket
),
bursts AS (
    SELECT *, coalesce(sum(users) OVER (PARTITION BY source, tenant ORDER BY bucket RANGE BETWEEN INTERVAL 60 MINUTE PRECEDING AND INTERVAL 10 MINUTE PRECEDING), 0) / 6 AS usual
    FROM windows
),
lost AS (SELECT * FROM bursts WHERE users >= 10 AND users > 10 * usual),
refreshed AS (
    SELECT b.source, b.tenant, b.bucket, count(DISTINCT coalesce(s.user_id, s.session_id, s.credential_id, s.client_ip)) AS kept
    FROM lost b JOIN seen s ON s.source = b.source AND s.tenant IS NOT DISTINCT FROM b.tenant AND s.time BETWEEN b.start AND b."end"
    WHERE s.outcome = 'success' AND s.grant_type = 'refresh_token'
    GROUP BY b.source, b.tenant, b.bucket
),
quiet AS (
    SELECT b.source, b.tenant, b.bucket, max(e.time) AS last
    FROM lost b JOIN (SELECT source, time FROM seen WHERE source IN (SELECT source FROM lost)) e
        ON e.source = b.source AND e.time < b.start AND e.time >= b.start - INTERVAL 15 MINUTE
    GROUP BY b.source, b.tenant, b.bucket
)
SELECT
    b.source, CAST(NULL AS VARCHAR) AS client_id, b.cause, b.start, b."end", b.failures,
    format('{} users or sessions of {} client{} in {} minutes{}', users, clients, CASE WHEN clients = 1 THEN '' ELSE 's' END,
        greatest(1, CAST(ceil(epoch(b."end" - b.start) / 60) AS INTEGER)),
        CASE WHEN b.start - q.last >= INTERVAL 30 SECOND THEN format(', after {} seconds without an event', CAST(epoch(b.start - q.last) AS INTEGER)) ELSE '' END) AS evidence
FROM lost b
LEFT JOIN quiet q ON q.source = b.source AND q.tenant IS NOT DISTINCT FROM b.tenant AND q.bucket = b.bucket
LEFT JOIN refreshed r ON r.source = b.source AND r.tenant IS NOT DISTINCT FROM b.tenant AND r.bucket = b.bucket
WHERE users > coalesce(kept, 0)
