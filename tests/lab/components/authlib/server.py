"""A small authorization server with Authlib on Flask; clients and users are in the JSON file LAB_CONFIG.

It logs what Authlib logs, and each refusal once with Authlib's error and description.
"""

from __future__ import annotations

import json
import logging.config
import os
import secrets
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector, current_token
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationCodeMixin,
    ClientMixin,
    InvalidRequestError,
    OAuth2Request,
    TokenMixin,
    grants,
    list_to_scope,
)
from authlib.oauth2.rfc6750 import BearerTokenValidator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import DeviceAuthorizationEndpoint, DeviceCodeGrant, DeviceCredentialMixin
from authlib.oidc.core.grants import OpenIDCode
from flask import Flask, has_request_context, redirect, render_template_string, request, session, url_for
from joserfc.jwk import RSAKey
from werkzeug.wrappers import Response

_LAB = json.loads(Path(os.environ["LAB_CONFIG"]).read_text(encoding="utf-8"))
_ISSUER, _CODE_SECONDS, _TOKEN_SECONDS = _LAB["public_url"], _LAB["code_seconds"], 3600
_KEY = RSAKey.generate_key(2048)
_PAGE = """<form method="post">{% if error %}<p>{{ error }}</p>{% endif %}
{% if sign_in %}<input name="username"><input type="password" name="password"><button>Sign in</button>
{% else %}<p>{{ client }}</p><button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button>{% endif %}</form>"""


class RequestId(logging.Filter):
    """Gives each line the id of its request."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request.headers.get("X-Request-Id", "-") if has_request_context() else "-"
        return True


logging.config.dictConfig(
    {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestId}},
        "formatters": {
            "text": {"format": "[%(asctime)s] %(levelname)s in %(name)s [%(request_id)s]: %(message)s"},
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "format": "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s",
            },
        },
        "handlers": {
            name: {
                "class": "logging.FileHandler",
                "filename": f"{_LAB['folder']}/authlib.{ending}",
                "formatter": name,
                "filters": ["request_id"],
            }
            for name, ending in (("text", "log"), ("json", "json"))
        },
        "root": {"level": "INFO", "handlers": ["text", "json"]},
        "loggers": {"authlib": {"level": "DEBUG"}},
    }
)
app = Flask("sso")
app.secret_key = secrets.token_bytes(32)
app.config["OAUTH2_REFRESH_TOKEN_GENERATOR"] = True
app.config["OAUTH2_SCOPES_SUPPORTED"] = _LAB["scopes"]


class Client(ClientMixin):
    """A client."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.id, self.secret, self.redirect_uri = entry["id"], entry["secret"], entry["redirect_uri"]
        self.grants = entry["grants"]

    def __repr__(self) -> str:
        return f"<Client {self.id}>"

    def get_client_id(self) -> str:
        return self.id

    def get_default_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_allowed_scope(self, scope: str | None) -> str:
        return list_to_scope([word for word in (scope or "").split() if word in _LAB["scopes"]])

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        return self.secret is not None and secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == ("client_secret_basic" if self.secret else "none")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.grants


class Code(AuthorizationCodeMixin):
    """An authorization code."""

    def __init__(self, asked: OAuth2Request) -> None:
        self.client_id, self.user, self.scope = asked.client.id, asked.user, asked.scope
        self.redirect_uri, self.given = asked.payload.redirect_uri, time.time()
        self.nonce = asked.payload.data.get("nonce")
        self.code_challenge = asked.payload.data.get("code_challenge")
        self.code_challenge_method = asked.payload.data.get("code_challenge_method")

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return int(self.given)

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return []


class Token(TokenMixin):
    """An access token with its refresh token."""

    def __init__(self, client: Client, user: Any, given: dict[str, Any]) -> None:
        self.client, self.user, self.scope = client, user, given.get("scope", "")
        self.access, self.refresh = given["access_token"], given.get("refresh_token")
        self.until, self.revoked = time.time() + given["expires_in"], False

    def check_client(self, client: Client) -> bool:
        return client is self.client

    def get_scope(self) -> str:
        return self.scope

    def get_expires_in(self) -> int:
        return _TOKEN_SECONDS

    def is_expired(self) -> bool:
        return time.time() > self.until

    def is_revoked(self) -> bool:
        return self.revoked

    def get_user(self) -> Any:
        return self.user

    def get_client(self) -> Client:
        return self.client


class DeviceCode(DeviceCredentialMixin):
    """The code of a device, whose user never answers."""

    def __init__(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        self.client_id, self.scope, self.user_code = client_id, scope, data["user_code"]
        self.until, self.asked = time.time() + data["expires_in"], 0.0

    def get_client_id(self) -> str:
        return self.client_id

    def get_scope(self) -> str:
        return self.scope

    def get_user_code(self) -> str:
        return self.user_code

    def is_expired(self) -> bool:
        return time.time() > self.until


_clients = {entry["id"]: Client(entry) for entry in _LAB["clients"]}
_codes: dict[str, Code] = {}
_tokens: list[Token] = []
_device_codes: dict[str, DeviceCode] = {}


def _token(text: str) -> Token | None:
    return next((token for token in _tokens if text in (token.access, token.refresh)), None)


def _log(error: OAuth2Error, client_id: str | None) -> None:
    app.logger.warning(
        "%s %s client_id=%s: %s: %s", request.method, request.path, client_id, error.error, error.description
    )


class Server(AuthorizationServer):
    """The server, with a line for each refusal."""

    def handle_error_response(self, asked: OAuth2Request, error: OAuth2Error) -> Response:
        basic = request.authorization
        _log(error, (basic and basic.username) or request.values.get("client_id"))
        return super().handle_error_response(asked, error)


class Protector(ResourceProtector):
    """Checks access tokens, with a line for each refusal."""

    def raise_error_response(self, error: OAuth2Error) -> None:
        _log(error, None)
        super().raise_error_response(error)


class Bearer(BearerTokenValidator):
    def authenticate_token(self, token_string: str) -> Token | None:
        return _token(token_string)


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

    def save_authorization_code(self, code: str, asked: OAuth2Request) -> None:
        _codes[code] = Code(asked)

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = _codes.get(code)
        good = found and found.client_id == client.id and time.time() < found.given + _CODE_SECONDS
        return found if good else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        _codes.pop(next(code for code, kept in _codes.items() if kept is authorization_code))

    def authenticate_user(self, authorization_code: Code) -> Any:
        return authorization_code.user


class ClientCredentialsGrant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)


