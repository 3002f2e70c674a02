-- Grain: one row: how far an alert reaches, between its start and its end.
SELECT
    count(*) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS failed,
    count(*) FILTER (outcome <> 'failure') AS served,
    count(DISTINCT client_id) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS clients,
    count(DISTINCT client_ip) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS addresses,
    count(DISTINCT user_id) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS users,
    mode(endpoint) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS endpoint,
    any_value(status) FILTER (outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause) AS status
FROM events
WHERE source = $source
    AND time >= $since
    AND time <= $until
    AND ($client IS NULL OR client_id = $client)
    AND ($endpoint IS NULL OR coalesce(endpoint, '(not logged)') = $endpoint)
    AND ($area IS NULL OR route = $area OR starts_with(route, $area || '/'))
