-- Grain: one row per client, endpoint and cause, worst first. What is to be fixed first, and by whom?
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
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
WHERE failed
GROUP BY client, endpoint, cause
ORDER BY failures DESC, client, endpoint, cause
LIMIT $limit
