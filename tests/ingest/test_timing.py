"""When it happened: the rules of docs/time.md, each on lines in true formats."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest import Plan, Settings, ingest, load_sources, pipeline, sight
from ingest.framing import chunks
from ingest.inputs import Input, discover
from ingest.text import parse_text
from ingest.timing import Around, placed_in_time, with_year
from lake.table import Lake
from tests.helpers import Workshop, nginx_line, workers


def _keycloak(time: str) -> str:
    return (
        f'{time} WARN  [org.keycloak.events] (executor-thread-1) type="LOGIN_ERROR", realmId="r", realmName="shop", '
        'clientId="web-shop", userId="null", ipAddress="203.0.113.7", error="user_not_found"\n'
    )


def _times(root: Path, content: str, zones: dict[str, str] | None = None) -> list[str]:
    root.mkdir(exist_ok=True)
    path = root / "any.log"
    path.write_text(content)
    plan = Plan(load_sources(), Settings("a key of tests", time_zones=zones or {}))
    ingest([path], Lake(root / "lake"), plan)
    workshop = Workshop(root)
    return [
        event["time"].strftime("%Y-%m-%dT%H:%M:%S.%f") for event in workshop.events('time, file, "offset"')
    ]


def test_a_time_without_a_zone_is_utc(tmp_path: Path) -> None:
    assert _times(tmp_path, _keycloak("2026-07-02 02:15:04,120")) == ["2026-07-02T02:15:04.120000"]


def test_a_configured_zone_serves_times_without_one(tmp_path: Path) -> None:
    zones = {"keycloak": "Europe/Berlin"}
    assert _times(tmp_path, _keycloak("2026-07-02 02:15:04,120"), zones) == ["2026-07-02T00:15:04.120000"]


def test_a_configured_zone_leaves_times_with_one_alone(tmp_path: Path) -> None:
    zones = {"keycloak": "Europe/Berlin", "nginx": "Europe/Berlin"}
    line = nginx_line(4).replace("+0000", "+0530")
    assert _times(tmp_path, line, zones) == ["2026-03-01T20:30:04.000000"]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        # the clocks went forward at 02:00: this time was on no clock
        ("2026-03-29 02:30:00,000", "2026-03-29T01:00:00.000000"),
        ("2026-03-29 01:59:59,999", "2026-03-29T00:59:59.999000"),
        ("2026-03-29 03:00:00,000", "2026-03-29T01:00:00.000000"),
        # the clocks went back at 03:00: this time was there twice
        ("2026-10-25 02:30:00,000", "2026-10-25T00:30:00.000000"),
        ("2026-10-25 03:00:00,000", "2026-10-25T02:00:00.000000"),
    ],
)
def test_where_the_clocks_change(tmp_path: Path, local: str, utc: str) -> None:
    assert _times(tmp_path, _keycloak(local), {"keycloak": "Europe/Berlin"}) == [utc]


def test_the_time_of_the_envelope_tells_the_zone(tmp_path: Path) -> None:
    line = _keycloak("2026-07-02 04:15:04,120").rstrip("\n").replace('"', '\\"')
    record = f'{{"log":"{line}\\n","stream":"stdout","time":"2026-07-02T02:15:04.321Z"}}\n'
    assert _times(tmp_path, record * 2) == ["2026-07-02T02:15:04.120000"] * 2


def test_a_line_without_a_time_has_that_of_the_envelope(tmp_path: Path) -> None:
    line = _keycloak("").strip().replace('"', '\\"')
    record = f'{{"log":"{line}\\n","stream":"stdout","time":"2026-07-02T02:15:04.321Z"}}\n'
    assert _times(tmp_path, record) == ["2026-07-02T02:15:04.321000"]


def test_a_new_year_between_a_line_and_its_reading() -> None:
    yearless = pa.array([datetime(2000, 12, 31, 23, 59), datetime(2000, 1, 1, 0, 1)], pa.timestamp("us"))
    dated = with_year(yearless, datetime(2027, 1, 1, 0, 5, tzinfo=UTC)).to_pylist()
    assert dated == [datetime(2026, 12, 31, 23, 59), datetime(2027, 1, 1, 0, 1)]


def test_the_twenty_ninth_of_february_is_of_a_leap_year() -> None:
    yearless = pa.array([datetime(2000, 2, 29, 12)], pa.timestamp("us"))
    assert with_year(yearless, datetime(2026, 3, 1, tzinfo=UTC)).to_pylist() == [datetime(2024, 2, 29, 12)]


def _clocks(root: Path, clocks: list[str], modified: str, zones: dict[str, str] | None = None) -> list[str]:
    """When lines are placed whose times are these, in a file that was last modified then."""
    path = root / "console.log"
    path.write_text("".join(map(_keycloak, clocks)))
    when = datetime.fromisoformat(modified).timestamp()
    os.utime(path, (when, when))
    ingest(
        [path], Lake(root / "lake"), Plan(load_sources(), Settings("a key of tests", time_zones=zones or {}))
    )
    return [f"{event['time']:%Y-%m-%d %H:%M:%S.%f}"[:23] for event in Workshop(root).events("time")]


def test_a_clock_without_a_date_has_the_day_of_the_file_and_passes_midnight(tmp_path: Path) -> None:
    """The second line is older than the first, by a thread that was slow: that is no midnight."""
    clocks = ["23:58:04,120", "23:58:03,900", "09:30:00,000", "23:59:59,999", "00:00:02"]
    assert _clocks(tmp_path, clocks, "2026-03-02T01:00:00Z") == [
        "2026-02-28 23:58:04.120",
        "2026-02-28 23:58:03.900",
        "2026-03-01 09:30:00.000",
        "2026-03-01 23:59:59.999",
        "2026-03-02 00:00:02.000",
    ]


@pytest.mark.parametrize(
    ("zone", "clock", "expected"),
    [
        (None, "14:30:00,000", "2026-03-02 14:30:00.000"),
        (None, "15:30:00,000", "2026-03-01 15:30:00.000"),
        ("Asia/Tokyo", "20:59:00,000", "2026-03-02 11:59:00.000"),
        ("America/New_York", "07:01:00,000", "2026-03-01 12:01:00.000"),
    ],
)
def test_a_clock_without_a_date_is_not_of_tomorrow(
    tmp_path: Path, zone: str | None, clock: str, expected: str
) -> None:
    zones = {"keycloak": zone} if zone else {}
    assert _clocks(tmp_path, [clock], "2026-03-02T12:00:00Z", zones) == [expected]


def test_a_clock_without_a_date_has_a_day_only_at_the_end_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many midnights follow an earlier chunk is not known when it is read; a look at the lines tells none."""
    monkeypatch.setattr(pipeline, "chunks", partial(chunks, size=600))
    monkeypatch.setattr(sight, "HEAD_BYTES", 600)
    times = _clocks(tmp_path, ["23:58:04,120", "23:59:00,000"] * 4, "2026-03-02T01:00:00Z")
    refused = Workshop(tmp_path).quarantine()
    assert times == ["2026-03-01 23:58:04.120", "2026-03-01 23:59:00.000"]
    assert [record["reason"] for record in refused] == ["no time"] * 6
    plan = Plan(load_sources(), Settings("a key of tests"))
    [console] = [item for item in discover([tmp_path / "console.log"]) if isinstance(item, Input)]
    seen = sight.look_at(console, plan, workers())
    assert [line.result for line in seen.lines] == ["event"] * 8


