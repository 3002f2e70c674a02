/*
title = "The clock of one host is wrong"
responsible = "gateway operator"
security = false
remedy = "Only this host finds tokens or assertions not yet valid: its clock is behind the issuer's. Let NTP set it (chronyc tracking, timedatectl), and allow a leeway of a few seconds for nbf, iat and exp."
references = ["https://www.rfc-editor.org/rfc/rfc7519#section-4.1.5", "https://www.rfc-editor.org/rfc/rfc8725"]
evidence = "At least five of these failures, all at one instance of several, or for several callers where there is one only."
*/
WITH hosts AS (SELECT source, count(DISTINCT instance) AS hosts FROM seen GROUP BY source),
clocks AS (
    SELECT source, instance, mode(cause) AS cause, min(time) AS start, max(time) AS "end", count(*) AS failures, count(DISTINCT caller) AS callers,
        count(*) OVER (PARTITION BY source) AS behind
    FROM seen
    WHERE failed AND cause IN ('token.not_yet_valid', 'infra.clock_skew')
    GROUP BY source, instance
    HAVING count(*) >= 5
)
SELECT
    source, CAST(NULL AS VARCHAR) AS client_id, cause, start, "end", failures,
    CASE WHEN hosts > 1 THEN format('only {} of {} hosts, {} callers', instance, hosts, callers) ELSE format('{} callers at {}', callers, coalesce(instance, source)) END AS evidence
FROM clocks JOIN hosts USING (source)
WHERE (hosts > 1 AND behind = 1 AND instance IS NOT NULL) OR (hosts <= 1 AND callers >= 3)
