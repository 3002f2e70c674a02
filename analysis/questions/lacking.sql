-- Grain: one row per source and set of columns that a failure of it leaves empty. What should be logged?
SELECT
    source,
    family = 'unknown' AS unexplained,
    list_filter([
        CASE WHEN client_id IS NULL THEN 'client_id' END,
        CASE WHEN user_id IS NULL THEN 'user_id' END,
        CASE WHEN client_ip IS NULL THEN 'client_ip' END,
        CASE WHEN request_id IS NULL THEN 'request_id' END,
        CASE WHEN trace_id IS NULL THEN 'trace_id' END,
        CASE WHEN session_id IS NULL THEN 'session_id' END,
        CASE WHEN grant_type IS NULL THEN 'grant_type' END,
        CASE WHEN scope IS NULL THEN 'scope' END,
        CASE WHEN redirect_uri IS NULL THEN 'redirect_uri' END,
        CASE WHEN status IS NULL THEN 'status' END,
        CASE WHEN upstream_status IS NULL THEN 'upstream_status' END,
        CASE WHEN answered_by IS NULL THEN 'answered_by' END,
        CASE WHEN duration_ms IS NULL THEN 'duration_ms' END,
        CASE WHEN token_issuer IS NULL THEN 'token_issuer' END,
        CASE WHEN kid IS NULL THEN 'kid' END,
        CASE WHEN error IS NULL THEN 'error' END,
        CASE WHEN error_code IS NULL OR error_code LIKE 'why401.%' THEN 'error_code' END,
        CASE WHEN error_description IS NULL THEN 'error_description' END
    ], lambda name: name IS NOT NULL) AS columns,
    count(*) AS failures
FROM scoped($since, $until, $sources, $clients, $endpoints, $causes)
WHERE failed
GROUP BY ALL
ORDER BY source, failures DESC, columns
