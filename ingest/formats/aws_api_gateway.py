"""Amazon API Gateway access log formats (`$context` variables in text or JSON) to SQL.

Besides a format as it stands in `accessLogSettings.format`, two words are understood: `json`, JSON with the
names that people commonly give to the variables, and `execution`, the lines of an execution log.

API Gateway escapes nothing, and writes `-` for a variable that has no value, also where the format has no
quotes around it: such JSON is mended before it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.errors import FormatError
from ingest.formats.template import parts_of
from ingest.quoting import identifier, literal

_VARIABLE = re.compile(r"\$context\.([A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_-]+)*)")

_NAMES = {
    "requestId": "request_id",
    "extendedRequestId": "extended_request_id",
    "apiId": "api_id",
    "domainName": "domain_name",
    "identity.sourceIp": "source_ip",
    "identity.userAgent": "user_agent",
    "identity.caller": "caller",
    "identity.user": "identity_user",
    "requestTime": "request_time",
    "requestTimeEpoch": "request_time_epoch",
    "httpMethod": "http_method",
    "resourcePath": "resource_path",
    "path": "path",
    "routeKey": "route_key",
    "eventType": "event_type",
    "status": "status",
    "responseLatency": "response_latency",
    "integrationStatus": "lambda_status",
    "integration.status": "integration_status",
    "integration.integrationStatus": "lambda_status",
    "integrationErrorMessage": "integration_error",
    "integration.error": "integration_error",
    "authorizer.error": "authorizer_error",
    "authorize.error": "authorizer_error",
    "authenticate.error": "authorizer_error",
    "authorizer.principalId": "principal_id",
    "authorizer.claims.client_id": "claim_client_id",
    "authorizer.claims.azp": "claim_client_id",
    "authorizer.claims.cid": "claim_client_id",
    "authorizer.claims.sub": "claim_sub",
    "authorizer.claims.username": "claim_username",
    "authorizer.claims.cognito:username": "claim_username",
    "authorizer.claims.iss": "claim_iss",
    "authorizer.claims.aud": "claim_aud",
    "authorizer.claims.scope": "claim_scope",
    "authorizer.claims.scp": "claim_scope",
    "authorizer.claims.jti": "claim_jti",
    "error.message": "error_message",
    "error.messageString": "error_message",
    "error.responseType": "response_type",
    "error.validationErrorString": "validation_error",
    "waf.error": "waf_error",
    "wafResponseCode": "waf_response",
    "waf.wafResponseCode": "waf_response",
    "xrayTraceId": "xray_trace_id",
}
"""The columns of variables, by their path below `$context`; of others it is the path with underscores."""

_OTHER_KEYS = {
    "source_ip": ("ip", "sourceIp", "clientIp", "sourceIpAddress", "identityIp"),
    "user_agent": ("userAgent", "agent"),
    "caller": ("caller",),
    "identity_user": ("user",),
    "request_time": ("time", "timestamp"),
    "http_method": ("method", "requestMethod", "verb"),
    "path": ("requestPath", "uri", "url"),
    "resource_path": ("resource",),
    "route_key": ("route",),
    "status": ("statusCode", "responseStatus", "httpStatus", "responseCode"),
    "response_latency": ("latency", "responseTime"),
    "lambda_status": ("integrationStatusCode",),
    "authorizer_error": ("authError", "authorizerErrorMessage", "authorizeErrorMessage", "jwtError"),
    "principal_id": ("principalId",),
    "claim_client_id": ("clientId", "claimsClientId", "azp", "claimsAzp", "cid", "jwtClientId"),
    "claim_sub": ("sub", "claimsSub", "jwtSub", "subject"),
    "claim_username": ("username", "claimsUsername", "cognitoUsername", "userName"),
    "claim_iss": ("iss", "claimsIss", "issuer"),
    "claim_aud": ("aud", "claimsAud", "audience"),
    "claim_scope": ("scope", "claimsScope", "scopes"),
    "claim_jti": ("jti", "claimsJti"),
    "error_message": ("errorMsg",),
    "response_type": ("responseType", "gatewayResponseType", "errorType"),
    "validation_error": ("validationError", "validationErrorString"),
    "waf_response": ("wafResponse",),
    "xray_trace_id": ("traceId", "xrayTrace"),
}
"""Keys of JSON that are met besides those made of a variable's own path, by column."""

_NESTED = ("identity", "authorizer", "integration", "error", "waf", "claims")
"""Objects that people nest the variables in."""

