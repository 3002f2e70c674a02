"""What an alert says: what people feel, who, since when, how much against what is normal, what to do."""

from __future__ import annotations

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
_REFUSES = {
    "token": "the token endpoint refuses",
    "authorization": "the sign-in page refuses",
    "introspection": "the introspection endpoint refuses",
    "revocation": "the revocation endpoint refuses",
    "userinfo": "the userinfo endpoint refuses",
}


def failing(candidate: Candidate, span: Span, name: str | None, facts: dict[str, object], first_ever: bool) -> str:
    """The sentence of a surge or of a new cause."""
    title = _title(candidate.cause)
    failed, served = int(str(facts["failed"] or 0)), int(str(facts["served"] or 0))
    share = failed / max(failed + served, 1)
    when = _when(span)
    if candidate.client is not None:
        who = _who(candidate.client, name)
        felt = _ASKS.get(str(facts["endpoint"]), "fails") if share > 0.5 else "fails more often than it does"
        whom = _people(facts)
        novelty = "; it never failed in this way before" if first_ever else _normally(candidate)
        return (
            f"{who} {felt} {when}: {_count(failed, 'request')}{whom} failed, {share:.0%} of them all "
            f"({title}){novelty}{_also(candidate)}."
        )
    where = candidate.area or _REFUSES.get(str(candidate.endpoint), f"the {candidate.endpoint} endpoint refuses")
    verb = f"{where} refuses its callers" if candidate.area else f"{where} its callers"
    if candidate.area is None and candidate.endpoint == "api":
        verb = "The APIs refuse their callers"
    return (
        f"{verb[:1].upper()}{verb[1:]} {when}: {_count(failed, 'answer')}{_callers(facts)}, {share:.0%} of all "
        f"({title}){_normally(candidate)}{_also(candidate)}."
    )


def silent(candidate: Candidate, span: Span, name: str | None) -> str:
    """The sentence of a client that has gone silent."""
    who = _who(str(candidate.client), name)
    more = len(candidate.clients)
    others = f" (and {more} more: {', '.join(sorted(candidate.clients))})" if more else ""
    missed = round(candidate.expected)
    if span.ongoing:
        return (
            f"{who}{others} has gone silent: nothing from it since it was due at {_moment(span.start)}, when it "
            f"would normally have been served at least {_count(missed, 'time')} by now."
        )
    return (
        f"{who}{others} was silent from {_moment(span.start)} to {_moment(span.end)}, when it would normally have "
        f"been served at least {_count(missed, 'time')}."
    )


def remedy_for_failures(candidate: Candidate) -> str:
    """What to do about a surge or a new cause."""
    known = load_causes().get(str(candidate.cause))
    fix = known.remedy if known else "Look at the messages of these failures."
    if candidate.client is None:
        return f"Find out what was released, rotated or reconfigured when it began. {fix}"
    if candidate.kind == "new_cause":
        return f"Compare with what the client released or reconfigured when it began. {fix}"
    return fix


def remedy_for_silence(candidate: Candidate) -> str:
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


def _people(facts: dict[str, object]) -> str:
    users = int(str(facts["users"] or 0))
    return f" of {_count(users, 'user')}" if users > 1 else ""


def _callers(facts: dict[str, object]) -> str:
    clients, addresses = int(str(facts["clients"] or 0)), int(str(facts["addresses"] or 0))
    if clients > 1:
        return f" to {_count(clients, 'client')}"
    return f" to {_count(addresses, 'address', 'addresses')}" if addresses > 1 else ""


def _also(candidate: Candidate) -> str:
    also = [_title(cause) for cause in dict.fromkeys(candidate.also)]
    return f"; also: {', '.join(also)}" if also else ""


def _count(number: int, noun: str, several: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else several or noun + 's'}"
