-- What every pattern selects from. `seen`: the events of a scope; a pattern filters by causes itself. `refreshes`: uses of refresh tokens,
-- each with `near`, the refresh of the same token that succeeded at most ten seconds before, and `usual_ip`, from where the last one came.
-- Where the log names no token, its session or user stands for it; where it names none of them, nothing can be told.
WITH seen AS (
    SELECT *, coalesce(client_id, user_id, client_ip) AS caller
    FROM scoped($since, $until, $sources, $clients, $endpoints, [])
),
refreshes AS (
    SELECT source, client_id, time, failed, cause, who, client_ip,
        max(CASE WHEN NOT failed THEN time END) OVER (same RANGE BETWEEN INTERVAL 10 SECOND PRECEDING AND INTERVAL 1 SECOND FOLLOWING) AS near,
        last_value(CASE WHEN NOT failed THEN client_ip END IGNORE NULLS) OVER (same ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS usual_ip
    FROM (SELECT *, coalesce(credential_id, session_id, user_id) AS who FROM seen WHERE grant_type = 'refresh_token' OR cause LIKE 'grant.refresh%')
    WHERE who IS NOT NULL
    WINDOW same AS (PARTITION BY source, client_id, who ORDER BY time)
)
