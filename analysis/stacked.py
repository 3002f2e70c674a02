"""A stacked bar chart as shapes: what a template draws as SVG, without a script or a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analysis.palette import Paint, family_title, in_order, paint
from analysis.questions import TrendPoint, bucket
from analysis.scope import Scope

WIDTH, HEIGHT = 960, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 26
_TICKS = (
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(days=1),
    timedelta(days=7),
    timedelta(days=28),
)
_MOST_TICKS = 9
_TEXT = 80
"""About the width of a tick's text, which is to end inside the picture."""


@dataclass(frozen=True)
class Bar:
    """A rectangle, in the chart's units, and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    family: str
    says: str


@dataclass(frozen=True)
class Tick:
    """A place on an axis, in the chart's units, and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Legend:
    """A family in the chart: its title, fill and sum."""

    family: str
    title: str
    paint: Paint
    failures: int


@dataclass(frozen=True)
class Chart:
    """All shapes of a chart of WIDTH x HEIGHT; the plot lies from `left` to `right`, `top` to `bottom`."""

    bars: list[Bar]
    times: list[Tick]
    counts: list[Tick]
    legend: list[Legend]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    bottom: float = HEIGHT - _BOTTOM


def stack(points: Sequence[TrendPoint], scope: Scope) -> Chart:
    """Failures over time, stacked by family, as the page shows them."""
    step = bucket(scope)
    families = in_order({point.key for point in points})
    columns: dict[datetime, dict[str, int]] = {}
    for point in points:
        columns.setdefault(point.start, {})[point.key] = point.failures
    highest = _round_up(max((sum(column.values()) for column in columns.values()), default=1))
    plot_width, plot_height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    begin = min([scope.since, *columns])
    end = max([scope.until, *(start + step for start in columns)])

    def x(time: datetime) -> float:
        return round(_LEFT + plot_width * ((time - begin) / (end - begin)), 2)

    bars = []
    for start, column in sorted(columns.items()):
        floor = float(HEIGHT - _BOTTOM)
        for family in families:
            failures = column.get(family, 0)
            if failures:
                height = plot_height * failures / highest
                floor -= height
                says = f"{start:%Y-%m-%d %H:%M}, {family_title(family)}: {failures:,}"
                width = max(0.5, 0.92 * (x(start + step) - x(start)))
                bars.append(Bar(x(start), round(floor, 2), width, round(height, 2), family, says))
    return Chart(
        bars,
        [Tick(x(time), text) for time, text in _time_ticks(begin, end) if x(time) <= WIDTH - _TEXT / 2],
        [
            Tick(HEIGHT - _BOTTOM - plot_height * part / 4, f"{round(highest * part / 4):,}")
            for part in range(0, 5, 1 if highest >= 4 else 4)
        ],
        [
            Legend(
                family,
                family_title(family),
                paint(family),
                sum(p.failures for p in points if p.key == family),
            )
            for family in families
        ],
    )


def _round_up(count: int) -> int:
    """The next count that four lines divide into round numbers."""
    size = 1
    while True:
        for factor in (1, 2, 4, 6, 8):
            if factor * size >= count:
                return factor * size
        size *= 10


def _time_ticks(begin: datetime, end: datetime) -> list[tuple[datetime, str]]:
    step = next((tick for tick in _TICKS if (end - begin) / tick <= _MOST_TICKS), _TICKS[-1])
    shown = "%m-%d" if step >= timedelta(days=1) else "%m-%d %H:%M"
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + -(-(begin - midnight) // step) * step
    count = max(0, (end - first) // step + 1)
    return [(first + step * place, f"{first + step * place:{shown}}") for place in range(count)]
