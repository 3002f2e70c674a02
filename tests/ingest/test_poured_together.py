"""All samples in one folder, each under a name that tells nothing and in some envelope, between other logs.

Every record goes to the source that wrote it, and nothing of other programs becomes an event.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from ingest.formats_beside import formats_beside
from ingest.text import parse_records
from tests.envelopes import WRAPPERS
from tests.helpers import Workshop
from tests.samples import SAMPLES, SOURCES, engine, lines_of, samples, without_timeless

pytestmark = pytest.mark.xdist_group("samples")

_BARE = "none"

_OTHER_LOGS = {
    "PostgreSQL": """\
2026-03-02 02:15:04.120 UTC [4711] LOG:  connection received: host=192.0.2.7 port=51514
2026-03-02 02:15:04.131 UTC [4711] orders@orders FATAL:  password authentication failed for user "orders"
2026-03-02 02:15:04.131 UTC [4711] orders@orders DETAIL:  Connection matched pg_hba.conf line 95: "host all all all scram-sha-256"
2026-03-02 02:15:05.000 UTC [4712] orders@orders ERROR:  duplicate key value violates unique constraint "tokens_pkey"
2026-03-02 02:15:05.000 UTC [4712] orders@orders STATEMENT:  INSERT INTO oauth_tokens (client_id, scope) VALUES ($1, $2)
""",
    "journal": """\