_OWN_KEYS = (
    r"(resource[_.-]?path|route[_.-]?key|response[_.-]?length|extended[_.-]?request[_.-]?id"
    r"|authori[sz]er?[_.-]?(error|status|latency)|authenticate[_.-]?(error|status)"
    r"|error[_.-]?response[_.-]?type"
    r"|waf[_.-]?(status|error|response[_.-]?code)|integration[_.-]?(status|latency|error))"
)
_TELLING = (
    rf'"(?i:[a-z_.$-]*{_OWN_KEYS})[A-Za-z_.-]*"\s*:|"(integration|authorizer)"\s*:\s*\{{'
    r'|"identity"\s*:\s*\{[^}]*"source_?I[pP]"'
)
"""A key that no other product's log is likely to have: what tells this JSON from JSON of any other kind."""

_ID = (
    r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]{8,20}=+"
    r"|UUID_REPLACED_INVALID_REQUEST_ID)"
)
_SHAPES = {
    "request_id": _ID,
    "extended_request_id": r"[A-Za-z0-9_-]{8,40}=*|-",
    "request_time": r"\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4}",
    "request_time_epoch": r"\d+",
    "status": r"\d{3}|-",
    "http_method": r"[A-Z]+|-",
    "event_type": r"CONNECT|MESSAGE|DISCONNECT",
    "route_key": r"[A-Z]+ /[^\s\",<]*|[^\s/\",<]+",
    "source_ip": r"[0-9A-Fa-f.:]+|-",
    "protocol": r"[A-Za-z]+/[0-9.]+|-",
    "responselength": r"\d+|-",
}
"""What the values of a column may hold; others are words, or anything between quotes."""


@dataclass(frozen=True)
class _Piece:
    """A part of a format: literal text, or a variable by the name of its column."""

    text: str
    variable: bool = False


def compile_format(text: str) -> str:
    """A SELECT from `records`: line, "offset", matched and one VARCHAR column for each variable.

    The columns are named as in `_NAMES`; of an execution log they are run_id, step and stamp. Raises
    FormatError when `text` holds no variable.
    """
    if text.strip() == "json":
        return _common_select()
    if text.strip() == "execution":
        return _execution_select()
    pieces = _pieces(text)
    if not any(piece.variable for piece in pieces):
        raise FormatError(f"the access log format {text!r} holds no $context variable")
    if text.lstrip().startswith("{"):
        return _json_select(text, pieces)
    return _text_select(pieces)


def _pieces(text: str) -> list[_Piece]:
    text = re.sub(r"\\\s*\n\s*", "", text).strip()
    return [
        _Piece(part) if isinstance(part, str) else _Piece(_column(part[1]), variable=True)
        for part in parts_of(text, _VARIABLE)
    ]


def _column(path: str) -> str:
    return _NAMES.get(path, re.sub(r"\W", "_", path).lower())


# Text -----------------------------------------------------------------------------------------


def _text_select(pieces: list[_Piece]) -> str:
    """Lines by one expression; blanks between words may be several, and none at the end of a line."""
    pattern = ""
    groups: list[str] = []
    for place, piece in enumerate(pieces):
        if not piece.variable:
            pattern += re.sub(r"(\\ |\s)+", r"\\s*" if "<" in piece.text else " +", re.escape(piece.text))
            continue
        after = pieces[place + 1].text[0] if place + 1 < len(pieces) else ""
        anything = {'"': r'[^"]*', "<": r"[^<]*", ",": r"[^,]*"}.get(after, r"\S*")
        if piece.text == "error_message" and after != '"':
            anything = r'"[^"]*"|\S*'  # messageString brings quotes of its own
        pattern += f"({_SHAPES.get(piece.text, anything)})"
        groups.append(piece.text)
    numbers = ", ".join(literal(str(place)) for place in range(1, len(groups) + 1))
    whole = literal(f"^({pattern})[ \\t\\r]*$")
    found = f"regexp_extract(line, {whole}, ['whole', {numbers}])"
    columns = ", ".join(
        f"nullif(found['{groups.index(name) + 1}'], '') AS {identifier(name)}"
        for name in dict.fromkeys(groups)
    )
    return f"""
        SELECT line, "offset", found['whole'] <> '' AS matched, {columns}
        FROM (SELECT line, "offset", {found} AS found FROM records)
    """


# JSON -----------------------------------------------------------------------------------------

_MENDED = """CASE WHEN contains(line, ':-') OR contains(line, ': -') OR contains(line, '""')
    THEN regexp_replace(regexp_replace(line, ':\\s*-\\s*([,}])', ':null\\1', 'g'),
        ':\\s*""([^",}][^"]*)""', ':"\\1"', 'g')
    ELSE line END"""
"""A line as JSON: a `-` without quotes is null, and a string that was quoted twice is quoted once."""

_SEPARATED = literal(r'"\$?[A-Za-z]+[_.-][A-Za-z_.-]*"\s*:')
_SEPARATED_PARTS = literal(r'"([$A-Za-z]+)[_.-]+([A-Za-z_.-]*"\s*:)')
"""A key with a separator, and what stands around the first one."""


