"""No secret of the samples is in the lake, in quarantine or in a report; and the scan can find one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, unquote_plus

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analysis.report import report
from analysis.scope import main_period
from analysis.session import Session
from ingest.errors import IngestError
from ingest.secret_scan import scan, secrets_in
from lake.table import Lake
from tests.helpers import Workshop
from tests.samples import SAMPLES, SOURCES

pytestmark = pytest.mark.xdist_group("samples")


_GRPC = {"PermissionDenied", "Unauthenticated"}
"""Status codes of gRPC, which stand where an authorization code may: `code = Unauthenticated`."""


def _secrets() -> set[str]:
    """Every secret in the samples, also where it stands percent-encoded."""
    found: set[str] = set()
    for path in sorted(path for source in SOURCES for path in (SAMPLES / source).glob("*")):
        if path.suffix in (".log", ".json"):
            text = path.read_text(encoding="utf-8", errors="replace")
            for form in (text, unquote(text), unquote_plus(unquote(text))):
                found |= {secret for _, secret in secrets_in(form)}
    return found - _GRPC


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
def everything(lake_of_samples: Lake) -> Path:
    """A lake of all samples, and its reports in every format."""
    folder = lake_of_samples.folder.parent
    _write_reports(lake_of_samples, folder)
    return folder


def _write_reports(lake: Lake, folder: Path) -> None:
    session = Session(lake)
    scope = main_period(session)
    assert scope is not None
    for form in ("html", "md", "json"):
        (folder / f"report.{form}").write_text(report(session, scope, form), encoding="utf-8")


def _check(folder: Path) -> None:
    secrets = _secrets()
    assert len(secrets) > 20
    assert _leaked(folder, secrets) == set()
    assert list(scan(path for path in folder.rglob("*") if path.is_file())) == []


def test_no_secret_of_the_samples_is_written(everything: Path) -> None:
    _check(everything)


@pytest.mark.slow
def test_no_secret_is_written_by_an_ingest(workshop: Workshop) -> None:
    """The same by the whole way: files that are read, batches, quarantine, progress."""
    workshop.ingest(*(SAMPLES / source for source in SOURCES))
    _write_reports(workshop.lake, workshop.root)
    _check(workshop.root)


def test_the_scan_finds_a_planted_secret(everything: Path, tmp_path: Path) -> None:
    secret = sorted(_secrets())[0]
    table = pq.read_table(next(everything.rglob("*.parquet")))
    planted = table.set_column(0, "note", pa.array([f"x {secret} y"] * table.num_rows))
    pq.write_table(planted, tmp_path / "planted.parquet")
    assert _leaked(tmp_path, {secret}) == {secret}
    (tmp_path / "report.md").write_text(f"| {secret} |")
    (tmp_path / "planted.parquet").unlink()
    assert _leaked(tmp_path, {secret}) == {secret}


_SECRET = "s3cr3t-0123456789"
_JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImsxIn0.eyJzdWIiOiJhIiwiZXhwIjoxfQ.c2lnbmF0dXJlLW9mLWEtdG9rZW4"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (f"token {_JWT} was refused", "JWT"),
        (f"u=x%3D{_JWT.replace('.', '%2E')}", "JWT"),
        (f"Authorization: Bearer A{_SECRET}", "credentials of HTTP authentication"),
        ("authorization=basic+YmlsbGluZy1iYXRjaDpzM2NyM3Q%3D", "credentials of HTTP authentication"),
        (f"GET /cb?x=1&code={_SECRET}&y=2", "secret parameter"),
        (f"grant_type=refresh_token&refresh_token={_SECRET}", "secret parameter"),
        (f"next=%2Fcb%3Fx%3D1%26client_secret%3D{_SECRET}", "secret parameter"),
        (f"next=%252Fcb%253Fcode%253D{_SECRET}", "secret parameter"),
        (f'{{"CLIENT_SECRET": "{_SECRET}"}}', "secret in JSON"),
        (f'{{"body": "{{\\"refresh_token\\":\\"{_SECRET}\\"}}"}}', "secret in JSON"),
        (f"Set-Cookie: session={_SECRET}; Path=/", "cookie"),
        (f'"cookie":"sid={_SECRET}"', "cookie"),
        (f"postgres://app:{_SECRET}@db.example.com/x", "password in a URL"),
        ("-----BEGIN RSA PRIVATE KEY-----", "private key"),
        ("-----BEGIN PRIVATE KEY-----", "private key"),
    ],
)
def test_the_scan_knows_what_secrets_look_like(text: str, kind: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"note": ["none", f"{text} ...", None]}), tmp_path / "a.parquet")
    (tmp_path / "b.json").write_text(f"none\n{text}\nnone")
    found = {(secret.path.name, secret.column, secret.kind) for secret in scan(sorted(tmp_path.iterdir()))}
    assert {("a.parquet", "note", kind), ("b.json", None, kind)} <= found
    assert all(_SECRET not in secret.hint and _JWT not in secret.hint for secret in scan(tmp_path.iterdir()))


@pytest.mark.parametrize(
    "text",
    [
        "AADSTS7000222: The provided client secret keys are expired.",
        'Bearer realm="api", error="invalid_token", error_description="The access token expired"',
        "client_secret=[redacted]&code=[redacted]",
        '{"access_token": "[redacted]", "code": "E0000011"}',
        "Authorization: [redacted]",
        "https://[redacted]@db.example.com/x",
        "https://idp.example.com:8443/realms/shop/protocol/openid-connect/token",
        "Error code: 50126",
        "response_type=code&scope=openid",
        "Cookie: [redacted]; theme",
    ],
)
def test_the_scan_lets_be_what_is_no_secret(text: str, tmp_path: Path) -> None:
    pq.write_table(pa.table({"note": [text]}), tmp_path / "a.parquet")
    assert list(scan([tmp_path / "a.parquet"])) == []


def test_a_file_that_cannot_be_scanned_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_bytes(b"no Parquet")
    with pytest.raises(IngestError, match=r"broken\.parquet"):
        list(scan([tmp_path / "broken.parquet"]))
    assert list(scan([tmp_path / "gone.parquet", tmp_path / "gone.json"])) == []
