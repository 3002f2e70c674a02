"""Files that nobody needs any more leave the disk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from lake.care.log import FileOnDisk, files_on_disk, mentioned
from lake.errors import LakeError, plain
from lake.table import TABLES, Lake

RETENTION = timedelta(days=7)
"""So long does the Delta log remember what was removed, and when; no file is kept longer."""

ORPHAN_AGE = timedelta(hours=1)
"""A file that no version refers to may be one that a running ingest will commit, until it is so old."""


@dataclass(frozen=True)
class Vacuumed:
    """What a vacuum deleted, or would delete: files that were replaced or dropped, orphans, their bytes."""

    replaced: int = 0
    orphans: int = 0
    bytes: int = 0


def vacuum(
    lake: Lake, retention: timedelta = RETENTION, dry_run: bool = False, now: datetime | None = None
) -> Vacuumed:
    """Deletes the files that were replaced or dropped longer ago than `retention`, and orphans.

    Readers who began within the retention are not disturbed, nor is an ingest that is running: orphans
    are deleted when they are older than ORPHAN_AGE. Commits that the table's own log retention no longer
    keeps go too. With `dry_run`, only says what it would delete. Raises LakeError.
    """
    now = now or datetime.now(UTC)
    retention = min(retention, RETENTION)
    replaced = orphans = freed = 0
    for name in TABLES:
        folder = lake.folder / name
        with lake.locked():
            for file, is_orphan in _unneeded(lake, name, now, retention):
                replaced, orphans, freed = replaced + (not is_orphan), orphans + is_orphan, freed + file.bytes
                if not dry_run:
                    try:
                        (folder / file.path).unlink(missing_ok=True)
                    except OSError as problem:
                        raise LakeError(
                            f"{folder / file.path}: cannot be deleted: {problem.strerror}"
                        ) from problem
            if not dry_run:
                _forget_old_commits(lake, name)
    return Vacuumed(replaced, orphans, freed)


def _unneeded(lake: Lake, name: str, now: datetime, retention: timedelta) -> list[tuple[FileOnDisk, bool]]:
    """The files of a table that may go, and whether each is an orphan."""
    active = {file.path for file in lake.files(name)}
    log = mentioned(lake.folder / name)
    found: list[tuple[FileOnDisk, bool]] = []
    for file in files_on_disk(lake.folder / name):
        if file.path in active:
            continue
        removed = log.get(file.path)
        if file.path not in log:
            if now - file.modified > ORPHAN_AGE:
                found.append((file, True))
        elif removed is not None and now - removed >= retention:
            found.append((file, False))
    return found


def _forget_old_commits(lake: Lake, name: str) -> None:
    try:
        DeltaTable(str(lake.folder / name)).cleanup_metadata()
    except (OSError, DeltaError) as problem:
        raise LakeError(f"{lake.folder}: the log of {name} cannot be cleaned: {plain(problem)}") from problem
