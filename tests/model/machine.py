"""The machine: random sequences of what servers, logrotate, people and why401 do to a folder of logs.

After each sequence why401 reads the folder once more; then the lake must equal what tests/model/expected.py
tells from the bytes of the files: nothing lost, nothing doubled, nothing from nowhere, counts that balance.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from ingest import Counts, Summary
from lake.care import compact
from lake.table import Lake
from tests.model.expected import Expected, check_balance, events_of
from tests.model.folder import Folder, Writer
from tests.model.lines import Burst, Line, Press
from tests.model.nursery import STEPS, Child, Kill, Nursery, killed_after
from tests.model.warm import Grain, run

_MOST_RUNS = 4
_SEEN_WITHIN = 15.0
_PARTS = 10
_MANY_PARTS = 1 / 8
"""How many of the runs may have more parts than that."""

_writers = st.integers(0, 2)
_picks = st.integers(0, 99)
# lines of one second, of the next, of another day; now and then more than the 4,096 bytes that name an input
_bursts = st.builds(
    Burst,
    gaps=st.lists(st.sampled_from([0, 0, 0, 1, 1, 86_400]), min_size=1, max_size=5).map(tuple),
    times=st.sampled_from([1, 1, 1, 1, 10]),
)
_junk = st.frozensets(st.integers(1, 4), max_size=1)
_grains = st.builds(
    Grain,
    chunk_bytes=st.sampled_from([None, 400, 1000]),
    commit_each=st.booleans(),
    skew=st.sampled_from([0, 0, -86_400, 86_400]),
)
_salts = st.integers(0, 999)


class Nurseries:
    """One nursery and one empty lake for all sequences of a process."""

    nursery: Nursery | None = None
    folder: Path | None = None

    @classmethod
    def ready(cls) -> tuple[Nursery, Path]:
        """The nursery and the folder in which there is an empty lake to copy."""
        if cls.nursery is None or cls.folder is None:
            memory = Path("/dev/shm")
            cls.folder = Path(
                tempfile.mkdtemp(prefix="why401-model-", dir=memory if memory.is_dir() else None)
            )
            cls.nursery = Nursery(cls.folder)
            Lake(cls.folder / "empty").create()
        return cls.nursery, cls.folder

    @classmethod
    def close(cls) -> None:
        """Ends the nursery and removes what it left."""
        if cls.nursery is not None and cls.folder is not None:
            cls.nursery.close()
            shutil.rmtree(cls.folder)
        cls.nursery = cls.folder = None


class Logs(RuleBasedStateMachine):
    """A folder of logs and a lake."""

    def __init__(self) -> None:
        super().__init__()
        self.nursery, shelf = Nurseries.ready()
        self.root = Path(tempfile.mkdtemp(dir=shelf))
        (self.root / "logs").mkdir()
        self.lake = self.root / "lake"
        self.folder = Folder(self.root / "logs")
        self.press = Press()
        self.expected = Expected()
        self.okta: list[Line] = []
        self.counted = Counts()
        self.runs = 0
        self.killed = False
        self.follower: Child | None = None
        self.may_follow = False

    @initialize(
        made=st.booleans(),
        first=st.lists(st.tuples(_writers, _bursts), min_size=1, max_size=4),
        follows=st.integers(0, 29),
    )
    def begin(self, made: bool, first: list[tuple[int, Burst]], follows: int) -> None:
        """The lake is there, empty, or is still to be made; logs hold something. One sequence of thirty may follow, since it takes seconds."""
        if made:
            shutil.copytree(self.root.parent / "empty", self.lake)
        for writer, burst in first:
            self._write(writer, burst, frozenset())
        self.may_follow = follows == 0

    # What servers write.

    @rule(writer=_writers, burst=_bursts, junk=_junk, reopen=st.booleans())
    def write(self, writer: int, burst: Burst, junk: frozenset[int], reopen: bool) -> None:
        if reopen:
            self.folder.reopen(self._writer(writer))
        self._write(writer, burst, junk)

    @rule(writer=_writers, gap=st.sampled_from([0, 0, 1]), part=st.floats(0, 1))
    def write_half(self, writer: int, gap: int, part: float) -> None:
        """Half a line, or the rest of the one that is half written."""
        server = self._writer(writer)
        if server.pending:
            self.folder.write(server, [])
        else:
            [line] = self._lines(server, Burst((gap,)), frozenset())
            self.folder.write_half(server, line, part)
        self._glance()

    # What logrotate and people do.

    @rule(writer=_writers, reopen=st.booleans())
    def rotate(self, writer: int, reopen: bool) -> None:
        self.folder.rotate(self._writer(writer), reopen=reopen)
        self._glance()

    @rule(writer=_writers, copy=st.sampled_from([True, True, False]))
    def truncate(self, writer: int, copy: bool) -> None:
        """copytruncate, or without a copy."""
        if copy:
            self.folder.copytruncate(self._writer(writer))
        else:
            self.folder.truncate(self._writer(writer))
        self._glance()

    @rule(pick=_picks, level=st.sampled_from([1, 9]), keep=st.booleans())
    def compress(self, pick: int, level: int, keep: bool) -> None:
        if file := self._pick(pick, ".log.", plain=True):
            self.folder.compress(file, level=level, keep=keep)
            self._glance()

    @rule(pick=_picks, burst=_bursts)
    def append_member(self, pick: int, burst: Burst) -> None:
        file = self._pick(pick, ".log.", plain=False)
        # to half a line nobody appends; and two copies that go on differently are two logs, which both hold
        # what they share
        content = self.folder.content(file) if file else None
        copies = [other for other in self.folder.files() if self.folder.content(other) == content]
        if file and "copy" not in file.name and len(copies) == 1 and (content or b"\n").endswith(b"\n"):
            source = "okta" if "okta" in file.name else "nginx"
            lines = self.press.lines(source, burst)
            self.okta += [line for line in lines if line.source == "okta"]
            self.folder.append_member(file, lines)
            self._glance()

    @rule(pick=_picks, first=st.booleans())
    def copy(self, pick: int, first: bool) -> None:
        if file := self._pick(pick, "log"):
            self.folder.copy(file, first=first)
            self._glance()

    @rule(since=_picks, burst=_bursts, array=st.booleans())
    def export(self, since: int, burst: Burst, array: bool) -> None:
        """Okta events that were there before, from some point on, and new ones, in one more file."""
        fresh = self.press.lines("okta", burst)
        overlap = self.okta[since % (len(self.okta) + 1) :]
        self.okta += fresh
        self.folder.export([*overlap, *fresh], array=array)
        self._glance()

    @rule(pick=_picks)
    def delete(self, pick: int) -> None:
        if file := self._pick(pick, ""):
            self.folder.delete(file)

    @rule(pick=_picks, seconds=st.sampled_from([-400 * 86_400, -3600, 3600, 400 * 86_400]))
    def clock(self, pick: int, seconds: int) -> None:
        if file := self._pick(pick, ""):
            self.folder.set_clock(file, seconds)

    # What why401 does.

    @precondition(lambda self: self.runs < _MOST_RUNS and self.follower is None)
    @rule(grain=_grains)
    def ingest(self, grain: Grain) -> None:
        self.runs += 1
        self._ended(run([self.folder.path], self.lake, self._bounded(grain)))

    @precondition(lambda self: self.runs < _MOST_RUNS and self.follower is None)
    @rule(grain=_grains, salt=_salts, writer=_writers, burst=_bursts, junk=_junk)
    def ingest_killed_at(
        self, grain: Grain, salt: int, writer: int, burst: Burst, junk: frozenset[int]
    ) -> None:
        """Lines come, and the run that reads them kills itself at some step of its writing."""
        self._write(writer, burst, junk)
        self._outcome(self._begin(grain, self._kill(salt)))

    @precondition(lambda self: self.runs < _MOST_RUNS and self.follower is None)
    @rule(grain=_grains, milliseconds=st.integers(5, 150), writer=_writers, burst=_bursts, junk=_junk)
    def ingest_killed_after(
        self, grain: Grain, milliseconds: int, writer: int, burst: Burst, junk: frozenset[int]
    ) -> None:
        """The same, killed from outside, wherever it is."""
        self._write(writer, burst, junk)
        child = self._begin(grain, None)
        killed_after(child, milliseconds / 1000)
        self._outcome(child)

    @precondition(lambda self: self.runs < _MOST_RUNS and self.follower is None)
    @rule(grains=st.tuples(_grains, _grains), salt=st.none() | _salts, writer=_writers, burst=_bursts)
    def ingest_together(
        self, grains: tuple[Grain, Grain], salt: int | None, writer: int, burst: Burst
    ) -> None:
        """Lines come, and two runs at once read them into one lake; one of the two may be killed."""
        self._write(writer, burst, frozenset())
        children = [self._begin(grains[0], None), self._begin(grains[1], self._kill(salt))]
        for child in children:
            self._outcome(child)

    @precondition(lambda self: self.runs)
    @rule()
    def compact(self) -> None:
        """Small files become larger ones; nothing else changes."""
        if (lake := Lake(self.lake)).exists():
            compact(lake)

    @precondition(lambda self: self.may_follow and self.follower is None)
    @rule()
    def follow(self) -> None:
        self.may_follow = False
        arguments = ["ingest", "--follow", str(self.folder.path), "--lake", str(self.lake)]
        self.follower = self.nursery.command(arguments, self.root)
        until = time.monotonic() + _SEEN_WITHIN
        while "following" not in self.follower.said() and time.monotonic() < until:
            # before it says so, SIGTERM ends it like any process that has not begun
            time.sleep(0.02)
        self._glance()

    @precondition(lambda self: self.follower is not None)
    @rule()
    def let_it_see(self) -> None:
        """Waits until the follower has committed all that is there; it promises two seconds."""
        self._wait_until_seen()

    @precondition(lambda self: self.follower is not None)
    @rule(see=st.booleans())
    def stop(self, see: bool) -> None:
        """SIGTERM: it commits and ends with 0."""
        assert self.follower is not None
        if see:
            self._wait_until_seen()
        self._glance()
        self.follower.stop()
        code = self.follower.wait()
        assert code == 0, f"the follower ended with {code}: {self.follower.said()}"
        self.follower = None
        self.killed = True  # its counts are in the lake only

    @precondition(lambda self: self.follower is not None)
    @rule()
    def kill_the_follower(self) -> None:
        assert self.follower is not None
        self._glance()
        self.follower.kill()
        self.follower.wait()
        self.follower = None
        self.killed = True

    def teardown(self) -> None:
        """Reads the folder once more, and asks whether the lake equals the model."""
        try:
            if self.follower is not None:
                self.kill_the_follower()
            if self.runs or self.folder.files():
                self._ended(run([self.folder.path], self.lake, Grain()))
                self._check()
        finally:
            if self.follower is not None:
                self.follower.kill()
                self.follower.wait()
            self.folder.close()
            shutil.rmtree(self.root)

    def _check(self) -> None:
        lake = Lake(self.lake)
        self.expected.check(lake)
        totals = check_balance(lake)
        if not self.killed:
            told = {name: count for name, count in vars(self.counted).items() if name != "inputs"}
            kept = {name: getattr(totals, name) for name in told}
            assert told == kept, f"the runs told {told}, the lake has {kept}"

    def _writer(self, number: int) -> Writer:
        return self.folder.writers[number]

    def _write(self, writer: int, burst: Burst, junk: frozenset[int]) -> None:
        server = self._writer(writer)
        self.folder.write(server, self._lines(server, burst, junk))
        self._glance()

    def _lines(self, server: Writer, burst: Burst, junk: frozenset[int]) -> list[Line]:
        """Lines of the server; junk only where it is outnumbered, or the log would be in no known format."""
        lines = self.press.lines(server.source, burst, junk if len(burst) > 2 else frozenset())
        self.okta += [line for line in lines if line.source == "okta" and line.good]
        return lines

    def _pick(self, number: int, part: str, *, plain: bool | None = None) -> Path | None:
        """One of the files whose names hold `part`; only plain or only compressed ones, where that is asked."""
        files = [file for file in self.folder.files() if part in file.name]
        if plain is not None:
            files = [file for file in files if (file.suffix != ".gz") is plain]
        return files[number % len(files)] if files else None

    def _begin(self, grain: Grain, kill: Kill | None) -> Child:
        self.runs += 1
        self.expected.looked_at(self.folder, self.press)
        return self.nursery.ingest([self.folder.path], self.lake, self._bounded(grain), kill)

    def _bounded(self, grain: Grain) -> Grain:
        """Chunks and commits take long, and more than some ten of a run seldom tell anything more."""
        return grain if self._chance().random() < _MANY_PARTS else replace(grain, parts=_PARTS)

    def _chance(self, salt: int = 0) -> random.Random:
        """Chance that hypothesis does not steer: it likes to repeat what it drew."""
        return random.Random(f"{salt} {len(self.press.known)} {self.runs}")

    def _kill(self, salt: int | None) -> Kill | None:
        """Some step to be killed at, the first calls before later ones."""
        if salt is None:
            return None
        chance = self._chance(salt)
        kill = Kill(chance.choice(STEPS), chance.choice([0, 0, 0, 1, 1, 2]), chance.random() < 0.5)
        note(f"killed at {kill}")
        return kill

    def _outcome(self, child: Child) -> None:
        summary = child.summary()
        if summary is None:
            self.killed = True
        else:
            self._ended(summary)

    def _ended(self, summary: Summary) -> None:
        assert summary.total.balanced, summary
        strange = [problem for problem in summary.problems if not _is_usual(problem)]
        assert not strange, strange
        self.counted.add(summary.total)
        self.expected.read(self.folder, self.press)
        assert self.expected.may_ignore(summary.ignored_because), summary.ignored_because

    def _glance(self) -> None:
        """The follower may have seen what is there now."""
        if self.follower is not None:
            self.expected.looked_at(self.folder, self.press)

    def _wait_until_seen(self) -> None:
        assert self.follower is not None
        wanted = self.expected.waiting(self.folder, self.press)
        wanted = {token for token in wanted if self.expected.may[token].good}
        until = time.monotonic() + _SEEN_WITHIN
        lake = Lake(self.lake)
        missing = wanted
        while missing and time.monotonic() < until:
            time.sleep(0.05)
            missing = wanted - set(events_of(lake)) if lake.exists() else wanted
        assert not missing, (
            f"not seen within {_SEEN_WITHIN} s: {sorted(missing)}; it said: {self.follower.said()}"
        )
        # the events are there; the junk of the same files came before them, in the same or an earlier commit
        self.expected.must.update((token, self.expected.may[token]) for token in wanted)


def _is_usual(problem: str) -> bool:
    return any(text in problem for text in ("is empty", "half a line", "holds no whole record"))
