-- Grain: one row per event. A success, and what failed but not for OAuth's sake, has no cause.
CREATE OR REPLACE VIEW events AS
SELECT
    stored.*,
    verdicts.cause,
    verdicts.confidence,
    verdicts.rule,
    causes.family,
    causes.title,
    causes.responsible,
    causes.retry,
    causes.security,
    causes.normal,
    causes.remedy,
    causes.reference
FROM stored
LEFT JOIN verdicts ON stored.signature = verdicts.signature AND stored.outcome = 'failure'
LEFT JOIN causes ON verdicts.cause = causes.cause
