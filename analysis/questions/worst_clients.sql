-- Grain: one row per client with a failure, worst first. Who fails most, how often, and mainly why?
SELECT
    client,
    max(client_name) AS client_name,
    count(*) FILTER (failed) AS failures,
    count(*) FILTER (outcome <> 'other') AS requests,
    mode(cause) FILTER (failed) AS main_cause,
    mode(title) FILTER (failed) AS main_title
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
GROUP BY client
HAVING count(*) FILTER (failed) > 0
ORDER BY failures DESC, client
LIMIT $limit
