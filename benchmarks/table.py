"""Rows of the table: medians of rounds, and ratios to what ran in the same round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from benchmarks.sample import Sample


@dataclass(frozen=True, slots=True)
class Subject:
    """Something that is measured, and what it is held against."""

    name: str
    title: str
    unit: str
    baseline: str = ""
    at_least: float | None = None
    aim: float | None = None
    proven: bool = False
    """Whether it writes books, which must then prove clean for the row to count."""


def row(
    subject: Subject, samples: Mapping[str, Sequence[Sample]], *, clean: bool
) -> dict[str, Any]:
    own = samples[subject.name]
    latencies = sorted(each for sample in own for each in sample.latencies)
    errors = sum(each.errors for each in own)
    ratio = None
    if subject.baseline:
        pairs = zip(own, samples[subject.baseline], strict=True)
        ratios = [each.rate / base.rate for each, base in pairs if base.rate]
        errors += sum(each.errors for each in samples[subject.baseline])
        ratio = median(ratios) if ratios else None
    return {
        "name": subject.name,
        "title": subject.title,
        "unit": subject.unit,
        "rate": median(each.rate for each in own),
        "rounds": [round(each.rate, 1) for each in own],
        "baseline": subject.baseline or None,
        "ratio": ratio,
        "at_least": subject.at_least,
        "aim": subject.aim,
        "p50_ms": _milliseconds(latencies, 0.50),
        "p99_ms": _milliseconds(latencies, 0.99),
        "errors": errors,
        "problem": next((each.problem for each in own if each.problem), None),
        "counts": errors == 0 and (clean or not subject.proven),
    }


def _milliseconds(ordered: Sequence[float], part: float) -> float | None:
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000, 2)


def lines(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Lay the rows out as a Markdown table, which reads as well in a terminal."""
    cells: list[tuple[str, ...]] = [
        ("what", "median", "ratio", "at least", "aim", "p50 ms", "p99 ms", "counts")
    ]
    cells += [
        (
            each["title"],
            f"{each['rate']:,.0f} {each['unit']}",
            f"{each['ratio']:.2f} x {each['baseline']}" if each["ratio"] is not None else "",
            _or_nothing(each["at_least"]),
            _or_nothing(each["aim"]),
            _or_nothing(each["p50_ms"]),
            _or_nothing(each["p99_ms"]),
            "yes" if each["counts"] else f"NO: {each['errors']} errors, or the proof failed",
        )
        for each in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, tuple("-" * width for width in widths))
    return [
        "| "
        + " | ".join(each.ljust(width) for each, width in zip(line, widths, strict=True))
        + " |"
        for line in cells
    ]


def _or_nothing(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
