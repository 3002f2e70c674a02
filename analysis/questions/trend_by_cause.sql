-- Grain: one row per stretch of $seconds and cause that failed in it. When does what fail, in detail?
SELECT
    time_bucket(to_seconds($seconds), time) AS start,
    cause AS key,
    count(*) AS failures
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
WHERE failed
GROUP BY ALL
ORDER BY start, key
