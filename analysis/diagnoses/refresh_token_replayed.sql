/*
title = "A refresh token that was rotated comes back later"
responsible = "client developer"
security = true
remedy = "The client kept an old refresh token: it did not store the answer of a refresh (a crash, a lost answer, a restored backup), or the token was stolen. From another address than the client's own, end the session and look for the leak; else store the new token before the old one is forgotten."
references = ["https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2", "https://www.rfc-editor.org/rfc/rfc6749#section-10.4"]
evidence = "Told as reuse of a token whose user, session or token was refreshed before, but not within ten seconds."
*/
SELECT
    source, client_id, cause, min(time) AS start, max(time) AS "end", count(*) AS failures,
    format('{} of {} from another address than the last refresh that succeeded', count_if(usual_ip <> client_ip), count(*)) AS evidence
FROM refreshes
WHERE failed AND cause = 'grant.refresh_reused' AND near IS NULL AND usual_ip IS NOT NULL
GROUP BY source, client_id, cause
