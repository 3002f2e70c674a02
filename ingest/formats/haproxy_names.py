"""What names tell in HAProxy logs: aliases and samples, headers, and names that operators choose."""

from __future__ import annotations

import re

ALIASES = {
    "B": "bytes_read", "CC": "request_cookie", "CS": "response_cookie", "H": "hostname", "HM": "method",
    "HP": "path", "HPO": "path", "HQ": "query", "HU": "uri", "HV": "version", "ID": "unique_id",
    "OG": "origin",
    "ST": "status", "T": "accept_date_zoned", "Ta": "time_active", "Tc": "time_connect", "Td": "time_data",
    "Th": "time_handshake", "Ti": "time_idle", "Tl": "accept_date_zoned", "TR": "time_request",
    "Tq": "time_request_all",
    "Tr": "time_response", "Ts": "accept_epoch", "Tt": "time_total", "Tu": "time_user", "Tw": "time_queued",
    "U": "bytes_uploaded", "ac": "actconn", "b": "backend", "bc": "beconn", "bi": "backend_ip",
    "bp": "backend_port",
    "bq": "backend_queue", "ci": "client", "cp": "client_port", "f": "frontend", "fc": "feconn",
    "fi": "frontend_ip",
    "fp": "frontend_port", "ft": "frontend", "hr": "request_captures", "hrl": "request_captures",
    "hs": "response_captures", "hsl": "response_captures", "lc": "log_count", "ms": "accept_ms", "pid": "pid",
    "r": "request", "rc": "retries", "rt": "request_count", "s": "server", "sc": "srv_conn",
    "si": "server_ip",
    "sp": "server_port", "sq": "srv_queue", "sslc": "tls_cipher", "sslv": "tls_version", "t": "accept_date",
    "tr": "request_date", "trg": "request_date_zoned", "trl": "request_date_zoned", "ts": "termination",
    "tsc": "termination",
}  # fmt: skip
"""The variable of each alias of the log format (configuration manual, `Custom log format`)."""

HEADERS = {
    "user_agent": "user_agent", "x_request_id": "request_id", "x_correlation_id": "request_id",
    "request_id": "request_id",
    "x_unique_id": "request_id", "correlation_id": "request_id", "unique_id": "request_id",
    "traceparent": "traceparent", "x_b3_traceid": "trace_id", "x_trace_id": "trace_id",
    "authorization": "sent_authorization", "x_forwarded_for": "forwarded_for", "x_real_ip": "forwarded_for",
    "x_client_id": "claim_client_id", "client_id": "claim_client_id", "www_authenticate": "challenge",
    "location": "location",
}  # fmt: skip
_CLAIMS = {
    "iss": "claim_iss", "issuer": "claim_iss", "aud": "claim_aud", "audience": "claim_aud",
    "sub": "claim_sub",
    "subject": "claim_sub", "azp": "claim_client_id", "client_id": "claim_client_id",
    "clientid": "claim_client_id",
    "cid": "claim_client_id", "appid": "claim_client_id", "client": "claim_client_id", "exp": "claim_exp",
    "nbf": "claim_nbf", "jti": "claim_jti", "scope": "claim_scope", "scopes": "claim_scope",
    "scp": "claim_scope",
    "kid": "header_kid", "alg": "header_alg", "preferred_username": "claim_sub", "username": "claim_sub",
    "user": "claim_sub", "user_id": "claim_sub",
}  # fmt: skip
_SAYING = (
    (r"(^|_)(verif|signature|sig_?valid|jwt_(result|valid|check|status|rc|code))", "jwt_verify"),
    (
        r"(^|_)(why|reason|deny|denied|refus\w*|reject\w*|cause)(_|$)"
        r"|(^|_)(auth|jwt|token|oauth|oidc)_?(err|error|msg|message|fail\w*)(_|$)"
        r"|^(err|error|error_?message|errmsg)$",
        "reason",
    ),
    (r"(^|_)(trace_?parent)$", "traceparent"),
    (r"(^|_)trace_?id$", "trace_id"),
    (r"(^|_)(request|req|correlation|unique|transaction)_?id$", "request_id"),
    (r"(^|_)user_?agent$|^ua$", "user_agent"),
    (r"(^|_)(www_?authenticate|challenge)$", "challenge"),
    (r"(^|_)(forwarded_for|xff|real_?ip)$", "forwarded_for"),
    (r"(^|_)(bearer|token|jwt|access_token|authorization|auth_header)$", "sent_authorization"),
    (r"(^|_)location$", "location"),
)  # fmt: skip
"""Variables by the words in a name that an operator chose."""

_FETCHES = {
    "src": "client", "status": "status", "txn.status": "status", "server_status": "server_status",
    "method": "method",
    "capture.req.method": "method", "capture.req.uri": "uri", "url": "uri", "pathq": "uri",
    "path": "path", "base": "path",
    "baseq": "uri", "query": "query", "unique-id": "unique_id", "uuid": "other", "hostname": "hostname",
    "srv_name": "server", "be_name": "backend", "fe_name": "frontend",
    "http_auth_bearer": "sent_authorization",
    "http_auth_user": "auth_user", "req.body": "request_body", "res.body": "response_body",
    "ssl_c_err": "ssl_c_err",
    "ssl_c_verify": "ssl_c_err", "bc_err_str": "backend_error", "ssl_bc_err_str": "backend_tls_error",
    "fc_err_str": "frontend_error", "txn.sess_term_state": "termination", "txn.conn_retries": "retries",
    "txn.timer.user": "time_user", "res.timer.hdr": "time_response", "fc.timer.total": "time_total",
    "date": "log_epoch", "accept_date": "accept_epoch", "request_date": "request_epoch",
}  # fmt: skip

