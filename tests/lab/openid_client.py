"""A client of openid-client from npm: it runs in Node.js and tells which requests it sent."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

from tests.lab import install
from tests.lab.component import WEB
from tests.lab.site import NoAnswerError, Seen, Site

_VERSION = "6.9.0"
_SCRIPT = Path(__file__).with_suffix(".mjs")
_PATIENCE = 30.0


def client_credentials(site: Site, *, fails: bool = False) -> None:
    """A token for a client itself, which is refused where it `fails`. Raises NoAnswerError."""
    try:
        tree = install.npm(f"openid-client@{_VERSION}")
    except install.UnavailableError as problem:
        print(f"openid-client: skipped, {problem}")
        return
    asked = {
        "issuer": site.url, "tokenEndpoint": site.at("token"), "clientId": WEB.id, "clientSecret": WEB.secret,
        "parameters": {name: value for name, value in site.grant.items() if name != "grant_type"},
    }  # fmt: skip
    script = shutil.copy(_SCRIPT, tree)  # beside node_modules, where its imports are looked for
    done = subprocess.run(
        ["node", script, json.dumps(asked)], capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    for line in done.stdout.splitlines():
        told = json.loads(line)
        begun = datetime.fromisoformat(told["begun"])
        seen = Seen(begun, told["requestId"], WEB.id, "token", told["status"], "", "")
        site.tell(seen, fails=fails, at_server=True, fault=None)
    if done.returncode and not fails:
        raise NoAnswerError(f"openid-client: {done.stderr.strip()[-400:]}")
