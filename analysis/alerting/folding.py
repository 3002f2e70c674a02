"""Folding: what tells the same story becomes one candidate, told by the log that knows most."""

from __future__ import annotations

from analysis.alerting.candidate import Candidate

_MOST = 0.6
_NEARLY_ALL = 0.8
_FEW = 2
_SOON_HOURS = 3


def fold(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate for each story, the worst first."""
    for candidate in candidates:
        candidate.sources.add(candidate.source)
    kept: list[Candidate] = []
    for candidate in sorted(_wholes_or_parts(_by_client(candidates)), key=_rank):
        story = next((other for other in kept if _explains(other, candidate)), None)
        if story is None:
            kept.append(candidate)
        else:
            _join(story, candidate)
    return sorted(kept, key=lambda candidate: (-candidate.excess, candidate.begin))


def _rank(candidate: Candidate) -> tuple[bool, bool, float]:
    """Who is heard first: who names a cause before who does not, failures before silence."""
    return (candidate.vague, candidate.kind == "silent", -candidate.excess)


def _by_client(candidates: list[Candidate]) -> list[Candidate]:
    """Joins what one source says of one client and cause: a new cause and its surge are one."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: candidate.kind != "new_cause"):
        twin = next((
            other for other in kept
            if other.client is not None
            and (other.source, other.client) == (candidate.source, candidate.client)
            and other.cause == candidate.cause
            and other.overlaps(candidate)
        ), None)  # fmt: skip
        if twin is None:
            kept.append(candidate)
        else:
            _join(twin, candidate)
    return kept


def _wholes_or_parts(candidates: list[Candidate]) -> list[Candidate]:
    """Of an endpoint and its parts (areas, clients): the few that it is all about, or else the whole."""
    kept = list(candidates)
    for whole in sorted(candidates, key=lambda candidate: candidate.area is not None):
        if whole.client is not None or whole not in kept:
            continue
        parts = [part for part in kept if part is not whole and _is_part(part, whole)]
        told = sorted(parts, key=lambda part: -part.excess)[:_FEW]
        if not told:
            continue
        if told[0].excess >= _MOST * whole.excess:
            told = told[:1] if told[0].client is None else told
            kept.remove(whole)
        elif told[0].client is not None and sum(part.excess for part in told) >= _NEARLY_ALL * whole.excess:
            kept.remove(whole)
        else:
            kept = [candidate for candidate in kept if candidate not in parts]
    return kept


def _is_part(part: Candidate, whole: Candidate) -> bool:
    if (part.source, part.cause, part.endpoint) != (whole.source, whole.cause, whole.endpoint):
        return False
    narrower = part.client is not None or (whole.area is None and part.area is not None)
    return narrower and part.overlaps(whole)


def _explains(story: Candidate, other: Candidate) -> bool:
    """Whether what a candidate tells is told by a story already."""
    if story.client is not None and story.client == other.client:
        # a client that fails and then gives up tells one story too
        return story.overlaps(other, _SOON_HOURS)
    if not story.overlaps(other):
        return False
    if story.kind == "silent" or other.kind == "silent":
        # clients that fall silent in the same hour have lost the same thing
        return story.kind == other.kind and story.source == other.source and story.begin == other.begin
    # a gateway's bare status beside what the authorization server says of the same requests
    return (
        other.vague
        and not story.vague
        and story.source != other.source
        and story.endpoint == other.endpoint
        and story.excess >= (1 - _MOST) * other.excess
    )


def _join(story: Candidate, other: Candidate) -> None:
    """Adds to a story what another candidate knows of it."""
    story.sources |= other.sources
    if other.cause not in (None, story.cause) and not other.vague:
        story.also.append(str(other.cause))
    if story.kind == "silent":
        if other.client is not None and other.client != story.client:
            story.clients.add(other.client)
    elif story.client is not None and story.client == other.client and other.cause == story.cause:
        story.begin, story.end = min(story.begin, other.begin), max(story.end, other.end)
        story.observed = max(story.observed, other.observed)
        story.probability = min(story.probability, other.probability)
