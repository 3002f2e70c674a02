-- Grain: one row per source. Which logs do the numbers come from, and do they name the client?
SELECT
    source,
    any_value(kind) AS kind,
    count(*) AS events,
    count_if(failed) AS failures,
    count_if(failed AND client_id IS NULL) AS without_client,
    count_if(failed AND family = 'unknown') AS unexplained,
    min(time) AS first_seen,
    max(time) AS last_seen
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
GROUP BY source
ORDER BY failures DESC, events DESC, source
