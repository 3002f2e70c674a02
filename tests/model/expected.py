"""What must be in the lake, what may be, and whether it is: told from the bytes of the files alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow.parquet as pq

from lake.care import Totals, check
from lake.table import Lake
from tests.model.folder import Folder
from tests.model.lines import Line, Press

_SAMPLE = 200
_ENOUGH = 0.2


@dataclass(frozen=True)
class Content:
    """The records of a file: lines that are known, and pieces of lines that were torn apart."""

    lines: tuple[Line, ...]
    torn: tuple[bytes, ...]
    recognisable: bool


def content_of(data: bytes, press: Press) -> Content:
    """The records of a file's bytes.

    A last record without newline counts when it is a whole line that becomes an event; half of one, and
    junk, which cannot be told from half of something, wait for their newline.
    """
    pieces = data.split(b"\n")
    last = pieces.pop()
    if data.startswith(b"["):
        pieces = [piece.strip(b"[],") for piece in pieces]
    ended = press.known.get(last)
    if ended is not None and ended.good:
        pieces.append(last)
    records = [piece for piece in pieces if piece]
    lines = tuple(press.known[piece] for piece in records if piece in press.known)
    sample = records[:_SAMPLE]
    good = sum(piece in press.known and press.known[piece].good for piece in sample)
    return Content(
        lines,
        tuple(piece for piece in records if piece not in press.known),
        good >= max(1.0, _ENOUGH * len(sample)),
    )


@dataclass
class Expected:
    """Tokens that the lake must hold, those that it may hold, and torn pieces that may be in quarantine.

    A line that was in a file when a run ended well must be there. One that was in a file only while a run
    was killed, or while a follower looked, may be there. One that no run ever met cannot be.
    """

    must: dict[str, Line] = field(default_factory=dict)
    may: dict[str, Line] = field(default_factory=dict)
    torn: set[bytes] = field(default_factory=set)

    def read(self, folder: Folder, press: Press) -> None:
        """A run over the folder has ended well."""
        for content in self._look(folder, press):
            if content.recognisable:
                self.must.update((line.token, line) for line in content.lines)

    def looked_at(self, folder: Folder, press: Press) -> None:
        """A run has begun, and nobody knows how far it came."""
        self._look(folder, press)

    def waiting(self, folder: Folder, press: Press) -> set[str]:
        """Tokens of the lines that are in the files now and must be in the lake once they are read."""
        return {
            line.token
            for content in self._look(folder, press)
            if content.recognisable
            for line in content.lines
        }

    def _look(self, folder: Folder, press: Press) -> list[Content]:
        contents = [content_of(folder.content(file), press) for file in folder.files()]
        for content in contents:
            self.may.update((line.token, line) for line in content.lines)
            self.torn.update(content.torn)
        return contents

    def may_ignore(self, because: Mapping[str, int]) -> bool:
        """Whether that many lines may be ignored for these reasons: blank ones, and what is left of torn ones."""
        others = sum(count for reason, count in because.items() if reason != "blank")
        return others <= len(self.torn)

    def check(self, lake: Lake) -> None:
        """Asserts that the lake holds each event and each quarantined record once, and nothing else."""
        events = events_of(lake)
        _once(events)
        found = set(events)
        must = {token for token, line in self.must.items() if line.good}
        may = {token for token, line in self.may.items() if line.good}
        assert not must - found, f"lost: {sorted(must - found)}"
        strangers = {token for token in found - may if not self._torn_holds(token)}
        assert not strangers, f"from nowhere: {sorted(strangers)}"
        self._check_quarantine(lake)

    def _check_quarantine(self, lake: Lake) -> None:
        rows = _rows(lake.quarantine_files(), ["file", "offset", "excerpt"])
        places = Counter((row["file"], row["offset"]) for row in rows)
        assert not places or max(places.values()) == 1, f"quarantined twice: {places.most_common(1)}"
        excerpts = [str(row["excerpt"]) for row in rows]
        junk = {line.text.decode(): token for token, line in self.may.items() if not line.good}
        found = [junk[excerpt] for excerpt in excerpts if excerpt in junk]
        _once(found)
        must = {token for token, line in self.must.items() if not line.good}
        assert not must - set(found), f"not in quarantine: {sorted(must - set(found))}"
        torn = {piece[:20].decode() for piece in self.torn}
        wrong = [excerpt for excerpt in excerpts if excerpt not in junk and excerpt[:20] not in torn]
        assert not wrong, f"wrongly in quarantine: {wrong}"

    def _torn_holds(self, token: str) -> bool:
        """Whether a line without its beginning holds the token: it may read as a line of its own."""
        return any(token.encode() in piece for piece in self.torn)


def events_of(lake: Lake) -> list[str]:
    """The tokens of the events in the lake, each as often as it is there."""
    lake.refresh()
    rows = _rows(lake.event_files(), ["source", "event_id", "user_agent"])
    return [str(row["event_id"] if row["source"] == "okta" else row["user_agent"]) for row in rows]


def check_balance(lake: Lake) -> Totals:
    """Asserts that what the commits tell is what the files hold, and that it balances; the totals."""
    lake.refresh()
    told = lake.totals("events")
    assert told.balanced, told
    events = sum(pq.read_metadata(file).num_rows for file in lake.event_files())
    assert told.events == events, f"commits tell of {told.events} events, {events} are there"
    quarantined = sum(pq.read_metadata(file).num_rows for file in lake.quarantine_files())
    # what a killed run has quarantined of a file that is gone since stays there and is counted nowhere else
    assert told.quarantined <= quarantined, (
        f"commits tell of {told.quarantined} quarantined, {quarantined} are there"
    )
    found = check(lake)
    assert found.sound, [finding.sentence for finding in found.findings]
    return told


def _rows(files: list[str], columns: list[str]) -> list[dict[str, object]]:
    return [row for file in files for row in pq.ParquetFile(file).read(columns=columns).to_pylist()]


def _once(tokens: list[str]) -> None:
    twice = sorted(token for token, count in Counter(tokens).items() if count > 1)
    assert not twice, f"more than once: {twice}"
