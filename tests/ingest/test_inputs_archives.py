"""Archives: their files are inputs of their own; nothing of them touches the disk; bombs stop."""

from __future__ import annotations

import gzip
import io
import os
import random
import struct
import tarfile
import zipfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import InputError
from ingest.inputs import Bounds, Input, discover
from ingest.inputs import zip as zip_module
from ingest.inputs.tar import Tar
from tests.ingest.inputs_samples import (
    PACK,
    contents,
    read_all,
    readers,
    tar_of,
    text_of,
    zip_of,
)

TEXT = text_of(30_000)
SHORT = text_of(400, seed=1)


def _write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_dialects(kind: int, tmp_path: Path) -> None:
    long = "/".join(["a-folder-with-a-long-name"] * (5 if kind == tarfile.USTAR_FORMAT else 20)) + "/a.log"
    members = [("./b.log", SHORT), (long, TEXT), ("logs/ümlaut.log", b"x\n"), ("empty.log", b"")]
    path = _write(tmp_path, "a.tar", tar_of(members, kind))
    found, problems = contents(path)
    assert problems == []
    assert found == {f"{path}!{name.removeprefix('./')}": content for name, content in members}
    item = next(discover([path]))
    assert isinstance(item, Input)
    assert (item.named, item.folder) == (False, tmp_path)
    assert item.modified == datetime.fromtimestamp(1_700_000_000, UTC)


def test_an_old_tar_without_a_magic(tmp_path: Path) -> None:
    header = bytearray(tar_of([("old.log", SHORT)], tarfile.USTAR_FORMAT))
    header[257:265] = bytes(8)
    header[156] = 0
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header[:512])
    path = _write(tmp_path, "old.tar", bytes(header))
    assert contents(path) == ({f"{path}!old.log": SHORT}, [])


def test_large_and_negative_numbers_in_headers(tmp_path: Path) -> None:
    header = bytearray(tar_of([("a.log", SHORT)], tarfile.USTAR_FORMAT))
    header[124:136] = b"\x80" + len(SHORT).to_bytes(11, "big")
    header[136:148] = b"\xff" * 12
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header[:512])
    path = _write(tmp_path, "a.tar", bytes(header))
    assert contents(path) == ({f"{path}!a.log": SHORT}, [])


def test_what_is_not_a_file_is_passed_over(tmp_path: Path) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, kind in {
            "folder": tarfile.DIRTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
            "device": tarfile.CHRTYPE, "pipe": tarfile.FIFOTYPE,
        }.items():  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        for name in ("../../escape.log", "/absolute.log", "logs/.hidden", ".git/config", "./._a.log"):
            info = tarfile.TarInfo(name)
            info.size = len(SHORT)
            tar.addfile(info, io.BytesIO(SHORT))
    folder = tmp_path / "inner"
    folder.mkdir()
    path = _write(folder, "a.tar", file.getvalue())
    before = sorted(os.walk(tmp_path))
    found, problems = contents(path)
    assert problems == []
    assert list(found) == [f"{path}!../../escape.log", f"{path}!/absolute.log"]
    assert sorted(os.walk(tmp_path)) == before


