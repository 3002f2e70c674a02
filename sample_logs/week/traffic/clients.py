"""Who asks: the applications of the company, the APIs that they call and the callers of each."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Api:
    """An API behind the gateway: its routes (`{n}` is an id), and the size of its answers in bytes."""

    routes: tuple[tuple[str, str], ...]
    size: int


APIS: dict[str, Api] = {
    "orders": Api(
        (
            ("GET", "/v1/orders"),
            ("GET", "/v1/orders/{n}"),
            ("GET", "/v1/orders/{n}/items"),
            ("POST", "/v1/orders"),
        ),
        1840,
    ),
    "stock": Api((("GET", "/v1/stock/{n}"), ("PUT", "/v1/stock/{n}")), 212),
    "prices": Api((("GET", "/v1/prices?sku={n}"), ("GET", "/v1/prices/{n}")), 148),
    "catalog": Api((("GET", "/v1/catalog/search?page={p}"), ("GET", "/v1/catalog/items/{n}")), 5210),
    "customers": Api((("GET", "/v1/customers/{n}"), ("PATCH", "/v1/customers/{n}")), 960),
    "invoices": Api((("GET", "/v1/invoices/{n}"), ("POST", "/v1/invoices")), 1420),
    "profile": Api((("GET", "/v1/me"), ("GET", "/v1/me/addresses")), 388),
    "notifications": Api((("GET", "/v1/notifications?since={p}"), ("POST", "/v1/notifications")), 96),
}

API_NAMES = tuple(APIS)

MACHINE, BATCH, PEOPLE, PASSWORD = "machine", "batch", "people", "password"


@dataclass(frozen=True)
class Client:
    """One OAuth client.

    `kind`: `machine` asks for a token every so often, `batch` does so for half an hour every night,
    `people` have sessions (code flow, refresh), `password` has sign-ins by the password grant.
    `per_day`: token requests of a machine, of a batch in its night; sessions of people.
    `calls`: API calls for each token of a machine, for each ten minutes of a session.
    `login`: the share of sessions that start with a sign-in; the rest start with a refresh.
    `basic`: the client authenticates by HTTP Basic, so nginx logs its id as $remote_user.
    """

    id: str
    name: str
    server: str
    kind: str
    rhythm: str
    per_day: float
    apis: tuple[str, ...]
    calls: float
    agent: str
    users: int = 0
    login: float = 0.0
    basic: bool = False
    consent: bool = False


_CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"
_SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/19.2 Safari/605.1.15"
_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:147.0) Gecko/20100101 Firefox/147.0"

CLIENTS: tuple[Client, ...] = (
    Client("inventory-sync", "Inventory sync", "keycloak", MACHINE, "steady", 288, ("stock",), 9, "Apache-HttpClient/5.4 (Java/21.0.5)"),
    Client("pricing-service", "Pricing service", "keycloak", MACHINE, "steady", 480, ("prices",), 8, "Go-http-client/1.1", basic=True),
    Client("notification-worker", "Notification worker", "keycloak", MACHINE, "busy", 240, ("notifications", "profile"), 6, "python-httpx/0.28.1", basic=True),
    Client("search-indexer", "Search indexer", "keycloak", MACHINE, "steady", 144, ("catalog",), 10, "okhttp/4.12.0"),
    Client("fraud-check", "Fraud check", "keycloak", MACHINE, "busy", 190, ("orders", "customers"), 8, "Go-http-client/1.1"),
    Client("warehouse-scanner", "Warehouse scanner", "keycloak", MACHINE, "shift", 320, ("stock", "orders"), 6, "Dart/3.6 (dart:io)", basic=True),
    Client("report-builder", "Report builder", "keycloak", MACHINE, "office", 60, ("orders", "invoices"), 14, "python-requests/2.32.3"),
    Client("ledger-export", "Ledger export", "keycloak", BATCH, "night", 42, ("invoices",), 16, "curl/8.11.1", basic=True),
    Client("tax-archive", "Tax archive", "keycloak", BATCH, "night", 12, ("invoices",), 20, "curl/8.11.1"),
    Client("kiosk", "Store kiosk", "keycloak", MACHINE, "shift", 40, ("catalog",), 4, "kiosk-browser/3.1"),
    Client("mobile-app", "Mobile app", "keycloak", PEOPLE, "consumer", 820, ("orders", "profile", "catalog", "notifications"), 6, "shop-mobile/7.4.1 okhttp/4.12.0", 2600, 0.1),
    Client("web-shop", "Web shop", "keycloak", PEOPLE, "consumer", 360, ("catalog", "orders", "profile"), 8, _CHROME, 2000, 0.75),
    Client("partner-portal", "Partner portal", "keycloak", PEOPLE, "office", 120, ("orders", "stock", "invoices"), 8, _FIREFOX, 140, 0.9, consent=True),
    Client("supplier-portal", "Supplier portal", "keycloak", PEOPLE, "office", 60, ("stock", "invoices"), 7, _CHROME, 60, 0.9, consent=True),
    Client("helpdesk", "Helpdesk", "keycloak", PASSWORD, "office", 70, ("customers", "orders"), 10, _CHROME, 25),
    Client("status-page", "Status page", "keycloak", MACHINE, "steady", 5, ("catalog",), 1, "status-probe/1.2"),
    Client("0oa4xmp1eHRPRTL001d7", "HR portal", "okta", PEOPLE, "office", 70, ("profile",), 4, _SAFARI, 300, 0.85),
    Client("0oa4xmp1eFNNCEA002d7", "Finance desk", "okta", PEOPLE, "office", 50, ("invoices",), 6, _CHROME, 80, 0.85),
    Client("0oa4xmp1eNRDPRT003d7", "Nordic partner portal", "okta", PEOPLE, "office", 110, ("orders", "stock"), 6, _CHROME, 90, 0.95),
    Client("0oa4xmp1eIBRPRT004d7", "Iberia partner portal", "okta", PEOPLE, "office", 60, ("orders", "stock"), 6, _FIREFOX, 60, 0.95),
    Client("0oa4xmp1eFLDAPP005d7", "Field service app", "okta", PEOPLE, "shift", 80, ("orders", "customers"), 4, "field-service/2.9 CFNetwork/3826", 45, 0.15),
    Client("0oa4xmp1eCRMBRG006d7", "CRM bridge", "okta", MACHINE, "steady", 96, ("customers",), 8, "Apache-HttpClient/5.4 (Java/21.0.5)"),
    Client("0oa4xmp1eANLYTC007d7", "Analytics loader", "okta", MACHINE, "busy", 72, ("orders",), 10, "python-requests/2.32.3"),
)  # fmt: skip

NOBODY = -1
"""The client of a request that no client of ours sent: a scanner's."""


def place(client_id: str) -> int:
    """The number of a client in CLIENTS. Raises ValueError where there is none of that id."""
    return [client.id for client in CLIENTS].index(client_id)
