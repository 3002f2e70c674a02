-- Grain: one row per stretch of $seconds and family that failed in it. When does what fail?
SELECT
    time_bucket(to_seconds($seconds), time) AS start,
    family AS key,
    count(*) AS failures
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
WHERE failed
GROUP BY ALL
ORDER BY start, key