class RefreshGrant(grants.RefreshTokenGrant):
    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "none")

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        found = _token(refresh_token)
        return found if found and not found.revoked else None

    def authenticate_user(self, refresh_token: Token) -> Any:
        return refresh_token.user

    def revoke_old_credential(self, refresh_token: Token) -> None:
        refresh_token.revoked = True


class DeviceGrant(DeviceCodeGrant):
    def query_device_credential(self, device_code: str) -> DeviceCode | None:
        return _device_codes.get(device_code)

    def query_user_grant(self, user_code: str) -> None:
        return None

    def should_slow_down(self, credential: DeviceCode) -> bool:
        before, credential.asked = credential.asked, time.time()
        return credential.asked < before + DeviceEndpoint.INTERVAL


class DeviceEndpoint(DeviceAuthorizationEndpoint):
    EXPIRES_IN = _CODE_SECONDS
    CLIENT_AUTH_METHODS = ("none",)

    def get_verification_uri(self) -> str:
        return f"{_ISSUER}/device"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        _device_codes[data["device_code"]] = DeviceCode(client_id, scope, data)


class Revocation(RevocationEndpoint):
    CLIENT_AUTH_METHODS = ("client_secret_basic",)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return _token(token_string)

    def revoke_token(self, token: Token, asked: OAuth2Request) -> None:
        token.revoked = True


class Introspection(IntrospectionEndpoint):
    CLIENT_AUTH_METHODS = ("client_secret_basic",)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return _token(token_string)

    def check_permission(self, token: Token, client: Client, asked: OAuth2Request) -> bool:
        return True

    def introspect_token(self, token: Token) -> dict[str, Any]:
        return {"active": True, "client_id": token.client.id, "scope": token.scope, "exp": int(token.until)}


class OpenID(OpenIDCode):
    def exists_nonce(self, nonce: str, asked: OAuth2Request) -> bool:
        return any(code.nonce == nonce for code in _codes.values())

    def resolve_client_private_key(self, client: Client) -> RSAKey:
        return _KEY

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        return {
            "iss": _ISSUER,
            "aud": [client.id],
            "iat": int(time.time()),
            "exp": int(time.time()) + _TOKEN_SECONDS,
        }

    def generate_user_info(self, user: Any, scope: str) -> dict[str, str]:
        return {"sub": user.name}


class Pkce(CodeChallenge):
    """RFC 7636, which public clients must use."""

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        if grant.request.client.secret is None and "code_challenge" not in grant.request.payload.data:
            raise InvalidRequestError("Missing 'code_challenge'")
        super().validate_code_challenge(grant, redirect_uri)


server = Server(
    app, _clients.get, lambda given, asked: _tokens.append(Token(asked.client, asked.user, given))
)
server.register_grant(CodeGrant, [OpenID(), Pkce()])
for grant in (ClientCredentialsGrant, RefreshGrant, DeviceGrant):
    server.register_grant(grant)
for endpoint in (DeviceEndpoint, Revocation, Introspection):
    server.register_endpoint(endpoint)
require_oauth = Protector()
require_oauth.register_token_validator(Bearer())


@app.post("/oauth/token")
def token() -> Response:
    return server.create_token_response()


@app.post("/oauth/<any(revoke, introspect, device):which>")
def other_endpoint(which: str) -> Response:
    names = {"revoke": "revocation", "introspect": "introspection", "device": "device_authorization"}
    return server.create_endpoint_response(names[which])


@app.route("/oauth/authorize", methods=["GET", "POST"])
def authorize() -> Any:
    user = SimpleNamespace(name=session["user"]) if "user" in session else None
    try:
        grant = server.get_consent_grant(end_user=user)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    if user is None:
        return redirect(url_for("sign_in", next=request.full_path))
    if request.method == "GET":
        return render_template_string(_PAGE, client=grant.request.client.id)
    allowed = request.form["answer"] == "allow"
    return server.create_authorization_response(grant_user=user if allowed else None, grant=grant)


@app.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Any:
    if request.method == "GET":
        return render_template_string(_PAGE, sign_in=True)
    name = request.form["username"]
    good = name in _LAB["users"] and secrets.compare_digest(request.form["password"], _LAB["password"])
    if not good or name == _LAB["locked_user"]:
        app.logger.warning(
            "sign-in of %s refused: %s",
            name,
            "account is disabled" if good else "invalid username or password",
        )
        return render_template_string(_PAGE, sign_in=True, error="Invalid username or password.")
    session["user"] = name
    return redirect(request.args["next"])


@app.get("/oauth/userinfo")
@require_oauth("profile")
def userinfo() -> dict[str, str]:
    return {"sub": current_token.user.name}
