"""The terms around a price: free units, commitments, and the least and the most that is paid."""

from decimal import Decimal

import pytest

from core.pricing import ON_SUM, Group, Usage, rate
from tests.core.pricing.shop import USD, cost, group, lines, price, windows

TWO = {"model": "per_unit", "unit": "2"}


def open_(quantity: str) -> Usage:
    return Usage(Decimal(quantity), is_closed=False)


def test_free_units_come_off_the_quantity_before_the_tiers_see_it() -> None:
    tiers = [{"up_to": "10", "unit": "2"}, {"unit": "1"}]
    graduated = price("graduated", tiers=tiers, free_units="5")

    assert lines(graduated, "3") == {"free_units": "0.00", "tiers.0": "0.00"}
    assert lines(graduated, "16") == {"free_units": "0.00", "tiers.0": "20.00", "tiers.1": "1.00"}


@pytest.mark.parametrize(
    ("used", "charged"),
    [
        ("300", {"unit": "600.00", "commitment.true_up": "400.00"}),
        ("500", {"unit": "1000.00"}),
        ("700", {"unit": "1400.00", "commitment.overage": "200.00"}),
    ],
)
@pytest.mark.parametrize("promised", [{"quantity": "500"}, {"amount": "1000"}])
def test_a_commitment_is_paid_up_to_and_costs_more_beyond(
    promised: dict[str, str], used: str, charged: dict[str, str]
) -> None:
    committed = price("per_unit", unit="2", commitment={**promised, "overage_factor": "1.5"})

    assert lines(committed, used) == charged


def test_a_commitment_without_a_factor_charges_what_is_beyond_as_it_is() -> None:
    assert cost(price("per_unit", unit="2", commitment={"quantity": "500"}), "700") == "1400.00"


def test_a_commitment_may_be_of_an_amount_of_any_price() -> None:
    assert cost(price("flat", amount="30", commitment={"amount": "50"}), "1") == "50.00"


def test_the_least_and_the_most_bound_what_is_paid() -> None:
    bounded = price("per_unit", unit="2", minimum_spend="50", maximum_spend="100")

    assert [cost(bounded, each) for each in ("0", "25", "40", "51")] == [
        "50.00", "50.00", "80.00", "100.00",
    ]  # fmt: skip
    assert lines(bounded, "51") == {"unit": "102.00", "maximum_spend": "-2.00"}


def test_what_is_missing_falls_due_only_when_nothing_more_can_follow() -> None:
    terms = price("per_unit", unit="2", commitment={"quantity": "20"}, minimum_spend="50")

    assert lines(terms, open_("5")) == {"unit": "10.00"}
    assert lines(terms, "5") == {
        "unit": "10.00", "commitment.true_up": "30.00", "minimum_spend": "10.00",
    }  # fmt: skip


def test_a_limit_is_kept_to_the_cent_however_the_lines_were_rounded() -> None:
    tiers = [{"up_to": "1", "unit": "0.005"}, {"up_to": "2", "unit": "0.005"}, {"unit": "0.005"}]

    # Three lines of half a cent are three cents, each rounded up.
    assert cost(price("graduated", tiers=tiers), "3") == "0.03"
    assert cost(price("graduated", tiers=tiers, maximum_spend="0.01"), "3") == "0.01"
    assert cost(price("graduated", tiers=tiers, maximum_spend="0.02"), "3") == "0.02"
    assert cost(price("graduated", tiers=tiers, minimum_spend="0.02"), "3") == "0.03"
    assert cost(price("graduated", tiers=tiers, minimum_spend="1"), "3") == "1.00"


def test_on_the_sum_only_the_sum_is_rounded_and_the_lines_share_it() -> None:
    tiers = [{"up_to": "1", "unit": "0.005"}, {"up_to": "2", "unit": "0.004"}, {"unit": "0.01"}]
    rated = rate(price("graduated", tiers=tiers), Decimal(3), USD, ON_SUM)

    assert rated.total.decimal == "0.02"
    assert [line.amount for line in rated.lines] == [1, 0, 1]


def test_terms_for_each_window_begin_anew_while_tiers_go_on() -> None:
    tiers = [{"up_to": "10", "unit": "2"}, {"unit": "1"}]
    graduated = price(
        "graduated",
        tiers=tiers,
        free_units="1",
        minimum_spend="10",
        maximum_spend="15",
        per="window",
    )

    assert lines(graduated, windows("9", "3", "1")) == {
        "windows.0.free_units": "0.00",
        "windows.0.tiers.0": "16.00",
        "windows.0.maximum_spend": "-1.00",
        "windows.1.tiers.0": "4.00",
        "windows.1.tiers.1": "1.00",
        "windows.1.minimum_spend": "5.00",
        "windows.2.tiers.1": "1.00",
        "windows.2.minimum_spend": "9.00",
    }


def test_a_commitment_for_each_window_is_priced_from_where_the_window_begins() -> None:
    tiers = [{"up_to": "10", "unit": "2"}, {"unit": "1"}]
    commitment = {"quantity": "8", "overage_factor": "2"}
    graduated = price("graduated", tiers=tiers, commitment=commitment, per="window")

    assert lines(graduated, windows("9", "2", "10")) == {
        "windows.0.tiers.0": "18.00",
        "windows.0.commitment.overage": "2.00",
        # Eight more from nine on: one at two, seven at one.
        "windows.1.tiers.0": "2.00",
        "windows.1.tiers.1": "1.00",
        "windows.1.commitment.true_up": "6.00",
        "windows.2.tiers.1": "10.00",
        "windows.2.commitment.overage": "2.00",
    }


def test_only_the_last_window_may_still_go_on() -> None:
    least = price("per_unit", unit="2", minimum_spend="10", per="window")

    assert lines(least, windows("1", "2")._replace(is_closed=False)) == {
        "windows.0.unit": "2.00",
        "windows.0.minimum_spend": "8.00",
        "windows.1.unit": "4.00",
    }
    assert cost(least, windows()) == "0.00"


def test_a_price_within_a_price_has_terms_of_its_own() -> None:
    cells = [{"when": {"region": "eu"}, "price": {**TWO, "minimum_spend": "10"}}]
    matrix = price("matrix", properties=["region"], cells=cells, minimum_spend="20")
    usage = Usage.of_groups([group("1", region="eu")])

    assert lines(matrix, usage) == {
        "cells.0.price.unit": "2.00",
        "cells.0.price.minimum_spend": "8.00",
        "minimum_spend": "10.00",
    }
    assert lines(matrix, usage._replace(is_closed=False)) == {"cells.0.price.unit": "2.00"}


def test_a_limit_within_windows_is_one_of_the_lines_it_came_with() -> None:
    cells = [{"when": {"region": "eu"}, "price": {**TWO, "minimum_spend": "10"}}]
    matrix = price("matrix", properties=["region"], cells=cells, maximum_spend="9", per="window")
    month = [Usage.of_groups([Group({"region": "eu"}, Usage(Decimal(n)))]) for n in (1, 6)]

    assert lines(matrix, Usage.of_windows(month)) == {
        "windows.0.cells.0.price.unit": "2.00",
        "windows.0.cells.0.price.minimum_spend": "8.00",
        "windows.0.maximum_spend": "-1.00",
        "windows.1.cells.0.price.unit": "12.00",
        "windows.1.cells.0.price.minimum_spend": "-8.00",
    }
