"""Ratings: prices in process, without a database, and the usage of a month through its sums."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle, islice
from pathlib import Path
from statistics import median

from benchmarks import ground, table
from benchmarks.events import METER, MODELS
from benchmarks.rounds import Form, say, watched
from benchmarks.sample import Measure, Sample, repeat
from benchmarks.shops import make_meter, make_project
from benchmarks.subjects import month
from benchmarks.watching import Watch
from core import metering
from core.db.work import Database
from core.kernel.caller import SYSTEM
from core.kernel.clock import SystemClock
from core.kernel.money import Asset
from core.kernel.period import Period
from core.pricing import Price, rate, read_price
from mcp_server.wiring import opened
from tests.processes import Child

USD = Asset.parse("USD/2")
BATCH, UNIT = 1_000, 5_000
DAYS, ROUNDS = 30, 3
RATED = "bursar_rated"
"""A database of its own, so that nothing else is measured beside a million rows more."""
TIERS = ("1000", "10000", "100000", "1000000")
QUANTITIES = [Decimal((n * 211 % 997) ** 3) / 512 for n in range(997)]
"""Spread over all five tiers, most of them in the last two, and not all of them whole."""
PRICES: Mapping[str, Price] = {
    "ratings_flat": read_price({"model": "flat", "amount": "30"}),
    "ratings_per_unit": read_price({"model": "per_unit", "unit": "0.0005"}),
    "ratings_graduated": read_price(
        {
            "model": "graduated",
            "tiers": [
                *({"up_to": end, "unit": f"0.0{9 - n}"} for n, end in enumerate(TIERS)),
                {"unit": "0.01", "flat": "5"},
            ],
        }
    ),
}


def ratings() -> dict[str, Measure]:
    """Return what rates by each of these prices, one quantity after the other."""
    return {name: _rating(price) for name, price in PRICES.items()}


def _rating(price: Price) -> Measure:
    turns = cycle(QUANTITIES)

    async def once(sample: Sample) -> int:
        for quantity in islice(turns, BATCH):
            rate(price, quantity, USD)
        return BATCH

    return lambda seconds: repeat(seconds, once)


@dataclass(frozen=True, slots=True)
class Month:
    """A project's usage of one meter, recorded as all usage is."""

    database: Database
    project_id: str
    now: datetime

    @property
    def period(self) -> Period:
        return Period(self.now - timedelta(days=DAYS), self.now)

    async def fill(self, events: int) -> None:
        """Record so many events, evenly over the days before now."""
        began = time.perf_counter()
        for start in range(0, events, UNIT):
            numbers = range(start, min(events, start + UNIT))
            async with self.database.begin(SYSTEM) as unit:
                sent = [self._event(n, events) for n in numbers]
                await metering.record(unit.within(self.project_id), sent)
        say(f"recorded {events:,} events in {time.perf_counter() - began:,.0f} s")

    def _event(self, number: int, events: int) -> metering.Event:
        return metering.Event(
            event_id=f"rated-{number:09}",
            meter_key=METER,
            occurred_at=self.period.start_at + timedelta(days=DAYS) * number / events,
            quantity="1",
            properties={"model": MODELS[number % len(MODELS)], "tokens": number % 5000 + 1},
        )

    def rating(self, events: int) -> Measure:
        """Return what sums the month up and rates it by five tiers."""

        async def once(sample: Sample) -> int:
            async with self.database.read(SYSTEM) as unit:
                work = unit.within(self.project_id)
                meter = await metering.find_meter(work, METER)
                [row] = await metering.summarize(work, meter, [self.period], None)
            if row.event_count != events:
                sample.fail(f"{row.event_count:,} of {events:,} events were summed up")
            rate(PRICES["ratings_graduated"], Decimal(row.value or "0"), USD)
            return 1

        return lambda seconds: repeat(seconds, once)


async def of_month(server: Child, folder: Path, form: Form, watch: Watch) -> list[Sample]:
    """Fill a month in a database of its own, and rate it again and again, in rounds."""
    await ground.make_database(server, RATED)
    settings = await ground.settle(server, folder, RATED)
    async with opened(settings) as installation:
        await make_meter(installation)
        project_id = await make_project(installation, "rated")
        this = Month(installation.database, project_id, SystemClock().now())
        await this.fill(form.events)
        measure = this.rating(form.events)
        samples = [await watched(measure, form.seconds, watch) for _ in range(ROUNDS)]
    took = median(milliseconds(samples))
    say(f"a month of {form.events:,} events is rated in {took:,.1f} ms")
    return samples


def row(samples: Sequence[Sample], form: Form) -> table.Row:
    subject = month(form.events)
    return table.row(subject, {subject.name: samples}, clean={}, values=milliseconds(samples))


def milliseconds(samples: Sequence[Sample]) -> list[float]:
    return [each.seconds * 1000 / max(1, each.count) for each in samples]
