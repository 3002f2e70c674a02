-- Grain: one row per source. Which logs do the numbers come from, and do they name the client?
SELECT
    source,
    any_value(kind) AS kind,
    count(*) AS events,
    count(*) FILTER (failed) AS failures,
    count(*) FILTER (failed AND client_id IS NULL) AS without_client,
    count(*) FILTER (failed AND family = 'unknown') AS unexplained,
    min(time) AS first_seen,
    max(time) AS last_seen
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
GROUP BY source
ORDER BY failures DESC, events DESC, source
