/*
title = "A refresh token that was rotated comes back later"
responsible = "client developer"
security = true
remedy = "The client kept an old refresh token: it did not store the answer of a refresh (a crash, a lost answer, a restored backup), or the token was stolen. From another address than the client's own, end the session and look for the leak; else store the new token before the old one is forgotten."
references = ["https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2", "https://www.rfc-editor.org/rfc/rfc6749#section-10.4"]
evidence = "Told as reuse, and no refresh of the same token or session within ten seconds before."
*/
WITH refreshes AS (
    SELECT source, client_id, time, failed, cause, coalesce(credential_id, session_id, user_id) AS who, client_ip
    FROM seen
    WHERE grant_type = 'refresh_token' OR cause LIKE 'grant.refresh%'
),
marked AS (
    SELECT
        *,
        max(CASE WHEN NOT failed THEN time END) OVER (PARTITION BY source, client_id, who ORDER BY time RANGE BETWEEN INTERVAL 10 SECOND PRECEDING AND INTERVAL 1 SECOND FOLLOWING) AS near,
        last_value(CASE WHEN NOT failed THEN client_ip END IGNORE NULLS) OVER (PARTITION BY source, client_id, who ORDER BY time ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS usual_ip
    FROM refreshes
)
SELECT
    source, client_id, cause, min(time) AS start, max(time) AS "end", count(*) AS failures,
    format('{} of {} from another address than the last refresh that succeeded', count_if(usual_ip <> client_ip), count(*)) AS evidence
FROM marked
WHERE failed AND cause = 'grant.refresh_reused' AND near IS NULL AND usual_ip IS NOT NULL
GROUP BY source, client_id, cause
