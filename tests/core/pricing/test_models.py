"""What each model makes of a quantity. Most of their figures are in `test_published.py`."""

from decimal import Decimal

import pytest

from core import pricing
from core.kernel.money import Asset, Money
from core.pricing import Change, Prorated, Usage
from tests.core.pricing.shop import USD, cost, group, lines, price, transactions

TIERS = [
    {"up_to": "10", "unit": "0.50", "flat": "2"},
    {"up_to": "20", "unit": "0.30"},
    {"unit": "0.10", "flat": "1"},
]


def test_a_flat_price_does_not_look_at_the_quantity() -> None:
    assert {cost(price("flat", amount="30"), each) for each in ("0", "1", "1000", "-5")} == {
        "30.00"
    }


def test_a_negative_quantity_gives_back_what_the_same_quantity_had_cost() -> None:
    unit = price("per_unit", unit="0.015")

    assert cost(unit, "7") == "0.11"
    assert cost(unit, "-7") == "-0.11"


def test_a_package_that_is_begun_is_charged_whole() -> None:
    package = price("package", amount="15", size="10")

    assert [cost(package, each) for each in ("0", "0.001", "10", "10.001")] == [
        "0.00", "15.00", "15.00", "30.00",
    ]  # fmt: skip


def test_the_end_of_a_tier_belongs_to_the_tier() -> None:
    graduated, volume = price("graduated", tiers=TIERS), price("volume", tiers=TIERS)

    assert [cost(graduated, each) for each in ("10", "10.1", "20", "21")] == [
        "7.00", "7.03", "10.00", "11.10",
    ]  # fmt: skip
    assert [cost(volume, each) for each in ("10", "10.1", "20", "21")] == [
        "7.00", "3.03", "6.00", "3.10",
    ]  # fmt: skip


def test_a_graduated_price_explains_itself_tier_by_tier() -> None:
    rated = pricing.rate(price("graduated", tiers=TIERS), Decimal("25.5"), USD)

    assert rated.explained == [
        "tiers.0 (up to 10): 10 x 0.5 + 2 = 7, charged 7.00 USD",
        "tiers.1 (more than 10, up to 20): 10 x 0.3 = 3, charged 3.00 USD",
        "tiers.2 (more than 20): 5.5 x 0.1 + 1 = 1.55, charged 1.55 USD",
    ]
    assert rated.total == Money.of("11.55", USD)


def test_one_open_tier_is_a_price_for_any_quantity() -> None:
    rated = pricing.rate(price("graduated", tiers=[{"unit": "0"}]), Decimal(3), USD)

    assert rated.explained == ["tiers.0 (any quantity): 0 = 0, charged 0.00 USD"]


def test_a_percentage_may_be_of_a_volume_alone() -> None:
    assert cost(price("percentage", percent="2.9"), "1000") == "29.00"
    assert cost(price("percentage", percent="2.9", fixed="0.30"), "1000") == "29.30"


def test_a_percentage_with_bounds_takes_one_quantity_for_one_transaction() -> None:
    bounded = price("percentage", percent="1", minimum="2", maximum="5")

    assert [cost(bounded, each) for each in ("100", "300", "900")] == ["2.00", "3.00", "5.00"]


def test_a_percentage_says_what_was_free_and_what_was_bounded() -> None:
    percentage = price(
        "percentage", percent="1", fixed="0.10", free_events=1, minimum="1", maximum="5"
    )

    assert lines(percentage, transactions("500", "10", "200", "1000")) == {
        "free": "0.00",
        "percent": "12.10",
        "fixed": "0.30",
        "minimum": "0.80",
        "maximum": "-5.10",
    }


@pytest.mark.parametrize(
    ("free", "charged"),
    [
        ({"free_events": 2}, {"percent": "3.00", "fixed": "1.00"}),
        ({"free_volume": "250"}, {"percent": "3.50", "fixed": "2.00"}),
        ({"free_events": 3, "free_volume": "250"}, {"percent": "3.50", "fixed": "2.00"}),
        ({"free_events": 1, "free_volume": "250"}, {"percent": "5.00", "fixed": "2.00"}),
        ({"free_events": 0}, {"percent": "6.00", "fixed": "3.00"}),
        ({"free_events": 3}, {"percent": "0.00", "fixed": "0.00"}),
    ],
)
def test_whichever_free_part_ends_first_ends_it(
    free: dict[str, object], charged: dict[str, str]
) -> None:
    percentage = price("percentage", percent="1", fixed="1", **free)
    answer = lines(percentage, transactions("100", "200", "300"))
    answer.pop("free", None)

    assert answer == charged


def test_blocks_fill_one_tier_after_the_other() -> None:
    tiers = [{"size": "10", "price": "1", "max_blocks": 2}, {"size": "100", "price": "5"}]

    assert lines(price("blocks", tiers=tiers), "20") == {"tiers.0": "2.00"}
    assert lines(price("blocks", tiers=tiers), "121") == {"tiers.0": "2.00", "tiers.1": "10.00"}
    assert lines(price("blocks", tiers=tiers, policy="top_tier"), "21") == {"tiers.1": "5.00"}


