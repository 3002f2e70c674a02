-- Grain: one row per event. A success, and what failed but not for OAuth's sake, has no cause.
-- `lifted_from` says which other log told it, where the line itself does not; `conflict` is the cause that the line
-- tells as surely.
CREATE OR REPLACE VIEW events AS
SELECT
    judged.*,
    causes.family,
    causes.title,
    causes.responsible,
    causes.retry,
    causes.security,
    causes.normal,
    causes.remedy,
    causes.reference
FROM (
    SELECT
        stored.*,
        coalesce(lifted.cause, verdicts.cause) AS cause,
        coalesce(lifted.confidence, verdicts.confidence) AS confidence,
        coalesce(lifted.rule, verdicts.rule) AS rule,
        CASE WHEN lifted.cause IS NULL THEN verdicts.conflict END AS conflict,
        lifted.lifted_from
    FROM stored
    LEFT JOIN verdicts ON stored.signature = verdicts.signature AND stored.outcome = 'failure'
    LEFT JOIN lifted ON stored.file = lifted.file AND stored."offset" = lifted."offset"
) AS judged
LEFT JOIN causes ON judged.cause = causes.cause
