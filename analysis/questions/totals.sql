-- Grain: one row. How much failed in the scope, and how much of it can be told?
SELECT
    count(*) AS events,
    count_if(outcome <> 'other') AS requests,
    count_if(failed) AS failures,
    count_if(expected) AS normal,
    count_if(failed AND family = 'unknown') AS unexplained,
    count_if(failed AND client_id IS NULL) AS without_client,
    count_if(failed AND security) AS security,
    count(DISTINCT client_id) FILTER (failed) AS clients_hit
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
