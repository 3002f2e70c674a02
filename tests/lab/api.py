"""The API behind the gateways: a resource server that checks tokens with joserfc and answers as RFC 6750 says.

    python -m tests.lab.api PORT SLOW_PORT TLS_PORT FOLDER ISSUER CHECKS

FOLDER holds the issuer's jwks.json, and tls.pem, the certificate and key of TLS_PORT, which nobody trusts.
SLOW_PORT answers after 20 s. CHECKS is "checks" or "trusts" (the gateway checked).
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from joserfc import errors, jwt
from joserfc.jwk import KeySet

from tests.lab.tokens import AUDIENCE

_SLOW = 20.0


class Api(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    keys: KeySet
    issuer: str
    checks: bool

    def do_GET(self) -> None:
        if self.server.server_port == int(sys.argv[2]):
            time.sleep(_SLOW)
        fault = self._fault() if self.checks else None
        if fault is None:
            return self._answer(200, {"orders": []})
        status, error, description = fault
        if error is None:
            return self._answer(status, {"message": "no token"}, 'Bearer realm="api"')
        challenge = f'Bearer realm="api", error="{error}", error_description="{description}"'
        return self._answer(status, {"error": error, "error_description": description}, challenge)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the gateway's log is the one of interest."""

    def _fault(self) -> tuple[int, str | None, str] | None:
        """What is wrong with the request's token: status, error and description."""
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return 401, None, ""
        try:
            claims = jwt.decode(token, self.keys, algorithms=["RS256"]).claims
            wanted = jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self.issuer}, aud={"essential": True, "value": AUDIENCE}
            )
            wanted.validate(claims)
        except errors.ExpiredTokenError:
            return 401, "invalid_token", "The access token expired"
        except (errors.JoseError, ValueError) as problem:
            return 401, "invalid_token", f"The access token is invalid: {type(problem).__name__}"
        if "orders" not in str(claims.get("scope", "")).split():
            return 403, "insufficient_scope", "The request requires the scope orders"
        return None

    def _answer(self, status: int, content: object, challenge: str | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if challenge is not None:
            self.send_header("WWW-Authenticate", challenge)
        self.end_headers()
        self.wfile.write(body)


def main() -> None:
    port, slow, tls = (int(text) for text in sys.argv[1:4])
    folder = Path(sys.argv[4])
    Api.keys = KeySet.import_key_set(json.loads((folder / "jwks.json").read_text()))
    Api.issuer, Api.checks = sys.argv[5], sys.argv[6] == "checks"
    servers = [ThreadingHTTPServer(("127.0.0.1", number), Api) for number in (port, slow, tls)]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls.pem")
    servers[2].socket = context.wrap_socket(
        servers[2].socket, server_side=True, do_handshake_on_connect=False
    )
    for server in servers[1:]:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    servers[0].serve_forever()


if __name__ == "__main__":
    main()
