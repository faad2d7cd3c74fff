"""What is written about a request, and what never is."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from mcp_server import logs
from tests.transports.http.conftest import Door

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
KEY = "bsk_" + "Zk3vXn0pQ8sT2uWyA4bC6dEfG7hJ9kLmZk3vXn0p"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Logs as they are configured in production, put back as they were afterwards."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream=stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:], root.level = before, level
    logging.getLogger("uvicorn.access").disabled = False


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_each_request_is_one_line_with_its_ids_and_without_its_query(door: Door) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as told:
        await door.as_(
            "member",
            "GET",
            "/v1/things/lamp?project_id=hush",
            headers={"X-Request-Id": "order-77", "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"},
        )
    (line,) = told
    assert line.pop("milliseconds") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/v1/things/lamp",
        "status": 400,
        "client": "127.0.0.1",
        "operation": "get_thing",
        "caller": "agt:member:1:000001",
        "code": "invalid_request",
        "request_id": "order-77",
        "trace_id": TRACE,
    }


@pytest.mark.parametrize(
    "sent", ["", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"ff-{TRACE}-00f067aa0ba902b7-01", "x" * 55]
)
async def test_a_trace_that_is_not_well_formed_is_replaced(door: Door, sent: str) -> None:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as told:
        await door.as_("member", "GET", "/v1/things/lamp", headers={"traceparent": sent})
    trace = told[0]["trace_id"]
    assert len(trace) == 32
    assert trace not in {TRACE, "0" * 32}


async def test_our_own_bug_is_logged_with_its_traceback_under_the_requests_id(
    door: Door, written: io.StringIO
) -> None:
    answer = await door.as_("member", "POST", "/v1/things/break", json={})
    failed, request = lines(written)
    assert (failed["event"], failed["level"]) == ("request_failed", "error")
    assert "RuntimeError" in failed["exception"]
    assert failed["request_id"] == request["request_id"] == answer.headers["X-Request-Id"]


async def test_no_credential_is_written_wherever_it_stands(written: io.StringIO) -> None:
    log = structlog.get_logger("test")
    try:
        int(f"refused {KEY}")
    except ValueError:
        log.exception("failed", headers={"Authorization": f"Bearer {KEY}"}, api_key=KEY)
    log.info("sent", body=[{"password": "hunter2"}], url=f"https://x.example/?code={KEY}&page=2")
    log.info("opened", url="postgresql://bursar:hunter2@db/bursar", note=f"Bearer {KEY}")
    logging.getLogger("some.library").warning("token is %s", KEY)
    text = written.getvalue()
    assert KEY not in text
    assert "hunter2" not in text
    assert len(lines(written)) == 4
    assert "page=2" in text
    assert "postgresql://bursar:[redacted]@db/bursar" in text


async def test_what_is_no_secret_stays_readable(written: io.StringIO) -> None:
    identifier = "wal_01jd3x8k5vq2m7r9t4w6y0z1ab"
    structlog.get_logger("test").info(
        "charged", wallet_id=identifier, code="rate_limited", amount="2.50", times=3, late=True
    )
    (line,) = lines(written)
    assert line["at"].endswith("Z")
    del line["at"]
    assert line == {
        "event": "charged",
        "level": "info",
        "logger": "test",
        "wallet_id": identifier,
        "code": "rate_limited",
        "amount": "2.50",
        "times": 3,
        "late": True,
    }


async def test_the_servers_own_access_log_is_off(written: io.StringIO) -> None:
    logging.getLogger("uvicorn.access").info("GET /?token=%s", KEY)
    logging.getLogger("uvicorn.error").info("Application startup complete.")
    assert [line["event"] for line in lines(written)] == ["Application startup complete."]


async def test_a_person_at_a_terminal_reads_words(capsys: pytest.CaptureFixture[str]) -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure(pretty=True, stream=stream)
    structlog.get_logger("test").info("request", path="/v1/things")
    structlog.reset_defaults()
    root.handlers[:], root.level = before, level
    assert "request" in stream.getvalue()
    assert "path=/v1/things" in stream.getvalue()


FACTS: dict[str, str | float] = {"method": "POST", "status": 200, "milliseconds": 1.5, "path": "/é"}


def test_a_line_that_takes_the_short_way_is_the_same_line(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request_id="order-77"):
        logs.tell("bursar.http", logging.INFO, "request", FACTS)
        structlog.get_logger("bursar.http").info("request", **FACTS)
        logs.tell("bursar.http", logging.DEBUG, "request", FACTS)

    short, usual = lines(written)
    assert short.pop("at")[:16] == usual.pop("at")[:16]
    assert short == usual


def test_no_credential_takes_the_short_way_either(written: io.StringIO) -> None:
    sent = {"path": f"/x/{KEY}", "caller": f"Bearer {KEY}", "client": f"postgresql://a:{KEY}@db"}
    with structlog.contextvars.bound_contextvars(request_id=KEY):
        logs.tell("bursar.http", logging.INFO, "request", sent)

    (line,) = lines(written)
    assert KEY not in json.dumps(line)
    assert line["request_id"] == "bsk_[redacted]"


LONG = ("9" * 30, "a1" * 15)
PARTS = ("bearer ", "Basic\t", "bsk_", "eyJ", ".", "?token=", "&code=", "://a:", "@", "_", "é")
SUSPICIOUS = st.lists(st.sampled_from([*PARTS, *LONG]), max_size=6).map("".join)


@given(SUSPICIOUS | st.text())
def test_what_looks_plain_at_a_glance_holds_no_credential(text: str) -> None:
    assert not logs.is_plain(text) or logs.without_secrets(text) == text


def test_a_card_number_is_not_written_by_either_way(written: io.StringIO) -> None:
    card = "4242-4242-4242-4242"
    structlog.get_logger("t").info(f"paid with {card}", note=["4242424242424242"], plain=card)
    logs.tell("t", logging.INFO, "request", {"path": f"/v1/{card}", "caller": "4242424242424242"})

    long_way, short_way = lines(written)
    assert (long_way["event"], long_way["note"]) == ("paid with [card number]", ["[card number]"])
    assert long_way["plain"] == "[card number]"
    assert (short_way["path"], short_way["caller"]) == ("/v1/[card number]", "[card number]")


async def test_a_request_is_not_named_by_a_card_number(door: Door) -> None:
    answer = await door.as_(
        "member", "GET", "/v1/things/lamp", headers={"X-Request-Id": "4242424242424242"}
    )

    assert answer.headers["X-Request-Id"].startswith("req_")