def test_zip_folders_links_and_times(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("logs/", b"")
        link = zipfile.ZipInfo("link.log")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(zipfile.ZipInfo("logs/b.log", (2026, 3, 2, 2, 0, 0)), SHORT)
        timed = zipfile.ZipInfo("a.log", (2026, 3, 2, 2, 0, 0))
        timed.extra = struct.pack("<HHBi", 0x5455, 5, 1, 1_700_000_000)
        archive.writestr(timed, SHORT)
        archive.writestr("__MACOSX/._a.log", b"\x00\x05")
    path = _write(tmp_path, "a.zip", file.getvalue())
    items = [item for item in discover([path]) if isinstance(item, Input)]
    assert [(item.name, item.modified) for item in items] == [
        (f"{path}!a.log", datetime.fromtimestamp(1_700_000_000, UTC)),
        (f"{path}!logs/b.log", datetime(2026, 3, 2, 2, 0, 0, tzinfo=UTC)),
    ]
    assert [read_all(item) for item in items] == [SHORT, SHORT]  # when discovery is over, too


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
def test_zip_methods(method: int, tmp_path: Path) -> None:
    path = _write(tmp_path, "a.zip", zip_of([("a.log", TEXT)], method))
    assert contents(path) == ({f"{path}!a.log": TEXT}, [])


def test_archives_in_archives(tmp_path: Path) -> None:
    inner = PACK["gzip"](tar_of([("deep/a.log", PACK["xz"](TEXT)), ("b.log", SHORT)]))
    middle = zip_of([("inner.tgz", inner), ("c.log", PACK["zstd"](SHORT))])
    path = _write(
        tmp_path, "outer.tar.bz2", PACK["bzip2"](tar_of([("middle.zip", middle), ("d.log", SHORT)]))
    )
    expected = {
        f"{path}!middle.zip!c.log": SHORT,
        f"{path}!middle.zip!inner.tgz!deep/a.log": TEXT,
        f"{path}!middle.zip!inner.tgz!b.log": SHORT,
        f"{path}!d.log": SHORT,
    }
    assert contents(path) == (expected, [])
    items = [item for item in discover([path]) if isinstance(item, Input)]
    assert {item.name: read_all(item) for item in reversed(items)} == expected
    assert readers() == []


def test_archives_too_deep(tmp_path: Path) -> None:
    content = tar_of([("a.log", SHORT)])
    for _ in range(4):
        content = tar_of([("x.tar", content), ("beside.log", SHORT)])
    found, [problem] = contents(_write(tmp_path, "a.tar", content))
    assert len(found) == 4
    assert "more than 4 deep" in problem


def test_two_tars_in_one_file(tmp_path: Path) -> None:
    both = PACK["gzip"](tar_of([("a.log", SHORT)])) + PACK["gzip"](tar_of([("b.log", TEXT)]))
    path = _write(tmp_path, "both.tar.gz", both)
    assert contents(path) == ({f"{path}!a.log": SHORT, f"{path}!b.log": TEXT}, [])


@pytest.mark.parametrize("codec", ["plain", "gzip", "zstd"])
@given(data=st.data())
@settings(max_examples=15)
def test_a_tar_that_is_cut_off(
    codec: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    members = [(f"{number}.log", text_of(200, seed=number)) for number in range(4)]
    whole = tar_of(members)
    packed = PACK[codec](whole)
    end = 4 * (512 + 9 * 1024) if codec == "plain" else len(packed)
    cut = data.draw(st.integers(600 if codec == "plain" else 400, end - 20))
    path = _write(tmp_path_factory.mktemp("cut"), "a.tar", packed[:cut])
    found, problems = contents(path)
    assert len(problems) == 1
    assert "broken or cut off" in problems[0]
    if found == {str(path): b""}:  # not one block of zstd is whole: nobody can tell what it was
        assert codec == "zstd"
        return
    for number, (name, content) in enumerate(found.items()):
        assert name == f"{path}!{number}.log"
        if number < len(found) - 1:
            assert content == members[number][1]
        else:
            assert members[number][1].startswith(content)
    if cut > len(packed) * 0.6 and codec != "zstd":
        assert found


def test_a_tar_without_its_end_mark(tmp_path: Path) -> None:
    path = _write(
        tmp_path,
        "a.tar",
        tar_of([("a.log", SHORT)]).rstrip(b"\x00").ljust(512 + -(-len(SHORT) // 512) * 512, b"\x00"),
    )
    found, [problem] = contents(path)
    assert found == {f"{path}!a.log": SHORT}
    assert "its end mark is missing" in problem


def test_damaged_headers(tmp_path: Path) -> None:
    content = bytearray(tar_of([("a.log", SHORT), ("b.log", SHORT)]))
    second = content.index(b"b.log")
    content[second] ^= 1
    path = _write(tmp_path, "a.tar", bytes(content))
    found, [problem] = contents(path, _write(tmp_path, "good.log", SHORT))
    assert found == {f"{path}!a.log": SHORT, str(tmp_path / "good.log"): SHORT}
    assert "a header is damaged" in problem


def test_metadata_of_a_tar_are_bounded(tmp_path: Path) -> None:
    info = tarfile.TarInfo("x" * 200)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT)[:512])
    header[124:136] = b"%011o\x00" % (8 * 2**30 - 1)
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    found, [problem] = contents(_write(tmp_path, "a.tar", bytes(header) + bytes(1024)))
    assert found == {}
    assert "the name of a file takes 8,589,934,591 bytes" in problem


@given(st.binary(max_size=600), st.binary(min_size=512, max_size=512))
@settings(max_examples=60)
def test_no_tar_header_breaks_anything_but_itself(pax: bytes, noise: bytes) -> None:
    """Extended headers and headers of noise, with right checksums: files, or an InputError."""
    for kind, content in ((b"x", pax), (b"L", pax), (noise[156:157], noise)):
        header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT)[:512])
        header[124:136] = b"%011o\x00" % len(content)
        if content is noise:
            header[:148], header[156:257] = noise[:148], noise[156:257]
        header[156:157] = kind
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\x00 " % sum(header)
        raw = io.BytesIO(bytes(header) + content.ljust(1024, b"\x00") + tar_of([("b.log", SHORT)]))
        with suppress(InputError):
            for entry in Tar(raw, "noise"):
                assert isinstance(entry.name, str)
                assert entry.size >= 0


