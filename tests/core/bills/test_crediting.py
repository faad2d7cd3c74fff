"""Credit notes take back what was charged, never more, and to the unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.bills.crediting import Credited, Issued, Wanted, by_rate, credit
from core.bills.errors import CreditTooLarge, InvoiceLineNotFound
from core.kernel.money import Money
from core.kernel.rounding import whole_units
from core.taxing import Rate, TaxPart
from tests.core.bills.bills import USD, VAT, usd

ODD = Rate("Odd", Decimal("13.37"))


def issued(name: str, net: str, *taxes: tuple[Rate, str], credited: str = "0") -> Issued:
    return Issued(
        line_id=name,
        net=usd(net).amount,
        taxes=tuple(TaxPart(rate, usd(amount)) for rate, amount in taxes),
        credited=usd(credited).amount,
    )


SEATS = issued("seats", "100.00", (VAT, "20.00"))
USAGE = issued("usage", "3.33", (VAT, "0.67"))


def test_a_whole_credit_note_takes_back_every_line_with_its_taxes() -> None:
    parts = credit([SEATS, USAGE], None, USD)

    assert [(each.line_id, each.net, each.tax) for each in parts] == [
        ("seats", 10000, 2000),
        ("usage", 333, 67),
    ]
    assert [(each.rate, each.amount) for each in by_rate(parts, USD)] == [(VAT, usd("20.67"))]


def test_a_part_takes_its_share_of_the_taxes() -> None:
    [part] = credit([SEATS, USAGE], [Wanted("usage", 111)], USD)

    assert part == Credited("usage", 111, (TaxPart(VAT, usd("0.22")),))


def test_what_was_given_back_on_the_invoice_is_taken_back_too() -> None:
    back = issued("back", "-10.00", (VAT, "-2.00"))

    assert [each.total for each in credit([SEATS, back], None, USD)] == [12000, -1200]


def test_a_line_that_was_credited_whole_has_nothing_left() -> None:
    gone = issued("seats", "100.00", (VAT, "20.00"), credited="100.00")

    assert credit([gone], None, USD) == ()


@pytest.mark.parametrize(
    ("line", "asked"),
    [(SEATS, 10001), (SEATS, -1), (issued("seats", "-5.00"), 1), (issued("seats", "-5.00"), -501)],
)
def test_nobody_credits_more_than_there_is_nor_the_other_way(line: Issued, asked: int) -> None:
    with pytest.raises(CreditTooLarge) as refused:
        credit([line], [Wanted("seats", asked)], USD)

    assert refused.value.field == "lines.0.amount"


def test_a_line_of_another_invoice_is_refused_by_its_place() -> None:
    with pytest.raises(InvoiceLineNotFound) as refused:
        credit([SEATS], [Wanted("seats", 1), Wanted("other", 1)], USD)

    assert refused.value.facts == {"field": "lines.1.line_id", "line_id": "other"}


@given(
    st.integers(-10_000, 10_000).filter(bool),
    st.lists(st.integers(0, 10_000), max_size=5),
)
def test_notes_never_take_more_than_the_line_and_together_all_of_it(
    net: int, asked: list[int]
) -> None:
    taxes = [(rate, whole_units(net * rate.part)) for rate in (VAT, ODD)]
    parts = tuple(TaxPart(rate, Money(amount, USD)) for rate, amount in taxes)
    credited, back = 0, 0
    for each in (*asked, None):
        line = Issued(line_id="l", net=net, taxes=parts, credited=credited)
        part = None if each is None else min(each, abs(line.left)) * (1 if net > 0 else -1)
        for done in credit([line], [Wanted("l", part)], USD):
            credited, back = credited + done.net, back + done.tax
            assert abs(back) <= abs(sum(amount for _, amount in taxes))

    assert (credited, back) == (net, sum(amount for _, amount in taxes))
