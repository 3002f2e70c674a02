"""Django's settings, from the JSON file that LAB_CONFIG names."""

from __future__ import annotations

import json
import os
from pathlib import Path

_LAB = json.loads(Path(os.environ["LAB_CONFIG"]).read_text(encoding="utf-8"))
_FOLDER = Path(_LAB["folder"])

CLIENTS, USERS, LOCKED_USER, PASSWORD = (_LAB[key] for key in ("clients", "users", "locked_user", "password"))
CODE_SECONDS = _LAB["code_seconds"]

SECRET_KEY = _LAB["django_key"]
ALLOWED_HOSTS = ["127.0.0.1"]
TIME_ZONE = "UTC"
USE_TZ = True
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": _FOLDER / "db.sqlite3",
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }
}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_guid",
    "oauth2_provider",
    "clients",
]
MIDDLEWARE = [
    "django_guid.middleware.guid_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "urls"
LOGIN_URL = "login"
STATIC_URL = "/static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DJANGO_GUID = {"GUID_HEADER_NAME": "X-Request-ID"}

OAUTH2_PROVIDER_APPLICATION_MODEL = "clients.Application"
OAUTH2_PROVIDER = {
    "AUTHORIZATION_CODE_EXPIRE_SECONDS": CODE_SECONDS,
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "PKCE_REQUIRED": lambda client_id: any(c["id"] == client_id and not c["secret"] for c in CLIENTS),
    "SCOPES": {"openid": "OpenID Connect", "profile": "Your profile"},
    "DEFAULT_SCOPES": ["profile"],
    "OIDC_ENABLED": True,
    "OIDC_ISS_ENDPOINT": f"{_LAB['public_url']}/o",
    "OIDC_RSA_PRIVATE_KEY": _LAB["signing_key"],
    "OAUTH_DEVICE_VERIFICATION_URI": f"{_LAB['public_url']}/o/device/",
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"correlation_id": {"()": "django_guid.log_filters.CorrelationId"}},
    "formatters": {
        "text": {
            "format": "{levelname} {asctime} {process:d} [{correlation_id}] {name} {message}",
            "style": "{",
        },
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "{asctime}{levelname}{name}{process}{correlation_id}{message}",
            "style": "{",
        },
    },
    "handlers": {
        name: {
            "class": "logging.FileHandler",
            "filename": _FOLDER / f"django.{ending}",
            "formatter": name,
            "filters": ["correlation_id"],
        }
        for name, ending in (("text", "log"), ("json", "json"))
    },
    "root": {"level": "WARNING", "handlers": ["text", "json"]},
    "loggers": {
        "django": {"level": "INFO", "handlers": [], "propagate": True},
        "oauth2_provider": {"level": "DEBUG"},
        "oauthlib": {"level": "DEBUG"},
    },
}
