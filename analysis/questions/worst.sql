-- Grain: one row per client, endpoint and cause, worst first. What is to be fixed first, and by whom?
-- `bulk_*` is its longest run without a long silence: an incident stands out from the few failures of
-- other days. Long is a quarter of an hour, or thirty times what is usual between two of these failures.
WITH failed AS MATERIALIZED (
    SELECT *
    FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
    WHERE failed
),
worst AS (
    SELECT
        client,
        max(client_name) AS client_name,
        endpoint,
        cause,
        any_value(family) AS family,
        any_value(title) AS title,
        any_value(responsible) AS responsible,
        any_value(retry) AS retry,
        any_value(security) AS security,
        any_value(remedy) AS remedy,
        any_value(reference) AS reference,
        mode(confidence) AS confidence,
        list_sort(list(DISTINCT source)) AS sources,
        count(*) AS failures,
        count(*) / sum(count(*)) OVER () AS share,
        min(time) AS first_seen,
        max(time) AS last_seen
    FROM failed
    GROUP BY client, endpoint, cause
    ORDER BY failures DESC, client, endpoint, cause
    LIMIT $limit
),
gaps AS (
    SELECT
        client, endpoint, cause, time,
        time - lag(time) OVER (PARTITION BY client, endpoint, cause ORDER BY time) AS gap
    FROM failed
    SEMI JOIN worst USING (client, endpoint, cause)
),
usual AS (
    SELECT client, endpoint, cause, greatest(INTERVAL 15 MINUTE, 30 * median(gap)) AS long
    FROM gaps
    GROUP BY client, endpoint, cause
),
runs AS (
    SELECT
        client, endpoint, cause, time,
        count(*) FILTER (gap > long) OVER (PARTITION BY client, endpoint, cause ORDER BY time) AS run
    FROM gaps
    JOIN usual USING (client, endpoint, cause)
),
bulks AS (
    SELECT
        client, endpoint, cause,
        count(*) AS bulk_failures,
        min(time) AS bulk_start,
        max(time) AS bulk_end
    FROM runs
    GROUP BY client, endpoint, cause, run
    QUALIFY row_number() OVER (PARTITION BY client, endpoint, cause ORDER BY bulk_failures DESC, run) = 1
)
SELECT worst.*, bulk_failures, bulk_start, bulk_end
FROM worst
JOIN bulks USING (client, endpoint, cause)
ORDER BY failures DESC, client, endpoint, cause
