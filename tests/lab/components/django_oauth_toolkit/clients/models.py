"""A client that may use several grants and can be switched off, as the toolkit's documentation shows it."""

from __future__ import annotations

from django.db import models
from oauth2_provider.models import AbstractApplication
from oauthlib.common import Request


class Application(AbstractApplication):
    """A client."""

    enabled = models.BooleanField(default=True)
    also = models.CharField(max_length=32, blank=True)
    """Another grant that it may use."""

    def allows_grant_type(self, *grant_types: str) -> bool:
        return bool({self.authorization_grant_type, self.also} & {*grant_types})

    def is_usable(self, request: Request) -> bool:
        return self.enabled
