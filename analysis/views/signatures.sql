-- Grain: one row per distinct failure, with its verdict and what to do.
CREATE OR REPLACE VIEW signatures AS
SELECT failures.*, verdicts.* EXCLUDE (signature), causes.* EXCLUDE (cause)
FROM failures
JOIN verdicts USING (signature)
JOIN causes ON verdicts.cause = causes.cause
