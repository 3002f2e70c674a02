"""What a run decides for all of its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Settings:
    """How users, credentials and paths of one's own are stored.

    `pseudonym_key` keys the pseudonyms of users and the fingerprints of credentials; `plain_users`
    keeps users as they are; `own_endpoints` maps a path to an endpoint of lake.schema.ENDPOINTS; `time_zones`
    maps a source to the IANA zone of its times that have none.
    """

    pseudonym_key: str
    plain_users: bool = False
    own_endpoints: Mapping[str, str] = field(default_factory=dict)
    time_zones: Mapping[str, str] = field(default_factory=dict)
