/*
title = "A validator does not know the issuer's new signing key"
responsible = "gateway operator"
security = false
remedy = "The issuer signs with a key that this validator has not fetched. Let the validator fetch the key set again when it meets an unknown kid (at most every few minutes) and shorten its cache; let the issuer publish a key for the time of one cache before it signs with it. If no refresh can help, the validator cannot reach jwks_uri or asks another issuer."
references = ["https://openid.net/specs/openid-connect-core-1_0.html#RotateSigningKeys", "https://www.rfc-editor.org/rfc/rfc8414#section-2"]
evidence = "Unknown keys for at least three callers at one validator, which accepted tokens before or after."
*/
WITH validators AS (
    SELECT source, instance, min(time) AS start, max(time) AS "end", count(*) AS failures, count(DISTINCT caller) AS callers, list_sort(list(DISTINCT kid) FILTER (kid IS NOT NULL)) AS kids
    FROM seen
    WHERE failed AND cause = 'token.bad_signature.unknown_key'
    GROUP BY source, instance
    HAVING count(*) >= 3 AND count(DISTINCT caller) >= 3
),
accepted AS (
    SELECT v.source, v.instance, count_if(e.time < v.start) AS before, count_if(e.time > v."end") AS after
    FROM validators v JOIN (SELECT source, instance, time FROM seen WHERE endpoint = 'api' AND outcome = 'success' AND source IN (SELECT source FROM validators)) e
        ON e.source = v.source AND e.instance IS NOT DISTINCT FROM v.instance
    GROUP BY v.source, v.instance
)
SELECT
    v.source, CAST(NULL AS VARCHAR) AS client_id, 'token.bad_signature.unknown_key' AS cause, start, "end", failures,
    format('{} callers at {}{}{}', callers, coalesce(v.instance, v.source),
        CASE WHEN len(kids) > 0 THEN ', kid ' || array_to_string(kids[1:3], ', ') ELSE '' END,
        CASE WHEN coalesce(after, 0) > 0 THEN '; accepted again since' ELSE '; not over when the log ends' END) AS evidence
FROM validators v LEFT JOIN accepted a ON a.source = v.source AND a.instance IS NOT DISTINCT FROM v.instance
WHERE coalesce(before, 0) > 0 OR coalesce(after, 0) > 0