def _json_select(text: str, pieces: list[_Piece]) -> str:
    """JSON by the paths of a format's own variables."""
    try:
        document = json.loads(_quoted(re.sub(r"\\\s*\n\s*", "", text)))
    except ValueError as problem:
        raise FormatError(f"the access log format looks like JSON and is none: {problem}") from problem
    paths: dict[str, list[str]] = {}

    def walk(value: object, path: str) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(inner, f"{path}.{json.dumps(key)}")
        elif isinstance(value, str):
            match = _VARIABLE.fullmatch(value)
            if match:
                paths.setdefault(_column(match[1]), []).append(path)

    walk(document, "$")
    if not paths:
        raise FormatError(f"the access log format {text!r} has no variable as a value of its own")
    every = [path for several in paths.values() for path in several]
    listed = ", ".join(literal(path) for path in every)
    columns = ", ".join(
        f"{_first([f'v[{every.index(path) + 1}]' for path in several])} AS {identifier(name)}"
        for name, several in paths.items()
    )
    # API Gateway writes every key, so an object without one was written in another format
    whole = " AND ".join(f"v[{place}] IS NOT NULL" for place in _vital(paths, every)) or "true"
    return f"""
        SELECT line, "offset", coalesce(v IS NOT NULL AND {whole}, false) AS matched, {columns}
        FROM (SELECT line, "offset",
                CASE WHEN ltrim(line)[1] = '{{' THEN TRY(json_extract_string({_MENDED}, [{listed}])) END AS v
            FROM records)
    """


def _vital(paths: dict[str, list[str]], every: list[str]) -> list[int]:
    names = ("request_id", "request_time", "request_time_epoch", "http_method", "route_key", "resource_path")
    return [every.index(paths[name][0]) + 1 for name in names if name in paths]


def _quoted(text: str) -> str:
    """The format with quotes around variables that have none; `messageString` brings its own."""
    parts = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(
        part if part.startswith('"') else _VARIABLE.sub(lambda match: f'"{match[0]}"', part) for part in parts
    )


def _common_select() -> str:
    """JSON by the usual keys; only what has a request id, a status or a cause, and a telling key matches.

    Keys are read with and without separators. No two names of one structure may differ in capitals alone, so
    `a` has requestId, `b` request_id and `c` error.responseType.
    """
    camel: dict[str, tuple[str, str]] = {}
    lower: dict[str, tuple[str, str]] = {}
    mixed: dict[str, tuple[str, str]] = {}
    for name, spelled in _spellings().items():
        for key in spelled:
            plain = _camel(key)
            camel.setdefault(plain.lower(), (plain, name))
            lower.setdefault(plain.lower(), (plain.lower(), name))
            bare_key = re.sub(r"[._]", "", key)
            if bare_key not in (plain, plain.lower()):
                mixed.setdefault(bare_key.lower(), (bare_key, name))
    structures = [dict(found.values()) for found in (camel, lower, mixed)]
    types = [dict.fromkeys(found, "VARCHAR") for found in structures]
    types[0] |= dict.fromkeys(_NESTED, "JSON")
    read = [f"TRY(from_json(bare, {literal(json.dumps(found))}))" for found in types]
    columns: dict[str, str] = {}
    for name in _spellings():
        flat = [
            f"{alias}.{identifier(key)}"
            for alias, found in zip("abc", structures, strict=True)
            for key, owner in found.items()
            if owner == name
        ]
        values = [f"nullify({value})" for value in flat] + _nested(name)
        # a status that is there and `-` says that no integration was asked; no key says nothing
        columns[name] = _first(values + flat if name == "lambda_status" else values)
    listed = ", ".join(f"{value} AS {identifier(name)}" for name, value in columns.items())
    told = [columns[name] for name in ("status", "response_type", "request_time", "request_time_epoch")]
    bare = "replace(doc, '\"$context.', '\"')"
    for _ in range(3):
        bare = f"regexp_replace({bare}, {_SEPARATED_PARTS}, '\"\\1\\2', 'g')"
    return f"""
        WITH mended AS (
            SELECT line, "offset", CASE WHEN ltrim(line)[1] = '{{' THEN {_MENDED} END AS text FROM records
        ),
        capitals AS (
            SELECT line, "offset", CASE WHEN contains(text, 'ID"') OR contains(text, 'IP"')
                THEN regexp_replace(regexp_replace(text,
                    'ID"(\\s*:)', 'Id"\\1', 'g'), 'IP"(\\s*:)', 'Ip"\\1', 'g')
                ELSE text END AS text
            FROM mended
        ),
        -- without a wrapper around the variables, as jsonencode({{context = {{...}}}}) makes it
        documents AS (
            SELECT line, "offset", CASE WHEN regexp_matches(text, '"\\$?context"\\s*:\\s*\\{{')
                THEN coalesce(CAST(TRY(json_extract(text, '$.context')) AS VARCHAR), text)
                ELSE text END AS doc
            FROM capitals
        ),
        marked AS (
            SELECT *, coalesce(regexp_matches(doc, {_SEPARATED}), false) AS separated FROM documents
        ),
        keyed AS (
            SELECT *, CASE WHEN separated THEN {bare} ELSE doc END AS bare FROM marked
        ),
        parsed AS (
            SELECT line, "offset", {read[0]} AS a,
                CASE WHEN separated OR NOT contains(bare, '"requestId"') THEN {read[1]} END AS b,
                CASE WHEN separated THEN {read[2]} END AS c
            FROM keyed
        )
        SELECT line, "offset",
            coalesce(a IS NOT NULL
                AND coalesce({columns["request_id"]}, {columns["extended_request_id"]}) IS NOT NULL
                AND {_first(told)} IS NOT NULL
                AND regexp_matches(line, {literal(_TELLING)}), false) AS matched,
            {listed}
        FROM parsed
    """


