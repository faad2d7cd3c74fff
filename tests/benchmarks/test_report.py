"""What a run writes down can be told again, word for word, by whoever has the file."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks import afterwards, report, rounds, table
from benchmarks.afterwards import Grown
from benchmarks.sample import Measure, Sample
from benchmarks.subjects import SUBJECTS, Goal, Subject, disk, memory
from benchmarks.watching import Watch

pytestmark = pytest.mark.anyio

MACHINE = {
    "at": "2026-11-21T12:00:00+00:00",
    "commit": "abc1234",
    "cores": 2,
    "processor": "a processor",
    "memory": "8 GB",
    "system": "Linux",
    "python": "3.11.7",
    "postgres": "PostgreSQL 18.6 on x86_64",
    "load_before": [0.25, 0, 0],
}


def result(*samples: Sample) -> dict[str, Any]:
    row = table.row(Subject("ours", "ours", "calls/s"), {"ours": samples}, clean={})
    return {
        "form": "quick",
        "seconds": 61.2,
        "machine": MACHINE,
        "rows": [row.told()],
        "memory": {"0": 2**20, "10": 2**21},
        "calls": 1234,
        "disk": {"audit": 700.4},
        "prove": {"postgres": {"clean": True, "looked_at": {"entries": 2}, "seconds": 1.0}},
    }


async def test_what_a_run_wrote_down_is_told_again_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(report, "FOLDER", tmp_path)
    fine = Sample(count=10, seconds=1.0, cores={"client": 0.1, "servers": 0.9})

    assert report.tell(result(fine), "bench.json")
    told, _, _ = capsys.readouterr().out.partition("\n\nWritten to")
    report.markdown([tmp_path / "bench.json"])

    assert capsys.readouterr().out == f"{told}\n\n"
    for each in (
        "| ours | 10 calls/s |",
        "Form quick. 2026-11-21, commit abc1234: 2 cores",
        "the client took 10% to 10%.",
        "| ours      | 0.10   | 0.90    | 0.00     |",
        "1.0 MiB after 0, 2.0 MiB after 10",
        "each of 1,234 charges over MCP: audit 700 B",
        "The books on postgres are clean",
    ):
        assert each in told


async def test_a_run_with_a_row_that_does_not_count_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "FOLDER", tmp_path)

    assert not report.tell(result(Sample(count=10, seconds=1.0, errors=1, problem="x")), "b.json")


async def test_what_one_subject_raises_ends_no_other() -> None:
    async def broken(seconds: float) -> Sample:
        raise OSError("it is gone")

    async def fine(seconds: float) -> Sample:
        return Sample(count=1, seconds=seconds)

    measures: dict[str, Measure] = {"broken": broken, "fine": fine}
    samples = await rounds.run(measures, list(measures), rounds.QUICK, Watch({}))

    assert [each.problem for each in samples["broken"]] == ["OSError('it is gone')"] * 3
    assert [each.count for each in samples["fine"]] == [1, 1, 1]


async def test_every_other_round_runs_backwards() -> None:
    order: list[str] = []

    def measure(name: str) -> Measure:
        async def once(seconds: float) -> Sample:
            order.append(name)
            return Sample(count=1, seconds=seconds)

        return once

    await rounds.run({each: measure(each) for each in "ab"}, ["a", "b"], rounds.QUICK, Watch({}))

    assert order == [*"ab", *"ab", *"ba", *"ab"]


def test_whatever_is_held_against_something_is_measured_in_the_same_rounds() -> None:
    names = [each.name for each in SUBJECTS]

    assert len(set(names)) == len(names)
    for each in SUBJECTS:
        assert {each.against, *each.beside} <= {*names, ""}


class Busy(Watch):
    """Servers that get less busy each time they are looked at."""

    def __init__(self, *cores: float) -> None:
        super().__init__({})
        self.left = list(cores)

    def cores(self) -> dict[str, float]:
        return {"servers": self.left.pop(0)}


async def test_waiting_is_measured_on_servers_that_have_finished_what_came_before() -> None:
    watch = Busy(0.9, 0.5, 0.1, 0.1)

    assert await afterwards.at_rest(watch, looks=4, seconds=0)
    assert watch.left == [0.1]
    assert not await afterwards.at_rest(Busy(0.9, 0.9), looks=2, seconds=0)


def test_memory_and_disk_are_judged_only_after_enough_calls() -> None:
    assert (memory(999_999).goal, disk(9_999).goal) == (None, None)
    assert (memory(1_000_000).goal, disk(10_000).goal) == (
        Goal(10, None, "%", lower_is_better=True),
        Goal(1000, 600, "B", lower_is_better=True),
    )


def test_what_is_measured_after_the_rounds_has_rows_in_units_of_its_own() -> None:
    asked = Sample(count=3, seconds=1.0, latencies=[0.010, 0.011, 0.012])
    sizes = {"ledger_entries": 2_700}
    grown = Grown([Sample(count=3)], {"0": 90, "1": 100, "2": 100, "3": 104}, sizes)
    fast = Sample(count=450, seconds=1.5, latencies=[0.020])
    steady = Sample(count=300, seconds=1.0, latencies=[0.051])
    samples = {"latency": [asked], "webhooks": [fast], "webhook_latency": [steady]}
    [waiting, webhooks, answers, memory_row, disk_row] = afterwards.rows(
        samples, grown, {"postgres": True}
    )

    assert (waiting.value, waiting.reached, waiting.counts) == (12, "aim", True)
    assert (webhooks.value, webhooks.reached, webhooks.p99_ms) == (300, "least", 20)
    assert (answers.value, answers.reached, answers.goal_unit) == (51, "no", "ms")
    assert (memory_row.value, memory_row.unit, memory_row.counts) == (4, "%", True)
    assert (disk_row.value, disk_row.unit, disk_row.reached) == (900, "B", "")


def test_memory_drifts_from_what_it_was_after_a_tenth_of_the_calls() -> None:
    memory = {"0": 50, "100": 100, "500": 92, "1000": 105}
    sizes = {"ledger_transactions": 300, "ledger_entries": 300, "audit_invocations": 500}
    grown = Grown([Sample(count=1)], memory, sizes)

    assert grown.drift == pytest.approx(8)
    assert grown.bytes_per_call() == {"transaction, two entries and indexes": 600, "audit": 500}
