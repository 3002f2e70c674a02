"""A report: the numbers of the page in one file, as HTML (opens offline), Markdown or JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import log10
from typing import TYPE_CHECKING, Any, Literal

import jinja2

from analysis import palette, questions, stacked, wording
from analysis.diagnoses import Diagnosis, by_pattern, diagnose
from analysis.scope import Scope, events_outside
from analysis.session import Session
from analysis.taxonomy import load_causes
from analysis.untrusted import Markdown, code, readable, visible

if TYPE_CHECKING:
    from analysis.alerts import Alert

FORMAT = 1
"""The version of the JSON's keys: raised when one changes its meaning or goes."""

_SPARKS = " ▁▂▃▄▅▆▇█"
_SPARK_WIDTH = 48


@dataclass(frozen=True)
class Findings:
    """All that a report says. `before` is the period before, None where the data does not reach it."""

    scope: Scope
    outside: int
    totals: questions.Totals
    before: questions.Totals | None
    alerts: list[Alert]
    diagnoses: list[Diagnosis]
    trend: list[questions.TrendPoint]
    worst: list[questions.Worst]
    worst_clients: list[questions.WorstClient]
    worst_endpoints: list[questions.WorstEndpoint]
    clients_by_cause: list[questions.ClientCause]
    unclassified: list[questions.Unclassified]
    logs: list[questions.Log]
    quarantine: list[questions.Refused]

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        return wording.headline(self.totals, self.worst, self.scope)


def find(session: Session, scope: Scope) -> Findings:
    """Asks all that a report says."""
    return Findings(
        scope=scope,
        outside=events_outside(session, scope),
        totals=questions.totals(session, scope),
        before=questions.totals_before(session, scope),
        alerts=questions.alerts(session, scope),
        diagnoses=diagnose(session, scope),
        trend=questions.trend(session, scope),
        worst=questions.worst(session, scope, limit=12),
        worst_clients=questions.worst_clients(session, scope, limit=10),
        worst_endpoints=questions.worst_endpoints(session, scope),
        clients_by_cause=questions.clients_by_cause(session, scope, limit=12),
        unclassified=questions.unclassified(session, scope, limit=20),
        logs=questions.logs(session, scope),
        quarantine=questions.refused(session),
    )


def report(session: Session, scope: Scope, format: Literal["html", "md", "json"] | str) -> str:
    """The report of a scope. Raises ValueError for a format that is none of html, md, json."""
    writers = {"html": _html, "md": _markdown, "json": _json}
    if format not in writers:
        raise ValueError(f"{format!r} is no format of a report; there are {', '.join(writers)}")
    return writers[format](find(session, scope))


def _json(findings: Findings) -> str:
    scope = findings.scope
    document = {
        "format": FORMAT,
        "headline": findings.headline,
        "since": scope.since,
        "until": scope.until,
        "events_outside": findings.outside,
        "filters": {
            name: list(getattr(scope, name)) for name in ("sources", "clients", "endpoints", "causes")
        },
        "totals": _totals(findings.totals),
        "before": _totals(findings.before) if findings.before else None,
        "alerts": [asdict(alert) for alert in findings.alerts],
        "diagnoses": [asdict(found) for found in findings.diagnoses],
        "trend": {
            "seconds": int(questions.bucket(scope).total_seconds()),
            "points": [
                {"start": point.start, "family": point.key, "failures": point.failures}
                for point in findings.trend
            ],
        },
        "worst": [asdict(row) for row in findings.worst],
        "worst_clients": [asdict(row) for row in findings.worst_clients],
        "worst_endpoints": [asdict(row) for row in findings.worst_endpoints],
        "clients_by_cause": [asdict(row) for row in findings.clients_by_cause],
        "unclassified": [asdict(row) for row in findings.unclassified],
        "logs": [{**asdict(log), "cannot_tell": log.cannot_tell} for log in findings.logs],
        "quarantine": [asdict(row) for row in findings.quarantine],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=_json_value) + "\n"


def _totals(totals: questions.Totals) -> dict[str, Any]:
    return {**asdict(totals), "failure_rate": totals.failure_rate}


def _json_value(value: object) -> str | float:
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds") + "Z"
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)


def _html(findings: Findings) -> str:
    environment = _environment(autoescape=True, finalize=_clean)
    environment.filters["shade"] = _shade
    chart = stacked.stack(findings.trend, findings.scope) if findings.trend else None
    return environment.get_template("report.html.j2").render(
        **_common(findings), chart=chart, size=(stacked.WIDTH, stacked.HEIGHT), paint=palette.paint
    )


def _markdown(findings: Findings) -> str:
    environment = _environment(autoescape=False, finalize=_as_markdown)
    environment.filters["code"] = code
    text = environment.get_template("report.md.j2").render(**_common(findings), sparks=_sparks(findings))
    return text.rstrip("\n") + "\n"


def _environment(**options: Any) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("analysis"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )
    environment.filters["percent"] = wording.percent
    environment.filters["count"] = lambda number: f"{number:,}"
    environment.filters["moment"] = wording.moment
    environment.filters["by_pattern"] = by_pattern
    return environment


def _common(findings: Findings) -> dict[str, Any]:
    cells = {(cell.client, cell.cause): cell.failures for cell in findings.clients_by_cause}
    clients = {cell.client: cell for cell in findings.clients_by_cause}
    causes = {cell.cause: cell for cell in findings.clients_by_cause}
    return {
        "found": findings,
        "period": wording.period(findings.scope),
        "step": wording.duration(questions.bucket(findings.scope)),
        "filters": _filters(findings.scope),
        "causes": load_causes(),
        "wording": wording,
        "cells": cells,
        "heat_clients": list(clients.values()),
        "heat_causes": sorted(causes.values(), key=lambda cell: (-cell.cause_failures, cell.cause)),
    }


def _filters(scope: Scope) -> list[tuple[str, tuple[str, ...]]]:
    chosen = {
        "log source": scope.sources,
        "client": scope.clients,
        "endpoint": scope.endpoints,
        "cause": scope.causes,
    }
    return [(name, values) for name, values in chosen.items() if values]


def _clean(value: Any) -> Any:
    """Every text of the HTML report without hidden characters; jinja2 escapes it afterwards."""
    return visible(value) if type(value) is str else value


def _as_markdown(value: Any) -> Any:
    """Every text of the Markdown report, escaped unless it is Markdown already."""
    return readable(value) if isinstance(value, str) and not isinstance(value, Markdown) else value


def _shade(failures: int | None, most: int) -> str:
    """The opacity of a cell: grows with the logarithm, so that the small stay visible."""
    if not failures:
        return "0"
    return f"{0.15 + 0.75 * log10(failures + 1) / log10(most + 1):.2f}"


def _sparks(findings: Findings) -> list[tuple[str, int, Markdown]]:
    """Each family's title, failures and its course as a line of blocks, on a scale of its own."""
    scope = findings.scope
    width = (scope.until - scope.since) / _SPARK_WIDTH
    lines: dict[str, list[int]] = {}
    for point in findings.trend:
        place = min(_SPARK_WIDTH - 1, max(0, int((point.start - scope.since) / width)))
        lines.setdefault(point.key, [0] * _SPARK_WIDTH)[place] += point.failures
    return [
        (palette.family_title(family), sum(lines[family]), _spark(lines[family]))
        for family in palette.in_order(set(lines))
    ]


def _spark(line: Sequence[int]) -> Markdown:
    steps, most = len(_SPARKS) - 1, max(line)
    return Markdown("`" + "".join(_SPARKS[-(-count * steps // most)] for count in line) + "`")
