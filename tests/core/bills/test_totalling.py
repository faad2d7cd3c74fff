"""What an invoice comes to: discounts first, then taxes, and then what wallets pay."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bills.totalling import paid_from, total
from core.coupons import DiscountInAnotherCurrency
from core.kernel.money import Money
from core.taxing import Behaviour, Decision, Policy, Rate, TaxOn, Treatment
from tests.core.bills.bills import EUR, USD, VAT, line, totals, usd
from tests.core.coupons.bills import discount


def test_discounts_come_off_before_taxes_are_put_on() -> None:
    whole = totals(
        line("seats", "100.00", product_key="seats"),
        line("usage", "50.00"),
        rates=(VAT,),
        discounts=(discount("d1", "10", "seats"), discount("d2", usd("14.00"))),
    )

    assert [(each.discount.decimal, each.net, each.tax) for each in whole.lines] == [
        ("19.00", 8100, 1620),
        ("5.00", 4500, 900),
    ]
    assert (whole.subtotal, whole.discount, whole.net, whole.tax) == (15000, 2400, 12600, 2520)
    assert whole.total == 15120
    assert (whole.off_by("d1"), whole.off_by("d2")) == (1000, 1400)
    assert [(str(each.rate), each.amount) for each in whole.taxes] == [("VAT 20 %", usd("25.20"))]


def test_a_price_that_contains_its_taxes_is_discounted_with_them() -> None:
    inclusive = Policy(Behaviour.INCLUSIVE)
    whole = totals(
        line("seat", "120.00"), rates=(VAT,), discounts=(discount("d", "50"),), policy=inclusive
    )

    assert (whole.subtotal, whole.discount) == (12000, 6000)
    assert (whole.net, whole.tax, whole.total) == (5000, 1000, 6000)


def test_a_line_of_another_category_has_other_taxes() -> None:
    lines = [line("app", "100.00"), line("book", "100.00", tax_category="books")]
    reduced = Rate("VAT", Decimal(7))
    decision = Decision(Treatment.TAXED, {None: (VAT,), "books": (reduced,)})
    whole = total(USD, lines, (), taxes=decision, policy=Policy())

    assert [each.tax for each in whole.lines] == [2000, 700]


def test_a_discount_in_another_currency_is_refused() -> None:
    with pytest.raises(DiscountInAnotherCurrency):
        totals(line("seat", "10.00"), discounts=(discount("d", Money.of("1.00", EUR)),))


def test_wallets_pay_in_their_order_and_no_more_than_is_due() -> None:
    assert paid_from(100, [("a", 30), ("b", 0), ("c", -5), ("d", 90), ("e", 10)]) == [
        ("a", 30),
        ("d", 70),
    ]
    assert paid_from(0, [("a", 30)]) == []


AMOUNTS = st.lists(st.integers(-50_000, 50_000), max_size=5)
OFF = st.lists(st.integers(1, 100).map(str), max_size=2)
RATES = st.lists(st.integers(1, 9999).map(lambda n: Decimal(n) / 100), max_size=2)
POLICIES = st.builds(Policy, st.sampled_from(Behaviour), st.sampled_from(TaxOn))


@given(AMOUNTS, OFF, RATES, POLICIES)
def test_the_lines_sum_to_every_figure(
    amounts: list[int], off: list[str], percents: list[Decimal], policy: Policy
) -> None:
    whole = totals(
        *(line(f"l{n}", Money(each, USD).decimal) for n, each in enumerate(amounts)),
        rates=tuple(Rate(f"r{n}", each) for n, each in enumerate(percents)),
        discounts=tuple(discount(f"d{n}", each) for n, each in enumerate(off)),
        policy=policy,
    )

    inclusive = policy.behaviour is Behaviour.INCLUSIVE
    left = whole.subtotal - whole.discount
    assert left == (whole.total if inclusive else whole.net)
    assert sum(each.total for each in whole.lines) == whole.total == whole.net + whole.tax
    assert sum(each.amount.amount for each in whole.taxes) == whole.tax
    assert sum(whole.off_by(f"d{n}") for n, _ in enumerate(off)) == whole.discount
