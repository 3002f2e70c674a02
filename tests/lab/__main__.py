"""Runs the lab: python -m tests.lab [--out FOLDER] [--only NAME]... [--fault NAME]...

Writes the logs of every component to FOLDER/<component>/, truth.csv with what must be found in them, and
components.json with what ran, in which version, and what did not, with the reason.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from authlib.common.errors import AuthlibBaseError
from oauthlib.oauth2 import OAuth2Error

from tests.lab import truth
from tests.lab.component import AuthServer, Component, Gateway
from tests.lab.fault import Fault, all_faults
from tests.lab.install import UnavailableError
from tests.lab.plan import all_components, pairs
from tests.lab.processes import StartError, free_port, survivors, warden
from tests.lab.rig import Rig
from tests.lab.site import NoAnswerError, Site

_OUT = Path("build/lab")


def main() -> int:
    """0 when something ran and nothing that was there failed to start."""
    asked = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__.splitlines()[0])
    asked.add_argument("--out", type=Path, default=_OUT)
    asked.add_argument("--only", nargs="+", default=[], metavar="NAME", help="components, instead of all")
    asked.add_argument("--fault", nargs="+", default=[], metavar="NAME", help="faults, instead of all")
    given = asked.parse_args()
    every, faults = all_components(), list(all_faults())
    for unknown in {*given.only} - {*every} | {*given.fault} - {fault.name for fault in faults}:
        asked.error(f"{unknown} is neither a component ({', '.join(every)}) nor a fault")
    shutil.rmtree(given.out, ignore_errors=True)
    given.out.mkdir(parents=True)
    with warden():
        run = Run(given.out, [fault for fault in faults if not given.fault or fault.name in given.fault])
        run.all(given.only or list(every))
    left = survivors()
    if left:
        print(f"processes that survived: {left}")
    return 1 if left or run.failed or not run.rows else 0


class Run:
    """One run of the lab."""

    def __init__(self, out: Path, faults: list[Fault]) -> None:
        self.rows: list[truth.Row] = []
        self.failed = False
        self._out = out.resolve()
        self._faults = faults
        self._components: dict[str, dict[str, object]] = {}

    def all(self, names: list[str]) -> None:
        """Installs the components of these names, and injects every fault into those that are there."""
        there = [name for name in names if self._installed(name)]
        for server, gateway in pairs(there):
            self._pair(server, gateway)
        truth.write(self.rows, self._out / "truth.csv")
        (self._out / "components.json").write_text(json.dumps(self._components, indent=2) + "\n")
        print(f"{len(self.rows)} rows of truth in {self._out / 'truth.csv'}")

    def _installed(self, name: str) -> bool:
        kind = all_components()[name]
        begun = time.monotonic()
        try:
            version = kind(self._out / name).install()
        except UnavailableError as problem:
            print(f"{name}: skipped, {problem}")
            self._components[name] = {"title": kind.title, "skipped": str(problem)}
            return False
        print(f"{name}: {kind.title} {version} ({time.monotonic() - begun:.0f} s)")
        self._components[name] = {
            "title": kind.title, "version": version, "source": kind.source, "formats": list(kind.formats), "date": f"{datetime.now(UTC):%F}", "logs": []
        }  # fmt: skip
        return True

    def _pair(self, server_kind: type[AuthServer], gateway_kind: type[Gateway]) -> None:
        name = f"{server_kind.name} behind {gateway_kind.name}"
        server, gateway = server_kind(self._folder(server_kind)), gateway_kind(self._folder(gateway_kind))
        begun = time.monotonic()
        with Rig(self._out / "rig" / name.replace(" ", "-"), checks=not gateway.checks) as rig:
            try:
                routes = rig.routes(free_port(), server_port := free_port())
                gateway.install()
                server.install()
                gateway.start(routes)
                url = f"http://127.0.0.1:{routes.port}"
                server.start(server_port, url)
                ready = time.monotonic()
                site = Site(server, gateway, url, rig.issuer)
                done = [
                    fault
                    for fault in self._faults
                    if fault.needs <= server.can | gateway.can and self._inject(site, fault)
                ]
                self.rows += site.rows
            except StartError as problem:
                self.failed = True
                print(f"{name}: did not start: {problem}")
                return
            finally:
                server.stop()
                gateway.stop()
        for component in (server, gateway):
            self._keep_logs(component)
        print(
            f"{name}: {len(done)} faults, {ready - begun:.0f} s to start, {time.monotonic() - ready:.0f} s for all"
        )

    def _folder(self, kind: type[Component]) -> Path:
        folder = self._out / kind.name / f"{len(list((self._out / kind.name).glob('*'))) + 1}"
        folder.mkdir(parents=True)
        return folder

    def _inject(self, site: Site, fault: Fault) -> bool:
        try:
            site.inject(fault)
        except (NoAnswerError, AuthlibBaseError, OAuth2Error, OSError, LookupError) as problem:
            print(f"{site.server.name} behind {site.gateway.name}: {fault.name}: {problem}")
            self.failed = True
            return False
        return True

    def _keep_logs(self, component: Component) -> None:
        logs = self._components[component.name]["logs"]
        assert isinstance(logs, list)
        logs += [str(path.relative_to(self._out)) for path in component.logs if path.exists()]


if __name__ == "__main__":
    sys.exit(main())
