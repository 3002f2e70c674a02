"""The event schema: one definition, from which the Delta table, the docs and the tests come."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

ENDPOINTS = (
    "authorization",
    "token",
    "introspection",
    "revocation",
    "userinfo",
    "jwks",
    "discovery",
    "device_authorization",
    "pushed_authorization_request",
    "registration",
    "end_session",
    "api",
)
"""What a request was sent to, in the terms of RFC 8414; `api` is a protected resource."""

OUTCOMES = ("success", "failure", "other")
"""`failure` is an OAuth failure; `other` failed, but not for OAuth's sake."""

KINDS = ("gateway", "auth_server")


@dataclass(frozen=True)
class Column:
    """One column of a table: its name, its Arrow type and what it means to a reader."""

    name: str
    type: pa.DataType
    meaning: str


_TEXT = pa.string()
_TIME = pa.timestamp("us", tz="UTC")

EVENT_COLUMNS: tuple[Column, ...] = (
    Column("time", _TIME, "When it happened, UTC, microseconds."),
    Column("date", pa.date32(), "The UTC date of `time`; partitions the table."),
    Column("source", _TEXT, "The log format, by the name of its file in ingest/sources."),
    Column("kind", _TEXT, "`gateway` or `auth_server`."),
    Column("instance", _TEXT, "Host, node or stream that wrote the line."),
    Column("tenant", _TEXT, "Realm, tenant or organisation."),
    Column("event_id", _TEXT, "The log's own unique id; an id seen before is not counted again."),
    Column("request_id", _TEXT, "Joins a gateway line with an auth-server event."),
    Column("trace_id", _TEXT, "W3C trace id, where the log has it."),
    Column("session_id", _TEXT, "Login session at the auth server."),
    Column("client_id", _TEXT, "RFC 6749 client identifier."),
    Column("client_name", _TEXT, "The client's display name."),
    Column("user_id", _TEXT, "Keyed pseudonym of the user, unless configured otherwise."),
    Column("client_ip", _TEXT, "Address of the caller, as the log gives it."),
    Column("user_agent", _TEXT, "User agent of the caller."),
    Column("endpoint", _TEXT, "One of: " + ", ".join(ENDPOINTS) + "."),
    Column("route", _TEXT, "Request path with its ids replaced and its query gone."),
    Column("method", _TEXT, "HTTP method."),
    Column("status", pa.int16(), "HTTP status that the caller got."),
    Column("upstream_status", pa.int16(), "HTTP status of the (last) upstream."),
    Column("answered_by", _TEXT, "`gateway` or `upstream`, where the log tells."),
    Column("duration_ms", pa.float64(), "Time to answer, milliseconds."),
    Column("grant_type", _TEXT, "RFC 6749 grant type."),
    Column("response_type", _TEXT, "RFC 6749 response type."),
    Column("scope", _TEXT, "Requested or required scope, blank-separated."),
    Column("redirect_uri", _TEXT, "Redirect URI without query and fragment."),
    Column("kid", _TEXT, "Key id of the token that the event is about."),
    Column("token_issuer", _TEXT, "`iss` of the token that the event is about."),
    Column("token_audience", _TEXT, "`aud` of the token that the event is about."),
    Column("credential_id", _TEXT, "Keyed fingerprint of the code, token or jti concerned."),
    Column("outcome", _TEXT, "One of: " + ", ".join(OUTCOMES) + "."),
    Column("error", _TEXT, "The OAuth error code (RFC 6749 5.2 and successors)."),
    Column("error_code", _TEXT, "The vendor's own code."),
    Column("error_description", _TEXT, "The message, redacted."),
    Column(
        "signature",
        pa.int64(),
        "Hash of (source, endpoint, grant_type, status, error, error_code, message template); "
        "NULL for a success.",
    ),
    Column("file", _TEXT, "Fingerprint of the input."),
    Column("offset", pa.int64(), "Byte offset of the record in the decompressed input."),
)

QUARANTINE_COLUMNS: tuple[Column, ...] = (
    Column("ingested", _TIME, "When the record was refused, UTC."),
    Column("source", _TEXT, "The log format that refused it; NULL when none was recognised."),
    Column("input", _TEXT, "The input's name when it was read."),
    Column("file", _TEXT, "Fingerprint of the input."),
    Column("offset", pa.int64(), "Byte offset of the record in the decompressed input."),
    Column("bytes", pa.int64(), "Length of the record in bytes."),
    Column("reason", _TEXT, "Why it is not an event."),
    Column("excerpt", _TEXT, "The first characters of the record, redacted."),
)


def arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """The Arrow schema of a table's columns, in their order."""
    return pa.schema([pa.field(column.name, column.type) for column in columns])


EVENTS = arrow_schema(EVENT_COLUMNS)
QUARANTINE = arrow_schema(QUARANTINE_COLUMNS)
