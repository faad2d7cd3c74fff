"""A price comes to what others have published that it comes to; nobody here wrote the figures."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core import pricing
from core.kernel.money import Asset, Money
from core.pricing import Change, Price, Prorated, Rated, Usage, rate, rate_further
from tests.core.pricing.shop import FINE, USD, price, transactions

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)
CENTS = Asset("USD", 0)
CREDITS = Asset("CREDIT", 6)


def rated(price: Price, quantity: str | Usage) -> Rated:
    # In an asset so fine that nothing is rounded: the figures must be right before rounding too.
    return rate(price, Decimal(quantity) if isinstance(quantity, str) else quantity, FINE)


def amount(rated: Rated) -> Decimal:
    assert Decimal(rated.total.decimal) == rated.exact
    return rated.exact


def tiered(given: Case, model: str, **terms: str) -> Price:
    return price(model, tiers=given["tiers"], **terms)


def check_graduated(given: Case, expected: Case) -> None:
    answer = rated(tiered(given, "graduated"), given["quantity"])
    assert amount(answer) == Decimal(expected["amount"])


def check_volume(given: Case, expected: Case) -> None:
    answer = rated(tiered(given, "volume"), given["quantity"])
    assert amount(answer) == Decimal(expected["amount"])


def check_volume_with_minimum(given: Case, expected: Case) -> None:
    least = tiered(given, "volume", minimum_spend=given["min_spend"])
    answer = rated(least, given["quantity"])
    usage, raised = answer.lines
    assert usage.exact == Decimal(expected["usage_amount"])
    assert raised.exact == Decimal(expected["min_spend_line"])
    assert amount(answer) == Decimal(expected["total"])


def check_minimum(given: Case, expected: Case) -> None:
    least = price("flat", amount=given["usage_amount"], minimum_spend=given["minimum"])
    answer = rated(least, "1")
    assert answer.lines[-1].exact == Decimal(expected["true_up"])
    assert amount(answer) == Decimal(expected["total"])


def check_blocks(given: Case, expected: Case) -> None:
    assert given["partial_block"] == "round_up"
    tiers = [
        {
            "size": str(tier["size"]),
            "price": tier["price"],
            "max_blocks": None if tier["max_blocks"] == -1 else tier["max_blocks"],
        }
        for tier in given["tiers"]
    ]
    blocks = price("blocks", tiers=tiers, policy=given["policy"].lower())
    assert amount(rated(blocks, given["quantity"])) == Decimal(expected["amount"])


def check_capacity(given: Case, expected: Case) -> None:
    tiers = [{"up_to": tier["max"], "price": tier["price"]} for tier in given["tiers"]]
    invoice = [
        rated(price("flat", amount=given["base"]), "1"),
        rated(price("capacity", tiers=tiers), given["peak"]),
    ]
    assert sum(map(amount, invoice)) == Decimal(expected["invoice"])


def check_package(given: Case, expected: Case) -> None:
    package = price(
        "package",
        amount=given["amount"],
        size=given["package_size"],
        free_units=given["free_units"],
    )
    assert amount(rated(package, given["quantity"])) == Decimal(expected["amount"])


def check_package_split(given: Case, expected: Case) -> None:
    package = price("package", amount=given["amount"], size=given["package_size"])
    before = Decimal(given["already_billed_quantity"])
    total = before + Decimal(given["line_quantity"])
    more = rate_further(package, before=before, total=total, asset=USD)
    assert more.total == Money.of(expected["amount"], USD)


def check_per_unit(given: Case, expected: Case) -> None:
    answer = rated(price("per_unit", unit=given["unit"]), given["quantity"])
    assert amount(answer) == Decimal(expected["amount"])


def check_graduated_percentage(given: Case, expected: Case) -> None:
    tiers = [
        {"up_to": tier["up_to"], "percent": tier["rate_pct"], "flat": tier["flat"]}
        for tier in given["tiers"]
    ]
    answer = rated(price("graduated_percentage", tiers=tiers), given["transaction_volume"])
    assert amount(answer) == Decimal(expected["amount"])


def check_percentage(given: Case, expected: Case) -> None:
    told = {
        "percent": given["rate_pct"],
        "fixed": given["fixed_per_event"],
        "free_events": given.get("free_events"),
        "free_volume": given.get("free_volume"),
    }
    usage = Usage(Decimal(given["volume"]), given["events"])
    if "running_total" in given:
        sums = ["0", *given["running_total"], given["volume"]]
        steps = zip(map(Decimal, sums), map(Decimal, sums[1:]), strict=False)
        usage = Usage.of_transactions(after - before for before, after in steps)
        assert (usage.quantity, usage.events) == (Decimal(given["volume"]), given["events"])
    answer = rated(price("percentage", **told), usage)
    assert amount(answer) == Decimal(expected["amount"])
    by_path = {line.path: line.quantity for line in answer.lines}
    if "free_events_applied" in expected:
        assert given["events"] - by_path["fixed"] == expected["free_events_applied"]
        assert by_path["free"] == Decimal(expected["free_units_applied"])


def check_percentage_bounds(given: Case, expected: Case) -> None:
    percentage = price(
        "percentage",
        percent=given["rate_pct"],
        fixed=given["fixed_per_event"],
        minimum=given["min"],
        maximum=given["max"],
        free_events=given.get("free_events"),
    )
    answer = rated(percentage, transactions(*given["transactions"]))
    assert amount(answer) == Decimal(expected["amount"])


def check_prorated_graduated(given: Case, expected: Case) -> None:
    graduated = tiered(given, "graduated").model
    assert isinstance(graduated, pricing.Graduated)
    units = map(Decimal, given["event_units"])
    prorated = map(Decimal, given["event_prorated_units"])
    changes = tuple(Change(*each) for each in zip(units, prorated, strict=True))
    answer = rate(Prorated(graduated, changes), Decimal(0), USD, pricing.ON_SUM)
    assert answer.total == Money.of(expected["amount"], USD)


def check_commitment(given: Case, expected: Case) -> None:
    committed = price(
        "per_unit",
        unit=given["unit"],
        commitment={
            "quantity": given["commit_quantity"],
            "overage_factor": given["overage_factor"],
            "true_up": given["true_up"],
        },
    )
    assert amount(rated(committed, given["used"])) == Decimal(expected["total"])


def check_credits(given: Case, expected: Case) -> None:
    paid = Money.of(given["amount"], USD)
    rate_per_credit = Decimal(given["topup_rate_currency_per_credit"])
    bought = pricing.credits_for(paid, rate_per_credit, CREDITS)
    assert bought == Money.of(expected["credits"], CREDITS)
    assert pricing.worth(bought, rate_per_credit, USD) == paid


CHECKS: dict[str, Callable[[Case, Case], None]] = {
    "block_tiers": check_blocks,
    "capacity_flat_tier": check_capacity,
    "commitment_overage": check_commitment,
    "credit_conversion_topup": check_credits,
    "graduated_percentage": check_graduated_percentage,
    "minimum_spend_true_up": check_minimum,
    "package": check_package,
    "package_split_line": check_package_split,
    "per_unit": check_per_unit,
    "percentage": check_percentage,
    "percentage_min_max_per_transaction": check_percentage_bounds,
    "prorated_graduated": check_prorated_graduated,
    "tiered_graduated": check_graduated,
    "tiered_volume": check_volume,
    "tiered_volume_min_spend": check_volume_with_minimum,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_price_comes_to_the_published_figure(case: Case) -> None:
    CHECKS[case["kind"]](case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 58
