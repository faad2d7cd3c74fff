"""Rounds: every subject in each of them, every other round backwards, after one short warming."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.sample import Measure, Sample
from benchmarks.watching import Watch

WARMING_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How thoroughly a run measures."""

    name: str
    rounds: int
    seconds: float
    latency_seconds: float
    """Of each of the rounds of arrivals at a constant rate."""
    calls: int = 0
    """After how many calls the memory of a serving process is looked at; 0 for those that it
    answers in `calls_seconds`."""
    calls_seconds: float = 0.0
    events: int = 1_000_000
    """How many usage events the month has that is rated."""
    renewals: int = 10_000
    """How many subscriptions fall due in one minute."""


QUICK = Form(
    name="quick",
    rounds=3,
    seconds=0.4,
    latency_seconds=1,
    calls_seconds=3,
    events=20_000,
    renewals=500,
)
USUAL = Form(name="usual", rounds=5, seconds=2.5, latency_seconds=6, calls_seconds=30)
FULL = Form(name="full", rounds=7, seconds=4, latency_seconds=10, calls=1_000_000)


async def run(
    measures: Mapping[str, Measure], names: Sequence[str], form: Form, watch: Watch
) -> dict[str, list[Sample]]:
    """Measure each of these subjects in every round."""
    samples: dict[str, list[Sample]] = {name: [] for name in names}
    for name in names:
        sample = await watched(measures[name], WARMING_SECONDS, watch)
        if sample.problem:
            say(f"warming  {name}: {sample.problem}")
    for number in range(form.rounds):
        for name in names if number % 2 == 0 else names[::-1]:
            sample = await watched(measures[name], form.seconds, watch)
            samples[name].append(sample)
            say(f"round {number + 1}/{form.rounds}  {name:<22} {sample.rate:>10,.0f}")
            if sample.problem:
                say(f"  {sample.errors} errors: {sample.problem}")
    return samples


async def watched(measure: Measure, seconds: float, watch: Watch) -> Sample:
    """Measure once. What goes wrong is the sample's problem, and ends nothing else."""
    watch.start()
    try:
        sample = await measure(seconds)
    except Exception as error:  # noqa: BLE001 - whatever it is, the row does not count and says why
        sample = Sample(seconds=seconds)
        sample.fail(repr(error))
    sample.cores = watch.cores()
    return sample


def say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
