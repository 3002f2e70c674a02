"""Why did this fail? The answer for one failure that a person holds in their hands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock

import duckdb
import pyarrow as pa

from analysis import bearer
from analysis.classify import classify
from analysis.errors import AnalysisError
from analysis.pasted import Evidence, read_pasted
from analysis.rulebook import Rulebook, load_rulebook
from analysis.rules import CONFIDENCES
from analysis.taxonomy import UNCLASSIFIED, is_known, is_leaf, load_causes
from ingest.errors import SourceError
from ingest.text import parse_records

_COLUMNS = pa.schema(
    [
        ("signature", pa.int64()),
        ("source", pa.string()),
        ("endpoint", pa.string()),
        ("grant_type", pa.string()),
        ("status", pa.int16()),
        ("error", pa.string()),
        ("error_code", pa.string()),
        ("error_description", pa.string()),
    ]
)
_OTHERS = 9
"""Other causes that an explanation names at most."""
_LONGEST_LOG = 1_000_000
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class Possible:
    """Another cause that the same text could mean, and by what it is told."""

    cause: str
    title: str
    evidence: str


@dataclass(frozen=True)
class Explanation:
    """A verdict with what its cause says. `rule` names the row that decided, None where none did. `evidence`
    tells the cause from its neighbours. `conflict`: the cause of another family that is told as surely.
    `says`: what a token in the text says to it. `could_be`: what else the same text could mean, where the
    cause is no more than a family or its confidence is not high.

    Of the text it holds no more than claims of a token (iss, aud, exp), so it can be shown.
    """

    cause: str
    family: str
    title: str
    responsible: str
    retry: str
    security: bool
    normal: bool
    remedy: str
    reference: str
    confidence: str
    rule: str | None
    evidence: str
    conflict: str | None = None
    says: str | None = None
    could_be: tuple[Possible, ...] = ()


@dataclass(frozen=True)
class _Verdict:
    cause: str
    confidence: str
    rule: str | None
    evidence: Evidence
    conflict: str | None = None
    considered: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        return is_known(self.cause)

    @property
    def file(self) -> str:
        return (self.rule or "").split(":", 1)[0]

    @property
    def of_product(self) -> bool:
        """Whether a rule of the evidence's own product decided, and more than guessed."""
        return self.file == f"{self.evidence.source}.csv" and self.confidence != "low"

    @property
    def by_marked_code(self) -> bool:
        """Whether a code decided that tells its vendor: no other product's rules matter then."""
        return self.evidence.source is None and not self.file.startswith("_") and self.file != ""

    @property
    def by_registered_code(self) -> bool:
        """Whether there is nothing but an OAuth error code, which means what the RFC says."""
        registered = (self.rule or "").startswith("_standard.csv:error=")
        return registered and self.evidence.error_description is None


def explain(
    text: str,
    source: str | None = None,
    *,
    issuer: str | None = None,
    audience: str | None = None,
    now: datetime | None = None,
    own_rules: Path | None = None,
) -> list[Explanation]:
    """What a text says about a failure, the best explanation first; never empty.

    The text may be a line of a log (of `source`, or of any source that recognises it), a JSON error
    body, a WWW-Authenticate value, a callback URL with `error`, a raw HTTP response, a bare code, a
    message, or a JWT, which is held against `issuer` and `audience` at the time `now`. One explanation for
    each distinct cause; a text that says nothing gives unknown.unclassified. Raises AnalysisError for a
    source that does not exist, RulesError for a faulty folder of rules.
    """
    tokens, rest = bearer.tokens_in(text)
    pasted = read_pasted(rest) if not tokens or bearer.tells_more(rest) else []
    layers = [_logged(text, source)] + [[_of(source, said) for said in layer] for layer in pasted]
    verdicts: list[_Verdict] = []
    for layer in _judged(layers, source is None, load_rulebook(own_rules)):
        verdicts += layer
        if any(verdict.known for verdict in layer):
            break
    told = _explanations(verdicts)
    expected = bearer.Expected(issuer, audience, now or datetime.now(UTC))
    return _with_tokens(told, [(token, bearer.findings(token, expected, rest)) for token in tokens], expected)


def _with_tokens(
    told: list[Explanation], read: list[tuple[str, list[bearer.Finding]]], expected: bearer.Expected
) -> list[Explanation]:
    """The explanations with what the tokens in the text say: behind what a server said, or alone."""
    if not read:
        return told
    by_server = [one for one in told if one.cause != UNCLASSIFIED]
    found = list(
        {finding.cause: finding for _, each in reversed(read) for finding in reversed(each)}.values()
    )[::-1]
    confirmed = {finding.cause: finding.says for finding in found}
    explained = [replace(one, says=confirmed.get(one.cause)) for one in by_server]
    explained += [
        replace(
            _explanation(_Verdict(finding.cause, finding.confidence, None, Evidence())), says=finding.says
        )
        for finding in found
        if finding.cause not in {one.cause for one in by_server}
    ]
    if found:
        return explained
    nothing = bearer.summary(read[0][0], expected)
    if by_server:
        return [replace(by_server[0], says=nothing), *by_server[1:]]
    return [
        replace(_explanation(_Verdict("token.invalid_unspecified", "low", None, Evidence())), says=nothing)
    ]


