-- Grain: one row per signature: its cause, how sure that is, the rule that says so, and the other rules
-- that fit (`considered`, best first). A failure that no rule explains is unknown.unclassified. Where code and message
-- surely say what belongs to different families, `conflict` is the cause that was not believed, and the verdict is less sure.
CREATE OR REPLACE TABLE {into} AS
WITH seen AS MATERIALIZED (
    SELECT
        signature, source, endpoint, grant_type, CAST(status AS VARCHAR) AS status,
        nullif(lower(trim(error)), '') AS error,
        nullif(lower(trim(error_code)), '') AS code,
        nullif(rtrim(lower(trim(regexp_replace(error_description, '\s+', ' ', 'g'))), '.'), '') AS message
    FROM {signatures}
),
-- A vendor's code may stand in a message or in the place of the standard error. The last one counts:
-- servers that wrap a code in a more general one write the general one first.
coded AS MATERIALIZED (
    SELECT *,
        regexp_extract_all(concat_ws(' ', error, message), '{portable}')[-1] AS passed_on
    FROM seen
),
observed AS MATERIALIZED (
    SELECT signature, source, endpoint, grant_type, status, coalesce(error, code) AS error,
        unnest([
            {{'field': 'error_code', 'value': code}},
            {{'field': 'error_code', 'value': CASE WHEN passed_on IS DISTINCT FROM code THEN passed_on END}},
            {{'field': 'error_description', 'value': message}},
            {{'field': 'error', 'value': coalesce(error, code)}},
            {{'field': 'status', 'value': status}}
        ], recursive := true)
    FROM coded
),
evidence AS MATERIALIZED (SELECT * FROM observed WHERE value IS NOT NULL),
exactly AS MATERIALIZED (
    SELECT evidence.signature, evidence.field, rules.position
    FROM evidence
    JOIN {rules} AS rules
        ON rules.match = 'exact' AND rules.field = evidence.field AND rules.pattern = evidence.value
    WHERE (rules.source IS NULL OR rules.source = evidence.source OR rules.portable)
        AND (rules.endpoint IS NULL OR rules.endpoint = evidence.endpoint)
        AND (rules.status IS NULL OR rules.status = evidence.status)
        AND (rules.grant_type IS NULL OR rules.grant_type = evidence.grant_type)
        AND (rules.error IS NULL OR rules.error = evidence.error)
),
-- Prefixes and regular expressions are tried on distinct values only, and only where no exact rule
-- took that piece of evidence and no code has settled the matter already.
settled AS (
    SELECT DISTINCT signature FROM exactly JOIN {rules} AS rules USING (position) WHERE rules.tier = 0
),
loose AS MATERIALIZED (
    SELECT evidence.*
    FROM evidence
    ANTI JOIN settled ON settled.signature = evidence.signature
    ANTI JOIN exactly ON exactly.signature = evidence.signature AND exactly.field = evidence.field
),
texts AS MATERIALIZED (SELECT DISTINCT source, field, value FROM loose),
roughly AS (
    SELECT texts.source, texts.field, texts.value, rules.position
    FROM texts
    JOIN {rules} AS rules
        ON rules.match = 'prefix' AND rules.field = texts.field AND starts_with(texts.value, rules.pattern)
    UNION ALL
    SELECT source, field, value, unnest({regexes}) AS position
    FROM texts
),
fitting AS (
    SELECT signature, position FROM exactly
    UNION
    SELECT loose.signature, rules.position
    FROM loose
    JOIN roughly ON roughly.source IS NOT DISTINCT FROM loose.source
        AND roughly.field = loose.field AND roughly.value = loose.value
    JOIN {rules} AS rules USING (position)
    WHERE (rules.source IS NULL OR rules.source = loose.source OR rules.portable)
        AND (rules.endpoint IS NULL OR rules.endpoint = loose.endpoint)
        AND (rules.status IS NULL OR rules.status = loose.status)
        AND (rules.grant_type IS NULL OR rules.grant_type = loose.grant_type)
        AND (rules.error IS NULL OR rules.error = loose.error)
),
-- Of each piece of evidence the best rule, by rank; these by what kind of evidence says more; then the others.
ranked AS (
    SELECT signature, list(position ORDER BY place > 1, standing, rank) AS positions
    FROM (
        SELECT signature, position, rank, standing, row_number() OVER (PARTITION BY signature, field ORDER BY rank) AS place
        FROM fitting
        JOIN {rules} AS rules USING (position)
    )
    GROUP BY signature
),
named AS (
    SELECT signature, positions[1] AS position,
        list_transform(positions[2:6], lambda place: names[place]) AS considered
    FROM ranked, (SELECT map_from_entries(list((position, rule))) AS names FROM {rules})
),
contradicted AS (
    SELECT signature, arg_min(other.cause, other.rank) AS conflict
    FROM (SELECT signature, positions[1] AS believed, unnest(positions[2:]) AS position FROM ranked) AS fits
    JOIN seen USING (signature)
    JOIN {rules} AS told ON told.position = fits.believed
    JOIN {rules} AS other ON other.position = fits.position
    WHERE told.field IN ('error_code', 'error_description') AND other.field IN ('error_code', 'error_description')
        AND told.field <> other.field AND seen.code IS DISTINCT FROM seen.message
        AND told.confidence = 'high' AND other.confidence = 'high'
        AND split_part(told.cause, '.', 1) <> split_part(other.cause, '.', 1)
        AND NOT ends_with(other.cause, '_unspecified') AND NOT starts_with(other.cause, 'unknown.')
    GROUP BY signature
)
SELECT
    seen.signature,
    coalesce(rules.cause, '{unclassified}') AS cause,
    CASE WHEN conflict IS NOT NULL THEN 'medium' ELSE coalesce(rules.confidence, 'low') END AS confidence,
    rules.rule,
    coalesce(named.considered, CAST([] AS VARCHAR[])) AS considered,
    conflict
FROM seen
LEFT JOIN named USING (signature)
LEFT JOIN contradicted USING (signature)
LEFT JOIN {rules} AS rules USING (position)
