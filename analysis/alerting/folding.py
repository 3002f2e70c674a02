"""Folding: what tells the same story becomes one candidate, told by the log that knows most."""

from __future__ import annotations

from analysis.alerting.candidate import Candidate

_MOSTLY = 0.6
_SOON_HOURS = 3


def fold(candidates: list[Candidate]) -> list[Candidate]:
    """One candidate for each story, the worst first."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=_rank):
        candidate.sources.add(candidate.source)
        story = next((other for other in kept if _same_story(other, candidate)), None)
        if story is None:
            kept.append(candidate)
        else:
            _tell_with(story, candidate)
    return sorted(kept, key=lambda candidate: (-candidate.excess, candidate.begin))


def _rank(candidate: Candidate) -> tuple[int, int, float]:
    """Who tells the story: who names a cause before who does not, a new cause before a surge of it."""
    untold = candidate.cause is not None and candidate.cause.startswith("unknown.")
    kinds = {"new_cause": 0, "surge": 1, "silent": 2}
    return (int(untold), kinds[candidate.kind], -candidate.excess)


def _same_story(told: Candidate, other: Candidate) -> bool:
    if told.client is not None and told.client == other.client:
        # a client that fails and then gives up tells one story too
        return told.overlaps(other, _SOON_HOURS)
    if not told.overlaps(other):
        return False
    if told.kind == "silent" or other.kind == "silent":
        return told.kind == other.kind and told.source == other.source and told.begin == other.begin
    if told.source == other.source and told.cause == other.cause:
        return _within(told, other) or _within(other, told)
    vague = other.cause is not None and other.cause.startswith("unknown.")
    clear = told.cause is not None and not told.cause.startswith("unknown.")
    if vague and clear and told.source != other.source:
        # a gateway's bare status beside what the authorization server says of the same requests
        return told.endpoint == other.endpoint and told.excess >= (1 - _MOSTLY) * other.excess
    return False


def _within(whole: Candidate, part: Candidate) -> bool:
    """Whether one is a part of the other: a client's or an area's of an endpoint, or an area's client."""
    if whole.client is not None or whole.endpoint is None:
        return False
    if part.endpoint != whole.endpoint:
        return False
    return whole.area is None or part.area is None or whole.area == part.area


def _tell_with(story: Candidate, other: Candidate) -> None:
    """Adds to a story what another candidate knows of it."""
    story.sources |= other.sources
    if other.cause not in (None, story.cause) and not str(other.cause).startswith("unknown."):
        story.also.append(str(other.cause))
    if story.cause == other.cause and story.source == other.source and story.kind != "silent":
        _choose_subject(story, other)
    if story.kind == "silent" and other.client is not None and other.client != story.client:
        story.clients.add(other.client)
    if story.client == other.client and other.kind != "silent":
        story.begin = min(story.begin, other.begin)
        story.end = max(story.end, other.end)


def _choose_subject(story: Candidate, other: Candidate) -> None:
    """Of a whole and its part, the part is the subject when most of the story is its."""
    broad, narrow = (story, other) if _breadth(story) >= _breadth(other) else (other, story)
    subject = narrow if narrow.excess >= _MOSTLY * broad.excess else broad
    story.kind = "new_cause" if "new_cause" in (story.kind, other.kind) and subject.client else subject.kind
    story.client, story.endpoint, story.area = subject.client, subject.endpoint, subject.area
    story.begin, story.end = min(story.begin, other.begin), max(story.end, other.end)
    story.observed, story.expected = subject.observed, subject.expected
    story.probability = min(story.probability, other.probability)


def _breadth(candidate: Candidate) -> int:
    if candidate.client is not None:
        return 0
    return 1 if candidate.area is not None else 2
