-- Grain: one row per distinct failure (signature), with all that classification looks at.
-- `error_description` is one example of the message; all of a signature share its template.
CREATE OR REPLACE TABLE failures AS
SELECT
    signature,
    any_value(source) AS source,
    any_value(endpoint) AS endpoint,
    any_value(grant_type) AS grant_type,
    any_value(status) AS status,
    any_value(error) AS error,
    any_value(error_code) AS error_code,
    min(error_description) AS error_description,
    count(*) AS events,
    count(DISTINCT client_id) AS clients,
    min(time) AS first_seen,
    max(time) AS last_seen
FROM stored
WHERE outcome = 'failure'
GROUP BY signature