def test_blocks_of_the_top_tier_are_those_of_the_tier_that_is_reached() -> None:
    tiers = [
        {"size": "1", "price": "3", "max_blocks": 10},
        {"size": "1", "price": "2", "max_blocks": 10},
        {"size": "1", "price": "1", "max_blocks": 10},
    ]
    top = price("blocks", tiers=tiers, policy="top_tier")

    assert [cost(top, each) for each in ("10", "11", "20", "21", "99")] == [
        "30.00", "22.00", "40.00", "21.00", "99.00",
    ]  # fmt: skip


def test_capacity_costs_what_its_tier_costs() -> None:
    capacity = price("capacity", tiers=[{"up_to": "10", "price": "5"}, {"price": "50"}])

    assert [cost(capacity, each) for each in ("0", "10", "11")] == ["5.00", "5.00", "50.00"]


def test_seats_that_are_included_cost_nothing_and_a_few_are_charged_at_least() -> None:
    seats = price(
        "seats",
        included=2,
        at_least=5,
        at_most=10,
        price={"model": "graduated", "tiers": [{"up_to": "4", "unit": "10"}, {"unit": "8"}]},
    )

    assert lines(seats, "1") == {"included": "0.00", "price.tiers.0": "30.00"}
    assert lines(seats, "7") == {
        "included": "0.00", "price.tiers.0": "40.00", "price.tiers.1": "8.00",
    }  # fmt: skip
    assert lines(price("seats", price={"model": "per_unit", "unit": "3"}), "4") == {
        "price.unit": "12.00"
    }


MATRIX = price(
    "matrix",
    properties=["region", "class"],
    cells=[
        {
            "when": {"region": "eu", "class": "a"},
            "price": {"model": "graduated", "tiers": [{"up_to": "10", "unit": "2"}, {"unit": "1"}]},
        },
        {"when": {"region": "us", "class": "a"}, "price": {"model": "per_unit", "unit": "3"}},
    ],
    otherwise={"model": "per_unit", "unit": "9"},
)


def test_a_matrix_rates_all_groups_of_a_cell_together() -> None:
    usage = Usage.of_groups(
        [
            group("8", **{"region": "eu", "class": "a"}),
            group("1", **{"region": "us", "class": "a", "zone": "east"}),
            group("4", **{"region": "eu", "class": "a", "zone": "south"}),
            group("1", **{"region": "eu", "class": "z"}),
            group("1", region="eu"),
        ]
    )

    assert usage.quantity == 15
    assert lines(MATRIX, usage) == {
        "cells.0.price.tiers.0": "20.00",
        "cells.0.price.tiers.1": "2.00",
        "cells.1.price.unit": "3.00",
        "otherwise.unit": "18.00",
    }


def test_a_matrix_of_no_usage_costs_nothing() -> None:
    assert cost(MATRIX, Usage.of_groups([])) == "0.00"


def test_a_price_in_credits_is_charged_in_money() -> None:
    credit = price(
        "credits",
        per_credit="0.01",
        price={"model": "per_unit", "unit": "5", "minimum_spend": "1000"},
    )

    assert lines(credit, "300") == {"price.unit": "15.00"}
    assert lines(credit, "30") == {"price.unit": "1.50", "price.minimum_spend": "8.50"}


def test_a_payment_buys_no_more_credits_than_it_pays_for() -> None:
    credit = Asset("CREDIT", 2)
    bought = pricing.credits_for(Money.of("10", USD), Decimal(3), credit)

    assert bought == Money.of("3.33", credit)
    assert pricing.worth(bought, Decimal(3), USD) == Money.of("9.99", USD)


def test_what_came_and_went_is_priced_in_the_tiers_it_went_through() -> None:
    tiers = (pricing.Tier(Decimal(5), Decimal(10), Decimal(100)), pricing.Tier(None, Decimal(5)))
    graduated = pricing.Graduated(tiers)

    def of(*changes: tuple[str, str]) -> dict[str, Decimal]:
        told = tuple(Change(Decimal(units), Decimal(part)) for units, part in changes)
        rated = pricing.rate(Prorated(graduated, told), Decimal(0), USD)
        return {line.path: line.quantity for line in rated.lines}

    assert of(("12", "6")) == {"tiers.0": Decimal("2.5"), "tiers.1": Decimal("3.5")}
    assert of(("12", "6"), ("-12", "-6")) == {"tiers.0": 0, "tiers.1": 0}
    assert of(("3", "1"), ("-3", "-0.5")) == {"tiers.0": Decimal("0.5")}
    assert of(("0", "0")) == {"tiers.0": 0}
    # Thirds have no end; what is cut off one part is in another.
    assert sum(of(("15", "1")).values()) == 1
