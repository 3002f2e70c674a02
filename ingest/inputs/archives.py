"""Archives: their files as inputs of their own, and archives within archives.

A tar archive goes by once, and its files are given while it does; each can be opened while it is
the last that was given. Whoever opens one later has the archive opened again and read up to it.
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ingest.errors import InputError
from ingest.framing import Readable
from ingest.inputs.bounds import Meter
from ingest.inputs.peel import DEEPEST, Peeled, as_text, peel, read_ahead
from ingest.inputs.streams import Once, Opener
from ingest.inputs.tar import Tar
from ingest.inputs.zip import Zip, modified_of


@dataclass(frozen=True)
class Input:
    """Something to read: a file, an object of a store, a pipe, or a file in an archive.

    `name`: what people see. `named`: the caller named it, and it was not found in a folder or an
    archive. `folder`: whose why401.toml may name formats; None for pipes and URLs, that of the archive
    for its files. `modified`: UTC.
    """

    name: str
    named: bool
    folder: Path | None
    modified: datetime | None
    opener: Opener = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.name


class Origin(Protocol):
    """Where content lies, and how to get at it from its first byte. Raises InputError."""

    @property
    def layer(self) -> tuple[Hashable, ...]: ...
    def open(self, stack: ExitStack) -> Peeled: ...


@dataclass(frozen=True)
class About:
    """What an Input tells of itself, and the meter of the file that it lies in."""

    name: str
    named: bool
    folder: Path | None
    modified: datetime | None
    meter: Meter
    depth: int = 0

    def member(self, name: str, modified: datetime | None) -> About:
        """The same for a file of an archive."""
        name = f"{self.name}!{name.removeprefix('./')}"
        return replace(self, name=name, named=False, modified=modified or self.modified, depth=self.depth + 1)

    def input(self, opener: Opener) -> Input:
        """The Input."""
        return Input(self.name, self.named, self.folder, self.modified, opener)


def again(origin: Origin) -> Opener:
    """Opens the text at an origin from its first byte."""
    return lambda stack: as_text(origin.open(stack), stack)


Found = Generator[Input | InputError, None, InputError | None]
"""Inputs as they are found; in the end, what broke last and was told, to whoever read it or as an item."""


def passing(origin: Origin, peeled: Peeled, about: About) -> Found:
    """The inputs in a stream that goes by once: itself, if it is text."""
    if peeled.kind != "text":
        return (yield from members(origin, peeled, about))
    with ExitStack() as stack:
        once = Once(as_text(peeled, stack), again(origin))
        stack.callback(once.retire)
        yield about.input(once.open)
        return once.problem


def members(origin: Origin, peeled: Peeled, about: About) -> Found:
    """The inputs in an archive. What cannot be read comes as an InputError in its place."""
    if about.depth >= DEEPEST:
        yield InputError(f"{about.name}: archives lie more than {DEEPEST} deep in it; unpack it first")
        return None
    with ExitStack() as stack:
        raw = read_ahead(peeled, stack)
        if peeled.kind == "tar":
            return (yield from _tar_members(origin, Tar(raw, about.name), about))
        try:
            archive = stack.enter_context(closing(Zip(raw, about.name)))
        except InputError as problem:
            yield problem
            return problem
        yield from _zip_members(origin, archive, about)
        return None


def _tar_members(origin: Origin, tar: Tar, about: About) -> Found:
    told: InputError | None = None
    try:
        for place, entry in enumerate(tar):
            if _hidden(entry.name):
                continue
            member = about.member(entry.name, entry.modified)
            if entry.problem is not None:
                yield InputError(f"{member.name}: {entry.problem}")
                continue
            try:
                there = TarOrigin(origin, about.name, place, entry.name, member)
                told = yield from passing(there, peel(tar, member.name, about.meter, there.layer), member)
            except InputError as problem:
                told = problem
                yield problem
    except InputError as problem:
        # a file breaks off where its archive does: that is one problem, not two
        if problem is not told:
            yield problem
        told = problem
    return told


def _zip_members(origin: Origin, archive: Zip, about: About) -> Iterator[Input | InputError]:
    for place, info in archive:
        if _hidden(info.filename):
            continue
        member = about.member(info.filename, modified_of(info))
        there = ZipOrigin(origin, about.name, place, info.filename, member, archive)
        try:
            with ExitStack() as stack:
                peeled = there.open(stack)
                if peeled.kind != "text":
                    yield from members(there, peeled, member)
                    continue
            yield member.input(again(there))
        except InputError as problem:
            yield problem


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))


@dataclass(frozen=True)
class TarOrigin:
    """A file of a tar archive: the archive is read up to it."""

    archive: Origin
    archive_name: str
    place: int
    entry_name: str
    about: About

    @property
    def layer(self) -> tuple[Hashable, ...]:
        """The meter's name for it."""
        return (*self.archive.layer, "tar", self.place)

    def open(self, stack: ExitStack) -> Peeled:
        """The content from its first byte."""
        peeled = self.archive.open(stack)
        if peeled.kind == "tar":
            tar = Tar(read_ahead(peeled, stack), self.archive_name)
            for place, entry in enumerate(tar):
                if place == self.place and entry.name == self.entry_name:
                    return peel(tar, self.about.name, self.about.meter, self.layer)
                if place >= self.place:
                    break
        raise InputError(f"{self.about.name}: the archive has changed since it was opened; read it again")


@dataclass(frozen=True)
class ZipOrigin:
    """A file of a zip archive: of the open one, as long as it is open."""

    archive: Origin
    archive_name: str
    place: int
    entry_name: str
    about: About
    opened: Zip = field(repr=False, compare=False)

    @property
    def layer(self) -> tuple[Hashable, ...]:
        """The meter's name for it."""
        return (*self.archive.layer, "zip", self.place)

    def open(self, stack: ExitStack) -> Peeled:
        """The content from its first byte."""
        raw = self._raw(stack)
        return peel(raw, self.about.name, self.about.meter, self.layer)

    def _raw(self, stack: ExitStack) -> Readable:
        opened = self.opened
        if not opened.alive:
            peeled = self.archive.open(stack)
            if peeled.kind == "zip":
                raw = read_ahead(peeled, stack)
                opened = stack.enter_context(closing(Zip(raw, self.archive_name)))
            if peeled.kind != "zip" or opened.name_at(self.place) != self.entry_name:
                raise InputError(
                    f"{self.about.name}: the archive has changed since it was opened; read it again"
                )
        return opened.open(self.place, self.about.name, self.about.meter, (*self.layer, 0), stack)