def test_sparse_files_are_told(tmp_path: Path) -> None:
    header = bytearray(tar_of([("holes.log", SHORT)], tarfile.GNU_FORMAT)[:512])
    header[156:157] = b"S"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\x00 " % sum(header)
    rest = SHORT.ljust(-(-len(SHORT) // 512) * 512, b"\x00")
    path = _write(tmp_path, "a.tar", bytes(header) + rest + tar_of([("b.log", SHORT)]))
    found, [problem] = contents(path)
    assert found == {f"{path}!b.log": SHORT}
    assert "holes.log: it is stored with holes" in problem


def test_encrypted_and_unknown_zip_members(tmp_path: Path) -> None:
    content = bytearray(zip_of([("a.log", SHORT), ("b.log", SHORT), ("c.log", SHORT)]))
    for name, flags, method in ((b"a.log", 1, 8), (b"b.log", 0, 93)):
        for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = content.rindex(name) if mark == b"PK\x01\x02" else content.index(name)
            place = content.rindex(mark, 0, place)
            struct.pack_into("<HH", content, place + at, flags, method)
    path = _write(tmp_path, "a.zip", bytes(content))
    found, problems = contents(path)
    assert found == {f"{path}!c.log": SHORT}
    assert len(problems) == 2
    assert "a.log: it is encrypted; unpack it first" in problems[0]
    assert "b.log: cannot be unpacked" in problems[1]


def test_broken_zips(tmp_path: Path) -> None:
    whole = zip_of([("a.log", TEXT), ("b.log", SHORT)])
    cut = _write(tmp_path, "cut.zip", whole[: len(whole) // 2])
    found, [problem] = contents(cut)
    assert found == {}
    assert "cut.zip: its zip data is broken or cut off" in problem
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    found, [problem] = contents(_write(tmp_path, "damaged.zip", bytes(damaged)))
    assert "damaged.zip!a.log: its zip data is broken" in problem
    assert TEXT.startswith(found[f"{tmp_path}/damaged.zip!a.log"][: len(TEXT) // 3])
    assert found[f"{tmp_path}/damaged.zip!b.log"] == SHORT


@given(chance=st.randoms(use_true_random=False))
@settings(max_examples=40)
def test_no_damage_of_a_zip_breaks_anything_but_itself(
    chance: random.Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged = bytearray(zip_of([("a.log", SHORT[:2000]), ("b.log", PACK["gzip"](SHORT[:2000]))]))
    for _ in range(3):
        damaged[chance.randrange(len(damaged))] = chance.randrange(256)
    path = _write(tmp_path_factory.mktemp("damaged"), "a.zip", bytes(damaged))
    good = _write(path.parent, "good.log", SHORT)
    found, problems = contents(path, good)
    assert found[str(good)] == SHORT
    assert all(str(path) in problem for problem in problems)


def test_zips_that_cannot_seek_are_held_up_to_a_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zip_module, "SPOOLED", 5000)
    large = zip_of([("a.log", SHORT), ("b.log", random.Random(1).randbytes(6000))])
    path = _write(
        tmp_path, "a.tar", tar_of([("large.zip", large), ("small.zip", zip_of([("c.log", b"c\n")]))])
    )
    found, [problem] = contents(path)
    assert found == {f"{path}!small.zip!c.log": b"c\n"}
    assert "large.zip: a zip file of more than 5,000 bytes" in problem


def test_files_of_a_tar_opened_when_it_has_gone_by(tmp_path: Path) -> None:
    members = [(f"{number}.log", text_of(3000, seed=number)) for number in range(4)]
    for codec in ("plain", "gzip"):
        path = _write(tmp_path, f"{codec}.tar", PACK[codec](tar_of(members)))
        items = [item for item in discover([path]) if isinstance(item, Input)]
        assert [read_all(item) for item in reversed(items)] == [content for _, content in reversed(members)]
    path.write_bytes(tar_of([("other.log", SHORT)]))
    with pytest.raises(InputError, match=r"3\.log: the archive has changed"):
        read_all(items[3])


def test_a_tar_is_decompressed_once_when_its_files_are_read_in_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    original = Path.open

    def counting(self: Path, *args: object, **options: object) -> object:
        opened.append(self)
        return original(self, *args, **options)  # type: ignore[call-overload]

    members = [(f"{number}.log", text_of(30_000, seed=number)) for number in range(4)]
    path = _write(tmp_path, "a.tar.gz", PACK["gzip"](tar_of(members)))
    monkeypatch.setattr(Path, "open", counting)
    for item, (_, content) in zip(discover([path]), members, strict=True):
        assert isinstance(item, Input)
        assert read_head(item) == content[: 256 * 1024]
        assert read_all(item) == content
    assert opened == [path]


def read_head(item: Input) -> bytes:
    """What recognition reads of it."""
    from ingest.inputs import open_input

    with open_input(item) as stream:
        return stream.read(256 * 1024)


ZEROS = b"0" * 3_000_000
TIGHT = Bounds(ratio=50, bytes=100_000_000, free=200_000)


@pytest.mark.parametrize("codec", ["gzip", "bzip2", "xz", "zstd"])
@pytest.mark.parametrize("container", ["file", "tar", "zip"])
def test_bombs_stop(codec: str, container: str, tmp_path: Path) -> None:
    packed = PACK[codec](ZEROS)
    content = {"file": packed, "tar": tar_of([("a", packed)]), "zip": zip_of([("a", packed)])}[container]
    path = _write(tmp_path, "bomb", content)
    found, [problem] = contents(path, bounds=TIGHT)
    [read] = found.values()
    assert len(read) <= max(200_000, 50 * len(content))
    assert len(read) >= 190_000
    assert read == ZEROS[: len(read)]
    assert "expands to more than 50 times its size" in problem
    assert "[expansion] ratio = 50" in problem
    assert "WHY401_EXPANSION__RATIO" in problem
    assert contents(path, bounds=Bounds(ratio=1e9))[1] == []


def test_the_bound_on_bytes(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.gz", PACK["gzip"](TEXT))
    found, [problem] = contents(path, bounds=Bounds(bytes=100_001))
    assert found == {str(path): TEXT[:100_001]}
    assert "expands to more than 100,001 bytes" in problem
    assert "[expansion] bytes = 100001" in problem
    assert contents(path, bounds=Bounds(bytes=len(TEXT)))[1] == []


def test_bombs_of_many_files_stop_as_well(tmp_path: Path) -> None:
    bomb = PACK["gzip"](b"0" * 150_000)
    members = [(f"{number:03}", bomb) for number in range(100)]
    for name, content in (("a.tar.gz", PACK["gzip"](tar_of(members))), ("a.zip", zip_of(members))):
        path = _write(tmp_path, name, content)
        found, problems = contents(path, bounds=Bounds(ratio=10, free=200_000))
        assert sum(map(len, found.values())) <= max(200_000, 10 * len(content))
        assert problems
        assert all("expands to more than 10 times" in problem for problem in problems)


def test_a_zip_whose_files_share_their_data_stops(tmp_path: Path) -> None:
    """Overlapping files: the directory names one stretch of data again and again."""
    whole = zip_of([("a", ZEROS)])
    start = whole.index(b"PK\x01\x02")
    entry, end = whole[start : whole.index(b"PK\x05\x06")], bytearray(whole[whole.index(b"PK\x05\x06") :])
    struct.pack_into("<HHII", end, 8, 500, 500, 500 * len(entry), start)
    path = _write(tmp_path, "overlap.zip", whole[:start] + entry * 500 + bytes(end))
    total = 0
    stopped = 0
    for item in discover([path], Bounds(ratio=50, free=1_000_000)):
        if isinstance(item, InputError):
            stopped += 1
            continue
        try:
            total += len(read_all(item))
        except InputError:
            stopped += 1
    assert stopped > 400
    assert total <= 50 * path.stat().st_size + 1_000_000


def test_reading_again_does_not_count_again(tmp_path: Path) -> None:
    path = _write(tmp_path, "a.zip", zip_of([("a", TEXT), ("b", TEXT)]))
    bounds = Bounds(bytes=2 * len(TEXT) + 1)
    items = [item for item in discover([path], bounds) if isinstance(item, Input)]
    for _ in range(4):
        assert [read_all(item) for item in items] == [TEXT, TEXT]
    packed = _write(tmp_path, "a.tar.gz", gzip.compress(tar_of([("a", TEXT), ("b", TEXT)])))
    items = [
        item for item in discover([packed], Bounds(bytes=2 * len(TEXT) + 20_000)) if isinstance(item, Input)
    ]
    for _ in range(3):
        assert [read_all(item) for item in items] == [TEXT, TEXT]
