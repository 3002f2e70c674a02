"""Every failure of a week with its cause, as each of the logs lets one tell it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from traffic import keycloak, nginx, okta
from traffic.clients import CLIENTS
from traffic.faults import FAULTS, OKTA_CAUSES, Action
from traffic.requests import Requests

COLUMNS = ("time", "source", "client", "endpoint", "cause")
_OKTA_CLIENT = np.array([client.server == "okta" for client in CLIENTS] + [False])


def rows(
    week: Requests, source: str
) -> tuple[Requests, NDArray[np.object_], NDArray[np.object_], NDArray[np.object_]]:
    """The requests that a source logs; and of each the client it names, the endpoint and the cause.

    The client is '' where the log names none, the cause '' where the log tells of no OAuth failure.
    """
    mine = week.where({"nginx": nginx, "keycloak": keycloak, "okta": okta}[source].logged(week))
    keys = np.stack([mine.client, mine.action, mine.fault])
    kinds, which = np.unique(keys, axis=1, return_inverse=True)
    told = [_told(source, *kind) for kind in kinds.T.tolist()]
    columns = np.array(told, dtype=object).reshape(-1, 3)[which.ravel()]
    return mine, columns[:, 0], columns[:, 1], columns[:, 2]


def _told(source: str, client: int, action: int, fault: int) -> tuple[str, str, str]:
    endpoint = {
        Action.API: "api", Action.SCAN: "api", Action.CALLBACK: "api",
        Action.AUTHORIZE: "authorization", Action.LOGIN: "authorization",
    }.get(Action(action), "token")  # fmt: skip
    failed = FAULTS[fault]
    if source == "nginx":
        return nginx.client_of(client, action, fault), endpoint, failed.seen or ""
    if source == "okta":
        return CLIENTS[client].id, endpoint, OKTA_CAUSES[failed.okta] if failed.okta else ""
    return CLIENTS[client].id, endpoint, (failed.cause or "") if failed.keycloak else ""
