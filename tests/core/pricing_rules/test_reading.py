"""How a rule is written: read as it is written, and refused by the path of the field."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from core import pricing_rules
from core.pricing_rules import RuleNotReadable, read_terms, write_terms
from core.pricing_rules.adjustments import ADJUSTMENTS
from core.pricing_rules.conditions import KINDS
from tests.core.pricing_rules.desk import KNOWN, factor, once, overall, percent

Json = dict[str, Any]
LESS = percent("-20")
NIGHTS: Json = {
    "kind": "time_of_day",
    "time_zone": "Europe/Berlin",
    "windows": [{"begins": "22:00", "ends": "06:00"}],
    "days": ["fri", "sat"],
}
EVERYTHING: Json = {
    "priority": 7,
    "applies_to": {"plans": ["pro"], "products": ["api"], "items": ["calls"], "meters": ["calls"]},
    "when": {
        "kind": "all",
        "of": [
            NIGHTS,
            {
                "kind": "season",
                "time_zone": "UTC",
                "ranges": [{"first_on": "12-20", "last_on": "01-06"}],
            },
            {"kind": "location", "countries": ["DE"], "regions": ["US-CA"]},
            {
                "kind": "any",
                "of": [
                    {"kind": "segment", "any_of": ["edu"]},
                    {"kind": "not", "that": {"kind": "demand", "bands": [{"below": "80"}]}},
                ],
            },
            {"kind": "volume", "of": "period", "bands": [{"at_least": "0", "at_most": "1000"}]},
            {"kind": "text", "of": "project", "property": "tier", "equals": "gold"},
            {"kind": "text", "of": "usage", "property": "model", "one_of": ["large", "small"]},
            {
                "kind": "number",
                "of": "project",
                "property": "seats",
                "bands": [{"more_than": "-2.5"}],
            },
            {"kind": "boolean", "of": "project", "property": "beta", "equals": False},
        ],
    },
    "adjust": {
        "kind": "percent",
        "percent": "-20",
        "currency": "USD/2",
        "floor": "0.50",
        "cap": "10",
    },
    "stops": True,
}


def problems(written: Json) -> list[tuple[str, str]]:
    with pytest.raises(RuleNotReadable) as refused:
        read_terms(written, KNOWN)
    return [(each["field"], each["problem"]) for each in refused.value.problems]


def fields(written: Json) -> list[str]:
    return [field for field, _ in problems(written)]


@pytest.mark.parametrize(
    "written",
    [
        EVERYTHING | {"adjust": EVERYTHING["adjust"] | {"floor": "0.5"}},
        {"priority": 100, "adjust": {"kind": "factor", "factor": "0.8"}},
        {"priority": 100, "adjust": {"kind": "per_unit", "amount": "-0.01", "currency": "USD/2"}},
        {"priority": 100, "adjust": {"kind": "total", "amount": "5", "currency": "USD/2"}},
        {"priority": 100, "adjust": {"kind": "overall", "floor_percent": "50"}},
    ],
)
def test_a_rule_is_written_as_it_is_read(written: Json) -> None:
    assert write_terms(read_terms(written, KNOWN)) == written


def test_what_is_left_out_says_no_more_than_its_default() -> None:
    short = {"adjust": LESS}
    long = {"priority": 100, "applies_to": {}, "stops": False, **short}

    assert read_terms(short, KNOWN) == read_terms(long, KNOWN)


def when(**condition: Any) -> Json:
    return {"adjust": LESS, "when": condition}


def band(**bounds: str) -> Json:
    return when(kind="demand", bands=[bounds])


DECIMAL = 'must be a decimal number in quotes that is not below zero, such as "2.50"'
REFUSED: dict[str, tuple[Json, str, str]] = {
    "nothing to do": ({}, "adjust", "is required"),
    "an unknown member": ({"adjust": LESS, "colour": 1}, "colour", "is no member"),
    "an unknown member within": (
        {"adjust": LESS | {"factor": "2"}}, "adjust.factor", "is no member of this; leave it out",
    ),
    "an unknown adjustment": (
        {"adjust": {"kind": "halve"}}, "adjust.kind",
        "must be one of factor, percent, per_unit, total, overall",
    ),
    "a negative factor": ({"adjust": factor("-1")}, "adjust.factor", DECIMAL),
    "a number for a factor": (
        {"adjust": {"kind": "factor", "factor": 2}}, "adjust.factor", DECIMAL,
    ),
    "an exponent": ({"adjust": factor("1e3")}, "adjust.factor", DECIMAL),
    "too large a factor": ({"adjust": factor("1001")}, "adjust.factor", "not be more than 1000"),
    "more than all of it": ({"adjust": percent("-100.1")}, "adjust.percent", "less than -100"),
    "an amount in no currency": (
        {"adjust": {"kind": "total", "amount": "1"}}, "adjust.currency", "is missing",
    ),
    "a currency for nothing": (
        {"adjust": LESS | {"currency": "USD/2"}}, "adjust.currency", "must be left out",
    ),
    "a currency nobody knows": (
        {"adjust": once("1") | {"currency": "dollars"}}, "adjust.currency", "as in USD/2",
    ),
    "a floor above the cap": (
        {"adjust": percent("-1", floor="5", cap="4.99")}, "adjust.floor",
        "must not be more than the cap, 4.99",
    ),
    "an overall floor above the cap": (
        {"adjust": overall(floor="5", cap="4")}, "adjust.floor", "must not be more than the cap, 4",
    ),
    "an overall floor above the cap, in percent": (
        {"adjust": overall(floor_percent="90", cap_percent="80")}, "adjust.floor_percent",
        "must not be more than cap_percent, 80",
    ),
    "nothing overall": ({"adjust": overall()}, "adjust.floor", "is missing"),
    "stopping overall": (
        {"adjust": overall(cap="5"), "stops": True}, "stops", "must be false",
    ),
    "a priority below zero": ({"adjust": LESS, "priority": -1}, "priority", "greater than"),
    "for nothing": ({"adjust": LESS, "applies_to": {"meters": []}}, "applies_to.meters", "empty"),
    "for what nobody sells": (
        {"adjust": LESS, "applies_to": {"coupons": ["x"]}}, "applies_to.coupons", "is no member",
    ),
    "an unknown condition": (
        when(kind="weather"), "when.kind", "must be one of all, any, not, time_of_day, season",
    ),
    "no kind at all": (when(of=[]), "when.kind", "must be one of all, any, not"),
    "an unknown condition within": (
        when(kind="all", of=[NIGHTS, {"kind": "not", "that": {"kind": "weather"}}]),
        "when.of.1.that.kind", "must be one of",
    ),
    "an unknown member of a condition": (
        when(**NIGHTS | {"day": "fri"}), "when.day", "is no member",
    ),
    "all of nothing": (when(kind="all", of=[]), "when.of", "must not be empty"),
    "an unknown time zone": (
        when(**NIGHTS | {"time_zone": "Europe/Atlantis"}), "when.time_zone", "an IANA time zone",
    ),
    "an unknown day": (when(**NIGHTS | {"days": ["friday"]}), "when.days.0", "'fri'"),
    "an hour too late": (
        when(**NIGHTS | {"windows": [{"begins": "25:00", "ends": "06:00"}]}),
        "when.windows.0.begins", "match pattern",
    ),
    "a window of nothing": (
        when(kind="any", of=[NIGHTS | {"windows": [{"begins": "06:00", "ends": "06:00"}]}]),
        "when.of.0.windows.0.ends", "must differ from begins",
    ),
    "a window that begins when the day is over": (
        when(**NIGHTS | {"windows": [{"begins": "24:00", "ends": "06:00"}]}),
        "when.windows.0.begins", "must be before 24:00",
    ),
    "neither hours nor days": (
        when(kind="time_of_day", time_zone="UTC"), "when.windows", "give windows, days, or both",
    ),
    "a day that no year has": (
        when(kind="season", time_zone="UTC", ranges=[{"first_on": "02-30", "last_on": "03-01"}]),
        "when.ranges.0.first_on", "must be a day of every year",
    ),
    "a day that this year has not": (
        when(kind="season", time_zone="UTC",
             ranges=[{"first_on": "2027-02-28", "last_on": "2027-02-29"}]),
        "when.ranges.0.last_on", "must be a day of every year",
    ),
    "a season that is over before it begins": (
        when(kind="season", time_zone="UTC",
             ranges=[{"first_on": "2026-12-20", "last_on": "2026-01-06"}]),
        "when.ranges.0.last_on", "must not be before 2026-12-20",
    ),
    "a season of one year and of all": (
        when(kind="season", time_zone="UTC",
             ranges=[{"first_on": "2026-12-20", "last_on": "01-06"}]),
        "when.ranges.0.last_on", "must be written with a year",
    ),
    "a country that is none": (
        when(kind="location", countries=["DE", "UK"]), "when.countries.1", "as in DE or US",
    ),
    "a region that is none": (
        when(kind="location", regions=["California"]), "when.regions.0", "must be a region",
    ),
    "nowhere": (when(kind="location"), "when.countries", "give countries, regions, or both"),
    "a band of nothing": (band(at_least="5", below="5"), "when.bands.0.below", "above 5"),
    "a band that ends before it begins": (
        band(more_than="5", at_most="4"), "when.bands.0.at_most", "must leave room above 5",
    ),
    "two beginnings": (band(at_least="1", more_than="2"), "when.bands.0.more_than", "left out"),
    "two ends": (band(below="1", at_most="2"), "when.bands.0.at_most", "left out"),
    "no bound": (band(), "when.bands.0.at_least", "a bound on one side at least"),
    "bands that overlap": (
        when(kind="volume", of="quantity", bands=[{"below": "10"}, {"at_least": "9"}]),
        "when.bands.1", "must not overlap with bands.0",
    ),
    "an unknown property": (
        when(kind="text", of="project", property="teir", equals="gold"),
        "when.property", "must be a property that is defined for project: beta, note, seats, tier",
    ),
    "a property of usage asked of the project": (
        when(kind="text", of="project", property="model", equals="large"),
        "when.property", "defined",
    ),
    "a property of another type": (
        when(kind="number", of="project", property="tier", bands=[{"below": "1"}]),
        "when.kind", "must be text, as its values are",
    ),
    "a value that the property never has": (
        when(kind="all", of=[
            {"kind": "text", "of": "project", "property": "tier", "one_of": ["gold", "glod"]}]),
        "when.of.0.one_of.1", "must be one of gold, silver",
    ),
    "no value": (when(kind="text", of="project", property="tier"), "when.equals", "must be given"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_rule_that_makes_no_sense_is_refused_by_field_with_what_would_be_right(case: str) -> None:
    written, field, problem = REFUSED[case]
    [(told, why)] = problems(written)

    assert told == field
    assert problem in why


def test_whatever_is_wrong_is_told_at_once() -> None:
    written = {
        "adjust": percent("-200"),
        "when": {"kind": "any", "of": [{"kind": "segment", "any_of": ["A b"]}, {"kind": "x"}]},
        "stops": "yes",
    }

    assert sorted(fields(written)) == [
        "adjust.percent",
        "stops",
        "when.of.0.any_of.0",
        "when.of.1.kind",
    ]


def nested(levels: int) -> Json:
    condition: Json = {"kind": "segment", "any_of": ["a"]}
    for n in range(levels - 1):
        condition = (
            {"kind": "not", "that": condition} if n % 2 else {"kind": "all", "of": [condition]}
        )
    return condition


def test_conditions_within_conditions_have_an_end() -> None:
    assert read_terms(when(**nested(5)), KNOWN).when
    for levels in (6, 500):
        assert problems(when(**nested(levels))) == [
            ("when", "must not hold conditions within conditions more than 5 deep")
        ]


def test_what_is_no_rule_is_refused_however_deep_it_is() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]

    assert fields({"adjust": deep}) == ["when"]


def test_there_is_an_end_to_how_many_conditions_a_rule_has() -> None:
    leaf = {"kind": "segment", "any_of": ["a"]}
    twenty = {"kind": "any", "of": [leaf] * 20}

    assert read_terms(when(kind="all", of=[twenty] * 5), KNOWN).when
    assert problems(when(kind="all", of=[twenty] * 6)) == [
        ("when", "must not hold more than 100 conditions")
    ]


def test_every_example_of_the_page_is_a_rule() -> None:
    page = (Path(pricing_rules.__file__).parent / "README.md").read_text()
    examples = [json.loads(each) for each in re.findall(r"`(\{\"kind\".*?\})` \|", page)]
    kinds = {each["kind"] for each in examples}
    for each in examples:
        told = {"adjust": each} if each["kind"] in ADJUSTMENTS else {"adjust": LESS, "when": each}
        assert write_terms(read_terms(told, KNOWN)) == {"priority": 100, **told}

    assert kinds == {*ADJUSTMENTS, *KINDS} - {"all", "any", "number", "boolean"}
