-- Grain: one row per client and cause that met, of the worst $limit clients and worst $limit causes.
-- Who has what? The totals of a client or a cause count all of its failures, also those not shown.
WITH counted AS (
    SELECT client, max(client_name) AS client_name, cause, any_value(title) AS title, count(*) AS failures
    FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
    WHERE failed
    GROUP BY client, cause
),
summed AS (
    SELECT
        * REPLACE (max(client_name) OVER (PARTITION BY client) AS client_name),
        CAST(sum(failures) OVER (PARTITION BY client) AS BIGINT) AS client_failures,
        CAST(sum(failures) OVER (PARTITION BY cause) AS BIGINT) AS cause_failures
    FROM counted
),
ranked AS (
    SELECT
        *,
        dense_rank() OVER (ORDER BY client_failures DESC, client) AS client_rank,
        dense_rank() OVER (ORDER BY cause_failures DESC, cause) AS cause_rank
    FROM summed
)
SELECT client, client_name, cause, title, failures, client_failures, cause_failures
FROM ranked
WHERE client_rank <= $limit AND cause_rank <= $limit
ORDER BY client_rank, cause_rank
