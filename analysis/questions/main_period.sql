-- Grain: one row per stretch of the log without a week of silence in it; the fullest first.
WITH hours AS (
    SELECT date_trunc('hour', time) AS hour, count(*) AS events, min(time) AS first, max(time) AS last
    FROM stored
    GROUP BY hour
),
parted AS (
    SELECT *, coalesce(hour - lag(hour) OVER (ORDER BY hour) > INTERVAL 7 DAY, false) AS begins
    FROM hours
),
numbered AS (
    SELECT *, count(*) FILTER (begins) OVER (ORDER BY hour) AS stretch
    FROM parted
)
SELECT min(first) AS first, max(last) AS last, sum(events) / sum(sum(events)) OVER () AS share
FROM numbered
GROUP BY stretch
ORDER BY share DESC
LIMIT 1
