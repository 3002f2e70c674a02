-- Grain: one row: how far an alert reaches between its start and its end, and how many addresses were served
-- there since a day before it.
WITH there AS (
    SELECT
        *,
        time >= $since AS now,
        now AND outcome = 'failure' AND cause IS NOT DISTINCT FROM $cause AS refused
    FROM events
    WHERE source = $source
        AND time >= $since - INTERVAL 1 DAY
        AND time <= $until
        AND ($client IS NULL OR client_id = $client)
        AND ($endpoint IS NULL OR coalesce(endpoint, '(not logged)') = $endpoint)
        AND ($area IS NULL OR route = $area OR starts_with(route, $area || '/'))
)
SELECT
    count(*) FILTER (refused) AS failed,
    count(*) FILTER (now AND outcome <> 'failure') AS served,
    count(DISTINCT client_id) FILTER (refused) AS clients,
    count(DISTINCT client_ip) FILTER (refused) AS addresses,
    count(DISTINCT client_ip) FILTER (outcome <> 'failure') AS usual_addresses,
    count(DISTINCT user_id) FILTER (refused) AS users,
    mode(endpoint) FILTER (refused) AS endpoint,
    any_value(status) FILTER (refused) AS status
FROM there
