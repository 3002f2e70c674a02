-- Grain: one row per source and reason. What lies in quarantine? Of the whole lake: what was refused has no
-- time that could be trusted, so no period.
SELECT source, reason, count(*) AS records, any_value(input) AS example_input
FROM quarantine
GROUP BY source, reason
ORDER BY records DESC, source, reason
