/*
title = "A client's credentials stopped working"
responsible = "client operator"
security = false
remedy = "The secret, key or certificate expired, was rotated or deleted at this moment, or the client was deployed with another one. Compare the client's configuration with what the server has; give every client a second secret before the first one ends."
references = ["https://www.rfc-editor.org/rfc/rfc6749#section-5.2", "https://learn.microsoft.com/en-us/entra/identity-platform/howto-create-service-principal-portal"]
evidence = "The client authenticated until an instant, then was refused time after time without one success: ten times, or five at the end of the log."
*/
WITH refused AS (
    SELECT source, client_id FROM seen WHERE failed AND cause LIKE 'client_auth.%' AND client_id IS NOT NULL GROUP BY ALL HAVING count(*) >= 5
),
authenticated AS (
    SELECT source, client_id, time, failed, cause,
        count_if(NOT failed) OVER (PARTITION BY source, client_id ORDER BY time ROWS UNBOUNDED PRECEDING) AS successes,
        count_if(NOT failed) OVER (PARTITION BY source, client_id) AS of_all
    FROM seen SEMI JOIN refused USING (source, client_id)
    WHERE endpoint IN ('token', 'introspection', 'revocation', 'pushed_authorization_request', 'device_authorization')
        AND (NOT failed OR cause LIKE 'client_auth.%')
)
SELECT
    source, client_id, mode(cause) AS cause, min(time) FILTER (failed) AS start, max(time) FILTER (failed) AS "end", count_if(failed) AS failures,
    format('worked until {}, then refused {} times without one success{}', strftime(min(time) FILTER (NOT failed), '%Y-%m-%d %H:%M:%S'), count_if(failed),
        CASE WHEN any_value(successes = of_all) THEN '' ELSE '; works again since' END) AS evidence
FROM authenticated
GROUP BY source, client_id, successes
HAVING min(successes) >= 3 AND count_if(failed) >= CASE WHEN any_value(successes = of_all) THEN 5 ELSE 10 END