Mar 02 02:15:04 gw-1 systemd[1]: Started Session 4711 of user deploy.
Mar 02 02:15:05 gw-1 sshd[4711]: Failed password for invalid user admin from 192.0.2.7 port 51514 ssh2
Mar 02 02:15:06 gw-1 kernel: [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.7 DST=192.0.2.8 LEN=40 PROTO=TCP SPT=51514 DPT=401
Mar 02 02:15:07 gw-1 CRON[4712]: (root) CMD (/usr/local/bin/renew-tokens --client_id=batch)
Mar 02 02:15:08 gw-1 dhclient[513]: DHCPACK of 192.0.2.8 from 192.0.2.1
""",
    "journal as JSON": "".join(
        json.dumps(
            {
                "__REALTIME_TIMESTAMP": str(1772417704120000 + number),
                "_HOSTNAME": "gw-1",
                "SYSLOG_IDENTIFIER": "systemd",
                "PRIORITY": "6",
                "MESSAGE": f"Started Session {number} of user deploy.",
            }
        )
        + "\n"
        for number in range(5)
    ),
    "a Java program": """\
2026-03-02 02:15:04.120  INFO 1 --- [           main] com.example.orders.OrdersApplication     : Started OrdersApplication in 4.2 seconds
2026-03-02 02:15:05.120 ERROR 1 --- [nio-8080-exec-1] com.example.orders.Repository            : the order was not stored
java.lang.IllegalStateException: the token of the batch is 401
\tat com.example.orders.Repository.store(Repository.java:42)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.sql.SQLException: connection refused
\t... 12 more
""",
    "JSON of some program": "".join(
        json.dumps({"time": f"2026-03-02T02:15:0{number}Z", "level": "info", "msg": "order stored", "order": number})
        + "\n"
        for number in range(5)
    ),
    "logfmt of some program": "".join(
        f'time="2026-03-02T02:15:0{number}Z" level=info msg="order stored" order={number}\n'
        for number in range(5)
    ),
    "a Python program": """\
2026-03-02 02:15:04,120 INFO orders.batch: batch 4711 done
2026-03-02 02:15:05,120 ERROR orders.batch: batch 4712 failed
Traceback (most recent call last):
  File "/srv/orders/batch.py", line 42, in run
    store(order)
KeyError: 'token'
""",
    "a build": """\
2026-03-02T02:15:04.120Z ##[group]Run make test
2026-03-02T02:15:05.120Z npm WARN deprecated request@2.88.2: request has been deprecated
2026-03-02T02:15:06.120Z FAIL test/token.test.js: expected 401 to equal 200
2026-03-02T02:15:07.120Z make: *** [Makefile:42: test] Error 1
""",
    "MariaDB": """\
2026-03-02  2:15:04 17 [Warning] Access denied for user 'orders'@'192.0.2.7' (using password: YES)
2026-03-02  2:15:05 18 [Warning] Aborted connection 18 to db: 'orders' user: 'orders' host: '192.0.2.7' (Got an error reading communication packets)
""",
    "Redis": """\
1:M 02 Mar 2026 02:15:04.120 * Background saving started by pid 42
1:M 02 Mar 2026 02:15:05.120 # WARNING: 32 bit instance detected but no memory limit set
""",
    "a mail server": """\
Mar 02 02:15:04 mx-1 postfix/smtpd[4711]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 554 5.7.1 Relay access denied
Mar 02 02:15:05 mx-1 dovecot: imap-login: Aborted login (auth failed, 1 attempts): user=<a>, method=PLAIN, rip=192.0.2.7
""",
    "JSON of a job": "".join(
        json.dumps({"time": f"2026-03-02T02:15:0{number}Z", "status": 200 + number, "path": "backups/orders.tar", "code": number})
        + "\n"
        for number in range(5)
    ),
    "logfmt of a database": "".join(
        f'ts=2026-03-02T02:15:0{number}Z caller=db.go:42 level=info component=tsdb msg="Head GC completed" duration=4.2ms status=done\n'
        for number in range(5)
    ),
}  # fmt: skip
_NEAR_LOGS = {
    "statements of a database": """\
2026-03-02 02:15:04.120 UTC [4711] STATEMENT:  SELECT * FROM failures WHERE error = 'invalid_grant' AND status = 401
2026-03-02 02:15:05.120 UTC [4711] DETAIL:  Key (error)=(invalid_client) already exists.
2026-03-02T02:15:06.120000Z 17 Query\tSELECT id FROM failures WHERE error='invalid_client'
""",
    "names of tests": """\
2026-03-02T02:15:04.1234567Z   ✓ answers 401 when jwt expired (12 ms)
2026-03-02T02:15:05.1234567Z   ✕ rejects with invalid_grant: wrong code (3 ms)
2026-03-02T02:15:06.1234567Z     token_test.go:42: expected "jwt malformed", got nil
2026-03-02T02:15:07.1234567Z tests/test_jwt.py::test_it PASSED: Signature has expired
2026-03-02T02:15:08.1234567Z ok 12 - should reject when jwt expired
""",
    "a list of codes": """\
2026-03-02 02:15:04,120 INFO api: known errors are invalid_request, invalid_client, invalid_grant, unauthorized_client
""",
    "JSON of jobs with paths": "".join(
        json.dumps(document) + "\n"
        for document in (
            {"time": "2026-03-02T02:15:04Z", "job": "sync", "status": 401, "path": "/data/orders.csv", "rows": 12},
            {"time": "2026-03-02T02:15:05Z", "level": "error", "msg": "mail refused", "reason": "access_denied"},
            {"time": "2026-03-02T02:15:06Z", "level": "error", "msg": "sync failed", "error": "server_error"},
        )
    ),
    "logfmt of a database with paths": """\
level=info ts=2026-03-02T02:15:04Z path=/var/lib/db status=401 msg="compaction done"
""",
}  # fmt: skip
"""Lines that look like those of sources of the last resort, and tell of no failure either."""


@cache
def _all_formats() -> dict[str, list[str]]:
    """The format strings of all samples, as one configuration."""
    return {source: texts for folder in SOURCES for source, texts in formats_beside(SAMPLES / folder).items()}


@cache
def _expected(source: str, sample: str) -> tuple[list[str], int]:
    """The records of a sample, each on one line and with a time of its own, and how many are events."""
    lines = lines_of(source, sample)
    parts = parse_records(
        "".join(line + "\n" for line in lines).encode(),
        formats=formats_beside(SAMPLES / source),
        engine=engine(),
    )
    return without_timeless(lines, parts), sum(parsed.events.num_rows for parsed in parts)


def _pour(
    workshop: Workshop, poured: Sequence[tuple[str, str]], chance: random.Random
) -> tuple[Counter[str], dict[str, str]]:
    """Writes samples and other logs; the events that each source must give, and what lies in which file."""
    expected: Counter[str] = Counter()
    files: dict[str, str] = {}
    for source, sample in poured:
        lines, events = _expected(source, sample)
        envelope = chance.choice([_BARE, *WRAPPERS])
        text = (
            "".join(line + "\n" for line in lines).encode()
            if envelope == _BARE
            else WRAPPERS[envelope](lines)
        )
        files[workshop.write(_name(chance), text).name] = f"{source}/{sample} in {envelope}"
        expected[source] += events
    for title, text in _OTHER_LOGS.items():
        files[workshop.write(_name(chance), text).name] = title
    return expected, files


def _name(chance: random.Random) -> str:
    return f"{chance.getrandbits(64):016x}"


def _one_of_each(chance: random.Random) -> list[tuple[str, str]]:
    """A sample of each source."""
    of_source: dict[str, list[str]] = {}
    for source, sample in samples():
        of_source.setdefault(source, []).append(sample)
    return [(source, chance.choice(names)) for source, names in of_source.items()]


@pytest.mark.parametrize(
    ("seed", "whole"),
    [(1, False), *(pytest.param(seed, True, marks=pytest.mark.slow) for seed in range(2, 6))],
)
def test_every_record_goes_to_the_source_that_wrote_it(seed: int, whole: bool, workshop: Workshop) -> None:
    chance = random.Random(seed)
    expected, files = _pour(workshop, samples() if whole else _one_of_each(chance), chance)
    workshop.formats = _all_formats()
    summary = workshop.ingest()
    unknown = [files[Path(name).name] for name in summary.unrecognised]
    assert sorted(unknown) == sorted(_OTHER_LOGS)
    assert summary.problems == []
    found = {name: counts.events + counts.duplicates for name, counts in summary.by_source.items()}
    assert {name: count for name, count in found.items() if count} == dict(+expected)


@pytest.mark.parametrize("title", [*_OTHER_LOGS, *_NEAR_LOGS])
def test_what_other_programs_write_is_no_event(title: str) -> None:
    """Neither by itself nor in between the lines of a log that is known."""
    other = (_OTHER_LOGS | _NEAR_LOGS)[title]
    assert not any(parsed.events.num_rows for parsed in parse_records(other.encode(), engine=engine()))
    lines, events = _expected("keycloak", "lab_keycloak.log")
    mixed = "".join(line + "\n" for line in lines[:20]) + other + "".join(line + "\n" for line in lines[20:])
    parts = parse_records(mixed.encode(), engine=engine())
    assert sum(parsed.events.num_rows for parsed in parts) == events
