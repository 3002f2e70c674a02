"""Discovery: from paths to inputs."""

from __future__ import annotations

from collections.abc import Generator, Hashable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import InputError
from ingest.inputs.archives import About, Input, again, members, passing
from ingest.inputs.bounds import Bounds, Meter
from ingest.inputs.files import Pipe
from ingest.inputs.paths import LocalFile, PipeFile, Place, RemoteFile, places
from ingest.inputs.peel import Peeled, peel

_BOUNDS = Bounds()


def discover(
    paths: Sequence[str | Path], bounds: Bounds = _BOUNDS
) -> Generator[Input | InputError, None, None]:
    """The inputs that the paths name, in the order of the paths; in folders, patterns and zip files by
    name, in tar archives as they lie there.

    Paths are what `places` takes; archives, compressed or not, and archives in them, give their files,
    less those whose names begin with a dot. What cannot be read, a path that leads nowhere and a pattern
    that matches nothing come as an InputError in their place. A file in a tar archive and a pipe are
    opened for nothing while they are the last input that was given; close the iterator to let go of them.
    """
    for place in places(paths):
        if isinstance(place, InputError):
            yield place
            continue
        meter = Meter(place.name, bounds)
        about = About(place.name, place.named, place.folder, place.modified(), meter)
        try:
            if isinstance(place, PipeFile):
                yield from _in_pipe(place, about)
            else:
                yield from _in_file(_FileOrigin(place, meter), about)
        except InputError as problem:
            yield problem


def sizes(paths: Sequence[str | Path]) -> int:
    """Bytes of the files that the paths name, as they lie there, compressed or not; 0 for pipes."""
    found: Iterator[Place] = (place for place in places(paths) if not isinstance(place, InputError))
    return sum(place.size() for place in found)


def _in_file(origin: _FileOrigin, about: About) -> Iterator[Input | InputError]:
    with ExitStack() as stack:
        peeled = origin.open(stack)
        if peeled.kind != "text":
            yield from members(origin, peeled, about)
            return
    yield about.input(again(origin))


def _in_pipe(place: PipeFile, about: About) -> Iterator[Input | InputError]:
    with ExitStack() as stack:
        raw = _Counted(place.open(stack), about.meter)
        origin = _PipeOrigin(place.name)
        yield from passing(origin, peel(raw, place.name, about.meter, origin.layer), about)


@dataclass(frozen=True)
class _FileOrigin:
    place: LocalFile | RemoteFile
    meter: Meter
    layer: tuple[Hashable, ...] = ()

    def open(self, stack: ExitStack) -> Peeled:
        file = self.place.open(stack)
        self.meter.packed(file.size())
        return peel(file, self.place.name, self.meter, self.layer)


@dataclass(frozen=True)
class _PipeOrigin:
    name: str
    layer: tuple[Hashable, ...] = ()

    def open(self, stack: ExitStack) -> Peeled:
        raise InputError(
            f"{self.name}: a pipe can be read only once, and it is past what is kept of it; "
            "save it to a file first"
        )


class _Counted:
    """A pipe whose bytes are counted as they come, since nobody knows how many there will be."""

    def __init__(self, raw: Pipe, meter: Meter) -> None:
        self._raw = raw
        self._meter = meter
        self._total = 0

    def readinto(self, buffer: memoryview, /) -> int:
        got = self._raw.readinto(buffer)
        self._total += got
        self._meter.packed(self._total)
        return got
