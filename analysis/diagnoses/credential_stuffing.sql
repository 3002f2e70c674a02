/*
title = "One address tries the passwords of many users"
responsible = "auth-server operator"
security = true
remedy = "Block or slow down the address, ask for a second factor, and look whether one of these sign-ins succeeded: those users need a new password."
references = ["https://www.rfc-editor.org/rfc/rfc6819#section-4.4.3.6", "https://owasp.org/www-community/attacks/Credential_stuffing"]
evidence = "At least ten users within ten minutes, and hardly any success."
*/
WITH tried AS (
    SELECT source, client_ip, time_bucket(INTERVAL 10 MINUTE, time) AS bucket, min(time) AS start, max(time) AS "end",
        count(*) AS failures, count(DISTINCT user_id) AS users, mode(cause) AS cause
    FROM seen
    WHERE failed AND client_ip IS NOT NULL AND user_id IS NOT NULL AND cause IN ('user.bad_credentials', 'user.not_found', 'user.locked')
    GROUP BY source, client_ip, bucket
    HAVING count(DISTINCT user_id) >= 10
),
entered AS (
    SELECT source, client_ip, time_bucket(INTERVAL 10 MINUTE, time) AS bucket, count(DISTINCT user_id) AS entered
    FROM seen
    WHERE outcome = 'success' AND user_id IS NOT NULL AND client_ip IN (SELECT client_ip FROM tried)
    GROUP BY source, client_ip, bucket
)
SELECT
    source, CAST(NULL AS VARCHAR) AS client_id, any_value(cause) AS cause, min(start) AS start, max("end") AS "end", CAST(sum(failures) AS BIGINT) AS failures,
    format('{}: {} users in ten minutes{}', client_ip, max(users), CASE WHEN sum(entered) > 0 THEN format(', {} came in', sum(entered)) ELSE '' END) AS evidence
FROM tried LEFT JOIN entered USING (source, client_ip, bucket)
WHERE users >= 5 * coalesce(entered, 0)
GROUP BY source, client_ip
