"""The access log formats of an Envoy configuration: a bootstrap file in YAML or JSON, a config dump of its
admin interface, Istio's mesh configuration or Envoy Gateway's EnvoyProxy resource."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.formats.configuration import documents_of

_LISTS = ("access_log", "accessLog", "access_logs", "accessLogs")
_TEXT = ("format", "text_format", "textFormat", "inline_string", "inlineString", "text")
_JSON = ("json_format", "jsonFormat", "typed_json_format", "typedJsonFormat", "json")


def formats_in(path: Path) -> list[str]:
    """The format strings, and JSON formats as JSON text. Raises InputError, which names the file."""
    return list(dict.fromkeys(text for document in documents_of(path) for text in _formats(document)))


def _formats(value: Any) -> Iterator[str]:
    """Formats anywhere below `value`."""
    if isinstance(value, list):
        for item in value:
            yield from _formats(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in _LISTS:
            yield from _of_loggers(inner)
        elif key == "accessLogFormat" and isinstance(inner, str) and "%" in inner:
            yield inner
        elif key == "mesh" and isinstance(inner, str):
            # the mesh configuration as a ConfigMap of Istio holds it
            yield from _formats(documents_of(inner))
        else:
            yield from _formats(inner)


def _of_loggers(value: Any) -> Iterator[str]:
    """Formats anywhere below an access log."""
    if isinstance(value, list):
        for item in value:
            yield from _of_loggers(item)
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if key in _TEXT and isinstance(inner, str) and "%" in inner:
            yield inner
        elif key in _JSON and isinstance(inner, dict):
            yield json.dumps(inner)
        else:
            yield from _of_loggers(inner)
