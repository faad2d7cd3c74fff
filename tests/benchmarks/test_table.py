"""What the table says of a run, and when it says that a row does not count."""

from benchmarks import report, table
from benchmarks.sample import Sample
from benchmarks.subjects import Goal, Subject
from benchmarks.table import Row

OURS = Subject("ours", "ours", "calls/s", against="base", goal=Goal(0.5, 1.0), books="postgres")
CLEAN = {"postgres": True}


def sample(rate: float, problem: str = "") -> Sample:
    made = Sample(count=int(rate * 10), seconds=10.0, latencies=[0.001, 0.002, 0.003])
    if problem:
        made.fail(problem)
    return made


def row_of(own: list[Sample], base: list[Sample] | None = None, *, is_clean: bool = True) -> Row:
    samples = {"ours": own, "base": base or [sample(100)] * len(own)}
    return table.row(OURS, samples, clean={"postgres": is_clean})


def test_a_row_without_errors_on_clean_books_counts() -> None:
    row = row_of([sample(60), sample(70), sample(80)])

    assert (row.counts, row.value, row.ratio, row.reached) == (True, 70, 0.7, "least")


def test_a_row_with_one_error_does_not_count_and_says_why() -> None:
    row = row_of([sample(120), sample(120, "503 busy"), sample(120)])

    assert (row.counts, row.reached, row.errors) == (False, "", 1)
    assert "NOT COUNTED: 503 busy" in table.lines([row.told()])[2]


def test_an_error_without_a_word_is_an_error() -> None:
    assert not row_of([sample(120), Sample(count=1200, seconds=10.0, errors=1)]).counts


def test_a_row_on_books_that_do_not_prove_clean_does_not_count() -> None:
    row = row_of([sample(120)], is_clean=False)

    assert (row.counts, row.reached) == (False, "")
    assert "NOT COUNTED: the books on postgres" in table.lines([row.told()])[2]


def test_a_row_whose_baseline_failed_does_not_count() -> None:
    row = row_of([sample(120)], [sample(100, "connection refused")])

    assert (row.counts, row.problem) == (False, "connection refused")


def test_a_row_that_did_nothing_does_not_count() -> None:
    assert not row_of([sample(0), sample(0)]).counts


def test_a_ratio_is_the_median_of_the_ratios_within_the_rounds() -> None:
    """Of the medians it would be 100 to 100; round by round it is 0.5, 0.5 and 4."""
    row = row_of([sample(50), sample(100), sample(400)], [sample(100), sample(200), sample(100)])

    assert row.ratio == 0.5


def test_a_goal_is_reached_from_its_bound_on_whichever_way_is_better() -> None:
    more, less = Goal(0.5, 1.0), Goal(50, 15, "ms", lower_is_better=True)

    assert [more.reached(each) for each in (0.49, 0.5, 1.0)] == ["no", "least", "aim"]
    assert [less.reached(each) for each in (51, 50, 15)] == ["no", "least", "aim"]
    assert [Goal(10, None, "%", lower_is_better=True).reached(each) for each in (11, 10)] == [
        "no",
        "aim",
    ]


def test_the_table_shows_the_goals_and_what_was_reached() -> None:
    [head, line, cells] = table.lines([row_of([sample(120)]).told()])

    assert [each.strip() for each in head.strip("|").split("|")] == list(table.COLUMNS)
    assert set(line) == set("|- ")
    x = table.TIMES
    assert [each.strip() for each in cells.strip("|").split("|")] == [
        "ours", "120 calls/s", "120 to 120", f"1.20 {x} base", f"0.5 {x}", f"1 {x}", "aim",
        "2 ms", "3 ms",
    ]  # fmt: skip


def test_what_went_wrong_cannot_break_the_table() -> None:
    lines = table.lines([row_of([sample(1, "a | b\nc")]).told()])

    assert len({line.count("|") for line in lines}) == 1


def test_the_books_that_differ_are_named() -> None:
    proofs = {"sqlite": {"clean": False, "looked_at": {"entries": 2000}, "seconds": 1.4}}

    assert report.proofs(proofs) == [
        "The books on sqlite are NOT CLEAN: looked at 2,000 entries, in 1 s."
    ]
