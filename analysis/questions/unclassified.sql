-- Grain: one row per distinct failure (signature) whose cause the log does not tell or no rule explains.
-- What should be logged, or given a rule?
SELECT
    signature,
    source,
    endpoint,
    grant_type,
    status,
    error,
    error_code,
    min(error_description) AS example,
    cause,
    any_value(title) AS title,
    any_value(remedy) AS remedy,
    count(*) AS failures,
    count(DISTINCT client_id) AS clients,
    min(time) AS first_seen,
    max(time) AS last_seen
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
WHERE failed AND family = 'unknown'
GROUP BY signature, source, endpoint, grant_type, status, error, error_code, cause
ORDER BY cause = 'unknown.unclassified' DESC, failures DESC, signature
LIMIT $limit
