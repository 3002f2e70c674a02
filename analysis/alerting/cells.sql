-- Grain: one row per hour and (source, client, endpoint, area, cause); all that alerts count on.
-- An area is what an API's routes have in common, their first two named segments: /v1/orders.
-- What succeeded, and what failed but not for OAuth's sake, has no cause.
SELECT
    source,
    client_id,
    coalesce(endpoint, '(not logged)') AS endpoint,
    CASE WHEN endpoint = 'api' THEN
        '/' || array_to_string(list_filter(string_split(route, '/')[2:3], lambda part: part <> '{id}'), '/')
    END AS area,
    CASE WHEN outcome = 'failure' THEN cause END AS cause,
    CAST(floor(epoch(time) / 3600) AS BIGINT) AS hour,
    count(*) AS events,
    max(client_name) AS client_name
FROM events
WHERE ($since IS NULL OR time >= $since)
    AND ($until IS NULL OR time < $until)
    AND time IS NOT NULL
GROUP BY ALL