def test_an_envelope_tells_the_day_of_a_clock_without_one(tmp_path: Path) -> None:
    line = _keycloak("23:59:59,900").strip().replace('"', '\\"')
    record = f'{{"log":"{line}\\n","stream":"stdout","time":"2024-01-01T00:00:00.100Z"}}\n'
    assert _times(tmp_path, record) == ["2023-12-31T23:59:59.900000"]


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2000, 12, 28)).filter(
        lambda day: (day.month, day.day) != (2, 29)
    ),
    st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1)),
)
def test_any_other_time_without_a_year_is_less_than_a_year_old(value: datetime, reference: datetime) -> None:
    dated = with_year(pa.array([value], pa.timestamp("us")), reference.replace(tzinfo=UTC)).to_pylist()[0]
    assert -366 * 86_400 <= (dated - reference).total_seconds() <= 86_400
    assert (dated.month, dated.day, dated.time()) == (value.month, value.day, value.time())


def test_an_envelope_tells_the_year_of_a_line_without_one(tmp_path: Path) -> None:
    """Written in the last seconds of a year, collected in the first of the next."""
    line = _tyk("Dec 31 23:59:58").strip().replace('"', '\\"')
    record = f'{{"log":"{line}\\n","stream":"stderr","time":"2024-01-01T00:00:02Z"}}\n'
    assert _times(tmp_path, record) == ["2023-12-31T23:59:58.000000"]


