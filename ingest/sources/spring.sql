/*
title = "Spring Security, Spring Authorization Server and Spring Cloud Gateway"
kind = "gateway"
provenance = "captured"
recognise = '^([0-9]{4}-[0-9-]{5}[T ])?[0-9]{2}:[0-9:]{5}\S* +(TRACE|DEBUG|INFO|WARN|ERROR) .*--- \[.*\] +((o\.s\.|org\.springframework\.)(s\.|security\.|c\.g\.|cloud\.gateway\.)\S+|(r\.n|reactor\.netty)\.\S*\.AccessLog|[A-Za-z0-9_.$]*(ClientSecretAuthenticationProvider|PublicClientAuthenticationProvider|ClientAssertionAuthenticationProvider|ClientCertificateAuthenticationProvider|(Code|Request|Consent|RefreshToken|ClientCredentials|Exchange|Introspection|Revocation|Registration|Configuration|Logout|UserInfo|Verification)AuthenticationProvider|RequestAuthenticationValidator|OAuth2[A-Za-z]+Filter|ClientCredentialsTokenEndpointFilter|[a-z](Request|Registration|Introspection|Revocation|Authorization|Verification|UserInfo|Logout)EndpointFilter|OpaqueTokenAuthenticationProvider|BearerTokenAuthenticationFilter|UsernamePasswordAuthenticationFilter|DelegatingAuthenticationEntryPoint|DefaultAuthenticationEventPublisher|DelegatingReactiveAuthorizationManager|HttpSessionSecurityContextRepository|HttpWebHandlerAdapter|AbstractErrorWebExceptionHandler|DefaultErrorWebExceptionHandler)) *: |^([0-9]{4}-[0-9-]{5}[T ])?[0-9]{2}:[0-9:]{5}\S* +(\[[^\]]*\] +)?(TRACE|DEBUG|INFO|WARN|ERROR) +(\[[^\]]*\] +)?(o\.s\.s\.|o\.s\.security\.|org\.springframework\.(security|cloud\.gateway)\.)\S+ +- |^[0-9]{4}-[0-9-]{5}[T ][0-9:]{8}\S* +ERROR .*--- \[.* : Servlet\.service\(\) for servlet .*org\.springframework\.security\.oauth2\.|"(logger|log\.logger|logger_name|loggerName|_log_logger|_logger)"\s*:\s*"(org\.springframework\.(security|cloud\.gateway|web\.server\.adapter\.Http|boot\.[a-z.]+\.(Default|Abstract)ErrorWebEx)|reactor\.netty\.http\.server\.AccessLog)|^[0-9A-Fa-f.:]+ - \S+ \[[0-9]{2}/[^ /]{3,9}/[0-9]{4}:[0-9:]{8} [+-][0-9]{4}\] "[A-Z]+ \S+ HTTP/[0-9.]+" [0-9]{3} ([0-9]+|-) [0-9]+( [0-9]+ ms)?$'
priority = 45
documentation = [
    "https://docs.spring.io/spring-boot/reference/features/logging.html",
    "https://docs.spring.io/spring-security/reference/servlet/architecture.html#servlet-logging",
    "https://docs.spring.io/spring-authorization-server/reference/protocol-endpoints.html",
    "https://docs.spring.io/spring-cloud-gateway/reference/spring-cloud-gateway-server-webflux/reactor-netty-access-logs.html",
    "https://projectreactor.io/docs/netty/release/reference/http-server.html#access-log",
    "https://github.com/spring-projects/spring-security",
]
cannot_tell = "At INFO, Spring Security logs no failure at all: logging.level.org.springframework.security=DEBUG brings most causes, and logging.level.org.springframework.security.oauth2=TRACE the error code that the client got. There is no client_id in a failed token request (what stands in quotes is the id of the registration) and no HTTP status in a servlet application: server.tomcat.accesslog.enabled=true writes it. Lines of one request are put together by the trace id of Micrometer Tracing (a tracing bridge, and spring.reactor.context-propagation=auto for WebFlux); without one by the thread, which a reactive application may change in between, and then a cause and its status are two failures. The access log of Reactor Netty has neither an id nor an error."
*/
-- A record is a line of Spring Boot's pattern (Logback or Log4j2, releases 2 to 4), a JSON object of its structured
-- formats, of logstash-logback-encoder, Logback or Log4j2, or a bare line of Reactor Netty's access log. What an exception
-- says stands in the lines that follow; what a request was, and what became of it, in other lines of its thread or trace. So
-- this SELECT looks at lines together, within the records that it is given; where these are cut, it only knows less.
WITH read AS (
    SELECT "offset", line,
        CASE WHEN line[1] BETWEEN '0' AND '9' AND (line[5] = '-' AND line[8] = '-' OR line[3] = ':' AND line[6] = ':') THEN strpos(line, ' --- ') END AS dashes,
        CASE WHEN line[1] = '{' THEN TRY(from_json(line,
            '{"logger_name":"VARCHAR","loggerName":"VARCHAR","log.logger":"VARCHAR","_log_logger":"VARCHAR","_logger":"VARCHAR",
              "logger":"VARCHAR","log":"JSON","message":"VARCHAR","formattedMessage":"VARCHAR","short_message":"VARCHAR"}')) END AS j
    FROM records
),
-- a common pattern of one's own, `%d [%thread] %-5level %logger - %msg`, the thread also behind the level
patterned AS (
    SELECT *, CASE WHEN dashes = 0 AND contains(line, ' - ') THEN regexp_extract(line,
        '^((?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ])?[0-9]{2}:[0-9]{2}:[0-9]{2}\S*) +(?:\[([^\]]*)\] +)?(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +(?:\[([^\]]*)\] +)?([A-Za-z0-9_$.]+) +- (.*)$',
        ['at', 'thread', 'level', 'later', 'logger', 'message']) END AS l
    FROM read
),
split AS (
    SELECT "offset", line, j,
        CASE WHEN dashes > 12 THEN left(line, dashes - 1) WHEN l.logger <> '' THEN l.at || ' ' || l.level END AS head,
        CASE WHEN dashes > 12 THEN substr(line, dashes + 5)
             WHEN l.logger <> '' THEN '[' || l.thread || l.later || '] ' || l.logger || ' : ' || l.message END AS rest
    FROM patterned
),
headed AS (
    SELECT "offset", line, j, head, rest,
        -- `2026-03-02T02:15:04.120Z DEBUG [app,trace,span] 1`; a pattern of one's own may leave out the pid
        CASE WHEN head IS NOT NULL AND regexp_full_match(head,
                '(?:[0-9]{4}-[0-9]{2}-[0-9]{2}[T ])?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]{1,9})?(?:Z|[+-][0-9]{2}:?[0-9]{2})? +(?:TRACE|DEBUG|INFO|WARN|ERROR|FATAL)(?: \[[^\]]*\])? *[0-9]*')
             THEN strpos(rest, ' : ') END AS colon
    FROM split
),
placed AS (
    SELECT "offset", line, head, j IS NOT NULL AS is_json,
        CASE WHEN colon > 0 THEN rtrim(left(rest, colon - 1)) END AS place,
        CASE WHEN colon > 0 THEN substr(rest, colon + 3)
             WHEN j IS NOT NULL THEN coalesce(j."formattedMessage", j.message, j.short_message) END AS message,
        CASE WHEN j IS NOT NULL THEN coalesce(j.logger_name, j."loggerName", j."log.logger", j._log_logger, j._logger,
            json_extract_string(j.log, '$.logger'), j.logger) END AS json_logger
    FROM headed
),
named AS (
    SELECT *, split_part(logger, '.', -1) AS class
    FROM (SELECT * EXCLUDE (json_logger), CASE WHEN place IS NOT NULL THEN split_part(place, ' ', -1) ELSE json_logger END AS logger FROM placed)
),
-- what a line is about: requests, reasons, failures; everything else is noise
cast_in_roles AS (
    SELECT "offset", line, is_json, head, place, logger, class,
        CASE WHEN message[1] = '[' AND (ends_with(class, 'HttpWebHandlerAdapter') OR ends_with(class, 'ErrorWebExceptionHandler'))
             THEN ltrim(substr(message, strpos(message, '] ') + 2)) ELSE message END AS message,
        CASE WHEN message[1] = '[' AND (ends_with(class, 'HttpWebHandlerAdapter') OR ends_with(class, 'ErrorWebExceptionHandler'))
             THEN split_part(split_part(substr(message, 2), ']', 1), ',', 1) END AS exchange
    FROM named
),
roles AS MATERIALIZED (
    SELECT *,
        CASE WHEN message IS NULL OR class IS NULL THEN
                -- Reactor Netty's access log where nothing stands before the message
                CASE WHEN NOT is_json AND line[1] <> '{' AND contains(line, '] "') AND contains(line, ' - ')
                        AND regexp_full_match(split_part(line, '"', 3), ' [0-9]{3} (?:[0-9]+|-) [0-9]+(?: [0-9]+ ms)?')
                        AND split_part(line, '"', 4) = ''
                    THEN 'bare' END
             WHEN class = 'AccessLog' THEN CASE WHEN contains(logger, 'netty') OR starts_with(logger, 'r.n.') THEN 'access' END
             WHEN ends_with(class, 'FilterChainProxy') THEN CASE WHEN starts_with(message, 'Securing ') THEN 'request' END
             WHEN ends_with(class, 'HttpWebHandlerAdapter') THEN
                CASE WHEN starts_with(message, 'HTTP ') THEN 'request'
                     WHEN starts_with(message, 'Completed ') THEN 'completed'
                     WHEN starts_with(message, '500 Server Error for ') THEN 'error' END
             WHEN ends_with(class, 'ErrorWebExceptionHandler') THEN
                CASE WHEN starts_with(message, '500 Server Error for ') OR starts_with(message, 'Resolved [') THEN 'error' END
             WHEN ends_with(class, 'DispatcherServlet') THEN
                CASE WHEN starts_with(message, 'Completed ') THEN 'completed'
                     WHEN regexp_matches(message, '^[A-Z]+ "/') THEN 'request' END
             WHEN ends_with(class, 'ProviderManager') THEN
                CASE WHEN starts_with(message, 'Authentication failed with provider ') THEN 'provider'
                     WHEN starts_with(message, 'Authentication failed for user ') THEN 'provider'
                     WHEN starts_with(message, 'Authentication service failed internally ') THEN 'provider' END
             WHEN starts_with(message, 'Invalid request: ') THEN 'reason'
             WHEN starts_with(message, 'Invalidated ') AND contains(message, ' registered client ''') AND NOT contains(message, 'consent was denied') THEN 'reason'
             WHEN starts_with(message, 'Removed expired pushed authorization request') THEN 'reason'
             WHEN contains(message, ' failed: [') AND (ends_with(class, 'Filter') OR ends_with(class, 'Handler')) THEN
                CASE WHEN regexp_matches(message, '^(Client authentication|(Token|Authorization|Token introspection|Token revocation|Client registration|User info|Logout|Pushed authorization|Device authorization|Device verification) request) failed: \[') THEN 'final' END
             WHEN regexp_matches(message, '^(OpenID (Connect 1\.0 )?|OAuth 2\.0 )(UserInfo|Client Registration|RP-Initiated Logout) Error: ') THEN 'final'
             WHEN starts_with(message, 'Authenticated ') THEN
                CASE WHEN ends_with(message, ' request') AND ends_with(class, 'Provider') THEN 'success'
                     WHEN message = 'Authenticated token' AND ends_with(class, 'TokenAuthenticationProvider') THEN 'success'
                     WHEN message = 'Authenticated token' AND ends_with(class, 'JwtAuthenticationProvider') THEN 'success' END
             WHEN starts_with(message, 'Authentication failed: ') AND ends_with(class, 'AuthenticationWebFilter') THEN 'denial'
             WHEN starts_with(message, 'Authorization failed: ') AND ends_with(class, 'AuthorizationWebFilter') THEN 'denied'
             WHEN starts_with(message, 'Failed to process authentication request') THEN 'final'
             WHEN starts_with(message, 'Authentication request failed: ') OR starts_with(message, 'Authentication request for failed') THEN 'final'
             -- Spring Security OAuth, which came before Spring Authorization Server
             WHEN starts_with(message, 'Handling ') AND ends_with(class, 'Endpoint') THEN
                CASE WHEN regexp_matches(message, '^Handling (OAuth2 |ClientRegistrationException )?error: ') THEN 'final' END
             WHEN starts_with(message, 'An internal error occurred while trying to authenticate the user') THEN 'final'
             WHEN starts_with(message, 'Servlet.service() for servlet ') AND regexp_matches(message, 'security\.oauth2\.[A-Za-z.0-9]+Exception: \[[a-z_]+\]') THEN 'final'
             WHEN message = 'Sending to authentication entry point since failed to resolve bearer token' THEN 'final'
             WHEN starts_with(message, 'Authorization Request failed: ') AND ends_with(class, 'RequestRedirectFilter') THEN 'final'
             WHEN ends_with(class, 'ExceptionTranslationFilter') THEN
                CASE WHEN starts_with(message, 'Sending ') AND contains(message, 'AnonymousAuthenticationToken') THEN 'anonymous'
                     WHEN ends_with(message, ' to access denied handler since access is denied') THEN 'denied' END
             WHEN ends_with(class, 'DelegatingAuthenticationEntryPoint') THEN
                CASE WHEN contains(message, '.LoginUrlAuthenticationEntryPoint') THEN 'login'
                     WHEN contains(message, 'Executing ') OR starts_with(message, 'No match found. Using default') THEN
                        CASE WHEN contains(message, '.HttpStatusEntryPoint') OR contains(message, '.BearerTokenAuthenticationEntryPoint') THEN 'entry' END END
             WHEN message = 'Did not process request since did not find bearer token' THEN 'tokenless'
             WHEN message = 'Responding with 403 status code' OR message = 'Pre-authenticated entry point called. Rejecting access' THEN 'denied'
             WHEN starts_with(message, 'Invalid CSRF token found for ') THEN 'denied'
             WHEN starts_with(message, 'Failed to authorize ') AND contains(class, 'Interceptor') THEN 'denied'
             WHEN ends_with(class, 'JwtTimestampValidator') OR ends_with(class, 'JwtClaimValidator') OR ends_with(class, 'X509CertificateThumbprintValidator')
                THEN CASE WHEN NOT starts_with(message, 'Set ') THEN 'hint' END
             WHEN message = 'Failed to authenticate since the JWT was invalid' OR message = 'Failed to authenticate since token was invalid' THEN 'provider'
             WHEN starts_with(message, 'Failed to authenticate since ') OR starts_with(message, 'Failed to find user ') THEN
                CASE WHEN contains(class, 'uth') OR contains(class, 'UserDetails') THEN 'hint' END
             WHEN message = 'Did not resolve AuthenticationManager since issuer is not trusted'
                OR message = 'Did not validate token since it is inactive' THEN 'hint'
             WHEN ends_with(class, 'NimbusJwtDecoder') AND starts_with(message, 'Failed to ') THEN 'hint'
        END AS role
    FROM cast_in_roles
),
-- the lines of an exception that follow a line of the log: the first, and the last `Caused by:`
exceptional AS (
    SELECT "offset", line, role, role IS NULL AND message IS NULL AS inside,
        max(CASE WHEN message IS NOT NULL THEN "offset" END) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING) AS of_line
    FROM roles
    WHERE message IS NOT NULL OR starts_with(line, 'Caused by: ')
        OR (line[1] BETWEEN 'a' AND 'z' AND regexp_matches(line, '^[a-z][A-Za-z0-9_$]*(?:\.[A-Za-z0-9_$]+)+(?:: |$)'))
),
thrown AS (
    SELECT of_line, first(line ORDER BY "offset") AS outermost, last(line ORDER BY "offset") AS innermost
    FROM exceptional
    WHERE inside
    GROUP BY of_line
),
opened AS (
    SELECT *,
        CASE WHEN is_json THEN TRY(from_json(line,
            '{"@timestamp":"VARCHAR","timestamp":"VARCHAR","timeMillis":"VARCHAR","instant":"JSON","nanoseconds":"BIGINT",
              "thread_name":"VARCHAR","threadName":"VARCHAR","process.thread.name":"VARCHAR","_process_thread_name":"VARCHAR",
              "_thread":"VARCHAR","thread":"VARCHAR","process":"JSON",
              "traceId":"VARCHAR","trace_id":"VARCHAR","trace.id":"VARCHAR","_traceId":"VARCHAR","trace":"JSON","mdc":"JSON","contextMap":"JSON",
              "stack_trace":"JSON","error":"JSON","error.type":"VARCHAR","error.message":"VARCHAR","error.stack_trace":"VARCHAR",
              "_error_type":"VARCHAR","_error_message":"VARCHAR","_error_stack_trace":"VARCHAR",
              "thrown":"JSON","throwable":"JSON","exception":"JSON",
              "host":"JSON","host.name":"VARCHAR","host.hostname":"VARCHAR","HOSTNAME":"VARCHAR","source_host":"VARCHAR"}')) END AS j,
        CASE WHEN is_json OR head IS NULL THEN NULL
             WHEN line[11] = 'T' THEN split_part(head, ' ', 1)
             -- Logback's own pattern has no date
             WHEN head[3] = ':' THEN '2000-01-01T' || split_part(head, ' ', 1)
             ELSE split_part(head, ' ', 1) || 'T' || split_part(head, ' ', 2) END AS stamp
    FROM roles
    WHERE role IS NOT NULL
),
acting AS (
    SELECT "offset", role, class, logger, message, exchange, line, t.outermost AS text_outermost, t.innermost AS text_innermost,
        CASE WHEN j IS NOT NULL THEN coalesce(
                iso_time(coalesce(j."@timestamp", CASE WHEN contains(j.timestamp, '-') THEN j.timestamp END)),
                CASE WHEN j.nanoseconds BETWEEN 0 AND 999999999 THEN
                    make_timestamp(TRY_CAST(j.timestamp AS BIGINT) // 1000 * 1000000 + j.nanoseconds // 1000) END,
                epoch_time(coalesce(j.timestamp, j."timeMillis")),
                make_timestamp(TRY_CAST(json_extract_string(j.instant, '$.epochSecond') AS BIGINT) * 1000000
                    + coalesce(TRY_CAST(json_extract_string(j.instant, '$.nanoOfSecond') AS BIGINT) // 1000, 0)))
             WHEN role = 'bare' THEN clf_time(split_part(split_part(line, '[', 2), ']', 1))
             WHEN ends_with(stamp, 'Z') THEN iso_time(stamp)
             WHEN regexp_matches(stamp, '[+-][0-9]{2}:?[0-9]{2}$') THEN iso_time(regexp_replace(stamp, '([+-][0-9]{2})([0-9]{2})$', '\1:\2')) END AS time,
        -- Spring Boot 2 writes no zone
        CASE WHEN stamp IS NOT NULL AND NOT ends_with(stamp, 'Z') AND NOT regexp_matches(stamp, '[+-][0-9]{2}:?[0-9]{2}$')
             THEN TRY_CAST(replace(stamp, ',', '.') AS TIMESTAMP) END AS local_time,
        CASE WHEN j IS NOT NULL THEN nullify(coalesce(json_extract_string(j.host, '$.hostname'), json_extract_string(j.host, '$.name'), j."host.hostname",
            j."host.name", CASE WHEN json_type(j.host) = 'VARCHAR' THEN json_extract_string(j.host, '$') END, j."HOSTNAME", j.source_host)) END AS instance,
        CASE WHEN j IS NOT NULL THEN coalesce(json_extract_string(j.stack_trace, '$'), json_extract_string(j.error, '$.stack_trace'),
            j."error.stack_trace", j._error_stack_trace, json_extract_string(j.exception, '$.stacktrace')) END AS stack,
        CASE WHEN j IS NOT NULL THEN
            coalesce(json_extract_string(j.error, '$.type'), j."error.type", j._error_type, json_extract_string(j.thrown, '$.name'),
                json_extract_string(j.throwable, '$.className'), json_extract_string(j.exception, '$.exception_class')) || ': '
            || coalesce(json_extract_string(j.error, '$.message'), j."error.message", j._error_message, json_extract_string(j.thrown, '$.message'),
                json_extract_string(j.throwable, '$.message'), json_extract_string(j.exception, '$.exception_message'), '') END AS exception,
        CASE WHEN j IS NOT NULL THEN coalesce(
            json_extract_string(j.thrown, '$.cause.cause.name') || ': ' || json_extract_string(j.thrown, '$.cause.cause.message'),
            json_extract_string(j.thrown, '$.cause.name') || ': ' || json_extract_string(j.thrown, '$.cause.message'),
            json_extract_string(j.throwable, '$.cause.cause.className') || ': ' || json_extract_string(j.throwable, '$.cause.cause.message'),
            json_extract_string(j.throwable, '$.cause.className') || ': ' || json_extract_string(j.throwable, '$.cause.message')) END AS cause,
        nullif(CASE WHEN j IS NOT NULL THEN coalesce(j."traceId", j.trace_id, j."trace.id", j._traceId, json_extract_string(j.trace, '$.id'),
                        json_extract_string(j.mdc, '$.traceId'), json_extract_string(j."contextMap", '$.traceId'))
                    WHEN contains(head, '[') THEN regexp_extract(head, ',([0-9a-f]{32}|[0-9a-f]{16}),', 1)
                    WHEN place IS NOT NULL THEN regexp_extract(place, '\[([0-9a-f]{32})[-\] ]', 1) END, '') AS trace_id,
        CASE WHEN j IS NOT NULL THEN coalesce(j.thread_name, j."threadName", j."process.thread.name", j._process_thread_name, j._thread,
                        json_extract_string(j.process, '$.thread.name'), j.thread)
             ELSE left(place, len(place) - len(logger)) END AS thread
    FROM opened LEFT JOIN thrown t ON t.of_line = "offset"
),
-- class and message of the exceptions
explained AS (
    SELECT *,
        split_part(split_part(split_part(outermost, ':', 1), '.', -1), '$', -1) AS outer_class,
        nullif(trim(substr(outermost, strpos(outermost || ': ', ': ') + 2)), '') AS outer_message,
        split_part(split_part(split_part(innermost, ':', 1), '.', -1), '$', -1) AS inner_class,
        nullif(trim(substr(innermost, strpos(innermost || ': ', ': ') + 2)), '') AS inner_message
    FROM (
        SELECT "offset", role, class, message, exchange, time, local_time, instance, trace_id, thread,
            coalesce(text_outermost, split_part(stack, chr(10), 1), exception) AS outermost,
            coalesce(CASE WHEN starts_with(text_innermost, 'Caused by: ') THEN substr(text_innermost, 12) END,
                CASE WHEN contains(stack, chr(10) || 'Caused by: ') THEN split_part(split_part(stack, chr(10) || 'Caused by: ', -1), chr(10), 1) END, cause) AS innermost
        FROM acting
        WHERE role NOT IN ('access', 'bare')
    )
),
told AS (
    SELECT "offset", role, class, message, exchange, trace_id, time, local_time, instance, outer_class, inner_class,
        coalesce(trace_id, exchange, thread, '') AS story, thread,
        CASE WHEN role = 'provider' AND starts_with(message, 'Authentication failed with provider ')
             THEN split_part(substr(message, 37), ' since ', 1) END AS provider,
        CASE WHEN role = 'request' AND starts_with(message, 'Securing ') THEN split_part(message, ' ', 2)
             WHEN role = 'request' AND starts_with(message, 'HTTP ') THEN split_part(message, ' ', 2)
             WHEN role = 'request' THEN split_part(message, ' ', 1)
             WHEN role = 'error' THEN nullif(regexp_extract(message, ' for HTTP ([A-Z]+) ', 1), '') END AS method,
        CASE WHEN role = 'request' AND starts_with(message, 'Securing ') THEN split_part(message, ' ', 3)
             WHEN role = 'request' THEN split_part(message, '"', 2)
             WHEN role = 'error' THEN nullif(coalesce(nullif(regexp_extract(message, ' for HTTP [A-Z]+ "([^"]*)"', 1), ''),
                regexp_extract(message, ' for HTTP [A-Z]+ (/\S*)$', 1)), '')
             WHEN starts_with(message, 'Invalid CSRF token found for ') THEN substr(message, 30) END AS path,
        CASE WHEN role = 'completed' THEN http_status(split_part(split_part(message, ' ', 2), ',', 1))
             WHEN role = 'error' AND starts_with(message, '500 ') THEN 500
             WHEN role = 'error' THEN http_status(regexp_extract(message, '^Resolved \[ResponseStatusException: ([0-9]{3}) ', 1)) END AS status,
        -- the code in brackets that an OAuth2Error begins with
        CASE WHEN role = 'final' AND contains(message, ' failed: [') THEN split_part(split_part(message, ' failed: [', 2), ']', 1)
             WHEN role = 'final' AND contains(message, ': error="') THEN split_part(message, '"', 2)
             WHEN role = 'final' AND starts_with(message, 'Handling ') THEN CASE regexp_extract(message, '([A-Za-z0-9]+)Exception[, ]', 1)
                WHEN 'InvalidClient' THEN 'invalid_client' WHEN 'BadClientCredentials' THEN 'invalid_client' WHEN 'NoSuchClient' THEN 'invalid_client'
                WHEN 'ClientRegistration' THEN 'invalid_client' WHEN 'InvalidGrant' THEN 'invalid_grant' WHEN 'RedirectMismatch' THEN 'invalid_grant'
                WHEN 'InvalidRequest' THEN 'invalid_request' WHEN 'InvalidScope' THEN 'invalid_scope' WHEN 'InvalidToken' THEN 'invalid_token'
                WHEN 'UnauthorizedClient' THEN 'unauthorized_client' WHEN 'UnsupportedGrantType' THEN 'unsupported_grant_type'
                WHEN 'UnsupportedResponseType' THEN 'unsupported_response_type' WHEN 'UserDeniedAuthorization' THEN 'access_denied'
                WHEN 'OAuth2AccessDenied' THEN 'access_denied' END
             WHEN role = 'final' AND class = 'ClientCredentialsTokenEndpointFilter' THEN 'invalid_client'
             WHEN role = 'provider' AND contains(message, ' since [') THEN split_part(split_part(message, ' since [', 2), ']', 1)
             WHEN role = 'denial' AND starts_with(message, 'Authentication failed: [') THEN split_part(split_part(message, '[', 2), ']', 1)
             WHEN role = 'final' AND contains(message, 'Exception: [') THEN split_part(split_part(message, 'Exception: [', 2), ']', 1)
             WHEN outer_message[1] = '[' THEN split_part(substr(outer_message, 2), ']', 1)
             WHEN role = 'hint' AND message[1] = '[' THEN split_part(substr(message, 2), ']', 1) END AS code,
        CASE WHEN role IN ('provider', 'hint') AND (starts_with(message, 'Authentication failed for user ')
                OR starts_with(message, 'Authentication service failed internally for user ') OR starts_with(message, 'Failed to find user '))
             THEN nullif(split_part(message, '''', 2), '') END AS user_name,
        CASE role
            WHEN 'reason' THEN message
            WHEN 'hint' THEN CASE WHEN ends_with(class, 'NimbusJwtDecoder') THEN coalesce(inner_message, outer_message, message)
                                  WHEN message[1] = '[' THEN ltrim(substr(message, strpos(message, ']') + 1))
                                  WHEN starts_with(message, 'Failed to find user ') THEN 'Failed to find user'
                                  ELSE message END
            WHEN 'provider' THEN nullif(CASE
                WHEN starts_with(message, 'Failed to authenticate since ') THEN message
                WHEN starts_with(message, 'Authentication failed for user ') THEN split_part(message, ' since their account status is ', 2)
                WHEN starts_with(message, 'Authentication service failed') THEN coalesce(nullif(inner_message, ''), outer_message, 'Authentication service failed internally')
                WHEN contains(message, ' since [') THEN ltrim(substr(split_part(message, ' since ', 2), strpos(split_part(message, ' since ', 2), ']') + 1))
                ELSE substr(message, strpos(message, ' since ') + 7) END, 'null')
            WHEN 'final' THEN CASE
                -- with the code or token that was refused at the end
                WHEN starts_with(message, 'Handling ') OR contains(message, ' failed: error="') THEN nullif(nullif(regexp_replace(
                    CASE WHEN contains(message, ': error="') THEN regexp_extract(message, 'error_description="(.*?)"(?:, |$)', 1)
                         WHEN starts_with(message, 'Handling error: ') THEN substr(message, strpos(message, ', ') + 2)
                         ELSE substr(message, strpos(message, ' error: ') + 8) END,
                    '^((?:Invalid|Wrong client for this) (?:access |refresh )?token(?: \(expired\))?|Access token expired|Invalid authorization code): .*$', '\1'), ''), 'null')
                WHEN contains(message, ' failed: [') THEN nullif(trim(substr(split_part(message, ' failed: [', 2), strpos(split_part(message, ' failed: [', 2), ']') + 1)), '')
                WHEN outer_message[1] = '[' THEN nullif(trim(substr(outer_message, strpos(outer_message, ']') + 1)), '')
                WHEN outer_message IS NOT NULL THEN outer_message
                WHEN contains(message, 'Exception: [') THEN nullif(trim(substr(split_part(message, 'Exception: [', 2), strpos(split_part(message, 'Exception: [', 2), ']') + 1)), '')
                WHEN starts_with(message, 'Authorization Request failed: ') OR starts_with(message, 'Authentication request failed: ')
                    OR starts_with(message, 'Authentication request for failed: ')
                    THEN nullif(trim(regexp_replace(message, '^[A-Za-z ]*: (?:[a-z0-9]+\.)+[A-Za-z0-9$]+(?:: )?', '')), '')
                WHEN regexp_matches(message, ' Error: ') THEN message END
            WHEN 'denial' THEN CASE WHEN starts_with(message, 'Authentication failed: [') THEN ltrim(substr(message, strpos(message, ']') + 1))
                ELSE substr(message, 24) END
            WHEN 'denied' THEN CASE WHEN starts_with(message, 'Authorization failed: ') THEN substr(message, 23)
                WHEN starts_with(message, 'Invalid CSRF') THEN 'Invalid CSRF token found'
                WHEN starts_with(message, 'Failed to authorize') THEN 'Failed to authorize'
                WHEN starts_with(message, 'Sending ') THEN 'Access is denied to ' || split_part(message, ' ', 2)
                ELSE message END
            WHEN 'error' THEN coalesce(outer_message, CASE WHEN starts_with(message, 'Resolved [') THEN regexp_extract(message, '^Resolved \[(.*)\] for HTTP ', 1) END)
            WHEN 'entry' THEN 'Executing ' || regexp_extract(message, '\.([A-Za-z]+EntryPoint)', 1)
        END AS said,
        inner_message, outer_message
    FROM explained
),
-- in a reactive application without tracing, what was denied is answered next on the same thread
answered AS (
    SELECT * EXCLUDE (story, thread),
        CASE WHEN trace_id IS NULL AND exchange IS NULL AND role IN ('denial', 'denied', 'hint') THEN coalesce(CASE
                WHEN lead(role) OVER on_thread = 'completed' THEN CASE WHEN lead(status) OVER on_thread >= 400 THEN lead(exchange) OVER on_thread END
                WHEN lead(role) OVER on_thread IN ('denial', 'denied') AND lead(role, 2) OVER on_thread = 'completed'
                    AND lead(status, 2) OVER on_thread >= 400 THEN lead(exchange, 2) OVER on_thread END, story)
             ELSE story END AS story
    FROM told
    WINDOW on_thread AS (PARTITION BY thread ORDER BY "offset")
),
-- a request begins where it says so, after what ended the one before in the same story, or where a step comes again
cut AS (
    SELECT *,
        coalesce(role = 'request'
            OR (role NOT IN ('completed', 'entry', 'login') AND lag(role) OVER in_story IN ('final', 'completed', 'entry'))
            OR (role = 'reason' AND lag(role) OVER in_story IN ('reason', 'provider', 'success', 'hint'))
            OR (role = 'hint' AND lag(role) OVER in_story IN ('provider', 'denial', 'denied', 'success'))
            OR (role IN ('denial', 'denied') AND lag(role) OVER in_story = role)
            OR (role = 'provider' AND starts_with(message, 'Failed to ') AND lag(role) OVER in_story = 'provider')
            OR (role NOT IN ('completed', 'error') AND lag(role) OVER in_story <> 'request'
                AND coalesce(time, local_time) - lag(coalesce(time, local_time)) OVER in_story > INTERVAL 1 SECOND), false) AS begins,
        CASE WHEN exchange IS NOT NULL THEN max(path) OVER (PARTITION BY exchange) END AS exchange_path,
        CASE WHEN exchange IS NOT NULL THEN max(method) OVER (PARTITION BY exchange) END AS exchange_method
    FROM answered
    WINDOW in_story AS (PARTITION BY story ORDER BY "offset")
),
numbered AS MATERIALIZED (
    SELECT *, count_if(begins) OVER (PARTITION BY story ORDER BY "offset") AS episode,
        CASE role WHEN 'reason' THEN 70 WHEN 'final' THEN CASE WHEN said IS NOT NULL THEN 60 ELSE 12 END
            WHEN 'hint' THEN CASE WHEN starts_with(message, 'Failed to ') AND NOT ends_with(class, 'NimbusJwtDecoder') THEN 65 ELSE 40 END
            WHEN 'provider' THEN CASE WHEN starts_with(message, 'Failed to ') THEN 8 WHEN said IS NOT NULL THEN 50 ELSE 5 END
            WHEN 'denial' THEN 50 WHEN 'error' THEN 45 WHEN 'denied' THEN 30 WHEN 'entry' THEN 10 ELSE 0 END AS weight
    FROM cut
),
gathered AS (
    SELECT story, episode,
        max(CASE WHEN role IN ('reason', 'hint', 'provider', 'final', 'denial', 'denied', 'entry', 'error')
                  OR (role = 'completed' AND status >= 400) OR role = 'anonymous' THEN "offset" END) AS failed_at,
        count_if(role IN ('reason', 'hint', 'provider', 'final', 'denial', 'denied', 'entry', 'error')) AS complaints,
        count_if(role = 'tokenless') AS tokenless,
        count_if(role = 'login') AS logins,
        count_if(role = 'success') AS successes,
        max(CASE WHEN role = 'completed' THEN "offset" END) AS completed_at,
        max(CASE WHEN role = 'completed' THEN status END) AS completed_status,
        max(status) AS status,
        max(coalesce(path, exchange_path)) AS path,
        max(coalesce(method, exchange_method)) AS method,
        max(exchange) AS exchange,
        max(trace_id) AS trace_id,
        max(user_name) AS user_name,
        arg_max(provider, "offset") AS provider,
        arg_max(CASE WHEN role IN ('reason', 'final', 'success', 'provider') THEN class END, CASE WHEN role = 'reason' THEN 1 END) AS reasoner,
        arg_max(code, "offset") AS code,
        arg_max(said, weight * 1000000000000000 + "offset") AS said,
        max(CASE WHEN role = 'final' THEN message END) AS final_message,
        max(CASE WHEN role = 'final' AND (starts_with(message, 'Handling ') OR class = 'ClientCredentialsTokenEndpointFilter') THEN class END) AS handler,
        arg_max(CASE WHEN role IN ('denial', 'final', 'provider') THEN outer_class END, "offset") AS refusal_class,
        max(CASE WHEN role = 'error' THEN coalesce(outer_class, '') END) AS error_class,
        max(CASE WHEN role = 'error' THEN inner_class END) AS error_cause_class,
        -- what lies below the exception, where this says more
        arg_max(CASE WHEN role IN ('denial', 'final', 'error', 'hint') AND inner_message IS NOT NULL
            AND NOT contains(coalesce(said, ''), inner_message) THEN inner_message END, "offset") AS below,
        bool_or(role IN ('final', 'success', 'reason') AND (starts_with(message, 'Handling ') OR class = 'ClientCredentialsTokenEndpointFilter' OR regexp_matches(message, '^(Client authentication|[A-Z][a-z ]+ request) failed: \[| Error: ')
            OR role = 'reason' OR (role = 'success' AND message <> 'Authenticated token'))) AS of_server
    FROM numbered
    GROUP BY story, episode
),
joined AS (
    SELECT n."offset", n.role, n.message AS own_message, n.class AS own_class, n.said AS own_said,
        n.status AS own_status, n.role = 'success' AND g.complaints = 0 AS succeeds, n.time, n.local_time, n.instance, g.* EXCLUDE (story, episode),
        n."offset" = g.failed_at AND (g.complaints > 0 OR n.role = 'completed'
            OR (n.role = 'anonymous' AND g.tokenless > 0 AND g.logins = 0)) AS fails,
        CASE WHEN n.role = 'success' THEN n.class WHEN g.provider IS NOT NULL AND g.reasoner IS NULL THEN g.provider
             ELSE coalesce(g.reasoner, g.provider) END AS teller
    FROM numbered n JOIN gathered g ON n.story = g.story AND n.episode = g.episode
),
judged AS (
    SELECT * EXCLUDE (path, method),
        CASE WHEN fails THEN CASE
            WHEN handler = 'CheckTokenEndpoint' THEN 'introspection'
            WHEN handler = 'AuthorizationEndpoint' THEN 'authorization'
            WHEN handler IN ('TokenEndpoint', 'ClientCredentialsTokenEndpointFilter') THEN 'token'
            WHEN starts_with(final_message, 'Token request') THEN 'token'
            WHEN starts_with(final_message, 'Authorization request') THEN 'authorization'
            WHEN starts_with(final_message, 'Token introspection') THEN 'introspection'
            WHEN starts_with(final_message, 'Token revocation') THEN 'revocation'
            WHEN starts_with(final_message, 'Client registration') OR contains(final_message, 'Client Registration Error') THEN 'registration'
            WHEN starts_with(final_message, 'User info') OR contains(final_message, 'UserInfo Error') THEN 'userinfo'
            WHEN starts_with(final_message, 'Logout request') OR contains(final_message, 'Logout Error') THEN 'end_session'
            WHEN starts_with(final_message, 'Pushed authorization') THEN 'pushed_authorization_request'
            WHEN starts_with(final_message, 'Device ') THEN 'device_authorization' END END AS final_endpoint,
        -- the URL of an error page is not what was asked for
        CASE WHEN starts_with(path, '/error?') OR path = '/error' THEN NULL ELSE path END AS path,
        method
    FROM joined
),
stories AS (
    SELECT "offset", role, fails, succeeds, time, local_time, instance, trace_id, exchange, user_name, path, method,
        CASE WHEN role = 'completed' THEN own_status WHEN fails THEN coalesce(completed_status, status) END AS status,
        coalesce(final_endpoint, CASE
            WHEN role = 'success' OR (fails AND path IS NULL) THEN CASE
                WHEN own_message = 'Authenticated token request' OR own_message = 'Authenticated device token request' THEN 'token'
                WHEN own_message IN ('Authenticated authorization code request', 'Authenticated authorization consent request') THEN 'authorization'
                WHEN own_message = 'Authenticated token introspection request' THEN 'introspection'
                WHEN own_message = 'Authenticated token revocation request' THEN 'revocation'
                WHEN own_message IN ('Authenticated client registration request', 'Authenticated client configuration request') THEN 'registration'
                WHEN own_message = 'Authenticated user info request' THEN 'userinfo'
                WHEN own_message = 'Authenticated logout request' THEN 'end_session'
                WHEN own_message = 'Authenticated pushed authorization request' THEN 'pushed_authorization_request'
                WHEN starts_with(own_message, 'Authenticated device ') THEN 'device_authorization'
                WHEN fails AND of_server AND regexp_matches(teller, '(RefreshToken|ClientCredentials|DeviceCode|TokenExchange|2AuthorizationCode)Authentication|CodeVerifierAuthenticator') THEN 'token'
                WHEN fails AND of_server AND regexp_matches(teller, 'CodeRequestAuthentication|AuthorizationConsent') THEN 'authorization' END END,
            CASE WHEN fails AND split_part(path, '?', 1) = '/login' THEN 'authorization'
                 WHEN fails AND starts_with(path, '/login/oauth2/code/') THEN 'authorization'
                 WHEN fails AND starts_with(path, '/oauth2/authorization/') THEN 'authorization' END) AS endpoint,
        CASE WHEN NOT fails AND role <> 'success' THEN NULL
             WHEN contains(teller, 'DeviceCodeAuth') THEN 'urn:ietf:params:oauth:grant-type:device_code'
             WHEN contains(teller, 'RefreshTokenAuth') THEN 'refresh_token'
             WHEN contains(teller, 'ClientCredentialsAuth') THEN 'client_credentials'
             WHEN contains(teller, 'TokenExchangeAuth') THEN 'urn:ietf:params:oauth:grant-type:token-exchange'
             WHEN contains(teller, 'AuthorizationCodeAuth') OR contains(teller, 'CodeVerifierAuth') THEN 'authorization_code' END AS grant_type,
        of_server OR coalesce(regexp_matches(provider, '^(ClientSecret|PublicClient|JwtClientAssertion|X509Client|Dao|OAuth2(AuthorizationCodeRequest|AuthorizationConsent|RefreshToken|ClientCredentials|Device|TokenExchange|TokenIntrospection|TokenRevocation|Pushed|ClientRegistration)|Oidc(UserInfo|Client|Logout))'), false)
            OR (provider IS NULL AND user_name IS NOT NULL)
            OR coalesce(starts_with(said, 'Failed to authenticate since '), false)
            OR (exchange IS NULL AND coalesce(regexp_matches(path, '^/(oauth2/(token|authorize|introspect|revoke|device_authorization|device_verification|par|jwks|register)|userinfo|connect/(register|logout))(\?|$)'), false)) AS of_server,
        CASE WHEN fails THEN CASE
            WHEN oauth_error(code) IS NOT NULL THEN oauth_error(code)
            WHEN code IS NOT NULL THEN NULL
            WHEN starts_with(said, 'Client authentication failed: code_') THEN 'invalid_grant'
            WHEN starts_with(said, 'Client authentication failed: ') THEN 'invalid_client'
            WHEN starts_with(said, 'Invalid request: client_secret ') THEN 'invalid_client'
            WHEN starts_with(said, 'Invalid request: refresh_token ') OR starts_with(said, 'Invalid request: code_') THEN 'invalid_grant'
            WHEN starts_with(said, 'Invalid request: redirect_uri ') AND contains(teller, '2AuthorizationCodeAuth') THEN 'invalid_grant'
            WHEN starts_with(said, 'Invalid request: requested scope ') THEN 'invalid_scope'
            WHEN starts_with(said, 'Invalid request: requested grant_type ') THEN 'unauthorized_client'
            WHEN starts_with(said, 'Invalidated authorization ') THEN 'invalid_grant'
            WHEN refusal_class = 'InvalidBearerTokenException' THEN 'invalid_token' END END AS error,
        CASE WHEN fails THEN CASE
            WHEN code IS NOT NULL AND oauth_error(code) IS NULL AND regexp_full_match(code, '[a-z][a-z0-9_]{2,60}') THEN code
            WHEN error_class <> '' AND complaints = 1 THEN coalesce(error_cause_class, error_class)
            WHEN error_class <> '' AND said = own_said THEN coalesce(error_cause_class, error_class)
            WHEN error_class <> '' THEN error_class END END AS error_code,
        CASE WHEN fails THEN coalesce(said || coalesce('; caused by: ' || below, ''), below,
            CASE WHEN role = 'anonymous' THEN 'Did not find bearer token' END,
            CASE WHEN final_message IS NOT NULL AND contains(final_message, ' failed: [') THEN split_part(final_message, ': [', 1) END,
            CASE WHEN refusal_class IS NULL AND final_message IS NOT NULL THEN final_message END,
            -- "since null": an OAuth2Error without a description
            CASE WHEN provider IS NOT NULL AND final_message IS NULL THEN 'Authentication failed with provider ' || replace(provider, 'AuthenticationProvider', '') END) END AS error_description
    FROM judged
)
SELECT "offset", time,
    CASE WHEN local_time >= TIMESTAMP '2000-01-02' THEN local_time END AS local_time,
    CASE WHEN local_time < TIMESTAMP '2000-01-02' THEN CAST(local_time AS TIME) END AS clock,
    instance, trace_id,
    CASE WHEN of_server THEN 'auth_server' END AS kind,
    exchange AS request_id,
    user_name,
    CAST(NULL AS VARCHAR) AS client_ip, CAST(NULL AS VARCHAR) AS login,
    endpoint, path, method, status,
    CAST(NULL AS DOUBLE) AS duration_ms,
    grant_type,
    CASE WHEN fails AND (error IS NOT NULL OR (role <> 'completed' AND status IS NULL)
            -- a 500 for want of keys or of an answer to introspection is OAuth's
            OR regexp_matches(error_description, 'obtain the keys|JWK|Jwk|JwtDecoder|[Ii]ntrospection')) THEN 'failure'
         WHEN succeeds THEN 'success' END AS outcome,
    error, error_code, error_description,
    CASE WHEN fails OR succeeds OR (role = 'completed' AND status < 400) THEN NULL
         WHEN role IN ('reason', 'hint', 'provider', 'final', 'denial', 'denied', 'entry', 'error') THEN 'told again by a later line of the request'
         ELSE 'step of a request' END AS ignored,
    CAST(NULL AS VARCHAR) AS quarantined
FROM stories
UNION ALL BY NAME
SELECT "offset", time, local_time, instance, trace_id,
    nullify(split_part(said, ' ', 1)) AS client_ip,
    nullify(split_part(said, ' ', 3)) AS login,
    split_part(split_part(said, '"', 2), ' ', 2) AS path,
    split_part(split_part(said, '"', 2), ' ', 1) AS method,
    http_status(split_part(tail, ' ', 1)) AS status,
    -- common log format with a duration is also what other servers write, by other units
    CASE WHEN ends_with(tail, ' ms') THEN TRY_CAST(split_part(tail, ' ', 4) AS DOUBLE)
         WHEN role = 'access' THEN TRY_CAST(split_part(tail, ' ', 3) AS DOUBLE) END AS duration_ms,
    CASE WHEN http_status(split_part(tail, ' ', 1)) IS NULL THEN 'a broken access line' END AS quarantined
FROM (SELECT *, trim(split_part(said, '"', 3)) AS tail
      FROM (SELECT *, CASE WHEN role = 'bare' THEN line ELSE message END AS said FROM acting WHERE role IN ('access', 'bare')))
UNION ALL BY NAME
SELECT "offset",
    CASE WHEN starts_with(line, chr(9) || 'at ') THEN 'stack trace'
         WHEN message IS NOT NULL OR is_json THEN
            CASE WHEN regexp_matches(logger, '^(?:o\.s|org\.springframework|r\.n|reactor)\.') THEN 'server message' ELSE 'message of a program' END
         WHEN line[1] = '{' OR regexp_matches(line, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ]') THEN NULL
         WHEN starts_with(line, ' :: Spring Boot ::') OR NOT regexp_matches(line, '[[:alnum:]]') THEN 'banner'
         ELSE coalesce(other_log(line), 'continuation of a line before') END AS ignored,
    CASE WHEN starts_with(line, chr(9)) OR message IS NOT NULL OR is_json THEN NULL
         WHEN line[1] = '{' THEN 'broken JSON' ELSE 'a broken line' END AS quarantined
FROM roles
WHERE role IS NULL
ORDER BY "offset"
