/*
title = "A client repeats a request that cannot succeed"
responsible = "client developer"
security = false
remedy = "No retry can help for this cause: stop after the first such answer, tell a person, and begin again from what the cause needs. For all others retry with a growing, random pause."
references = ["https://www.rfc-editor.org/rfc/rfc6749#section-5.2", "https://www.rfc-editor.org/rfc/rfc9110#section-15.5"]
evidence = "Thirty times within a minute the same client fails at the same endpoint for a cause that no retry helps, without a success between."
*/
WITH stormy AS (
    SELECT source, coalesce(client_id, client_ip) AS who, any_value(client_id) AS client_id, endpoint, cause, date_trunc('minute', time) AS minute,
        count(*) AS failures, min(time) AS start, max(time) AS "end"
    FROM seen
    WHERE failed AND retry = 'never' AND family <> 'unknown' AND coalesce(client_id, client_ip) IS NOT NULL
    GROUP BY source, who, endpoint, cause, minute
    HAVING count(*) >= 30
),
served AS (
    SELECT DISTINCT source, coalesce(client_id, client_ip) AS who, endpoint, date_trunc('minute', time) AS minute
    FROM seen
    WHERE outcome = 'success' AND coalesce(client_id, client_ip) IN (SELECT who FROM stormy)
)
SELECT
    source, client_id, cause, min(start) AS start, max("end") AS "end", CAST(sum(failures) AS BIGINT) AS failures,
    format('up to {} times a minute at {}, {} minute{} long, from {}', max(failures), endpoint, count(*), CASE WHEN count(*) = 1 THEN '' ELSE 's' END, coalesce(client_id, who)) AS evidence
FROM stormy ANTI JOIN served USING (source, who, endpoint, minute)
GROUP BY source, who, client_id, endpoint, cause
