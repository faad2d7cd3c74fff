"""What is measured after the rounds, on the server that went through them: p99, memory, disk.

Webhooks come last of all: they leave the worker with more to do than it does meanwhile.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks import table
from benchmarks.laying_out import Scene
from benchmarks.rounds import WARMING_SECONDS, Form, say, watched
from benchmarks.sample import Sample, percentile
from benchmarks.subjects import LATENCY, WEBHOOK_LATENCY, WEBHOOKS, disk, memory
from benchmarks.watching import Watch, memory_of
from benchmarks.webhooks import RATE

LATENCY_ROUNDS = 3
PARTS = (0.1, 0.5, 1.0)
LEAST_CALLS = 200
AT_REST, LOOKS, LOOK_SECONDS = 0.15, 20, 0.5
"""Of a core, for all servers together; workers look for work even when there is none."""
BYTES = """
select relname, pg_total_relation_size(oid) from pg_class
where relkind = 'r' and relnamespace = 'public'::regnamespace
"""
# What a charge is made of. The balances of accounts are written over in place.
LEDGER = ("ledger_transactions", "ledger_entries")
KINDS = {"ledger_": "other tables of the ledger", "audit_": "audit", "metering_": "usage"}


async def at_rest(watch: Watch, *, looks: int = LOOKS, seconds: float = LOOK_SECONDS) -> bool:
    """Let the servers finish what earlier subjects left them, such as events to relay."""
    for _ in range(looks):
        watch.start()
        await asyncio.sleep(seconds)
        if watch.cores().get("servers", 0.0) < AT_REST:
            return True
    say("the servers are not at rest: they still work on what earlier subjects left them")
    return False


async def latencies(scene: Scene, form: Form, peak: float) -> list[Sample]:
    """Charge at half the peak, at a constant rate, whatever is not yet answered."""
    samples = []
    if not peak:
        nothing = Sample()
        nothing.fail("there is no peak: nothing was charged")
        return [nothing]
    for number in range(LATENCY_ROUNDS):
        await at_rest(scene.watch)
        sample = await watched(
            lambda seconds: scene.charging.at_rate(peak / 2, seconds),
            form.latency_seconds,
            scene.watch,
        )
        samples.append(sample)
        say(f"latency {number + 1}/{LATENCY_ROUNDS}  {sample.rate:,.0f} charges/s")
    return samples


async def told_of(scene: Scene, form: Form) -> dict[str, list[Sample]]:
    """Deliver webhooks as fast as they are answered, and then so many a second as is asked for.

    What the first left to the worker keeps it busy during the second.
    """
    samples: dict[str, list[Sample]] = {WEBHOOKS.name: [], WEBHOOK_LATENCY.name: []}
    await at_rest(scene.watch)
    await watched(scene.webhooks, WARMING_SECONDS, scene.watch)
    for number in range(LATENCY_ROUNDS):
        fast = await watched(scene.webhooks, form.seconds, scene.watch)
        steady = await watched(
            lambda seconds: scene.webhooks.at_rate(RATE, seconds), form.latency_seconds, scene.watch
        )
        samples[WEBHOOKS.name].append(fast)
        samples[WEBHOOK_LATENCY.name].append(steady)
        say(f"webhooks {number + 1}/{LATENCY_ROUNDS}  {fast.rate:,.0f} deliveries/s")
    return samples


@dataclass(frozen=True, slots=True)
class Grown:
    """What many calls left behind."""

    samples: list[Sample]
    memory: dict[str, int]
    """Resident bytes of the serving process after so many calls."""
    sizes: dict[str, int]
    """By how many bytes each table grew, with its indexes."""

    @property
    def calls(self) -> int:
        return sum(each.count for each in self.samples)

    @property
    def drift(self) -> float:
        """By how many percent memory was away from what it was after a tenth of the calls."""
        _, first, *later = self.memory.values()
        return max((abs(each / first - 1) * 100 for each in later), default=0.0) if first else 0.0

    @property
    def ledger_bytes(self) -> float:
        return sum(self.sizes.get(each, 0) for each in LEDGER) / max(1, self.calls)

    def bytes_per_call(self) -> dict[str, float]:
        """Tell every table that grew, by the kind of what it keeps, in bytes for each call."""
        kinds: dict[str, float] = {"transaction, two entries and indexes": self.ledger_bytes}
        for name, size in self.sizes.items():
            if name not in LEDGER:
                kind = next((KINDS[each] for each in KINDS if name.startswith(each)), "other")
                kinds[kind] = kinds.get(kind, 0.0) + size / max(1, self.calls)
        return {kind: round(size, 1) for kind, size in kinds.items()}


async def grow(scene: Scene, form: Form, peak: float) -> Grown:
    """Charge many times, and look at the server's memory and the tables' sizes meanwhile."""
    calls = form.calls or max(LEAST_CALLS, int(peak * form.calls_seconds))
    before = await _sizes(scene.postgres_url)
    used, samples, done = {"0": memory_of(scene.serving)}, [], 0
    for part in PARTS:
        wanted = round(calls * part) - done
        sample = await watched(lambda _, n=wanted: scene.charging.times(n), 0.0, scene.watch)  # type: ignore[misc] # a default binds it now
        samples.append(sample)
        done += wanted
        used[str(done)] = memory_of(scene.serving)
        say(f"{done:,} of {calls:,} calls  {used[str(done)] / 2**20:,.1f} MiB")
    after = await _sizes(scene.postgres_url)
    sizes = {table: after[table] - before.get(table, 0) for table in after}
    return Grown(samples, used, {table: size for table, size in sizes.items() if size})


async def _sizes(url: str) -> dict[str, int]:
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        rows = (await connection.execute(text(BYTES))).all()
    await engine.dispose()
    return {name: int(size) for name, size in rows}


def peak_of(samples: list[Sample]) -> float:
    return median(each.rate for each in samples)


def rows(
    samples: Mapping[str, Sequence[Sample]], grown: Grown, clean: Mapping[str, bool]
) -> list[table.Row]:
    """Make the rows of all this."""
    figures = (
        (LATENCY, samples[LATENCY.name], _slowest(samples[LATENCY.name])),
        (WEBHOOKS, samples[WEBHOOKS.name], None),
        (WEBHOOK_LATENCY, samples[WEBHOOK_LATENCY.name], _slowest(samples[WEBHOOK_LATENCY.name])),
        (memory(grown.calls), grown.samples, [grown.drift]),
        (disk(grown.calls), grown.samples, [grown.ledger_bytes]),
    )
    return [
        table.row(subject, {subject.name: own}, clean=clean, values=values)
        for subject, own, values in figures
    ]


def _slowest(samples: Sequence[Sample]) -> list[float]:
    """Return the p99 of each sample, in milliseconds."""
    return [(percentile(each.latencies, 0.99) or 0.0) * 1000 for each in samples]
