"""When a rule holds: hours across midnights and clock changes, seasons, places, people, numbers."""

from datetime import datetime
from typing import Any

import pytest

from core.pricing_facts import Of
from core.pricing_rules import Context
from tests.core.pricing_rules.desk import NOON, make, number, percent, rule

Json = dict[str, Any]
BERLIN = {"kind": "time_of_day", "time_zone": "Europe/Berlin"}


def holds(condition: Json, context: Context) -> bool:
    return bool(make("10.00", rule("x", percent("-10"), condition), context=context).applied)


def why_not(condition: Json, context: Context) -> tuple[str, str]:
    [passed] = make("10.00", rule("x", percent("-10"), condition), context=context).passed_over
    return passed.path, passed.said


def at(text: str) -> Context:
    return Context(at=datetime.fromisoformat(text))


def hours(*windows: str, days: list[str] | None = None) -> Json:
    told = [dict(zip(("begins", "ends"), each.split("-"), strict=True)) for each in windows]
    return BERLIN | ({"windows": told} if told else {}) | ({"days": days} if days else {})


# -- Time -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "instant", "expected"),
    [
        (hours("09:00-17:00"), "2026-11-20T08:00:00Z", True),
        (hours("09:00-17:00"), "2026-11-20T07:59:59.999999Z", False),
        (hours("09:00-17:00"), "2026-11-20T15:59:59.999999Z", True),
        (hours("09:00-17:00"), "2026-11-20T16:00:00Z", False),
        (hours("09:00-17:00"), "2026-07-20T07:00:00Z", True),
        (hours("22:00-06:00"), "2026-11-20T21:00:00Z", True),
        (hours("22:00-06:00"), "2026-11-21T04:59:59Z", True),
        (hours("22:00-06:00"), "2026-11-21T05:00:00Z", False),
        (hours("22:00-24:00"), "2026-11-20T22:59:59Z", True),
        (hours("22:00-24:00"), "2026-11-20T23:00:00Z", False),
        (hours("08:00-09:00", "18:00-19:00"), "2026-11-20T17:30:00Z", True),
        (hours(days=["sat"]), "2026-11-20T23:00:00Z", True),
        (hours(days=["sat"]), "2026-11-20T22:59:59Z", False),
    ],
)
def test_hours_are_those_of_the_clocks_in_the_zone(
    when: Json, instant: str, *, expected: bool
) -> None:
    assert holds(when, at(instant)) is expected


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        ("2026-11-20T22:00:00+01:00", True),
        ("2026-11-21T05:59:00+01:00", True),
        ("2026-11-21T22:00:00+01:00", False),
        ("2026-11-20T05:00:00+01:00", False),
        ("2026-12-31T23:00:00+01:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_began(
    instant: str, *, expected: bool
) -> None:
    assert holds(hours("22:00-06:00", days=["fri"]), at(instant)) is expected


def test_a_window_over_the_midnight_of_a_month_or_year_goes_on() -> None:
    for first, morrow in (("2026-12-31", "2027-01-01"), ("2028-02-29", "2028-03-01")):
        day = f"{datetime.fromisoformat(first):%a}".lower()
        when = hours("22:00-06:00", days=[day])
        assert holds(when, at(f"{first}T23:00:00+01:00"))
        assert holds(when, at(f"{morrow}T05:00:00+01:00"))


def test_an_hour_that_is_skipped_in_spring_does_not_happen() -> None:
    # On 29 March 2026 clocks in Berlin go from 02:00 to 03:00.
    skipped = hours("02:00-03:00")

    assert not holds(skipped, at("2026-03-29T00:59:59Z"))
    assert not holds(skipped, at("2026-03-29T01:00:00Z"))
    assert holds(hours("03:00-04:00"), at("2026-03-29T01:00:00Z"))
    assert holds(hours("22:00-06:00", days=["sat"]), at("2026-03-29T03:59:59Z"))
    assert not holds(hours("22:00-06:00", days=["sat"]), at("2026-03-29T04:00:00Z"))


def test_an_hour_that_is_repeated_in_autumn_happens_twice() -> None:
    # On 25 October 2026 clocks in Berlin go from 03:00 back to 02:00.
    repeated = hours("02:00-03:00")

    assert [holds(repeated, at(f"2026-10-{each}Z")) for each in
            ("24T23:59:59", "25T00:00:00", "25T01:00:00", "25T01:59:59", "25T02:00:00")
            ] == [False, True, True, True, False]  # fmt: skip


