"""No secret of the samples is in the lake, in quarantine or in a report; and the scan can find one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.report import report
from analysis.scope import whole_period
from analysis.session import Session
from ingest.secret_scan import scan, secrets_in
from tests.helpers import Workshop
from tests.samples import SAMPLES, SOURCES


def _secrets() -> set[str]:
    """Every secret in the samples, also where it stands percent-encoded."""
    found: set[str] = set()
    for path in sorted(path for source in SOURCES for path in (SAMPLES / source).glob("*")):
        if path.suffix in (".log", ".json"):
            text = path.read_text(encoding="utf-8", errors="replace")
            for form in (text, unquote(text), unquote_plus(unquote(text))):
                found |= {secret for _, secret in secrets_in(form)}
    return found


def _texts(folder: Path) -> Iterator[str]:
    """All text of a folder: every string of its Parquet files, and every other file as it is."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix != ".parquet":
            yield path.read_text(encoding="utf-8", errors="replace")
            continue
        table = pq.read_table(path)
        for column in table.columns:
            if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
                yield "\n".join(str(value) for value in column.to_pylist() if value is not None)


def _leaked(folder: Path, secrets: set[str]) -> set[str]:
    text = "\n".join(_texts(folder))
    return {secret for secret in secrets if secret in text}


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake of all samples, and its reports in every format."""
    workshop = Workshop(tmp_path_factory.mktemp("secrets"))
    workshop.ingest(*(SAMPLES / source for source in SOURCES))
    session = Session(workshop.lake)
    scope = whole_period(session)
    assert scope is not None
    for form in ("html", "md", "json"):
        (workshop.root / f"report.{form}").write_text(report(session, scope, form), encoding="utf-8")
    return workshop.root


def test_no_secret_of_the_samples_is_written(everything: Path) -> None:
    secrets = _secrets()
    assert len(secrets) > 20
    assert _leaked(everything, secrets) == set()
    assert list(scan(path for path in everything.rglob("*") if path.is_file())) == []


def test_the_scan_finds_a_planted_secret(everything: Path, tmp_path: Path) -> None:
    secret = sorted(_secrets())[0]
    table = pq.read_table(next(everything.rglob("*.parquet")))
    planted = table.set_column(0, "note", pa.array([f"x {secret} y"] * table.num_rows))
    pq.write_table(planted, tmp_path / "planted.parquet")
    assert _leaked(tmp_path, {secret}) == {secret}
    (tmp_path / "report.md").write_text(f"| {secret} |")
    (tmp_path / "planted.parquet").unlink()
    assert _leaked(tmp_path, {secret}) == {secret}
