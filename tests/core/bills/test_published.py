"""Invoices come to what others have published that they come to; nobody here wrote the figures."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.bills.model import Figures
from core.bills.totalling import paid_from
from core.kernel.money import Money
from core.taxing import Rate
from tests.core.bills.bills import USD, line, totals, usd

Case = dict[str, Any]
CASES: list[Case] = json.loads(
    Path(__file__).with_name("cases").joinpath("published.json").read_text("utf-8")
)


def check_taxes(given: Case, expected: Case) -> None:
    assert given["compound"] is False
    rates = tuple(Rate(f"{n}", Decimal(each)) for n, each in enumerate(given["rates_pct"]))
    whole = totals(line("all", given["taxable"]), rates=rates)
    assert Money(whole.tax, USD).decimal == expected["tax"]


def check_balance(given: Case, expected: Case) -> None:
    # What they adjust by an item of a committed invoice is a credit note here; of a draft, a line.
    adjusted = usd(given["credit_balance_adj"]).amount
    credited = adjusted and -usd(given["charge_items"][-1]).amount
    items = given["charge_items"][:-1] if credited else given["charge_items"]
    whole = totals(*(line(f"{n}", each) for n, each in enumerate(items)))
    figures = Figures(
        total=whole.total,
        credited=credited,
        given=adjusted,
        paid=usd(given["paid"]).amount,
        returned=-usd(given["refunded"]).amount,
    )
    assert figures.total - figures.credited == usd(expected["charged"]).amount
    assert figures.due == usd(expected["balance"]).amount


def check_credits(given: Case, expected: Case) -> None:
    assert expected["blocked"] is False
    due = totals(line("all", given["charge"])).total
    [(_, taken)] = paid_from(due, [("wal", usd(given["credit_balance"]).amount)])
    assert taken == usd(expected["credits_consumed"]).amount
    figures = Figures(total=due, applied=taken)
    assert figures.due == usd(expected["invoice_remainder"]).amount


CHECKS: dict[str, Callable[[Case, Case], None]] = {
    "multiple_taxes": check_taxes,
    "invoice_balance": check_balance,
    "credit_only": check_credits,
}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_an_invoice_comes_to_the_published_figure(case: Case) -> None:
    CHECKS[case["kind"]](case["input"], case["expected"])


def test_every_published_case_has_a_source_and_an_id_of_its_own() -> None:
    assert all(case["source"] for case in CASES)
    assert len({case["id"] for case in CASES}) == len(CASES) == 6
