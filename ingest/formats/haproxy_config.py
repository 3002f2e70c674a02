"""The log formats of the frontends of a haproxy.cfg, each with the captures that its lines hold."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ingest.formats.configuration import text_of

_SECTIONS = re.compile(r"(defaults|frontend|listen|backend|global)\b\s*(\S*)(?:.*?\bfrom\s+(\S+))?")
_OTHERS = re.compile(
    r"(?:userlist|peers|mailers|resolvers|cache|ring|log-forward|log-profile|program|http-errors|fcgi-app|"
    r"crt-store|traces|acme)\b"
)
_FORMAT = re.compile(r"(log-format-sd|error-log-format|log-format|option\s+(?:httpslog|httplog|tcplog)\b)")
_CAPTURE = re.compile(
    r"(?:capture\s+(?:request|response)\s+header|declare\s+capture|(?:http-request|http-response|"
    r"tcp-request\s+content)\s+capture)\b"
)
_REMARK = re.compile(r"\s+#.*")


@dataclass
class _Section:
    """Lines of a section that tell what its log looks like: a line for each kind of log, and captures."""

    kind: str
    formats: dict[str, str] = field(default_factory=dict)
    captures: list[str] = field(default_factory=list)


def formats_in(path: Path) -> list[str]:
    """The lines that tell the formats, a text for each kind of log of each frontend or listen section.

    What a section does not say is what its `defaults` say. Raises InputError, which names the file, when it
    cannot be read.
    """
    found: dict[str, None] = {}
    for section in _sections(text_of(path)):
        if section.kind in ("frontend", "listen", "defaults"):
            found |= {"\n".join([*section.captures, line]): None for line in section.formats.values()}
    return list(found)


def _sections(text: str) -> list[_Section]:
    sections: list[_Section] = []
    named: dict[str, _Section] = {}
    last: _Section | None = None
    for line in re.sub(r"\\\r?\n\s*", "", text).splitlines():
        line = line.strip()
        if opening := _SECTIONS.match(line):
            kind, name, above = opening.groups()
            base = named.get(above) if above else None if kind == "defaults" else last
            section = _Section(kind)
            if base is not None:
                section.formats, section.captures = dict(base.formats), list(base.captures)
            sections.append(section)
            if kind == "defaults":
                last = named[name] = section
        elif _OTHERS.match(line):
            sections.append(_Section("other"))
        elif sections and (chosen := _FORMAT.match(line)):
            written = _REMARK.sub("", line) if chosen[1].startswith("option") else line
            sections[-1].formats[_kind_of_log(chosen[1])] = written
        elif sections and _CAPTURE.match(line):
            sections[-1].captures.append(_REMARK.sub("", line))
    return sections


def _kind_of_log(directive: str) -> str:
    """Which log the directive is about: a later one of the same kind takes its place."""
    return directive if directive in ("error-log-format", "log-format-sd") else "log"
