"""Where things are: the toolkit's own URLs, and the sign-in with the page of Django's admin."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.urls import include, path
from oauth2_provider.views import DeviceAuthorizationView
from oauthlib.oauth2 import DeviceApplicationServer


class ShortDeviceCodes(DeviceApplicationServer):
    """The toolkit has no setting for the time that a device's code is good."""

    expires_in = settings.CODE_SECONDS


urlpatterns = [
    path("accounts/login/", LoginView.as_view(), name="login"),
    path("o/device-authorization/", DeviceAuthorizationView.as_view(server_class=ShortDeviceCodes)),
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
]
