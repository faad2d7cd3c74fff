"""Rows of the table: medians of rounds, and ratios to what ran in the same round."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from benchmarks.sample import Sample, percentile
from benchmarks.subjects import Subject

TIMES = "×"  # noqa: RUF001 - the sign, not the letter
COLUMNS = ("What", "Median", "Lowest to highest", "Ratio", "Least", "Aim", "Reached", "p50", "p99")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A subject and what came of it, as it is written to JSON."""

    name: str
    title: str
    unit: str
    value: float
    rounds: list[float]
    against: str = ""
    ratio: float | None = None
    beside: dict[str, float] = field(default_factory=dict)
    at_least: float | None = None
    aim: float | None = None
    goal_unit: str = ""
    reached: str = ""
    p50_ms: float | None = None
    p99_ms: float | None = None
    cores: dict[str, float] = field(default_factory=dict)
    errors: int = 0
    problem: str = ""
    counts: bool = True

    def told(self) -> dict[str, Any]:
        return asdict(self)


def row(
    subject: Subject,
    samples: Mapping[str, Sequence[Sample]],
    *,
    clean: Mapping[str, bool],
    values: Sequence[float] | None = None,
) -> Row:
    """Make the row of a subject. It counts only without any error and on books that are clean.

    The errors of what it is held against are its own. `values` are given for what is no rate.
    """
    own = samples[subject.name]
    involved = [*own, *samples.get(subject.against, ())]
    errors = sum(each.errors for each in involved)
    problem = next((each.problem for each in involved if each.problem), "")
    if subject.books and not clean[subject.books]:
        problem = problem or f"the books on {subject.books} do not prove clean"
    figures = [each.rate for each in own] if values is None else list(values)
    ratio = _ratio(own, samples[subject.against]) if subject.against else None
    counts = not errors and not problem and any(each.count for each in own)
    figure = ratio if subject.against else median(figures)
    goal = subject.goal
    return Row(
        name=subject.name,
        title=subject.title,
        unit=subject.unit,
        value=round(median(figures), 3),
        rounds=[round(each, 3) for each in figures],
        against=subject.against,
        ratio=ratio,
        beside={
            each: ratio
            for each in subject.beside
            if each in samples and (ratio := _ratio(own, samples[each])) is not None
        },
        at_least=goal.at_least if goal else None,
        aim=goal.aim if goal else None,
        goal_unit=goal.unit if goal else "",
        reached=goal.reached(figure) if goal and counts and figure is not None else "",
        **(_latencies(own) if values is None or subject.unit == "ms" else {}),
        cores=_cores(own),
        errors=errors,
        problem=problem,
        counts=counts,
    )


def _ratio(own: Sequence[Sample], base: Sequence[Sample]) -> float | None:
    """Return the median of the ratios within each round: the machine's moods fall out of it."""
    pairs = zip(own, base, strict=True)
    ratios = [each.rate / other.rate for each, other in pairs if other.rate]
    return round(median(ratios), 3) if ratios else None


def _latencies(samples: Sequence[Sample]) -> dict[str, float | None]:
    """Tell the percentiles of the single request or batch, as medians of the rounds'."""
    told: dict[str, float | None] = {}
    for name, part in (("p50_ms", 0.50), ("p99_ms", 0.99)):
        found = [each for sample in samples if (each := percentile(sample.latencies, part))]
        told[name] = round(median(found) * 1000, 2) if found else None
    return told


def _cores(samples: Sequence[Sample]) -> dict[str, float]:
    """Tell how much of a core each part used, as medians of the rounds'."""
    parts = {part for sample in samples for part in sample.cores}
    return {
        part: round(median(each.cores.get(part, 0.0) for each in samples), 2)
        for part in sorted(parts)
    }


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lay the rows out as a Markdown table, which reads as well in a terminal."""
    return _laid_out([COLUMNS, *map(_cells, rows)])


def core_lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lay out what used how much of a core meanwhile; what is in process is in the client's."""
    parts = ("client", "servers", "postgres")
    cells = [
        (each["title"], *(f"{each['cores'].get(part, 0):.2f}" for part in parts))
        for each in rows
        if each["cores"] and each["counts"]
    ]
    return _laid_out([("Of a core", *parts), *cells]) if cells else []


def _laid_out(cells: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, tuple("-" * width for width in widths))
    return [
        "| "
        + " | ".join(each.ljust(width) for each, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]


def _cells(each: Mapping[str, Any]) -> tuple[str, ...]:
    ratios = {each["against"]: each["ratio"], **each["beside"]}
    told = (f"{x:.2f} {TIMES} {name}" for name, x in ratios.items() if x is not None)
    unit = each["goal_unit"]
    return (
        each["title"],
        f"{_number(each['value'])} {each['unit']}",
        f"{_number(min(each['rounds']))} to {_number(max(each['rounds']))}",
        ", ".join(told),
        _bound(each["at_least"], unit),
        _bound(each["aim"], unit),
        each["reached"] if each["counts"] else f"NOT COUNTED: {_plain(each['problem'])}",
        _bound(each["p50_ms"], "ms"),
        _bound(each["p99_ms"], "ms"),
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _bound(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:g} {TIMES if unit == 'x' else unit}"


def _plain(problem: str) -> str:
    """Write the problem so that it breaks no table."""
    return (
        " ".join(problem.replace("|", "/").split())[:120]
        or "it did nothing, or went wrong without a word"
    )