def season(first_on: str, last_on: str, zone: str = "UTC") -> Json:
    days = {"first_on": first_on, "last_on": last_on}
    return {"kind": "season", "time_zone": zone, "ranges": [days]}


@pytest.mark.parametrize(
    ("when", "day", "expected"),
    [
        (season("06-01", "08-31"), "2026-06-01", True),
        (season("06-01", "08-31"), "2031-08-31", True),
        (season("06-01", "08-31"), "2026-09-01", False),
        (season("12-20", "01-06"), "2026-12-20", True),
        (season("12-20", "01-06"), "2027-01-06", True),
        (season("12-20", "01-06"), "2027-01-07", False),
        (season("12-20", "01-06"), "2026-12-19", False),
        (season("02-01", "02-29"), "2027-02-28", True),
        (season("02-01", "02-29"), "2027-03-01", False),
        (season("02-01", "02-29"), "2028-02-29", True),
        (season("02-29", "03-05"), "2027-02-28", False),
        (season("02-29", "03-05"), "2027-03-01", True),
        (season("01-31", "01-31"), "2026-01-31", True),
        (season("01-31", "01-31"), "2026-02-01", False),
        (season("2026-11-27", "2026-11-30"), "2026-11-30", True),
        (season("2026-11-27", "2026-11-30"), "2026-12-01", False),
        (season("2026-11-27", "2026-11-30"), "2027-11-28", False),
    ],
)
def test_a_season_lasts_from_its_first_day_through_its_last(
    when: Json, day: str, *, expected: bool
) -> None:
    assert holds(when, at(f"{day}T12:00:00Z")) is expected


def test_the_days_of_a_season_begin_at_the_midnights_of_its_zone() -> None:
    when = season("06-01", "08-31", "America/New_York")

    assert [holds(when, at(each)) for each in
            ("2026-06-01T03:59:59Z", "2026-06-01T04:00:00Z", "2026-09-01T03:59:59Z")
            ] == [False, True, True]  # fmt: skip


# -- Whatever else may be asked -------------------------------------------------------------------

GOLD = {"kind": "text", "of": "project", "property": "tier", "one_of": ["gold", "silver"]}
SEATS = {"kind": "number", "of": "project", "property": "seats"}
FACTS: list[tuple[Json, Json, bool]] = [
    ({"kind": "location", "countries": ["DE", "AT"]}, {"country": "AT"}, True),
    ({"kind": "location", "countries": ["DE"]}, {"country": "AT"}, False),
    ({"kind": "location", "countries": ["US"]}, {"region": "US-CA"}, True),
    ({"kind": "location", "regions": ["US-CA"]}, {"country": "US", "region": "US-CA"}, True),
    ({"kind": "location", "regions": ["US-CA"]}, {"country": "US", "region": "US-NY"}, False),
    ({"kind": "location", "regions": ["US-CA"]}, {"country": "DE"}, False),
    ({"kind": "segment", "any_of": ["edu", "ngo"]}, {"segments": frozenset({"ngo", "x"})}, True),
    ({"kind": "segment", "any_of": ["edu", "ngo"]}, {"segments": frozenset()}, False),
    ({"kind": "demand", "bands": [{"at_least": "80"}]}, {"demand": number("80")}, True),
    ({"kind": "demand", "bands": [{"at_least": "80"}]}, {"demand": number("79.9")}, False),
    ({"kind": "demand", "bands": [{"more_than": "80", "at_most": "90"}, {"below": "10"}]},
     {"demand": number("90")}, True),
    ({"kind": "demand", "bands": [{"more_than": "80", "at_most": "90"}, {"below": "10"}]},
     {"demand": number("80")}, False),
    ({"kind": "demand", "bands": [{"more_than": "80", "at_most": "90"}, {"below": "10"}]},
     {"demand": number("-3")}, True),
    ({"kind": "volume", "of": "quantity", "bands": [{"at_least": "100", "below": "500"}]},
     {"quantity": number("100"), "period_quantity": number("900")}, True),
    ({"kind": "volume", "of": "quantity", "bands": [{"at_least": "100", "below": "500"}]},
     {"quantity": number("500"), "period_quantity": number("100")}, False),
    ({"kind": "volume", "of": "period", "bands": [{"at_least": "1000"}]},
     {"quantity": number("1"), "period_quantity": number("1000")}, True),
    (GOLD, {"properties": {Of.PROJECT: {"tier": "gold"}}}, True),
    (GOLD, {"properties": {Of.PROJECT: {"tier": "bronze"}}}, False),
    (GOLD, {"properties": {Of.USAGE: {"tier": "gold"}}}, False),
    ({**SEATS, "bands": [{"at_least": "5", "at_most": "5"}]},
     {"properties": {Of.PROJECT: {"seats": number("5.0")}}}, True),
    ({**SEATS, "bands": [{"at_least": "5"}]}, {"properties": {Of.PROJECT: {"seats": "5"}}}, False),
    ({"kind": "boolean", "of": "project", "property": "beta", "equals": False},
     {"properties": {Of.PROJECT: {"beta": False}}}, True),
    ({"kind": "boolean", "of": "project", "property": "beta", "equals": True},
     {"properties": {Of.PROJECT: {"beta": False}}}, False),
    ({"kind": "text", "of": "usage", "property": "model", "equals": "large"},
     {"properties": {Of.USAGE: {"model": "large"}}}, True),
]  # fmt: skip


