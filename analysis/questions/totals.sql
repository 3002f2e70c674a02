-- Grain: one row. How much failed in the scope, and how much of it can be told?
SELECT
    count(*) AS events,
    count(*) FILTER (outcome <> 'other') AS requests,
    count(*) FILTER (failed) AS failures,
    count(*) FILTER (expected) AS normal,
    count(*) FILTER (failed AND family = 'unknown') AS unexplained,
    count(*) FILTER (failed AND client_id IS NULL) AS without_client,
    count(*) FILTER (failed AND security) AS security,
    count(DISTINCT client_id) FILTER (failed) AS clients_hit
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