def test_syslog_without_a_year_takes_it_from_the_file(tmp_path: Path) -> None:
    line = "Dec 31 23:59:58 gw-1 keycloak[1]: " + _keycloak("").strip() + "\n"
    path = tmp_path / "messages"
    path.write_text(line)
    when = datetime(2025, 1, 2, tzinfo=UTC).timestamp()
    os.utime(path, (when, when))
    workshop = Workshop(tmp_path)
    workshop.ingest(path)
    [event] = workshop.events()
    assert (str(event["time"])[:19], event["instance"]) == ("2024-12-31 23:59:58", "gw-1")


@pytest.mark.parametrize(
    "stamp", ["1772417704", "1772417704.120", "1772417704120", "1772417704120345", "1772417704120345000"]
)
def test_seconds_milliseconds_microseconds_and_nanoseconds_are_told_by_their_size(stamp: str) -> None:
    formats = {"nginx": ['$msec "$request" $status']}
    [event] = parse_text(f'{stamp} "GET /orders HTTP/1.1" 401\n', "nginx", formats).to_pylist()
    assert str(event["time"])[:19] == "2026-03-02 02:15:04"


def test_a_stamp_from_the_future_stays_and_one_from_another_age_is_quarantined(workshop: Workshop) -> None:
    workshop.write("a.log", nginx_line(1).replace("2026", "2031") + nginx_line(2).replace("2026", "2231"))
    summary = workshop.ingest()
    assert (summary.total.events, summary.total.quarantined) == (1, 1)
    assert workshop.quarantine()[0]["reason"] == "time out of range"


def test_an_hour_aside_is_summer_time_and_a_late_collector_is_none() -> None:
    hour = 3_600_000_000
    local = np.array([0, 0, 0, 0], dtype=np.int64)
    around = np.array([2 * hour, 2 * hour + 1_000_000, hour, 2 * hour + 25 * 60_000_000], dtype=np.int64)
    table = pa.table(
        {
            "offset": pa.array(range(4), pa.int64()),
            "time": pa.array(local).cast(pa.timestamp("us")),
            "date": pa.array([None] * 4, pa.date32()),
            "zoneless": pa.array([True] * 4),
            "yearless": pa.array([None] * 4, pa.timestamp("us")),
            "clock": pa.array([None] * 4, pa.time64("us")),
            "instance": pa.array([None] * 4, pa.string()),
            "quarantined": pa.array([None] * 4, pa.string()),
        }
    )
    told = Around(pa.array(around).cast(pa.timestamp("us")), pa.nulls(4, pa.string()))
    placed = placed_in_time(table, np.arange(4), told, None)
    assert placed["time"].cast(pa.int64()).to_pylist() == [2 * hour, 2 * hour, hour, 2 * hour]


def _tyk(stamp: str) -> str:
    return f'time="{stamp}" level=info msg="Attempted access with non-existent key." mw=AuthKey org_id=shop path=/orders\n'


def test_a_source_without_a_year_takes_it_from_the_file(tmp_path: Path) -> None:
    path = tmp_path / "tyk.log"
    path.write_text(_tyk("Dec 31 23:59:58") + _tyk("Jan 01 00:00:02"))
    when = datetime(2025, 1, 2, tzinfo=UTC).timestamp()
    os.utime(path, (when, when))
    workshop = Workshop(tmp_path)
    workshop.ingest(path)
    assert sorted(str(event["time"])[:19] for event in workshop.events()) == [
        "2024-12-31 23:59:58",
        "2025-01-01 00:00:02",
    ]


def test_an_envelope_tells_the_zone_of_a_line_without_a_year(tmp_path: Path) -> None:
    line = _tyk("Jul 02 04:15:04").strip().replace('"', '\\"')
    record = f'{{"log":"{line}\\n","stream":"stderr","time":"2026-07-02T02:15:04.321Z"}}\n'
    assert _times(tmp_path, record) == ["2026-07-02T02:15:04.000000"]