@pytest.mark.parametrize(("when", "facts", "expected"), FACTS)
def test_a_condition_holds_by_the_facts(when: Json, facts: Json, *, expected: bool) -> None:
    assert holds(when, Context(at=NOON, **facts)) is expected


@pytest.mark.parametrize("when", [each for each, _, _ in FACTS])
def test_what_is_not_known_makes_nothing_true_nor_its_opposite(when: Json) -> None:
    nothing = Context(at=NOON)

    assert not holds(when, nothing)
    assert not holds({"kind": "not", "that": when}, nothing)
    assert not holds({"kind": "any", "of": [when, {"kind": "not", "that": when}]}, nothing)


def test_a_region_that_is_not_known_is_neither_here_nor_there() -> None:
    here = {"kind": "location", "regions": ["US-CA"]}
    facts = Context(at=NOON, country="US")

    assert not holds(here, facts)
    assert not holds({"kind": "not", "that": here}, facts)
    assert why_not(here, facts) == ("when", "the region of US is not known")


YES = {"kind": "segment", "any_of": ["a"]}
NO = {"kind": "segment", "any_of": ["b"]}
UNKNOWN = {"kind": "location", "countries": ["DE"]}


@pytest.mark.parametrize(
    ("when", "expected", "path"),
    [
        ({"kind": "all", "of": [YES, YES]}, True, ""),
        ({"kind": "all", "of": [YES, NO]}, False, "when.of.1"),
        ({"kind": "all", "of": [YES, UNKNOWN, NO]}, False, "when.of.1"),
        ({"kind": "not", "that": {"kind": "all", "of": [UNKNOWN, NO]}}, True, ""),
        ({"kind": "not", "that": {"kind": "all", "of": [UNKNOWN, YES]}}, False, "when.that.of.0"),
        ({"kind": "any", "of": [NO, UNKNOWN, YES]}, True, ""),
        ({"kind": "any", "of": [NO, UNKNOWN]}, False, "when"),
        ({"kind": "not", "that": {"kind": "any", "of": [NO, UNKNOWN]}}, False, "when.that"),
        ({"kind": "not", "that": {"kind": "any", "of": [NO, NO]}}, True, ""),
        ({"kind": "not", "that": YES}, False, "when"),
        ({"kind": "all", "of": [YES, {"kind": "any", "of": [NO, {"kind": "not", "that": YES}]}]},
         False, "when.of.1"),
    ],
)  # fmt: skip
def test_conditions_combine_and_the_first_to_blame_is_told(
    when: Json, path: str, *, expected: bool
) -> None:
    facts = Context(at=NOON, segments=frozenset({"a"}))

    assert holds(when, facts) is expected
    if not expected:
        assert why_not(when, facts)[0] == path


def test_a_rule_that_does_not_apply_says_what_the_facts_are() -> None:
    night = {"kind": "all", "of": [YES, hours("22:00-06:00")]}
    facts = Context(at=NOON, segments=frozenset({"a", "c"}))

    assert why_not(night, facts) == ("when.of.1", "it is fri 13:00 in Europe/Berlin")
    assert why_not(NO, facts) == ("when", "the segments are a, c")
