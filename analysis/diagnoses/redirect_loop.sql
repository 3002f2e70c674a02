/*
title = "A sign-in goes in circles"
responsible = "client developer"
security = false
remedy = "The application sends the browser back to sign in although it just has: its session cookie is not kept (SameSite, Secure behind a proxy that ends TLS, another domain or path, too large), or it refuses the token it got. Look at the answer of the callback: which cookie it sets, and what the next request brings."
references = ["https://www.rfc-editor.org/rfc/rfc6265#section-5.3", "https://www.rfc-editor.org/rfc/rfc9700#section-4.7"]
evidence = "One browser asks for authorization eight times within thirty seconds, for the same client, and no password is wrong."
*/
WITH asked AS (
    SELECT source, client_id, time, coalesce(session_id, client_ip || coalesce(user_agent, '')) AS browser
    FROM seen
    WHERE endpoint = 'authorization' AND coalesce(route, '') NOT LIKE '%/callback%' AND coalesce(cause, '') NOT LIKE 'user.%'
),
counted AS (
    SELECT *, count(*) OVER (PARTITION BY source, client_id, browser ORDER BY time RANGE BETWEEN INTERVAL 30 SECOND PRECEDING AND CURRENT ROW) AS times
    FROM asked
    WHERE browser IS NOT NULL AND client_id IS NOT NULL
)
SELECT
    source, client_id, CAST(NULL AS VARCHAR) AS cause, min(time) AS start, max(time) AS "end", count(*) AS failures,
    format('{} browser{}, up to {} authorization requests in thirty seconds', count(DISTINCT browser), CASE WHEN count(DISTINCT browser) = 1 THEN '' ELSE 's' END, max(times)) AS evidence
FROM counted
WHERE times >= 8
GROUP BY source, client_id
