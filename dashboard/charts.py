"""The pictures of the page, made from answers to questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from math import log10

import plotly.graph_objects as go

from analysis.palette import Paint, family_title, in_order, paint
from analysis.questions import ClientCause, TrendPoint
from analysis.scope import Scope
from analysis.taxonomy import load_causes
from analysis.wording import client_label
from dashboard.safe import for_plotly

_HUES = ("#3d8fd1", "#e08a1e", "#1fa97f", "#d1552c", "#cf78ad", "#d8c23a", "#6bc1ea")
_REST = Paint("#8c929b", hatched=True)
_HOVER = "%{x|%m-%d %H:%M}<br>%{y:,} failures<extra>%{fullData.name}</extra>"


def trend_by_family(points: Sequence[TrendPoint], scope: Scope, step: timedelta) -> go.Figure:
    """Failures over time, stacked by family in its fixed colour."""
    figure = go.Figure()
    for family in in_order({point.key for point in points}):
        own = [point for point in points if point.key == family]
        figure.add_bar(**_bars(own, family_title(family), paint(family), step))
    return _over_time(figure, points, scope, step)


def trend_by_cause(points: Sequence[TrendPoint], scope: Scope, step: timedelta) -> go.Figure:
    """Failures over time, stacked by cause: the most frequent by name, the others together."""
    causes = load_causes()
    counts: Counter[str] = Counter()
    for point in points:
        counts[point.key] += point.failures
    named = [key for key, _ in counts.most_common(len(_HUES))]
    figure = go.Figure()
    for key, colour in zip(named, _HUES, strict=False):
        own = [point for point in points if point.key == key]
        title = causes[key].title if key in causes else key
        figure.add_bar(**_bars(own, title, Paint(colour), step))
    rest = [point for point in points if point.key not in named]
    if rest:
        title = f"{len(counts) - len(named)} other causes"
        figure.add_bar(**_bars(rest, title, _REST, step))
    return _over_time(figure, points, scope, step)


def heat_map(cells: Sequence[ClientCause]) -> go.Figure:
    """Clients by causes. The shade grows with the logarithm, so that the small stay visible beside
    the large; cells without a failure stay empty."""
    clients = list(dict.fromkeys((cell.client, cell.client_name) for cell in cells))
    clients.sort(key=lambda key: -max(c.client_failures for c in cells if c.client == key[0]))
    causes = sorted({(-cell.cause_failures, cell.cause, cell.title) for cell in cells})
    row = {client: place for place, (client, _) in enumerate(clients)}
    column = {cause: place for place, (_, cause, _) in enumerate(causes)}
    shade: list[list[float | None]] = [[None] * len(causes) for _ in clients]
    count: list[list[str]] = [[""] * len(causes) for _ in clients]
    for cell in cells:
        shade[row[cell.client]][column[cell.cause]] = log10(cell.failures)
        count[row[cell.client]][column[cell.cause]] = f"{cell.failures:,}"
    figure = go.Figure(
        go.Heatmap(
            z=shade,
            text=count,
            texttemplate="%{text}",
            colorscale=[[0, "#f2d7a6"], [0.5, "#e08a1e"], [1, "#a3341a"]],
            zmin=0,
            showscale=False,
            xgap=2,
            ygap=2,
            hovertemplate="%{y}<br>%{x}<br>%{text} failures<extra></extra>",
        )
    )
    figure.update_xaxes(
        tickvals=list(range(len(causes))),
        ticktext=[for_plotly(title, 34) for _, _, title in causes],
        side="top",
        tickangle=-35,
        showgrid=False,
    )
    figure.update_yaxes(
        tickvals=list(range(len(clients))),
        ticktext=[for_plotly(client_label(client, name), 30) for client, name in clients],
        autorange="reversed",
        showgrid=False,
        zeroline=False,
    )
    figure.update_layout(height=210 + 30 * len(clients), margin={"l": 10, "r": 150, "t": 10, "b": 10})
    return figure


def _bars(points: Sequence[TrendPoint], name: str, fill: Paint, step: timedelta) -> dict[str, object]:
    sums: Counter[object] = Counter()
    for point in points:
        sums[point.start + step / 2] += point.failures
    marker: dict[str, object] = {"color": fill.colour, "line": {"width": 0}}
    if fill.hatched:
        marker["pattern"] = {
            "shape": "/",
            "bgcolor": fill.colour,
            "fgcolor": "rgba(20,20,20,0.6)",
            "size": 6,
            "solidity": 0.25,
        }
    return {
        "x": list(sums),
        "y": list(sums.values()),
        "name": name,
        "marker": marker,
        "width": step.total_seconds() * 1000 * 0.92,
        "hovertemplate": _HOVER,
    }


def _over_time(figure: go.Figure, points: Sequence[TrendPoint], scope: Scope, step: timedelta) -> go.Figure:
    figure.update_layout(
        barmode="stack",
        height=380,
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0, "traceorder": "normal"},
        showlegend=True,
        hovermode="closest",
    )
    starts = [point.start for point in points]
    figure.update_xaxes(
        range=[min([scope.since, *starts]), max([scope.until, *(start + step for start in starts)])]
    )
    figure.update_yaxes(rangemode="tozero", title="failures")
    return figure
