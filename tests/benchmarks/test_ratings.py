"""What is measured of rating is rated rightly, and the month is all of what was recorded."""

from pathlib import Path

import pytest

from benchmarks import ratings
from benchmarks.ratings import PRICES, QUANTITIES, USD, Month
from benchmarks.rounds import FULL, QUICK, USUAL
from benchmarks.sample import Sample
from benchmarks.shops import make_meter, make_project
from benchmarks.subjects import EVENTS_FOR_RATING, SUBJECTS
from core.kernel.clock import SystemClock
from core.pricing import rate
from mcp_server.settings import load_settings
from mcp_server.wiring import opened
from tests.servers import postgres_owner_url, postgres_url

pytestmark = pytest.mark.anyio


def test_quantities_fall_into_every_tier() -> None:
    graduated = PRICES["ratings_graduated"]
    reached = {len(rate(graduated, each, USD).lines) for each in QUANTITIES}

    assert reached == {1, 2, 3, 4, 5}


def test_each_price_has_a_row_with_a_goal() -> None:
    goals = {
        each.name: each.goal.at_least for each in SUBJECTS if each.name in PRICES and each.goal
    }

    assert goals == {
        "ratings_flat": 100_000,
        "ratings_per_unit": 100_000,
        "ratings_graduated": 40_000,
    }


async def test_a_price_is_rated_in_whole_batches() -> None:
    for measure in ratings.ratings().values():
        sample = await measure(0.0001)
        assert (sample.count % ratings.BATCH, sample.errors) == (0, 0)
        assert sample.count > 0


async def test_a_month_is_rated_from_all_of_its_events_or_the_row_does_not_count(
    tmp_path: Path,
) -> None:
    async with postgres_url() as url:
        settings = load_settings(
            database_url=url,
            database_direct_url=postgres_owner_url(url),
            secrets_dir=tmp_path,
        )
        async with opened(settings) as installation:
            await make_meter(installation)
            project_id = await make_project(installation, "rated")
            month = Month(installation.database, project_id, SystemClock().now())
            await month.fill(500)
            right = await month.rating(500)(0.0001)
            wrong = await month.rating(501)(0.0001)
            proof = await installation.prove()

    assert (right.count, right.errors) == (1, 0)
    assert (wrong.errors, wrong.problem) == (1, "500 of 501 events were summed up")
    assert proof.differences == []
    assert proof.looked_at["usage events"] == 500


def test_the_row_tells_how_long_a_month_takes_and_is_judged_by_a_million_events() -> None:
    samples = [Sample(count=4, seconds=seconds) for seconds in (1.0, 2.0, 3.0)]

    quick, usual = ratings.row(samples, QUICK), ratings.row(samples, USUAL)

    assert (quick.value, quick.reached, quick.at_least) == (500.0, "", None)
    assert (usual.value, usual.reached, usual.at_least) == (500.0, "least", 1000)
    assert USUAL.events == FULL.events == EVENTS_FOR_RATING
