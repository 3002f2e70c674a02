"""What an alert says: what people feel, who, since when, how much against what is normal, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from analysis.alerting.candidate import Candidate
from analysis.alerting.timing import Span
from analysis.taxonomy import load_causes

_ASKS = {
    "token": "cannot get tokens",
    "authorization": "cannot sign its users in",
    "introspection": "cannot have tokens checked",
    "revocation": "cannot revoke tokens",
    "userinfo": "cannot read who its users are",
    "end_session": "cannot sign its users out",
    "device_authorization": "cannot start a device sign-in",
    "pushed_authorization_request": "cannot push its authorization requests",
    "registration": "cannot register",
    "api": "is refused at the API",
}
_PLACES = {
    "authorization": "The sign-in page",
    "pushed_authorization_request": "The endpoint for pushed requests",
}


def failing(candidate: Candidate, span: Span, name: str | None, facts: Mapping[str, object]) -> str:
    """The sentence of a surge or of a new cause."""
    title = _title(candidate.cause)
    failed, served = int(str(facts["failed"] or 0)), int(str(facts["served"] or 0))
    share = failed / max(failed + served, 1)
    when = _when(span)
    if candidate.client is not None:
        who = _who(candidate.client, name)
        felt = _ASKS.get(str(facts["endpoint"]), "fails") if share > 0.5 else "fails more often than it does"
        new = candidate.kind == "new_cause"
        normal = "; it never failed in this way before" if new else _normally(candidate)
        return (
            f"{who} {felt} {when}: {_count(failed, 'request')}{_people(facts)} failed, "
            f"{share:.0%} of them all ({title}){normal}{_also(candidate)}."
        )
    if candidate.area is not None:
        refuses = f"{candidate.area} refuses its callers"
    elif candidate.endpoint == "api":
        refuses = "The APIs refuse their callers"
    else:
        place = _PLACES.get(str(candidate.endpoint), f"The {candidate.endpoint} endpoint")
        refuses = f"{place} refuses its callers"
    return (
        f"{refuses} {when}: {_count(failed, 'answer')}{_callers(facts)}, {share:.0%} of all "
        f"({title}){_normally(candidate)}{_also(candidate)}."
    )


def silent(candidate: Candidate, span: Span, name: str | None) -> str:
    """The sentence of a client that has gone silent."""
    who = _who(str(candidate.client), name)
    more = len(candidate.clients)
    others = f" (and {more} more: {', '.join(sorted(candidate.clients))})" if more else ""
    missed = _count(round(candidate.expected), "time")
    if span.ongoing:
        return (
            f"{who}{others} has gone silent: nothing from it since it was due at {_moment(span.start)}; "
            f"it would normally have been served at least {missed} by now."
        )
    return (
        f"{who}{others} was silent from {_moment(span.start)} to {_moment(span.end, span.start)}, when it "
        f"would normally have been served at least {missed}."
    )


def remedy_for_failures(candidate: Candidate, facts: Mapping[str, object]) -> str:
    """What to do about a surge or a new cause."""
    known = load_causes().get(str(candidate.cause))
    fix = known.remedy if known else "Look at the messages of these failures."
    if candidate.client is None:
        return f"Find out what was released, rotated or reconfigured when it began. {fix}"
    failed, served = int(str(facts["failed"] or 0)), int(str(facts["served"] or 0))
    if known is not None and known.family == "client_credentials" and failed > 9 * served:
        return (
            "All of its requests fail from one instant on, as they do when a credential was rotated or ran "
            f"out. Compare what is deployed with what is registered. {fix}"
        )
    if candidate.kind == "new_cause":
        return f"Compare with what the client released or reconfigured when it began. {fix}"
    return fix


def remedy_for_silence() -> str:
    """What to do about a client that has gone silent."""
    return (
        "Ask its owner whether the job still runs: a schedule that was switched off, a host that is gone, a "
        "network that is shut, or a client that now asks another server. Nothing in these logs fails for it."
    )


def _who(client: str, name: str | None) -> str:
    return f"{name} ({client})" if name and name != client else client


def _title(cause: str | None) -> str:
    known = load_causes().get(str(cause))
    title = known.title if known else str(cause)
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _when(span: Span) -> str:
    if span.ongoing:
        return f"since {_moment(span.start)}"
    return f"from {_moment(span.start)} to {_moment(span.end, span.start)}"


def _moment(time: datetime, after: datetime | None = None) -> str:
    return f"{time:%H:%M}" if after is not None and after.date() == time.date() else f"{time:%m-%d %H:%M}"


def _normally(candidate: Candidate) -> str:
    usual = candidate.expected
    return f"; normal for these hours: {'about ' + format(round(usual), ',') if usual >= 1 else 'none'}"


def _people(facts: Mapping[str, object]) -> str:
    users = int(str(facts["users"] or 0))
    return f" of {_count(users, 'user')}" if users > 1 else ""


def _callers(facts: Mapping[str, object]) -> str:
    clients, addresses = int(str(facts["clients"] or 0)), int(str(facts["addresses"] or 0))
    if clients > 1:
        return f" to {_count(clients, 'client')}"
    return f" to {_count(addresses, 'address', 'addresses')}" if addresses > 1 else ""


def _also(candidate: Candidate) -> str:
    also = [_title(cause) for cause in dict.fromkeys(candidate.also)]
    return f"; also: {', '.join(also)}" if also else ""


def _count(number: int, noun: str, several: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"
