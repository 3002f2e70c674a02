"""Which of several formats that fit a line is the one that it is read by."""

from __future__ import annotations

import pytest

from tests.helpers import Workshop

COMBINED = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"'
LONGER = f"{COMBINED} $request_time $request_id"


@pytest.mark.parametrize("formats", [[COMBINED, LONGER], [LONGER, COMBINED]])
def test_the_format_that_tells_more_is_meant_in_whatever_order_they_are_named(
    workshop: Workshop, formats: list[str]
) -> None:
    """The shorter one fits as well, since a line may go on behind it."""
    workshop.formats = {"nginx": formats}
    line = '192.0.2.7 - - [02/Mar/2026:02:15:04 +0000] "GET /v1/me HTTP/1.1" 401 0 "-" "curl/8.5.0"'
    workshop.write("longer.log", f"{line} 0.002 r1\n{line} 0.003 r2\n")
    workshop.write("combined.log", f"{line}\n")
    workshop.ingest()
    found = sorted((row["request_id"] or "", row["duration_ms"]) for row in workshop.events())
    assert found == [("", None), ("r1", 2.0), ("r2", 3.0)]


def test_the_lines_that_go_on_from_another_do_not_make_a_log_unknown(workshop: Workshop) -> None:
    """One record and its stack trace, as people send them."""
    trace = "".join(f"\tat com.example.shop.Handler.step{step}(Handler.java:{step})\n" for step in range(40))
    workshop.write(
        "carbon.log",
        "[2026-03-02 12:30:21,820] ERROR {org.wso2.carbon.identity.oauth2.OAuth2Service} -  Error while "
        "retrieving the Application Information\n"
        "org.wso2.carbon.identity.oauth.common.exception.InvalidOAuthClientException: Cannot find an "
        f"application associated with the given consumer key : shop\n{trace}",
    )
    workshop.ingest()
    assert [(row["source"], row["client_id"]) for row in workshop.events()] == [("wso2_is", "shop")]


@pytest.mark.parametrize(
    "line",
    [
        'time=2026-03-02T10:10:10Z level=ERROR msg="failed to get client" err="connection refused" service=billing',
        'time=2026-03-02T10:10:11Z level=INFO msg="login successful" user=alice',
        '{"time":"2026-03-02T10:10:13Z","level":"ERROR","msg":"connector not found","pipeline":"nightly"}',
        "2026-03-02 10:10:10,123 ERROR shop.views invalid_request: body must be JSON",
        "2026-03-02 10:10:12,123 WARNING shop.reports access_denied: alice may not see the report",
        "time=2026-03-02T10:10:10Z level=info msg=completed handling request http_request=map[headers:map[accept:*/*] "
        "host:shop.example.com method:GET path:/sessions/whoami query: remote:192.0.2.7:50000 scheme:http] "
        "http_response=map[status:401 size:10 text_status:Unauthorized took:1.2ms] service_name=Ory Kratos",
    ],
)
def test_words_that_any_program_may_say_do_not_make_it_a_certain_one(workshop: Workshop, line: str) -> None:
    workshop.write("any.log", line + "\n")
    assert workshop.ingest().by_source.keys().isdisjoint({"dex", "authlib", "hydra"})
