"""What rules make of an amount: in which order, within which bounds, and how that is explained."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from core import pricing
from core.kernel.money import Asset, Money
from core.pricing_rules import Context, Rule, Subject, adjust
from core.pricing_rules.errors import AmountBelowZero, TooManyRules
from tests.core.pricing_rules.desk import (
    NOON,
    USD,
    charged,
    each,
    factor,
    make,
    number,
    once,
    overall,
    percent,
    rule,
    usd,
)


@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (percent("-20"), "8.00"),
        (percent("12.5"), "11.25"),
        (factor("1.5"), "15.00"),
        (factor("0"), "0.00"),
        (once("2.50"), "12.50"),
        (once("-2.50"), "7.50"),
        (each("-0.03"), "9.79"),
        (each("0.0035"), "10.02"),
    ],
)
def test_an_amount_is_changed_by_what_a_rule_does(does: dict[str, str], expected: str) -> None:
    context = Context(at=NOON, quantity=number("7"))

    assert charged("10.00", rule("r", does), context=context) == expected


@pytest.mark.parametrize(
    ("does", "expected", "held_at"),
    [
        (percent("-20", floor="8.50"), "8.50", "floor"),
        (percent("-20", floor="8.00"), "8.00", None),
        (percent("20", cap="11.99"), "11.99", "cap"),
        (percent("20", cap="12.00"), "12.00", None),
        (once("-50"), "0.00", "zero"),
        (once("-50", floor="1"), "1.00", "floor"),
        (factor("1", floor="11", cap="12"), "11.00", "floor"),
    ],
)
def test_a_rule_keeps_to_its_floor_its_cap_and_zero(
    does: dict[str, str], expected: str, held_at: str | None
) -> None:
    adjusted = make("10.00", rule("r", does))

    assert adjusted.amount == usd(expected)
    assert [each.held_at for each in adjusted.applied] == [held_at]


def test_rules_apply_by_priority_and_those_of_one_priority_by_key() -> None:
    rules = [
        rule("z-first", once("10"), priority=1),
        rule("b", factor("2"), priority=5),
        rule("a", once("1"), priority=5),
    ]

    adjusted = make("10.00", *rules)

    assert adjusted.explained == [
        "z-first@1: 10.00 +10 USD/2 = 20.00",
        "a@1: 20.00 +1 USD/2 = 21.00",
        "b@1: 21.00 times 2 = 42.00",
    ]
    assert adjusted.amount == usd("42.00")


def test_after_a_rule_that_stops_none_applies_but_what_is_overall() -> None:
    rules = [
        rule("first", percent("-50"), priority=1, stops=True),
        rule("second", percent("-50"), priority=2),
        rule("least", overall(floor="6"), priority=3),
    ]

    adjusted = make("10.00", *rules)

    assert adjusted.amount == usd("6.00")
    assert [each.rule.key for each in adjusted.applied] == ["first", "least"]
    assert [(each.rule.key, each.path, each.said) for each in adjusted.passed_over] == [
        ("second", "stops", "first lets none follow")
    ]


def test_a_rule_that_stops_and_does_not_apply_stops_nothing() -> None:
    never = {"kind": "segment", "any_of": ["vip"]}
    first = rule("first", percent("-50"), never, priority=1, stops=True)

    assert charged("10.00", first, rule("second", percent("-10"))) == "9.00"


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({"floor": "7"}, "7.00"),
        ({"cap": "4"}, "4.00"),
        ({"floor_percent": "60"}, "6.00"),
        ({"cap_percent": "45"}, "4.50"),
        ({"floor": "5.50", "floor_percent": "60"}, "6.00"),
        ({"cap": "4.20", "cap_percent": "45"}, "4.20"),
        ({"floor": "1", "cap": "20"}, "5.00"),
    ],
)
def test_what_is_overall_bounds_the_end_whatever_came_before(
    bounds: dict[str, str], expected: str
) -> None:
    rules = [rule("half", percent("-50")), rule("all", overall(**bounds), priority=0)]

    assert charged("10.00", *rules) == expected


def test_where_floors_and_caps_of_several_rules_contradict_the_highest_floor_holds() -> None:
    rules = [
        rule("low", overall(floor="3")),
        rule("high", overall(floor="8")),
        rule("cap", overall(cap="5")),
        rule("other", overall(cap="2")),
    ]

    assert charged("10.00", *rules) == "8.00"


def test_many_rules_are_computed_exactly_and_rounded_once() -> None:
    # Rounded at each step it would be 0.10, 0.03, 0.01 and 0.03.
    rules = [rule(f"r{n}", factor("0.333")) for n in range(3)] + [rule("x", factor("27"))]

    adjusted = make("0.10", *rules)

    assert adjusted.exact == number("0.0997002999")
    assert (adjusted.amount, adjusted.rounding) == (usd("0.10"), number("0.0002997001"))


def test_as_many_rules_as_there_may_be_lose_no_digit() -> None:
    rules = [rule(f"r{n:03}", factor("1.000000000001")) for n in range(300)]

    exact = make("123456789.01", *rules).exact

    assert exact == _power("123456789.01", "1.000000000001", 300)
    with pytest.raises(TooManyRules):
        make("1.00", *rules, rule("one-more", percent("1")))


def _power(base: str, by: str, times: int) -> Decimal:
    whole = int(base.replace(".", "")) * int(by.replace(".", "")) ** times
    return Decimal(f"{whole}E-{2 + 12 * times}")


def test_what_was_rated_is_adjusted_before_it_was_rounded() -> None:
    rated = pricing.rate(pricing.PerUnit(Decimal("0.004")), Decimal(1), USD)

    adjusted = adjust([rule("x", factor("10"))], Subject(), Context(at=NOON), rated)

    assert rated.total == usd("0.00")
    assert adjusted.amount == usd("0.04")


def test_where_nothing_applies_the_amount_is_the_one_that_was_rated() -> None:
    # Line by line this rounds to 0.02; the exact sum of 0.01 would round to 0.01.
    price = pricing.read_price(
        {"model": "graduated", "tiers": [{"up_to": "1", "unit": "0.005"}, {"unit": "0.005"}]}
    )
    rated = pricing.rate(price, Decimal(2), USD)

    adjusted = adjust([rule("x", percent("0"))], Subject(), Context(at=NOON), rated)

    assert (rated.exact, rated.total) == (number("0.010"), usd("0.02"))
    assert adjusted.amount == usd("0.02")


@pytest.mark.parametrize(
    ("applies_to", "subject", "path"),
    [
        ({"meters": ["tokens"]}, Subject(meter_key="tokens"), None),
        ({"meters": ["tokens"]}, Subject(meter_key="calls"), "applies_to.meters"),
        ({"meters": ["tokens"]}, Subject(), "applies_to.meters"),
        ({"plans": ["pro", "max"], "items": ["seats"]},
         Subject(plan_key="max", item_key="seats"), None),
        ({"plans": ["pro", "max"], "items": ["seats"]},
         Subject(plan_key="max", item_key="setup"), "applies_to.items"),
        ({"products": ["api"]}, Subject(product_key="app"), "applies_to.products"),
    ],
)  # fmt: skip
def test_a_rule_is_for_what_it_names_and_for_everything_where_it_names_nothing(
    applies_to: dict[str, list[str]], subject: Subject, path: str | None
) -> None:
    narrow = rule("narrow", percent("-10"), applies_to=applies_to)

    adjusted = make("10.00", narrow, rule("wide", once("1")), subject=subject)

    assert [each.path for each in adjusted.passed_over] == ([path] if path else [])
    assert [each.rule.key for each in adjusted.applied][-1] == "wide"


def test_amounts_of_one_currency_are_not_added_to_another() -> None:
    rules = [rule("dollars", once("5")), rule("half", percent("-50"))]
    euros = Money.of("10.00", Asset.parse("EUR/2"))

    adjusted = adjust(rules, Subject(), Context(at=NOON), euros)

    assert adjusted.amount == Money.of("5.00", Asset.parse("EUR/2"))
    assert [(each.path, each.said) for each in adjusted.passed_over] == [
        ("adjust.currency", "it is in USD/2, and the amount in EUR/2")
    ]


def test_amounts_of_one_currency_are_the_same_at_every_scale() -> None:
    fine = Money.of("10.000000", Asset.parse("USD/6"))

    adjusted = adjust([rule("x", once("0.000001"))], Subject(), Context(at=NOON), fine)

    assert adjusted.amount.decimal == "10.000001"


def test_so_much_for_each_needs_to_know_how_many() -> None:
    adjusted = make("10.00", rule("x", each("1")))

    assert [(each.path, each.said) for each in adjusted.passed_over] == [
        ("adjust.amount", "the quantity is not known")
    ]


@pytest.mark.parametrize(("seconds", "applies"), [(-1, False), (0, True), (9, True), (10, False)])
def test_a_version_is_in_force_from_its_first_instant_to_before_its_last(
    seconds: int, *, applies: bool
) -> None:
    made = rule("x", percent("-50"))
    version = replace(made, effective_at=NOON, ends_at=NOON + timedelta(seconds=10))
    context = Context(at=NOON + timedelta(seconds=seconds))

    assert charged("10.00", version, context=context) == ("5.00" if applies else "10.00")


def test_what_is_given_back_is_not_adjusted() -> None:
    with pytest.raises(AmountBelowZero):
        make("-1.00", rule("x", percent("-10")))


def test_what_an_asset_cannot_count_is_refused() -> None:
    rules: list[Rule] = [rule(f"r{n}", factor("1000")) for n in range(6)]

    with pytest.raises(pricing.AmountTooLarge):
        make("1000.00", *rules)
