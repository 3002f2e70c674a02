"""What syslog and the journal put around a line."""

from __future__ import annotations

from collections.abc import Sequence

from tests.envelopes.writing import HOST, as_json, before, each, iso, milliseconds, moment


def _rfc3164(number: int) -> str:
    return moment(number).strftime("%b ") + f"{moment(number).day:2}" + moment(number).strftime(" %H:%M:%S")


def _escaped(line: str) -> str:
    """Control characters as rsyslog writes them to files."""
    return "".join(f"#{ord(char):03o}" if char < " " else char for char in line)


def syslog_rfc3164(lines: Sequence[str]) -> bytes:
    """RFC 3164 as it was sent."""
    return each(lines, lambda number, line: f"<190>{_rfc3164(number)} {HOST} nginx: {line}")


def syslog_file(lines: Sequence[str]) -> bytes:
    """/var/log/syslog as rsyslog writes it by default."""
    return each(lines, lambda number, line: f"{_rfc3164(number)} {HOST} gateway[911]: {_escaped(line)}")


def syslog_local(lines: Sequence[str]) -> bytes:
    """RFC 3164 without a host, as senders on the same machine write."""
    return each(lines, lambda number, line: f"<134>{_rfc3164(number)} haproxy[911]: {line}")


def journalctl_short(lines: Sequence[str]) -> bytes:
    """journalctl -o short."""
    head = "-- Logs begin at Mon 2026-02-02 02:15:04 UTC, end at Mon 2026-03-02 03:00:00 UTC. --\n"
    day = moment(0).strftime("%b %d %H:%M:%S")
    return head.encode() + each(lines, lambda _, line: f"{day} {HOST} gateway[911]: {line}")


def syslog_rfc5424(lines: Sequence[str]) -> bytes:
    """RFC 5424 with structured data and the mark of UTF-8."""
    data = '[origin@32473 ip="192.0.2.7" note="a \\"quoted\\] value"][meta@32473 sequenceId="1"]'
    return each(lines, lambda number, line: f"<165>1 {iso(number)} {HOST} gateway 911 - {data} \ufeff{line}")


def syslog_rfc5424_plain(lines: Sequence[str]) -> bytes:
    """RFC 5424 without structured data."""
    return each(
        lines, lambda number, line: f"<134>1 {iso(number, 6, '+00:00')} {HOST} gateway 911 access - {line}"
    )


def syslog_octets(lines: Sequence[str]) -> bytes:
    """RFC 5424 by octet counting (RFC 6587), each message on a line of its own."""

    def record(number: int, line: str) -> str:
        message = f"<134>1 {iso(number)} {HOST} gateway 911 - - {line}\n"
        return f"{len(message.encode())} {message[:-1]}"

    return each(lines, record)


def syslog_octets_stream(lines: Sequence[str]) -> bytes:
    """RFC 5424 by octet counting as it came over TCP: one message after another."""
    messages = [f"<134>1 {iso(number)} {HOST} gateway 911 - - {line}" for number, line in enumerate(lines)]
    return "".join(f"{len(message.encode())} {message}" for message in messages).encode()


def rsyslog(lines: Sequence[str]) -> bytes:
    """rsyslog's RSYSLOG_FileFormat, with times of high precision."""
    return each(
        lines, lambda number, line: f"{iso(number, 6, '+00:00')} {HOST} gateway[911]: {_escaped(line)}"
    )


def journald(lines: Sequence[str]) -> bytes:
    """journalctl -o json; a message with control characters is an array of bytes."""

    def record(number: int, line: str) -> str:
        message: object = line if line.isprintable() else list(line.encode())
        return as_json({
            "__CURSOR": f"s=aa;i={number:x}", "__REALTIME_TIMESTAMP": str(milliseconds(number) * 1000),
            "_BOOT_ID": "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "_HOSTNAME": HOST, "PRIORITY": "6",
            "SYSLOG_IDENTIFIER": "gateway", "_SYSTEMD_UNIT": "gateway.service", "_PID": "911", "MESSAGE": message,
        })  # fmt: skip

    return each(lines, record)


journalctl_full = before(lambda number: f"{moment(number):%a %Y-%m-%d %H:%M:%S.%f} UTC {HOST} gateway[911]: ")
"""journalctl -o short-full, in UTC."""
