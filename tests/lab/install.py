"""Programs for the lab, from Debian, PyPI, npm, Maven and Go, into build/lab-tools; the machine stays as it is.

Every function gives where it is, at once when it is there already, and raises UnavailableError with the reason.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

TOOLS = Path(__file__).parents[2] / "build" / "lab-tools"
_LONG = 900.0
"""Seconds that one installation may take."""


class UnavailableError(Exception):
    """A program cannot be installed here; the message says why."""


def debian(*packages: str) -> Path:
    """The root of a tree with these packages and what they need that is not on the machine."""

    def made(tree: Path) -> None:
        listed = _run(["apt-get", "install", "--print-uris", "--no-install-recommends", "-qq", *packages])
        names = re.findall(r"^'[^']*' (\S+?)_\S* ", listed, re.MULTILINE)
        wanted = sorted({*names, *packages})
        archives = tree / "archives"
        archives.mkdir()
        # apt drops its rights to a user who must be able to write there
        _run(["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *wanted], cwd=archives)
        for archive in sorted(archives.glob("*.deb")):
            _run(["dpkg", "-x", archive, tree])
        shutil.rmtree(archives)

    return _once("debian", packages, made)


def libraries(tree: Path) -> dict[str, str]:
    """The environment in which programs of a tree of `debian` find their libraries."""
    folders = [tree / "usr/lib/x86_64-linux-gnu", tree / "lib/x86_64-linux-gnu", tree / "usr/lib"]
    return {"LD_LIBRARY_PATH": ":".join(str(folder) for folder in folders)}


def pypi(*requirements: str) -> Path:
    """A virtual environment with these requirements."""

    def made(tree: Path) -> None:
        _run([sys.executable, "-m", "venv", tree])
        _run([tree / "bin/pip", "install", "-q", "--disable-pip-version-check", *requirements])

    return _once("pypi", requirements, made, in_place=True)


def npm(*packages: str) -> Path:
    """A folder with `node_modules` of these packages."""

    def made(tree: Path) -> None:
        _needs("npm")
        (tree / "package.json").write_text("{}")
        _run(["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], cwd=tree)

    return _once("npm", packages, made)


def go(package: str) -> Path:
    """The program built from a Go package, as `module/path@version`."""

    def made(tree: Path) -> None:
        _needs("go")
        _run(["go", "install", package], env={"GOBIN": str(tree), "GOFLAGS": "-p=2"})

    found = [path for path in _once("go", [package], made).iterdir() if path.is_file()]
    return found[0]


def maven(artifact: str) -> Path:
    """The file of an artifact, as `group:name:version` or `group:name:version:packaging`."""

    def made(tree: Path) -> None:
        _needs("mvn")
        _run(["mvn", "-q", "dependency:copy", f"-Dartifact={artifact}", f"-DoutputDirectory={tree}"])

    return next(path for path in _once("maven", [artifact], made).iterdir() if path.is_file())


def maven_project(name: str, project: Path, library: str) -> tuple[Path, str]:
    """The jar that a project builds as its finalName `name`, and the version of a library in it."""
    sources = [path for path in sorted(project.rglob("*")) if path.is_file()]

    def build(tree: Path) -> None:
        shutil.copytree(project, tree / "project")
        run("mvn", "-q", "package", cwd=tree / "project")
        (tree / f"project/target/{name}.jar").rename(tree / f"{name}.jar")

    of = [path.read_text(encoding="utf-8") for path in sources]
    jar = prepared(project.name, of, build) / f"{name}.jar"
    found = re.search(rf"{re.escape(library)}-([0-9.]+)\.jar", run("jar", "tf", jar))
    return jar, found[1] if found else "unknown"


def unpacked(archive: Path) -> Path:
    """The content of a zip or tar, beside it."""
    tree = archive.parent / "unpacked"
    if not tree.exists():
        draft = archive.parent / "unpacking"
        shutil.rmtree(draft, ignore_errors=True)
        shutil.unpack_archive(archive, draft)
        draft.rename(tree)
    return tree


def prepared(name: str, of: Sequence[str], make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills, made again when one of the texts `of` is another."""
    return _once("prepared", [name, *of], make)


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """What a step of an installation prints. Raises UnavailableError."""
    _needs(str(command[0]))
    return _run(command, cwd=cwd)


def _once(kind: str, what: Sequence[str], make: Callable[[Path], None], *, in_place: bool = False) -> Path:
    """The folder of what is installed; `make` fills it, and where it fails nothing is left."""
    digest = hashlib.sha256("\0".join(what).encode()).hexdigest()[:12]
    words = "-".join(re.sub(r"[^A-Za-z0-9]+", "-", text)[:24].strip("-") for text in what[:2])
    tree = TOOLS / kind / f"{words}-{digest}"
    done = tree.with_name(f"{tree.name}.done")
    if done.exists():
        return tree
    tree.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(tree, ignore_errors=True)
    draft = tree if in_place else Path(tempfile.mkdtemp(dir=tree.parent))
    try:
        make(draft)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    if draft != tree:
        draft.rename(tree)
    done.touch()
    return tree


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        raise UnavailableError(f"{program} is not on this machine")


def _run(
    command: Sequence[str | Path], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> str:
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, timeout=_LONG,
            capture_output=True, text=True, errors="replace", check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as problem:
        raise UnavailableError(f"{words[0]}: {problem}") from problem
    if done.returncode:
        told = (done.stderr or done.stdout).strip()
        raise UnavailableError(f"{' '.join(words[:3])} failed: {told[-400:]}")
    return done.stdout
