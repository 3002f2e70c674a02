-- Grain: one row per event of a scope. Every question selects from it, so every number means the same.
-- Adds `client` (a missing client_id is told, never dropped), `failed` (counts as a failure: it felt
-- wrong to someone) and `expected` (an answer that looks like an error and is a step of the protocol;
-- counted apart unless the scope asks for that very cause). The filter by cause takes failures only, so
-- that a rate is still over all requests.
CREATE OR REPLACE TEMP MACRO scoped(since, until, sources, clients, endpoints, causes) AS TABLE
SELECT
    * REPLACE (coalesce(endpoint, '(not logged)') AS endpoint),
    wanted AND (NOT normal OR len(causes) > 0) AS failed,
    wanted AND normal AND len(causes) = 0 AS expected
FROM (
    SELECT
        * REPLACE (coalesce(normal, false) AS normal),
        coalesce(client_id, '(not logged)') AS client,
        outcome = 'failure' AND (len(causes) = 0 OR coalesce(list_contains(causes, cause), false)) AS wanted
    FROM events
    -- The dates pick the files to open, the times the events.
    WHERE date BETWEEN CAST(since AS DATE) AND CAST(until - INTERVAL 1 MICROSECOND AS DATE)
        AND time >= since
        AND time < until
)
WHERE (len(sources) = 0 OR list_contains(sources, source))
    AND (len(clients) = 0 OR list_contains(clients, client))
    AND (len(endpoints) = 0 OR list_contains(endpoints, coalesce(endpoint, '(not logged)')))
