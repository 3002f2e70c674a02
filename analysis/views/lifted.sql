-- Grain: one row per failure whose own line does not tell the cause, or only what kind of cause, while another line
-- of the same request tells more: an event of the authorization server, an introspection, a line of an error log.
--
-- The same request is one with the same request id; with the same trace id within two seconds; of the same client
-- with the same credential within a second. An id that stands in more than twenty failures is of no request, and
-- more than twenty failures of a client with one credential in two seconds are not told apart. Where
-- the other lines do not agree, the surest of them is taken with low confidence.
CREATE OR REPLACE TABLE lifted AS
WITH told AS (
    SELECT verdicts.signature, cause, confidence, rule,
        CASE WHEN family = 'unknown' THEN 0 WHEN ends_with(cause, 'unspecified') THEN 1 ELSE 2 END AS detail
    FROM verdicts
    JOIN causes USING (cause)
),
failed AS MATERIALIZED (
    SELECT
        stored.file, stored."offset", stored.source, stored.time, stored.client_id, stored.credential_id,
        stored.request_id, stored.trace_id, told.cause, told.confidence, told.rule, told.detail
    FROM stored
    JOIN told USING (signature)
    WHERE outcome = 'failure'
        AND (request_id IS NOT NULL OR trace_id IS NOT NULL OR (client_id IS NOT NULL AND credential_id IS NOT NULL))
),
keyed AS (
    SELECT *, unnest([
        {'bond': 'request id', 'key': request_id, 'within': INTERVAL 1 HOUR, 'most': 3},
        {'bond': 'trace id', 'key': trace_id, 'within': INTERVAL 2 SECOND, 'most': 2},
        -- two that are a second apart are in one of these spans of two seconds
        {'bond': 'client and credential', 'key': concat_ws(' ', client_id, credential_id, 'even', epoch_us(time) // 1000000 // 2), 'within': INTERVAL 1 SECOND, 'most': 2},
        {'bond': 'client and credential', 'key': concat_ws(' ', client_id, credential_id, 'odd', (epoch_us(time) // 1000000 + 1) // 2), 'within': INTERVAL 1 SECOND, 'most': 2}
    ], recursive := true)
    FROM failed
),
usable AS MATERIALIZED (
    SELECT *
    FROM keyed
    WHERE key IS NOT NULL AND (bond <> 'client and credential' OR (client_id IS NOT NULL AND credential_id IS NOT NULL))
    QUALIFY count(*) OVER (PARTITION BY bond, key) BETWEEN 2 AND 20
),
found AS (
    SELECT
        vague.file, vague."offset", told.cause, told.rule, told.source, bond,
        told.detail, least(told.most, CASE told.confidence WHEN 'high' THEN 3 WHEN 'medium' THEN 2 ELSE 1 END) AS sureness,
        abs(epoch_us(told.time) - epoch_us(vague.time)) AS apart
    FROM usable AS vague
    JOIN usable AS told USING (bond, key)
    WHERE vague.detail < told.detail AND told.time BETWEEN vague.time - vague.within AND vague.time + vague.within
)
SELECT
    file, "offset", best.cause, best.rule, best.source || ', by ' || best.bond AS lifted_from,
    CASE WHEN sure_causes > 1 OR best.sureness = 1 THEN 'low' WHEN best.sureness = 2 THEN 'medium' ELSE 'high' END AS confidence
FROM (
    SELECT
        file, "offset",
        arg_max({'cause': cause, 'rule': rule, 'source': source, 'bond': bond, 'sureness': sureness}, (detail, sureness, -apart, cause)) AS best,
        count(DISTINCT cause) FILTER (detail = 2) AS sure_causes
    FROM found
    GROUP BY file, "offset"
)
