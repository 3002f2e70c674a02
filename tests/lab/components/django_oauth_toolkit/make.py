"""Makes the database with its clients and users."""

from __future__ import annotations

import django
from django.conf import settings
from django.core.management import call_command

django.setup()

from clients.models import Application  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
for client in settings.CLIENTS:
    Application.objects.create(
        client_id=client["id"],
        client_secret=client["secret"] or "",
        client_type="confidential" if client["secret"] else "public",
        authorization_grant_type=client["grant"],
        also=client["also"],
        enabled=client["enabled"],
        redirect_uris=client["redirect_uri"],
        algorithm="RS256",
    )
for name in settings.USERS:
    User.objects.create_user(name, name, settings.PASSWORD, is_active=name != settings.LOCKED_USER)
