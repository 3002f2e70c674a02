/*
title = "SuperTokens (core and backend SDKs)"
kind = "auth_server"
provenance = "composed"
recognise = '^[0-9]{2} [A-Z][a-z]{2,3} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2}:[0-9]{3} [+-][0-9]{4} \| [A-Z]+ \| pid: \S* \| |\bcom\.supertokens(?:[: ]|\x1b\[[0-9;]*m)+\{"?t"?: ?"'
priority = 42
documentation = [
    "https://supertokens.com/docs/deployment/self-host-supertokens",
    "https://github.com/supertokens/supertokens-core/blob/master/src/main/java/io/supertokens/output/Logging.java",
    "https://github.com/supertokens/supertokens-core/blob/master/src/main/java/io/supertokens/webserver/WebserverAPI.java",
    "https://github.com/supertokens/supertokens-node/blob/master/lib/ts/logger.ts",
    "https://github.com/supertokens/supertokens-python/blob/master/supertokens_python/logger.py",
    "https://github.com/supertokens/supertokens-golang/blob/master/supertokens/logger.go",
]
cannot_tell = "The core hands OAuth requests on to Ory Hydra and answers 200 whatever Hydra says: a refused client, code or scope stands in Hydra's log (source hydra), and the core's has a line for a refresh token that is not active and for requests that end in an exception. The SDKs write at debug level only (DEBUG=com.supertokens in Node, SUPERTOKENS_DEBUG=1 in Python and Go): why a session was refused or a refresh failed, but neither the path, the address, the user nor an id of the request. A wrong password is an answer with status 200 and is written nowhere."

[[advice]]
columns = ["error_code", "error_description"]
add = 'DEBUG=com.supertokens (Node), SUPERTOKENS_DEBUG=1 (Python, Go)'
tells = "why a session was refused or could not be refreshed"
*/
-- The core: `time | LEVEL | pid: id | [thread] thread | caller | message`, with its version among them since release 6; the message is a
-- JSON object since release 7, `Tenant(domain, app, tenant) | text` before, and bare text up to release 4. The SDKs:
-- `com.supertokens {t: "...", message: "...", file: "..." sdkVer: "..."}`, which is no JSON in Node and Go, and in Python JSON into which
-- values are set unescaped.
WITH plain AS (
    SELECT "offset", CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END AS line
    FROM records
),
shaped AS (
    SELECT *,
        CASE WHEN contains(line, 'com.supertokens') AND regexp_matches(line, '\bcom\.supertokens[: ]+\{"?t"?: ?"') THEN 'sdk'
             WHEN line[13] BETWEEN '0' AND '9' AND contains(line, ' | pid: ') AND regexp_matches(line, '^[0-9]{2} [A-Z][a-z]{2,3} [0-9]{4} ') THEN 'core' END AS shape
    FROM plain
),
cut AS (
    SELECT *,
        CASE WHEN shape = 'sdk' THEN substr(line, strpos(line, 'com.supertokens')) END AS sdk,
        -- behind the thread: the caller, and the version before it in some releases
        CASE WHEN shape = 'core' AND contains(line, '] thread | ') THEN substr(line, strpos(line, '] thread | ') + 11) END AS tail
    FROM shaped
),
parted AS (
    SELECT *,
        CASE WHEN sdk IS NOT NULL THEN split_part(split_part(substr(sdk, 1, 90), '"', CASE WHEN contains(sdk[:24], '{"t"') THEN 4 ELSE 2 END), '"', 1) END AS stamp,
        CASE WHEN sdk IS NULL THEN NULL
             WHEN contains(sdk[:24], '{"t"') THEN substr(sdk, strpos(sdk, '"message": "') + 12)
             ELSE substr(sdk, strpos(sdk, 'message: "') + 10) END AS rest,
        CASE WHEN tail IS NULL THEN NULL
             WHEN regexp_matches(tail, '^v[0-9][0-9.]* \| ') THEN substr(tail, strpos(tail, ' | ') + 3) ELSE tail END AS called
    FROM cut
),
worded AS (
    SELECT *,
        CASE WHEN rest IS NULL THEN NULL
             WHEN contains(rest, '", file: "') THEN split_part(rest, '", file: "', 1)
             WHEN contains(rest, '", "file": "') THEN replace(split_part(rest, '", "file": "', 1), '\"', '"')
             WHEN contains(rest, '", supertokens-') THEN split_part(rest, '", supertokens-', 1) END AS said,
        CASE WHEN contains(called, ' | ') THEN substr(called, strpos(called, ' | ') + 3) END AS written
    FROM parted
),
read AS MATERIALIZED (
    SELECT *,
        CASE WHEN written[1] = '{' THEN TRY(from_json(written,
            '{"message":"VARCHAR","tenant":{"connectionUriDomain":"VARCHAR","appId":"VARCHAR","tenantId":"VARCHAR"},"exception":["VARCHAR"]}')) END AS j,
        CASE WHEN starts_with(written, 'Tenant(') THEN string_split(split_part(split_part(written, ')', 1), '(', 2), ', ') END AS owner
    FROM worded
),
-- the SDK for Node writes an identity provider's bad answer twice, where it is read and where it is judged
answers AS (
    SELECT "offset" AS answer, contains(sdk[:24], '{"t"') OR row_number() OVER (PARTITION BY said ORDER BY "offset") % 2 = 1 AS first
    FROM read WHERE regexp_matches(said, '^Received response with status [45][0-9]{2} ')
),
-- up to release 6 the exception is a message of its own, before the one that tells of the request
errors AS (
    SELECT "offset" AS problem, CASE WHEN lag(thread) OVER (ORDER BY "offset") = thread THEN lag(message) OVER (ORDER BY "offset") END AS before
    FROM (SELECT "offset", split_part(split_part(line, '] thread | ', 1), ' | [', 2) AS thread,
            CASE WHEN owner IS NOT NULL THEN substr(written, strpos(written, ') | ') + 4) ELSE written END AS message
          FROM read WHERE shape = 'core' AND j IS NULL AND written IS NOT NULL AND contains(line[:50], ' | ERROR | '))
),
told AS (
    SELECT read.*, answers.first,
        CASE WHEN j IS NOT NULL THEN j.message WHEN owner IS NOT NULL THEN substr(written, strpos(written, ') | ') + 4) ELSE written END AS message,
        coalesce(CASE WHEN contains(j.exception[1], 'ServletException') THEN list_filter(j.exception, lambda one: starts_with(one, 'Caused by: '))[1] END,
            j.exception[1], CASE WHEN regexp_matches(errors.before, '^[A-Za-z0-9_.$]+(Exception|Error)(: |$)') THEN errors.before END) AS thrown
    FROM read LEFT JOIN answers ON read."offset" = answers.answer LEFT JOIN errors ON read."offset" = errors.problem
),
judged AS (
    SELECT *,
        -- an exception's cause, which decides the status
        CASE WHEN starts_with(message, 'API threw an exception: ') AND thrown IS NOT NULL THEN regexp_extract(thrown,
            '^(?:Caused by: )?(?:[a-z.]*ServletException: )?(?:[A-Za-z0-9_]+[.$])*([A-Za-z0-9_]+)(?:: (.*))?', ['class', 'text']) END AS cause,
        CASE WHEN starts_with(message, 'API threw an exception: ') THEN split_part(message[25:], ' ', 1) END AS method,
        CASE WHEN starts_with(message, 'API threw an exception: ') THEN split_part(message[25:], ' ', 2) END AS path,
        CASE
            WHEN starts_with(message, 'API threw an exception: ') THEN 'exception'
            WHEN starts_with(message, 'OAuth non-rotating refresh: token_inactive') OR starts_with(message, 'OAuth non-rotating refresh: Hydra exchange failed') THEN 'refresh'
            WHEN starts_with(message, 'Concurrent request cap (') AND contains(message, 'rejecting with 429') THEN 'limit'
            WHEN said IS NULL THEN NULL
            WHEN starts_with(said, 'getSession: Success!') OR starts_with(said, 'refreshSession: Success!') OR starts_with(said, 'createNewSession: Finished') THEN 'success'
            WHEN regexp_matches(said, '^[A-Za-z_ ]+: .*\b(UNAUTHORISED|TRY_REFRESH_TOKEN|TOKEN_THEFT_DETECTED) because\b') AND NOT starts_with(said, 'errorHandler: ') THEN 'session'
            WHEN regexp_matches(said, '^validate_?[cC]laims_?[iI]n_?[pP]ayload ') AND regexp_matches(said, '"is_?[vV]alid"\s*:\s*false') THEN 'claims'
            WHEN first THEN 'idp'
            WHEN starts_with(said, 'signInUpPOST: erroring out because ') THEN 'signin'
            WHEN starts_with(said, 'Error fetching: ') THEN 'core' END AS sort
    FROM told
),
decided AS (
    SELECT *,
        CASE WHEN sort = 'session' THEN regexp_extract(said, '\b(UNAUTHORISED|TRY_REFRESH_TOKEN|TOKEN_THEFT_DETECTED) because\b', 1) END AS refused,
        CASE WHEN sort = 'exception' AND cause.class <> '' THEN CAST(CASE
            WHEN cause.class IN ('TenantOrAppNotFoundException', 'BadRequestException') THEN 400
            WHEN cause.class = 'APIKeyUnauthorisedException' THEN 401
            WHEN cause.class = 'FeatureNotEnabledException' THEN 402
            WHEN cause.class = 'BadPermissionException' THEN 403
            ELSE 500 END AS SMALLINT)
             WHEN sort = 'limit' THEN CAST(429 AS SMALLINT)
             WHEN starts_with(message, 'OAuth non-rotating refresh: token_inactive') THEN CAST(401 AS SMALLINT) END AS answered,
        CASE WHEN sort = 'exception' THEN CASE
                WHEN regexp_matches(path, '/recipe/(session/refresh)/?$') THEN 'token'
                WHEN regexp_matches(path, '/recipe/(oauth/auth/|signin|signup|signinup|user/passwordless|webauthn/signin|totp/verify)') THEN 'authorization' END
             WHEN sort = 'refresh' THEN 'token'
             WHEN said IS NULL OR sort IS NULL THEN NULL
             WHEN starts_with(said, 'refreshSession: ') THEN 'token'
             WHEN starts_with(said, 'createNewSession: ') OR sort IN ('idp', 'signin') THEN 'authorization'
             WHEN sort IN ('session', 'success', 'claims') THEN 'api' END AS place
    FROM judged
)
SELECT
    "offset",
    CASE WHEN shape = 'sdk' THEN CASE
            WHEN regexp_full_match(stamp, '[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?\+00Z') THEN TRY_CAST(split_part(stamp, '+', 1) AS TIMESTAMP)
            WHEN regexp_full_match(stamp, '[0-9-]{10}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})') THEN iso_time(stamp) END
         WHEN shape = 'core' THEN make_timestamp(epoch_us(try_strptime(split_part(line, ' | ', 1), '%d %b %Y %H:%M:%S:%g %z'))) END AS time,
    CASE WHEN shape = 'core' THEN nullify(replace(split_part(line, ' | ', 3), 'pid: ', '')) END AS instance,
    CASE WHEN j IS NOT NULL THEN concat_ws('/', nullif(nullify(j.tenant."appId"), 'public'), nullify(j.tenant."tenantId"))
         WHEN len(owner) = 3 THEN concat_ws('/', nullif(nullify(owner[2]), 'public'), nullify(owner[3])) END AS tenant,
    place AS endpoint,
    path,
    CASE WHEN regexp_full_match(method, '[A-Z]+') THEN method END AS method,
    answered AS status,
    CASE WHEN place = 'token' THEN 'refresh_token' END AS grant_type,
    CASE WHEN sort IN ('session', 'claims', 'idp', 'signin', 'core', 'refresh', 'limit') THEN 'failure'
         WHEN sort = 'success' THEN 'success'
         -- releases that write the exception by itself do not tell the status
         WHEN sort = 'exception' AND answered IS NULL THEN CASE WHEN place IS NOT NULL OR contains(path, '/recipe/oauth/') THEN 'failure' ELSE 'other' END END AS outcome,
    CASE WHEN sort = 'session' THEN refused
         WHEN sort = 'claims' THEN 'INVALID_CLAIMS'
         WHEN sort = 'exception' THEN nullif(cause.class, '')
         WHEN starts_with(message, 'OAuth non-rotating refresh: token_inactive') THEN 'token_inactive'
         WHEN sort = 'signin' THEN nullif(regexp_extract(said, ' returned ([A-Z_]+)$', 1), '') END AS error_code,
    left(CASE WHEN sort IN ('session', 'claims', 'idp', 'signin', 'core') THEN said
         WHEN sort = 'exception' THEN coalesce(nullif(cause.text, ''), 'API threw an exception')
         WHEN sort = 'refresh' THEN split_part(message, ' — ', 1)
         WHEN sort = 'limit' THEN message END, 500) AS error_description,
    CASE WHEN sort IS NOT NULL THEN NULL
         WHEN shape = 'sdk' THEN CASE
            WHEN rest IS NOT NULL AND said IS NULL AND regexp_matches(rest, '^(getSession|refreshSession|getInfoFromAccessToken): ') THEN NULL
            WHEN starts_with(said, 'errorHandler: ') OR starts_with(said, 'Sending response to client with status code: ') OR starts_with(said, 'Received response with status ')
                THEN 'another line tells why the request failed'
            ELSE 'a step of a request' END
         WHEN written[1] = '{' AND j IS NULL THEN NULL
         WHEN starts_with(message, 'API called: ') THEN 'a request begins, another line tells how it ends'
         WHEN starts_with(message, 'API ended: ') THEN 'a request without its outcome'
         WHEN message IS NOT NULL THEN 'server message'
         WHEN shape IS NULL AND regexp_matches(line, '^\s+(at |\.\.\. \d+ )|^(Caused by|Suppressed): |^[\w.$]+(Exception|Error)(: |$)') THEN 'stack trace'
         WHEN shape IS NULL THEN 'not a log line of the server' END AS ignored,
    CASE WHEN shape = 'core' AND written IS NULL THEN 'broken text'
         WHEN written[1] = '{' AND j IS NULL THEN 'broken JSON'
         WHEN shape = 'sdk' AND said IS NULL THEN 'broken text' END AS quarantined
FROM decided
