"""The lab itself: its faults and components agree with the taxonomy, and its processes die with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.taxonomy import load_causes
from ingest import load_sources
from tests.lab import check, truth
from tests.lab.component import SILENT
from tests.lab.fault import all_faults
from tests.lab.plan import all_components
from tests.lab.processes import survivors
from tests.lab.site import by_challenge, by_redirect, by_status

_COMPONENTS = sorted(all_components())
_PATIENCE = 20.0
_LAB = """
import sys, time
from pathlib import Path
from tests.lab import processes
with processes.warden():
    processes.Process(["sh", "-c", "sleep 600 & sleep 600"], Path(sys.argv[1]))
    print(processes._RUN, flush=True)
    time.sleep(600)
"""


def test_every_fault_has_a_cause_and_something_to_be_injected_into() -> None:
    can = frozenset().union(*(component.can for component in all_components().values()))
    for fault in all_faults():
        assert fault.cause in load_causes(), fault.name
        assert fault.at in ("server", "api"), fault.name
        assert fault.needs <= can, fault.name


@pytest.mark.parametrize("name", _COMPONENTS)
def test_what_a_component_tells_is_of_a_fault_and_a_cause(name: str) -> None:
    component = all_components()[name]
    assert component.tells.keys() <= {fault.name for fault in all_faults()}
    assert set(component.tells.values()) - {*SILENT} <= load_causes().keys()
    assert component.source is None or component.source in load_sources()


def test_what_a_bare_line_tells_is_a_cause() -> None:
    told = [by_status(endpoint, status) for endpoint in ("api", "token", "authorization", "userinfo", "introspection")
            for status in (0, 200, 400, 401, 403, 429, 500, 502, 503, 504)]  # fmt: skip
    told += [
        by_challenge('Bearer error="invalid_token"', 401) or "",
        by_challenge('Bearer realm="api"', 401) or "",
    ]
    told.append(by_redirect("https://app.example.com/callback?error=login_required") or "")
    assert set(told) - {*SILENT} <= load_causes().keys()
    assert by_challenge("Basic realm=x", 401) is None
    assert by_redirect("https://app.example.com/callback?code=1") is None


def test_the_truth_is_read_as_it_was_written(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    rows = [truth.Row(now, now, "nginx", "a b", "lab-web", "token", "wrong_secret", "")]
    truth.write(rows, tmp_path / "truth.csv")
    assert truth.read(tmp_path / "truth.csv") == rows


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_lab_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    lab = subprocess.Popen(
        [sys.executable, "-c", _LAB, str(tmp_path / "output")], stdout=subprocess.PIPE, text=True
    )
    assert lab.stdout is not None
    run = lab.stdout.readline().strip()
    try:
        assert _until(lambda: len(survivors(run)) >= 2), "the server did not start"
    finally:
        os.kill(lab.pid, how)
        lab.wait()
        lab.stdout.close()
    assert _until(lambda: not survivors(run)), survivors(run)


@pytest.mark.parametrize(
    ("true_of_the_log", "gateway_id", "held"),
    [
        ("client_auth.failed_unspecified", "11111111-0000-4000-8000-000000000001", True),
        ("grant.pkce_failed", "11111111-0000-4000-8000-000000000001", False),
        ("", "11111111-0000-4000-8000-000000000001", False),
        ("client_auth.failed_unspecified", "not-the-one", False),
    ],
)
def test_the_check_tells_what_was_read_from_what_is_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], true_of_the_log: str, gateway_id: str, held: bool
) -> None:
    request_id = "11111111-0000-4000-8000-000000000001"
    now = datetime(2026, 11, 20, 9, 0, 0, 500_000, tzinfo=UTC)
    rows = [
        truth.Row(now, now, "keycloak", request_id, "lab-web", "token", "wrong_secret", true_of_the_log),
        truth.Row(
            now,
            now,
            "nginx",
            request_id,
            "lab-web",
            "token",
            "wrong_secret",
            "unknown.status_only_token_endpoint",
        ),
    ]
    truth.write(rows, tmp_path / "truth.csv")
    trace = request_id.replace("-", "")
    (tmp_path / "keycloak.log").write_text(
        f"2026-11-20 09:00:00,500 WARN  [org.keycloak.events] traceId={trace}, parentId=, spanId=00f067aa0ba902b7, "
        "sampled=true (executor-thread-1) "
        'type="CLIENT_LOGIN_ERROR", realmId="1b1a", realmName="lab", clientId="lab-web", userId="null", '
        'ipAddress="127.0.0.1", error="invalid_client_credentials", grant_type="client_credentials"\n'
    )
    asked = "POST /realms/lab/protocol/openid-connect/token HTTP/1.1"
    (tmp_path / "access.json").write_text(
        f'{{"time": "2026-11-20T09:00:00+00:00", "request": "{asked}", "status": "400", "id": "{gateway_id}"}}\n'
    )
    format = (
        '{"time": "$time_iso8601", "request": "$request", "status": "$status", "id": "$http_x_request_id"}'
    )
    components = {
        "keycloak": {"source": "keycloak", "formats": [], "logs": ["keycloak.log"]},
        "nginx": {"source": "nginx", "formats": [format], "logs": ["access.json"]},
    }
    (tmp_path / "components.json").write_text(json.dumps(components))
    assert (check.main(tmp_path) == 0) is held
    assert ("NOT held" in capsys.readouterr().out) is not held


def _until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False
