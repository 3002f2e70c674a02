-- Grain: one row per distinct failure (signature) whose cause the log does not tell or no rule explains.
-- What should be logged, or given a rule? `nearest` are the rules whose words are most like those of a failure
-- that none explains, the most alike first.
WITH listed AS MATERIALIZED (
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
),
said AS MATERIALIZED (
    SELECT DISTINCT signature, unnest(regexp_extract_all(lower(value), '[a-z0-9]+')) AS word
    FROM (SELECT signature, cause, unnest([error, error_code, example]) AS value FROM listed)
    WHERE value IS NOT NULL AND cause = 'unknown.unclassified'
),
asked AS MATERIALIZED (
    SELECT DISTINCT rule, cause, unnest(regexp_extract_all(lower(pattern), '[a-z0-9]+')) AS word
    FROM rules
    WHERE field <> 'status'
),
-- a word that is in few rules tells more than one that is in many
weights AS MATERIALIZED (
    SELECT word, ln(1 + (SELECT count(*) FROM rules) / count(DISTINCT rule)) AS weight FROM asked GROUP BY word
),
said_weights AS (
    SELECT signature, sum(coalesce(weight, (SELECT max(weight) FROM weights))) AS weight
    FROM said LEFT JOIN weights USING (word) GROUP BY signature
),
asked_weights AS (SELECT rule, sum(weight) AS weight FROM asked JOIN weights USING (word) GROUP BY rule),
shared AS (
    SELECT signature, rule, cause, sum(weight) AS weight
    FROM said JOIN asked USING (word) JOIN weights USING (word)
    GROUP BY signature, rule, cause
),
likest AS (
    SELECT signature, list({'rule': rule, 'cause': cause} ORDER BY alike DESC, rule)[:3] AS nearest
    FROM (
        SELECT signature, rule, cause, shared.weight / (said_weights.weight + asked_weights.weight - shared.weight) AS alike
        FROM shared JOIN said_weights USING (signature) JOIN asked_weights USING (rule)
    )
    WHERE alike >= 0.2
    GROUP BY signature
)
SELECT listed.*, coalesce(nearest, []) AS nearest
FROM listed
LEFT JOIN likest USING (signature)
ORDER BY listed.cause = 'unknown.unclassified' DESC, failures DESC, signature
