"""The lab's own issuer: its keys, its metadata as files, and access tokens, right or wrong, signed with them.

Gateways that validate tokens themselves trust this issuer, since a real server signs nothing wrong.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

AUDIENCE = "https://api.example.com"
LIFETIME = 3600


class Issuer:
    """An issuer at `url`, whose metadata and keys are files below `folder`."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self._key = RSAKey.generate_key(2048, {"kid": "lab-1", "use": "sig", "alg": "RS256"})
        self._unknown = RSAKey.generate_key(2048, {"kid": "lab-unknown", "use": "sig", "alg": "RS256"})
        self._pretender = RSAKey.generate_key(2048, {"kid": "lab-1", "use": "sig", "alg": "RS256"})
        known = folder / ".well-known"
        known.mkdir(parents=True, exist_ok=True)
        keys = KeySet([self._key]).as_dict(private=False)
        (folder / "jwks.json").write_text(json.dumps(keys))
        metadata = {
            "issuer": url,
            "jwks_uri": f"{url}/jwks.json",
            "authorization_endpoint": f"{url}/authorize",
            "token_endpoint": f"{url}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        for name in ("openid-configuration", "oauth-authorization-server"):
            (known / name).write_text(json.dumps(metadata))

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/jwks.json"

    def token(self, *, key: str = "known", **claims: Any) -> str:
        """A signed access token; `claims` replace the right ones, None leaves one out.

        `key`: known, unknown (a `kid` that is not published), or pretender (another key under the known `kid`).
        """
        content = self._claims(claims)
        signing = {"known": self._key, "unknown": self._unknown, "pretender": self._pretender}[key]
        header = {"alg": "RS256", "kid": str(signing.kid), "typ": "JWT"}
        return jwt.encode(header, content, signing)

    def unsigned_token(self) -> str:
        """A token with right claims, the algorithm `none` and no signature (RFC 7519, section 6)."""
        return ".".join((_encoded({"alg": "none", "typ": "JWT"}), _encoded(self._claims({})), ""))

    def _claims(self, replaced: Mapping[str, Any]) -> dict[str, Any]:
        now = int(time.time())
        right = {
            "iss": self.url, "aud": AUDIENCE, "sub": "lab-user", "client_id": "lab-web", "scope": "orders",
            "iat": now, "nbf": now, "exp": now + LIFETIME, "jti": f"lab-{time.time_ns():x}",
        }  # fmt: skip
        return {name: value for name, value in {**right, **replaced}.items() if value is not None}


def dpop_proof(method: str, url: str) -> str:
    """A proof of possession of a new key, without a nonce (RFC 9449, section 4.2)."""
    key = ECKey.generate_key("P-256")
    header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    claims = {"jti": f"lab-{time.time_ns():x}", "htm": method, "htu": url, "iat": int(time.time())}
    return jwt.encode(header, claims, key)


def _encoded(part: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