def _spellings() -> dict[str, list[str]]:
    """Keys of JSON by column: paths of variables, and other names."""
    found: dict[str, list[str]] = {}
    for path, name in _NAMES.items():
        found.setdefault(name, []).append(path)
    for name, others in _OTHER_KEYS.items():
        found[name] += others
    found["connection_id"] = ["connectionId"]
    return found


def _camel(key: str) -> str:
    """`error.responseType` as errorResponseType."""
    first, *others = re.split(r"[._:]", key)
    return first + "".join(other[:1].upper() + other[1:] for other in others)


def _nested(name: str) -> list[str]:
    """SQL for a column's values within nested objects, and for a plain `error`."""
    found = []
    for path, owner in _NAMES.items():
        outer, _, inner = path.partition(".")
        if owner != name or not inner or outer not in _NESTED:
            continue
        spelled = dict.fromkeys(
            (inner, re.sub(r"_(\w)", lambda match: match[1].upper(), inner), inner.lower().replace("_", ""))
        )
        for key in spelled:
            steps = "".join(f".{json.dumps(step)}" for step in key.split("."))
            found.append(
                f"CASE WHEN a.{outer} IS NOT NULL THEN nullify(a.{outer} ->> {literal('$' + steps)}) END"
            )
        if inner.startswith("claims."):
            for key in spelled:
                steps = "." + json.dumps(key.split(".", 1)[1])
                found.append(
                    f"CASE WHEN a.claims IS NOT NULL THEN nullify(a.claims ->> {literal('$' + steps)}) END"
                )
                jwt = f"$.jwt.claims{steps}"
                found.append(
                    f"CASE WHEN a.authorizer IS NOT NULL THEN nullify(a.authorizer ->> {literal(jwt)}) END"
                )
    if name == "error_message":
        found.append("CASE WHEN starts_with(a.error, '\"') THEN nullify(a.error ->> '$') END")
    return found


def _first(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"coalesce({', '.join(values)})"


# Execution logs -------------------------------------------------------------------------------

_STEPS = (
    r"Method completed with status: \d{3}|Verifying Usage Plan for request: |Usage Plan check succeeded for "
    r"|Starting execution for request: |HTTP Method: [A-Z]+, Resource Path: "
    r"|Successfully completed execution$"
    r"|Method (?:request|response) (?:path|query string|headers|body)"
    r"|Endpoint (?:request|response) (?:URI|headers|body)"
    r"|API Key:? |Received response\. Status: |Gateway response (?:type|body|headers): "
)


def _execution_select() -> str:
    """Lines of an execution log: `(request id) text`; releases of 2016 wrote no id.

    `aws logs tail` puts the time and the stream before them.
    """
    tailed = literal(r"^\d{4}-\d\d-\d\dT\S+ (?:\S+ )?\(" + _ID + r"\) ")
    bracketed, steps = literal(r"^\(" + _ID + r"\) "), literal(f"^(?:{_STEPS})")
    return f"""
        SELECT line, "offset", bracketed OR coalesce(regexp_matches(line, {steps}), false) AS matched,
            stamp,
            CASE WHEN bracketed THEN substr(split_part(rest, ')', 1), 2) END AS run_id,
            CASE WHEN bracketed THEN substr(rest, strpos(rest, ')') + 2) ELSE line END AS step
        FROM (
            SELECT *, coalesce(regexp_matches(rest, {bracketed}), false) AS bracketed
            FROM (
                SELECT line, "offset",
                    CASE WHEN tailed THEN split_part(line, ' ', 1) END AS stamp,
                    CASE WHEN tailed THEN substr(line, strpos(line, '(')) ELSE line END AS rest
                FROM (SELECT *, line[5] = '-' AND regexp_matches(line, {tailed}) AS tailed FROM records)
            )
        )
    """
