"""When it happened: what a line's own time lacks comes from the envelope around it, or from a rule.

The rules, in their order (docs/time.md):

- A time with a zone stands as it is.
- A time without a zone (`local_time`) is of the zone that the configuration gives for its source; else of
  the zone that the envelope's time tells, to the quarter of an hour; else of UTC.
- In a configured zone, a time that occurs twice (the clocks went back) is the first of the two, and one that
  does not occur (the clocks went forward) is the first moment after the gap.
- A line without any time has the envelope's.
- A time without a year (RFC 3164, or a source's own `yearless`) is of the year that puts it nearest to the
  envelope's time; without one, of the latest year that puts it no later than a day after the reference: when
  the input was last modified, or now.
- A time of day without a date (a source's `clock`) is of the day that puts it nearest to the envelope's time;
  without one, the last of an input is of the latest day that puts it no later than the reference, or three
  hours after, where no zone is configured; before it, each midnight that the clock passed is a day. That is
  told in an input's last chunk only: how many days follow an earlier one, nobody knows yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

_NAIVE = pa.timestamp("us")
_MINUTE = 60_000_000
_QUARTER = 15 * _MINUTE
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_AHEAD = 3 * _HOUR
"""So far a clock may be before UTC that nobody named the zone of."""
_BACK = 2 * _HOUR
"""A clock that goes back by less was set back, or its lines were not written in order."""
_FARTHEST_ZONE = 14 * _HOUR
_NO_TIME = "no time"

Micros = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Written:
    """When records were written: `until` at the latest. `closing`: the last of them is the input's last."""

    until: datetime
    closing: bool = True


@dataclass(frozen=True)
class Around:
    """What an envelope tells of each record: its time (naive UTC, microseconds) and the host, or NULL."""

    time: pa.Array
    host: pa.Array

    def take(self, places: npt.NDArray[np.int64]) -> Around:
        """The same for the records at these places."""
        chosen = pa.array(places)
        return Around(self.time.take(chosen), self.host.take(chosen))


def around_of(table: pa.Table, reference: datetime) -> Around | None:
    """What the envelope columns of unwrapped records (ingest/unwrap.py) tell; None when that is nothing."""
    time, yearless, host = (table[name].combine_chunks() for name in ("time", "yearless", "host"))
    time = time.cast(_NAIVE)
    if yearless.null_count < len(yearless):
        time = pc.coalesce(time, with_year(yearless.cast(_NAIVE), reference))
    if time.null_count == len(time) and host.null_count == len(host):
        return None
    return Around(time, host.cast(pa.string()))


def with_year(yearless: pa.Array, reference: datetime) -> pa.Array:
    """Times of the year 2000 in the latest year that puts them no later than a day after `reference`.

    The 29th of February goes to the latest leap year.
    """
    limit = reference.astimezone(UTC).replace(tzinfo=None) + timedelta(days=1)
    distinct = yearless.dictionary_encode()
    dated = [_in_latest_year(value, limit) if value else None for value in distinct.dictionary.to_pylist()]
    return pa.array(dated, _NAIVE).take(distinct.indices)


def _in_latest_year(value: datetime, limit: datetime) -> datetime:
    for year in range(limit.year, limit.year - 9, -1):
        try:
            dated = value.replace(year=year)
        except ValueError:
            continue
        if dated <= limit:
            return dated
    return value


def _in_nearest_year(yearless: pa.Array, beside: pa.Array) -> pa.Array:
    """Times of the year 2000 in the year that puts each nearest to the time beside it."""
    values = yearless.to_numpy(zero_copy_only=False)
    near = beside.to_numpy(zero_copy_only=False).astype("datetime64[us]")
    months = values.astype("datetime64[M]")
    within = values - months
    years = near.astype("datetime64[Y]")
    of_january = months - months.astype("datetime64[Y]")
    dated = np.stack([(years + shift).astype("datetime64[M]") + of_january + within for shift in (-1, 0, 1)])
    best = np.argmin(np.abs(dated - near), axis=0)
    return pa.array(np.take_along_axis(dated, best[np.newaxis], axis=0)[0], _NAIVE)


