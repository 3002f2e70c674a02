-- Grain: one row per minute in which something of the kind that an alert is about happened: how often it
-- failed for the alert's cause, and how often the same client or endpoint was served.
SELECT
    CAST(floor(epoch(time) / 60) AS BIGINT) AS minute,
    count(*) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS failed,
    count(*) FILTER (outcome <> 'failure') AS served,
    min(time) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS first_failed,
    max(time) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS last_failed
FROM events
WHERE source = $source
    AND time >= $since
    AND time < $until
    AND ($client IS NULL OR client_id = $client)
    AND ($endpoint IS NULL OR coalesce(endpoint, '(not logged)') = $endpoint)
    AND ($area IS NULL OR route = $area OR starts_with(route, $area || '/'))
GROUP BY ALL
ORDER BY minute