def _logged(text: str, source: str | None) -> list[Evidence]:
    """The failures that stand in a text of log lines."""
    try:
        parts = parse_records(text[:_LONGEST_LOG].encode(), source)
    except SourceError as problem:
        raise AnalysisError(str(problem)) from problem
    names = [name for name in _COLUMNS.names if name != "signature"]
    failures = [
        Evidence(**{name: event[name] for name in names})
        for part in parts
        for event in part.events.select([*names, "outcome"]).to_pylist()
        if event["outcome"] == "failure"
    ]
    return list(dict.fromkeys(failures))


def _of(source: str | None, evidence: Evidence) -> Evidence:
    return Evidence(**{**asdict(evidence), "source": source})


def _judged(layers: list[list[Evidence]], spread: bool, rulebook: Rulebook) -> Iterator[list[_Verdict]]:
    """The verdicts on each layer of evidence, best first; all of them by one query.

    `spread`: what has no source may be anybody's, so each product's rules are asked as well. Its
    answer counts where a row of its own decided, and not with low confidence, which rests on whose words they
    are; else it is everybody's.
    """
    products = rulebook.products if spread else []
    asked = [
        [said, *(_of(product, said) for product in products if said.source is None)]
        for layer in layers
        for said in layer
    ]
    answers = iter(_classified([said for group in asked for said in group], rulebook))
    groups = iter([[next(answers) for _ in group] for group in asked])
    for layer in layers:
        judged = [next(groups) for _ in layer]
        verdicts = [first for first, *_ in judged]
        marked = {verdict.file for verdict in verdicts if verdict.by_marked_code}
        verdicts += [
            verdict
            for _, *others in judged
            for verdict in others
            if verdict.of_product and (not marked or verdict.file in marked)
        ]
        yield sorted(verdicts, key=_rank)


def _rank(verdict: _Verdict) -> tuple[bool, bool, int]:
    return (
        not verdict.known,
        not verdict.by_registered_code,
        CONFIDENCES.index(verdict.confidence),
    )


def _classified(evidence: list[Evidence], rulebook: Rulebook) -> list[_Verdict]:
    rows = [{"signature": at, **asdict(item)} for at, item in enumerate(evidence)]
    with _ONE_AT_A_TIME, _database().cursor() as connection:
        connection.register("evidence", pa.Table.from_pylist(rows, schema=_COLUMNS))
        classify(connection, "evidence", "verdicts", rulebook)
        found = connection.execute(
            "SELECT cause, confidence, rule, conflict, considered FROM verdicts ORDER BY signature"
        ).fetchall()
    return [
        _Verdict(cause, confidence, rule, said, conflict, tuple(rulebook.causes[name] for name in considered))
        for (cause, confidence, rule, conflict, considered), said in zip(found, evidence, strict=True)
    ]


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """Where verdicts are made, one text at a time: to open one takes as long as a verdict."""
    return duckdb.connect(config={"threads": 1})


def _explanations(verdicts: Iterable[_Verdict]) -> list[Explanation]:
    """One for each distinct cause; what is not known only where nothing else is."""
    best: dict[str, _Verdict] = {}
    for verdict in sorted(verdicts, key=lambda verdict: not verdict.known):
        best.setdefault(verdict.cause, verdict)
    known = {cause: verdict for cause, verdict in best.items() if verdict.known}
    told = (
        known
        or {cause: verdict for cause, verdict in best.items() if cause != UNCLASSIFIED}
        or {UNCLASSIFIED: _Verdict(UNCLASSIFIED, "low", None, Evidence())}
    )
    return [_explanation(verdict) for verdict in told.values()]


def _explanation(verdict: _Verdict) -> Explanation:
    cause = load_causes()[verdict.cause]
    return Explanation(
        cause=cause.id,
        family=cause.family,
        title=cause.title,
        responsible=cause.responsible,
        retry=cause.retry,
        security=cause.security,
        normal=cause.normal,
        remedy=cause.remedy,
        reference=cause.reference,
        confidence=verdict.confidence,
        rule=verdict.rule,
        evidence=cause.evidence,
        conflict=verdict.conflict,
        could_be=_others(verdict),
    )


def _others(verdict: _Verdict) -> tuple[Possible, ...]:
    """What else it could be: what other rules say of the same text, and of a mere family its members."""
    causes = load_causes()
    told, family = causes[verdict.cause], []
    if is_leaf(told.id):
        if verdict.confidence == "high":
            return ()
    elif verdict.known:
        family = [cause.id for cause in causes.values() if cause.family == told.family]
    names = dict.fromkeys([*verdict.considered, *family])
    others = [causes[name] for name in names if name != told.id and is_leaf(name)]
    return tuple(Possible(cause.id, cause.title, cause.evidence) for cause in others[:_OTHERS])
