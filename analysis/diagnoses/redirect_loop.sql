/*
title = "A sign-in goes in circles"
responsible = "client developer"
security = false
remedy = "The application sends the browser back to sign in although it just has: its session cookie is not kept (SameSite, Secure behind a proxy that ends TLS, another domain or path, too large), or it refuses the token it got. Look at the answer of the callback: which cookie it sets, and what the next request brings."
references = ["https://www.rfc-editor.org/rfc/rfc6265#section-5.3", "https://www.rfc-editor.org/rfc/rfc9700#section-4.7"]
evidence = "One browser asks for authorization eight times within thirty seconds, for the same client, and no password is wrong."
*/
WITH asked AS (
    SELECT *, coalesce(session_id, client_ip || coalesce(user_agent, '')) AS browser
    FROM seen
    WHERE endpoint = 'authorization' AND client_id IS NOT NULL AND coalesce(route, '') NOT LIKE '%/callback%' AND coalesce(cause, '') NOT LIKE 'user.%'
),
counted AS (
    SELECT source, client_id, browser, time,
        count(*) OVER (same RANGE BETWEEN INTERVAL 30 SECOND PRECEDING AND CURRENT ROW) AS times,
        coalesce(time - lag(time) OVER same > INTERVAL 30 SECOND, true) AS begins
    FROM asked
    WHERE browser IS NOT NULL
    WINDOW same AS (PARTITION BY source, client_id, browser ORDER BY time)
),
rounds AS (SELECT *, count_if(begins) OVER (PARTITION BY source, client_id, browser ORDER BY time) AS round FROM counted),
loops AS (
    SELECT source, client_id, browser, min(time) AS start, max(time) AS "end", count(*) AS requests, max(times) AS times
    FROM rounds
    GROUP BY source, client_id, browser, round
    HAVING max(times) >= 8
)
SELECT
    source, client_id, CAST(NULL AS VARCHAR) AS cause, min(start) AS start, max("end") AS "end", CAST(sum(requests) AS BIGINT) AS failures,
    format('{} browser{}, up to {} authorization requests in thirty seconds', count(DISTINCT browser), CASE WHEN count(DISTINCT browser) = 1 THEN '' ELSE 's' END, max(times)) AS evidence
FROM loops
GROUP BY source, client_id
