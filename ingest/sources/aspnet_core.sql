/*
title = "ASP.NET Core: Duende IdentityServer, IdentityServer4, OpenIddict, JWT bearer, Ocelot, YARP"
kind = "gateway"
provenance = "composed"
recognise = '(^|[^a-z])(trce|dbug|info|warn|fail|crit): (Duende\.|IdentityServer4\.|OpenIddict\.|Microsoft\.(AspNetCore|Hosting|IdentityModel|Identity\.Web)\.|Ocelot\.|Yarp\.|IdentityModel\.AspNetCore)[A-Za-z0-9_.`+]*\[-?[0-9]+\]|^(<[0-7]>)?[-0-9T:., Z+\[\]]{0,40}(Duende\.|IdentityServer4\.|OpenIddict\.|Microsoft\.(AspNetCore|Hosting|IdentityModel|Identity\.Web)\.|Ocelot\.|Yarp\.)[A-Za-z0-9_.]+\[-?[0-9]+\]|"(Category|SourceContext|logger|Logger|LoggerName|log\.logger)"\s*:\s*"(Duende\.|IdentityServer4\.|OpenIddict\.|Microsoft\.(AspNetCore|Hosting|IdentityModel|Identity\.Web)\.|Ocelot\.|Yarp\.|IdentityModel\.AspNetCore|Serilog\.AspNetCore)|^\W{0,2}([0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ])?[0-9]{2}:[0-9]{2}:[0-9]{2}\S*( ?[+-][0-9:]+)?[^A-Za-z]{0,20}([0-9A-Z]{13}:[0-9A-F]{8} +)?\[?(VRB|DBG|INF|WRN|ERR|FTL|Verbose|Debug|Information|Warning|Error|Fatal|TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b\W{0,5}(s:)?((Duende\.|IdentityServer4\.|OpenIddict\.|Microsoft\.(AspNetCore|Hosting|IdentityModel|Identity\.Web)\.|Ocelot\.|Yarp\.)[A-Za-z0-9_]|Request (starting|finished) HTTP/|AuthenticationScheme: \S+ was |\S+ was not authenticated\. Failure message|Client secret validation failed for client|No client (with id |identifier found)|Invoking IdentityServer endpoint|Token request validation success|Start (authorize|token|introspection|token revocation|userinfo|end session|device authorize) request|Request path /connect/\w+ matched to endpoint|\S+ found in database: (True|False)|Invalid redirect_uri\b|Unknown client or not enabled: |Refresh token validation failed\.|Invalid authorization code\b|Authorization code (is )?expired|Client not authorized for |No allowed scopes configured for client|Invalid scopes (requested|for client requested)|Transformed code verifier does not match|Missing code_verifier|User authentication failed: |Failed to validate the token\.|requestId: \S+, previousRequestId: |(The (authentication demand|(token|authorization|introspection|revocation|userinfo|device|end session) request) was (rejected|successfully)|The response was successfully returned as a |The request URI matched a server endpoint))'
priority = 45
documentation = [
    "https://learn.microsoft.com/en-us/dotnet/core/extensions/console-log-formatter",
    "https://learn.microsoft.com/en-us/aspnet/core/fundamentals/logging/",
    "https://docs.duendesoftware.com/identityserver/diagnostics/logging/",
    "https://docs.duendesoftware.com/identityserver/diagnostics/events/",
    "https://documentation.openiddict.com/errors/",
    "https://github.com/serilog/serilog-formatting-compact",
    "https://ocelot.readthedocs.io/en/latest/features/logging.html",
]
cannot_tell = "The console formatters write no time and Serilog's usual template no date: the one is refused unless journald, a container runtime or a collector adds a time, the other has the day of the file. Set TimestampFormat of the console formatter (yyyy-MM-ddTHH:mm:ss.fffZ with UseUtcTimestamp), or log JSON. Text without scopes has no request id: lines are put together by their order, and where requests overlap a cause may stand without its status; IncludeScopes = true, or Serilog with Enrich.FromLogContext, ends that. Where Microsoft.AspNetCore is at Warning there is no request, no status and no word of JWT bearer: set Microsoft.AspNetCore.Hosting.Diagnostics and Microsoft.AspNetCore.Authentication to Information. IdentityServer redacts what it was sent, and gives the caller's address only in its events (RaiseFailureEvents); OpenIddict logs its reasons at Information. The Microsoft.IdentityModel texts hide names unless ShowPII is set."

[[advice]]
columns = ["time"]
add = "builder.Logging.AddJsonConsole(o => { o.IncludeScopes = true; o.UseUtcTimestamp = true; o.TimestampFormat = \"yyyy-MM-ddTHH:mm:ss.fffZ\"; });"
tells = "when it happened, and which lines belong to one request"

[[advice]]
columns = ["status", "duration_ms"]
add = "\"Logging\": { \"LogLevel\": { \"Microsoft.AspNetCore.Hosting.Diagnostics\": \"Information\", \"Microsoft.AspNetCore.Authentication\": \"Information\" } }"
tells = "each request with its status and duration, and why a token was refused"

[[advice]]
columns = ["client_ip"]
add = "builder.Services.AddIdentityServer(o => { o.Events.RaiseFailureEvents = true; o.Events.RaiseErrorEvents = true; o.Events.RaiseSuccessEvents = true; });"
tells = "the address of the caller, and each token that was issued or refused"
*/
-- One process writes lines of IdentityServer, OpenIddict, the authentication handlers and the host about the same request, in one of
-- many layouts: the console formatters of Microsoft.Extensions.Logging (simple, on one line, systemd, JSON), Serilog's text templates,
-- compact JSON and JSON, NLog and log4net. A message may go on in the lines that follow. So this SELECT looks at lines together,
-- within the records that it is given; where these are cut, it only knows less.
WITH bare AS (
    SELECT "offset", rtrim(CASE WHEN contains(line, chr(27)) THEN regexp_replace(line, '\x1b\[[0-9;]*[A-Za-z]', '', 'g') ELSE line END, chr(13)) AS line
    FROM records
),
read AS (
    SELECT "offset", line,
        CASE WHEN line[1] = '{' THEN CASE WHEN contains(line, '"@t"') OR contains(line, '"@mt"') THEN 'compact' WHEN contains(line, '"@timestamp"') THEN 'lower'
             WHEN contains(line, '"MessageTemplate"') OR contains(line, '"LogLevel"') OR contains(line, '"Category"') THEN 'upper'
             WHEN contains(line, '"message"') OR contains(line, '"messageTemplate"') THEN 'lower' END END AS json_kind,
        -- the console formatter's `fail: Category[0]`, also with a time before it
        CASE WHEN line[1] IN ('{', ' ') OR line[1] = chr(9) OR strlen(line) < 12 THEN NULL
             WHEN contains(left(line, 60), ': ') AND contains(line, '[') AND regexp_matches(line,
                '^(?:<[0-7]>)?.{0,45}?\b(?:trce|dbug|info|warn|fail|crit): [A-Za-z_][A-Za-z0-9_.+`<>,]*\[-?[0-9]+\](?: |$)') THEN 'console'
             WHEN regexp_matches(line,
                '^\W{0,2}(?:[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ])?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?: ?Z| ?[+-][0-9]{2}:?[0-9]{2})?[\]| ]+(?:\[[^\]]{1,40}\] *|-?[0-9]+\||[0-9A-Z]{13}:[0-9A-F]{8} +)?[\[|(]?(?:VRB|DBG|INF|WRN|ERR|FTL|Verbose|Debug|Information|Warning|Error|Fatal|Trace|Critical|TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b') THEN 'template'
             WHEN (line[1] = '<' OR line[1] BETWEEN 'A' AND 'Z' OR line[1] BETWEEN '0' AND '9') AND regexp_matches(line,
                '^(?:<[0-7]>)?(?:[0-9][-0-9T:., Z+]{7,34})?(?:Duende|IdentityServer4|OpenIddict|Microsoft|Ocelot|Yarp|IdentityModel|System)\.[A-Za-z0-9_.+`]+\[-?[0-9]+\] ') THEN 'systemd' END AS layout
    FROM bare
),
opened AS (
    SELECT "offset", line, json_kind, layout,
        CASE layout
            WHEN 'console' THEN regexp_extract(line,
                '^(?:<[0-7]>)?(.{0,45}?)\b(trce|dbug|info|warn|fail|crit): ([A-Za-z_][A-Za-z0-9_.+`<>,]*)\[(-?[0-9]+)\] ?(.*)$', ['at', 'level', 'category', 'number', 'rest'])
            WHEN 'template' THEN regexp_extract(line,
                '^\W{0,2}((?:[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}[T ])?[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?(?: ?Z| ?[+-][0-9]{2}:?[0-9]{2})?)[\]| ]+(?:\[[^\]]{1,40}\] *|-?[0-9]+\|)?([0-9A-Z]{13}:[0-9A-F]{8})? *[\[|(]?(VRB|DBG|INF|WRN|ERR|FTL|Verbose|Debug|Information|Warning|Error|Fatal|Trace|Critical|TRACE|DEBUG|INFO|WARN|ERROR|FATAL)\b(\W?)(.*)$', ['at', 'category', 'level', 'number', 'rest'])
            WHEN 'systemd' THEN regexp_extract(line,
                '^(?:<([0-7])>)?([0-9][-0-9T:., Z+]{7,34})?([A-Za-z0-9_.+`]+)\[(-?[0-9]+)\] (.*)$', ['level', 'at', 'category', 'number', 'rest']) END AS h,
        CASE WHEN json_kind = 'upper' THEN TRY(from_json(line,
            '{"Timestamp":"VARCHAR","LogLevel":"VARCHAR","Level":"VARCHAR","Category":"VARCHAR","Message":"VARCHAR","MessageTemplate":"VARCHAR",
              "RenderedMessage":"VARCHAR","Exception":"JSON","State":"JSON","Scopes":"JSON","TraceId":"VARCHAR","Properties":"JSON","SourceContext":"VARCHAR"}')) END AS u,
        CASE WHEN json_kind = 'compact' THEN TRY(from_json(line,
            '{"@t":"VARCHAR","@mt":"VARCHAR","@m":"VARCHAR","@l":"VARCHAR","@x":"VARCHAR","@tr":"VARCHAR","SourceContext":"VARCHAR","Message":"VARCHAR",
              "RequestId":"VARCHAR","RequestPath":"VARCHAR","MachineName":"VARCHAR"}')) END AS c,
        CASE WHEN json_kind = 'lower' THEN TRY(from_json(line,
            '{"@timestamp":"VARCHAR","timestamp":"VARCHAR","time":"VARCHAR","level":"VARCHAR","log.level":"VARCHAR","message":"VARCHAR","messageTemplate":"VARCHAR",
              "logger":"VARCHAR","log.logger":"VARCHAR","log":"JSON","exception":"JSON","exceptions":"JSON","error":"JSON","fields":"JSON","properties":"JSON",
              "labels":"JSON","trace.id":"VARCHAR","trace":"JSON","SourceContext":"VARCHAR","RequestId":"VARCHAR","RequestPath":"VARCHAR"}')) END AS l
    FROM read
),
leveled AS (
    SELECT "offset", line, json_kind, layout, u, c, l,
        layout IS NOT NULL OR u IS NOT NULL OR c IS NOT NULL OR l IS NOT NULL AS is_head,
        CASE WHEN layout IS NOT NULL THEN h.at ELSE coalesce(u."Timestamp", c."@t", l."@timestamp", l.timestamp, l.time) END AS stamp,
        CASE WHEN layout IS NOT NULL THEN h.level
             WHEN c IS NOT NULL THEN coalesce(c."@l", 'Information')
             ELSE coalesce(u."LogLevel", u."Level", l.level, l."log.level", json_extract_string(l.log, '$.level')) END AS level_text,
        CASE WHEN layout = 'template' THEN NULL WHEN layout IS NOT NULL THEN h.category
             ELSE coalesce(u."Category", c."SourceContext", l.logger, l."log.logger", l."SourceContext", u."SourceContext", json_extract_string(u."Properties", '$.SourceContext'),
                json_extract_string(l.log, '$.logger'), json_extract_string(l.fields, '$.SourceContext'), json_extract_string(l.properties, '$.SourceContext')) END AS told_category,
        CASE WHEN layout = 'template' THEN nullif(h.category, '') END AS head_request,
        CASE WHEN layout = 'template' THEN ltrim(h.rest, ' |:-])') WHEN layout IS NOT NULL THEN h.rest END AS rest
    FROM opened
),
-- a text template may put the category before the message, in any brackets
categorised AS (
    SELECT *,
        CASE WHEN layout <> 'template' OR NOT contains(left(rest, 160), '.') THEN NULL
             ELSE nullif(regexp_extract(rest, '^[\[(<|]{0,2}(?:s:)?((?:Duende|IdentityServer4|OpenIddict|Microsoft|Ocelot|Yarp|IdentityModel|Serilog|System)(?:\.[A-Za-z_][A-Za-z0-9_`+]*)+)(?:$|[\])>|:/ ,-])', 1), '') END AS text_category
    FROM leveled
),
split AS (
    SELECT "offset", line, json_kind, layout, u, c, l, is_head, stamp, level_text, head_request,
        coalesce(told_category, text_category) AS category,
        CASE WHEN text_category IS NOT NULL THEN ltrim(regexp_replace(substr(rest, strpos(rest, text_category) + len(text_category)), '^/[^ \])]*', ''), ' |:-])>') ELSE rest END AS rest
    FROM categorised
),
headed AS (
    SELECT "offset", line, json_kind, layout, u, c, l, is_head, stamp, category, rest, head_request,
        CASE lower(left(level_text, 3)) WHEN 'err' THEN 'error' WHEN 'fai' THEN 'error' WHEN 'cri' THEN 'error' WHEN 'fat' THEN 'error' WHEN 'war' THEN 'warn' WHEN 'wrn' THEN 'warn'
            WHEN 'inf' THEN 'info' WHEN 'dbu' THEN 'debug' WHEN 'deb' THEN 'debug' WHEN 'dbg' THEN 'debug' WHEN 'trc' THEN 'debug' WHEN 'tra' THEN 'debug' WHEN 'ver' THEN 'debug' WHEN 'vrb' THEN 'debug'
            WHEN '3' THEN 'error' WHEN '2' THEN 'error' WHEN '4' THEN 'warn' WHEN '6' THEN 'info' WHEN '7' THEN 'debug' END AS level,
        -- whose messages matter; NULL where the layout does not say whose it is
        category IS NULL OR regexp_matches(category,
            '^(?:Duende\.|IdentityServer4\.|OpenIddict\.|Ocelot\.|Serilog\.AspNetCore\.|IdentityModel\.|Microsoft\.IdentityModel|Microsoft\.Identity\.Web|Microsoft\.AspNetCore\.(?:Hosting|Authentication|Authorization|Diagnostics|Server\.Kestrel$|Identity|Cors|RateLimiting|Antiforgery))') AS matters,
        max(CASE WHEN is_head THEN "offset" END) OVER (ORDER BY "offset" ROWS UNBOUNDED PRECEDING) AS of_line
    FROM split
),
-- what follows a line of text and belongs to it; the places of a stack trace say nothing
bodies AS (
    -- an object that a template shows as a string stands in quotes
    SELECT of_line, CASE WHEN starts_with(body, '"{') AND contains(body, '\"') THEN replace(rtrim(body[2:], '"' || chr(10)), '\"', '"') ELSE body END AS body
    FROM (
        SELECT of_line, string_agg(CASE WHEN starts_with(line, '      ') THEN substr(line, 7) ELSE line END, chr(10) ORDER BY "offset") AS body
        FROM headed
        WHERE NOT is_head AND of_line IS NOT NULL AND NOT starts_with(ltrim(line), 'at ') AND trim(line) <> ''
        GROUP BY of_line
    )
),
acting AS (
    SELECT "offset", line, layout, stamp, category, level, head_request,
        split_part(category, '.', -1) AS class,
        CASE WHEN layout IS NOT NULL THEN CASE WHEN rest = '' THEN b.body WHEN b.body IS NULL THEN rest ELSE rest || chr(10) || b.body END END AS text,
        -- the template, with the parts that make up a message put in
        CASE WHEN c IS NOT NULL THEN coalesce(c."@m", CASE WHEN starts_with(c."@mt", '{Message}') THEN replace(c."@mt", '{Message}', coalesce(c."Message", '')) ELSE c."@mt" END)
             WHEN u IS NOT NULL THEN coalesce(u."Message", u."RenderedMessage",
                CASE WHEN starts_with(u."MessageTemplate", '{Message}') THEN replace(u."MessageTemplate", '{Message}', coalesce(json_extract_string(u."Properties", '$.Message'), ''))
                     ELSE u."MessageTemplate" END, json_extract_string(u."State", '$.Message'))
             WHEN l IS NOT NULL THEN coalesce(l.message, l."messageTemplate") END AS json_message,
        (c."@m" IS NULL AND c."@mt" IS NOT NULL) OR (u IS NOT NULL AND coalesce(u."Message", u."RenderedMessage") IS NULL) OR (l IS NOT NULL AND l.message IS NULL) AS is_template,
        CASE WHEN c IS NOT NULL THEN CAST(line AS JSON) WHEN u IS NOT NULL THEN coalesce(u."Properties", u."State")
             WHEN l IS NOT NULL THEN coalesce(l.fields, l.properties, l.labels) END AS properties,
        CASE WHEN c IS NOT NULL THEN c."@x" WHEN u IS NOT NULL THEN json_extract_string(u."Exception", '$')
             WHEN l IS NOT NULL THEN coalesce(CASE WHEN json_type(l.exception) = 'VARCHAR' THEN json_extract_string(l.exception, '$') END,
                json_extract_string(l.exceptions, '$[0].ClassName') || ': ' || json_extract_string(l.exceptions, '$[0].Message'),
                json_extract_string(l.error, '$.type') || ': ' || json_extract_string(l.error, '$.message')) END AS exception,
        CASE WHEN u IS NOT NULL THEN CAST(u."Scopes" AS VARCHAR) END AS scopes,
        nullif(coalesce(c."RequestId", json_extract_string(u."Properties", '$.RequestId'), json_extract_string(l.fields, '$.RequestId'),
            json_extract_string(l.properties, '$.RequestId'), json_extract_string(l.labels, '$.RequestId'), l."RequestId"), '') AS json_request,
        nullif(coalesce(c."@tr", u."TraceId", l."trace.id", json_extract_string(l.trace, '$.id')), '') AS json_trace,
        nullif(coalesce(c."RequestPath", json_extract_string(u."Properties", '$.RequestPath'), json_extract_string(l.fields, '$.RequestPath'),
            json_extract_string(l.properties, '$.RequestPath'), json_extract_string(l.labels, '$.RequestPath'), l."RequestPath"), '') AS json_path,
        coalesce(c."MachineName", json_extract_string(u."Properties", '$.MachineName'), json_extract_string(l.fields, '$.MachineName')) AS instance
    FROM headed LEFT JOIN bodies b ON b.of_line = headed."offset"
    WHERE is_head AND matters
),
-- scopes of the console formatter: `=> SpanId:..., TraceId:... => RequestPath:/connect/token RequestId:0HM...:00000003`
scoped AS (
    SELECT * EXCLUDE (text, scopes),
        starts_with(text, '=> ') AS has_scopes,
        CASE WHEN starts_with(text, '=> ') THEN split_part(text, chr(10), 1) ELSE scopes END AS scopes,
        CASE WHEN NOT starts_with(text, '=> ') THEN CASE WHEN layout <> 'template' THEN text
                WHEN contains(text, ' |url: ') THEN split_part(text, ' |url: ', 1)
                WHEN head_request IS NOT NULL THEN regexp_replace(text, ' \([0-9a-f]{8}\)$', '') ELSE text END
             WHEN contains(text, chr(10)) AND NOT contains(split_part(text, chr(10), 1), '] ') THEN substr(text, strpos(text, chr(10)) + 1)
             ELSE ltrim(regexp_replace(text, '^=> .*?RequestId:[^ ]+(?: => [^ ]+ \([^)]*\))*', '')) END AS text
    FROM acting
),
named AS (
    SELECT * EXCLUDE (json_message),
        coalesce(text, json_message) AS message,
        CASE WHEN layout IS NOT NULL THEN replace(left(text, 300), '"', '') ELSE left(json_message, 300) END AS m,
        contains(category, 'IdentityServer') AS of_identityserver,
        starts_with(category, 'OpenIddict.') AS of_openiddict
    FROM (SELECT *, NULL FROM scoped)
),
-- what a line is about: a request, a reason, a refusal, an answer; everything else is noise
roles AS MATERIALIZED (
    SELECT *,
        CASE
            WHEN m IS NULL THEN NULL
            WHEN starts_with(m, 'Request starting ') OR contains(m, '{HostingRequestStartingLog') THEN 'start'
            WHEN starts_with(m, 'Request finished ') OR contains(m, '{HostingRequestFinishedLog') THEN 'finish'
            WHEN starts_with(m, 'HTTP ') AND contains(m, ' responded ') THEN 'finish'
            WHEN starts_with(m, 'Invoking IdentityServer endpoint: ') THEN 'place'
            WHEN of_openiddict OR (category IS NULL AND starts_with(m, 'The ')) THEN CASE
                WHEN starts_with(m, 'The request URI matched a server endpoint: ') THEN 'place'
                WHEN regexp_matches(m, '^The [a-zA-Z-]+(?: [a-zA-Z]+){0,3} request was successfully extracted: ') THEN 'asked'
                WHEN starts_with(m, 'The response was successfully returned as a ') AND contains(m, ': {') THEN 'answer'
                WHEN regexp_matches(m, '^The (?:authorization|end session|logout) response was successfully returned to ') THEN 'answer'
                WHEN contains(m, ' request was rejected by the remote authorization server') THEN 'reason'
                WHEN regexp_matches(m, '^The (?:authentication demand|authentication request|request|[a-zA-Z-]+(?: [a-zA-Z]+){0,3} request) was rejected because ') THEN 'reason'
                WHEN starts_with(m, 'The token ') AND (ends_with(m, ' has already been redeemed.') OR ends_with(m, ' is not active yet.') OR ends_with(m, ' was marked as rejected.') OR ends_with(m, ' was no longer valid.')) THEN 'reason'
                WHEN starts_with(m, 'The authorization ') AND ends_with(m, ' was no longer valid.') THEN 'reason'
                WHEN starts_with(m, 'Client authentication failed for ') OR starts_with(m, 'Client validation failed because ') OR starts_with(m, 'Client authentication cannot be enforced ') THEN 'hint'
                WHEN starts_with(m, 'An error occurred while validating the token ') OR starts_with(m, 'An error occurred while introspecting ')
                    OR starts_with(m, 'An error occurred while retrieving the configuration ') THEN 'hint'
                WHEN starts_with(m, 'The request forgery protection is missing') OR starts_with(m, 'The nonce claim present in ') THEN 'reason'
                WHEN starts_with(m, 'A network error occured while communicating') OR starts_with(m, 'A generic ') OR starts_with(m, 'An unsupported ') AND contains(m, 'remote HTTP server')
                    OR starts_with(m, 'An invalid JSON payload was returned by the remote') THEN 'hint'
                WHEN contains(m, ' was not authenticated. Failure message: ') THEN 'refused'
                WHEN starts_with(m, 'AuthenticationScheme: ') AND contains(m, ' was challenged') THEN 'challenged'
                WHEN starts_with(m, 'AuthenticationScheme: ') AND contains(m, ' was forbidden') THEN 'forbidden' END
            WHEN contains(m, ' was not authenticated. Failure message: ') THEN 'refused'
            WHEN starts_with(m, 'AuthenticationScheme: ') THEN CASE WHEN contains(m, ' was challenged') THEN 'challenged' WHEN contains(m, ' was forbidden') THEN 'forbidden' END
            WHEN starts_with(m, 'Failed to validate the token') THEN 'hint'
            WHEN starts_with(m, 'Authorization failed') AND (class = 'DefaultAuthorizationService' OR category IS NULL) THEN 'unauthorized'
            WHEN starts_with(m, 'Exception occurred while processing message') THEN 'hint'
            WHEN starts_with(m, 'Message contains error: ') OR starts_with(m, 'Error from RemoteAuthentication: ') THEN 'signin'
            WHEN starts_with(m, 'Access was denied by the resource owner or by the remote server') THEN 'signin'
            WHEN class = 'OpenIdConnectHandler' OR class = 'OAuthHandler' OR ends_with(class, 'Handler') AND starts_with(category, 'Microsoft.AspNetCore.Authentication.') OR category IS NULL THEN CASE
                WHEN ends_with(m, ' cookie not found.') OR ends_with(m, ' state property not found.') OR starts_with(m, 'The correlation cookie value ') THEN 'hint'
                WHEN starts_with(m, 'Failed to un-protect the nonce cookie') OR starts_with(m, 'Unable to validate the ''id_token''') OR starts_with(m, 'Unable to read the ''id_token''')
                    OR starts_with(m, 'The Validated Security Token must be of type') OR starts_with(m, 'The remote signout request was ignored because') THEN 'hint'
                -- a text template without a category: known sentences of IdentityServer
                WHEN category IS NULL AND regexp_matches(m, '^(?:Client secret validation failed for client|No client with id |No client identifier found|Invalid authorization code|Refresh token validation failed|Invalid refresh token|Refresh token has expired|Invalid scopes? (?:requested|for client)|Client \S+ is not allowed access to scope|Scope \S+ not found in store|Invalid redirect_uri|Unknown client or not enabled|Client not authorized for |Client \S+ is not allowed to|Transformed code verifier|Missing code_verifier|code_challenge is missing|Client cannot request |Grant type is |No validator is registered for the grant type|Invalid device code|Expired device code|JWT token validation error|API validation failed|No API resource with that name|User authentication failed: |User has been disabled|Rejecting refresh token because|No allowed scopes configured|Scope parameter exceeds|No scopes found in request|Authorization code (?:is |expired|has no )|Client is (?:trying to use a code|missing code challenge)|Redirect URI is missing|code_verifier is too|Unexpected code_verifier|Unsupported code challenge|Username (?:is missing|or password)|Resource owner password credential|Refresh token (?:is missing|too long|has been (?:revoked|consumed))|Device code (?:is missing|too long)|Client does not have the custom grant|Invalid extension grant|Custom token request validator|No client certificate|Invalid grant type for client|Unsupported response_(?:type|mode)|Response type not supported|response_type is missing|client_id is missing|redirect_uri is missing|scope is missing|requested scopes not allowed|Requests? for |code_challenge_method is missing|Request validation failed)') THEN 'reason'
                WHEN category IS NULL AND starts_with(m, 'Token request validation success') THEN 'issued'
                WHEN category IS NULL AND starts_with(m, 'requestId: ') AND contains(m, 'previousRequestId: ') THEN 'ocelot' END
            WHEN of_identityserver THEN CASE
                WHEN class = 'DefaultEventService' OR class = 'DefaultEventSink' THEN 'event'
                WHEN class = 'TokenRequestValidator' THEN CASE WHEN starts_with(m, 'Token request validation success') THEN 'issued'
                    WHEN level IN ('error', 'warn') OR starts_with(m, 'User authentication failed: ') THEN 'reason' 
                    WHEN level = 'info' AND (contains(message, 'details: ') OR contains(message, '": {') OR contains(m, ': {')) THEN 'reason' END
                WHEN class IN ('ClientSecretValidator', 'AuthorizeRequestValidator') THEN CASE
                    WHEN level IN ('error', 'warn') OR starts_with(m, 'No client ') OR (level = 'info' AND class = 'AuthorizeRequestValidator') THEN 'reason' END
                WHEN class IN ('DefaultRefreshTokenService', 'DefaultResourceValidator', 'DeviceCodeValidator', 'BackchannelAuthenticationRequestIdValidator') THEN CASE
                    WHEN level IN ('error', 'warn') THEN 'hint' END
                WHEN class = 'TokenValidator' THEN CASE
                    WHEN level IN ('error', 'warn') THEN 'hint'
                    WHEN level = 'info' AND NOT starts_with(m, 'Token validation success') THEN 'hint' END
                WHEN class = 'SecretValidator' OR class = 'HashedSharedSecretValidator' THEN CASE
                    WHEN level IN ('error', 'warn', 'info') THEN 'hint' END
                WHEN class = 'DefaultDPoPProofValidator' THEN CASE
                    WHEN level IN ('error', 'warn') OR starts_with(m, 'Failed to ') OR starts_with(m, 'Detected ') OR starts_with(m, 'Expiration check failed') OR starts_with(m, 'Error parsing') THEN 'hint' END
                WHEN class = 'IdentityServerMiddleware' THEN CASE WHEN starts_with(m, 'Unhandled exception: ') THEN 'reason' END
                WHEN starts_with(class, 'ValidatingClientStore') THEN CASE WHEN starts_with(m, 'Invalid client configuration for client ') THEN 'hint' END
                WHEN class = 'DefaultCorsPolicyService' OR class = 'CorsPolicyProvider' THEN NULL
                WHEN class = 'EndSessionRequestValidator' THEN CASE WHEN level IN ('error', 'warn') AND NOT starts_with(m, 'UI locale') THEN 'reason'
                    WHEN level = 'info' AND NOT starts_with(m, 'End session request validation success') THEN 'reason' END
                WHEN contains(category, '.Validation.') THEN CASE WHEN level IN ('error', 'warn') THEN
                    CASE WHEN ends_with(class, 'SecretParser') OR ends_with(class, 'SecretValidator') OR class = 'JwtRequestValidator' OR class = 'DefaultScopeParser' OR ends_with(class, 'GrantValidator') THEN 'hint' ELSE 'reason' END END
                WHEN class = 'IntrospectionEndpoint' THEN CASE WHEN level IN ('error', 'warn') THEN 'final' WHEN starts_with(m, 'Success token introspection') THEN 'issued' END
                WHEN class = 'TokenRevocationEndpoint' THEN CASE WHEN level IN ('error', 'warn') THEN 'final' WHEN m = 'Token revocation complete' THEN 'issued' END
                WHEN contains(category, '.Endpoints.') THEN CASE WHEN level IN ('error', 'warn') AND m <> 'Authorize Failure' THEN 'final'
                    WHEN level = 'info' AND starts_with(class, 'Authorize') AND (m[1] = '{' OR contains(m, '{@')) THEN 'dump' END END
            WHEN starts_with(category, 'Ocelot.') THEN CASE WHEN level IN ('error', 'warn') AND (contains(category, '.Authentication') OR contains(category, '.Authori') OR contains(message, 'Error Code: ')) THEN 'ocelot' END
            WHEN starts_with(category, 'Microsoft.IdentityModel') THEN CASE WHEN level IN ('error', 'warn') AND contains(m, 'IDX') THEN 'hint' END
            WHEN class = 'ExceptionHandlerMiddleware' OR class = 'ExceptionHandlerMiddlewareImpl' OR class = 'DeveloperExceptionPageMiddleware' OR class = 'DeveloperExceptionPageMiddlewareImpl' OR class = 'Kestrel' THEN
                CASE WHEN level = 'error' AND regexp_matches(coalesce(exception, message), 'IDX[0-9]{4,5}|Correlation failed|OpenIdConnectProtocol|AuthenticationFailureException|handling the remote login|OpenIddict|IdentityServer') THEN 'thrown' END
            WHEN class = 'RateLimitingMiddleware' THEN CASE WHEN contains(m, 'Rate limit') OR contains(m, 'rate limit') THEN 'reason' END
        END AS role
    FROM named
),
-- a template's holes are filled by the properties of their names, up to the first object
told AS (
    SELECT * EXCLUDE (message, instance),
        instance,
        CASE WHEN role IN ('start', 'finish') OR NOT coalesce(is_template, false) OR NOT contains(message, '{') THEN message
             ELSE array_to_string(list_transform(string_split(regexp_replace(message, '[,:]? ?(?:details: )?\n?\{@.*$', '', 's'), '{'), lambda part, place:
                CASE WHEN place = 1 OR NOT contains(part, '}') THEN part
                     WHEN NOT regexp_matches(part, '^\$?[A-Za-z0-9_]') THEN substr(part, strpos(part, '}') + 1)
                     ELSE coalesce(json_extract_string(properties, '$."' || regexp_extract(part, '^\$?([A-Za-z0-9_]+)', 1) || '"'), '') || substr(part, strpos(part, '}') + 1) END), '') END AS message,
        CASE WHEN role IN ('start', 'finish') AND properties IS NOT NULL THEN TRY(from_json(properties,
            '{"HostingRequestFinishedLog":"VARCHAR","HostingRequestStartingLog":"VARCHAR","StatusCode":"VARCHAR","ElapsedMilliseconds":"VARCHAR","Elapsed":"VARCHAR",
              "Method":"VARCHAR","RequestMethod":"VARCHAR","Scheme":"VARCHAR","Host":"VARCHAR","PathBase":"VARCHAR","Path":"VARCHAR","QueryString":"VARCHAR","RequestPath":"VARCHAR"}')) END AS p
    FROM roles
    WHERE role IS NOT NULL
),
-- the JSON object in or beside a message
objects AS (
    SELECT *,
        CASE WHEN role IN ('start', 'finish', 'place', 'challenged', 'forbidden', 'unauthorized', 'refused', 'ocelot') THEN NULL
             WHEN properties IS NOT NULL AND coalesce(is_template, false) THEN CAST(coalesce(
                json_extract(properties, '$.details'), json_extract(properties, '$.Details'), json_extract(properties, '$.requestDetails'), json_extract(properties, '$.RequestDetails'),
                json_extract(properties, '$.event'), json_extract(properties, '$.validationDetails'), json_extract(properties, '$.ValidationDetails'), json_extract(properties, '$.logMessage'),
                json_extract(properties, '$.LogMessage'), CASE WHEN of_openiddict THEN coalesce(json_extract(properties, '$.Response'), json_extract(properties, '$.Request')) END) AS VARCHAR)
             WHEN contains(message, '{') THEN
                left(tail, len(tail) - strpos(reverse(tail), '}') + 1) END AS object
    FROM (SELECT *, CASE WHEN contains(message, 'details: {') THEN substr(message, strpos(message, 'details: {') + 9)
                         WHEN contains(message, '{ ' || '"') OR contains(message, '{"') OR contains(message, '{' || chr(10)) OR contains(message, '{ ') THEN
                            substr(message, strpos(message, regexp_extract(message, '\{\s*"'))) END AS tail FROM told)
),
detailed AS (
    SELECT * EXCLUDE (object, tail),
        CASE WHEN object IS NULL THEN NULL WHEN json_type(TRY(CAST(object AS JSON))) = 'VARCHAR' THEN json_extract_string(object, '$') ELSE CAST(object AS VARCHAR) END AS object
    FROM objects
),
explained AS (
    SELECT *,
        CASE WHEN object IS NOT NULL AND NOT coalesce(of_openiddict, false) AND role NOT IN ('asked', 'answer') THEN TRY(from_json(object,
            '{"ClientId":"VARCHAR","ClientName":"VARCHAR","GrantType":"VARCHAR","Scopes":"VARCHAR","RedirectUri":"VARCHAR","SubjectId":"VARCHAR","ResponseType":"VARCHAR",
              "RequestedScopes":"VARCHAR","SessionId":"VARCHAR","Endpoint":"VARCHAR","Error":"VARCHAR","ErrorDescription":"VARCHAR","RemoteIpAddress":"VARCHAR","ActivityId":"VARCHAR",
              "TimeStamp":"VARCHAR","Name":"VARCHAR","EventType":"VARCHAR","Id":"VARCHAR","Message":"VARCHAR","ApiName":"VARCHAR","UserName":"VARCHAR","Details":"VARCHAR",
              "Raw":{"client_id":"VARCHAR","grant_type":"VARCHAR","scope":"VARCHAR","redirect_uri":"VARCHAR","response_type":"VARCHAR"}}')) END AS d,
        CASE WHEN object IS NOT NULL AND (of_openiddict OR role IN ('asked', 'answer')) THEN TRY(from_json(object,
            '{"client_id":"VARCHAR","grant_type":"VARCHAR","scope":"VARCHAR","redirect_uri":"VARCHAR","response_type":"VARCHAR","username":"VARCHAR",
              "error":"VARCHAR","error_description":"VARCHAR","error_uri":"VARCHAR"}')) END AS o,
        -- what stands before the object
        CASE WHEN role IN ('event', 'dump', 'finish', 'start', 'place', 'asked') THEN NULL
             WHEN role = 'refused' THEN split_part(message, 'Failure message: ', 2)
             WHEN role = 'ocelot' THEN trim(CASE WHEN contains(message, ', message: ') THEN split_part(message, ', message: ', 2) ELSE regexp_replace(message, '^[rR]equestId: [^,]*, [pP]reviousRequestId: \S*\s*', '') END, ' ''')
             ELSE rtrim(regexp_replace(split_part(split_part(split_part(message, chr(10) || '{', 1), ' Microsoft.IdentityModel.Tokens.Security', 1), '   at ', 1), '[,:]? ?(?:details: )?\{(?:\s*"| [A-Za-z_]+ = ).*$|[,:]? ?\{$', '', 's'), ' :,' || chr(10)) END AS head,
        coalesce(exception, CASE WHEN role IN ('hint', 'reason', 'thrown', 'final', 'signin', 'refused') THEN message END) AS thrown
    FROM detailed
),
timed AS (
    SELECT * EXCLUDE (stamp),
        CASE WHEN regexp_matches(stamp, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}') THEN stamp END AS stamp,
        -- Serilog's usual template has no date
        TRY_CAST(nullif(regexp_extract(stamp, '^[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?'), '') AS TIME) AS clock,
        coalesce(head_request, json_request, CASE WHEN role = 'ocelot' THEN nullif(nullif(regexp_extract(message, '^[rR]equestId: ([^,]*), ', 1), 'no request id'), '-') END,
            CASE WHEN scopes IS NOT NULL AND contains(scopes, 'RequestId') THEN nullif(regexp_extract(scopes, 'RequestId"?:"?([^ ,"]+)', 1), '') END) AS request_id,
        coalesce(json_trace, CASE WHEN contains(scopes, 'TraceId') THEN nullif(regexp_extract(scopes, 'TraceId"?:"?([0-9a-f]{32})', 1), '') END) AS trace_id,
        coalesce(json_path, CASE WHEN contains(scopes, 'RequestPath') THEN nullif(regexp_extract(scopes, 'RequestPath"?:"?([^ ,"]+)', 1), '') END) AS scope_path,
        CASE WHEN role = 'finish' THEN CASE
                WHEN p."HostingRequestFinishedLog" IS NOT NULL THEN p."HostingRequestFinishedLog"
                WHEN p."StatusCode" IS NULL OR is_template IS NOT TRUE THEN message END
             WHEN role = 'start' THEN coalesce(p."HostingRequestStartingLog", CASE WHEN is_template IS NOT TRUE THEN message END) END AS access
    FROM (SELECT * EXCLUDE (stamp), replace(replace(trim(replace(stamp, '/', '-'), ' []'), ',', '.'), ' Z', 'Z') AS stamp FROM explained)
),
placed AS (
    SELECT *,
        CASE WHEN stamp IS NULL THEN CASE WHEN role = 'event' THEN iso_time(d."TimeStamp") END
             WHEN ends_with(stamp, 'Z') THEN iso_time(stamp)
             WHEN regexp_matches(stamp, ' ?[+-][0-9]{2}:?[0-9]{2}$') THEN iso_time(regexp_replace(stamp, ' ?([+-][0-9]{2}):?([0-9]{2})$', '\1:\2')) END AS time,
        CASE WHEN stamp IS NOT NULL AND NOT ends_with(stamp, 'Z') AND NOT regexp_matches(stamp, '[+-][0-9]{2}:?[0-9]{2}$') THEN TRY_CAST(stamp AS TIMESTAMP) END AS local_time,
        CASE WHEN access IS NULL THEN coalesce(p."Method", p."RequestMethod")
             WHEN starts_with(access, 'HTTP ') THEN trim(split_part(access, ' ', 2), '"')
             ELSE nullif(regexp_extract(access, '^Request (?:starting|finished) HTTP/[0-9.]+ ([A-Z]+) ', 1), '') END AS method,
        CASE WHEN role IN ('start', 'finish') AND access IS NULL THEN nullif(coalesce(p."PathBase", '') || coalesce(p."Path", p."RequestPath", '') || coalesce(p."QueryString", ''), '')
             WHEN starts_with(access, 'HTTP ') THEN trim(split_part(access, ' ', 3), '"')
             WHEN access IS NOT NULL THEN nullif(regexp_extract(access, '^Request (?:starting|finished) HTTP/[0-9.]+ [A-Z]+ (\S+)', 1), '')
             WHEN role = 'place' AND contains(message, ' for /') THEN '/' || split_part(split_part(message, ' for /', 2), ' ', 1)
             WHEN role = 'ocelot' THEN nullif(coalesce(nullif(regexp_extract(message, 'request path: ?(/[^ ,]*)', 1), ''), regexp_extract(message, ' path ''?(/[^ '',]*)', 1)), '') END AS own_path,
        CASE WHEN role <> 'finish' THEN NULL
             WHEN access IS NULL THEN http_status(p."StatusCode")
             WHEN starts_with(access, 'HTTP ') THEN http_status(split_part(split_part(access, ' responded ', 2), ' ', 1))
             WHEN starts_with(access, 'Request finished in ') THEN http_status(split_part(substr(access, 21), ' ', 2))
             ELSE http_status(regexp_extract(access, ' - ([0-9]{3}) \S+ .*ms$', 1)) END AS status,
        CASE WHEN role <> 'finish' THEN NULL
             WHEN access IS NULL THEN coalesce(TRY_CAST(p."ElapsedMilliseconds" AS DOUBLE), TRY_CAST(p."Elapsed" AS DOUBLE))
             WHEN starts_with(access, 'HTTP ') THEN TRY_CAST(split_part(split_part(access, ' in ', 2), ' ', 1) AS DOUBLE)
             WHEN starts_with(access, 'Request finished in ') THEN TRY_CAST(replace(split_part(substr(access, 21), 'ms', 1), ',', '.') AS DOUBLE)
             ELSE TRY_CAST(replace(split_part(access, ' ', -1), 'ms', '') AS DOUBLE) END AS duration_ms,
        -- what an event of IdentityServer tells
        CASE WHEN role = 'event' THEN CASE WHEN d."Name" = 'Consent Denied' THEN 'failed' WHEN d."EventType" IN ('Failure', 'Error', '2', '3') THEN 'failed' WHEN d."EventType" IN ('Success', 'Information', '1', '4') THEN 'done' END END AS event_type,
        -- what is wrong with a client's assertion or with a request object is not said of an access token
        CASE WHEN class IN ('PrivateKeyJwtSecretValidator', 'JwtRequestValidator') THEN CASE class WHEN 'JwtRequestValidator' THEN 'request_object_' ELSE 'client_jwt_' END || nullif(regexp_extract(thrown, '\b(IDX[0-9]{4,5})\b', 1), '')
             WHEN contains(thrown, 'AADSTS') THEN nullif(regexp_extract(thrown, '\b(AADSTS[0-9]{4,8})\b', 1), '')
             WHEN contains(thrown, 'IDX') THEN nullif(regexp_extract(thrown, '\b(IDX[0-9]{4,5})\b', 1), '')
             WHEN o.error_uri IS NOT NULL THEN nullif(regexp_extract(o.error_uri, '(ID[0-9]{4})$', 1), '') END AS code,
        CASE WHEN o.error IS NOT NULL THEN o.error
             WHEN d."Error" IS NOT NULL THEN d."Error"
             WHEN contains(thrown, 'contains error: ''') THEN nullif(regexp_extract(thrown, 'contains error: ''([^'']*)''', 1), '')
             WHEN class = 'IntrospectionEndpoint' AND starts_with(head, 'Failed token introspection: ') THEN split_part(substr(head, 29), ',', 1)
             WHEN regexp_matches(head, '^Client validation failed for [a-z ]+ endpoint: ') THEN split_part(head, ': ', 2) END AS told_error
    FROM timed
),
weighed AS (
    SELECT *,
        CASE role WHEN 'start' THEN 0 WHEN 'place' THEN 5 WHEN 'asked' THEN 10 WHEN 'hint' THEN 20 WHEN 'refused' THEN 25 WHEN 'reason' THEN CASE WHEN starts_with(m, 'The token ''') OR starts_with(category, 'OpenIddict.Validation') THEN 20 ELSE 30 END WHEN 'unauthorized' THEN 31 WHEN 'issued' THEN 32
            WHEN 'signin' THEN CASE WHEN starts_with(m, 'Message contains error') THEN 20 ELSE 35 END
            WHEN 'final' THEN 40 WHEN 'dump' THEN 41 WHEN 'challenged' THEN 47 WHEN 'forbidden' THEN 47 WHEN 'ocelot' THEN 43
            WHEN 'event' THEN CASE WHEN d."Name" LIKE '%Authentication%' THEN 21 WHEN d."Name" LIKE '%Login%' THEN 33 ELSE 44 END
            WHEN 'answer' THEN 46 WHEN 'thrown' THEN 48 WHEN 'finish' THEN 50 END AS rank,
        -- which line says most of why
        CASE role
            WHEN 'hint' THEN CASE
                WHEN class IN ('DefaultResourceValidator', 'DefaultRefreshTokenService', 'DeviceCodeValidator', 'BackchannelAuthenticationRequestIdValidator', 'DefaultDPoPProofValidator') THEN 75
                WHEN starts_with(head, 'Secret [') OR starts_with(class, 'ValidatingClientStore') OR class = 'PrivateKeyJwtSecretValidator' THEN 78
                WHEN starts_with(m, 'Failed to validate the token') THEN CASE WHEN code IS NOT NULL THEN 62 ELSE 42 END
                WHEN starts_with(m, 'Exception occurred while processing message') THEN 66
                WHEN starts_with(class, 'IdentityLoggerAdapter') OR starts_with(category, 'Microsoft.IdentityModel') THEN 35
                WHEN of_openiddict THEN CASE WHEN code IS NOT NULL THEN 64 ELSE 52 END
                WHEN class = 'ApiSecretValidator' OR class = 'SecretValidator' OR class = 'HashedSharedSecretValidator' THEN 55
                ELSE 65 END
            WHEN 'reason' THEN CASE WHEN starts_with(head, 'Refresh token validation failed') OR starts_with(head, 'Invalid scopes') THEN 50 ELSE 70 END
            WHEN 'refused' THEN CASE WHEN contains(head, 'An error occurred while authenticating the current request') THEN 20 ELSE 68 END
            WHEN 'unauthorized' THEN 58
            WHEN 'signin' THEN CASE WHEN starts_with(head, 'Message contains error') THEN 67 ELSE 60 END
            WHEN 'final' THEN CASE WHEN head IN ('Request validation failed', 'Unauthorized call introspection endpoint. aborting', 'Unauthorized call introspection endpoint') OR contains(head, 'Client validation failed for') THEN 15 ELSE 57 END
            WHEN 'dump' THEN 10
            WHEN 'challenged' THEN 30 WHEN 'forbidden' THEN 30 WHEN 'ocelot' THEN CASE WHEN class = 'ResponderMiddleware' OR contains(message, 'Setting error response') THEN 59 ELSE 58 END
            WHEN 'event' THEN CASE WHEN event_type = 'failed' THEN CASE WHEN rank_name THEN 45 ELSE 48 END ELSE 0 END
            WHEN 'answer' THEN CASE WHEN o.error IS NOT NULL THEN 56 ELSE 0 END
            WHEN 'thrown' THEN 63 ELSE 0 END AS weight,
        coalesce(own_path, CASE WHEN role <> 'finish' OR access IS NULL OR starts_with(access, 'Request finished in ') THEN scope_path END) AS path
    FROM (SELECT *, d."Name" LIKE '%Authentication%' AS rank_name FROM placed)
),
-- the endpoint that a line is about, by its class
addressed AS MATERIALIZED (
    SELECT *,
        weight > 0 OR (role = 'event' AND event_type = 'failed') AS complains,
        CASE
            WHEN role = 'event' THEN CASE d."Endpoint" WHEN 'Token' THEN 'token' WHEN 'Authorize' THEN 'authorization' WHEN 'Deviceauthorization' THEN 'device_authorization' WHEN 'DeviceAuthorization' THEN 'device_authorization'
                    WHEN 'Introspection' THEN 'introspection' WHEN 'Revocation' THEN 'revocation' WHEN 'UI' THEN 'authorization'
                    ELSE CASE WHEN d."Name" LIKE '%Introspection%' THEN 'introspection' WHEN d."Name" LIKE '%Revoked%' AND d."Name" LIKE '%Token%' THEN 'revocation' WHEN d."Name" LIKE 'API Authentication%' OR d."Name" LIKE 'Api Authentication%' THEN 'introspection'
                        WHEN d."Name" LIKE '%Device Authorization%' THEN 'device_authorization' WHEN d."Name" LIKE '%Consent%' THEN 'authorization'
                        WHEN d."Name" LIKE 'User Login%' THEN CASE WHEN d."Endpoint" IS NULL THEN 'authorization' END WHEN d."Name" LIKE 'User Logout%' THEN 'end_session' END END
            WHEN of_identityserver THEN CASE
                WHEN class IN ('TokenRequestValidator', 'DefaultRefreshTokenService', 'DeviceCodeValidator', 'ExtensionGrantValidator', 'TokenEndpoint', 'BackchannelAuthenticationRequestIdValidator') OR ends_with(class, 'ResourceOwnerPasswordValidator') THEN 'token'
                WHEN starts_with(class, 'Authorize') OR class IN ('RequestObjectValidator', 'JwtRequestValidator', 'StrictRedirectUriValidatorAppAuth') THEN 'authorization'
                WHEN starts_with(class, 'Introspection') OR class = 'ApiSecretValidator' THEN 'introspection'
                WHEN starts_with(class, 'TokenRevocation') THEN 'revocation'
                WHEN starts_with(class, 'UserInfo') THEN 'userinfo'
                WHEN starts_with(class, 'EndSession') THEN 'end_session'
                WHEN starts_with(class, 'DeviceAuthorization') THEN 'device_authorization'
                WHEN starts_with(class, 'PushedAuthorization') THEN 'pushed_authorization_request' END
            WHEN of_openiddict OR (category IS NULL AND role IN ('place', 'asked', 'answer', 'reason') AND starts_with(m, 'The ')) THEN CASE
                WHEN role = 'place' THEN CASE split_part(rtrim(message, '.'), ': ', 2) WHEN 'Token' THEN 'token' WHEN 'Authorization' THEN 'authorization' WHEN 'Introspection' THEN 'introspection' WHEN 'Revocation' THEN 'revocation'
                    WHEN 'UserInfo' THEN 'userinfo' WHEN 'Userinfo' THEN 'userinfo' WHEN 'EndSession' THEN 'end_session' WHEN 'Logout' THEN 'end_session' WHEN 'Device' THEN 'device_authorization' WHEN 'DeviceAuthorization' THEN 'device_authorization'
                    WHEN 'PushedAuthorization' THEN 'pushed_authorization_request' WHEN 'EndUserVerification' THEN 'device_authorization' WHEN 'Verification' THEN 'device_authorization' WHEN 'Configuration' THEN 'discovery' WHEN 'Cryptography' THEN 'jwks' WHEN 'JsonWebKeySet' THEN 'jwks' END
                WHEN starts_with(m, 'The token request ') THEN 'token'
                WHEN starts_with(m, 'The authorization re') OR starts_with(m, 'The authentication request ') THEN 'authorization'
                WHEN starts_with(m, 'The pushed authorization request ') THEN 'pushed_authorization_request'
                WHEN starts_with(m, 'The introspection request ') THEN 'introspection'
                WHEN starts_with(m, 'The revocation request ') THEN 'revocation'
                WHEN starts_with(m, 'The userinfo request ') THEN 'userinfo'
                WHEN starts_with(m, 'The end session re') OR starts_with(m, 'The logout re') THEN 'end_session'
                WHEN starts_with(m, 'The device ') OR starts_with(m, 'The verification request') THEN 'device_authorization'
                WHEN starts_with(m, 'The configuration request ') THEN 'discovery' WHEN starts_with(m, 'The JSON Web Key Set request ') THEN 'jwks' END
            WHEN role = 'signin' OR (role = 'hint' AND class IN ('OpenIdConnectHandler', 'OAuthHandler')) THEN 'authorization'
            WHEN role = 'thrown' AND regexp_matches(thrown, 'handling the remote login|Correlation failed|OpenIdConnectProtocol') THEN 'authorization'
            WHEN category IS NULL AND regexp_matches(head, '^(?:Refresh token|Invalid refresh|Invalid authorization code|Rejecting refresh|User authentication failed|Grant type|Transformed|Missing code_verifier|Client not authorized|Invalid scopes|Authorization code|Client is (?:trying to use a code|missing code)|Redirect URI is missing|code_verifier|Unexpected code_verifier|Username |Resource owner password|Device code |No allowed scopes|No scopes found|Client does not have the custom|Invalid extension grant|No validator is registered|Custom token request)') THEN 'token'
            WHEN category IS NULL AND regexp_matches(head, '^(?:Invalid redirect_uri: |Unknown client or not enabled|Invalid grant type for client|Unsupported response_|Response type not supported|response_type is missing|redirect_uri is missing|code_challenge)') THEN 'authorization'
        END AS class_endpoint,
        CASE WHEN weight > 0 OR event_type = 'failed' THEN CASE WHEN o.error_description IS NOT NULL THEN o.error_description
                     WHEN role = 'event' THEN coalesce(d."ErrorDescription", d."Message", d."Details", d."Name")
                     WHEN class IN ('PrivateKeyJwtSecretValidator', 'JwtRequestValidator') AND contains(thrown, 'IDX') THEN 'JWT token validation error: ' || regexp_extract(thrown, 'IDX[0-9]+: ([^\n]*)', 1)
                     WHEN role = 'thrown' OR (role = 'hint' AND exception IS NOT NULL AND code IS NOT NULL) THEN coalesce(nullif(regexp_extract(thrown, '(IDX[0-9]+: [^\n]*)', 1), ''),
                        nullif(regexp_extract(thrown, '---> [A-Za-z.]+: ([^\n]*)', 1), ''), head)
                     WHEN role IN ('hint', 'final') AND code IS NOT NULL AND NOT contains(split_part(head, chr(10), 1), 'IDX') THEN coalesce(nullif(regexp_extract(thrown, '(IDX[0-9]+: [^\n]*)', 1), ''), head)
                     WHEN role IN ('unauthorized', 'ocelot') THEN split_part(head, chr(10) || '   ', 1)
                     ELSE split_part(head, chr(10), 1) END END AS saying,
        -- a name in which something is escaped is more than the name
        CASE WHEN weight > 0 AND contains(lower(plain), 'client') OR contains(plain, ' application ''') OR contains(plain, ' offline_access scope anymore') THEN nullif(regexp_extract(rtrim(
            CASE WHEN starts_with(plain, 'Client secret validation failed for client: ') THEN coalesce(CASE WHEN is_template THEN json_extract_string(properties, '$.clientId') END, substr(plain, 45))
                 WHEN starts_with(plain, 'No client with id ''') THEN split_part(plain, '''', 2)
                 WHEN regexp_matches(plain, '^Client \S+ (?:is (?:not allowed access|trying to use|polling)|not configured with)') THEN split_part(plain, ' ', 2)
                 WHEN contains(plain, ' tries to refresh token belonging to ') OR contains(plain, ' does not have access to offline_access scope anymore') THEN split_part(plain, ' ', 1)
                 WHEN starts_with(plain, 'Unknown client or not enabled: ') OR starts_with(plain, 'Unknown or disabled client: ') OR starts_with(plain, 'Client deleted or disabled: ') THEN split_part(plain, ': ', 2)
                 WHEN starts_with(plain, 'Invalid client configuration for client ') THEN split_part(substr(plain, 41), ':', 1)
                 WHEN contains(plain, ' application ''') THEN split_part(split_part(plain, ' application ''', 2), '''', 1)
                 WHEN contains(plain, 'application was not found: ''') THEN split_part(split_part(plain, 'not found: ''', 2), '''', 1)
                 WHEN starts_with(plain, 'Client authentication failed for ') THEN split_part(substr(plain, 34), ' ', 1) END, '.'), '^[^\\%]+$'), '') END AS named_client
    FROM (SELECT *, replace(split_part(head, chr(10), 1), '"', '') AS plain, split_part(path, '?', 1) AS bare_path FROM weighed)
),
-- logs repeat their paths
paths AS (
    SELECT bare_path, endpoint_of(bare_path) AS path_endpoint FROM (SELECT DISTINCT bare_path FROM addressed WHERE bare_path IS NOT NULL)
),
numbered AS (
    SELECT * EXCLUDE (line, layout, properties, exception, thrown, is_template, scopes, has_scopes, text, message, head, p, access, own_path, scope_path, stamp, plain, bare_path, category,
            head_request, json_request, json_trace, json_path),
        category IS NULL AS is_nameless, contains(category, 'Validation') AS of_validation, contains(category, '.Client.') AS of_client, coalesce(request_id, trace_id, '') AS story,
        sum(CASE role WHEN 'start' THEN 1 WHEN 'finish' THEN -1 ELSE 0 END) OVER so_far AS balance,
        coalesce(time, local_time, DATE '2000-01-01' + clock) AS moment
    FROM addressed LEFT JOIN paths USING (bare_path)
    WINDOW so_far AS (PARTITION BY coalesce(request_id, trace_id, '') ORDER BY "offset" ROWS UNBOUNDED PRECEDING)
),
-- requests in flight, where no line has an id: with more than one, a status cannot be told to be this one's
flying AS (
    SELECT *,
        story = '' AND bool_or(in_flight > 1) OVER (PARTITION BY story, busy) AS crowded
    FROM (
        SELECT *, count_if(role = 'start' AND in_flight = 1) OVER so_far AS busy
        FROM (SELECT *, balance - least(0, min(balance) OVER so_far) AS in_flight FROM numbered
              WINDOW so_far AS (PARTITION BY story ORDER BY "offset" ROWS UNBOUNDED PRECEDING))
        WINDOW so_far AS (PARTITION BY story ORDER BY "offset" ROWS UNBOUNDED PRECEDING)
    )
),
cut AS (
    SELECT *,
        CASE WHEN request_id IS NOT NULL THEN false
             ELSE coalesce(role = 'start' OR lag(role) OVER in_story = 'finish' OR rank < lag(rank) OVER in_story
                OR (rank = lag(rank) OVER in_story AND rank >= 30)
                OR (role = 'finish' AND crowded)
                -- another request's end: it is not of the endpoint that the line before speaks of (a sign-in comes back to an application's own path)
                OR (role = 'finish' AND lag(complains) OVER in_story AND lag(class_endpoint) OVER in_story <> path_endpoint
                    AND NOT (path_endpoint = 'api' AND lag(class_endpoint) OVER in_story = 'authorization' AND NOT lag(coalesce(of_identityserver, false)) OVER in_story))
                OR (role = 'event' AND d."ActivityId" <> lag(d."ActivityId") OVER in_story)
                OR (lag(complains) OVER in_story AND role <> 'finish' AND moment - lag(moment) OVER in_story > INTERVAL 500 MILLISECOND)
                OR moment - lag(moment) OVER in_story > INTERVAL 10 SECOND, false) END AS begins
    FROM flying
    WINDOW in_story AS (PARTITION BY story ORDER BY "offset")
),
chaptered AS MATERIALIZED (
    SELECT *, count_if(begins) OVER (PARTITION BY story ORDER BY "offset") AS episode FROM cut
),
gathered AS (
    SELECT story, episode,
        max(weight) AS most,
        count_if(complains) AS complaints,
        bool_or(role = 'finish') AS finished,
        bool_or(crowded) AS crowded,
        arg_max("offset", CASE WHEN complains THEN weight * 1000000000000000 + "offset" END) AS failed_at,
        max(CASE WHEN role = 'finish' THEN "offset" END) AS finished_at,
        max(CASE WHEN role IN ('issued', 'answer') OR (role = 'event' AND event_type = 'done') THEN "offset" END) AS done_at,
        max(status) AS status, max(duration_ms) AS duration_ms,
        arg_max(method, CASE WHEN role = 'finish' THEN 2 ELSE 1 END) AS method,
        arg_max(path, CASE role WHEN 'finish' THEN 3 WHEN 'start' THEN 2 ELSE 1 END) AS path,
        max(class_endpoint) AS class_endpoint,
        arg_max(path_endpoint, CASE role WHEN 'finish' THEN 3 WHEN 'start' THEN 2 ELSE 1 END) AS path_endpoint,
        max(trace_id) AS trace_id,
        max(CASE WHEN role = 'event' THEN d."ActivityId" END) AS activity,
        max(CASE WHEN role = 'event' THEN d."RemoteIpAddress" END) AS client_ip,
        max(coalesce(d."ClientId", d."Raw".client_id, o.client_id, CASE WHEN d."ApiName" <> 'unknown' THEN d."ApiName" END, named_client)) AS client_id,
        bool_or(coalesce(class = 'ClientSecretValidator', starts_with(m, 'Client secret validation failed for client') OR starts_with(m, 'No client with id ')) AND NOT starts_with(m, 'No client identifier')) AS client_refused,
        max(d."ClientName") AS client_name,
        max(coalesce(d."GrantType", d."Raw".grant_type, o.grant_type)) AS grant_type,
        max(coalesce(nullif(CASE WHEN d."Scopes"[1] = '[' THEN translate(replace(d."Scopes", ',', ' '), '["]', '') ELSE d."Scopes" END, ''), nullif(d."RequestedScopes", ''), d."Raw".scope, o.scope)) AS scope,
        max(coalesce(d."RedirectUri", d."Raw".redirect_uri, o.redirect_uri)) AS redirect_uri,
        max(coalesce(d."ResponseType", d."Raw".response_type, o.response_type)) AS response_type,
        max(coalesce(nullif(d."SubjectId", 'anonymous'), CASE WHEN NOT contains(d."UserName", '*') THEN d."UserName" END, o.username, CASE WHEN role = 'event' THEN TRY(json_extract_string(object, '$.Username')) END)) AS user_name,
        max(d."SessionId") AS session_id,
        arg_max(code, CASE WHEN starts_with(code, 'ID2') THEN 100 ELSE weight END) AS code,
        arg_max(told_error, rank) AS told_error,
        arg_max(saying, CASE WHEN complains THEN weight * 1000 + rank END) AS said,
        arg_max(class, CASE WHEN complains THEN weight * 1000 + rank END) AS said_by,
        arg_max(role, CASE WHEN complains THEN weight * 1000 + rank END) AS said_role,
        bool_or(role = 'forbidden') AS forbidden, bool_or(role = 'challenged') AS challenged,
        -- a login page is no refusal
        bool_and(NOT complains OR (role = 'challenged' AND (class IN ('OpenIdConnectHandler', 'CookieAuthenticationHandler', 'OAuthHandler') OR contains(m, 'Cookies') OR contains(m, 'oidc') OR contains(m, 'OpenIdConnect') OR contains(m, 'Identity.')))
            OR (role = 'unauthorized')) AS only_login,
        bool_or(role = 'challenged' AND (class IN ('OpenIdConnectHandler', 'CookieAuthenticationHandler', 'OAuthHandler') OR contains(m, 'Cookies') OR contains(m, 'oidc') OR contains(m, 'OpenIdConnect') OR contains(m, 'Identity.'))) AS logs_in,
        bool_and(NOT complains OR role IN ('refused', 'unauthorized', 'hint') AND NOT coalesce(of_identityserver, false)) AS only_refused,
        bool_or(of_identityserver OR (of_openiddict AND NOT of_validation AND NOT of_client)
            OR (is_nameless AND role IN ('place', 'asked', 'answer', 'issued', 'reason'))) AS of_server
    FROM chaptered
    GROUP BY story, episode
),
joined AS (
    SELECT n."offset", n.role, n.time, n.local_time, n.clock, n.instance, n.request_id, n.complains,
        g.* EXCLUDE (story, episode),
        g.complaints > 0 AND NOT (g.only_login AND (g.logs_in OR coalesce(g.status < 400, false))) AND NOT (g.only_refused AND NOT g.challenged AND coalesce(g.status < 400, false)) AS fails,
        n.crowded AND n.role = 'finish' AND n.status >= 400 AS unplaced, n.story, n.busy
    FROM chaptered n JOIN gathered g ON n.story = g.story AND n.episode = g.episode
),
-- several requests at once and no id: a refusal that was told is not counted again by its status
judged AS (
    SELECT *,
        CASE WHEN fails THEN "offset" = failed_at WHEN finished THEN "offset" = finished_at ELSE "offset" = done_at END AND NOT swallowed AS happens,
        replace(said, '"', '') AS plain
    FROM (
        SELECT *, coalesce(unplaced AND count_if(fails AND "offset" = failed_at) OVER so_far >= count_if(unplaced) OVER so_far, false) AS swallowed
        FROM joined
        WINDOW so_far AS (PARTITION BY story, busy ORDER BY "offset" ROWS UNBOUNDED PRECEDING)
    )
)
SELECT "offset", time, local_time, clock, instance,
    CASE WHEN of_server THEN 'auth_server' END AS kind,
    coalesce(request_id, activity) AS request_id, trace_id, session_id,
    client_id,
    client_name, user_name, client_ip,
    CASE WHEN class_endpoint IS NOT NULL THEN CASE WHEN path IS NULL OR path_endpoint = 'api' THEN class_endpoint END
         WHEN path IS NULL AND fails AND NOT of_server AND (said_role IN ('refused', 'challenged', 'unauthorized', 'forbidden', 'ocelot') OR challenged) THEN 'api' END AS endpoint,
    CASE WHEN crowded AND request_id IS NULL AND role <> 'finish' THEN NULL ELSE path END AS path,
    CASE WHEN crowded AND request_id IS NULL AND role <> 'finish' THEN NULL ELSE method END AS method,
    CASE WHEN crowded AND request_id IS NULL AND role <> 'finish' THEN NULL ELSE status END AS status,
    CASE WHEN crowded AND request_id IS NULL AND role <> 'finish' THEN NULL ELSE duration_ms END AS duration_ms,
    grant_type, response_type, scope, redirect_uri,
    CASE WHEN fails AND said_role = 'ocelot' AND NOT regexp_matches(said, 'authen|Authen|uthori[sz]|DoesNotHaveClaim|QuotaExceeded|Unauth|scope|claim') THEN 'other'
         WHEN fails THEN 'failure' WHEN NOT finished AND done_at IS NOT NULL THEN 'success' END AS outcome,
    CASE WHEN NOT fails THEN NULL
         WHEN oauth_error(told_error) IS NOT NULL THEN oauth_error(told_error)
         WHEN client_refused THEN 'invalid_client'
         WHEN said_by = 'DefaultRefreshTokenService' OR starts_with(plain, 'Refresh token validation failed') THEN 'invalid_grant'
         WHEN said_by = 'DeviceCodeValidator' THEN CASE WHEN contains(plain, 'polling too fast') THEN 'slow_down' WHEN plain LIKE 'Expired device code%' THEN 'expired_token'
            WHEN plain LIKE 'No scopes authorized%' THEN 'access_denied' ELSE 'invalid_grant' END
         WHEN said_by = 'TokenRequestValidator' OR (said_by IS NULL AND of_server AND class_endpoint = 'token') THEN CASE
            WHEN regexp_matches(plain, '^(?:Authorization code (?:is |expired|too)|Invalid authorization code|Client is trying to use a code|Invalid redirect_uri|Missing code_verifier|code_verifier is|Transformed code|Client is missing code challenge|Unexpected code_verifier|User has been disabled|Unsupported code challenge|Username |User authentication failed: no|Refresh token too long|Device code too long)') THEN 'invalid_grant'
            WHEN regexp_matches(plain, '^Client (?:not authorized for|is not allowed)') OR plain LIKE 'Redirect URI is missing%' THEN 'unauthorized_client'
            WHEN regexp_matches(plain, '^(?:Grant type is|No validator is registered|Client does not have the custom grant|Resource owner password credential)') THEN 'unsupported_grant_type'
            WHEN regexp_matches(plain, '^(?:No allowed scopes|Scope parameter|No scopes found|Invalid scopes|Client cannot request)') THEN 'invalid_scope'
            WHEN regexp_matches(plain, '^(?:Refresh token is missing|Device code is missing|Authentication request id is missing|Client requires DPoP)') THEN 'invalid_request'
            WHEN plain LIKE 'Invalid protocol type%' THEN 'invalid_client' END
         WHEN said_by = 'DefaultResourceValidator' THEN CASE WHEN starts_with(plain, 'Invalid resource identifier') THEN 'invalid_target' ELSE 'invalid_scope' END
         WHEN said_by = 'AuthorizeRequestValidator' OR (said_by IS NULL AND of_server AND class_endpoint = 'authorization' AND said_role = 'reason' AND NOT starts_with(plain, 'The ')) THEN CASE
            WHEN regexp_matches(plain, '^(?:Unknown client|Invalid protocol type|Invalid grant type for client)') THEN 'unauthorized_client'
            WHEN regexp_matches(plain, '^(?:Response type not supported|Unsupported response_mode)') THEN 'unsupported_response_type'
            WHEN regexp_matches(plain, '^(?:Identity related scope|Requests for )') THEN 'invalid_scope'
            ELSE 'invalid_request' END END AS error,
    CASE WHEN NOT fails THEN NULL
         WHEN code IS NOT NULL THEN code
         WHEN told_error IS NOT NULL AND oauth_error(told_error) IS NULL AND regexp_full_match(told_error, '[a-z][a-z0-9_.]{2,60}') THEN told_error
         WHEN said_role = 'ocelot' THEN nullif(regexp_extract(said, '\b(UnauthenticatedError|UnauthorizedError|UnauthorisedError|ClaimValueNotAuthori[sz]edError|ScopeNotAuthori[sz]edError|UserDoesNotHaveClaimError|UnableToFindDownstreamRouteError|QuotaExceededError|RequestTimedOutError|ConnectionToDownstreamServiceError|[A-Z][A-Za-z]+Error)\b', 1), '') END AS error_code,
    CASE WHEN fails THEN CASE
         WHEN said_role = 'ocelot' THEN regexp_replace(said, '\s*\n\s*', ' ', 'g')
         -- nobody said what is wrong with a token: there was none
         WHEN said_role = 'unauthorized' AND challenged AND NOT forbidden THEN 'AuthenticationScheme was challenged: an authenticated user is required'
         ELSE regexp_replace(plain, '\s*\n\s*', ' ', 'g') END END AS error_description,
    CASE WHEN happens THEN NULL
         WHEN complains OR swallowed THEN CASE WHEN fails OR swallowed THEN 'told by another line of the request' ELSE 'a step of a login' END
         ELSE 'step of a request' END AS ignored,
    CAST(NULL AS VARCHAR) AS quarantined
FROM judged
UNION ALL BY NAME
SELECT "offset",
    CASE WHEN is_head THEN CASE WHEN layout IS NOT NULL OR json_kind IS NOT NULL THEN
            CASE WHEN regexp_matches(category, '^(?:Microsoft|System|Duende|IdentityServer4|OpenIddict|Ocelot|Yarp)\.') THEN 'server message' ELSE 'message of a program' END END
         WHEN line[1] = '{' AND json_kind IS NOT NULL THEN NULL
         WHEN of_line IS NOT NULL THEN CASE WHEN starts_with(ltrim(line), 'at ') THEN 'stack trace' ELSE 'continuation of a line before' END
         WHEN line[1] = '{' THEN NULL
         ELSE coalesce(other_log(line), 'continuation of a line before') END AS ignored,
    CASE WHEN is_head THEN NULL
         WHEN line[1] = '{' AND json_kind IS NOT NULL THEN 'broken JSON' END AS quarantined
FROM headed
WHERE NOT ("offset" IN (SELECT "offset" FROM chaptered))
ORDER BY "offset"
