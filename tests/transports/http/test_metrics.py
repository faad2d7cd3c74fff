"""What is counted, and who may read it."""

import asyncio
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.operations.limits import Rate
from core.operations.operation import RateClass
from mcp_server.http.metrics import Metrics
from mcp_server.http.panels import Panel
from tests.transports.http.conftest import Door, opened

pytestmark = pytest.mark.anyio


async def samples(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """Return the samples of this name by the values of their labels, in order of their names."""
    return {
        tuple(value for _, value in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families((await metrics.text()).decode())
        for sample in family.samples
        if sample.name == name
    }


async def test_calls_are_counted_by_operation_door_and_outcome(door: Door) -> None:
    await door.as_("member", "GET", "/v1/things/lamp")
    await door.as_("member", "POST", "/v1/things", json={"name": "palace"})
    await door.as_("member", "POST", "/v1/things/break", json={})
    assert await samples(door.metrics, "bursar_operations_total") == {
        ("http", "get_thing", "ok"): 1,
        ("http", "make_thing", "test_not_enough"): 1,
        ("http", "break_thing", "failed"): 1,
    }
    times = await samples(door.metrics, "bursar_operation_seconds_count")
    assert times["http", "get_thing"] == 1


async def test_calls_that_come_too_often_are_counted(tmp_path: Path) -> None:
    rates = dict.fromkeys(RateClass, Rate(calls=1, seconds=60))
    async with opened(tmp_path, rates=rates) as door:
        for _ in range(3):
            await door.as_("member", "GET", "/v1/things/lamp")
    assert await samples(door.metrics, "bursar_rate_limited_total") == {("http", "get_thing"): 2}


async def test_a_caller_cannot_make_new_labels(door: Door) -> None:
    await door.as_("member", "GET", "/v1/things/lamp")
    await door.as_("member", "GET", "/made/up")
    await door.as_("member", "INVENTED", "/v1/things")
    assert set(await samples(door.metrics, "bursar_http_requests_total")) == {
        ("GET", "/v1/things/{thing_id}", "200"),
        ("GET", "other", "404"),
        ("other", "other", "405"),
    }


async def test_readings_are_taken_at_each_scrape_and_a_broken_one_hides_no_other() -> None:
    async def lag() -> float:
        return 2.5

    async def broken() -> float:
        raise ConnectionRefusedError

    readings = {"bursar_outbox_lag_seconds": ("Lag.", lag), "bursar_broken": ("Broken.", broken)}
    told = (await Metrics(readings).text()).decode()
    assert "bursar_outbox_lag_seconds 2.5" in told
    assert "bursar_broken NaN" in told
    assert "process_resident_memory_bytes" in told


async def test_a_program_on_this_machine_may_read_them(door: Door) -> None:
    answer = await door.as_(None, "GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("198.51.100.9", {}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", {"Host": "rebound.example"}),
    ],
)
async def test_to_anybody_else_they_do_not_exist(
    tmp_path: Path, peer: str, headers: dict[str, str]
) -> None:
    async with opened(tmp_path, peer=(peer, 1)) as door:
        answer = await door.as_(None, "GET", "/metrics", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_path")


async def test_with_a_token_set_the_token_decides(tmp_path: Path) -> None:
    async with opened(tmp_path, metrics_token="let me read") as door:
        statuses = [
            (await door.as_(token, "GET", "/metrics")).status_code
            for token in (None, "wrong", "let me read")
        ]
    assert statuses == [404, 404, 200]


async def test_a_panel_is_asked_for_once_in_a_while_whoever_asks_and_however_often() -> None:
    asked = 0

    async def ask() -> dict[str, dict[str, Decimal]]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return {"bursar_mrr": {"USD/2": Decimal("1234.56"), "EUR/2": Decimal(0)}}

    metrics = Metrics(panels=[Panel({"bursar_mrr": "MRR."}, "currency", ask)])
    await asyncio.gather(*(metrics.text() for _ in range(5)))
    assert await samples(metrics, "bursar_mrr") == {("USD/2",): 1234.56, ("EUR/2",): 0}
    assert asked == 1


async def test_a_panel_that_fails_shows_nothing_rather_than_what_was() -> None:
    answers: list[Decimal | None] = [Decimal(7), None, Decimal(8)]

    async def ask() -> dict[str, dict[str, Decimal]]:
        answer = answers.pop(0)
        if answer is None:
            raise ConnectionRefusedError
        return {"bursar_mrr": {"USD/2": answer}}

    panel = Panel({"bursar_mrr": "MRR."}, "currency", ask, lifetime_seconds=-1)
    metrics = Metrics(panels=[panel])
    assert await samples(metrics, "bursar_mrr") == {("USD/2",): 7}
    assert await samples(metrics, "bursar_mrr") == {}
    assert await samples(metrics, "bursar_mrr") == {("USD/2",): 8}
