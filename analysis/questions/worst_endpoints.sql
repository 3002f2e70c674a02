-- Grain: one row per endpoint with a failure, worst first. Where does it fail, and mainly why?
SELECT
    endpoint,
    count(*) FILTER (failed) AS failures,
    count(*) FILTER (outcome <> 'other') AS requests,
    mode(cause) FILTER (failed) AS main_cause,
    mode(title) FILTER (failed) AS main_title
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
GROUP BY endpoint
HAVING count(*) FILTER (failed) > 0
ORDER BY failures DESC, endpoint
LIMIT $limit
