"""Inputs: every compression in every container gives the same bytes, and what breaks gives a prefix."""

from __future__ import annotations

import gzip
import io
import random
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import InputError
from ingest.inputs import Input, discover, open_input, sizes
from ingest.inputs.bounds import Bounds, Meter
from ingest.inputs.codecs import Decompressed, codec_of
from tests.ingest.inputs_samples import (
    CODECS,
    PACK,
    contents,
    read_all,
    read_to_break,
    readers,
    tar_of,
    text_of,
    zip_of,
)

TEXT = text_of(30_000)
SHORT = text_of(400, seed=1)


def _stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))


@pytest.mark.parametrize("codec", PACK)
@pytest.mark.parametrize("container", ["file", "tar", "zip", "stdin", "tar on stdin", "zip on stdin"])
def test_every_codec_in_every_container(
    codec: str, container: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = PACK[codec](TEXT)
    members = [("a.log", b"first\n"), ("logs/b.log", packed), ("c.log", b"last\n")]
    content = tar_of(members) if "tar" in container else zip_of(members) if "zip" in container else packed
    if "stdin" in container:
        _stdin(monkeypatch, content)
        path, name = "-", "standard input"
    else:
        file = tmp_path / "no-hint"
        file.write_bytes(content)
        path = name = str(file)
    found, problems = contents(path)
    assert problems == []
    if container in ("file", "stdin"):
        assert found == {name: TEXT}
    else:
        assert sorted(found) == [f"{name}!a.log", f"{name}!c.log", f"{name}!logs/b.log"]
        assert found[f"{name}!logs/b.log"] == TEXT
        assert found[f"{name}!c.log"] == b"last\n"
    assert readers() == []


@pytest.mark.parametrize("codec", CODECS)
def test_members_one_after_another(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "appended"
    path.write_bytes(PACK[codec](SHORT) + PACK[codec](b"") + PACK[codec](TEXT))
    assert contents(path) == ({str(path): SHORT + TEXT}, [])


@pytest.mark.parametrize("codec", ["gzip", "bzip2", "xz"])
def test_nuls_behind_the_data_are_padding(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "padded"
    path.write_bytes(PACK[codec](SHORT) + b"\x00" * 200_000 + PACK[codec](SHORT) + b"\x00" * 512)
    assert contents(path) == ({str(path): SHORT * 2}, [])


def test_zstd_skippable_frames(tmp_path: Path) -> None:
    skippable = b"\x50\x2a\x4d\x18" + (10).to_bytes(4, "little") + b"0123456789"
    path = tmp_path / "skippable"
    path.write_bytes(skippable + PACK["zstd"](SHORT) + skippable + PACK["zstd"](SHORT) + skippable)
    assert contents(path) == ({str(path): SHORT * 2}, [])


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
@settings(max_examples=12)
def test_cut_off_anywhere_gives_what_came_before(codec: str, data: st.DataObject) -> None:
    packed = PACK[codec](SHORT)
    cut = data.draw(st.integers(12, len(packed) - 1))
    content, problem = _decompress(packed[:cut], codec)
    assert SHORT.startswith(content)
    assert problem is not None
    assert "broken or cut off" in problem
    if codec == "gzip" and cut > len(packed) * 0.6:
        assert len(content) > len(SHORT) * 0.4


@pytest.mark.parametrize("codec", CODECS)
@given(data=st.data())
@settings(max_examples=12)
def test_damage_anywhere_never_changes_what_is_told(codec: str, data: st.DataObject) -> None:
    whole = PACK[codec](SHORT)
    packed = bytearray(PACK[codec](TEXT[:50_000]) + whole)
    at = data.draw(st.integers(len(packed) - len(whole) + len(whole) // 2, len(packed) - 1))
    packed[at] ^= data.draw(st.integers(1, 255))
    content, problem = _decompress(bytes(packed), codec)
    assert content[:50_000] == TEXT[:50_000]
    assert problem is not None or content == TEXT[:50_000] + SHORT or codec in ("gzip", "zstd")


@pytest.mark.parametrize("codec", CODECS)
@given(pieces=st.lists(st.integers(1, 5000), min_size=1, max_size=5), want=st.integers(1, 70_000))
@settings(max_examples=12)
def test_pieces_of_any_size(codec: str, pieces: list[int], want: int) -> None:
    packed = PACK[codec](SHORT) + PACK[codec](SHORT)
    assert _decompress(packed, codec, pieces, want) == (SHORT * 2, None)


def test_zstd_gives_every_byte_before_the_break() -> None:
    content = random.Random(2).randbytes(300_000)
    packed = PACK["zstd"](content)
    found, problem = _decompress(packed[:-100_000], "zstd")
    assert problem is not None
    assert content.startswith(found)
    assert len(found) >= 128 * 1024


class _Pieces:
    """A stream that gives its bytes in pieces of odd sizes."""

    def __init__(self, content: bytes, pieces: list[int]) -> None:
        self._content = content
        self._pieces = pieces
        self._turn = 0

    def readinto(self, buffer: memoryview, /) -> int:
        size = min(self._pieces[self._turn % len(self._pieces)], len(buffer), len(self._content))
        self._turn += 1
        buffer[:size] = self._content[:size]
        self._content = self._content[size:]
        return size


def _decompress(
    packed: bytes, codec: str, pieces: list[int] | None = None, want: int = 50_000
) -> tuple[bytes, str | None]:
    meter = Meter("x", Bounds())
    meter.packed(len(packed))
    stream = Decompressed(_Pieces(packed, pieces or [1 << 20]), codec, "x", meter, ())
    found, buffer = bytearray(), bytearray(want)
    try:
        while got := stream.readinto(memoryview(buffer)):
            found += buffer[:got]
    except InputError as problem:
        with pytest.raises(InputError):
            stream.readinto(memoryview(buffer))
        return bytes(found), str(problem)
    return bytes(found), None


def test_what_the_first_bytes_tell() -> None:
    assert [codec_of(PACK[codec](b"x")) for codec in CODECS] == CODECS
    assert codec_of(PACK["bzip2"](b"")) == "bzip2"
    assert codec_of(b"BZh is how this line begins") is None
    assert codec_of(b"") is None


def test_compression_that_needs_too_much_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    window_of_2_gib = b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x09\x00\x00x"
    path = tmp_path / "a.zst"
    path.write_bytes(window_of_2_gib)
    assert "a.zst: its zstd data needs too much memory" in contents(path)[1][0]
    monkeypatch.setattr("ingest.inputs.codecs._XZ_MEMORY", 100_000)
    path = tmp_path / "a.xz"
    path.write_bytes(PACK["xz"](SHORT))
    assert "a.xz: its xz data needs too much memory" in contents(path)[1][0]


def test_a_head_that_breaks_off_is_still_given(tmp_path: Path) -> None:
    path = tmp_path / "growing.gz"
    path.write_bytes(gzip.compress(SHORT)[:-2000])
    [item] = discover([path])
    assert isinstance(item, Input)
    with open_input(item) as stream:
        head = stream.read(256 * 1024)
        assert 0 < len(head) < len(SHORT)
        assert SHORT.startswith(head)
        with pytest.raises(InputError, match=r"growing\.gz: its gzip data is broken or cut off"):
            stream.read(1)


@pytest.mark.parametrize("codecs", [["gzip", "gzip"], ["zstd", "bzip2", "xz", "gzip"]])
def test_compressed_over_and_over(codecs: list[str], tmp_path: Path) -> None:
    packed = TEXT
    for codec in codecs:
        packed = PACK[codec](packed)
    path = tmp_path / "x.gz.gz"
    path.write_bytes(packed)
    assert contents(path) == ({str(path): TEXT}, [])


def test_compressed_too_many_times_over(tmp_path: Path) -> None:
    packed = SHORT
    for _ in range(5):
        packed = gzip.compress(packed)
    path = tmp_path / "x.gz"
    path.write_bytes(packed)
    found, [problem] = contents(path)
    assert found == {}
    assert "more than 4 times over" in problem


@pytest.mark.parametrize("codec", PACK)
def test_skip(codec: str, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(PACK[codec](TEXT))
    [item] = discover([path])
    assert isinstance(item, Input)
    for size in (0, 5, 1024, 5000, 1_200_000, len(TEXT)):
        with open_input(item) as stream:
            assert stream.skip(size) == TEXT[max(0, size - 1024) : size]
            assert stream.read(10) == TEXT[size : size + 10]
            if size + 25 <= len(TEXT):
                assert stream.skip(5) == TEXT[size + 10 : size + 15]
                assert stream.read(10) == TEXT[size + 15 : size + 25]
    with open_input(item) as stream:
        assert stream.skip(len(TEXT) + 1) is None


def test_what_an_input_tells_of_itself(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "a.log"
    path.parent.mkdir()
    path.write_bytes(SHORT)
    [named] = discover([path])
    [unnamed] = discover([str(tmp_path)])
    assert isinstance(named, Input)
    assert isinstance(unnamed, Input)
    assert (named.name, str(named), named.named, named.folder) == (str(path), str(path), True, path.parent)
    assert (unnamed.name, unnamed.named) == (str(path), False)
    assert named.modified == datetime.fromtimestamp(path.stat().st_mtime, UTC)


def test_stdin_can_be_opened_again_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, gzip.compress(TEXT))
    items = discover(["-"])
    item = next(items)
    assert isinstance(item, Input)
    assert (item.name, item.named, item.folder, item.modified) == ("standard input", True, None, None)
    with open_input(item) as stream:
        assert stream.read(300_000) == TEXT[:300_000]
    with open_input(item) as stream:
        assert stream.read(100) == TEXT[:100]
    with open_input(item) as stream:
        assert stream.skip(1_200_000) == TEXT[1_200_000 - 1024 : 1_200_000]
    with open_input(item) as stream:  # where it has come to can be gone on from
        assert stream.skip(1_200_000) == TEXT[1_200_000 - 1024 : 1_200_000]
        assert stream.read(len(TEXT)) == TEXT[1_200_000:]
    with open_input(item) as stream:
        assert len(stream.read(1 << 20)) == 1 << 20
        with pytest.raises(InputError, match="standard input: a pipe can be read only once"):
            stream.read(1)
    assert list(items) == []


def test_stdin_twice_and_stdin_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, SHORT)
    found, [problem] = contents("-", "-")
    assert found == {"standard input": SHORT}
    assert "only once" in problem
    monkeypatch.setattr(sys, "stdin", None)
    assert contents("-") == ({}, ["standard input: it is closed"])


def test_a_reader_that_leaves_early_leaves_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(TEXT * 12, 1))
    [item] = discover([path])
    assert isinstance(item, Input)
    with open_input(item) as stream:
        stream.read(3_000_000)
        assert len(readers()) == 1
    assert readers() == []
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(tar_of([("a.log", TEXT * 6), ("b.log", TEXT)]), 1))
    items = discover([archive])
    item = next(items)
    assert isinstance(item, Input)
    with open_input(item) as stream:
        stream.read(3_000_000)
        assert len(readers()) == 1
    items.close()
    assert readers() == []


def test_a_head_costs_no_thread(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(TEXT))
    [item] = discover([path])
    assert isinstance(item, Input)
    with open_input(item) as stream:
        stream.read(256 * 1024)
        assert readers() == []


UTF16 = "Zeit=2026-03-02 Benutzer=Jörg Grund=ungültig \U0001f511\r\n" * 9000


@pytest.mark.parametrize("codec", ["plain", "gzip"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("mark", ["\ufeff", ""])
def test_utf_16(codec: str, encoding: str, mark: str, tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes(PACK[codec]((mark + UTF16).encode(encoding)))
    assert contents(path) == ({str(path): UTF16.encode()}, [])


def test_utf_16_that_is_half_written_or_wrong(tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    path.write_bytes(b"\xff\xfe" + "a\n".encode("utf-16-le") + b"\x00\xd8" + "b".encode("utf-16-le") + b"c")
    assert contents(path) == ({str(path): "a\n\ufffdb".encode()}, [])


def test_what_is_no_utf_16_stays_as_it_is(tmp_path: Path) -> None:
    for name, content in {
        "image": bytes(range(256)) * 20,
        "nuls": b"\x00" * 600,
        "numbers": b"".join(number.to_bytes(2, "little") for number in range(300)),
        "utf32": "\ufefflog".encode("utf-32-le"),
        "one-nul": b"a log line with a \x00 in it\n" * 30,
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert contents(path) == ({str(path): content}, [])


def test_sizes_are_those_on_the_disk(tmp_path: Path) -> None:
    (tmp_path / "a.gz").write_bytes(b"1" * 100)
    (tmp_path / "b.tar").write_bytes(b"1" * 50)
    assert sizes([tmp_path]) == 150
    assert sizes([tmp_path / "a.gz", str(tmp_path / "missing"), "-"]) == 100


def test_random_reads_of_a_stream_that_goes_by_once(tmp_path: Path) -> None:
    """Whatever was opened, skipped and read in between: an input gives its bytes from the first on."""
    path = tmp_path / "a.tar.gz"
    content = {f"{number}.log": text_of(30_000, seed=number) for number in range(3)}
    path.write_bytes(gzip.compress(tar_of(content.items()), 1))
    chance = random.Random(5)
    for item in discover([path]):
        assert isinstance(item, Input)
        text = content[item.name.rsplit("!", 1)[1]]
        for _ in range(12):
            with open_input(item) as stream:
                at = 0
                for _ in range(chance.randrange(3)):
                    size = chance.choice((0, 10, 70_000, 1_200_000, len(text) - at))
                    if chance.random() < 0.5:
                        assert stream.read(size) == text[at : at + size]
                    else:
                        passed = stream.skip(size)
                        assert passed == (text[at : at + size][-1024:] if at + size <= len(text) else None)
                    at = min(len(text), at + size)
        assert read_all(item) == text
        assert read_to_break(item) == (text, None)


def test_zstd_of_pyarrow_is_what_it_was_found_to_be() -> None:
    """The reading of zstd rests on this: what was given before a break stands in the buffer."""
    content = random.Random(3).randbytes(400_000).replace(b"\xff", b"\x00")
    packed = pa.compress(content, codec="zstd", asbytes=True)[:-1000]
    buffer = bytearray(b"\xff" * 500_000)
    with pytest.raises(OSError, match="Truncated"):
        pa.CompressedInputStream(pa.BufferReader(packed), "zstd").readinto(buffer)
    given = bytes(buffer).rstrip(b"\xff")
    assert len(given) >= 384 * 1024
    assert content.startswith(given)