COMMON_KEYS: dict[str, tuple[str, ...]] = {
    "any_date": ("request_date", "accept_date", "time", "timestamp", "date", "datetime", "date_time",
        "time_local", "@timestamp", "ts"),
    "client": ("client_ip", "clientip", "client_addr", "client", "src", "src_ip", "remote_addr",
        "source_ip", "ip", "haproxy_client_ip"),
    "termination": ("termination_state", "term_state", "termstate", "haproxy_termination_state",
        "termination", "terminationState", "session_state"),
    "status": ("status", "status_code", "http_status", "http_status_code", "response_code", "code",
        "haproxy_http_status", "statusCode", "st"),
    "method": ("method", "http_method", "request_method", "http_request_method", "verb",
        "haproxy_http_method"),
    "request": ("request", "http_request", "request_line", "haproxy_http_request", "req"),
    "uri": ("uri", "http_uri", "request_uri", "url", "http_path", "http_url", "haproxy_http_uri", "full_uri"),
    "path": ("path", "request_path"),
    "query": ("query", "http_query", "query_string", "http_request_query_string"),
    "server": ("server", "server_name", "haproxy_server_name", "srv", "srv_name", "haproxy_server"),
    "backend": ("backend", "backend_name", "haproxy_backend_name", "be", "be_name", "haproxy_backend"),
    "frontend": ("frontend", "frontend_name", "haproxy_frontend_name", "fe", "fe_name",
        "haproxy_frontend", "frontend_name_transport"),
    "time_active": ("time_active", "ta", "total_time", "time_duration", "time_total", "duration",
        "session_duration", "active_time", "total_time_ms", "haproxy_time_total", "time_backend_total"),
    "time_response": ("time_response", "tr", "response_time", "time_backend_response",
        "server_response_time"),
    "user_agent": ("user_agent", "user-agent", "http_user_agent", "useragent", "ua"),
    "request_id": ("request_id", "unique_id", "x-unique-id", "x_request_id", "x-request-id", "requestid",
        "req_id", "correlation_id"),
    "trace_id": ("trace_id", "traceid"),
    "traceparent": ("traceparent",),
    "hostname": ("hostname", "host_name", "haproxy_hostname", "haproxy_host"),
    "reason": ("jwt_error", "deny_reason", "reason", "auth_error", "error_reason", "denied_reason"),
    "jwt_verify": ("jwt_verify", "jwt_result", "jwt_verified", "jwt_status"),
    "claim_client_id": ("client_id", "jwt_client_id", "azp", "jwt_azp"),
    "claim_sub": ("sub", "jwt_sub"),
    "claim_iss": ("iss", "jwt_iss", "issuer"),
    "challenge": ("www_authenticate", "www-authenticate", "challenge"),
    "backend_error": ("backend_error", "bc_err_str"),
    "backend_tls_error": ("backend_tls_error", "ssl_bc_err_str", "backend_ssl_error"),
    "ssl_c_err": ("ssl_c_err", "ssl_client_error"),
}  # fmt: skip
"""Keys of JSON formats as they are met, by variable; the first with a value counts. None is there twice."""


def header_name(name: str) -> str:
    return re.sub(r"\W+", "_", name.strip("\"' ").lower())


def meaning_of_name(name: str) -> str | None:
    """What a header, a variable or a key of this name holds; None where the name says nothing."""
    words = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())
    if words in HEADERS:
        return HEADERS[words]
    last = re.sub(r"^(jwt|token|claim|oauth|oidc|auth|jwt_claim|jwt_payload|jwt_header)_", "", words)
    if last in _CLAIMS:
        return _CLAIMS[last]
    return next((variable for pattern, variable in _SAYING if re.search(pattern, words)), None)


def meaning_of_sample(expression: str, key: str | None) -> str:
    """The variable that a sample expression is; `key` is the name under which JSON has it."""
    fetch = re.match(r"\s*([\w.-]+)(?:\(([^)]*)\))?", expression)
    name, argument = (fetch[1], (fetch[2] or "").split(",")[0].strip("\"' ")) if fetch else ("", "")
    rest = expression[fetch.end() :] if fetch else ""
    if "jwt_verify" in rest:
        return "jwt_verify"
    if query := re.search(r"jwt_(?:header|payload)_query\(\s*[\"']?\$\.([\w.-]+)", rest):
        return _CLAIMS.get(query[1].lower(), "other")
    if "jwt_header_query" in rest or "jwt_payload_query" in rest or name == "http_auth_pass":
        return "other"
    if (
        name in ("req.hdr", "req.fhdr", "hdr", "fhdr", "hdr_ip", "req.hdr_ip", "capture.req.hdr")
        and not argument.isdecimal()
    ):
        return HEADERS.get(header_name(argument), f"req_{header_name(argument)}")
    if name in ("res.hdr", "res.fhdr", "capture.res.hdr", "shdr") and not argument.isdecimal():
        return HEADERS.get(header_name(argument), f"res_{header_name(argument)}")
    if name in ("url_param", "urlp", "req.body_param"):
        return {"client_id": "claim_client_id", "grant_type": "grant_type", "error": "query_error"}.get(
            argument, "other"
        )
    if name == "env":
        return "hostname" if argument in ("HOSTNAME", "POD_NAME") else "other"
    if name == "ssl_c_s_dn":
        return "certificate_name" if argument.upper() == "CN" else "other"
    if name in ("date", "accept_date", "request_date") and "time(" not in rest and "," in rest:
        return "other"
    if name in _FETCHES and not (name == "src" and "," in rest):
        return _FETCHES[name]
    said = (
        meaning_of_name(re.sub(r"^(txn|req|res|sess|proc|check)\.", "", argument)) if name == "var" else None
    )
    return said or (meaning_of_name(key) if key else None) or "other"
