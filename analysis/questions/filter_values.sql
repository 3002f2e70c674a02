-- Grain: one row per value of a filter, the worst first. What can be asked for in this period?
SELECT kind, value, events, failures
FROM (
    SELECT
        CASE 0
            WHEN grouping(source) THEN 'sources'
            WHEN grouping(client) THEN 'clients'
            WHEN grouping(endpoint) THEN 'endpoints'
            ELSE 'causes'
        END AS kind,
        coalesce(source, client, endpoint, cause) AS value,
        count(*) AS events,
        count(*) FILTER (failed) AS failures
    FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
    GROUP BY GROUPING SETS ((source), (client), (endpoint), (cause))
)
WHERE value IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY kind ORDER BY failures DESC, events DESC, value) <= $limit
ORDER BY kind, failures DESC, events DESC, value