def _on_nearest_day(clock: pa.Array, beside: pa.Array) -> pa.Array:
    """Times of day on the day that puts each nearest to the time beside it."""
    moments, near = (
        pc.fill_null(one.cast(pa.int64()), 0).to_numpy(zero_copy_only=False) for one in (clock, beside)
    )
    return pa.array((near - moments + _DAY // 2) // _DAY * _DAY + moments, pa.int64()).cast(_NAIVE)


def placed_in_time(
    table: pa.Table, offsets: npt.NDArray[np.int64], around: Around | None, zone: str | None
) -> pa.Table:
    """The rows of read.sql with their time in UTC, and with what the envelope tells where they lack it.

    `offsets` are those of the records that `around` tells of; `zone` is the IANA name of the zone of times
    without one.
    """
    zoneless = pc.fill_null(table["zoneless"].combine_chunks(), False)
    if around is None and not (zone and zoneless.true_count):
        return table
    if around is not None and not np.array_equal(table["offset"].to_numpy(), offsets):
        around = around.take(np.searchsorted(offsets, table["offset"].to_numpy()))
    time = table["time"].combine_chunks()
    had_none = pc.is_null(time)
    yearless = table["yearless"].combine_chunks().cast(_NAIVE)
    if around is not None and yearless.null_count < len(yearless):
        told = pc.and_(pc.and_(had_none, pc.is_valid(yearless)), pc.is_valid(around.time))
        time = pc.if_else(told, _in_nearest_year(yearless, around.time).cast(time.type), time)
        zoneless = pc.or_(zoneless, told)
    clock = table["clock"].combine_chunks().cast(pa.time64("us"))
    if around is not None and clock.null_count < len(clock):
        told = pc.and_(pc.and_(pc.is_null(time), pc.is_valid(clock)), pc.is_valid(around.time))
        time = pc.if_else(told, _on_nearest_day(clock, around.time).cast(time.type), time)
        zoneless = pc.or_(zoneless, told)
    if zoneless.true_count:
        time = _in_zone(time, zoneless, around, zone)
    if around is None:
        return _with(table, time=time)
    had_none = pc.and_(had_none, pc.is_valid(around.time))
    quarantined = table["quarantined"].combine_chunks().cast(pa.string())
    only_timeless = pc.fill_null(pc.equal(quarantined, _NO_TIME), False)
    return _with(
        table,
        time=pc.coalesce(time, around.time),
        instance=pc.coalesce(table["instance"].combine_chunks().cast(pa.string()), around.host),
        quarantined=pc.if_else(pc.and_(had_none, only_timeless), pa.scalar(None, pa.string()), quarantined),
    )


def with_day(clock: pa.Array, reference: datetime, zone: str | None) -> pa.Array:
    """Times of day, in the order in which they were written, with their days."""
    known = np.flatnonzero(pc.is_valid(clock).to_numpy(zero_copy_only=False))
    moments = clock.cast(pa.int64()).drop_null().to_numpy(zero_copy_only=False)
    steps = np.diff(moments)
    midnights = np.concatenate([[0], np.cumsum((steps < -_BACK).astype(int) - (steps > _DAY - _BACK))])
    local = reference.astimezone(ZoneInfo(zone) if zone else UTC).replace(tzinfo=None)
    latest = int((local - datetime(1970, 1, 1)) / timedelta(microseconds=1)) + (0 if zone else _AHEAD)
    last_day = (latest - int(moments[-1])) // _DAY
    days = np.zeros(len(clock), np.int64)
    days[known] = (last_day + midnights - midnights[-1]) * _DAY + moments
    return pa.array(days, pa.int64(), mask=pc.is_null(clock).to_numpy(zero_copy_only=False)).cast(_NAIVE)


def dated(table: pa.Table, written: Written, zone: str | None) -> pa.Table:
    """The rows with a time where their own has no year or no date and nothing else told one; without
    `yearless` and `clock`. `zone` is the IANA name of their zone (else UTC).
    """
    timeless = pc.is_null(table["time"].combine_chunks())
    yearless = table["yearless"].combine_chunks().cast(_NAIVE)
    placeable = pc.and_(timeless, pa.scalar(written.closing))
    clock = pc.if_else(
        placeable, table["clock"].combine_chunks().cast(pa.time64("us")), pa.scalar(None, pa.time64("us"))
    )
    partly = pc.or_(pc.is_valid(yearless), pc.is_valid(clock))
    untold = pc.and_(timeless, partly)
    if pc.any(untold).as_py():
        local = with_year(yearless, written.until)
        if clock.null_count < len(clock):
            local = pc.coalesce(local, with_day(clock, written.until, zone))
        if zone is not None:
            local = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
            local = local.cast(pa.timestamp("us", "UTC")).cast(_NAIVE)
        time = table["time"].combine_chunks()
        reason = table["quarantined"].combine_chunks().cast(pa.string())
        mended = pc.and_(untold, pc.fill_null(pc.equal(reason, _NO_TIME), False))
        table = _with(
            table,
            time=pc.coalesce(time, local.cast(time.type)),
            quarantined=pc.if_else(mended, pa.scalar(None, pa.string()), reason),
        )
    return table.drop_columns(["yearless", "clock"])


def _with(table: pa.Table, **columns: Any) -> pa.Table:
    if "time" in columns:
        columns["date"] = columns["time"].cast(pa.date32(), safe=False)
    for name, column in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    return table


def _in_zone(time: pa.Array, zoneless: pa.Array, around: Around | None, zone: str | None) -> pa.Array:
    if zone is not None:
        placed = pc.assume_timezone(time, zone, ambiguous="earliest", nonexistent="latest")
        return pc.if_else(zoneless, placed.cast(pa.timestamp("us", "UTC")).cast(_NAIVE), time)
    if around is None:
        return time
    local = pc.fill_null(time.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    enclosing = pc.fill_null(around.time.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    told = (pc.and_(pc.and_(zoneless, pc.is_valid(around.time)), pc.is_valid(time))).to_numpy(
        zero_copy_only=False
    )
    if not told.any():
        return time
    shift = _zone_shift(enclosing - local, told)
    shifted = pa.array(local + shift, pa.int64()).cast(_NAIVE)
    return pc.if_else(pa.array(told), shifted, time)


def _zone_shift(difference: Micros, told: npt.NDArray[np.bool_]) -> Micros:
    """From local time to UTC, for each record: what most differences say, or an hour beside that."""
    rounded = (difference + _QUARTER // 2) // _QUARTER * _QUARTER
    values, counts = np.unique(rounded[told], return_counts=True)
    usual = int(values[np.argmax(counts)])
    if abs(usual) > _FARTHEST_ZONE:
        return np.zeros_like(difference)
    return np.where(np.abs(rounded - usual) == _HOUR, rounded, usual)
