"""Paths: files, folders, patterns, pipes and URLs; what leads nowhere is told in its place."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from ingest.errors import InputError
from ingest.inputs import Input, discover, open_input, sizes
from tests.ingest.inputs_samples import PACK, contents, read_all, tar_of, text_of, zip_of

SHORT = text_of(400)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("b.log", "a.log", "old/c.log", "old/d.txt", ".hidden/e.log", ".f.log", "old/deep/g.log"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return tmp_path


def _names(root: Path, *paths: str | Path) -> list[str]:
    return [str(item).replace(f"{root}/", "") for item in discover(paths)]


def test_folders_by_name_without_dot_files(tree: Path) -> None:
    assert _names(tree, tree) == ["a.log", "b.log", "old/c.log", "old/d.txt", "old/deep/g.log"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("[a]*", ["a.log"]),
        ("?.log", ["a.log", "b.log"]),
        ("o*", ["old/c.log", "old/d.txt", "old/deep/g.log"]),
        ("**/*.log", ["a.log", "b.log", "old/c.log", "old/deep/g.log"]),
        ("**", ["a.log", "b.log", "old/c.log", "old/d.txt", "old/deep/g.log"]),
        ("*/*.log", ["old/c.log"]),
        ("*.zip", ["*.zip: no file matches it"]),
    ],
)
def test_patterns(tree: Path, pattern: str, expected: list[str]) -> None:
    assert _names(tree, tree / pattern) == expected
    assert _names(tree, f"{tree}/{pattern}") == expected


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tree: Path) -> None:
    (tree / "[a]*").write_bytes(b"x")
    assert _names(tree, tree / "[a]*") == ["[a]*"]


def test_files_of_patterns_are_named_as_if_by_the_shell(tree: Path) -> None:
    assert [item.named for item in discover([tree / "*.log"]) if isinstance(item, Input)] == [True, True]


def test_what_leads_nowhere_is_told_in_its_place(tree: Path) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tree / "a-socket"))
    paths = ["a.log", "missing", "a.log/below", "b.log", "/dev/null", "nul\x00", "a-socket"]
    found = [str(item).replace(f"{tree}/", "") for item in discover([tree / path for path in paths])]
    listener.close()
    assert found[:2] == ["a.log", "missing: there is no such file or folder"]
    assert "a.log/below: " in found[2]
    assert found[3:5] == ["b.log", "/dev/null: not a file or folder"]
    assert "null byte" in found[5]
    assert found[6] == "a-socket: not a file or folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tree: Path) -> None:
    (tree / "a.log").chmod(0)
    (tree / "old").chmod(0)
    found = _names(tree, tree)
    (tree / "old").chmod(0o700)
    assert found == [
        "a.log: may not be read; check its permissions",
        "b.log",
        "old: may not be read; check its permissions",
    ]


def test_a_folder_that_is_removed_while_it_is_read(tree: Path) -> None:
    items = discover([tree])
    first = next(items)
    (tree / "b.log").unlink()
    assert str(first).endswith("a.log")
    problem = next(items)
    assert isinstance(problem, InputError)
    assert "b.log: there is no such file" in str(problem)
    assert len(list(items)) == 3


def test_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(PACK["gzip"](SHORT)))
    writer.start()
    assert contents(pipe) == ({str(pipe): SHORT}, [])
    writer.join()


def test_a_pipe_in_a_folder_does_not_wait(tree: Path) -> None:
    os.mkfifo(tree / "pipe")
    assert "pipe: not a file or folder" in _names(tree, tree)
    assert _names(tree, tree / "p*") == ["pipe: not a file or folder"]


def test_file_urls(tree: Path) -> None:
    (tree / "x y.tar.gz").write_bytes(PACK["gzip"](tar_of([("m.log", SHORT)])))
    (tree / "z.zip").write_bytes(zip_of([("m.log", SHORT)]))
    found, problems = contents(tree.as_uri())
    assert problems == []
    base = f"file://{tree}"
    assert list(found) == [
        f"{base}/{name}"
        for name in (
            "a.log",
            "b.log",
            "old/c.log",
            "old/d.txt",
            "old/deep/g.log",
            "x y.tar.gz!m.log",
            "z.zip!m.log",
        )
    ]
    assert found[f"{base}/z.zip!m.log"] == SHORT
    assert sizes([f"{base}/a.log"]) == 5
    assert list(contents(f"{base}/x y.tar.gz")[0]) == [f"{base}/x y.tar.gz!m.log"]
    [item] = discover([f"{base}/a.log"])
    assert isinstance(item, Input)
    assert (item.named, item.folder) == (True, None)
    assert item.modified is not None
    assert abs(item.modified.timestamp() - (tree / "a.log").stat().st_mtime) < 1


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.log", ["a.log", "b.log"]),
        ("**/*.log", ["a.log", "b.log", "old/c.log", "old/deep/g.log"]),
        ("old/*", ["old/c.log", "old/d.txt"]),
        ("o*/deep/[a-g].log", ["old/deep/g.log"]),
    ],
)
def test_patterns_in_urls(tree: Path, pattern: str, expected: list[str]) -> None:
    assert [
        str(item).removeprefix(f"file://{tree}/") for item in discover([f"file://{tree}/{pattern}"])
    ] == expected


def test_urls_that_lead_nowhere(tree: Path) -> None:
    for url, why in {
        f"file://{tree}/missing": "no such object or folder",
        f"file://{tree}/*.zip": "no object matches it",
        "nonsense://there/a.log": "nonsense://there/a.log: ",
        "s3://AKIAEXAMPLE:plainly/fake@bucket/key": "s3://bucket/key: ",
    }.items():
        [problem] = discover([url])
        assert isinstance(problem, InputError)
        assert why in str(problem)
        assert "fake" not in str(problem)


MODIFIED = datetime(2026, 3, 2, 2, 0, 0, tzinfo=UTC)


@contextmanager
def _s3(objects: dict[str, bytes]) -> Iterator[int]:
    """A store that speaks as much of S3's API as reading takes: HEAD, GET with ranges, ListObjectsV2."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._object(with_body=False)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query, keep_blank_values=True)
            if "list-type" in query:
                self._list(
                    parts.path.strip("/"), query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
                )
            else:
                self._object(with_body=True)

        def _object(self, with_body: bool) -> None:
            content = objects.get(unquote(urlsplit(self.path).path).lstrip("/"))
            if content is None:
                self._answer(404, b"", {})
                return
            headers = {"Last-Modified": MODIFIED.strftime("%a, %d %b %Y %H:%M:%S GMT"), "ETag": '"1"'}
            status = 200
            if given := self.headers.get("Range"):
                first, last = given.removeprefix("bytes=").split("-")
                headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
                content, status = content[int(first) : int(last) + 1], 206
            self._answer(status, content, headers, with_body)

        def _list(self, bucket: str, prefix: str, delimiter: str) -> None:
            keys = [
                key.removeprefix(f"{bucket}/")
                for key in sorted(objects)
                if key.startswith(f"{bucket}/{prefix}")
            ]
            rows = "".join(
                f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED:%Y-%m-%dT%H:%M:%S}.000Z</LastModified>"
                f"<Size>{len(objects[f'{bucket}/{key}'])}</Size></Contents>"
                for key in keys
            )
            body = (
                '<?xml version="1.0" encoding="UTF-8"?>'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>{bucket}</Name><KeyCount>{len(keys)}</KeyCount><IsTruncated>false</IsTruncated>{rows}"
                "</ListBucketResult>"
            )
            self._answer(200, body.encode(), {"Content-Type": "application/xml"})

        def _answer(self, status: int, body: bytes, headers: dict[str, str], with_body: bool = True) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_objects_of_s3() -> None:
    large = text_of(80_000, seed=4)
    objects = {
        "logs/2026/a.log": SHORT,
        "logs/2026/b.gz": PACK["gzip"](large),
        "logs/2026/c.tar": tar_of([("m.log", SHORT)]),
        "logs/2026/d.zip": zip_of([("m.log", PACK["zstd"](large))]),
        "logs/2026/e.log": large,
        "logs/2026/.f": b"hidden",
    }
    secret = quote("plainly/fake", safe="")
    with _s3(objects) as port:
        query = f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=eu-central-1"
        base = f"s3://AKIAEXAMPLE:{secret}@logs/2026"
        found, problems = contents(f"{base}{query}")
        assert problems == []
        assert found == {
            "s3://logs/2026/a.log": SHORT,
            "s3://logs/2026/b.gz": large,
            "s3://logs/2026/c.tar!m.log": SHORT,
            "s3://logs/2026/d.zip!m.log": large,
            "s3://logs/2026/e.log": large,
        }
        assert list(contents(f"{base}/*.gz{query}")[0]) == ["s3://logs/2026/b.gz"]
        assert sizes([f"{base}{query}"]) == sum(map(len, objects.values())) - len(b"hidden")
        [item] = discover([f"{base}/e.log{query}"])
        assert isinstance(item, Input)
        assert (item.name, item.modified, item.folder) == ("s3://logs/2026/e.log", MODIFIED, None)
        with open_input(item) as stream:
            assert stream.skip(3_000_000) == large[3_000_000 - 1024 : 3_000_000]
            assert stream.read(100) == large[3_000_000:3_000_100]
        assert read_all(item) == large
        missing = [str(problem) for problem in discover([f"{base}/nothing.log{query}"])]
        assert missing == ["s3://logs/2026/nothing.log: there is no such object or folder"]
