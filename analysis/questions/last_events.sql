-- Grain: one row per failure of one $client, $endpoint and $cause, the last ones first. What exactly did
-- the log say? `file` and `offset` lead back to the line.
SELECT
    time, source, instance, tenant, client_ip, user_id, method, route, status, grant_type,
    error, error_code, error_description, request_id, rule, conflict, lifted_from, file, "offset"
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
WHERE failed AND client = $client AND endpoint = $endpoint AND cause = $cause
ORDER BY time DESC, file, "offset" DESC
LIMIT $limit
